"""`chromesthesia-train adapt`: a pack's painter tuned to an artist's own few pictures, into a pack of its own."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia_training.cli.options import ThreadsOption, console, errors, print_figures, quieten_exporter
from chromesthesia_training.progress import progress_bar

logger = logging.getLogger(__name__)

EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train adapt --pictures my/pictures --minutes 30

chromesthesia-train adapt --pictures my/pictures --pack exports/free --out exports/mine
"""


def adapt(
    pictures: Annotated[
        Path, typer.Option("--pictures", help="Folder of your own pictures: thirty, at least three.")
    ],
    minutes: Annotated[float, typer.Option("--minutes", min=0.1, help="Time spent tuning.")] = 30.0,
    pack: Annotated[
        Path, typer.Option("--pack", help="Pack to begin with; its encoder is taken over.")
    ] = Path("exports/default"),
    out: Annotated[Path, typer.Option("--out", help="Folder of the new pack.")] = Path("exports/adapted"),
    run: Annotated[Path, typer.Option("--run", help="Folder of the sheets and figures.")] = Path(
        "runs/adapt"
    ),
    seed: Annotated[int, typer.Option("--seed", help="Everything random follows from it.")] = 0,
    threads: ThreadsOption = 1,
) -> None:
    """Tune a painter to your own few pictures on a CPU (Ctrl-C: enough; what there is becomes the pack)."""
    from chromesthesia.packs.find import find_pack
    from chromesthesia_training.adapt.pack import export_adapted
    from chromesthesia_training.adapt.pictures import read_pictures
    from chromesthesia_training.adapt.settings import AdaptSettings
    from chromesthesia_training.adapt.train import adapt as tune
    from chromesthesia_training.packing.manifest import manifest_of
    from chromesthesia_training.packing.pack import check_place
    from chromesthesia_training.packing.weights import read_generator

    quieten_exporter()
    base = find_pack(pack)
    check_place(out)
    given = read_pictures(pictures, logger.warning)
    trained = read_generator(base / manifest_of(base).generator.file)
    console.print(
        f"{len(given.learned)} pictures to learn from, {len(given.held_out)} held out; look at "
        f"{run / 'sheets' / 'latest.png'}, made anew every minute",
        soft_wrap=True,
    )
    settings = AdaptSettings(run, minutes, seed=seed, threads=threads)
    with progress_bar(errors) as progress:
        task = progress.add_task("tuning", total=1.0)
        adapted = tune(
            trained, given, settings, on_progress=lambda share, step: progress.update(task, completed=share)
        )
    console.print("looking for copies, exporting")
    made = export_adapted(adapted, base, given, run, out)
    print_figures(
        f"painter of {out}", {k: v for k, v in made.manifest.metrics.items() if k.startswith("generator")}
    )
    console.print(made.copies.line, soft_wrap=True)
    if made.copies.copies:
        logger.warning("compare %s; fewer minutes or more pictures copy less", run / "nearest.png")
    console.print(
        f"{out}: differs from torch by {made.exported.difference:.1e}, {made.exported.image_ms:.1f} ms a picture on "
        f"one thread; chromesthesia run --pack {out}",
        soft_wrap=True,
    )
