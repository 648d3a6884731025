"""Writing files so that nothing saved is lost: refused early, written beside, renamed when finished.

A link stays and the file that it leads to is replaced. What is there and is no regular file (a device, a folder) is
never replaced; `streams` says what may be written straight to.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from chromesthesia.core import safe_write
from chromesthesia.core.errors import RecordError
from chromesthesia.core.safe_write import (
    MOST_NAMES,
    numbered,
    open_new,
    open_part,
    reason,
    replace_file,
    written_beside,
)
from chromesthesia.core.user_files import one_line

LEAST_FREE_BYTES = 64 * 1024 * 1024
"""A film or folder of stills is not begun with less space than this."""


def prepare_folder(folder: Path, wanted_bytes: int = 0) -> None:
    """Make `folder` (with parents) and check that it can be written and holds `wanted_bytes` more.

    Raises RecordError naming the folder and the remedy.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        free_bytes = shutil.disk_usage(folder).free
    except (OSError, ValueError) as error:
        raise RecordError(
            f"cannot write into {one_line(folder)}: {reason(error)}", "choose a folder that you may write to"
        ) from error
    if free_bytes < wanted_bytes:
        raise RecordError(
            f"only {free_bytes // 2**20} MiB are free for {one_line(folder)}, "
            f"expected {wanted_bytes // 2**20} MiB or more",
            "free some space or choose another disk",
        )


def prepare_file(path: Path, suffixes: tuple[str, ...] = (), wanted_bytes: int = 0) -> Path:
    """Check before a show that `path` can be written at its end; answers the file that a link there leads to.

    Raises RecordError for what `file_behind` refuses, a suffix that is none of `suffixes`, a name that is too long, or
    what `prepare_folder` refuses.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise RecordError(
            f"cannot write {one_line(path)}: the ending {one_line(path.suffix) or '(none)'} is not known",
            f"name it {one_line(path.stem)}{suffixes[0]}; known endings: {', '.join(suffixes)}",
        )
    target = file_behind(path)
    prepare_folder(target.parent, wanted_bytes)
    with write_errors(path):
        partial, file = open_part(target)
        file.close()
        partial.unlink()
    return target


def file_behind(path: Path) -> Path:
    """Where a file called `path` lies once every link is followed. Writes nothing.

    Raises RecordError when something other than a regular file is there, or a link that leads to itself.
    """
    return safe_write.file_behind(path, RecordError)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all (see `core.safe_write.replace_file`). Raises RecordError."""
    replace_file(path, content, RecordError)


def write_new(names: Iterable[Path], content: bytes) -> Path:
    """Write `content` to the first of `names` that nothing has yet, and answer it; nothing is ever replaced.

    Raises RecordError when the disk is full or refuses.
    """
    names = iter(names)
    first = next(names)
    with write_errors(first), written_beside(first, content) as partial:
        return place_new(partial, itertools.chain((first,), names))


def open_first_free(target: Path, open_file: Callable[[Path], BinaryIO] = open_new) -> tuple[Path, BinaryIO]:
    """The first of `film.mp4`, `film-2.mp4`, ... that nothing has yet, new and open. Raises RecordError."""
    with write_errors(target):
        for name in itertools.islice(numbered(target), MOST_NAMES):
            with contextlib.suppress(FileExistsError):
                return name, open_file(name)
        raise FileExistsError(f"no free name beside {target}")


def place_new(partial: Path, names: Iterable[Path]) -> Path:
    """Rename `partial` to the first of `names` that nothing has yet, and answer it. Raises OSError."""
    for name in itertools.islice(names, MOST_NAMES):
        try:
            # Made first and then replaced: a rename alone would take the place of a file made meanwhile.
            name.open("xb").close()
        except FileExistsError:
            continue
        try:
            os.replace(partial, name)
        except BaseException:
            name.unlink(missing_ok=True)
            raise
        return name
    raise FileExistsError(f"no free name beside {partial}")


def write_errors(path: Path) -> contextlib.AbstractContextManager[None]:
    """Turn every error of the file system into a RecordError that names `path`."""
    return safe_write.write_errors(path, RecordError)
