"""Reads the files of a pack: plain names only, no links, not more than a pack may hold, each with its own checksum."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from chromesthesia.errors import PackError
from chromesthesia.packs.manifest import Manifest
from chromesthesia.packs.toml_table import REMEDY

MAX_PACK_BYTES = 256 * 1024 * 1024
MAX_MANIFEST_BYTES = 1024 * 1024

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_manifest_text(where: Path) -> str:
    """Text of the manifest at `where`. Raises PackError when there is none, or it is too long or not UTF-8."""
    if not where.parent.is_dir():
        raise PackError(f"no model pack at {where.parent}: expected a folder", "give the folder of a pack")
    try:
        size = where.stat().st_size
        if size > MAX_MANIFEST_BYTES:
            raise PackError(f"{where}: expected at most {MAX_MANIFEST_BYTES} bytes, got {size}", REMEDY)
        return where.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PackError(
            f"{where}: expected UTF-8 text, got {error.reason} at byte {error.start}", REMEDY
        ) from error
    except OSError as error:
        raise PackError(f"{where}: expected a manifest, got {error.strerror}", REMEDY) from error


def read_files(path: Path, manifest: Manifest, where: Path) -> dict[str, bytes]:
    """Content of every file that the manifest lists, by name. Raises PackError naming the first that is wrong."""
    left = MAX_PACK_BYTES
    contents = {}
    for name in manifest.files:
        contents[name] = read_file(path, name, manifest, where, left)
        left -= len(contents[name])
    return contents


def check_listed(manifest: Manifest, where: Path) -> None:
    """Raise PackError unless both models are among the files with a checksum."""
    for name in (manifest.encoder.file, manifest.generator.file):
        if name not in manifest.files:
            raise PackError(f"{where}: [files]: expected the sha256 of {name!r}, got nothing", REMEDY)


def read_file(path: Path, name: str, manifest: Manifest, where: Path, at_most: int = MAX_PACK_BYTES) -> bytes:
    """Content of one listed file, at most `at_most` bytes, held against its checksum. Raises PackError."""
    expected = manifest.files[name]
    if not _PLAIN_NAME.fullmatch(name):
        raise PackError(f"{where}: [files]: expected a plain file name, got {name!r}", REMEDY)
    if not _SHA256.fullmatch(expected):
        raise PackError(
            f"{where}: [files] {name}: expected a sha256 of 64 hex digits, got {expected!r}", REMEDY
        )
    content = _read(path / name, at_most)
    got = hashlib.sha256(content).hexdigest()
    if got != expected:
        raise PackError(
            f"{path / name}: expected sha256 {expected[:12]}..., got {got[:12]}...: changed or damaged",
            "fetch the pack again, or export it again with chromesthesia-train export",
        )
    return content


def _read(path: Path, at_most: int) -> bytes:
    try:
        if path.is_symlink() or not path.is_file():
            raise PackError(
                f"{path}: expected a file, got {'a link' if path.is_symlink() else 'nothing'}", REMEDY
            )
        # Read one byte more rather than trust the size: the file may grow meanwhile.
        with path.open("rb") as file:
            content = file.read(at_most + 1)
    except OSError as error:
        raise PackError(
            f"{path}: cannot be read: {error.strerror}", "check the file's permissions"
        ) from error
    if len(content) > at_most:
        raise PackError(
            f"{path}: expected a pack of at most {MAX_PACK_BYTES >> 20} MiB, got more",
            "packs are small: this is not one",
        )
    return content
