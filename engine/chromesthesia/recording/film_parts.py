"""The files of one film: usually one, more when the disk failed on the way. No threads here; see `recorder`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chromesthesia.core.errors import RecordError, without_frames
from chromesthesia.core.safe_write import numbered, open_new, open_part, reason
from chromesthesia.core.user_files import one_line
from chromesthesia.recording.files import LEAST_FREE_BYTES, place_new, prepare_file, prepare_folder
from chromesthesia.recording.film import FilmWriter
from chromesthesia.recording.media_queue import Picture, Sound

log = logging.getLogger(__name__)

FILM_SUFFIXES = (".mp4", ".m4v")
RETRY_S = 30.0
"""A film that broke off looks for space again after so much of the show."""
MOST_PARTS = 8
"""So many times a film is begun; a disk that fails again and again is left alone."""


@dataclass(slots=True)
class _Part:
    """One file being written: `begin_s` is the show's time of its first frame."""

    path: Path
    writer: FilmWriter
    begin_s: float


class FilmParts:
    """Writes a film to `path` through `name.part.mp4`, and goes on in `name-2.mp4` after the disk failed.

    make_writer: a writer into a new file. goes_on: False leaves it at the first failure. `error` is the first failure;
    `path` says where the film went, `part` where it grows. One thread at a time. Raises RecordError at once for an
    unknown ending, a name or folder that cannot be written, less than 64 MiB free, or a missing codec.
    """

    def __init__(
        self,
        path: Path,
        make_writer: Callable[[BinaryIO], FilmWriter],
        goes_on: bool,
        open_file: Callable[[Path], BinaryIO] = open_new,
    ) -> None:
        self.path = path
        self.error: RecordError | None = None
        self._target = prepare_file(path, FILM_SUFFIXES, LEAST_FREE_BYTES)
        self._older = _identity(self._target)
        self._make_writer = make_writer
        self._goes_on = goes_on
        self._open_file = open_file
        self._frames = 0
        self._dropped = 0
        self._begun = 0
        self._retry_at_s = 0.0
        self._now: _Part | None = self._begin(0.0)
        self.part = self._now.path

    @property
    def frames(self) -> int:
        """Frames written so far, in all parts."""
        now = self._now
        return self._frames + (now.writer.frames if now is not None else 0)

    @property
    def dropped_frames(self) -> int:
        """Frames that came while the disk failed, or whose time was not after the one before."""
        now = self._now
        return self._dropped + (now.writer.repeated_times if now is not None else 0)

    def write(self, item: Picture | Sound) -> None:
        """Add a picture or sound, or count it as dropped; never raises for what the disk does."""
        time_s = item.time_s if isinstance(item, Picture) else item.start_s
        if self._now is None and isinstance(item, Picture):
            self._try_again(time_s)
        now = self._now
        if now is None:
            self._dropped += isinstance(item, Picture)
            return
        frames = now.writer.frames
        try:
            if isinstance(item, Picture):
                now.writer.frame(item.pixels, time_s - now.begin_s)
            else:
                now.writer.sound(item.samples, time_s - now.begin_s)
        except Exception as error:  # whatever broke the film must not break the show
            self._dropped += isinstance(item, Picture) and now.writer.frames == frames
            self._break_off(now, error, time_s)

    def finish(self, whole: bool) -> None:
        """End the film; whole: it gets its name, else it stays under that of its part. `error` says what failed."""
        now = self._now
        if now is None:
            return
        try:
            now.writer.finish()
            if whole:
                self._place(now)
            self._let_go(now)
        except Exception as error:  # as in `write`
            self._break_off(now, error, now.begin_s)

    def _begin(self, begin_s: float) -> _Part:
        self._begun += 1
        try:
            partial, file = open_part(self._target, self._open_file)
        except OSError as error:
            raise RecordError(
                f"cannot begin the film {one_line(self.path)}: {reason(error)}", "choose another folder"
            ) from error
        try:
            return _Part(partial, self._make_writer(file), begin_s)
        except RecordError:
            partial.unlink(missing_ok=True)
            raise

    def _break_off(self, now: _Part, error: Exception, time_s: float) -> None:
        broken = RecordError(
            f"the film {one_line(self.path)} broke off after {self.frames} frames: {reason(error)}",
            f"free some space and record again; what was written is in {one_line(now.path)}",
        )
        now.writer.abandon()
        self._let_go(now)
        self._retry_at_s = time_s + RETRY_S
        log.error("%s", broken, exc_info=error if not isinstance(error, OSError) else None)
        # With its traceback the first would keep the broken writer, threads and all, to the end of the show; every
        # later one would make a circle with it, which only the collector finds.
        broken.__cause__ = error
        without_frames(broken)
        self.error = self.error or broken

    def _let_go(self, now: _Part) -> None:
        self._frames += now.writer.frames
        self._dropped += now.writer.repeated_times
        self._now = None

    def _try_again(self, time_s: float) -> None:
        """Begin another part when the disk takes one again."""
        if not self._goes_on or time_s < self._retry_at_s or self._begun >= MOST_PARTS:
            return
        self._retry_at_s = time_s + RETRY_S
        try:
            prepare_folder(self._target.parent, LEAST_FREE_BYTES)
            self._now = self._begin(time_s)
        except RecordError as error:
            log.debug("the film does not go on yet: %s", error)
            return
        self.part = self._now.path
        log.warning("the film goes on in %s", one_line(self.part))

    def _place(self, now: _Part) -> None:
        """Give the finished part its name: the film's own unless that would cost another film or claim to be whole."""
        if self.error is None and _identity(self._target) == self._older:
            os.replace(now.path, self._target)
            return
        names = numbered(self._target)
        next(names)
        kept = place_new(now.path, names)
        if self.error is None:
            log.warning(
                "%s was made by another meanwhile: this film is %s", one_line(self.path), one_line(kept)
            )
            self.path = kept
        else:
            self.error = RecordError(
                self.error.message, f"{self.error.remedy}; it goes on in {one_line(kept)}"
            )


def _identity(path: Path) -> tuple[int, int, int] | None:
    """What tells one file of this name from another put there later; None when there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
