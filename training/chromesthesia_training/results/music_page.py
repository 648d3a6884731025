"""The page of music: the reference's rows, and every model on both collections in one table each."""

from __future__ import annotations

from collections.abc import Sequence

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.results.book import Book, link, said, table
from chromesthesia_training.results.music_rows import pair
from chromesthesia_training.results.parts import picture, targets_table

MODELS = {
    "ridge": "ridge",
    "lasso": "lasso",
    "svr": "SVR",
    "random_forest": "random forest",
    "gradient_boosting": "gradient boosting",
    "xgboost": "XGBoost",
    "cnn": "CNN",
    "cnn_se_temporal": "CNN + SE + temporal conv",
    "cnn_se_gru": "CNN + SE + GRU",
    "cnn_se_gru_attention": "CNN + SE + GRU + attention",
    "musicnn": "MusiCNN + MLP",
    "musicnn_kernel": "MusiCNN + kernel",
    "panns": "PANNs + MLP",
    "own": "own features + kernel",
    "ensemble_described": "ensemble without a CNN",
    "ensemble": "ensemble",
}
INTRO = (
    "Valence and arousal of music from its sound alone. DEAM's audio is not here: ours are on VGMIDI (187 piano "
    "pieces, rated -1 to 1 per measure, five folds by game series) and Emotify (380 songs, share of listeners who felt "
    "each of nine emotions, five folds by song). No row is the same experiment as theirs. Means and deviations are "
    "over the five folds; static is one rating a song, dynamic one every 3 s. Every choice was made inside the "
    "training folds. The reference counts 386 hand-made features; its own list adds up to 346, which is computed here. "
    "For who has DEAM's audio the stage `music.deam` trains every model on it, with one rating a song and none in "
    "time; its figures then stand in a table of their own."
)
PARTS = ("static", "dynamic")


def music_page(book: Book, shown: set[str], rows: Sequence[str]) -> list[str]:
    """Lines of the page above its list of runs; `rows` is the table of the reference's rows."""
    lines = [INTRO, "", "## Targets", "", *targets_table(book, "music."), ""]
    lines += ["## The reference's rows", "", f"Each pair is valence / arousal.{_passes(book)}", "", *rows, ""]
    lines += _plane(book, "vgmidi", "VGMIDI, every model", "-1 to 1")
    lines += _plane(book, "deam", "DEAM, every model", "1 to 9")
    lines += _emotify(book)
    for name, words in (
        ("music_models.png", "Every model on both collections"),
        ("music_importance.png", "Features by Pearson and by SHAP"),
        ("music_labels.png", "Ratings of VGMIDI: distribution, valence against arousal"),
        ("music_tsne.png", "MusiCNN's embedding by valence and by arousal"),
    ):
        lines += picture(name, words, shown)
    return lines


def _passes(book: Book) -> str:
    """How long the networks on spectra were trained beside the reference's."""
    fewer, whole = [], []
    for name in (one for one in MODELS if one.startswith("cnn")):
        net = book.get(f"music/vgmidi.{name}")
        if net is None or "epochs" not in net["settings"]:
            continue
        epochs, draws = net["settings"]["epochs"], net["settings"].get("draws")
        if draws is None:
            whole.append(f"{MODELS[name]} {epochs}")
        else:
            fewer.append(f"{MODELS[name]} {epochs} of {draws:g} chunks a song")
    if not whole and not fewer:
        return ""
    said_of = [
        " Their CNN was trained for 15 epochs over all chunks, the others for up to 50, ended early (one of them after "
        "20 for valence and 22 for arousal)."
    ]
    if whole:
        said_of.append(f"Ours, epochs over all chunks: {', '.join(whole)}.")
    if fewer:
        said_of.append(f"Fewer passes, in epochs: {', '.join(fewer)}; a whole piece of VGMIDI has 20.")
    return " ".join(said_of)


def models_of(book: Book, collection: str) -> list[tuple[str, Metrics]]:
    """Title and file of every model that was run on a collection, in the order of `MODELS`."""
    found = ((title, book.get(f"music/{collection}.{name}")) for name, title in MODELS.items())
    return [(title, metrics) for title, metrics in found if metrics is not None]


def _plane(book: Book, collection: str, title: str, scale: str) -> list[str]:
    """Every model on a collection that is rated by valence and arousal; none where there is no file."""
    rows = [
        [
            model,
            *(pair(metrics, score) for score in ("r", "ccc", "r2")),
            pair(metrics, "rmse", digits=3),
            pair(metrics, "mae", digits=3),
            *(pair(metrics, score, "dynamic") for score in ("r", "ccc", "r2")),
            pair(metrics, "rmse", "dynamic", 3),
            link(metrics),
        ]
        for model, metrics in models_of(book, collection)
    ]
    if not rows:
        return []
    headers = ["model", "static: r", "CCC", "R2", "RMSE", "MAE", "dynamic: r", "CCC", "R2", "RMSE", "metrics"]
    return [
        f"## {title}", "", f"Valence / arousal, on a scale of {scale}.", "", *table(headers, rows), "",
    ]  # fmt: skip


def _emotify(book: Book) -> list[str]:
    found = models_of(book, "emotify")
    if not found:
        return []
    rows = [
        [
            title,
            *(said(metrics.figure(f"static.mean.{score}"), 3) for score in ("r", "ccc", "r2", "rmse", "mae")),
            link(metrics),
        ]
        for title, metrics in found
    ]
    targets = list(found[0][1]["data"].get("targets") or [])
    each = [
        [title, *(said(metrics.figure(f"static.{target}.r"), 2).split(" ")[0] for target in targets)]
        for title, metrics in found
    ]
    return [
        "## Emotify, every model",
        "",
        "Means over the nine emotions; shares of listeners, 0 to 1.",
        "",
        *table(["model", "r", "CCC", "R2", "RMSE", "MAE", "metrics"], rows, range(1, 6)),
        "",
        "r of each emotion:",
        "",
        *table(
            ["model", *(target.replace("_", " ") for target in targets)], each, range(1, len(targets) + 1)
        ),
        "",
    ]
