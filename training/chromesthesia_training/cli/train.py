"""`chromesthesia-train encoder` and `gan`: train, export to ONNX, score."""

from __future__ import annotations

import logging
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia.core.errors import UsageError
from chromesthesia_training.cli.options import (
    ENCODER_RUN,
    GAN_RUN,
    CacheOption,
    DataOption,
    EvaluateOption,
    FeatureWeightsOption,
    FreshOption,
    PicturesOption,
    SoundsOption,
    ThreadsOption,
    console,
    data_unless_own,
    default_data_dir,
    errors,
    print_figures,
    quieten_exporter,
    squeezenet_weights,
)
from chromesthesia_training.corpora.datasets import DEFAULT_CACHE_DIR
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.progress import progress_bar

logger = logging.getLogger(__name__)


class PictureSide(StrEnum):
    """Sides of pictures that a generator can be trained for."""

    SMALL = "64"
    MIDDLE = "128"
    LARGE = "256"


class FeatureKind(StrEnum):
    """The frozen net that the discriminator judges with."""

    SQUEEZENET = "squeezenet"
    RANDOM = "random"


def encoder(
    data_dir: DataOption = None,
    sounds: SoundsOption = None,
    run: Annotated[Path, typer.Option("--run", help="Folder of checkpoints and figures.")] = ENCODER_RUN,
    cache: CacheOption = DEFAULT_CACHE_DIR,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Training steps of 24 rows of 6.4 s.")] = 500,
    pretrained: Annotated[
        Path | None,
        typer.Option(
            "--pretrained",
            help="yamnet.tflite to begin with (default: weights/yamnet.tflite of --data).",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Everything random follows from it.")] = 1,
    threads: ThreadsOption = 1,
    fresh: FreshOption = False,
    evaluate: EvaluateOption = False,
) -> None:
    """Train the encoder, export it to ONNX and score it on the test split (interrupt and repeat to go on)."""
    from chromesthesia_training.encoder.evaluate import evaluate as evaluate_encoder
    from chromesthesia_training.encoder.export import export_onnx, load_trained
    from chromesthesia_training.encoder.settings import EncoderSettings
    from chromesthesia_training.encoder.train import train
    from chromesthesia_training.packing.run_record import RunRecord, write_record

    quieten_exporter()
    data_dir = data_unless_own(data_dir, sounds)
    if not evaluate:
        settings = EncoderSettings(
            run_dir=run,
            data_dir=data_dir,
            sounds=sounds,
            cache_dir=cache,
            pretrained=pretrained,
            steps=steps,
            seed=seed,
            threads=threads,
        )
        train(settings, resume=not fresh)
        write_record(run, RunRecord(own=() if sounds is None else (sounds.name,)))
    exported = export_onnx(load_trained(run), run / "encoder.onnx")
    with progress_bar(errors) as progress:
        task = progress.add_task("scoring the test split", total=None)
        report = evaluate_encoder(
            run,
            exported.path,
            data_dir,
            sounds,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    print_figures("encoder, test split, streamed from ONNX", report["flat"])
    console.print(
        f"{exported.path}: {exported.size_bytes / 1e6:.1f} MB, {exported.step_ms:.2f} ms a step of 80 ms, "
        f"differs from torch by {exported.parity:.1e} streamed, {exported.streamed_offline:.1e} offline"
    )


def gan(
    data_dir: DataOption = None,
    pictures: PicturesOption = None,
    run: Annotated[Path, typer.Option("--run", help="Folder of checkpoints, sheets and figures.")] = GAN_RUN,
    cache: CacheOption = DEFAULT_CACHE_DIR,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.1, help="Time spent training, over all parts.")
    ] = 95.0,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="End after so many steps, not minutes.", show_default=False),
    ] = None,
    side: Annotated[
        PictureSide, typer.Option("--side", help="Pixels of the pictures made; a smaller one trains faster.")
    ] = PictureSide.LARGE,
    batch: Annotated[int, typer.Option("--batch", min=4, help="Pictures a step.")] = 16,
    features: Annotated[
        FeatureKind,
        typer.Option(
            "--features",
            help="The frozen net that judges: squeezenet needs its weights; random needs nothing, pictures get poorer.",
        ),
    ] = FeatureKind.SQUEEZENET,
    weights: FeatureWeightsOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Everything random follows from it.")] = 0,
    threads: ThreadsOption = 1,
    fresh: FreshOption = False,
    evaluate: EvaluateOption = False,
) -> None:
    """Train the generator, export it to ONNX and score it on unseen artists (interrupt and repeat to go on)."""
    from chromesthesia_training.backbones.random_features import RandomFeatures
    from chromesthesia_training.gan.evaluate import evaluate as evaluate_gan
    from chromesthesia_training.gan.export import export_onnx
    from chromesthesia_training.gan.model import WIDTHS, image_side
    from chromesthesia_training.gan.settings import GanSettings
    from chromesthesia_training.gan.train import train
    from chromesthesia_training.packing.pack import flat_numbers
    from chromesthesia_training.packing.provenance import FREE_PICTURES, is_listed_free
    from chromesthesia_training.packing.run_record import RunRecord, write_record

    quieten_exporter()
    data_dir = data_dir or default_data_dir()
    art_dir = pictures or (data_dir / "art" if data_dir is not None else None)
    if art_dir is None:
        raise UsageError("no pictures were given", "use --pictures FOLDER or --data FOLDER")
    weights = _feature_weights(features, weights, data_dir)
    net = RandomFeatures() if features is FeatureKind.RANDOM else None
    free = is_listed_free(art_dir)
    if not evaluate:
        widths = next(
            WIDTHS[:count] for count in range(1, len(WIDTHS) + 1) if image_side(WIDTHS[:count]) == int(side)
        )
        settings = GanSettings(
            art_dir=art_dir,
            feature_weights=weights,
            run_dir=run,
            cache_dir=cache,
            minutes=minutes,
            steps=steps,
            batch=batch,
            widths=widths,
            rebuild_steps=GanSettings.rebuild_steps
            if steps is None
            else min(GanSettings.rebuild_steps, steps // 3),
            seed=seed,
            threads=threads,
            fresh=fresh,
        )
        train(settings, net)
        own = () if pictures is None or free else (pictures.name,)
        write_record(run, RunRecord(own, features.value))
    exported = export_onnx(run, run / "generator.onnx")
    try:
        figures = evaluate_gan(run, art_dir, weights, cache, net=net, called=FREE_PICTURES if free else None)
        print_figures("generator, unseen artists", flat_numbers(figures, "generator"))
    except TrainingError as error:
        # Few pictures can be learned from but not scored with: the generator is there, its card says so.
        logger.warning("the generator was not scored: %s", error)
    console.print(
        f"{exported.path}: {exported.size_bytes / 1e6:.1f} MB, {exported.side} x {exported.side}, "
        f"{exported.image_ms:.1f} ms a picture on one thread, differs from torch by {exported.difference:.1e}"
    )


def _feature_weights(features: FeatureKind, weights: Path | None, data_dir: Path | None) -> Path:
    """Where SqueezeNet's weights lie; a name for nothing where they are not used."""
    if features is FeatureKind.RANDOM:
        logger.warning(
            "judging by random features instead of SqueezeNet's: it shows that all works, the pictures are poorer"
        )
        return Path("no-weights")
    weights = squeezenet_weights(weights, data_dir)
    if weights is None:
        raise UsageError(
            "the weights of SqueezeNet were not found",
            "give them with --weights FILE.npz, or go without: --features random (poorer pictures)",
        )
    return weights
