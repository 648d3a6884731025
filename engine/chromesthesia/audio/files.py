"""Sound files as a source: decoded and converted while they play, paced by a clock or as fast as possible."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soxr

from chromesthesia.audio.channels import Channels, needed_by
from chromesthesia.audio.decoders import Tell
from chromesthesia.audio.parts import PartMix, block_of
from chromesthesia.audio.sound_file import SoundFile, look_at
from chromesthesia.core.errors import AudioError, ChannelError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import SAMPLE_RATE_HZ, STEP_SAMPLES, AudioBlock, Float32
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)


def read_sound(
    path: str | Path, duration_s: float | None = None, channels: Channels | None = None
) -> Float32:
    """The file as mono float32 [n] at `SAMPLE_RATE_HZ`, the same samples as `FileSource` plays.

    duration_s: read no more than this; None takes all of it. channels: which are heard. What is odd about the
    file is logged. Raises AudioError as `FileSource` does.
    """
    sound = _looked_at(path)
    _check_channels(sound, sound.channels, needed_by(channels or Channels(), ()))
    requested = None if duration_s is None else round(duration_s * SAMPLE_RATE_HZ)
    pieces: list[Float32] = []
    count = 0
    for (piece,) in _decoded(sound, _say, channels):
        pieces.append(piece)
        count += piece.shape[0]
        if requested is not None and count >= requested:
            break
    if not count:
        raise _soundless(sound)
    return np.concatenate(pieces)[:requested]


def check_sound(path: str | Path) -> float:
    """Look at the file before playing it: its length in seconds (infinite when it does not say), or AudioError.

    Refused are files that are missing, unreadable, empty, no sound at all or shorter than their header promises.
    """
    return look_at(path).duration_s


def _looked_at(path: str | Path) -> SoundFile:
    sound = look_at(path)
    for note in sound.notes:
        _say(note)
    return sound


def _say(line: str) -> None:
    log.warning("%s", line)


def _said_already(line: str) -> None:
    """Takes what a loop's first pass told."""


def _soundless(sound: SoundFile, samples: int = 0) -> AudioError:
    held = f"{samples / SAMPLE_RATE_HZ:g} s of" if samples else "no"
    return AudioError(f"{one_line(sound.path)} holds {held} sound", "was it recorded to its end?")


class FileSource:
    """AudioSource that plays a sound file: any rate and channel count, mixed to mono, converted with soxr (HQ).

    Block [a, b) is released at start + b / rate and carries `entered_s` = start + a / rate, as if a microphone had
    heard it: the schedule, not the moment of reading, which is what latency is measured from. The start is the first
    `read`. With paced=False the stamps are the same and nothing waits. loop: begin again without a gap. Memory holds
    half a second of sound, whatever the length. What is odd about the file is logged once. AudioError at
    construction for a file that `check_sound` refuses, and from `read` if no sound comes of it after all.
    """

    live = False
    overruns = 0

    def __init__(
        self,
        path: str | Path,
        clock: Clock,
        paced: bool = True,
        loop: bool = False,
        block_samples: int = STEP_SAMPLES,
        name: str | None = None,
        channels: Channels | None = None,
        musicians: Sequence[Channels] = (),
    ) -> None:
        """channels: which are heard; musicians: the same for each that is heard by himself."""
        self._channels = channels
        self._musicians = tuple(musicians)
        if block_samples < 1:
            raise ValueError(f"a block needs at least one sample: block_samples={block_samples}")
        self._path = Path(path)
        self.name = name if name is not None else f"file: {self._path.name}"
        self._sound = _looked_at(self._path)
        _check_channels(self._sound, self._sound.channels, needed_by(channels or Channels(), self._musicians))
        self.duration_s = self._sound.duration_s
        """Length of the file in seconds, infinite when it does not say."""
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
        rows = next(self._blocks, None)
        if rows is None:
            return None
        if self._start_s is None:
            self._start_s = self._clock.now_s()
        entered_s = self._start_s + self._given / SAMPLE_RATE_HZ
        self._given += rows.shape[1]
        due_s = self._start_s + self._given / SAMPLE_RATE_HZ
        if self._paced and self._clock.wait_until(due_s, self._closed):
            return None
        return block_of(list(rows), entered_s)

    def close(self) -> None:
        """Stop; a `read` that waits returns None at once. Safe from any thread."""
        self._closed.set()

    def _cut(self, loop: bool) -> Iterator[Float32]:
        """float32 [1 + musicians, block]."""
        size = self._block_samples
        rest: Float32 = np.zeros((1 + len(self._musicians), 0), np.float32)
        sound, tell = self._sound, _say
        while True:
            count = 0
            for decoded in _decoded(sound, tell, self._channels, self._musicians):
                count += decoded.shape[1]
                rest = np.concatenate([rest, decoded], axis=1)
                whole = rest.shape[1] // size * size
                for begin in range(0, whole, size):
                    yield rest[:, begin : begin + size]
                rest = rest[:, whole:]
            if count < (size if loop else 1):  # a loop would open the file more often than it can be opened
                raise _soundless(sound, count)
            if not loop:
                break
            # Somebody may have saved another file under this name.
            sound, tell = look_at(self._path), _said_already
        if rest.size:
            yield rest


def _decoded(
    sound: SoundFile, tell: Tell, channels: Channels | None = None, musicians: Sequence[Channels] = ()
) -> Iterator[Float32]:
    """Pieces, float32 [1 + musicians, n] at `SAMPLE_RATE_HZ`: first the room; the only way in which files become
    samples."""
    needed = needed_by(channels or Channels(), musicians)
    mixdown = PartMix(
        sound.rate_hz, channels, musicians, lambda line: tell(f"{one_line(sound.path)}: {line}")
    )
    resamplers = None
    if sound.rate_hz != SAMPLE_RATE_HZ:
        resamplers = [
            soxr.ResampleStream(sound.rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ")
            for _ in range(1 + len(musicians))
        ]
    for piece, last in _with_last(sound.pieces(tell)):
        _check_channels(sound, piece.shape[1], needed)
        rows = mixdown.push(piece)
        if resamplers is not None:
            rows = [each.resample_chunk(row, last=last) for each, row in zip(resamplers, rows, strict=True)]
        if rows[0].size:
            yield rows[0][None] if len(rows) == 1 else np.stack(rows)


def _check_channels(sound: SoundFile, channels: int, needed: int) -> None:
    if channels < needed:
        raise ChannelError(
            f"{one_line(sound.path)} has {channels} channels, and channel {needed} was asked for",
            "choose others with --channels or --musician",
        )


def _with_last(pieces: Iterator[Float32]) -> Iterator[tuple[Float32, bool]]:
    """Each piece, and whether it is the last."""
    held = next(pieces, None)
    while held is not None:
        following = next(pieces, None)
        yield held, following is None
        held = following
