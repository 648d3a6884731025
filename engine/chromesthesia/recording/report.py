"""The report of a show as a JSON file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from chromesthesia.recording.files import prepare_file, write_atomically
from chromesthesia.recording.streams import is_stream, write_to_stream


def prepare_report(path: Path) -> None:
    """Check before a show that a report can be written to `path`: a file, the program's own output, or a pipe.

    Raises RecordError as `prepare_file` does.
    """
    if not is_stream(path):
        prepare_file(path)


def write_report(path: Path, report: Mapping[str, object]) -> None:
    """Write `report` as JSON to `path`: to a file atomically, to the program's own output or a pipe straight.

    Numpy numbers and arrays, paths, tuples and mappings are taken; what is not finite becomes null.
    Raises RecordError when the file cannot be written, TypeError for an object with no JSON form.
    """
    text = json.dumps(_plain(report), indent=2, ensure_ascii=False, allow_nan=False)
    content = (text + "\n").encode(errors="replace")
    if is_stream(path):
        write_to_stream(path, content)
    else:
        write_atomically(path, content)


def _plain(value: object) -> object:
    """`value` in the types that JSON knows."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case np.generic() | np.ndarray():
            return _plain(value.tolist())
        case Path():
            return str(value)
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            raise TypeError(f"a report cannot hold {type(value).__name__}: {value!r}")
