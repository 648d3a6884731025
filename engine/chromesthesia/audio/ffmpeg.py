"""Decoding into float32 pieces by FFmpeg, for what libsndfile does not read rightly. Slow to import."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from chromesthesia.audio.decoders import Tell, check_shape, piece_frames
from chromesthesia.core.records import Float32
from chromesthesia.core.user_files import one_line

FFMPEG_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,nut,ogg,rm,tta,"
    "voc,w64,wav,wv"
)
"""Formats that hold their sound themselves: a playlist would make FFmpeg open other files, or the network."""
FFMPEG_TIMEOUT_S = 5.0
"""For one opening or reading: FFmpeg walks through some damaged files for minutes."""
MOST_BAD_PACKETS = 1_000
_LENGTH_IN_HEADER = (
    "mov",
    "matroska",
    "asf",
    "avi",
    "flv",
    "wav",
    "flac",
    "ogg",
    "caf",
    "w64",
    "ape",
    "tta",
    "wv",
)
"""FFmpeg's formats that state a length; for others it is guessed from the size."""
_LAST_S = 1.0


@dataclass(frozen=True, slots=True)
class FfmpegLook:
    """A file with a sound track. duration_s: infinite where it does not say; shape: rate in Hz and channels, None where
    none of it can be decoded; is_cut: its end is not there."""

    duration_s: float
    is_cut: bool
    shape: tuple[int, int] | None


def look_by_ffmpeg(path: Path) -> FfmpegLook | None:
    """What a file holds; None where there is no sound in it. Raises OSError for what is no such file, AudioError."""
    with _as_os_error(), _opened(path) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        duration_s = _stated_s(container, stream)
        if container.format.name.startswith("mov") and _is_cut(container, stream):
            return FfmpegLook(duration_s, True, None)
    with _as_os_error():
        return FfmpegLook(duration_s, False, _shape(path))


def ffmpeg_pieces(path: Path, from_s: float = 0.0, tell: Tell = lambda line: None) -> Iterator[Float32]:
    """float32 [n, channels] pieces through FFmpeg, at the rate and in the channels of the first that comes.

    from_s: where to begin. Packets that cannot be decoded are left out, and told. Raises OSError.
    """
    with _as_os_error(), _opened(path) as container:
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


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def _opened(path: Path) -> Any:
    options = {"format_whitelist": FFMPEG_FORMATS, "protocol_whitelist": "file"}
    # Named as a file, "http:..." or "concat:..." is no address.
    address = f"file:{os.fspath(path)}"
    return av.open(address, options=options, metadata_errors="replace", timeout=FFMPEG_TIMEOUT_S)


def _shape(path: Path) -> tuple[int, int] | None:
    with _opened(path) as container:
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


def _stated_s(container: Any, stream: Any) -> float:
    if container.format.name.split(",")[0] not in _LENGTH_IN_HEADER:
        return math.inf
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.streams.video:
        return math.inf  # a film's length is not that of its sound
    return container.duration / av.time_base if container.duration else math.inf


def _is_cut(container: Any, stream: Any) -> bool:
    """Whether the index of an mp4 file leads to sound that is not there."""
    if not stream.duration:
        return False
    reach = int(_LAST_S / stream.time_base)
    try:
        container.seek((stream.start_time or 0) + max(0, stream.duration - reach), stream=stream)
        return bool(next(container.demux(stream)).size == 0)
    except av.FFmpegError:
        return True
