"""One sound file: what it is, whether it is whole, and its samples at its own rate. Engine and training share it."""

from __future__ import annotations

import math
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile

from chromesthesia.audio.chunks import LITTLE_SHARE, Fill, SoundChunk, find_sound, restated_head
from chromesthesia.audio.decoders import Tell, check_shape
from chromesthesia.audio.libsndfile import UNKNOWN_FRAMES, Restated, open_sndfile, sndfile_pieces
from chromesthesia.audio.mp3_head import Mp3Head, goes_on, read_mp3_head
from chromesthesia.audio.ogg_pages import is_joined
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.core.user_files import one_line

FORMATS = "wav, flac, ogg, opus, mp3, aiff, m4a, aac and the sound of video files"


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A file that was looked at and can be played.

    duration_s: infinite where the file does not say; notes: what is odd about its header, a line each.
    """

    path: Path
    rate_hz: int
    channels: int
    duration_s: float
    notes: tuple[str, ...] = ()
    by_ffmpeg: bool = False
    restated: Restated | None = None

    def pieces(self, tell: Tell) -> Iterator[Float32]:
        """The sound as float32 [n, channels] pieces at `rate_hz`; `tell` gets a line for damage that is met.

        Raises AudioError where the file cannot be opened any more.
        """
        try:
            if self.by_ffmpeg:
                from chromesthesia.audio.ffmpeg import ffmpeg_pieces  # slow to import, and seldom needed

                yield from self._all_stated(ffmpeg_pieces(self.path, tell=tell), tell)
            else:
                yield from sndfile_pieces(self.path, self.restated, tell)
        except (soundfile.LibsndfileError, OSError) as error:
            raise _unreadable(one_line(self.path), error) from error

    def _all_stated(self, pieces: Iterator[Float32], tell: Tell) -> Iterator[Float32]:
        frames = 0
        for piece in pieces:
            frames += len(piece)
            yield piece
        heard_s = frames / self.rate_hz
        if math.isfinite(self.duration_s) and heard_s < (1.0 - LITTLE_SHARE) * self.duration_s:
            tell(
                f"{one_line(self.path)} ends after {heard_s:.2f} s, and its header promises {self.duration_s:.2f} s"
            )


def look_at(path: str | Path) -> SoundFile:
    """Look at a file before it is played.

    Raises AudioError for files that are missing, unreadable, empty, no sound at all, shorter than one sample, or
    shorter than their header promises. A header that was never filled in, or is inexact, is a note.
    """
    path = Path(path)
    where = one_line(path)
    size = _size_bytes(path, where)
    try:
        with path.open("rb") as file:
            chunk = find_sound(file, size, where)
            mp3 = None if chunk is not None else read_mp3_head(file)
            unstated = mp3 is not None and (not mp3.stated_frames or goes_on(file, mp3))
            file.seek(0)
            ogg = file.read(4) == b"OggS"
            joined = ogg and is_joined(file)
    except OSError as error:
        raise _unreadable(where, error) from error
    if chunk is not None:
        return _chunked(path, where, chunk)
    if unstated or joined:
        return replace(_by_ffmpeg(path, where, ""), duration_s=math.inf)
    try:
        # The length of an ogg file is read off its end: where that fails the middle is damaged.
        return _by_sndfile(path, where, stated=not ogg)
    except _NotWholeError as problem:
        if mp3 is not None and _all_there(mp3, size):
            return replace(
                _by_ffmpeg(path, where, ""), notes=_noted(where, mp3.stated_bytes, size - mp3.begin)
            )
        raise _truncated(where, str(problem)) from problem
    except soundfile.LibsndfileError as error:
        return _by_ffmpeg(path, where, error.error_string)


def _noted(
    where: str, stated_bytes: int | None, present_bytes: int, unfilled: bool = False
) -> tuple[str, ...]:
    if not unfilled and (stated_bytes is None or stated_bytes <= present_bytes):
        return ()
    why = "its sizes were never filled in" if unfilled else "its header promises a little more than is there"
    return (f"{where}: {why} ({stated_bytes} bytes stated, {present_bytes} there); what is there is played",)


def _all_there(mp3: Mp3Head, size_bytes: int) -> bool:
    return mp3.stated_bytes is not None and size_bytes - mp3.begin >= (1.0 - LITTLE_SHARE) * mp3.stated_bytes


def _size_bytes(path: Path, where: str) -> int:
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise AudioError(f"there is no sound file {where}", "check the path") from error
    except (OSError, ValueError) as error:
        raise _unreadable(where, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{where} is not a file", "name one sound file")
    if status.st_size == 0:
        raise AudioError(f"{where} is empty (0 bytes)", "was it copied or recorded to its end?")
    return status.st_size


def _chunked(path: Path, where: str, chunk: SoundChunk) -> SoundFile:
    if chunk.fill is Fill.CUT:
        raise _truncated(
            where,
            f"its header promises {chunk.stated_bytes} bytes of sound and {chunk.present_bytes} are there",
        )
    unfilled = chunk.fill is Fill.UNFILLED
    notes = _noted(where, chunk.stated_bytes, chunk.present_bytes, unfilled)
    restated = None
    if (chunk.fill is not Fill.WHOLE or chunk.misplaced) and chunk.kept:
        head, length = restated_head(chunk)
        restated = Restated(head, chunk.begin, length)
    try:
        # Its sizes were compared, and not every codec can be asked for its last frame.
        return _by_sndfile(path, where, restated, notes, stated=False)
    except soundfile.LibsndfileError as error:
        return _by_ffmpeg(path, where, error.error_string)


class _NotWholeError(Exception):
    """The last frame that a header promises is not there."""


def _by_sndfile(
    path: Path,
    where: str,
    restated: Restated | None = None,
    notes: tuple[str, ...] = (),
    stated: bool = True,
) -> SoundFile:
    """stated: the file says itself how long it is."""
    try:
        opened = open_sndfile(path, restated)
    except OSError as error:
        raise _unreadable(where, error) from error
    with opened as file:
        check_shape(where, file.samplerate, file.channels)
        if file.frames == 0:
            raise AudioError(f"{where} holds no sound (0 frames)", "was it recorded to its end?")
        duration_s = file.frames / file.samplerate if file.frames < UNKNOWN_FRAMES else math.inf
        if duration_s * SAMPLE_RATE_HZ < 1.0:
            raise AudioError(
                f"{where} holds no sound: {file.frames} frames at {file.samplerate} Hz are less than one sample",
                "was it recorded to its end?",
            )
        if stated and file.frames < UNKNOWN_FRAMES:
            nearly = int((1.0 - LITTLE_SHARE) * file.frames)
            if not (_can_be_read(file, file.frames - 1) or _can_be_read(file, nearly)):
                raise _NotWholeError(f"its header promises {file.frames} frames and the last cannot be read")
        return SoundFile(path, file.samplerate, file.channels, duration_s, notes, restated=restated)


def _can_be_read(file: soundfile.SoundFile, frame: int) -> bool:
    try:
        file.seek(frame)
        return len(file.read(1)) == 1
    except soundfile.LibsndfileError:
        return False


def _by_ffmpeg(path: Path, where: str, refusal: str) -> SoundFile:
    """refusal: what libsndfile reason, where it was asked."""
    from chromesthesia.audio.ffmpeg import look_by_ffmpeg  # slow to import, and seldom needed

    try:
        found = look_by_ffmpeg(path)
    except (OSError, ValueError) as error:
        raise _no_sound(path, where, refusal or one_line(error)) from error
    if found is None:
        raise AudioError(f"{where} holds no sound, only pictures", "name a file with a sound track")
    if found.is_cut:
        raise _truncated(where, f"its header promises {found.duration_s:.1f} s and the end is not there")
    if found.shape is None:
        raise _no_sound(path, where, refusal or "none of it can be decoded.")
    return SoundFile(path, *found.shape, found.duration_s, by_ffmpeg=True)


def _unreadable(where: str, error: Exception) -> AudioError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return AudioError(f"{where} cannot be read: {one_line(reason)}", "check the path and its permissions")


def _no_sound(path: Path, where: str, refusal: str) -> AudioError:
    with path.open("rb") as file:
        head = file.read(16)
    return AudioError(
        f"{where} is not a sound file that can be read: {refusal} It begins with {head!r}",
        f"{FORMATS} are read; convert others with: ffmpeg -i {one_line(path.name)} sound.wav",
    )


def _truncated(where: str, finding: str) -> AudioError:
    return AudioError(f"{where} is truncated: {finding}", "copy or record it again")
