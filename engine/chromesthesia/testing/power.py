"""A disk whose power goes after so many bytes and steps: what was not made sure of is there, or not, by chance."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import BinaryIO, cast

from chromesthesia.core.safe_write import open_new

STEP_COST = 16
"""A step that is no write takes as much of the budget as so many bytes."""


class PowerCutError(BaseException):
    """The power is gone; nothing catches that."""


class CutDisk:
    """A `safe_write.FileLayer` on a real folder that ends after `budget` bytes.

    When it ends, bytes that were not synced are cut at a random place, or are noise, and a rename that was not synced
    may have happened or not, as on a disk that writes when it likes.
    """

    def __init__(self, budget: float, chance: random.Random) -> None:
        self._left = budget
        self._chance = chance
        self._unsynced: dict[Path, int] = {}
        self._renames: list[tuple[Path, Path, bytes | None]] = []

    def open_new(self, path: Path) -> BinaryIO:
        """A file whose writes are counted."""
        self._spend(STEP_COST)
        self._unsynced[path] = 0
        return cast(BinaryIO, _CountedFile(open_new(path), path, self))

    def sync(self, file: BinaryIO) -> None:
        """From here on its bytes are safe."""
        self._spend(STEP_COST)
        os.fsync(file.fileno())
        self._unsynced.pop(cast(_CountedFile, file).path, None)

    def replace(self, partial: Path, target: Path) -> None:
        """A rename, which is not safe before the folder was synced."""
        self._spend(STEP_COST)
        before = target.read_bytes() if target.exists() else None
        os.replace(partial, target)
        if partial in self._unsynced:
            self._unsynced[target] = self._unsynced.pop(partial)
        self._renames.append((partial, target, before))

    def sync_folder(self, folder: Path) -> None:
        """From here on its names are safe."""
        self._spend(STEP_COST)
        self._renames.clear()

    def remove(self, path: Path) -> None:
        """Takes a file away, while there is power."""
        if self._left > 0:
            path.unlink(missing_ok=True)

    def written(self, path: Path, data: bytes) -> bytes:
        """What of `data` still reaches the disk."""
        fitting = data[: max(0, int(self._left))]
        self._unsynced[path] = self._unsynced.get(path, 0) + len(fitting)
        self._left -= len(data)
        return fitting

    def cut(self) -> None:
        """Raise PowerCutError when the budget is used up."""
        if self._left <= 0:
            self._lose()
            raise PowerCutError

    def _spend(self, cost: int) -> None:
        self.cut()
        self._left -= cost
        self.cut()

    def _lose(self) -> None:
        self._left = 0
        for path, count in self._unsynced.items():
            if path.exists():
                content = path.read_bytes()
                kept = len(content) - self._chance.randint(0, count)
                noise = self._chance.randbytes(self._chance.choice((0, 0, len(content) - kept)))
                path.write_bytes(content[:kept] + noise)
        for partial, target, before in reversed(self._renames):
            if self._chance.random() < 0.5:
                partial.write_bytes(target.read_bytes())
                if before is None:
                    target.unlink()
                else:
                    target.write_bytes(before)
        self._unsynced.clear()
        self._renames.clear()


class _CountedFile:
    """Enough of an unbuffered file for a safe write."""

    def __init__(self, file: BinaryIO, path: Path, disk: CutDisk) -> None:
        self.path = path
        self._file = file
        self._disk = disk

    def write(self, data: bytes | memoryview) -> int:
        count = self._file.write(self._disk.written(self.path, bytes(data)))
        self._disk.cut()
        return count

    def fileno(self) -> int:
        return self._file.fileno()

    def __enter__(self) -> _CountedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
