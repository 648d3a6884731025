"""`chromesthesia nearest`: the paintings that lie nearest to a sound."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia.cli import options
from chromesthesia.cli.console import say
from chromesthesia.cli.lists import plain_table, show_table

MOST = 100


def nearest(
    sound: Annotated[Path, typer.Argument(help="A sound file, or a video with sound.")],
    pack: options.Pack = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=MOST, help="How many.")] = 5,
    duration: Annotated[
        float | None, typer.Option(min=0.0, help="Listen to so many seconds from its start only.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", metavar="", help="Print one JSON document for a program to read.")
    ] = False,
) -> None:
    """Name the paintings of a pack's index that lie nearest to a sound: artist, title, distance.

    Sound and paintings share a space that was learned; 0 is the same place, 1 nothing in common, 2 the opposite.
    """
    from chromesthesia.inference.probe import load_pack
    from chromesthesia.packs.find import find_pack
    from chromesthesia.show.nearest_file import nearest_to_file

    found = nearest_to_file(load_pack(find_pack(pack)), sound, count, duration)
    if json:
        document = [
            {
                "artist": one.artist,
                "title": one.title,
                "distance": round(one.distance, 4),
                "emotion": one.emotion,
                "path": one.path,
            }
            for one in found
        ]
        typer.echo(json_text.dumps(document, ensure_ascii=False, indent=1))
        return
    table = plain_table("distance", "artist", "title", "emotion", folded=2)
    for one in found:
        table.add_row(f"{one.distance:.3f}", one.artist, one.title, one.emotion)
    show_table(table)
    say(f"Of {sound.name}, by the mean of what the encoder heard while it sounded.", "dim")
