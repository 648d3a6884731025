"""The reference's rows, sections A to D: their figures, and where ours come from. No row may stay empty."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chromesthesia_training.metrics.metrics_file import Figure, Metrics
from chromesthesia_training.results.book import Book, said
from chromesthesia_training.results.music_rows import MUSIC_ROWS
from chromesthesia_training.results.row import Row
from chromesthesia_training.results.vae_rows import VAE_ROWS, as_pack

OTHER_SPEECH = "no: theirs CREMA-D, RAVDESS, SAVEE, TESS, 80/20 by clip; ours the corpora named"
OTHER_ART = "no: theirs another collection of abstract art; ours D-ViSA, 2,620 paintings"


@dataclass(frozen=True)
class EncoderRow:
    """An encoder of section A: theirs as accuracy, macro-F1, parameters in millions, minutes."""

    key: str
    title: str
    accuracy: float
    macro_f1: float
    millions: float
    minutes: float

    @property
    def needs(self) -> tuple[str, str]:
        return f"encoders/{self.key}.random", f"encoders/{self.key}.speaker"


ENCODER_ROWS: tuple[EncoderRow, ...] = (
    EncoderRow("cnn", "CNN", 0.8254, 0.8277, 0.455, 24.6),
    EncoderRow("cnn_lstm_attention", "CNN-LSTM-Attention", 0.8146, 0.8157, 1.021, 18.0),
    EncoderRow("resnet", "ResNet", 0.8115, 0.8119, 2.862, 114.4),
    EncoderRow("cnn_gru", "CNN-GRU", 0.7946, 0.7950, 0.823, 16.8),
    EncoderRow("cnn_lstm", "CNN-LSTM", 0.7869, 0.7861, 1.002, 18.2),
    EncoderRow("ann", "ANN", 0.7700, 0.7701, 17.70, 7.5),
    EncoderRow("transformer", "Transformer", 0.6731, 0.6773, 0.476, 21.4),
)


def _first(metrics: Metrics, *names: str) -> Figure | None:
    return next((found for name in names if (found := metrics.figure(name)) is not None), None)


def _parts(metrics: Metrics, wanted: Mapping[str, tuple[str, ...]], digits: int = 3) -> str:
    found = [
        f"{label} {said(figure, digits)}"
        for label, names in wanted.items()
        if (figure := _first(metrics, *names)) is not None
    ]
    return ", ".join(found) or "see the file"


def _best_trial(files: Sequence[Metrics]) -> str:
    (tuning,) = files
    best = tuning["settings"].get("best", {})
    values = ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in best.items()
    )
    score = _parts(
        tuning,
        {
            "accuracy": ("best_accuracy", "accuracy"),
            "macro-F1": ("best_macro_f1", "macro_f1"),
            "consistency": ("best_consistency", "consistency_k5"),
            "best value": ("best_value",),
        },
    )
    return f"{score}; {values}" if values else score


def _tuned(files: Sequence[Metrics]) -> str:
    tuned, search = files
    size = tuned.figure("parameters")
    embedding = search["settings"].get("best", {}).get("embedding")
    parts = [] if size is None else [f"{size.mean / 1e6:.3f} M"]
    parts += [] if embedding is None else [f"embedding {embedding}"]
    classes = tuned.get("per_class") or {}
    each = ", ".join(
        f"{name} {float(value['f1'] if isinstance(value, dict) else value):.2f}"
        for name, value in classes.items()
    )
    score = _parts(tuned, {"accuracy": ("accuracy",), "macro-F1": ("macro_f1",)})
    return "; ".join([score, *([f"F1 {each}"] if each else []), *([", ".join(parts)] if parts else [])])


def _loss(files: Sequence[Metrics]) -> str:
    wanted = {"step 500": ("loss_500",), "step 3,000": ("loss_3000",)}
    if files[0].figure("loss_3000") is None:
        wanted = {**wanted, "at its end": ("loss_last",)}
    return _parts(files[0], {**wanted, "floor": ("loss_floor",)})


def _figures(wanted: Mapping[str, tuple[str, ...]], digits: int = 3) -> Callable[[Sequence[Metrics]], str]:
    return lambda files: _parts(files[0], wanted, digits)


CONSISTENCY: dict[str, tuple[str, ...]] = {
    "k = 1": ("consistency_k1",),
    "k = 5": ("consistency_k5", "consistency_3way", "consistency"),
    "k = 11": ("consistency_k11",),
    "any of five": ("any_of_k5",),
}


def _cgan(files: Sequence[Metrics]) -> str:
    """Consistency of a cGAN, with ceiling (real paintings, leaving one out) and floor from its own file."""
    bounds = [
        f"{words} {said(balanced)} at k = 5 and {said(any_of_five)}"
        for words, name, any_name in (
            ("real paintings", "real_leaving_one_out", "real_leaving_one_out_any_of_k5"),
            ("its own with conditions shuffled", "consistency_shuffled", "any_of_k5_shuffled"),
        )
        if (balanced := files[0].figure(name)) and (any_of_five := files[0].figure(any_name))
    ]
    return "; ".join([_parts(files[0], CONSISTENCY), *bounds])


def _cgan_tuned(files: Sequence[Metrics]) -> str:
    """Settings, consistency with its bounds, and what the run was computed in where it was not 32 bits."""
    settings = files[0]["settings"]
    names = {"lr_g": "lr_g", "lr_d": "lr_d", "base_channels": "base_ch", "beta1": "beta1", "beta2": "beta2"}
    values = ", ".join(
        f"{said_as} {settings[name]:.3g}" for name, said_as in names.items() if name in settings
    )
    precision = str(settings.get("precision", ""))
    mixed = f"trained in {precision.removesuffix('-mixed')} mixed precision" if "mixed" in precision else ""
    return "; ".join(part for part in (values, _cgan(files), mixed) if part)


def _any_of_k(files: Sequence[Metrics]) -> str:
    made, cgan = files
    own = _parts(made, {f"k = {k}": (f"three_emotions.made_any_of_k.k{k}",) for k in (1, 5, 11)})
    bounds = [
        f"{words} {said(figure)}"
        for words, figure in (
            ("real paintings, k = 5", made.figure("three_emotions.real_leaving_one_out_any_of_k.k5")),
            ("the cGAN's pictures, conditions shuffled", cgan.figure("any_of_k5_shuffled")),
        )
        if figure is not None
    ]
    return "; ".join([own, *([", ".join(bounds)] if bounds else [])])


def _snapshots(files: Sequence[Metrics]) -> str:
    epochs = sorted(
        int(name.removeprefix("epoch_")) for name in files[0]["figures"] if re.fullmatch(r"epoch_\d+", name)
    )
    wanted = {
        f"epoch {epoch}": (f"epoch_{epoch}.consistency_k5", f"epoch_{epoch}.consistency", f"epoch_{epoch}")
        for epoch in epochs
    }
    return _parts(files[0], wanted)


GENERATOR = ("generator/default", "generator/shipped_0_2", "generator/shipped_0_1")

ROWS: tuple[Row, ...] = (
    Row(
        "A",
        "Optuna over learning rate, weight decay, batch, embedding: best trial",
        "accuracy 0.7846; 6.30e-5, 1.05e-4, 32, 256",
        (("encoders/optuna", "encoders/tuning"),),
        _best_trial,
        OTHER_SPEECH,
    ),
    Row(
        "A",
        "tuned CNN, with F1 by class",
        "accuracy 0.8115, macro-F1 0.8133; F1 angry 0.82, happy 0.76, sad 0.86 (1,055 of 1,300)",
        (("encoders/cnn_tuned.random", "encoders/cnn.tuned.random"), ("encoders/optuna", "encoders/tuning")),
        _tuned,
        OTHER_SPEECH,
    ),
    Row(
        "A",
        "a speaker-independent figure",
        "none given",
        (("encoders/streaming.speaker",),),
        lambda files: (
            "the streaming encoder: "
            + _parts(files[0], {"macro-F1": ("macro_f1",), "accuracy": ("accuracy",)})
        ),
        "ours alone",
    ),
    Row(
        "B",
        "InfoNCE, sound and picture into 128-d: loss",
        "3.789 (step 500) to 3.379 (step 3,000)",
        (("alignment/infonce", "alignment/info_nce"),),
        _loss,
        f"{OTHER_ART}; other speech; the loss depends on the batch",
    ),
    Row(
        "B",
        "a multi-positive loss (SupCon), the same heads",
        "not tried; the floor of theirs is near ln(B/3)",
        (("alignment/multi_positive", "alignment/supcon"),),
        _loss,
        "ours alone",
    ),
    Row(
        "B",
        "retrieval, sound to nearest picture, same emotion: seen",
        "0.9080 (queries probably trained on)",
        (("alignment/retrieval",),),
        _figures(
            {
                "seen": ("seen",),
                "chance": ("seen_chance", "chance"),
                "the encoder on them": ("encoder_accuracy_seen",),
            }
        ),
        f"{OTHER_ART}; other speech",
    ),
    Row(
        "B",
        "the same: unseen speakers and artists",
        "none given",
        (("alignment/retrieval",),),
        _figures(
            {
                "unseen speakers, known paintings": ("unseen_audio",),
                "ceiling (the encoder's own accuracy)": ("encoder_accuracy", "ceiling"),
                "their ratio": ("unseen_audio_ratio",),
                "unseen speakers, unseen artists": ("unseen",),
                "chance": ("chance",),
            }
        ),
        "ours alone",
    ),
    Row(
        "B",
        "cGAN (conditional batch norm, projection D, hinge), tuned",
        "lr_g 2.25e-5, lr_d 1.95e-4, base_ch 64, beta1 0.084, beta2 0.917; consistency when tuning 0.6200",
        (("alignment/cgan_tuning", "alignment/cgan.tuning"),),
        _best_trial,
        OTHER_ART,
    ),
    Row(
        "B",
        "its emotion consistency at the end",
        "0.7500 (rule not given)",
        (("alignment/cgan",),),
        _cgan,
        f"{OTHER_ART}; balanced vote over three classes; theirs is of the tuned one",
    ),
    Row(
        "B",
        "its snapshots at epochs 20, 40, 100",
        "pictures only",
        (("alignment/cgan_snapshots", "alignment/cgan.snapshots", "alignment/cgan"),),
        _snapshots,
        "consistency at k = 5 is ours alone",
    ),
    Row(
        "B",
        "the tuned cGAN trained as long: settings, emotion consistency at the end",
        "lr_g 2.25e-5, lr_d 1.95e-4, base_ch 64, beta1 0.084, beta2 0.917; 0.7500 (rule not given)",
        (("alignment/cgan_tuned",),),
        _cgan_tuned,
        f"{OTHER_ART}; settings of our own search; balanced vote over three classes",
    ),
    Row(
        "B",
        "the tuned one's snapshots",
        "pictures only",
        (("alignment/cgan_tuned",),),
        _snapshots,
        "consistency at k = 5 is ours alone",
    ),
    Row(
        "B",
        "our fast generator: emotion consistency, balanced vote",
        "0.7500 (their cGAN)",
        (GENERATOR,),
        _figures(
            {
                "k = 1": ("three_emotions.made_by_k.k1",),
                "k = 5": ("consistency_3way",),
                "k = 11": ("three_emotions.made_by_k.k11",),
            }
        ),
        OTHER_ART,
    ),
    Row(
        "B",
        "the same, counted as any of k neighbours",
        "their rule, perhaps",
        (GENERATOR, ("alignment/cgan",)),
        _any_of_k,
        "says little: the cGAN's pictures have nearly as much with conditions dealt out anew",
    ),
    Row("B", "the cGAN as a pack, live", "none", (("alignment/cgan_pack",),), as_pack, "ours alone"),
    Row(
        "B",
        "ceiling: real paintings",
        "none given",
        (GENERATOR,),
        _figures(
            {
                "leaving one out": ("three_emotions.real_leaving_one_out",),
                "other artists": ("three_emotions.real_other_artists",),
            }
        ),
        "ours alone",
    ),
    Row(
        "B",
        "floor: conditions shuffled",
        "none given",
        (GENERATOR,),
        _figures(
            {
                "made": ("three_emotions.made_conditions_shuffled",),
                "real": ("three_emotions.real_shuffled",),
            }
        ),
        "ours alone",
    ),
    Row(
        "B",
        "UMAP of the shared space by emotion and by modality",
        "pictures only",
        (("alignment/umap",),),
        lambda files: "drawn below; " + _all_numbers(files[0]),
        "the method is theirs, the data ours",
    ),
    Row(
        "B",
        "nearest artwork beside a generated picture",
        "pictures only",
        (("alignment/art_index", "alignment/nearest_artwork"),),
        lambda files: "in the pack (`art_index`); " + _all_numbers(files[0]),
        "the method is theirs, the data ours",
    ),
    Row(
        "B",
        "preprocessing: resample, RMS, trim, pad, log-mel, cached",
        "described",
        (("data/prepare",),),
        lambda files: _all_numbers(files[0]),
        "yes, on the corpora named",
    ),
    *MUSIC_ROWS,
    *VAE_ROWS,
)


def _all_numbers(metrics: Metrics, most: int = 5) -> str:
    figures = metrics["figures"]
    parts: list[str] = []
    for name in figures:
        figure = metrics.figure(name)
        if figure is not None and len(parts) < most:
            digits = 0 if figure.mean == round(figure.mean) and figure.deviation is None else 3
            parts.append(f"{name.replace('_', ' ')} {said(figure, digits)}")
    return ", ".join(parts) or "see the file"


def missing(book: Book) -> list[str]:
    """What has no metrics file yet, in words."""
    gone = [
        f"{row.title}: no metrics file {name}"
        for row in ENCODER_ROWS
        for name in row.needs
        if book.get(name) is None
    ]
    return gone + [
        f"{row.what}: no metrics file {' or '.join(names)}"
        for row in ROWS
        for names in row.needs
        if book.get(*names) is None
    ]
