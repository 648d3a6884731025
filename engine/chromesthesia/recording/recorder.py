"""The film recorder: takes frames and sound at show speed, writes them on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from chromesthesia.core.errors import RecordError
from chromesthesia.core.priority import give_way
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32, UInt8
from chromesthesia.core.safe_write import open_new
from chromesthesia.core.user_files import one_line
from chromesthesia.recording.film import FilmWriter
from chromesthesia.recording.film_parts import FilmParts
from chromesthesia.recording.media_queue import MediaQueue, Picture, frames_in_budget

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 60.0


class FilmRecorder:
    """A FrameSink that makes a film: H.264 (yuv420p, BT.709) with AAC sound in step.

    live=True never holds the caller up: what finds no room in the bounded queue (192 MiB of frames, 10 s of sound) is
    dropped and counted. When the disk fails the show goes on and `error` says why; every 30 s it is tried again, and
    once there is space the film goes on in a second file, `name-2.mp4`. live=False loses nothing: `frame` and `sound`
    wait for room and raise; equal input gives equal bytes.

    The film grows as `name.part.mp4`, playable at any moment, and takes its name when closed; an older film of that
    name stays until then, and one that another show put there meanwhile stays for good: this one is then called
    `name-2.mp4`. `path` says where the film went. `frame`, `sound` and `close` may be called from different threads.

    Raises RecordError at once for an unknown ending, a name or folder that cannot be written, less than 64 MiB free, or
    a missing codec.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float,
        sound_rate_hz: int = SAMPLE_RATE_HZ,
        live: bool = True,
        open_file: Callable[[Path], BinaryIO] = open_new,
    ) -> None:
        def make_writer(file: BinaryIO) -> FilmWriter:
            return FilmWriter(file, width, height, fps, sound_rate_hz, live)

        self._live = live
        self._film = FilmParts(path, make_writer, live, open_file)
        self._queue = MediaQueue(frames_in_budget(width, height), live)
        self._closing = threading.Lock()
        self._closed = False
        self._whole = True
        self._thread = threading.Thread(target=self._write, name="film", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """Where the film is once it is closed."""
        return self._film.path

    @property
    def error(self) -> RecordError | None:
        """Why the film broke off, None when it did not."""
        return self._film.error

    @property
    def frames(self) -> int:
        """Frames written so far."""
        return self._film.frames

    @property
    def dropped_frames(self) -> int:
        """Frames that found no room or no disk, or whose time was not after the one before."""
        return self._queue.dropped_frames + self._film.dropped_frames

    @property
    def dropped_samples(self) -> int:
        """Samples of sound that found no room; the film has silence there."""
        return self._queue.dropped_samples

    def counts(self) -> dict[str, int]:
        """What the film holds and what it lost."""
        return {
            "film_frames": self.frames,
            "film_frames_dropped": self.dropped_frames,
            "film_samples_dropped": self.dropped_samples,
        }

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Take a copy of pixels uint8 [H, W, 3], row 0 at the top; time_s from the start of the show."""
        self._queue.put_frame(pixels, time_s)
        self._raise_offline()

    def sound(self, samples: Float32, start_s: float) -> None:
        """Take a copy of mono float32 samples; start_s is the show time of the first."""
        self._queue.put_sound(samples, start_s)
        self._raise_offline()

    def close(self) -> None:
        """Finish the film and give it its name; a second call does nothing.

        Raises RecordError when the film broke, even if it went on later; its message names the files that were kept.
        """
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._queue.close()
        self._thread.join(CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            raise RecordError(
                f"the film {one_line(self.path)} was not finished within {CLOSE_TIMEOUT_S:.0f} s",
                f"the disk does not answer; what was written is in {one_line(self._film.part)}",
            )
        if self.error is not None:
            raise self.error
        if self.dropped_frames:
            log.warning("film %s: %d of %d frames were dropped", self.path, self.dropped_frames, self.frames)

    def abandon(self) -> None:
        """End a film that did not come to its end: it stays playable under its `.part` name, an older film is kept."""
        self._whole = False
        try:
            self.close()
        except RecordError as error:
            log.error("%s", error)
        else:
            log.info("the unfinished film is %s", self._film.part)

    def _raise_offline(self) -> None:
        if self.error is not None and not self._live:
            raise self.error

    def _write(self) -> None:
        if self._live:
            give_way()
        while (item := self._queue.take()) is not None:
            self._film.write(item)
            if isinstance(item, Picture):
                self._queue.give_back(item)
            if self.error is not None and not self._live:
                self._queue.close()  # so that nobody waits for room that will not come
        self._film.finish(self._whole)
