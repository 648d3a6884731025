"""Writing files so that nothing saved is lost: refused early, written beside, renamed when finished.

A link stays and the file that it leads to is replaced. What is there and is no regular file (a device, a folder) is
never replaced; `streams` says what may be written straight to.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from chromesthesia.core.errors import RecordError
from chromesthesia.core.safe_write import write_all
from chromesthesia.core.user_files import one_line

LEAST_FREE_BYTES = 64 * 1024 * 1024
"""A film or folder of stills is not begun with less space than this."""
NAME_BYTES = 255
"""Longest name of a file, in bytes, that common file systems take."""
MOST_NAMES = 100_000
"""So many names are tried before a folder counts as full."""


def open_new(path: Path) -> BinaryIO:
    """A new file for reading and writing, every write of which reaches the system at once.

    Exclusive, so that not even a link put there meanwhile is written through.
    """
    return open(path, "x+b", buffering=0)


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
    with write_errors(path):
        target = Path(os.path.realpath(path))
        try:
            mode = target.lstat().st_mode
        except FileNotFoundError:
            return target
        except NotADirectoryError:
            return target  # the folder is looked at next, and named
    if stat.S_ISREG(mode):
        return target
    kind, remedy = _kind(mode)
    raise RecordError(f"cannot write {one_line(path)}: it is {kind}", remedy)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary neighbour; an older file stays until the new one is complete.

    Raises RecordError when the disk is full or refuses, or for what `file_behind` refuses.
    """
    target = file_behind(path)
    with write_errors(path), _written_beside(target, content) as partial:
        os.replace(partial, target)


def write_new(names: Iterable[Path], content: bytes) -> Path:
    """Write `content` to the first of `names` that nothing has yet, and answer it; nothing is ever replaced.

    Raises RecordError when the disk is full or refuses.
    """
    names = iter(names)
    first = next(names)
    with write_errors(first), _written_beside(first, content) as partial:
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


def numbered(path: Path) -> Iterator[Path]:
    """`film.mp4`, `film-2.mp4`, `film-3.mp4` and so on."""
    yield path
    for number in itertools.count(2):
        yield _ending(path, f"-{number}{path.suffix}")


def part_name(path: Path) -> Path:
    """A free name beside `path` for the unfinished file: `film.part.mp4`, `film.part2.mp4`, ..."""
    number = 1
    while True:
        candidate = _ending(path, f".part{number if number > 1 else ''}{path.suffix}")
        if not os.path.lexists(candidate):
            return candidate
        number += 1


def open_part(path: Path, open_file: Callable[[Path], BinaryIO] = open_new) -> tuple[Path, BinaryIO]:
    """A new unfinished file beside `path` and its name, which nobody else can have taken. Raises OSError."""
    for _ in range(MOST_NAMES):
        partial = part_name(path)
        # Another show may have taken the name a moment ago.
        with contextlib.suppress(FileExistsError):
            return partial, open_file(partial)
    raise FileExistsError(f"no free name beside {path}")


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn every error of the file system into a RecordError that names `path`."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise RecordError(
            f"cannot write {one_line(path)}: {reason(error)}",
            "free some space or choose another name or folder",
        ) from error


def reason(error: BaseException) -> str:
    """What the system says of an error, on one line."""
    return one_line(getattr(error, "strerror", None) or str(error) or type(error).__name__)


@contextlib.contextmanager
def _written_beside(target: Path, content: bytes) -> Iterator[Path]:
    """A whole temporary neighbour of `target` that is gone again unless the block renames it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial, file = open_part(target)
    try:
        with file:
            write_all(file, content)
        yield partial
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _ending(path: Path, ending: str) -> Path:
    """`path` with another ending, its stem cut to what a file system takes."""
    stem, room = os.fsencode(path.stem), NAME_BYTES - len(os.fsencode(ending))
    if len(stem) <= room:
        return path.with_name(path.stem + ending)
    return path.with_name(stem[: max(1, room)].decode(sys.getfilesystemencoding(), "ignore") + ending)


def _kind(mode: int) -> tuple[str, str]:
    """What a file of this mode is, and what to do about it."""
    if stat.S_ISDIR(mode):
        return "a folder", "give the name of a file"
    if stat.S_ISLNK(mode):
        return "a link that leads to itself", "give the name of a file"
    if stat.S_ISFIFO(mode):
        return "a pipe", "give the name of a file; only a report may go into a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket", "give the name of a file"
    return "a device", "give the name of a file"
