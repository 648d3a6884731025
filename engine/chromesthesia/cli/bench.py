"""`chromesthesia bench`: what a person feels of this machine, measured."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated, Any

import typer

from chromesthesia.cli import options
from chromesthesia.cli.console import ERR, OUT, say
from chromesthesia.core.errors import UsageError
from chromesthesia.core.safe_write import replace_file
from chromesthesia.core.user_files import one_line

EXAMPLES = """[bold]Examples[/bold]

chromesthesia bench --quick

chromesthesia bench --full --json here.json --html here.html

chromesthesia bench --compare before.json after.json

chromesthesia bench --light --device "USB Audio"
"""


def bench(
    quick: Annotated[bool, typer.Option("--quick", metavar="", help="Half a minute.")] = False,
    full: Annotated[bool, typer.Option("--full", metavar="", help="300 clicks, every preset.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all figures there.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots there.")
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A.json B.json", help="Measure nothing: set two measurements side by side."),
    ] = None,
    light: Annotated[
        bool,
        typer.Option(
            "--light",
            metavar="",
            help="True sound to photon: microphone on input 1, photodiode or solar cell on input 2.",
        ),
    ] = False,
    flashes: Annotated[int, typer.Option(min=10, max=1000, help="With --light: how many.")] = 300,
    device: Annotated[str | None, typer.Option(help="With --light: part of the interface's name.")] = None,
    room: Annotated[
        Path, typer.Option(metavar="FILE", help="With --light: where the room's offset is kept.")
    ] = Path("room.toml"),
    size: options.Size = None,
    fps: options.Fps = 60.0,
    pack: options.Pack = None,
    provider: options.Where = options.Provider.AUTO,
    interop: Annotated[
        bool, typer.Option("--interop", metavar="", help="Also from CUDA into OpenGL without the host.")
    ] = False,
) -> None:
    """Measure what a person feels: sound to light, frames and pictures a second, start, memory, power."""
    if quick and full:
        raise typer.BadParameter("--quick or --full, not both")
    if compare is not None:
        _compare(compare, html)
        return
    # What is measured is not to be logged between its figures.
    logging.getLogger("chromesthesia").setLevel(logging.ERROR)
    if light:
        _light(flashes, device, room, json_file)
        return
    from chromesthesia.bench.plan import FULL, QUICK, USUAL, Choice, measure_all
    from chromesthesia.bench.report_html import page
    from chromesthesia.bench.summary import summary

    width, height = options.parse_size(size or "640x360")
    choice = Choice(
        QUICK if quick else FULL if full else USUAL,
        pack=pack,
        provider=provider.value,
        interop=interop,
        width=width,
        height=height,
        fps=fps or 60.0,
    )
    with ERR.status("measuring") as status:
        document = measure_all(choice, lambda title: status.update(f"measuring {title}"))
    OUT.print(summary(document))
    _keep(json_file, json.dumps(document, indent=1) + "\n")
    _keep(html, page(document))


def _compare(files: tuple[Path, Path], html: Path | None) -> None:
    from chromesthesia.bench.compare import compare, load
    from chromesthesia.bench.report_html import page
    from chromesthesia.bench.summary import changed

    before, after = (load(file) for file in files)
    changes = compare(before, after)
    OUT.print(changed(changes))
    _keep(html, page(after, changes))


def _light(flashes: int, device: str | None, room: Path, json_file: Path | None) -> None:
    from chromesthesia.bench.light import SoundInterface
    from chromesthesia.bench.light_run import measure_room

    found: dict[str, Any] = measure_room(flashes, device, room, SoundInterface)
    photon = found["sound_to_photon"]
    say(
        f"sound to photon {photon['p50']:.1f} / {photon['p95']:.1f} / {photon['p99']:.1f} ms (p50 / p95 / p99 of "
        f"{photon['count']} flashes, {found['missed']} missed)"
    )
    say(f"The room adds {1e3 * found['output_latency_s']:.1f} ms; kept in {one_line(room)}", "green")
    _keep(json_file, json.dumps(found, indent=1) + "\n")


def _keep(path: Path | None, text: str) -> None:
    if path is None:
        return
    replace_file(path, text.encode(), UsageError)
    say(f"Kept: {one_line(path)}", "green")
