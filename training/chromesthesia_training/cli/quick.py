"""`chromesthesia-train quick`: a painter for processors, taught by the painter of a pack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chromesthesia_training.cli.options import (
    CacheOption,
    FreshOption,
    ThreadsOption,
    console,
    default_data_dir,
    quieten_exporter,
    squeezenet_weights,
)
from chromesthesia_training.corpora.datasets import DEFAULT_CACHE_DIR
from chromesthesia_training.errors import TrainingError

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
    cache: CacheOption = DEFAULT_CACHE_DIR,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Pictures a step.")] = 4,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            help="SqueezeNet 1.1 as .npz; else that of the data folder, else random features.",
            show_default=False,
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            help="Write the pack with the pupil here, if it is as good as its teacher.",
            show_default=False,
        ),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="With --into: also where it is not as good, or not measured.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Everything random follows from it.")] = 0,
    threads: ThreadsOption = 1,
    fresh: FreshOption = False,
) -> None:
    """Teach a quick painter what a pack's painter paints, and hold it against that (interrupt and repeat to go on)."""
    from chromesthesia.packs.find import find_pack
    from chromesthesia_training.backbones.random_features import RandomFeatures
    from chromesthesia_training.backbones.squeezenet import load_squeezenet
    from chromesthesia_training.measuring.evaluate import Reference
    from chromesthesia_training.measuring.gallery import load_gallery
    from chromesthesia_training.measuring.painters import OnnxPainter
    from chromesthesia_training.packing.manifest import manifest_of
    from chromesthesia_training.packing.new_pupil import QUICK_NAME, NewPupil, add_pupil, likeness_to_teacher
    from chromesthesia_training.packing.pack import check_place
    from chromesthesia_training.packing.weights import read_generator
    from chromesthesia_training.quick.beside import LARGEST_LOSS, beside
    from chromesthesia_training.quick.export import export_quick
    from chromesthesia_training.quick.settings import QuickSettings
    from chromesthesia_training.quick.train import load_taught, teach

    quieten_exporter()
    base = find_pack(pack)
    if into is not None:
        check_place(into)
    file = base / manifest_of(base).generator.file
    data_dir = default_data_dir()
    weights = squeezenet_weights(weights, data_dir)
    net = RandomFeatures() if weights is None else load_squeezenet(weights)
    settings = QuickSettings(run, minutes, steps, fresh, seed, threads, batch)
    teach(settings, read_generator(file), net)
    pupil = run / QUICK_NAME
    exported = export_quick(load_taught(run), pupil, file)
    alike = likeness_to_teacher(pupil, file)
    console.print(
        f"{pupil}: {exported.size_bytes / 1e6:.1f} MB, {exported.image_ms:.1f} ms a picture on one thread beside its "
        f"teacher's {exported.teacher_ms:.1f}, differs from torch by {exported.difference:.1e}",
        soft_wrap=True,
    )
    shown = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in alike.items())
    judged = shown
    found = None
    if data_dir is not None and weights is not None and (data_dir / "art").is_dir():
        reference = Reference.of(load_gallery(data_dir / "art", net, cache))
        found = beside(OnnxPainter(pupil), OnnxPainter(file), reference, net)
        judged = f"{found.line}; {shown}"
    console.print(judged, soft_wrap=True)
    if into is None:
        return
    if not anyway and (found is None or not found.as_good):
        raise TrainingError(
            "the pupil was not measured: there are no paintings"
            if found is None
            else f"the pupil loses more than {LARGEST_LOSS:.0%}: {found.line}",
            "teach it longer, or say --anyway",
        )
    add_pupil(base, into, NewPupil(pupil, exported.image_ms, exported.teacher_ms, judged))
    console.print(f"{into}: chromesthesia run --pack {into}", soft_wrap=True)
