"""`chromesthesia report`: a day of a show from its log alone."""

from __future__ import annotations

import json as json_text
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia.core.errors import UsageError
from chromesthesia.core.user_files import shown


def report(
    log: Annotated[Path, typer.Argument(metavar="NIGHT.log", help="What `run --log-file` writes.")],
    day: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Another day than the newest in the log.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", metavar="", help="Print one JSON document for a program to read.")
    ] = False,
) -> None:
    """Tell how a day went: hours open, starts, what failed and for how long, the loudest hour.

    From the log alone, its older files included. Nothing of what was said or played is in it, nor in the log.
    """
    from chromesthesia.health.day import as_json, read_day, told

    found = read_day(log, None if day is None else _day(day))
    if json:
        typer.echo(json_text.dumps(as_json(found), indent=1))
    else:
        typer.echo("\n".join(told(found)))


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise UsageError(f"--day {shown(text)} is no day", "write it as 2026-11-26") from error
