"""Reading what a user saved: one way for size, kind, encoding and every error, and one line for one text."""

from __future__ import annotations

import os
import re
import reprlib
import stat
import tomllib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from chromesthesia.core.errors import ChromesthesiaError

TOML_LIMIT = 16 * 1024
"""Largest TOML file of a user's that is read, in bytes: a dotted key of 200 kB would take a minute and gigabytes."""
LINE_LIMIT = 240
"""Longest text that is shown as one line, in characters."""
Stamp = tuple[int, int]
"""When a file was saved last, in ns, and its bytes."""
MOST_KEY_PARTS = 32
"""Most parts of one dotted key: tomllib takes time and memory by the square of them."""

_UTF16 = {BOM_UTF16_LE: "utf-16-le", BOM_UTF16_BE: "utf-16-be"}
_BLANKS = re.compile(r"\s+")
# Begins only where a word or quote begins and never goes back, so that its cost is linear in the text.
_LONG_KEY = re.compile(
    rf"""(?:(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MOST_KEY_PARTS}}}"""
)


class MakeError(Protocol):
    """An error class of the family: takes the message and the remedy."""

    def __call__(self, message: str, remedy: str = "") -> ChromesthesiaError: ...


def open_file(path: Path, error: MakeError) -> BinaryIO:
    """A regular file, open for reading; a link is followed. Never waits on a pipe or device.

    Raises `error` naming the path for anything else.
    """
    try:
        # Without O_NONBLOCK a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise error(f"{one_line(path)}: not a regular file", "give the path of a file")
        return open(descriptor, "rb")
    except (OSError, ValueError) as problem:  # ValueError: a null character in the path
        raise _unreadable(path, problem, error) from problem


def read_bytes(path: Path, limit_bytes: int, error: MakeError) -> bytes:
    """Content of a file that `open_file` opens, of at most `limit_bytes`. Raises `error` naming the path."""
    with open_file(path, error) as file:
        try:
            content = file.read(limit_bytes + 1)
        except OSError as problem:
            raise _unreadable(path, problem, error) from problem
    if len(content) > limit_bytes:
        raise error(f"{one_line(path)}: larger than {limit_bytes} bytes", "is this the right file?")
    return content


def _unreadable(path: Path, problem: Exception, error: MakeError) -> ChromesthesiaError:
    reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return error(f"{one_line(path)}: cannot be read: {reason}", "check the path")


def decode_text(content: bytes, path: Path, error: MakeError) -> str:
    """Text of a file's bytes: UTF-8, or UTF-8 and UTF-16 with a byte-order mark, which is taken off.

    Raises `error` naming the path and the place of the first byte that is no text.
    """
    codec = _UTF16.get(content[:2])
    marked = content[2:] if codec else content.removeprefix(BOM_UTF8)
    try:
        return marked.decode(codec or "utf-8")
    except UnicodeDecodeError as problem:
        raise error(
            f"{one_line(path)}: not UTF-8 text (byte {problem.start})", "save it as UTF-8 text"
        ) from problem


def read_text(path: Path, limit_bytes: int, error: MakeError) -> str:
    """`read_bytes`, then `decode_text`."""
    return decode_text(read_bytes(path, limit_bytes, error), path, error)


def parse_toml(text: str, path: Path, error: MakeError, limit_bytes: int = TOML_LIMIT) -> dict[str, Any]:
    """The table of a TOML text; `path` is for the message. Raises `error` for whatever tomllib raises."""
    if len(text) > limit_bytes:
        raise error(f"{one_line(path)}: larger than {limit_bytes} bytes", "is this the right file?")
    if _LONG_KEY.search(text):
        raise error(f"{one_line(path)}: a key of more than {MOST_KEY_PARTS} parts", "write it in tables")
    try:
        # ValueError covers tomllib's own error and a number of thousands of digits.
        return tomllib.loads(text)
    except (ValueError, RecursionError, OverflowError) as problem:
        raise error(f"{one_line(path)}: not valid TOML: {one_line(problem)}", "correct the file") from problem


def read_toml(path: Path, error: MakeError, limit_bytes: int = TOML_LIMIT) -> dict[str, Any]:
    """`read_text`, then `parse_toml`."""
    return parse_toml(read_text(path, limit_bytes, error), path, error, limit_bytes)


def one_line(text: object, limit: int = LINE_LIMIT) -> str:
    """`text` as one line: white space and line breaks become one blank, control characters a replacement sign.

    What is longer than `limit` ends in an ellipsis. For every name or message of foreign origin that is shown.
    """
    line = _BLANKS.sub(" ", str(text)).strip()
    line = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def shown(value: object, limit: int = 60) -> str:
    """A foreign value as Python writes it, on one line and cut to `limit` letters, whatever its depth and size."""
    writer = _Writer()
    writer.maxlevel = 6
    writer.maxlist = writer.maxtuple = writer.maxdict = max(6, limit // 4)
    writer.maxstring = writer.maxother = limit
    return one_line(writer.repr(value), limit)


def is_file(path: Path) -> bool:
    """True for a file that is there; False for anything else, a name that no file can have included."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """True for a folder that is there; False for anything else, a name that no folder can have included."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """True when anything is there; False for a name that nothing can have included."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


class _Writer(reprlib.Repr):
    def repr_int(self, number: int, level: int) -> str:
        # Python refuses to write a number of thousands of digits.
        if number.bit_length() > 256:
            return f"a number of about {int(number.bit_length() * 0.30103) + 1} digits"
        return repr(number)


def stamp_of(path: Path) -> Stamp | None:
    """By what one sees that a file was saved anew: another stamp. None while it is not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
