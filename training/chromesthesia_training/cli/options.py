"""What the commands of `chromesthesia-train` share: options, consoles, where the shared data lie."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chromesthesia.core.errors import UsageError

console = Console()
errors = Console(stderr=True)

ENCODER_RUN, GAN_RUN = Path("runs/encoder"), Path("runs/gan")

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Folder with speech/, vgmidi/, emotify/ and art/, each with an index.csv. Without it and without a folder "
        "of your own: $CHROMESTHESIA_SHARED/data, else ../shared/data.",
        show_default=False,
    ),
]
SoundsOption = Annotated[
    Path | None,
    typer.Option(
        "--sounds",
        help="Your own sounds: FOLDER/angry/*.wav, FOLDER/happy/*.wav, FOLDER/sad/*.wav; put each speaker into a "
        "folder of its own (angry/maria/*.wav) so that scores are of unseen speakers.",
        show_default=False,
    ),
]
PicturesOption = Annotated[
    Path | None,
    typer.Option(
        "--pictures",
        help="Your own pictures: FOLDER/sadness/*.jpg, FOLDER/contentment/*.png and so on.",
        show_default=False,
    ),
]
FeatureWeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--weights", help="SqueezeNet 1.1 as .npz; else that of the data folder.", show_default=False
    ),
]
CacheOption = Annotated[Path, typer.Option("--cache", help="Where spectra and decoded pictures are kept.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Threads that torch may use.")]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Start anew instead of going on from the checkpoint.")
]
EvaluateOption = Annotated[
    bool, typer.Option("--evaluate", help="Train no further: only score what is there.")
]


def quieten_exporter() -> None:
    """Leave only errors of the ONNX exporter; after torch was imported, which sets levels of its own."""
    for chatty in ("onnxscript", "onnx_ir", "torch.onnx"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


def default_data_dir() -> Path | None:
    """The shared data beside the checkout, or where CHROMESTHESIA_SHARED says; None when absent."""
    shared = Path(os.environ.get("CHROMESTHESIA_SHARED") or "../shared")
    return shared / "data" if (shared / "data").is_dir() else None


def data_unless_own(data_dir: Path | None, own: Path | None) -> Path | None:
    """The data asked for, else the shared ones, but beside files of one's own only what was asked for."""
    return data_dir or (None if own is not None else default_data_dir())


def data_or_sounds(data_dir: Path | None, sounds: Path | None) -> Path | None:
    """`data_unless_own`; raises UsageError where neither is there."""
    data_dir = data_unless_own(data_dir, sounds)
    if data_dir is None and sounds is None:
        raise UsageError("no data was given", "use --data FOLDER, --sounds FOLDER or both")
    return data_dir


def print_figures(title: str, figures: object) -> None:
    """A table of the numbers of a mapping by name."""
    assert isinstance(figures, dict)
    table = Table(title=title)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(str(name), f"{value:.4g}")
    console.print(table)


def squeezenet_weights(given: Path | None, data_dir: Path | None) -> Path | None:
    """The file of `--weights`, else that of the shared data; None where there is neither."""
    from chromesthesia_training.backbones.squeezenet import WEIGHTS_FILE

    return given or (None if data_dir is None else data_dir / WEIGHTS_FILE)
