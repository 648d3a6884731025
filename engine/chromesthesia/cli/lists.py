"""`chromesthesia devices`, `params`, `presets` and `packs`: what there is, and whether a file of yours is right."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from chromesthesia.cli.console import OUT, complain, say
from chromesthesia.core.user_files import one_line

if TYPE_CHECKING:
    from chromesthesia.packs.pack import Pack

log = logging.getLogger(__name__)

packs_app = typer.Typer(help="Model packs: list them, check one.", no_args_is_help=True)


WIDEST = 10_000
"""Longest line of a table in a file or pipe."""


def plain_table(*columns: str, folded: int = -1) -> Table:
    """A table without lines; folded: the column that may take several lines."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=index != folded and not OUT.is_terminal)
    return table


def show_table(table: Table) -> None:
    """Fit a terminal; into a file or pipe write whole lines."""
    if OUT.is_terminal:
        OUT.print(table)
        return
    # Measured without the width of a terminal that is not there, which would cut the longest lines.
    whole = OUT.measure(table, options=OUT.options.update(max_width=WIDEST))
    Console(file=OUT.file, width=max(OUT.width, whole.maximum), highlight=False).print(table)


def devices() -> None:
    """List the microphones and other inputs, and MIDI devices."""
    from chromesthesia.audio.devices import list_inputs

    found = list_inputs()
    if not found:
        say("No input here; `chromesthesia run` plays the bundled étude instead.", "yellow")
        _midi()
        return
    table = plain_table("", "#", "name (--device)", "host API (--host-api)", "channels", "rate")
    for device in found:
        mark = "*" if device.is_default else ""
        rate = f"{device.default_rate_hz} Hz"
        name, host_api = one_line(device.name), one_line(device.host_api)
        table.add_row(mark, str(device.index), name, host_api, str(device.channels), rate)
    show_table(table)
    say("* the default. Numbers change when devices come and go: choose by part of the name.", "dim")
    _midi()


def _midi() -> None:
    """MIDI devices, where there is MIDI at all; who has none need not read about it."""
    from chromesthesia.ports.midi.devices import MidiError, open_backend

    try:
        backend = open_backend()
        rows = [(one_line(name), "in (--midi-in)") for name in backend.inputs()]
        rows += [(one_line(name), "out (--midi-clock-out)") for name in backend.outputs()]
    except MidiError as error:
        log.debug("no MIDI: %s", error)
        return
    if rows:
        table = plain_table("MIDI", "")
        for row in rows:
            table.add_row(*row)
        show_table(table)


def params(
    search: Annotated[
        str, typer.Argument(metavar="[WORD]", help="Only those with this in address or text.")
    ] = "",
    markdown: Annotated[
        bool, typer.Option("--markdown", metavar="", help="Print the reference page docs/parameters.md.")
    ] = False,
) -> None:
    """List every parameter and action: OSC address and preset key, type, range, default."""
    from chromesthesia.params.reference import COLUMNS, action_rows, parameter_rows, parameters_page

    if markdown:
        typer.echo(parameters_page(), nl=False)
        return
    everything = [*parameter_rows(), *action_rows()]
    rows = [row for row in everything if search.casefold() in f"{row[0]} {row[-1]}".casefold()]
    if not rows:
        say(f"No parameter or action has {search!r} in its address or description.", "yellow")
        raise typer.Exit(1)
    table = plain_table(*COLUMNS, folded=len(COLUMNS) - 1)
    for row in rows:
        table.add_row(*row)
    show_table(table)


def presets(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Check these preset files instead.")
    ] = None,
) -> None:
    """List the presets, or check preset files."""
    from chromesthesia.core.paths import resource_dirs
    from chromesthesia.params.presets import find_presets, load_preset

    if files:
        for path in files:
            preset = load_preset(path)
            say(
                f"{one_line(path)}: {preset.name}, {len(preset.params)} parameters, {len(preset.routes)} routes: fine"
            )
        return
    library = find_presets(resource_dirs("presets"))
    table = plain_table("name", "description", folded=1)
    for preset in library:
        table.add_row(preset.name, preset.description)
    show_table(table)
    for error in library.broken:
        complain(error.message, error.remedy)
    if library.broken:
        raise typer.Exit(library.broken[0].exit_code)


@packs_app.command("list")
def list_packs() -> None:
    """List the model packs that are found; the first of a name is the one that is used."""
    from chromesthesia.core.errors import PackError
    from chromesthesia.inference.probe import load_pack
    from chromesthesia.packs import find

    folders = find.list_packs()
    if not folders:
        raise PackError("there is no model pack here", "give the folder of one with --pack")
    for folder in folders:
        try:
            say(f"{load_pack(folder, check_models=False).name}: {one_line(folder)}")
        except PackError as error:
            complain(error.message, error.remedy)


@packs_app.command("check")
def check_pack(path: Annotated[Path, typer.Argument(help="Folder of the pack.")]) -> None:
    """Check a model pack wholly: files, tensors, state, times, art index. Every fault is named, exit code 4."""
    from chromesthesia.inference.check import find_faults
    from chromesthesia.inference.probe import load_pack
    from chromesthesia.packs.find import find_pack
    from chromesthesia.packs.manifest import short_name

    folder = find_pack(path)
    faults = find_faults(folder)
    for fault in faults:
        complain(fault.message, fault.remedy)
    if faults:
        say(f"{one_line(folder)}: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}", "red")
        raise typer.Exit(faults[0].exit_code)
    pack = load_pack(folder, check_models=False)
    encoder_ms, generator_ms = _try_models(pack)
    size = "x".join(map(str, pack.manifest.generator.image_size))
    say(f"{pack.name}: fine. The encoder takes {encoder_ms:.2f} ms of every 80 ms here,", "green")
    say(f"the generator {generator_ms:.1f} ms a picture of {size}.")
    timing = pack.manifest.timing
    if timing is not None:
        say(
            f"Exported on {timing.machine}: {timing.encoder_step_ms:.2f} ms and {timing.generator_image_ms:.1f} ms, "
            f"{timing.images_per_s:.0f} pictures a second on one thread."
        )
    for tier in pack.manifest.tiers:
        say(f"{short_name(tier.model)} {tier.precision}: {tier.why}", "dim")
    if pack.art_index is not None:
        say(f"Nearest-artwork index of {len(pack.art_index)} paintings.")


def _try_models(pack: Pack, times: int = 5) -> tuple[float, float]:
    """Milliseconds, best of `times`, of one encoder step and one picture on the CPU."""
    import numpy as np

    from chromesthesia.core.emotions import condition_size
    from chromesthesia.core.records import ENCODER_HOPS
    from chromesthesia.inference.encoder import OnnxEncoder
    from chromesthesia.inference.generator import OnnxGenerator

    encoder, generator = OnnxEncoder(pack), OnnxGenerator(pack, "cpu")
    log_mel = np.full((ENCODER_HOPS, 64), -16.0, np.float32)
    condition = np.zeros(condition_size(generator.condition_labels), np.float32)
    noise = np.ones(generator.noise_size, np.float32)
    return (
        min(_timed_ms(lambda: encoder.step(log_mel, 0, 0.0)) for _ in range(times)),
        min(_timed_ms(lambda: generator.paint(condition, noise)) for _ in range(times)),
    )


def _timed_ms(call: Callable[[], object]) -> float:
    begin_s = perf_counter()
    call()
    return (perf_counter() - begin_s) * 1000
