"""`chromesthesia-train export` and `tensorrt`: a pack from two runs, and engines for the GPU at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chromesthesia_training.cli.options import ENCODER_RUN, GAN_RUN, console, print_figures, quieten_exporter

EXPORT_EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train export exports/mine

chromesthesia-train export exports/mine --encoder runs/encoder-2 --gan runs/gan-2 --no-int8 --note "Trained on rain."

chromesthesia-train export exports/mine --tensorrt
"""
ALIGNMENT_RUN = Path("runs/align/pack")


def export(
    out: Annotated[Path, typer.Argument(help="Folder of the pack; its name is the pack's name.")] = Path(
        "exports/default"
    ),
    encoder_run: Annotated[Path, typer.Option("--encoder", help="Run of the encoder.")] = ENCODER_RUN,
    gan_run: Annotated[Path, typer.Option("--gan", help="Run of the generator.")] = GAN_RUN,
    alignment: Annotated[
        Path | None,
        typer.Option(
            "--alignment",
            help=f"Run that aligned sounds and pictures, for the nearest-artwork index; else {ALIGNMENT_RUN} "
            "where it was made for this encoder.",
            show_default=False,
        ),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8/--no-int8", help="Try int8 for both models, and keep it where it pays.")
    ] = True,
    tensorrt: Annotated[
        bool, typer.Option("--tensorrt", help="Then build TensorRT engines for the GPU of this machine.")
    ] = False,
    version: Annotated[
        str | None,
        typer.Option("--version", help="Version of the pack; else the year and month.", show_default=False),
    ] = None,
    notes: Annotated[
        list[str] | None,
        typer.Option("--note", help="A point for the model card; may be given again.", show_default=False),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results",
            help="Also keep what int8 gave as a metrics file below this folder.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a pack of two runs: export both models, hold them against torch, time them, check the whole."""
    from chromesthesia_training.packing.export_run import ExportRequest, export_pack

    quieten_exporter()
    request = ExportRequest(
        out, encoder_run, gan_run, alignment, ALIGNMENT_RUN, int8, version, tuple(notes or ()), results
    )
    made = export_pack(request)
    timing, parity = made.report.timing, made.parity
    print_figures("figures of the pack", made.report.metrics)
    console.print(
        f"encoder: differs from torch by {parity.encoder_torch_onnx:.1e}, streamed from offline by "
        f"{parity.encoder_streamed_offline:.1e}; {timing.encoder_step_ms:.2f} ms a step of 80 ms"
    )
    console.print(
        f"generator: differs from torch by {parity.generator_torch_onnx:.1e}; {timing.generator_image_ms:.1f} ms a "
        f"picture, {timing.images_per_s:.0f} a second, on one thread of {timing.machine}"
    )
    for result in made.int8:
        console.print(f"{result.model} int8: {result.why}")
    console.print(f"{made.report.folder}: {made.report.size_bytes / 1e6:.1f} MB")
    if tensorrt:
        _build_engines(made.report.folder, None, fp16=True)


def tensorrt(
    pack: Annotated[Path, typer.Argument(help="Folder of the pack.")] = Path("exports/default"),
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            help="Where engines and tactic timings are kept; else in the user's cache folder.",
            show_default=False,
        ),
    ] = None,
    fp16: Annotated[bool, typer.Option("--fp16/--fp32", help="Compute in half precision.")] = True,
) -> None:
    """Build TensorRT engines of a pack's models for the GPU of this machine."""
    _build_engines(pack, cache, fp16)


def _build_engines(pack: Path, cache: Path | None, fp16: bool) -> None:
    from chromesthesia.inference.probe import load_pack
    from chromesthesia.packs.find import find_pack
    from chromesthesia_training.packing.tensorrt_engine import build_engine, default_cache_dir

    loaded = load_pack(find_pack(pack), check_models=False)
    cache = cache or default_cache_dir()
    # The encoder stays on the CPU: its step is shorter than the way to a GPU.
    built = build_engine(
        loaded.generator_bytes, f"{loaded.name}/{loaded.manifest.generator.file}", cache, fp16
    )
    how = "was there already" if built.from_cache else f"built in {built.build_s:.0f} s"
    console.print(f"{built.path}: {built.size_bytes / 1e6:.1f} MB, {built.precision}, for {built.gpu}, {how}")
