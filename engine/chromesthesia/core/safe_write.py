"""Writing all of it: into an open file, or in the place of a small file, whole or not at all.

A link stays and the file that it leads to is replaced. What is there and is no regular file (a device, a folder) is
never replaced.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from chromesthesia.core.user_files import MakeError, one_line

NAME_BYTES = 255
"""Longest name of a file, in bytes, that common file systems take."""
MOST_NAMES = 100_000
"""So many names are tried before a folder counts as full."""


class FileLayer(Protocol):
    """The steps of a safe write, each of which a power cut may be the last of. All raise OSError."""

    def open_new(self, path: Path) -> BinaryIO:
        """A file that was not there before, for writing."""
        ...

    def sync(self, file: BinaryIO) -> None:
        """Return when what was written is on the disk."""
        ...

    def replace(self, partial: Path, target: Path) -> None:
        """Let `partial` take the name `target`, whatever has it."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in `folder` are on the disk."""
        ...

    def remove(self, path: Path) -> None:
        """Take a file away; nothing happens when it is gone."""
        ...


def open_new(path: Path) -> BinaryIO:
    """A new file for reading and writing, every write of which reaches the system at once.

    Exclusive, so that not even a link put there meanwhile is written through.
    """
    return open(path, "x+b", buffering=0)


class SystemFiles:
    """The file system of this machine."""

    def open_new(self, path: Path) -> BinaryIO:
        """See `open_new`."""
        return open_new(path)

    def sync(self, file: BinaryIO) -> None:
        """Flush and fsync."""
        file.flush()
        os.fsync(file.fileno())

    def replace(self, partial: Path, target: Path) -> None:
        """os.replace."""
        os.replace(partial, target)

    def sync_folder(self, folder: Path) -> None:
        """fsync of the folder; nothing where the system opens no folders (Windows) or cannot sync one."""
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def remove(self, path: Path) -> None:
        """unlink."""
        path.unlink(missing_ok=True)


SYSTEM_FILES = SystemFiles()


def write_all(file: BinaryIO, content: bytes) -> None:
    """Write all of `content`: an unbuffered file may take a part at a time. Raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def replace_file(path: Path, content: bytes, error: MakeError, files: FileLayer = SYSTEM_FILES) -> None:
    """Write `content` to `path` through a neighbour that takes its place once it is whole and on the disk.

    The folder is made. Raises `error` when the disk is full or refuses, or for what `file_behind` refuses; an older
    file is still there then.
    """
    target = file_behind(path, error)
    with write_errors(path, error), written_beside(target, content, files) as partial:
        files.replace(partial, target)
        files.sync_folder(target.parent)


@contextlib.contextmanager
def written_beside(target: Path, content: bytes, files: FileLayer = SYSTEM_FILES) -> Iterator[Path]:
    """A whole neighbour of `target`, on the disk, that is gone again unless the block renames it. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial, file = open_part(target, files.open_new)
    try:
        with file:
            write_all(file, content)
            files.sync(file)
        yield partial
    finally:
        with contextlib.suppress(OSError):
            files.remove(partial)


def file_behind(path: Path, error: MakeError) -> Path:
    """Where a file called `path` lies once every link is followed. Writes nothing.

    Raises `error` when something other than a regular file is there, or a link that leads to itself.
    """
    with write_errors(path, error):
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
    raise error(f"cannot write {one_line(path)}: it is {kind}", remedy)


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
def write_errors(path: Path, error: MakeError) -> Iterator[None]:
    """Turn every error of the file system into an `error` that names `path`."""
    try:
        yield
    except (OSError, ValueError) as problem:  # ValueError: a null character in the path
        raise error(
            f"cannot write {one_line(path)}: {reason(problem)}",
            "free some space or choose another name or folder",
        ) from problem


def reason(error: BaseException) -> str:
    """What the system says of an error, on one line."""
    return one_line(getattr(error, "strerror", None) or str(error) or type(error).__name__)


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
