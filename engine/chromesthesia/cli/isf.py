"""`chromesthesia isf`: the ISF shaders there are, and whether each of them can be drawn here."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chromesthesia.cli.console import complain, say
from chromesthesia.cli.lists import plain_table, show_table
from chromesthesia.core.user_files import one_line

if TYPE_CHECKING:
    from chromesthesia.isf.header import IsfHeader


def isf(
    given: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER|FILE]...", help="Try these instead of the user's and the shipped ones."
        ),
    ] = None,
) -> None:
    """List the ISF shaders with their inputs, and try whether each compiles here."""
    from chromesthesia.display.headless import HeadlessSurface
    from chromesthesia.isf.shelf import Shelf, open_shelf
    from chromesthesia.render.isf_trial import try_files

    shelf, files = open_shelf(given or ())
    if given:
        shelf = Shelf(shelf.folders[: sum(path.is_dir() for path in given)])
    # Every error is told below, beside its file.
    logging.getLogger("chromesthesia.render.isf_stage").setLevel(logging.CRITICAL)
    table = plain_table("file", "", "passes", "inputs", folded=3)
    wrong: list[str] = []
    count = 0
    surface = HeadlessSurface(16, 16)
    try:
        for tried in try_files(surface.ctx, [*files, *shelf.files()]):
            count += 1
            if tried.error:
                wrong.append(f"{one_line(tried.path)}: {tried.error}")
            elif tried.shader is not None:
                header = tried.shader.header
                names = " ".join(one.name for one in header.inputs if not one.is_texture)
                table.add_row(tried.shader.name, _kind(header), str(len(header.passes)), names)
    finally:
        surface.close()
    if count > len(wrong):
        show_table(table)
    say(f"{count - len(wrong)} of {count} ISF shaders can be drawn here.", "yellow" if wrong else "green")
    for line in wrong:
        complain(line, "")
    if wrong:
        raise typer.Exit(1)


def _kind(header: IsfHeader) -> str:
    if not header.is_filter:
        return "scene"
    return "filter" if any(one.name == "inputImage" for one in header.inputs) else "transition"
