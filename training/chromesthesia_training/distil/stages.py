"""The `encoders` stage of the streaming encoder: taught by the best offline one, in the same folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

from chromesthesia_training.corpora.datasets import load_spectra
from chromesthesia_training.data.cache import by_path
from chromesthesia_training.distil.streaming import StreamingRecipe, clip_rows, train_streaming_fold
from chromesthesia_training.encoder.model import DEFAULT_SIZES, StreamingEncoder
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.offline.best import crossed_targets
from chromesthesia_training.offline.kernel import KernelSettings
from chromesthesia_training.offline.material import read_descriptions
from chromesthesia_training.offline.scoring import write_encoder_metrics
from chromesthesia_training.offline.stages import material_of, splits_of
from chromesthesia_training.stage import Context, Settings, Stage

RECIPE = StreamingRecipe()
QUICK_READ_OUT_STEPS = 20
TEACHER = ("functionals", "spectra", "layer5", "layer7", "layer8")


def recipe_of(context: Context) -> StreamingRecipe:
    """The recipe, for a few steps of the read-out and one epoch when quick."""
    return replace(RECIPE, epochs=1, read_out_steps=QUICK_READ_OUT_STEPS) if context.quick else RECIPE


def run_streaming(context: Context) -> None:
    """Five folds by speaker; the teacher of each fold never heard its test speakers. `encoders/streaming.speaker`."""
    material = material_of(context)
    task = material.task
    described = read_descriptions(context, material)
    descriptions = {name: values for name, values in described.items() if name in TEACHER}
    spectra = load_spectra([material.sounds], context.cache_dir)
    mel_of = by_path(spectra.values())
    inputs = clip_rows(task, mel_of)
    teaching = splits_of(context, material, "speaker")
    recipe = recipe_of(context)
    answers = []
    for split in teaching:
        answers.append(
            train_streaming_fold(
                task,
                split,
                crossed_targets(task, descriptions, teaching, split, KernelSettings()),
                inputs,
                mel_of,
                recipe,
                DEFAULT_SIZES,
                context.runs_dir / "encoders" / "streaming.speaker" / split.name.replace(" ", "-"),
                material.weights,
                context.seed,
                context.fresh,
            )
        )
    write_encoder_metrics(
        "streaming.speaker",
        task.clips,
        task.labels,
        answers,
        root=context.metrics_dir,
        command=context.command,
        protocol="speaker",
        split="five grouped folds by speaker",
        seeds=[context.seed],
        settings=_settings(context),
        parameters=parameter_count(StreamingEncoder(DEFAULT_SIZES)),
        trained_with_tess=False,
        notes=(
            "scored from streamed answers: whole untrimmed clips, one 80 ms step after the other, state carried; mean "
            "of the logits of the last half second",
            "soft targets of a kernel machine on "
            + ", ".join(TEACHER)
            + "; each training clip is judged by one that did not train on its fold",
            "settings were chosen by other means, but one mismatch was found by the scores of these folds: training "
            "heard trimmed clips, the score is of whole ones (decision 0009); all of it hears whole ones since",
            "score by epoch: the last 4.8 s of the test clips; chose nothing; the last epoch's average is scored",
        ),
    )


def _settings(context: Context) -> Settings:
    settings: Mapping[str, object] = asdict(recipe_of(context))
    return {"encoder": "streaming", **settings, "sizes": DEFAULT_SIZES.told()}


def _shape(context: Context) -> Settings:
    return {"encoder": "streaming", **asdict(recipe_of(context))}


def stages() -> tuple[Stage, ...]:
    """The streaming encoder by speaker."""
    return (
        Stage(
            "encoders.streaming", "encoders", run_streaming, ("encoders/streaming.speaker",), settings=_shape
        ),
    )
