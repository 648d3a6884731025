"""The targets of encoders, retrieval, painters and music, and whether all figures meet theirs: `summary.json`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chromesthesia_training.results.book import NOT_RUN, Book
from chromesthesia_training.results.pack_targets import FREE_TARGETS, ROBUST_TARGETS
from chromesthesia_training.results.recipes import aids
from chromesthesia_training.results.rows import ENCODER_ROWS, GENERATOR
from chromesthesia_training.results.target import AS_FOUND, Found, Target, figure_of, held_against_nothing

STREAMING_GAP = 0.03
MUSIC = ("ensemble", "ensemble_described", "own")
"""Which model of music stands for us: chosen beforehand, not by its score."""


def best_encoder(book: Book, protocol: str) -> Found | None:
    """The offline encoder of the best mean macro-F1 under a protocol, not trained with TESS where speakers count."""
    found = [
        (metrics, figure)
        for metrics in book.section("encoders")
        if metrics["protocol"] == protocol
        and not metrics.name.startswith("streaming")
        and not (protocol == "speaker" and metrics["data"].get("trained_with_tess"))
        and (figure := metrics.figure("macro_f1")) is not None
    ]
    return max(found, key=lambda one: one[1].mean, default=None)


def _near_the_best(book: Book) -> float | None:
    best = best_encoder(book, "speaker")
    return None if best is None else best[1].mean - STREAMING_GAP


def _of_its_size(name: str) -> Callable[[Book], Found | None]:
    """Macro-F1 of one of the reference's encoders, once it is within a quarter of the reference's size."""
    millions = next(row.millions for row in ENCODER_ROWS if row.key == name.split(".")[0])

    def find(book: Book) -> Found | None:
        found = figure_of("macro_f1", f"encoders/{name}")(book)
        size = None if found is None else found[0].figure("parameters")
        return found if size is not None and 0.75 <= size.mean / 1e6 / millions <= 1.25 else None

    return find


def _aids(name: str) -> Callable[[Book], str]:
    """What an encoder's training had beside plain training, from its settings."""

    def words(book: Book) -> str:
        metrics = book.get(f"encoders/{name}")
        found = [] if metrics is None else aids(metrics)
        return f"; {', '.join(found)}" if found else ""

    return words


def _bounds(name: tuple[str, ...], ceiling: str, floor: str) -> Callable[[Book], str]:
    """Ceiling and floor of a figure from its own file; nothing where the file has them not."""

    def words(book: Book) -> str:
        metrics = book.get(*name)
        real, shuffled = (None, None) if metrics is None else map(metrics.figure, (ceiling, floor))
        if real is None or shuffled is None:
            return ""
        return f" (real {real.mean:.2f}, shuffled {shuffled.mean:.2f})"

    return words


def _reference_cgan(book: Book) -> Found | None:
    """The tuned cGAN's figure, as theirs is, once it is of the reference's size."""
    metrics = book.get("alignment/cgan_tuned")
    if metrics is None or metrics["settings"].get("side") != 64 or metrics["settings"].get("epochs") != 100:
        return None
    figure = metrics.figure("any_of_k5")
    return None if figure is None else (metrics, figure)


TARGETS: tuple[Target, ...] = (
    Target(
        "encoder.random.macro_f1",
        "best offline encoder, random split by clip",
        "0.936",
        "0.95",
        lambda book: 0.95,
        "more",
        lambda book: best_encoder(book, "random"),
    ),
    Target(
        "encoder.speaker.macro_f1",
        "best offline encoder, by speaker, without TESS",
        "0.687",
        "0.76",
        lambda book: 0.76,
        "more",
        lambda book: best_encoder(book, "speaker"),
    ),
    Target(
        "encoder.reference_cnn.random.macro_f1",
        "the reference's CNN at its size, random split by clip",
        "0.936",
        "0.94",
        lambda book: 0.94,
        "more",
        _of_its_size("cnn.random"),
        _aids("cnn.random"),
    ),
    Target(
        "encoder.reference_cnn.speaker.macro_f1",
        "the same, by speaker, without TESS",
        "0.687",
        "0.70",
        lambda book: 0.70,
        "more",
        _of_its_size("cnn.speaker"),
        _aids("cnn.speaker"),
    ),
    Target(
        "encoder.reference_transformer.random.macro_f1",
        "the reference's Transformer at its size, random split by clip",
        "theirs 0.677",
        "0.85",
        lambda book: 0.85,
        "more",
        _of_its_size("transformer.random"),
    ),
    Target(
        "encoder.streaming.macro_f1",
        "the shipped streaming encoder, same folds",
        "below 0.687",
        "within 0.03 of the best offline one",
        _near_the_best,
        "more",
        figure_of("macro_f1", "encoders/streaming.speaker"),
    ),
    Target(
        "retrieval.seen",
        "retrieval as the reference counts it",
        "theirs 0.908",
        "0.95",
        lambda book: 0.95,
        "more",
        figure_of("seen", "alignment/retrieval"),
    ),
    Target(
        "retrieval.unseen_audio_ratio",
        "unseen speakers against the known gallery, over the encoder's own accuracy",
        "none",
        "0.95",
        lambda book: 0.95,
        "more",
        figure_of("unseen_audio_ratio", "alignment/retrieval"),
    ),
    Target(
        "cgan.reference.consistency",
        "the reference's cGAN at its size (64 x 64, 100 epochs), tuned, counted as it does: any of five neighbours",
        "theirs 0.75",
        "0.75",
        lambda book: 0.75,
        "more",
        _reference_cgan,
        beside=_bounds(("alignment/cgan_tuned",), "real_leaving_one_out_any_of_k5", "any_of_k5_shuffled"),
    ),
    Target(
        "gan.consistency_3way",
        "balanced vote, k = 5, SqueezeNet features, generated pictures",
        "0.40",
        "0.50",
        lambda book: 0.50,
        "more",
        figure_of("consistency_3way", *GENERATOR),
        beside=_bounds(
            GENERATOR, "three_emotions.real_leaving_one_out", "three_emotions.made_conditions_shuffled"
        ),
    ),
    Target(
        "gan.valence_control_r",
        "valence asked against valence read by a model fitted on real paintings",
        "0.59 at 64 x 64",
        "0.75",
        lambda book: 0.75,
        "more",
        figure_of("valence_control_r", *GENERATOR),
    ),
    Target(
        "gan.frechet_squeezenet",
        "Frechet distance on fire9, 300 pictures against the training paintings",
        "66 at 64 x 64",
        "61 or less (real, unseen artists: 61)",
        lambda book: 61.0,
        "less",
        figure_of("frechet_squeezenet", *GENERATOR),
    ),
    Target(
        "gan.frechet_pixels",
        "the same on 16 x 16 pixels",
        "16.7 at 64 x 64",
        "13 or less (real, unseen artists: 12.2)",
        lambda book: 13.0,
        "less",
        figure_of("frechet_pixels", *GENERATOR),
    ),
    Target(
        "gan.consistency_unseen",
        "3-way, k = 5, neighbours among artists that training had not",
        "0.48",
        "0.52",
        lambda book: 0.52,
        "more",
        figure_of("three_emotions.made_among_unseen_artists", *GENERATOR),
    ),
    Target(
        "gan.recall",
        "share of 300 unseen paintings that lie among as many made ones, k = 3, fire9 at 224 pixels",
        "0.24",
        "0.50",
        lambda book: 0.50,
        "more",
        figure_of("overlap.fire9_at_224.made.recall", *GENERATOR),
    ),
    Target(
        "gan.precision",
        "share of the made ones among unseen paintings, the same way",
        "0.74",
        "0.70",
        lambda book: 0.70,
        "more",
        figure_of("overlap.fire9_at_224.made.precision", *GENERATOR),
    ),
    Target(
        "gan.near_judge_auroc",
        "how well a linear judge of these features tells made from unseen paintings",
        "0.98",
        "0.85",
        lambda book: 0.85,
        "less",
        figure_of("overlap.fire9_at_224.made.judge_auroc", *GENERATOR),
    ),
    Target(
        "music.vgmidi.valence_r",
        "valence of unseen game series from sound, r over five folds",
        "ridge 0.37, XGBoost 0.50, CNN 0.47",
        "0.58",
        lambda book: 0.58,
        "more",
        figure_of("static.valence.r", *(f"music/vgmidi.{name}" for name in MUSIC)),
    ),
    Target(
        "music.vgmidi.arousal_r",
        "arousal of the same",
        "ridge 0.57, XGBoost 0.69, CNN 0.75",
        "0.80",
        lambda book: 0.80,
        "more",
        figure_of("static.arousal.r", *(f"music/vgmidi.{name}" for name in MUSIC)),
    ),
    Target(
        "music.emotify.mean_r",
        "nine felt emotions of unseen songs from sound, mean r over five folds",
        "ridge 0.44, XGBoost 0.48, CNN 0.54",
        "0.60",
        lambda book: 0.60,
        "more",
        figure_of("static.mean.r", *(f"music/emotify.{name}" for name in MUSIC)),
    ),
)


def _tenth(book: Book) -> float | None:
    found = figure_of("recon", "vae/v21_unified.plain")(book)
    return None if found is None else found[1].mean / 10.0


VAE_TARGETS: tuple[Target, ...] = (
    Target(
        "vae.v21.recon",
        "TokenFusionVAE V2.1 on the tokens of V3.2, unseen artists and series, labels not in the input",
        "theirs 0.4355, on other tokens",
        AS_FOUND,
        held_against_nothing,
        "less",
        figure_of("recon", "vae/v21_unified.plain"),
    ),
    Target(
        "vae.v32.recon",
        "V3.2 with the CLS bypass, the same tokens",
        "theirs 0.0222",
        "a tenth of V2.1's",
        _tenth,
        "less",
        figure_of("recon", "vae/v32.plain"),
    ),
    *(
        Target(
            f"vae.{axis}_r{key}",
            f"{axis} read from the latent of V3.2, mean of unseen artists and series, labels {words} the input",
            "theirs above 0.90, labels in the input",
            AS_FOUND,
            held_against_nothing,
            "more",
            figure_of(f"{axis}_r", *names),
        )
        for axis in ("valence", "arousal")
        for key, words, names in (
            ("", "not in", ("vae/v32_folds.plain", "vae/v32.plain")),
            ("_with_labels", "in", ("vae/v32.labels",)),
        )
    ),
)


def summary(book: Book) -> dict[str, dict[str, Any]]:
    """The content of `summary.json`; a figure without a run has value None and is not met, met is None where there is
    no target."""
    return {
        target.key: _entry(target, book)
        for target in (*TARGETS, *ROBUST_TARGETS, *FREE_TARGETS, *VAE_TARGETS)
    }


def _entry(target: Target, book: Book) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "what": target.what + target.how(book),
        "baseline": target.baseline,
        "target": target.wanted_text + target.beside(book),
    }
    found = target.find(book)
    if found is None:
        return {"value": None, "deviation": None, **entry, "met": False, "metrics": NOT_RUN}
    metrics, figure = found
    wanted = target.wanted(book)
    met = None
    if wanted is not None:
        met = figure.mean >= wanted if target.better == "more" else figure.mean <= wanted
    return {
        "value": round(figure.mean, 4),
        "deviation": None if figure.deviation is None else round(figure.deviation, 4),
        **entry,
        "met": met,
        "data": metrics["data"]["what"],
        "split": metrics["split"],
        "seeds": list(metrics["seeds"]),
        "metrics": f"metrics/{metrics.section}/{metrics.name}.json",
    }
