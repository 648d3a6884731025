"""Decoding into float32 pieces: by libsndfile, or by FFmpeg for what libsndfile does not read rightly."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

from chromesthesia.audio.ogg_pages import first_damage
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import Float32
from chromesthesia.core.user_files import one_line

DECODED_AT_ONCE_S = 0.5
MOST_AT_ONCE = 1 << 22
"""Samples of all channels together in one piece, whatever a header asks for."""
RATES_HZ = (1_000, 1_000_000)
MOST_CHANNELS = 64
UNKNOWN_FRAMES = 1 << 48
"""libsndfile's frame count of a stream without a length lies above this."""
FFMPEG_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,nut,ogg,rm,tta,"
    "voc,w64,wav,wv"
)
"""Formats that hold their sound themselves: a playlist would make FFmpeg open other files, or the network."""
FFMPEG_TIMEOUT_S = 5.0
"""For one opening or reading: FFmpeg walks through some damaged files for minutes."""
MOST_BAD_PACKETS = 1_000
NOTICED_S = 0.05
"""Missing sound below this is not worth a word."""

Tell = Callable[[str], None]
"""Takes one line about something odd that does not keep the file from being played."""


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


def piece_frames(rate_hz: int, channels: int) -> int:
    """Frames that are decoded at once."""
    return max(1, min(round(rate_hz * DECODED_AT_ONCE_S), MOST_AT_ONCE // max(1, channels)))


def check_shape(where: str, rate_hz: int, channels: int) -> None:
    """Raises AudioError for a rate or a number of channels that no recording has."""
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise AudioError(
            f"{where} has a sample rate of {rate_hz} Hz",
            f"rates of {RATES_HZ[0]} to {RATES_HZ[1]} Hz are read; is its header damaged?",
        )
    if not 1 <= channels <= MOST_CHANNELS:
        raise AudioError(
            f"{where} has {channels} channels", f"up to {MOST_CHANNELS} are read; is its header damaged?"
        )


def open_ffmpeg(path: Path) -> Any:
    """The file in FFmpeg, as a context. Raises av.FFmpegError."""
    options = {"format_whitelist": FFMPEG_FORMATS, "protocol_whitelist": "file"}
    # Named as a file, "http:..." or "concat:..." is no address.
    address = f"file:{os.fspath(path)}"
    return av.open(address, options=options, metadata_errors="replace", timeout=FFMPEG_TIMEOUT_S)


def ffmpeg_pieces(path: Path, from_s: float = 0.0, tell: Tell = lambda line: None) -> Iterator[Float32]:
    """float32 [n, channels] pieces through FFmpeg, at the rate and in the channels of the first that comes.

    from_s: where to begin. Packets that cannot be decoded are left out, and told. Raises av.FFmpegError.
    """
    with open_ffmpeg(path) as container:
        stream = container.streams.audio[0]
        if from_s > 0.0:
            container.seek(int(from_s / stream.time_base), stream=stream)
        frames = _Frames(path, container, stream, tell)
        held: list[Float32] = []
        count = 0
        for block in frames.blocks(from_s):
            held.append(block)
            count += len(block)
            if count >= piece_frames(frames.rate_hz, block.shape[1]):
                yield np.concatenate(held)
                held, count = [], 0
        if held:
            yield np.concatenate(held)


def ffmpeg_shape(path: Path) -> tuple[int, int] | None:
    """Rate in Hz and channels of the first sound that can be decoded; None where there is none. Raises as above."""
    with open_ffmpeg(path) as container:
        frames = _Frames(path, container, container.streams.audio[0], lambda line: None)
        first = next(frames.blocks(0.0), None)
        return None if first is None else (frames.rate_hz, first.shape[1])


class _Frames:
    """Frames of one stream, brought to the form of the first: later ones may differ, as in joined files."""

    def __init__(self, path: Path, container: Any, stream: Any, tell: Tell) -> None:
        self._path = path
        self._container = container
        self._stream = stream
        self._tell = tell
        self.rate_hz = 0
        self._layout: Any = None
        self._form: tuple[object, ...] = ()
        self._resampler: Any = None

    def blocks(self, from_s: float) -> Iterator[Float32]:
        bad, at_s = 0, from_s
        for packet in self._packets():
            try:
                decoded = packet.decode()
            except av.FFmpegError:
                bad += 1
                if bad == 1:
                    self._tell(
                        f"{one_line(self._path)} is damaged {at_s:.2f} s from its start; what can be decoded is played"
                    )
                if bad > MOST_BAD_PACKETS:
                    return
                continue
            for frame in decoded:
                if frame.time is not None:
                    at_s = frame.time
                    if from_s > 0.0 and at_s < from_s:
                        continue
                yield from self._converted(frame)
        if self._resampler is not None:
            yield from self._arrays(self._resampler.resample(None))

    def _packets(self) -> Iterator[Any]:
        try:
            yield from self._container.demux(self._stream)
        except av.FFmpegError as error:
            self._tell(f"{one_line(self._path)} ends in damage: {one_line(error.strerror)}")

    def _converted(self, frame: Any) -> Iterator[Float32]:
        if not self.rate_hz:
            check_shape(one_line(self._path), frame.sample_rate, frame.layout.nb_channels)
            self.rate_hz, self._layout = frame.sample_rate, frame.layout
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            if self._resampler is not None:
                yield from self._arrays(self._resampler.resample(None))
            # Interleaved: from more than eight planes PyAV reads memory that is none of the frame's.
            self._resampler = av.AudioResampler("flt", self._layout, self.rate_hz)
            self._form = form
        frame.pts = None  # sound without gaps: times are no more needed
        yield from self._arrays(self._resampler.resample(frame))

    def _arrays(self, frames: list[Any]) -> Iterator[Float32]:
        for frame in frames:
            if frame.samples:
                yield frame.to_ndarray().reshape(frame.samples, -1)
