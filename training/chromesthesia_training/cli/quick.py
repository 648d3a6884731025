"""`chromesthesia-train quick`: a painter for processors, taught by the painter of a pack."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia_training.cli.options import (
    FreshOption,
    ThreadsOption,
    console,
    default_data_dir,
    quieten_exporter,
)

logger = logging.getLogger(__name__)

EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train quick --pack exports/mine --minutes 240

chromesthesia-train quick --pack exports/mine --into exports/mine-quick
"""


def quick(
    pack: Annotated[Path, typer.Option("--pack", help="Pack whose painter teaches.")] = Path(
        "exports/default"
    ),
    run: Annotated[Path, typer.Option("--run", help="Folder of checkpoints and sheets.")] = Path(
        "runs/quick_painter"
    ),
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.1, help="Time spent teaching, over all parts.")
    ] = 240.0,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="End after so many steps, not minutes.", show_default=False),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Pictures a step.")] = 4,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            help="SqueezeNet 1.1 as .npz; else that of the data folder, else random features.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Everything random follows from it.")] = 0,
    threads: ThreadsOption = 1,
    fresh: FreshOption = False,
) -> None:
    """Teach a quick painter what a pack's painter paints, export it (interrupt and repeat to go on)."""
    from chromesthesia.packs.find import find_pack
    from chromesthesia_training.backbones.random_features import RandomFeatures
    from chromesthesia_training.backbones.squeezenet import WEIGHTS_FILE, load_squeezenet
    from chromesthesia_training.packing.manifest import manifest_of
    from chromesthesia_training.packing.weights import read_generator
    from chromesthesia_training.quick.export import export_quick
    from chromesthesia_training.quick.settings import QuickSettings
    from chromesthesia_training.quick.train import load_taught, teach

    quieten_exporter()
    base = find_pack(pack)
    file = base / manifest_of(base).generator.file
    data_dir = default_data_dir()
    weights = weights or (None if data_dir is None else data_dir / WEIGHTS_FILE)
    net = RandomFeatures() if weights is None else load_squeezenet(weights)
    settings = QuickSettings(run, minutes, steps, fresh, seed, threads, batch)
    teach(settings, read_generator(file), net)
    exported = export_quick(load_taught(run), run / "generator.quick.onnx", file)
    console.print(
        f"{exported.path}: {exported.size_bytes / 1e6:.1f} MB, {exported.image_ms:.1f} ms a picture on one thread "
        f"beside its teacher's {exported.teacher_ms:.1f}, differs from torch by {exported.difference:.1e}",
        soft_wrap=True,
    )
