"""Walking through folders of data, past what computers leave in them by themselves."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from pathlib import Path

_DEBRIS = frozenset(
    (
        "__macosx",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "icon\r",
        "$recycle.bin",
        "system volume information",
        "@eadir",
    )
)


def is_debris(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or was left by macOS, Windows, a NAS or an archive."""
    return name.startswith((".", "~$")) or name.lower() in _DEBRIS


def is_folder(path: Path) -> bool:
    """As `Path.is_dir`, also for a name that no folder can have."""
    return os.path.isdir(path)


def is_file(path: Path) -> bool:
    """As `Path.is_file`, also for a name that no file can have."""
    return os.path.isfile(path)


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes, read piece by piece. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folders_in(folder: Path) -> list[Path]:
    """The folders directly in a folder, in order, without debris."""
    return sorted(path for path in folder.iterdir() if not is_debris(path.name) and path.is_dir())


def files_directly_in(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The files directly in a folder, in order, without debris, that end in one of `suffixes`, in lower case."""
    return sorted(
        path
        for path in folder.iterdir()
        if not is_debris(path.name) and path.suffix.lower() in suffixes and not path.is_dir()
    )


def files_below(folder: Path, suffixes: Collection[str] | None = None) -> list[Path]:
    """All files below a folder, in order, without debris; suffixes: only these, in lower case."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_debris(name)]
        found += [
            Path(parent, name)
            for name in names
            if not is_debris(name) and (suffixes is None or os.path.splitext(name)[1].lower() in suffixes)
        ]
    return sorted(found)
