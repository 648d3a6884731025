"""The report of a show as a JSON file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from chromesthesia.out.files import write_atomically


def write_report(path: Path, report: Mapping[str, object]) -> None:
    """Write `report` as JSON to `path`, atomically.

    Numpy numbers and arrays, paths, tuples and mappings are taken; what is not finite becomes null.
    Raises RecordError when the file cannot be written, TypeError for an object with no JSON form.
    """
    text = json.dumps(_plain(report), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


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
