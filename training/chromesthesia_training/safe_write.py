"""Files that appear whole or not at all, with a full disk named as one."""

from __future__ import annotations

import errno
import glob
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from chromesthesia.core.errors import RecordError
from chromesthesia.core.user_files import one_line
from chromesthesia.recording.files import file_behind as engine_file_behind
from chromesthesia_training.errors import DataError

_OF_THE_DISK = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.EFBIG,
        errno.EIO,
        errno.ENAMETOOLONG,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EEXIST,
        errno.ELOOP,
    }
)
STALE_S = 3_600.0
"""A partial file that nobody wrote to for so long belongs to a run that was killed."""


def open_partial(path: Path) -> BinaryIO:
    """The file that is written before it takes its name; replaced in tests to inject a fault."""
    return path.open("wb")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the name `path` only when the block ends well.

    On any exception, a keyboard interrupt included, the partial file is removed and an earlier file of that name
    stays. A partial file that a killed run left is removed by the next. The folder is made. A link stays, and the file
    that it leads to is replaced. Raises DataError when the disk is full, the place cannot be written to, or something
    other than a regular file is there.
    """
    with disk_errors(path):
        target = file_behind(path)
        partial = target.with_name(f"{target.name}.{os.getpid()}.part")
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target)
        try:
            with open_partial(partial) as file:
                yield file
                file.flush()
            os.replace(partial, target)
        finally:
            with suppress(OSError):  # a name too long is said already
                partial.unlink(missing_ok=True)


def file_behind(path: Path) -> Path:
    """Where a file called `path` lies once every link is followed; DataError when something else is there."""
    try:
        return engine_file_behind(path)
    except RecordError as error:
        raise DataError(error.message, error.remedy, "disk") from error


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk, or a place that cannot be written to, into a DataError that names `path`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        remedy = (
            "free space there or give another folder with --cache, --run or as the pack's"
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else "give a folder that can be written to"
        )
        raise DataError(f"cannot write {one_line(path)}: {error.strerror}", remedy, "disk") from error


def write_text_whole(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all; see `whole_file`."""
    with whole_file(path) as file:
        file.write(text.encode("utf-8"))


def write_array_header(file: BinaryIO, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """What an .npy file begins with; the C-ordered bytes are then written by the caller.

    `numpy.save` goes round the file object and does not say that a disk is full.
    """
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _remove_stale(path: Path) -> None:
    for partial in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        with suppress(FileNotFoundError):  # another run may remove it too
            if time.time() - partial.stat().st_mtime > STALE_S:
                partial.unlink()
