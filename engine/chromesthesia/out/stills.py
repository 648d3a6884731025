"""PNG pictures: single ones, and a folder that gets one every few seconds."""

from __future__ import annotations

import io
import logging
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from chromesthesia.errors import RecordError
from chromesthesia.out.files import LEAST_FREE_BYTES, prepare_folder, write_atomically
from chromesthesia.out.media_queue import MediaQueue, Picture
from chromesthesia.seams import Float32, UInt8

log = logging.getLogger(__name__)

WAITING_STILLS = 4
MOST_STILLS = 10_000
CLOSE_TIMEOUT_S = 30.0


def write_png(path: Path, pixels: UInt8) -> None:
    """Write pixels uint8 [H, W, 3], row 0 at the top, to `path`, atomically. Raises RecordError."""
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(content, "PNG", compress_level=3)
    write_atomically(path, content.getvalue())


class StillsFolder:
    """A FrameSink that keeps one frame every `every_s` seconds as `still_0007_14.000s.png`, up to 10,000.

    Frames are compressed on a thread of its own. live=True never waits (a still that finds no room is left out);
    live=False waits and raises. Raises RecordError at once when the folder cannot be written.
    """

    def __init__(self, folder: Path, every_s: float = 2.0, live: bool = True) -> None:
        prepare_folder(folder, LEAST_FREE_BYTES)
        self.folder = folder
        self.count = 0
        self.error: RecordError | None = None
        self._every_s = every_s
        self._next_s = 0.0
        self._live = live
        self._queue = MediaQueue(WAITING_STILLS, live)
        self._thread = threading.Thread(target=self._write, name="stills", daemon=True)
        self._thread.start()

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
        """Write what waits. Raises RecordError when a still could not be written."""
        self._queue.close()
        self._thread.join(CLOSE_TIMEOUT_S)
        if self.error is not None:
            raise self.error

    def _write(self) -> None:
        try:
            while (item := self._queue.take()) is not None:
                if isinstance(item, Picture):
                    write_png(self.folder / f"still_{self.count:04d}_{item.time_s:.3f}s.png", item.pixels)
                    self.count += 1
                    self._queue.give_back(item)
        except RecordError as error:
            self.error = error
            self._queue.close()
            log.error("stills stop after %d: %s", self.count, error)
