"""Sound files as a source: decoded and converted while they play, paced by a clock or as fast as possible."""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from chromesthesia.audio.mixdown import Mixdown
from chromesthesia.errors import AudioError
from chromesthesia.seams import HOP_SAMPLES, SAMPLE_RATE_HZ, AudioBlock, Clock, Float32

log = logging.getLogger(__name__)

DECODED_AT_ONCE_S = 0.5
FORMATS = "wav, flac, ogg, opus and mp3"
_UNKNOWN_LENGTHS = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000)
"""Data sizes that programs write into a WAV header when they cannot go back to fill it in."""
_UNKNOWN_FRAMES = 1 << 48
"""libsndfile's frame count of a stream without a length lies above this."""


def read_sound(path: str | Path) -> Float32:
    """The whole file as mono float32 [n] at `SAMPLE_RATE_HZ`, the same samples as `FileSource` plays.

    Raises AudioError as `FileSource` does.
    """
    path = Path(path)
    check_sound(path)
    return np.concatenate(list(_decoded(path)))


def check_sound(path: str | Path) -> float:
    """Look at the file before playing it: its length in seconds (infinite when it does not say), or AudioError.

    Refused are files that are missing, unreadable, empty, no sound at all or shorter than their header promises.
    """
    path = Path(path)
    if not path.exists():
        raise AudioError(f"there is no sound file {path}", "check the path")
    if not path.is_file():
        raise AudioError(f"{path} is not a file", "name one sound file")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes)", "was it copied or recorded to its end?")
    _check_wav_length(path)
    with _opened(path) as file:
        if file.frames == 0:
            raise AudioError(f"{path} holds no sound (0 frames)", "was it recorded to its end?")
        if file.frames * SAMPLE_RATE_HZ < file.samplerate:
            raise AudioError(
                f"{path} holds less sound than one sample at {SAMPLE_RATE_HZ} Hz ({file.frames} frames)",
                "was it recorded to its end?",
            )
        if file.frames >= _UNKNOWN_FRAMES:
            return float("inf")
        try:
            file.seek(file.frames - 1)
            last = file.read(1)
        except soundfile.LibsndfileError as error:
            raise _truncated(path, f"its last frame of {file.frames} cannot be read: {error}") from error
        if len(last) != 1:
            raise _truncated(path, f"its header promises {file.frames} frames and the last is not there")
        return float(file.frames / file.samplerate)


class FileSource:
    """AudioSource that plays a sound file: any rate and channel count, mixed to mono, converted with soxr (HQ).

    Block [a, b) is released at start + b / rate and carries `entered_s` = start + a / rate, as if a microphone had
    heard it: the schedule, not the moment of reading, which is what latency is measured from. The start is the first
    `read`. With paced=False the stamps are the same and nothing waits. loop: begin again without a gap. Memory holds
    half a second of sound, whatever the length. AudioError at construction for a file that `check_sound` refuses, and
    from `read` if decoding fails in the middle.
    """

    live = False
    overruns = 0

    def __init__(
        self,
        path: str | Path,
        clock: Clock,
        paced: bool = True,
        loop: bool = False,
        block_samples: int = HOP_SAMPLES,
        name: str | None = None,
    ) -> None:
        if block_samples < 1:
            raise ValueError(f"a block needs at least one sample: block_samples={block_samples}")
        self._path = Path(path)
        self.name = name if name is not None else f"file: {self._path.name}"
        self.duration_s = check_sound(self._path)
        """Length of the file in seconds."""
        self._clock = clock
        self._paced = paced
        self._block_samples = block_samples
        self._blocks = self._cut(loop)
        self._given = 0
        self._start_s: float | None = None
        self._closed = threading.Event()

    def read(self) -> AudioBlock | None:
        """The next block (the last may be shorter) at its time when paced; None at the end or once closed."""
        if self._closed.is_set():
            return None
        samples = next(self._blocks, None)
        if samples is None:
            return None
        if self._start_s is None:
            self._start_s = self._clock.now_s()
        entered_s = self._start_s + self._given / SAMPLE_RATE_HZ
        self._given += samples.shape[0]
        due_s = self._start_s + self._given / SAMPLE_RATE_HZ
        if self._paced and self._clock.wait_until(due_s, self._closed):
            return None
        return AudioBlock(samples, entered_s)

    def close(self) -> None:
        """Stop; a `read` that waits returns None at once. Safe from any thread."""
        self._closed.set()

    def _cut(self, loop: bool) -> Iterator[Float32]:
        size = self._block_samples
        rest: Float32 = np.zeros(0, np.float32)
        first = True
        while True:
            count = 0
            for decoded in _decoded(self._path, told=not first):
                count += decoded.shape[0]
                rest = np.concatenate([rest, decoded])
                whole = rest.shape[0] // size * size
                for begin in range(0, whole, size):
                    yield rest[begin : begin + size]
                rest = rest[whole:]
            if count < (size if loop else 1):  # a loop would open the file more often than it can be opened
                raise AudioError(
                    f"{self._path} holds {count / SAMPLE_RATE_HZ:g} s of sound", "was it recorded to its end?"
                )
            if not loop:
                break
            first = False
        if rest.size:
            yield rest


def _decoded(path: Path, told: bool = False) -> Iterator[Float32]:
    """Mono float32 [n] pieces at `SAMPLE_RATE_HZ`; the only way in which files become samples.

    told: what is odd about the file was logged before.
    """
    with _opened(path) as file:
        rate_hz = file.samplerate
        mixdown = Mixdown(rate_hz, None if told else lambda line: log.warning("%s: %s", path, line))
        resampler = None
        if rate_hz != SAMPLE_RATE_HZ:
            resampler = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ")
        frames = max(1, round(rate_hz * DECODED_AT_ONCE_S))
        promised = file.frames
        done = 0
        while True:
            try:
                block = file.read(frames, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise _truncated(path, f"decoding failed after {done / rate_hz:.2f} s: {error}") from error
            done += len(block)
            last = len(block) < frames or done >= promised
            mono = mixdown.push(block)
            if resampler is not None:
                mono = resampler.resample_chunk(mono, last=last)
            if mono.size:
                yield mono
            if last:
                return


class _StraightFile(soundfile.SoundFile):  # type: ignore[misc]
    """soundfile seeks to where it already is after every read of a seekable file, and libsndfile's MP3 decoder then
    starts anew: samples behind every such point come out wrong. A file that calls itself unseekable is left alone.
    """

    def seekable(self) -> bool:
        return False


def _opened(path: Path) -> soundfile.SoundFile:
    if (
        path.exists() and not path.is_file()
    ):  # between two passes a pipe may have taken its place, and opening it waits
        raise AudioError(f"{path} is not a file", "name one sound file")
    try:
        return _StraightFile(path)
    except soundfile.LibsndfileError as error:
        with path.open("rb") as file:
            head = file.read(16)
        raise AudioError(
            f"{path} is not a sound file that can be read: {error.error_string} It begins with {head!r}",
            f"{FORMATS} are read; convert others with: ffmpeg -i {path.name} sound.wav",
        ) from error
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error}", "check its permissions") from error


def _check_wav_length(path: Path) -> None:
    """Compare a RIFF file's data size with what is there: libsndfile silently plays what is left of it."""
    with path.open("rb") as file:
        riff = file.read(12)
        if riff[:4] != b"RIFF" or riff[8:12] != b"WAVE":
            return
        size = path.stat().st_size
        while len(header := file.read(8)) == 8:
            length = struct.unpack("<I", header[4:])[0]
            if header[:4] == b"data":
                present = size - file.tell()
                if length > present and length not in _UNKNOWN_LENGTHS:
                    raise _truncated(
                        path, f"its header promises {length} bytes of sound and {present} are there"
                    )
                return
            file.seek(length + length % 2, 1)
        raise _truncated(path, "it ends before any sound")


def _truncated(path: Path, finding: str) -> AudioError:
    return AudioError(f"{path} is truncated: {finding}", "copy or record it again")
