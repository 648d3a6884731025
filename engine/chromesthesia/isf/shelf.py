"""Where ISF files are looked for, by the name that a preset or a person gives."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from chromesthesia.core.errors import RenderError, UsageError
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.user_files import is_file, is_folder, one_line, shown
from chromesthesia.isf.shader import SUFFIXES
from chromesthesia.params.values import nearest

FOLDER = "isf"
"""Below every folder of shaders, for ISF files."""
MOST_FILES = 8192
"""Most files that are looked through for a name."""


class Shelf:
    """Folders of ISF files, the first that has a name wins; folders below them count too."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)

    def find(self, name: str) -> Path:
        """The file called `name`, with or without its ending. Raises RenderError naming the nearest there is."""
        names = (name, *(name + suffix for suffix in SUFFIXES))
        for folder in self.folders:
            for each in names:
                if is_file(folder / each):
                    return folder / each
        wanted = {each.casefold() for each in names}
        known: list[str] = []
        for path in self.files():
            if path.name.casefold() in wanted:
                return path
            known.append(path.name)
        looked = ", ".join(one_line(folder) for folder in self.folders) or "no folder"
        raise RenderError(f"no ISF shader {shown(name)}", nearest(name, known) or f"looked in: {looked}")

    def files(self) -> Iterator[Path]:
        """Every ISF file, folder by folder, in order of the names; at most `MOST_FILES` files are looked at."""
        seen = 0
        for folder in self.folders:
            for root, below, names in os.walk(folder):
                below.sort()
                for name in sorted(names):
                    seen += 1
                    if seen > MOST_FILES:
                        return
                    if name.lower().endswith(SUFFIXES):
                        yield Path(root) / name


def open_shelf(given: Sequence[Path]) -> tuple[Shelf, tuple[Path, ...]]:
    """The folders of `given`, then the user's and the shipped one; and the files of `given`, to be shown at once.

    Raises UsageError for what is neither.
    """
    for path in given:
        if not is_folder(path) and not is_file(path):
            raise UsageError(f"no ISF file or folder at {one_line(path)}", "give a folder, or a .fs file")
    ours = [folder / FOLDER for folder in resource_dirs("shaders") if (folder / FOLDER).is_dir()]
    return Shelf([*(path for path in given if is_folder(path)), *ours]), tuple(
        path for path in given if is_file(path)
    )
