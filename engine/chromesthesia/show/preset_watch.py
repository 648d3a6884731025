"""Presets that come, change or go on the disk while a show runs are there at once."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chromesthesia.control.commands import LoadPreset, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.control.notice import Notice
from chromesthesia.core.user_files import one_line
from chromesthesia.params.presets import find_presets
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.port import Readings

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
MOST_FILES = 4096
SOURCE = "file"

Stamps = Mapping[Path, tuple[int, int]]


class PresetWatch:
    """`ports.port.Port` that looks at the folders of presets once a second. Control thread; about 0.1 ms a look.

    A preset that is on and whose file was saved is loaded anew. folders: where presets are looked for, in order.
    """

    name = "presets"

    def __init__(
        self, tree: ParameterTree, controller: Controller, folders: Callable[[], Sequence[Path]]
    ) -> None:
        self._tree = tree
        self._controller = controller
        self._folders = folders
        self._seen = self._stamps()
        self._failures = 0
        self._looked_again = 0
        self.next_s = float("-inf")

    def start(self) -> None:
        """Nothing is opened."""

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Take what changed."""
        if now_s < self.next_s:
            return
        self.next_s = now_s + LOOK_EVERY_S
        stamps = self._stamps()
        if stamps == self._seen:
            return
        changed = {path for path in {*stamps, *self._seen} if stamps.get(path) != self._seen.get(path)}
        self._seen = stamps
        self._looked_again += 1
        broken = {error.message for error in self._controller.library.broken}
        library = find_presets(self._folders(), tuple(self._tree.params.values()), self._controller.library)
        self._controller.take_library(library)
        for error in library.broken:
            if error.message not in broken:
                self._failures += 1
                self._controller.notice = Notice(one_line(error), now_s, is_error=True)
        current = self._controller.current[0]
        index = library.index(current)
        if index >= 0 and library.presets[index].path in changed and library.presets[index] != current:
            self._controller.post(LoadPreset(current.name, SOURCE))
        log.info("presets: %d now", len(library))

    def health(self) -> Mapping[str, int]:
        """How often files had changed; files that were wrong."""
        return {"failures": self._failures, "looked_again": self._looked_again}

    def stop(self) -> None:
        """Nothing is open."""

    def _stamps(self) -> Stamps:
        found: dict[Path, tuple[int, int]] = {}
        for folder in self._folders():
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.name.endswith(".toml") and len(found) < MOST_FILES:
                            told = entry.stat()
                            found[Path(entry.path)] = (told.st_mtime_ns, told.st_size)
            except OSError:
                continue  # a folder or file that goes away between two calls is gone at the next look
        return found
