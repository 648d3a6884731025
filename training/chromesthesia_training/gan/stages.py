"""The `generator` stages of `reproduce`: the figures of the shipped generator beside unseen paintings."""

from __future__ import annotations

import hashlib
from pathlib import Path

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.painter import open_painter
from chromesthesia_training.measuring.evaluate import DRAWS, SAMPLES
from chromesthesia_training.measuring.measured import SHIPPED_PACK, measure_generator
from chromesthesia_training.stage import Context, Settings, Stage

QUICK_SAMPLES = 24


def shipped_generator() -> Path:
    """The default pack's generator. Raises TrainingError when the pack is not there."""
    path = SHIPPED_PACK / "generator.onnx"
    if not path.is_file():
        raise TrainingError(
            f"no default pack at {SHIPPED_PACK}", "run from the checkout, or export a pack there"
        )
    return path


def measure_settings(context: Context) -> Settings:
    """The weights that were measured, and how."""
    return {
        "sha256": hashlib.sha256(shipped_generator().read_bytes()).hexdigest()[:16],
        "samples": QUICK_SAMPLES if context.quick else SAMPLES,
        "draws": 1 if context.quick else DRAWS,
    }


def run_measure(context: Context) -> None:
    """Measure the default pack's generator; `generator/default`."""
    measure(shipped_generator(), "default", context)


def measure(generator: Path, name: str, context: Context) -> None:
    """Measure an exported generator as a stage does; `generator/<name>`."""
    measure_generator(
        open_painter(generator),
        name,
        context.data_dir,
        context.command,
        cache_dir=context.cache_dir,
        root=context.metrics_dir,
        samples=QUICK_SAMPLES if context.quick else SAMPLES,
        draws=1 if context.quick else DRAWS,
        motion=not context.quick,
    )


def stages() -> tuple[Stage, ...]:
    """The figures of the shipped generator: made again when its weights change."""
    return (
        Stage(
            "generator.measure",
            "generator",
            run_measure,
            ("generator/default",),
            settings=measure_settings,
        ),
    )
