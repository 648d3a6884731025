"""Tables that people save: csv with commas, semicolons or tabs, any Unicode encoding, every error a named one."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from chromesthesia.core.user_files import MakeError, decode_text, one_line, read_bytes
from chromesthesia_training.errors import DataError

LIMIT_BYTES = 64 << 20
DELIMITERS = (",", ";", "\t", "|")
_DELIMITER_LINE = "sep="


class Row(dict[str, str]):
    """Cells of a row by heading; `line` is where it stands in its file."""

    line = 0


def read_table(
    path: Path,
    required: Iterable[str] = (),
    error: type[DataError] = DataError,
    quoted: bool = True,
    needs_rows: bool = True,
) -> list[Row]:
    """Rows of a table by heading, blanks around headings and cells taken off, a cell that is not there empty.

    The separator is the one that shows the `required` columns. quoted: whether quotation marks enclose cells.
    Raises `error` for a file that cannot be read, is no text, lacks a column or (needs_rows) has no rows.
    """
    text = _text(path, error)
    lines, delimiter, skipped = _separated(text, required, quoted)
    try:
        reader = csv.reader(
            lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        )
        headings = [heading.strip() for heading in next(reader, [])]
        missing = sorted(set(required) - set(headings))
        if missing:
            raise error(
                f"{one_line(path)} has no column {', '.join(missing)}",
                f"separate columns by commas, semicolons, tabs or bars; it has: {one_line(', '.join(headings))}",
                "layout",
            )
        rows = []
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                row = Row(zip(headings, cells + [""] * (len(headings) - len(cells)), strict=False))
                row.line = reader.line_num + skipped
                rows.append(row)
    except csv.Error as problem:
        raise error(
            f"{one_line(path)}: not a table: {one_line(problem)}", "save it as csv again", "corrupt"
        ) from problem
    if needs_rows and not rows:
        raise error(f"{one_line(path)} has no rows", "give at least one", "layout")
    return rows


def headings_of(path: Path) -> set[str]:
    """Headings of a table; none where there is no such file or it is no table."""
    try:
        lines, delimiter, _ = _separated(_text(path, DataError), (), True)
        return {heading.strip() for heading in next(csv.reader(lines, delimiter=delimiter), [])}
    except (DataError, csv.Error):
        return set()


def to_number(text: str) -> float:
    """A finite number, with a decimal point or, as spreadsheets of many countries write, a comma.

    Raises ValueError for anything else.
    """
    value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return value


def below(folder: Path, cell: str, where: str) -> Path:
    """The file that a table names, which lies in the table's folder. Raises DataError for one that does not.

    Backslashes, as in tables written on Windows, separate folders too.
    """
    named = cell if "/" in cell else cell.replace("\\", "/")
    path = Path(os.path.normpath(folder / named))
    inside = path.is_relative_to(os.path.normpath(folder)) and path != Path(os.path.normpath(folder))
    if not named or not inside or "\0" in named:
        raise DataError(
            f"{where}: the path {one_line(cell)!r} leads out of its folder" if named else f"{where}: no path",
            "give the path of a file below the table's own folder",
            "layout",
        )
    return folder / named


def _text(path: Path, error: type[DataError]) -> str:
    absent: MakeError = partial(error, kind="missing")
    corrupt: MakeError = partial(error, kind="corrupt")
    return decode_text(read_bytes(path, LIMIT_BYTES, absent), path, corrupt)


def _separated(text: str, required: Iterable[str], quoted: bool) -> tuple[io.StringIO, str, int]:
    """The text after a line `sep=;`, the separator named there or that shows most columns, and lines skipped."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith(_DELIMITER_LINE) and len(first.rstrip("\r")) == len(_DELIMITER_LINE) + 1:
        return io.StringIO(rest, newline=""), first[len(_DELIMITER_LINE)], 1
    wanted = set(required)

    def shown(delimiter: str) -> tuple[int, int]:
        row = next(
            csv.reader([first], delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE),
            [],
        )
        return len(wanted & {heading.strip() for heading in row}), len(row)

    try:
        return io.StringIO(text, newline=""), max(DELIMITERS, key=shown), 0
    except csv.Error:
        return io.StringIO(text, newline=""), DELIMITERS[0], 0
