"""PNG pictures: single ones, and a folder that gets one every few seconds."""

from __future__ import annotations

import io
import itertools
import logging
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from chromesthesia.core.errors import RecordError
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.recording.files import (
    LEAST_FREE_BYTES,
    prepare_folder,
    write_atomically,
    write_errors,
    write_new,
)
from chromesthesia.recording.media_queue import MediaQueue, Picture

log = logging.getLogger(__name__)

WAITING_STILLS = 4
MOST_STILLS = 10_000
CLOSE_TIMEOUT_S = 30.0
RETRY_S = 30.0
"""After a still that could not be written, so much of the show passes before the next is tried."""

_STILL = re.compile(r"still_([0-9]{4,9})_")


def png_bytes(pixels: UInt8) -> bytes:
    """Pixels uint8 [H, W, 3], row 0 at the top, as the content of a PNG file."""
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(content, "PNG", compress_level=3)
    return content.getvalue()


def write_png(path: Path, pixels: UInt8) -> None:
    """Write pixels uint8 [H, W, 3], row 0 at the top, to `path`, atomically. Raises RecordError."""
    write_atomically(path, png_bytes(pixels))


class StillsFolder:
    """A FrameSink that keeps one frame every `every_s` seconds as `still_0007_14.000s.png`, up to 10,000.

    Nothing is replaced: the numbers go on from the highest that the folder has, and a name that another show takes
    meanwhile is passed over. Frames are compressed on a thread of its own. live=True never waits: a still that finds no
    room is left out; when the disk fails the stills pause for 30 s of the show and are tried again. live=False waits
    and raises. Raises RecordError at once when the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        every_s: float = 2.0,
        live: bool = True,
        write: Callable[[Iterable[Path], bytes], Path] = write_new,
    ) -> None:
        prepare_folder(folder, LEAST_FREE_BYTES)
        self.folder = folder
        self.count = 0
        self.lost = 0
        self.error: RecordError | None = None
        self._number = _next_number(folder)
        self._every_s = every_s
        self._next_s = 0.0
        self._retry_at_s = 0.0
        self._live = live
        self._write_new = write
        self._queue = MediaQueue(WAITING_STILLS, live)
        self._thread = threading.Thread(target=self._write, name="stills", daemon=True)
        self._thread.start()

    def counts(self) -> dict[str, int]:
        """Stills kept and lost."""
        return {"stills": self.count, "stills_lost": self.lost}

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Keep this frame if a still is due at `time_s`, seconds from the start of the show."""
        if self.error is not None and not self._live:
            raise self.error
        if time_s < self._next_s or self.count >= MOST_STILLS:
            return
        if self._queue.put_frame(pixels, time_s):
            self._next_s = (time_s // self._every_s + 1) * self._every_s

    def sound(self, samples: Float32, start_s: float) -> None:
        """Pictures are silent."""

    def close(self) -> None:
        """Write what waits. Raises RecordError when stills could not be written at the end of the show."""
        self._queue.close()
        self._thread.join(CLOSE_TIMEOUT_S)
        if self.error is not None:
            raise self.error
        if self.lost:
            log.warning("stills in %s: %d were left out while the disk was full", self.folder, self.lost)

    def _write(self) -> None:
        while (item := self._queue.take()) is not None:
            if isinstance(item, Picture):
                self._keep(item)
                self._queue.give_back(item)

    def _keep(self, picture: Picture) -> None:
        if self.error is not None and (not self._live or picture.time_s < self._retry_at_s):
            self.lost += 1
            return
        names = (
            self.folder / f"still_{number:04d}_{picture.time_s:.3f}s.png"
            for number in itertools.count(self._number)
        )
        try:
            kept = self._write_new(names, png_bytes(picture.pixels))
        except RecordError as error:
            self.lost += 1
            self._retry_at_s = picture.time_s + RETRY_S
            if self.error is None:
                log.error("no stills for now, after %d: %s", self.count, error)
            self.error = error
            if not self._live:
                self._queue.close()
            return
        if self.error is not None:
            log.warning("stills go on: %s", kept.name)
            self.error = None
        self.count += 1
        self._number = _number_of(kept.name) + 1


def _next_number(folder: Path) -> int:
    """One more than the highest number of a still in `folder`. Raises RecordError when it cannot be listed."""
    with write_errors(folder):
        return max((_number_of(entry.name) for entry in folder.iterdir()), default=-1) + 1


def _number_of(name: str) -> int:
    found = _STILL.match(name)
    return int(found[1]) if found else -1
