"""Counts the flashes of a picture as WCAG 2.3.1 does: three general and three red flashes a second are allowed.

It looks at frames and knows nothing of how they were made, so that it can judge the limiter that keeps them harmless.
The words and numbers are those of the definition of "general flash and red flash thresholds"
(https://www.w3.org/TR/WCAG21/#dfn-general-flash-and-red-flash-thresholds).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32, UInt8

Kind = Literal["general", "red"]
Bools = NDArray[np.bool_]

SECOND_S = 1.0
FLASHES_ALLOWED = 3
GENERAL_CHANGE = 0.1
"""Of the relative luminance, whose maximum is 1."""
GENERAL_DARKER = 0.8
"""The darker of two states must be below this."""
RED_CHANGE = 20.0 / 320.0
"""Of R - G - B in linear light, negative values taken as 0."""
RED_SHARE = 0.8
"""R / (R + G + B) of a saturated red."""
FIELD_SHARE = 1.0 / 3.0
"""Width and height of a visual field of 10 degrees: 341 x 256 of a picture of 1024 x 768."""
AREA = 0.25
"""Largest share of a field that may flash."""
FINEST_SHARE = 1.0 / 300.0
"""0.1 degrees in widths of the picture: finer patterns than this do not count, so frames are averaged to it."""
CONCURRENT_S = 0.05
"""Places that change within this time change together."""
_REMEMBERED = 16
_EPSILON = 1e-6
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True, slots=True)
class Violation:
    """More than three flashes within a second. start_s, end_s: when it was so; share: of the field, at its worst
    (events: of the largest event); left, top: of the worst field, 0..1 of the picture."""

    kind: Kind
    start_s: float
    end_s: float
    share: float
    left: float
    top: float


class FlashAnalyser:
    """Takes frames in order of time (it is a FrameSink) and keeps what broke the limit.

    Two readings of the definition are both held, in every field of 10 degrees at once:
    - places: each point counts its own flashes; the points with more than three must not fill a quarter of a field;
    - events: when a quarter of a field rises, or falls, within 50 ms, wherever in it, and at most half as much does the
      other, that is an event of the field; four pairs of opposing events within a second are too many.

    One size of frame only. Any thread, one at a time.
    """

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self.frames = 0
        self.peak_flashes: dict[Kind, int] = {"general": 0, "red": 0}
        """The most flashes that a quarter of a field had in any second, by places; at most eight are told apart."""
        self._watches: dict[Kind, _Watch] = {}

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Look at pixels uint8 [H, W, 3], sRGB, shown from `time_s` on."""
        linear = _averaged(_LINEAR[pixels], max(1, int(pixels.shape[1] * FINEST_SHARE)))
        luminance = linear @ _LUMINANCE
        red, rest = linear[..., 0], linear[..., 1] + linear[..., 2]
        total = red + rest
        saturated = (total > 0.0) & (red >= RED_SHARE * total)
        if not self._watches:
            self._watches = {kind: _Watch(kind, luminance.shape) for kind in ("general", "red")}
        self._look("general", luminance, None, time_s)
        self._look("red", np.maximum(red - rest, 0.0), saturated, time_s)
        self.frames += 1

    def sound(self, samples: Float32, start_s: float) -> None:
        """Sound cannot flash."""

    def close(self) -> None:
        """Nothing to close."""

    def _look(self, kind: Kind, signal: Float32, saturated: Bools | None, time_s: float) -> None:
        watch = self._watches[kind]
        found = watch.step(signal, saturated, time_s)
        self.peak_flashes[kind] = watch.peak_flashes
        if found is None:
            return
        for index in range(len(self.violations) - 1, -1, -1):
            last = self.violations[index]
            if last.kind == kind:
                if time_s - last.end_s > SECOND_S:
                    break
                worst = found if found.share > last.share else last
                self.violations[index] = replace(worst, start_s=last.start_s, end_s=time_s)
                return
        self.violations.append(found)


class _Watch:
    """Follows one signal, luminance or redness, at every point and in every field."""

    def __init__(self, kind: Kind, shape: tuple[int, ...]) -> None:
        self._kind: Kind = kind
        height, width = shape[:2]
        self._field = max(1, round(height * FIELD_SHARE)), max(1, round(width * FIELD_SHARE))
        self._shape = height, width
        fields = height - self._field[0] + 1, width - self._field[1] + 1
        self._extreme = np.zeros(self._shape, np.float32)
        self._level = np.zeros(self._shape, np.float32)
        self._extreme_saturated = np.zeros(self._shape, bool)
        self._level_saturated = np.zeros(self._shape, bool)
        self._heading = np.zeros(self._shape, np.int8)
        self._turns = np.full((_REMEMBERED, *self._shape), -np.inf)
        self._field_heading = np.ones(fields, np.int8)
        self._field_turns = np.full((_REMEMBERED, *fields), -np.inf)
        self.peak_flashes = 0

    def step(self, signal: Float32, saturated: Bools | None, time_s: float) -> Violation | None:
        """The worst violation at `time_s`, or None."""
        if not self._heading.any():
            self._extreme[:] = self._level[:] = signal
            if saturated is not None:
                self._extreme_saturated[:] = self._level_saturated[:] = saturated
            self._heading[:] = 1
            return None
        self._follow(signal, saturated, time_s)
        self._raise_peak(time_s)
        places, events = self._worst_places(time_s), self._worst_events(time_s)
        return places or events

    def _counts(self, one: Float32, other: Float32, sat_one: Bools | None, sat_other: Bools) -> Bools:
        change = RED_CHANGE if self._kind == "red" else GENERAL_CHANGE
        # Levels of eight bits and averages of them: equal must not depend on the last bit.
        enough = np.abs(one - other) >= change - _EPSILON
        if sat_one is None:
            return np.asarray(enough & (np.minimum(one, other) < GENERAL_DARKER))
        return np.asarray(enough & (sat_one | sat_other))

    def _follow(self, signal: Float32, saturated: Bools | None, time_s: float) -> None:
        """Find where the signal turned, or went on as far again: a change is dated by its end."""
        onward = (signal - self._extreme) * self._heading >= 0.0
        turned = ~onward & self._counts(signal, self._extreme, saturated, self._extreme_saturated)
        further = onward & self._counts(signal, self._level, saturated, self._level_saturated)
        # The last turn's level is behind the extreme, but a move back towards it is no move further.
        further &= (signal - self._level) * self._heading > 0.0
        moved = turned | further
        self._heading[turned] *= -1
        for mask, values in ((onward | turned, self._extreme), (moved, self._level)):
            values[mask] = signal[mask]
        if saturated is not None:
            self._extreme_saturated[onward | turned] = saturated[onward | turned]
            self._level_saturated[moved] = saturated[moved]
        _push(self._turns, turned, time_s)
        self._turns[0][further] = time_s

    def _raise_peak(self, time_s: float) -> None:
        while self.peak_flashes < _REMEMBERED // 2:
            nth = self._turns[2 * self.peak_flashes + 1]
            if self._fields_of(time_s - nth < SECOND_S - _EPSILON).max() <= AREA:
                return
            self.peak_flashes += 1

    def _worst_places(self, time_s: float) -> Violation | None:
        too_many = time_s - self._turns[2 * FLASHES_ALLOWED + 1] < SECOND_S - _EPSILON
        if not too_many.any():
            return None
        share = self._fields_of(too_many)
        return self._violation(share, share > AREA, time_s)

    def _worst_events(self, time_s: float) -> Violation | None:
        """Let every field turn where a quarter of it just turned the other way; the fields that did so too often."""
        fresh = time_s - self._turns[0] < CONCURRENT_S - _EPSILON
        if not fresh.any():
            return None
        up, down = (self._fields_of(fresh & (self._heading == sign)) for sign in (1, -1))
        # What moves, rises here and falls there; what flashes does one or the other.
        rising, falling = (up > AREA) & (up > 2.0 * down), (down > AREA) & (down > 2.0 * up)
        heading = self._field_heading
        opposing = np.where(heading > 0, falling, rising)
        again = (rising | falling) & ~opposing & (time_s - self._field_turns[0] >= CONCURRENT_S)
        _push(self._field_turns, opposing, time_s)
        self._field_turns[0][again] = time_s
        heading[opposing] *= -1
        too_many = time_s - self._field_turns[2 * FLASHES_ALLOWED + 1] < SECOND_S - _EPSILON
        return self._violation(np.maximum(up, down), too_many, time_s)

    def _violation(self, share: Float32, where: Bools, time_s: float) -> Violation | None:
        if not where.any():
            return None
        top, left = np.unravel_index(int(np.where(where, share, -1.0).argmax()), share.shape)
        height, width = self._shape
        worst = float(share[top, left])
        return Violation(self._kind, time_s, time_s, worst, float(left / width), float(top / height))

    def _fields_of(self, points: Bools) -> Float32:
        """Share of every field that is set, float32 [rows - field rows + 1, columns - field columns + 1]."""
        height, width = self._field
        sums = np.zeros((self._shape[0] + 1, self._shape[1] + 1), np.int32)
        sums[1:, 1:] = points.cumsum(0, dtype=np.int32).cumsum(1, dtype=np.int32)
        inside = (
            sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
        )
        return np.asarray(inside / (height * width), np.float32)


def _push(turns: NDArray[np.float64], where: Bools, time_s: float) -> None:
    if where.any():
        turns[1:, where] = turns[:-1, where]
        turns[0][where] = time_s


def _averaged(linear: Float32, block: int) -> Float32:
    """Means of blocks of `block` x `block` pixels; what does not fill a block at the right and bottom is left out."""
    if block == 1:
        return linear
    rows, columns = linear.shape[0] // block, linear.shape[1] // block
    blocks = linear[: rows * block, : columns * block].reshape(rows, block, columns, block, 3)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def _linear_table() -> Float32:
    """Linear light of the 256 levels of sRGB, 0..1."""
    level = np.arange(256) / 255.0
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LINEAR = _linear_table()
