"""Models opened before anybody asks: an engine in waiting has them when it is told to play."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.inference.sessions import first_provider
from chromesthesia.packs.find import find_pack
from chromesthesia.show.assembly import ENGINES_OWN, Models, OwnParts, open_models

log = logging.getLogger(__name__)


class OpenModels(Protocol):
    """Opens the models of a pack as `assembly.open_models` does."""

    def __call__(self, pack_path: Path | None, provider: str, own: OwnParts = ENGINES_OWN) -> Models: ...


@dataclass(frozen=True, slots=True)
class _Kept:
    pack_path: Path | None
    provider: str
    signs: tuple[object, ...]
    models: Models


class ModelsAhead:
    """Opens one pack's models ahead, and gives them to the first who asks for the same. One thread at a time.

    They are opened anew when a file of the pack was changed since, and where they would lie twice in a GPU's memory
    they are not opened ahead at all.
    """

    def __init__(self, opens: OpenModels = open_models) -> None:
        self._opens = opens
        self._kept: _Kept | None = None

    def prepare(self, pack_path: Path | None, provider: str) -> None:
        """Open them now. What is wrong with them is said when they are asked for."""
        self._kept = None
        try:
            if first_provider(provider) != "cpu":
                return
            signs = _signs(pack_path)
            self._kept = _Kept(pack_path, provider, signs, self._opens(pack_path, provider))
        except (ChromesthesiaError, OSError) as error:
            log.debug("no models ahead: %s", error)

    def open(self, pack_path: Path | None, provider: str, own: OwnParts = ENGINES_OWN) -> Models:
        """Those opened ahead where they are the same, else as `assembly.open_models`, whose errors it raises."""
        kept, self._kept = self._kept, None
        if kept is not None and own == ENGINES_OWN and self._still(kept, pack_path, provider):
            return kept.models
        return self._opens(pack_path, provider, own)

    def _still(self, kept: _Kept, pack_path: Path | None, provider: str) -> bool:
        if (pack_path, provider) != (kept.pack_path, kept.provider):
            return False
        try:
            return _signs(pack_path) == kept.signs
        except (ChromesthesiaError, OSError):
            return False


def _signs(pack_path: Path | None) -> tuple[object, ...]:
    """What changes when a file of the pack does. Raises PackError and OSError."""
    folder = find_pack(pack_path)
    files = sorted(folder.iterdir())
    stats = [file.stat() for file in files]
    return (
        folder,
        *(
            (file.name, stat.st_ino, stat.st_size, stat.st_mtime_ns)
            for file, stat in zip(files, stats, strict=True)
        ),
    )
