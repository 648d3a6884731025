"""The reference's rows of section C, valence and arousal of music, and ours beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.results.book import said
from chromesthesia_training.results.row import Row

OTHER_MUSIC = "no: theirs DEAM, 1 to 9, random 80/20; ours VGMIDI, -1 to 1, by game series"
SCORES = {"R2": "r2", "r": "r", "CCC": "ccc", "RMSE": "rmse", "MAE": "mae"}


def pair(metrics: Metrics, score: str, part: str = "static", digits: int = 2) -> str:
    """A score as valence / arousal."""
    return " / ".join(
        said(metrics.figure(f"{part}.{target}.{score}"), digits) for target in ("valence", "arousal")
    )


def _scores(part: str = "static") -> Callable[[Sequence[Metrics]], str]:
    return lambda files: "; ".join(
        f"{name} {pair(files[0], score, part, 3 if score in ('rmse', 'mae') else 2)}"
        for name, score in SCORES.items()
    )


def _model(what: str, theirs: str, *names: str) -> Row:
    return Row("C", what, theirs, (tuple(f"music/vgmidi.{name}" for name in names),), _scores(), OTHER_MUSIC)


def _chosen(what: str, theirs: str, which: str) -> Row:
    return Row("C", what, theirs, (("music/vgmidi.selection",),), _scores(f"{which}.static"), OTHER_MUSIC)


def _importance(files: Sequence[Metrics]) -> str:
    found = files[0]["figures"].get("importance", {})
    each = [f"{target}: {', '.join(list(one.get('shap', {}))[:3])}" for target, one in found.items()]
    return "drawn below; SHAP's first three, " + "; ".join(each) if each else "see the file"


def _ours(what: str, name: str) -> Row:
    return Row("C", what, "none", ((f"music/vgmidi.{name}",),), _scores(), "ours alone")


MUSIC_ROWS: tuple[Row, ...] = (
    _model(
        "XGBoost, all hand-made features (346; theirs says 386)",
        "R2 0.554 / 0.527; RMSE 0.767 / 0.874; MAE 0.623 / 0.694",
        "xgboost",
    ),
    *(
        _model(f"{title}, the same features", "tried, no figure given", name)
        for title, name in (
            ("ridge", "ridge"),
            ("lasso", "lasso"),
            ("SVR", "svr"),
            ("random forest", "random_forest"),
            ("gradient boosting", "gradient_boosting"),
        )
    ),
    _chosen(
        "XGBoost, top 15 by Pearson", "R2 0.504 / 0.499; RMSE 0.808 / 0.899; MAE 0.650 / 0.722", "pearson_top"
    ),
    _chosen("XGBoost, top 15 by SHAP", "drawn, no figure given", "shap_top"),
    _chosen(
        "XGBoost, SHAP and Pearson, union",
        "R2 0.505 / 0.462; RMSE 0.808 / 0.931; MAE 0.657 / 0.748",
        "union",
    ),
    _chosen(
        "XGBoost, SHAP and Pearson, intersection",
        "R2 0.466 / 0.411; RMSE 0.839 / 0.975; MAE 0.682 / 0.781",
        "intersection",
    ),
    _chosen("XGBoost, PCA of 95 % of the variance", "lower, no figure given", "pca"),
    Row(
        "C",
        "which features: Pearson and SHAP",
        "pictures only",
        (("music/vgmidi.selection",),),
        _importance,
        "the method is theirs, the data ours",
    ),
    _model("CNN", "R2 0.435 / 0.483; RMSE 0.857 / 0.906; MAE 0.678 / 0.722", "cnn"),
    _model(
        "CNN + SE + temporal conv",
        "R2 0.464 / 0.527; RMSE 0.834 / 0.867; MAE 0.669 / 0.683",
        "cnn_se_temporal",
    ),
    _model("CNN + SE + GRU", "R2 0.460 / 0.512; RMSE 0.837 / 0.881; MAE 0.663 / 0.685", "cnn_se_gru"),
    _model(
        "CNN + SE + GRU + attention",
        "R2 0.456 / 0.499; RMSE 0.840 / 0.892; MAE 0.669 / 0.709",
        "cnn_se_gru_attention",
    ),
    _model(
        "pretrained embedding + MLP: theirs PANNs CNN14, ours MusiCNN unless the file says panns",
        "R2 0.451 / 0.667; RMSE 0.169 / 0.164; MAE 0.136 / 0.127, labels scaled to 0..1",
        "panns",
        "musicnn",
    ),
    Row(
        "C",
        "t-SNE of the embedding by valence and by arousal",
        "pictures only",
        (("music/vgmidi.tsne",),),
        lambda files: (
            "drawn below; r with the ten nearest "
            + " / ".join(
                said(files[0].figure(f"{target}.neighbours_r"), 2) for target in ("valence", "arousal")
            )
        ),
        "the method is theirs, the embedding MusiCNN's, the data ours",
    ),
    Row(
        "C",
        "distribution of valence and arousal, one against the other",
        "pictures only; a clear upward trend",
        (("music/labels",),),
        lambda files: f"drawn below; r {said(files[0].figure('vgmidi.valence_arousal_r'), 2)}",
        "the method is theirs, the data ours",
    ),
    _ours("kernel machine, theirs and our own features of mode, key and notes", "own"),
    _ours("ensemble: own, XGBoost, MusiCNN, CNN at even weights", "ensemble"),
    _ours("the same without a CNN: own, XGBoost, MusiCNN with MLP and with kernel", "ensemble_described"),
    Row(
        "C",
        "the port of MusiCNN against its own graph, a real song",
        "none",
        (("music/musicnn_port",),),
        lambda files: (
            "greatest difference of the 200 embedded values "
            f"{files[0]['figures'].get('embedding', {}).get('greatest_difference', 0.0):.1g}"
        ),
        "ours alone",
    ),
)
