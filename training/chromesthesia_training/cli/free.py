"""`chromesthesia-train free-encoder` and `free-pictures`: a pack of nothing but free data, each file of it listed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia.core.errors import UsageError
from chromesthesia_training.cli.options import (
    CacheOption,
    DataOption,
    EvaluateOption,
    FeatureWeightsOption,
    FreshOption,
    ThreadsOption,
    console,
    data_or_sounds,
    default_data_dir,
    errors,
    print_figures,
    quieten_exporter,
    squeezenet_weights,
)
from chromesthesia_training.corpora.datasets import DEFAULT_CACHE_DIR
from chromesthesia_training.progress import counts_on, progress_bar

EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train free-encoder --results docs/results

chromesthesia-train free-encoder --sounds free/subesco --run runs/free-more
"""

PICTURE_EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train free-pictures data/free-pictures

chromesthesia-train gan --pictures data/free-pictures --run runs/gan-free
"""


def free_pictures(
    out: Annotated[Path, typer.Argument(help="Folder to write: squares, index.csv, provenance.csv.")],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            help="Free pictures with an index.csv (path, artist, split, fold, licence); else free/pictures of --data.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataOption = None,
) -> None:
    """Cut free paintings into squares and label them by rule, for a painter that may be shown for money."""
    from chromesthesia_training.free.pictures import PICTURES_DIR, write_free_pictures

    data_dir = data_dir or default_data_dir()
    if folder is None:
        if data_dir is None:
            raise UsageError("no pictures were given", "use --folder FOLDER or --data FOLDER")
        folder = data_dir / PICTURES_DIR
    with progress_bar(errors) as progress:
        task = progress.add_task("cutting and measuring", total=None)
        pictures, squares = write_free_pictures(
            folder, out, lambda done, total: progress.update(task, completed=done, total=total)
        )
    console.print(f"{out}: {squares} squares of {pictures} pictures, each free", soft_wrap=True)


def free_encoder(
    data_dir: DataOption = None,
    sounds: Annotated[
        Path | None,
        typer.Option("--sounds", help="More free corpora, as published (docs/data.md).", show_default=False),
    ] = None,
    run: Annotated[Path, typer.Option("--run", help="Folder of the run and of what comes of it.")] = Path(
        "runs/free"
    ),
    cache: CacheOption = DEFAULT_CACHE_DIR,
    pretrained: Annotated[
        Path | None,
        typer.Option(
            "--pretrained",
            help="yamnet.tflite as published (default: weights/yamnet.tflite of --data).",
            show_default=False,
        ),
    ] = None,
    room: Annotated[
        float,
        typer.Option("--room", min=0.0, help="Seconds over which the running room is known; 0: no room."),
    ] = 120.0,
    seed: Annotated[int, typer.Option("--seed", help="Everything random follows from it.")] = 3,
    threads: ThreadsOption = 1,
    fresh: FreshOption = False,
    evaluate: EvaluateOption = False,
    int8: Annotated[bool, typer.Option("--int8/--no-int8", help="Also try the encoder in int8.")] = True,
    results_dir: Annotated[
        Path | None,
        typer.Option(
            "--results", help="Also measure it on other corpora, below this folder.", show_default=False
        ),
    ] = None,
    notes: Annotated[
        list[str] | None, typer.Option("--note", help="A remark kept with the figures; may be given again.")
    ] = None,
) -> None:
    """Train an encoder that may be sold, on free data alone, and export it (interrupt and repeat to go on)."""
    import torch

    from chromesthesia_training.free.export import export_free, measure_free, stored_figures
    from chromesthesia_training.free.settings import FREE_SIZES, FreeRecipe, FreeSettings
    from chromesthesia_training.free.train import train_free
    from chromesthesia_training.metrics.metrics_file import read_metrics
    from chromesthesia_training.packing.provenance import judge
    from chromesthesia_training.packing.quantize import quantise_encoder

    quieten_exporter()
    torch.set_num_threads(threads)
    data_dir = data_or_sounds(data_dir, sounds)
    recipe = FreeRecipe(sizes=replace(FREE_SIZES, room_s=room))
    settings = FreeSettings(run, data_dir, sounds, cache, pretrained, recipe, seed, fresh)
    if not evaluate:
        train_free(settings)
    export = export_free(run, quantise_encoder if int8 else None)
    print_figures("held-out speakers of the free data", stored_figures(run))
    console.print(judge(export.origins).may.replace("**", ""), highlight=False, soft_wrap=True, markup=False)
    if results_dir is None:
        return
    with progress_bar(errors) as progress:
        command = f"chromesthesia-train free-encoder --results {results_dir.as_posix()}"
        path = measure_free(
            settings, export, results_dir / "metrics", command, tuple(notes or ()), counts_on(progress)
        )
    (found,) = [one for one in read_metrics(results_dir / "metrics") if one.path == path]
    ways = ("in_room", "alone", "on_and_on")
    print_figures(
        f"{export.runs}: corpora that trained nothing",
        {way: figure.mean for way in ways if (figure := found.figure(f"{way}.macro_f1")) is not None},
    )
    console.print(str(path))


PACK_EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train free-pack exports/free --pictures data/free-pictures

chromesthesia-train provenance check exports/free --data ../shared/data
"""


def free_pack(
    out: Annotated[Path, typer.Argument(help="Folder of the pack; its name is the pack's name.")] = Path(
        "exports/free"
    ),
    pictures: Annotated[
        Path, typer.Option("--pictures", help="What `free-pictures` wrote and the painter learned from.")
    ] = Path("data/free-pictures"),
    encoder_run: Annotated[Path, typer.Option("--encoder", help="Run of `free-encoder`.")] = Path(
        "runs/free"
    ),
    gan_run: Annotated[Path, typer.Option("--gan", help="Run of `gan --pictures`.")] = Path("runs/gan-free"),
    weights: FeatureWeightsOption = None,
    data_dir: DataOption = None,
    results_dir: Annotated[
        Path, typer.Option("--results", help="Where `free-encoder --results` kept the encoder's figures.")
    ] = Path("docs/results"),
) -> None:
    """Make a pack of a free encoder and a free painter, with a list of every file that trained either."""
    from chromesthesia_training.free.export import METRICS_NAME
    from chromesthesia_training.free.pack import make_free_pack
    from chromesthesia_training.metrics.metrics_file import read_metrics
    from chromesthesia_training.packing.provenance import check_pack

    quieten_exporter()
    data_dir = data_dir or default_data_dir()
    weights = squeezenet_weights(weights, data_dir)
    if weights is None:
        raise UsageError("the weights of SqueezeNet were not found", "give them with --weights FILE.npz")
    found = read_metrics(results_dir / "metrics") if results_dir.is_dir() else []
    kept = [one for one in found if (one.section, one.name) == ("encoders", METRICS_NAME)]
    report = make_free_pack(encoder_run, gan_run, pictures, weights, out, kept[0]["figures"] if kept else {})
    console.print(f"{report.folder}: {report.size_bytes / 1e6:.1f} MB", soft_wrap=True)
    verdict = check_pack(out)
    console.print(verdict.may.replace("**", ""), highlight=False, soft_wrap=True, markup=False)
