"""Arrays of one song, computed once and kept: one file a song, named by what it was computed from."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.errors import DataError
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[np.float32]]
Shapes = Mapping[str, tuple[int | None, ...]]
"""The shape that each array must have; None is any length."""
SAY_EVERY = 50


def stored(
    name: str,
    paths: Sequence[Path],
    folder: Path,
    compute: Callable[[Path], Arrays],
    shapes: Shapes,
    version: str,
) -> list[Arrays]:
    """The arrays of every sound, read where an earlier run has left them, else computed and written whole.

    `version` names the settings; with the bytes of the sound it makes the file's name, so that neither can go stale.
    Raises DataError naming a sound that cannot be read, and a file of features that is damaged or of the wrong shape.
    """
    found: list[Arrays] = []
    computed = 0
    for path in paths:
        file = folder / name / f"{_key(path, version)}.npz"
        if not file.is_file():
            arrays = compute(path)
            check_shapes(path, arrays, shapes)
            with whole_file(file) as open_file:
                stored: dict[str, Any] = {key: np.asarray(value) for key, value in arrays.items()}
                np.savez(open_file, **stored)
            computed += 1
            if computed % SAY_EVERY == 0:
                logger.info("%s: %d computed", name, computed)
        found.append(read_features(file, shapes))
    return found


def read_features(file: Path, shapes: Shapes) -> Arrays:
    """Arrays of a file of features. Raises DataError where it is damaged, lacks one, or one has another shape."""
    try:
        with np.load(file, allow_pickle=False) as stored_file:
            arrays = {key: np.asarray(stored_file[key]) for key in stored_file.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise DataError(
            f"the file of features {file} is damaged: {error}", "remove it: it is computed again", "corrupt"
        ) from error
    check_shapes(file, arrays, shapes)
    return arrays


def check_shapes(where: Path, arrays: Arrays, shapes: Shapes) -> None:
    """Raise DataError naming the array that is missing, of another shape, or holds what is not a number."""
    for key, shape in shapes.items():
        if key not in arrays:
            raise DataError(f"{where} holds no {key}", "remove it: it is computed again", "layout")
        got = arrays[key].shape
        if len(got) != len(shape) or any(
            want not in (None, have) for want, have in zip(shape, got, strict=True)
        ):
            wanted = " x ".join("any" if want is None else str(want) for want in shape)
            raise DataError(
                f"{where}: {key} is of shape {' x '.join(map(str, got))}, expected {wanted}",
                "remove it: it is computed again",
                "layout",
            )
        if not np.isfinite(arrays[key]).all():
            raise DataError(f"{where}: {key} holds what is not a number", "remove it", "corrupt")


def _key(path: Path, version: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot read the sound {path}: {error.strerror}", "restore it or drop its row", "missing"
        ) from error
    return hashlib.sha256(version.encode() + hashlib.sha256(content).digest()).hexdigest()[:24]
