"""Reading linear timecode from sound: any level, any sample rate, a tenth to several times the speed, both directions.

Three steps, each with its own state: where the sound crosses its middle (`Edges`), which bits those crossings are
(`BitClock`), and which frames the bits make (`LtcReader`). Biphase marks have a crossing at the border of every bit and
one more in the middle of a 1, whichever way they run and whichever way the plug is wired.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32
from chromesthesia.tempo.ltc_word import Word, shifted, word_in
from chromesthesia.tempo.timecode import Position, Rate, Timecode, timecode_of

SEGMENT_S = 0.005
"""The level is looked at in pieces of this length, so that how sound is cut in blocks changes nothing."""
_FALL = 0.85
"""So much is left of the remembered level after each piece."""
_SILENT = 1e-4
_HYSTERESIS = 0.3
"""Crossings count from this part of the level on each side of the middle: noise below it makes none."""
_KEPT = 64
_PATIENCE = 240
"""After so many crossings without a frame the length of a bit is looked for anew."""
_FOLLOW = 0.1
_SHORTEST_BIT, _LONGEST_BIT = 3.0, 4000.0


class Edges:
    """Where a sound crosses its own middle, in samples since the start."""

    def __init__(self, rate_hz: int) -> None:
        self._length = max(16, round(rate_hz * SEGMENT_S))
        self._rest: Float32 = np.zeros(0, np.float32)
        self._start = 0
        self._last = 0.0
        self._side = 0
        self._high = self._low = 0.0

    def push(self, samples: Float32) -> list[float]:
        """The crossings in what is whole of the sound so far. samples: float32 [n]; what is no number is silence."""
        # Beyond these levels a square or a sum would be infinite; no sound has them.
        clean = np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -1e3, 1e3).astype(np.float32)
        waiting = np.concatenate((self._rest, clean)) if self._rest.size else clean
        edges: list[float] = []
        whole = len(waiting) // self._length * self._length
        for begin in range(0, whole, self._length):
            edges += self._segment(waiting[begin : begin + self._length])
        self._rest = waiting[whole:].copy()
        return edges

    def _segment(self, sound: Float32) -> list[float]:
        middle = (self._high + self._low) / 2.0
        self._high = max(float(sound.max()), middle + (self._high - middle) * _FALL)
        self._low = min(float(sound.min()), middle + (self._low - middle) * _FALL)
        middle, level = (self._high + self._low) / 2.0, (self._high - self._low) / 2.0
        start, self._start = self._start, self._start + len(sound)
        before, self._last = self._last, float(sound[-1])
        if level < _SILENT:
            self._side = 0
            return []
        up, down = middle + _HYSTERESIS * level, middle - _HYSTERESIS * level
        sides = (sound > up).astype(np.int8) - (sound < down).astype(np.int8)
        places = np.flatnonzero(sides)
        if not places.size:
            return []
        found = sides[places]
        crossed = np.diff(found, prepend=np.int8(self._side)) != 0
        if self._side == 0:
            crossed[0] = False
        self._side = int(found[-1])
        at, side = places[crossed], found[crossed]
        now = sound[at].astype(np.float64)
        earlier = np.where(at > 0, sound[at - 1], before).astype(np.float64)
        threshold = np.where(side > 0, up, down)
        step = now - earlier
        share = np.where(np.abs(step) > 1e-12, (threshold - earlier) / np.where(step == 0.0, 1.0, step), 1.0)
        times: NDArray[np.float64] = start + at - 1.0 + np.clip(share, 0.0, 1.0)
        return [float(time) for time in times]


class BitClock:
    """From crossings to bits: learns how long a bit lasts, follows it, and learns it anew when it is lost."""

    def __init__(self) -> None:
        self.bit_samples = 0.0
        """Length of a bit now; 0 while it is not known."""
        self._last: float | None = None
        self._half = False
        self._lengths: deque[float] = deque(maxlen=_KEPT)
        self._without = 0

    def found(self) -> None:
        """A frame was made of the bits: their length is right."""
        self._without = 0

    def edge(self, at: float) -> int | None:
        """The bit that ends with this crossing: 0 or 1; None when none does; -1 when the bits are lost."""
        last, self._last = self._last, at
        if last is None:
            return None
        length = at - last
        self._lengths.append(length)
        self._without += 1
        if (
            (not self.bit_samples or self._without > _PATIENCE)
            and len(self._lengths) == _KEPT
            and self._without % (_KEPT // 2) == 0
        ):
            self._learn()
        bit = self.bit_samples
        if not bit:
            return None
        if 0.25 * bit < length < 0.75 * bit:
            self.bit_samples += _FOLLOW * (2.0 * length - bit)
            self._half = not self._half
            return None if self._half else 1
        was_half, self._half = self._half, False
        if 0.75 * bit <= length < 1.5 * bit:
            self.bit_samples += _FOLLOW * (length - bit)
            # A whole bit behind half a one: the half was a border that nobody saw.
            return -1 if was_half else 0
        return -1

    def _learn(self) -> None:
        """Two lengths, one twice the other: bits of 0 and halves of bits of 1."""
        lengths = sorted(self._lengths)[2:-2]
        ratios = [
            (longer / max(shorter, 1e-9), place)
            for place, (shorter, longer) in enumerate(itertools.pairwise(lengths))
        ]
        gap, place = max(ratios)
        short, long = lengths[: place + 1], lengths[place + 1 :]
        half, whole = sum(short) / len(short), sum(long) / len(long)
        bit = (2.0 * half * len(short) + whole * len(long)) / len(lengths)
        if gap > 1.25 and 1.5 < whole / max(half, 1e-9) < 2.6 and _SHORTEST_BIT < bit < _LONGEST_BIT:
            self.bit_samples = bit
            self._half = False


@dataclass(frozen=True, slots=True)
class LtcFrame:
    """One frame that was read. at: the sample at which it was whole; position: there, `at_s` being that of the sample
    as told to `LtcReader.push`."""

    timecode: Timecode
    backwards: bool
    at: float
    position: Position


class LtcReader:
    """Timecode out of one channel of sound. One thread.

    A frame is told when it follows the one before it, so the first after silence is not: that way no frame is told that
    noise made. The rate is that of the drop flag, else of the last frame number before a second is over, else (in the
    first second) of the speed.
    """

    def __init__(self, rate_hz: int) -> None:
        if rate_hz < 1:
            raise ValueError(f"a sample rate is positive: rate_hz={rate_hz}")
        self._rate_hz = rate_hz
        self.rejected = 0
        """Frames that did not follow the one before."""
        self._samples = 0
        self.reset()

    def reset(self) -> None:
        """The sound was interrupted."""
        self._edges = Edges(self._rate_hz)
        self._clock = BitClock()
        self._origin = self._samples
        self._bits = 0
        self._count = 0
        self._before: tuple[Word, float] | None = None
        self._rolled: int | None = None

    def push(self, samples: Float32, start_s: float) -> list[LtcFrame]:
        """The frames that are whole now. samples: float32 [n]; start_s: monotonic time of the first of them."""
        first = self._samples
        self._samples += len(samples)
        frames = []
        for edge in self._edges.push(samples):
            bit = self._clock.edge(edge)
            if bit is None:
                continue
            if bit < 0:
                self._count = 0
                continue
            self._bits = shifted(self._bits, bit)
            self._count += 1
            word = word_in(self._bits) if self._count >= 80 else None
            if word is None:
                continue
            self._clock.found()
            at = self._origin + edge
            frame = self._follow(word, at, start_s + (at - first) / self._rate_hz)
            if frame is not None:
                frames.append(frame)
        return frames

    def _follow(self, word: Word, at: float, at_s: float) -> LtcFrame | None:
        before, self._before = self._before, (word, at)
        if before is None or before[0].backwards is not word.backwards or before[0].drop is not word.drop:
            self._rolled = None if before is not None and before[0].drop is not word.drop else self._rolled
            return None
        earlier, later = (word, before[0]) if word.backwards else (before[0], word)
        if later.frames in (0, 2) and earlier.frames in (23, 24, 29):
            self._rolled = earlier.frames + 1
        took_s = (at - before[1]) / self._rate_hz
        rate = self._rate(word, took_s)
        try:
            told = _timecode(word, rate)
            step = _timecode(later, rate).number - _timecode(earlier, rate).number
        except ValueError:
            self.rejected += 1
            return None
        if step % rate.frames_a_day != 1:
            self.rejected += 1
            return None
        speed = 1.0 / (rate.fps * took_s)
        end_s = told.position_s + (0.0 if word.backwards else 1.0 / rate.fps)
        position = Position(at_s, end_s, -speed if word.backwards else speed, rate)
        return LtcFrame(told, word.backwards, at, position)

    def _rate(self, word: Word, took_s: float) -> Rate:
        if word.drop:
            return Rate.DROP
        if self._rolled is not None:
            return {24: Rate.FILM, 25: Rate.PAL}.get(self._rolled, Rate.FULL)
        fps = 1.0 / max(took_s, 1e-6)
        if word.frames >= 25 or fps > 27.4:
            return Rate.FULL
        return Rate.PAL if word.frames >= 24 or fps > 24.5 else Rate.FILM


def _timecode(word: Word, rate: Rate) -> Timecode:
    return Timecode(word.hours, word.minutes, word.seconds, word.frames, rate)


def next_frame(timecode: Timecode) -> Timecode:
    """The frame after this one."""
    return timecode_of(timecode.number + 1, timecode.rate)
