"""`chromesthesia-train tune`: searches that several workers share. Start the command again for each further worker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from chromesthesia.core.errors import UsageError
from chromesthesia_training.cli.options import (
    CacheOption,
    DataOption,
    FeatureWeightsOption,
    PicturesOption,
    ThreadsOption,
    console,
    default_data_dir,
    quieten_exporter,
    squeezenet_weights,
)
from chromesthesia_training.corpora.datasets import DEFAULT_CACHE_DIR

tune_app = typer.Typer(
    no_args_is_help=True,
    help="Search for settings with Optuna. Interrupt and repeat to go on; a second terminal is a second worker.",
)

TrialsOption = Annotated[
    int, typer.Option("--trials", min=1, help="Trials of the study, by all workers and calls together.")
]
StudyOption = Annotated[
    Path, typer.Option("--study", help="Folder of the study; workers that share it share it.")
]


@tune_app.command("encoder")
def encoder(
    name: Annotated[
        str, typer.Argument(help="An offline encoder: cnn, resnet, transformer and so on.")
    ] = "cnn",
    data_dir: DataOption = None,
    study: StudyOption = Path("runs/tune/encoder"),
    trials: TrialsOption = 12,
    cache: CacheOption = DEFAULT_CACHE_DIR,
    quick: Annotated[bool, typer.Option("--quick", help="One epoch on a twelfth of the clips.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Everything random follows from it.")] = 0,
    threads: ThreadsOption = 1,
) -> None:
    """Learning rate, weight decay, batch and embedding of an offline encoder, by macro-F1."""
    from chromesthesia_training.stage import Context
    from chromesthesia_training.tune.encoders import search_encoder

    data_dir = data_dir or default_data_dir()
    if data_dir is None:
        raise UsageError("no data was found", "give the folder with --data, or set CHROMESTHESIA_SHARED")
    context = Context(data_dir=data_dir, quick=quick, seed=seed, threads=threads, cache_dir=cache)
    report = search_encoder(context, name, trials, study / name)
    _show(report, study / f"{name}.png")


@tune_app.command("gan")
def gan(
    data_dir: DataOption = None,
    pictures: PicturesOption = None,
    study: StudyOption = Path("runs/tune/gan"),
    trials: TrialsOption = 12,
    steps: Annotated[int, typer.Option("--steps", min=10, help="Training steps of a trial.")] = 400,
    weights: FeatureWeightsOption = None,
    cache: CacheOption = DEFAULT_CACHE_DIR,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Everything random follows from it.")] = 0,
    threads: ThreadsOption = 1,
) -> None:
    """Both learning rates and the pulls of the generator, by the emotions read from its pictures."""
    from chromesthesia_training.gan.settings import GanSettings
    from chromesthesia_training.tune.generator import search_generator

    quieten_exporter()
    data_dir = data_dir or default_data_dir()
    art_dir = pictures or (data_dir / "art" if data_dir is not None else None)
    weights = squeezenet_weights(weights, data_dir)
    if art_dir is None or weights is None:
        raise UsageError("no pictures or no weights of SqueezeNet", "use --data, or --pictures and --weights")
    common = GanSettings(art_dir, weights, cache_dir=cache, steps=steps, seed=seed, threads=threads)
    _show(search_generator(common, trials, study), study / "search.png")


def _show(report: object, drawing: Path) -> None:
    from chromesthesia_training.tune import TuneReport, draw_search

    assert isinstance(report, TuneReport)
    table = Table(title=f"{report.study_name}: {len(report.trials)} trials, best {report.best_value:.4g}")
    for heading in ("setting", "best", "importance"):
        table.add_column(heading, justify="left" if heading == "setting" else "right")
    for name, value in report.best.items():
        share = report.importance.get(name)
        shown = f"{value:.3g}" if isinstance(value, float) else str(value)
        table.add_row(name, shown, f"{share:.2f}" if share is not None else "")
    console.print(table)
    console.print(str(draw_search(report, drawing, report.study_name)))
