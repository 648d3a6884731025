"""`chromesthesia-train reproduce`: data, training, evaluation and report by one command."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia.core.errors import UsageError
from chromesthesia_training.cli.options import console, default_data_dir, errors

EXAMPLES = """Interrupt it with Ctrl-C: the same command goes on. On several GPUs:

torchrun --nproc-per-node gpu -m chromesthesia_training.cli reproduce
"""


def reproduce(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="A section (data, encoders, alignment, generator, music, vae, report) or a stage; may be given again. "
            "What it needs and is missing runs first.",
            show_default=False,
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Tiny budgets: minutes, figures that mean nothing, kept in runs/quick."),
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Show the stages and their state; run nothing.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data", help="Research data; else $CHROMESTHESIA_SHARED/data, else ../shared/data."),
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder of checkpoints and caches.")] = Path("runs"),
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads that torch may use.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Everything random follows from it.")] = 0,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do again what is done, from its beginning.")
    ] = False,
    backbone: Annotated[
        str | None,
        typer.Option(
            "--backbone",
            help="What sees the paintings that sounds are aligned to: timm:MODEL (timm:efficientnet_b0), or squeezenet "
            "with other weights; else SqueezeNet of the data folder.",
            show_default=False,
        ),
    ] = None,
    backbone_weights: Annotated[
        Path | None,
        typer.Option(
            "--backbone-weights",
            help="Its weights: a .safetensors, .pth, .pt or .bin of timm, the .npz of SqueezeNet.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Prepare data, train, evaluate and report: every stage that is not done yet, in order."""
    import torch

    from chromesthesia_training.cli.options import quieten_exporter
    from chromesthesia_training.reproduce.plan import ordered, plan
    from chromesthesia_training.reproduce.run import list_stages
    from chromesthesia_training.reproduce.run import reproduce as run_stages
    from chromesthesia_training.reproduce.stages import all_stages
    from chromesthesia_training.reproduce.together import processes
    from chromesthesia_training.stage import Context

    data_dir = data_dir or default_data_dir()
    if data_dir is None and not listed:
        raise UsageError("no data was found", "give the folder with --data, or set CHROMESTHESIA_SHARED")
    if (backbone is None) != (backbone_weights is None):
        raise UsageError("--backbone and --backbone-weights belong together", "give both or neither")
    context = Context(
        data_dir=data_dir or Path("data"),
        runs_dir=runs / "quick" if quick else runs,
        results_dir=runs / "quick" / "results" if quick else Path("docs/results"),
        quick=quick,
        threads=threads,
        seed=seed,
        fresh=fresh,
        cache_dir=runs / "cache",
        backbone=backbone,
        backbone_weights=backbone_weights,
    )
    if listed:
        console.print(list_stages(plan(ordered(all_stages()), only or (), context)))
        return
    quieten_exporter()
    torch.set_num_threads(threads)
    among = processes()
    if not among.here.first:
        logging.getLogger("chromesthesia_training").setLevel(logging.ERROR)
    errors.quiet = errors.quiet or not among.here.first
    run_stages(all_stages(), context, only or (), errors, among)
