"""`chromesthesia-train evaluate`: what a finished pack is worth beyond clean test sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chromesthesia.core.errors import UsageError
from chromesthesia_training.cli.options import (
    DataOption,
    SoundsOption,
    console,
    data_unless_own,
    errors,
    print_figures,
)
from chromesthesia_training.progress import counts_on, progress_bar

EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train evaluate --robust exports/default

chromesthesia-train evaluate --robust exports/mine --sounds sounds

chromesthesia-train evaluate --adaptation exports/default
"""


def evaluate(
    pack: Annotated[Path, typer.Argument(help="Folder of the pack.")] = Path("exports/default"),
    robust: Annotated[
        bool,
        typer.Option(
            "--robust",
            help="Noise, rooms, music, codecs, clipping; sounds that feel nothing; changes of emotion.",
        ),
    ] = False,
    adaptation: Annotated[
        bool,
        typer.Option(
            "--adaptation",
            help="What 1, 3 and 5 marks of each mood are worth with performers it never heard.",
        ),
    ] = False,
    data_dir: DataOption = None,
    sounds: SoundsOption = None,
    results_dir: Annotated[
        Path | None,
        typer.Option(
            "--results", help="Also keep the figures as a metrics file below this folder.", show_default=False
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Name of the metrics file; else the pack's.", show_default=False),
    ] = None,
    notes: Annotated[
        list[str] | None, typer.Option("--note", help="A remark kept with the figures; may be given again.")
    ] = None,
) -> None:
    """Measure a pack's encoder as the engine runs it, on voices of unseen speakers."""
    import tempfile

    from chromesthesia_training.metrics.metrics_file import read_metrics
    from chromesthesia_training.robust.adaptation import evaluate_adaptation
    from chromesthesia_training.robust.evaluate import evaluate_robust
    from chromesthesia_training.robust.measurement import Measurement

    if robust == adaptation:
        raise UsageError(
            "nothing was asked of the pack, or two things at once",
            "say --robust or --adaptation: chromesthesia-train evaluate --robust PACK",
        )
    measure, asked = (evaluate_robust, "--robust") if robust else (evaluate_adaptation, "--adaptation")
    data_dir = data_unless_own(data_dir, sounds)
    name = name or pack.resolve().name
    command = f"chromesthesia-train evaluate {asked} {pack.as_posix()} --results {results_dir}"
    with tempfile.TemporaryDirectory() as nowhere, progress_bar(errors) as progress:
        root = Path(nowhere) if results_dir is None else results_dir / "metrics"
        path = measure(
            Measurement(pack, name, command, root, data_dir, sounds, tuple(notes or ())), counts_on(progress)
        )
        (found,) = [one for one in read_metrics(root) if one.path == path]
    file, clips = found["settings"]["encoder_file"], found["data"]["clips"]
    print_figures(f"{pack}: {file}, {clips} clips", flat(found["figures"]))
    if results_dir is not None:
        console.print(str(path))


def flat(figures: object, prefix: str = "") -> dict[str, float]:
    """Nested figures as one table."""
    assert isinstance(figures, dict)
    found: dict[str, float] = {}
    for key, value in figures.items():
        found.update(
            flat(value, f"{prefix}{key}: ") if isinstance(value, dict) else {f"{prefix}{key}": value}
        )
    return found
