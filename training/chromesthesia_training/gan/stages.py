"""The `generator` stages of `reproduce`: the figures of the shipped generator beside unseen paintings."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.painter import open_painter
from chromesthesia_training.measuring.evaluate import DRAWS, SAMPLES
from chromesthesia_training.measuring.measured import SHIPPED_PACK, measure_generator
from chromesthesia_training.stage import Context, Settings, Stage

QUICK_SAMPLES = 24
FREE_PACK = SHIPPED_PACK.with_name("free")
"""Its painter saw none of the paintings that it is measured with, neither those of train nor those of test."""


def shipped_generator(pack: Path = SHIPPED_PACK) -> Path:
    """A shipped pack's generator. Raises TrainingError when the pack is not there."""
    path = pack / "generator.onnx"
    if not path.is_file():
        raise TrainingError(f"no pack at {pack}", "run from the checkout, or export a pack there")
    return path


def measure_settings(context: Context, pack: Path = SHIPPED_PACK) -> Settings:
    """The weights that were measured, and how."""
    return {
        "sha256": hashlib.sha256(shipped_generator(pack).read_bytes()).hexdigest()[:16],
        "samples": QUICK_SAMPLES if context.quick else SAMPLES,
        "draws": 1 if context.quick else DRAWS,
    }


def run_measure(context: Context, pack: Path = SHIPPED_PACK) -> None:
    """Measure a shipped pack's generator on paintings that people rated; `generator/<name of the pack>`."""
    measure(shipped_generator(pack), pack.name, context)


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
    """The figures of the shipped generators: made again when their weights change."""
    return tuple(
        Stage(
            name,
            "generator",
            partial(run_measure, pack=pack),
            (f"generator/{pack.name}",),
            settings=partial(measure_settings, pack=pack),
        )
        for name, pack in (("generator.measure", SHIPPED_PACK), ("generator.measure_free", FREE_PACK))
    )
