"""Writing all of it: into an open file, or in the place of a small file of the user's, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from chromesthesia.core.user_files import MakeError, one_line


def write_all(file: BinaryIO, content: bytes) -> None:
    """Write all of `content`: an unbuffered file may take a part at a time. Raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def replace_text(path: Path, text: str, error: MakeError) -> None:
    """Write `text` to `path` through a neighbour that takes its place once it is whole; a link stays a link.

    Raises `error` when the disk refuses; the older file is still there then.
    """
    partial: str | None = None
    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        number, partial = tempfile.mkstemp(prefix=f".{target.stem[:40]}-", suffix=".part", dir=target.parent)
        with open(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
        partial = None
    except (OSError, ValueError) as problem:  # ValueError: a null character in the path
        reason = getattr(problem, "strerror", None) or str(problem)
        raise error(
            f"cannot write {one_line(path)}: {one_line(reason)}", "free some space or choose another file"
        ) from problem
    finally:
        if partial is not None:
            with contextlib.suppress(OSError):
                os.unlink(partial)
