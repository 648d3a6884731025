"""Reads the files of a pack: plain names only, no links, not more than a pack may hold, each with its own checksum."""

from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path

from chromesthesia.core.errors import PackError
from chromesthesia.core.user_files import decode_text, is_folder, is_there, one_line, read_bytes, shown
from chromesthesia.packs.manifest import MAX_MANIFEST_BYTES, REMEDY, Manifest

MAX_PACK_BYTES = 256 * 1024 * 1024

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_manifest_text(where: Path) -> str:
    """Text of the manifest at `where`. Raises PackError when there is none, or it is too long or not UTF-8."""
    if not is_folder(where.parent):
        raise PackError(
            f"no model pack at {one_line(where.parent)}: expected a folder", "give the folder of a pack"
        )
    if not is_there(where):
        raise PackError(f"{one_line(where)}: expected a manifest, got nothing", REMEDY)
    return decode_text(_read_plain(where, MAX_MANIFEST_BYTES), where, PackError)


def read_files(path: Path, manifest: Manifest, where: Path) -> dict[str, bytes]:
    """Content of every file that the manifest lists, by name. Raises PackError naming the first that is wrong."""
    left = MAX_PACK_BYTES
    contents = {}
    for name in manifest.files:
        contents[name] = read_file(path, name, manifest, where, left)
        left -= len(contents[name])
    return contents


def check_listed(manifest: Manifest, where: Path) -> None:
    """Raise PackError unless every model is among the files with a checksum."""
    for name in (spec.file for spec in manifest.models):
        if name not in manifest.files:
            raise PackError(
                f"{one_line(where)}: [files]: expected the sha256 of {shown(name)}, got nothing", REMEDY
            )


def read_file(path: Path, name: str, manifest: Manifest, where: Path, at_most: int = MAX_PACK_BYTES) -> bytes:
    """Content of one listed file, at most `at_most` bytes, held against its checksum. Raises PackError."""
    expected = manifest.files[name]
    where_said = one_line(where)
    if not _PLAIN_NAME.fullmatch(name):
        raise PackError(f"{where_said}: [files]: expected a plain file name, got {shown(name)}", REMEDY)
    if not _SHA256.fullmatch(expected):
        raise PackError(
            f"{where_said}: [files] {name}: expected a sha256 of 64 hex digits, got {shown(expected, 80)}",
            REMEDY,
        )
    content = _read_plain(path / name, at_most)
    got = hashlib.sha256(content).hexdigest()
    if got != expected:
        raise PackError(
            f"{one_line(path / name)}: expected sha256 {expected[:12]}..., got {got[:12]}...: changed or damaged",
            "fetch the pack again, or export it again with chromesthesia-train export",
        )
    return content


def _read_plain(path: Path, at_most: int) -> bytes:
    """Content of a file that is there and no link, of which the size is known before it is read."""
    try:
        found = path.lstat()
    except (OSError, ValueError) as error:
        raise PackError(f"{one_line(path)}: expected a file, got nothing", REMEDY) from error
    if stat.S_ISLNK(found.st_mode):
        raise PackError(f"{one_line(path)}: expected a file, got a link", REMEDY)
    if found.st_size > at_most:
        raise PackError(
            f"{one_line(path)}: expected a pack of at most {MAX_PACK_BYTES >> 20} MiB, got more",
            "packs are small: this is not one",
        )
    return read_bytes(path, at_most, PackError)
