"""Writing files so that nothing saved is lost: refused early, written beside, renamed when finished."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from chromesthesia.errors import RecordError

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
    except OSError as error:
        raise RecordError(
            f"cannot write into {folder}: {error.strerror or error}", "choose a folder that you may write to"
        ) from error
    if free_bytes < wanted_bytes:
        raise RecordError(
            f"only {free_bytes // 2**20} MiB are free for {folder}, expected {wanted_bytes // 2**20} MiB or more",
            "free some space or choose another disk",
        )


def prepare_file(path: Path, suffixes: tuple[str, ...] = (), wanted_bytes: int = 0) -> None:
    """Check before a show that `path` can be written at its end.

    Raises RecordError for a folder of that name, a suffix that is none of `suffixes`, or what `prepare_folder` refuses.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise RecordError(
            f"cannot write {path}: the ending {path.suffix or '(none)'} is not known",
            f"name it {path.stem}{suffixes[0]}; known endings: {', '.join(suffixes)}",
        )
    if path.is_dir():
        raise RecordError(f"cannot write {path}: it is a folder", "give the name of a file")
    prepare_folder(path.parent, wanted_bytes)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary neighbour; an older file stays until the new one is complete.

    Raises RecordError when the disk is full or refuses.
    """
    partial = part_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise RecordError(
            f"cannot write {path}: {error.strerror or error}", "free some space or choose another folder"
        ) from error


def part_name(path: Path) -> Path:
    """A free name beside `path` for the unfinished file: `film.part.mp4`, `film.part2.mp4`, ..."""
    number = 1
    while True:
        candidate = path.with_name(f"{path.stem}.part{number if number > 1 else ''}{path.suffix}")
        if not candidate.exists():
            return candidate
        number += 1
