"""A user's file of one table with lists of rows, checked to the last key before anything is done with it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TypeVar

from chromesthesia.core.schema import MISSING, MisfitError, Table, keys_of, read_table
from chromesthesia.core.user_files import MakeError, shown

T = TypeVar("T", bound=Table)


def checked_table(
    table: Mapping[str, object],
    kind: type[T],
    rows: Mapping[str, tuple[type[Table], int]],
    schema: int,
    where: str,
    error: MakeError,
) -> T:
    """What a parsed file says, as declared by `kind`.

    rows: by the key of a list of tables, their declaration and how many there may be. Raises `error` naming the row and
    the key for another schema, an unknown or missing key, a value of another type, and a crowd.
    """
    number = table.get("schema")
    if number != schema or isinstance(number, bool):
        found = "no schema number" if number is None else f"schema is {shown(number)}"
        raise error(f"{where}: {found}", f"start the file with schema = {schema}")
    _check_keys(table, keys_of(kind), where, error)
    for key, (row_kind, most) in rows.items():
        listed = table.get(key)
        if not isinstance(listed, list):
            continue
        if len(listed) > most:
            raise error(f"{where}: {len(listed)} times [[{key}]]", f"use at most {most}")
        for count, row in enumerate(listed, start=1):
            if isinstance(row, dict):
                _check_keys(row, keys_of(row_kind), f"{where}: {key} {count}", error)
    try:
        return read_table(table, kind)
    except MisfitError as misfit:
        raise _told(misfit, rows, where, error) from misfit


def _told(misfit: MisfitError, rows: Mapping[str, object], where: str, error: MakeError) -> Exception:
    path = misfit.path
    if len(path) > 1 and path[0] in rows and isinstance(path[1], int):
        where = f"{where}: {path[0]} {path[1] + 1}"
    key = path[-1] if path else ""
    if isinstance(key, int):
        key = path[0]
    if misfit.value is MISSING:
        return error(f"{where}: no {key!r}", f"give {key!r}")
    if key in rows:
        return error(f"{where}: {key} is {shown(misfit.value)}", f"write each under its own [[{key}]]")
    return error(f"{where}: {key} is {shown(misfit.value)}", f"write {misfit.expected or 'another value'}")


def _check_keys(table: Mapping[str, object], known: Sequence[str], where: str, error: MakeError) -> None:
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key[:80], known, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}? " if close else ""
            raise error(f"{where}: unknown key {shown(key, 80)}", f"{hint}known: {', '.join(known)}")
