"""Decoding into float32 pieces by libsndfile."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from chromesthesia.audio.decoders import Tell, piece_frames
from chromesthesia.audio.ogg_pages import first_damage
from chromesthesia.core.records import Float32
from chromesthesia.core.user_files import one_line

UNKNOWN_FRAMES = 1 << 48
"""libsndfile's frame count of a stream without a length lies above this."""
NOTICED_S = 0.05
"""Missing sound below this is not worth a word."""


@dataclass(frozen=True, slots=True)
class Restated:
    """A file's sound under a head that states it rightly: `head`, then `length` bytes from `begin` on."""

    head: bytes
    begin: int
    length: int


class _StraightFile(soundfile.SoundFile):  # type: ignore[misc]
    """soundfile seeks to where it already is after every read of a seekable file, and libsndfile's MP3 decoder then
    starts anew: samples behind every such point come out wrong. A file that calls itself unseekable is left alone.
    """

    def seekable(self) -> bool:
        return False


class _RestatedFile(io.RawIOBase):
    """What libsndfile reads in place of a file whose own head misleads it."""

    def __init__(self, path: Path, restated: Restated) -> None:
        self._file = path.open("rb")
        self._restated = restated
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        size = len(self._restated.head) + self._restated.length
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        head = self._restated.head
        if self._at < len(head):
            part = head[self._at : self._at + len(buffer)]
        else:
            into = self._at - len(head)
            self._file.seek(self._restated.begin + into)
            part = self._file.read(max(0, min(len(buffer), self._restated.length - into)))
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()


def open_sndfile(path: Path, restated: Restated | None = None) -> soundfile.SoundFile:
    """The file in libsndfile. Raises soundfile.LibsndfileError, or OSError where it cannot be opened at all."""
    return _StraightFile(path if restated is None else _RestatedFile(path, restated))


def sndfile_pieces(path: Path, restated: Restated | None, tell: Tell) -> Iterator[Float32]:
    """float32 [n, channels] pieces through libsndfile, of `DECODED_AT_ONCE_S` each but the last.

    Where libsndfile gives up in the middle FFmpeg goes on behind the damage; what is missing in the end is told.
    """
    with open_sndfile(path, restated) as file:
        rate_hz, promised = file.samplerate, file.frames
        frames = piece_frames(rate_hz, file.channels)
        done = lost = 0
        while True:
            try:
                block: Float32 = file.read(frames, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                rest = 0
                if restated is None:
                    from chromesthesia.audio.ffmpeg import ffmpeg_pieces  # slow to import, and seldom needed

                    for block in ffmpeg_pieces(path, done / rate_hz):
                        rest += len(block)
                        yield block
                lost = promised - done - rest if promised < UNKNOWN_FRAMES else 1
                _tell_damage(path, done / rate_hz, max(0, lost) / rate_hz, tell)
                return
            done += len(block)
            if len(block):
                yield block
            if len(block) < frames or done >= promised:
                break
    lost = promised - done if promised < UNKNOWN_FRAMES else 0
    if lost > NOTICED_S * rate_hz:
        _tell_damage(path, _damaged_at_s(path, done, rate_hz), lost / rate_hz, tell)


def _damaged_at_s(path: Path, done: int, rate_hz: int) -> float:
    with path.open("rb") as file:
        gap = first_damage(file, path.stat().st_size) if file.read(4) == b"OggS" else None
    return (done if gap is None else min(gap, done)) / rate_hz


def _tell_damage(path: Path, at_s: float, lost_s: float, tell: Tell) -> None:
    tell(f"{one_line(path)} is damaged {at_s:.2f} s from its start: {lost_s:.2f} s of its sound are lost")
