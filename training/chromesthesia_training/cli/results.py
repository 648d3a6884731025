"""`chromesthesia-train results` and `measure`: the report, and the figures of one generator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chromesthesia_training.errors import TrainingError


def results(
    folder: Annotated[Path, typer.Option("--results", help="Folder of metrics/, where the pages go.")] = Path(
        "docs/results"
    ),
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing: fail when a row has no run, or a page is not what its files say."
        ),
    ] = False,
    pack: Annotated[
        Path | None,
        typer.Option(
            "--pack", help="Make the contact sheet and the clip anew from this pack.", show_default=False
        ),
    ] = None,
) -> None:
    """Make the pages, drawings and summary of docs/results from the metrics files."""
    from chromesthesia_training.results.report import complaints, write_report

    if check:
        found = complaints(folder)
        if found:
            raise TrainingError(
                f"{len(found)} complaints about {folder}:\n" + "\n".join(f"- {one}" for one in found),
                "run what is missing, then chromesthesia-train results",
            )
        typer.echo(f"{folder} is what its metrics files say, and no row is empty")
        return
    if pack is not None:
        _show(pack, folder)
    report = write_report(folder)
    for path in report.written:
        typer.echo(str(path))
    for one in report.missing:
        typer.echo(f"not run: {one}")


def _show(pack: Path, folder: Path) -> None:
    """The contact sheet of a pack, and where there are voices, the clip."""
    from chromesthesia_training.cli.options import default_data_dir
    from chromesthesia_training.gan.samples import make_clip, make_sheet
    from chromesthesia_training.measuring.measured import emotional_voices

    of = "" if pack.resolve().name == "default" else f"{pack.resolve().name}-"
    make_sheet(pack, folder / f"{of}samples.jpg")
    data_dir = default_data_dir()
    voices = emotional_voices(data_dir / "speech", 1) if data_dir is not None else {}
    if voices:
        make_clip(pack, folder / f"{of}clip.webp", [recordings[0] for recordings in voices.values()])


def measure(
    generator: Annotated[
        Path, typer.Argument(help="A generator.onnx, the folder of a pack, or the folder of a run.")
    ] = Path("exports/default"),
    name: Annotated[str, typer.Option("--name", help="Name of the metrics file.")] = "default",
    data_dir: Annotated[
        Path | None,
        typer.Option("--data", help="Folder with art/, speech/ and weights/.", show_default=False),
    ] = None,
    results_dir: Annotated[Path, typer.Option("--results", help="Folder of metrics/.")] = Path(
        "docs/results"
    ),
    draws: Annotated[int, typer.Option("--draws", min=1, help="Draws of 300 pictures.")] = 3,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads that torch may use.")] = 1,
    notes: Annotated[
        list[str] | None, typer.Option("--note", help="A remark kept with the figures; may be given again.")
    ] = None,
) -> None:
    """Measure a generator against unseen paintings: distances, consistency, control, motion, copies."""
    import torch

    from chromesthesia_training.cli.options import default_data_dir
    from chromesthesia_training.gan.painter import open_painter
    from chromesthesia_training.measuring.measured import measure_generator

    torch.set_num_threads(threads)
    found = data_dir or default_data_dir()
    if found is None:
        raise TrainingError("no data was given", "use --data FOLDER")
    command = f"chromesthesia-train measure {generator.as_posix()} --name {name} --draws {draws}"
    path = measure_generator(
        open_painter(generator),
        name,
        found,
        command,
        root=results_dir / "metrics",
        draws=draws,
        notes=tuple(notes or ()),
    )
    typer.echo(str(path))
