"""The `encoders` stage that trains the encoder of the pack on speech and music, like `chromesthesia-train encoder`."""

from __future__ import annotations

from dataclasses import replace

from chromesthesia_training.encoder.export import export_onnx, load_trained
from chromesthesia_training.encoder.settings import EncoderSettings, pretrained_weights
from chromesthesia_training.encoder.train import train
from chromesthesia_training.stage import Context, Stage

RUN = "encoder"
QUICK_STEPS, QUICK_ROWS, QUICK_READ_OUT_STEPS = 3, 4, 20
TUNING_STEPS, TUNING_EVALUATED_EVERY = 10, 10


def run_training(context: Context) -> None:
    """Train into `runs/encoder`, going on with what is there, and export it to ONNX."""
    run_dir = context.runs_dir / RUN
    settings = EncoderSettings(
        run_dir=run_dir, data_dir=context.data_dir, cache_dir=context.cache_dir, threads=context.threads
    )
    if pretrained_weights(settings) is not None:
        settings = replace(settings, steps=TUNING_STEPS, evaluate_every=TUNING_EVALUATED_EVERY)
    if context.quick:
        settings = replace(
            settings,
            steps=QUICK_STEPS,
            rows=QUICK_ROWS,
            read_out_steps=QUICK_READ_OUT_STEPS,
            read_out_batches=QUICK_ROWS,
        )
    train(settings, resume=not context.fresh)
    export_onnx(load_trained(run_dir), run_dir / "encoder.onnx")


def stages() -> tuple[Stage, ...]:
    """Done when its export is there: its figures are those of the pack, and of `encoders.streaming` by folds."""
    artifacts = (f"{RUN}/encoder.onnx",)
    return (Stage("encoders.live", "encoders", run_training, artifacts=artifacts),)
