"""The `generator` stage that trains: from paintings to a measured generator, as `chromesthesia-train gan` does."""

from __future__ import annotations

from dataclasses import replace

from chromesthesia_training.backbones.squeezenet import WEIGHTS_FILE as FEATURE_WEIGHTS
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.export import export_onnx
from chromesthesia_training.gan.settings import GanSettings
from chromesthesia_training.gan.stages import measure
from chromesthesia_training.gan.train import train
from chromesthesia_training.stage import Context, Stage

NAME = "reproduced"
QUICK_STEPS = 4
QUICK_WIDTHS = (16, 12, 8)


def run_training(context: Context) -> None:
    """Train for the default time, export and measure; `generator/reproduced`."""
    weights = context.data_dir / FEATURE_WEIGHTS
    if not weights.is_file():
        raise TrainingError(f"there is no {weights}", "put the weights of SqueezeNet 1.1 there")
    settings = GanSettings(
        context.data_dir / "art",
        weights,
        run_dir=context.runs_dir / "gan_reproduced",
        cache_dir=context.cache_dir,
        fresh=context.fresh,
        seed=context.seed,
        threads=context.threads,
    )
    if context.quick:
        settings = replace(settings, steps=QUICK_STEPS, rebuild_steps=1, batch=4, widths=QUICK_WIDTHS)
    train(settings)
    exported = export_onnx(settings.run_dir, settings.run_dir / "generator.onnx")
    measure(exported.path, NAME, context)


def stages() -> tuple[Stage, ...]:
    """Training of the generator anew; the shipped one was trained longer, see its model card."""
    return (Stage("generator.train", "generator", run_training, (f"generator/{NAME}",)),)
