"""Linear timecode as sound, for tests of what reads it."""

from __future__ import annotations

import numpy as np

from chromesthesia.core.records import Float32
from chromesthesia.tempo.ltc_word import BITS, Word, bits_of
from chromesthesia.tempo.timecode import Rate, Timecode, timecode_of

RISE_S = 40e-6


def ltc_sound(
    first: Timecode, frames: int, rate_hz: int = 48_000, speed: float = 1.0, level: float = 0.5
) -> Float32:
    """`frames` frames of timecode from `first` on, float32 [n]. speed: below 0 plays from `first` backwards."""
    backwards = speed < 0.0
    numbers = [first.number + (-index if backwards else index) for index in range(frames)]
    bits: list[int] = []
    for number in numbers:
        code = timecode_of(number, first.rate)
        word = Word(code.hours, code.minutes, code.seconds, code.frames, code.rate is Rate.DROP, backwards)
        bits += [bits_of(word) >> place & 1 for place in reversed(range(BITS))]
    halves = np.ones(2 * len(bits), dtype=bool)
    halves[1::2] = np.array(bits, dtype=bool)  # a crossing at every border, one more in the middle of a 1
    half_s = 1.0 / (first.rate.fps * BITS * 2.0 * abs(speed))
    times_s = np.arange(len(halves))[halves] * half_s
    # One more crossing ends the last bit.
    times_s = np.append(times_s, len(halves) * half_s)
    # A little silence behind, so that the last frame is whole wherever blocks end.
    length = round((len(halves) * half_s + 0.02) * rate_hz)
    at_s = np.arange(length) / rate_hz
    place = np.searchsorted(times_s, at_s, side="right")
    since_s = at_s - np.append(-1.0, times_s)[place]
    signs = np.where(place % 2 == 1, 1.0, -1.0)
    # Edges that take as long as the standard's: interpolation has something to find.
    return np.asarray(level * signs * (2.0 * np.clip(since_s / RISE_S, 0.0, 1.0) - 1.0), np.float32)
