"""`chromesthesia-train refit`: a pack's encoder fitted again to voices in rooms, into a pack of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia_training.cli.options import (
    CacheOption,
    DataOption,
    SoundsOption,
    ThreadsOption,
    console,
    data_or_sounds,
    errors,
    print_figures,
    quieten_exporter,
)
from chromesthesia_training.corpora.datasets import DEFAULT_CACHE_DIR
from chromesthesia_training.progress import progress_bar

EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train refit exports/default exports/mine

chromesthesia-train refit exports/mine exports/mine --sounds sounds --passes 4
"""


def refit(
    pack: Annotated[Path, typer.Argument(help="Folder of the pack whose encoder's layers are taken.")],
    out: Annotated[Path, typer.Argument(help="Folder of the new pack; may be the same.")],
    data_dir: DataOption = None,
    sounds: SoundsOption = None,
    run: Annotated[Path, typer.Option("--run", help="Folder of the new encoder's checkpoint.")] = Path(
        "runs/refit"
    ),
    cache: CacheOption = DEFAULT_CACHE_DIR,
    passes: Annotated[int, typer.Option("--passes", min=1, help="How often every voice is heard.")] = 2,
    floor: Annotated[
        float,
        typer.Option(
            "--floor",
            min=1e-6,
            max=1.0,
            help="Added to every band's magnitude, where voices have 0.6: the higher, the more floors are one.",
        ),
    ] = 0.01,
    ends: Annotated[
        float, typer.Option("--ends", min=0.0, help="Weight of whole clean clips; 0 leaves them out.")
    ] = 2.0,
    seed: Annotated[int, typer.Option("--seed", help="Everything random follows from it.")] = 3,
    threads: ThreadsOption = 1,
    use: Annotated[
        bool, typer.Option("--fit/--no-fit", help="Fit anew, or only put what --run holds into the pack.")
    ] = True,
    notes: Annotated[
        list[str] | None, typer.Option("--note", help="A point for the model card; may be given again.")
    ] = None,
) -> None:
    """Fit what reads the encoder's layers again, on voices in rooms, noise and music; the generator stays."""
    import torch

    from chromesthesia_training.corpora.datasets import all_clips, find_sound_sets, load_spectra
    from chromesthesia_training.data.cache import by_path
    from chromesthesia_training.encoder.model import ROOM_SIZES
    from chromesthesia_training.encoder.refit import RoomRecipe
    from chromesthesia_training.encoder.refit import refit as refit_encoder
    from chromesthesia_training.packing.pack import check_place
    from chromesthesia_training.packing.refitted import refitted_pack

    quieten_exporter()
    check_place(out)  # before minutes of work
    torch.set_num_threads(threads)
    data_dir = data_or_sounds(data_dir, sounds)
    with progress_bar(errors) as progress:
        sets = find_sound_sets(data_dir, sounds)
        clips = all_clips(sets)
        spectra = by_path(load_spectra(sets, cache, progress).values())
    if use:
        recipe = RoomRecipe(passes=passes, ends=ends)
        sizes = replace(ROOM_SIZES, input_floor=floor)
        refit_encoder(pack / "encoder.onnx", run, clips, spectra, recipe, seed, sizes)
    made, report = refitted_pack(pack, out, run, clips, spectra, tuple(notes or ()))
    print_figures(f"encoder of {out}, test split, {report['precision']}", report["flat"])
    console.print(
        f"{out}: differs from torch by {made.exported.parity:.1e} streamed, {made.exported.streamed_offline:.1e} "
        f"offline; {made.exported.step_ms:.2f} ms a step of 80 ms"
    )
    if made.int8 is not None:
        console.print(f"int8: {made.int8.why}")
