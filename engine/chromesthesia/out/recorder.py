"""The film recorder: takes frames and sound at show speed, writes them on a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from chromesthesia.errors import RecordError
from chromesthesia.out.files import LEAST_FREE_BYTES, part_name, prepare_file
from chromesthesia.out.film import FilmWriter
from chromesthesia.out.media_queue import MediaQueue, Picture, frames_in_budget
from chromesthesia.priority import give_way
from chromesthesia.seams import SAMPLE_RATE_HZ, Float32, UInt8

log = logging.getLogger(__name__)

FILM_SUFFIXES = (".mp4", ".m4v")
CLOSE_TIMEOUT_S = 60.0


def open_unbuffered(path: Path) -> BinaryIO:
    """A new file for reading and writing, every write of which reaches the system at once."""
    return open(path, "x+b", buffering=0)


class FilmRecorder:
    """A FrameSink that makes a film: H.264 (yuv420p, BT.709) with AAC sound in step.

    live=True never holds the caller up: what finds no room in the bounded queue (64 MiB of frames, 10 s of sound) is
    dropped and counted, and when the disk fails the show goes on and `error` says why. live=False loses nothing:
    `frame` and `sound` wait for room and raise; equal input gives equal bytes.

    The film grows as `name.part.mp4`, playable at any moment, and takes its name when closed; an older film of that
    name stays until then. `frame`, `sound` and `close` may be called from different threads.

    Raises RecordError at once for an unknown ending, a folder that cannot be written, less than 64 MiB free, or a
    missing codec.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float,
        sound_rate_hz: int = SAMPLE_RATE_HZ,
        live: bool = True,
        open_file: Callable[[Path], BinaryIO] = open_unbuffered,
    ) -> None:
        prepare_file(path, FILM_SUFFIXES, LEAST_FREE_BYTES)
        self.path = path
        self.error: RecordError | None = None
        self._live = live
        self._part = part_name(path)
        self._film = self._open_film(open_file, width, height, fps, sound_rate_hz)
        self._queue = MediaQueue(frames_in_budget(width, height), live)
        self._closing = threading.Lock()
        self._closed = False
        self._whole = True
        self._thread = threading.Thread(target=self._write, name="film", daemon=True)
        self._thread.start()

    @property
    def frames(self) -> int:
        """Frames written so far."""
        return self._film.frames

    @property
    def dropped_frames(self) -> int:
        """Frames that found no room, or whose time was not after the one before."""
        return self._queue.dropped_frames + self._film.repeated_times

    @property
    def dropped_samples(self) -> int:
        """Samples of sound that found no room; the film has silence there."""
        return self._queue.dropped_samples

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

        Raises RecordError when the film broke; its message names the partial film that was kept.
        """
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._queue.close()
        self._thread.join(CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            raise RecordError(
                f"the film {self.path} was not finished within {CLOSE_TIMEOUT_S:.0f} s",
                f"the disk does not answer; what was written is in {self._part}",
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
            log.info("the unfinished film is %s", self._part)

    def _raise_offline(self) -> None:
        if self.error is not None and not self._live:
            raise self.error

    def _open_film(
        self, open_file: Callable[[Path], BinaryIO], width: int, height: int, fps: float, sound_rate_hz: int
    ) -> FilmWriter:
        try:
            return FilmWriter(open_file(self._part), width, height, fps, sound_rate_hz, self._live)
        except OSError as error:
            raise RecordError(
                f"cannot begin the film {self.path}: {error}", "choose another folder"
            ) from error
        except RecordError:
            self._part.unlink(missing_ok=True)
            raise

    def _write(self) -> None:
        if self._live:
            give_way()
        try:
            while (item := self._queue.take()) is not None:
                if isinstance(item, Picture):
                    self._film.frame(item.pixels, item.time_s)
                    self._queue.give_back(item)
                else:
                    self._film.sound(item.samples, item.start_s)
            self._film.finish()
            if self._whole:
                os.replace(self._part, self.path)
        except Exception as error:  # the edge of the thread: whatever broke the film must not break the show
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self.error = RecordError(
            f"the film {self.path} broke off after {self._film.frames} frames: {reason}",
            f"free some space and record again; what was written is in {self._part}",
        )
        self.error.__cause__ = error
        self._film.abandon()
        log.error("%s", self.error, exc_info=error if not isinstance(error, OSError) else None)
        self._queue.close()
