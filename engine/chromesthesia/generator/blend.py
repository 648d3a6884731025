"""Smooth motion at display rate from pictures that come at the generator's rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.easing import smooth_step
from chromesthesia.core.records import Float32, PaintedImage, UInt8

FIRST_PERIOD_S = 1.0 / 30.0
SHORTEST_PERIOD_S = 1.0 / 120.0
LONGEST_PERIOD_S = 1.0
PERIOD_SMOOTHING = 0.2
FADE_S = 1.5
"""Pictures of another generator come up over so long from what was on show."""
_ARRIVED = 0.999


@dataclass(frozen=True, slots=True)
class BlendView:
    """What to draw: `previous` crossed with `current` by `mix` 0..1; both uint8 [H, W, 3], or None before the first.

    The serials change exactly when the array behind them changes, and are equal when both are the same picture.
    """

    previous: UInt8 | None
    current: UInt8 | None
    mix: float
    previous_serial: int
    current_serial: int


class ImageBlend:
    """Crosses from what is on show to the newest picture over one generator period, as it has lately been.

    A picture begins to show the moment it arrives and shows wholly one period later, never more. One that arrives
    before the last crossing is done starts from the mixture then on show, so nothing jumps. Pictures of another
    generator, of whatever size, come up slowly over what its forerunner showed last. Not thread-safe; the same pictures
    at the same times give the same views.
    """

    def __init__(self) -> None:
        self.period_s = FIRST_PERIOD_S
        self.image: PaintedImage | None = None
        """The newest picture taken, for its `end_sample` and `entered_s`."""
        self._previous: UInt8 | None = None
        self._current: UInt8 | None = None
        self._previous_serial = 0
        self._current_serial = 0
        self._last_serial = 0
        self._started_s = 0.0
        self._painter = 0
        self._fading: UInt8 | None = None
        self._fade_began_s = 0.0

    def push(self, image: PaintedImage, now_s: float) -> None:
        """Take a picture that arrived at `now_s`."""
        pixels = image.pixels
        if self._current is None:
            self._last_serial += 1
            self._previous_serial = self._current_serial = self._last_serial
            self._previous = self._current = pixels
            self._painter = image.painter
        else:
            if image.painter != self._painter or self._current.shape != pixels.shape:
                self._begin_fade(image, now_s)
            pixels = self._faded(pixels, now_s)
            mix = self._mix(now_s)
            if mix >= _ARRIVED or self._previous is None:
                self._previous, self._previous_serial = self._current, self._current_serial
            elif mix > 0.0:
                self._last_serial += 1
                self._previous, self._previous_serial = (
                    _cross(self._previous, self._current, mix),
                    self._last_serial,
                )
            self._last_serial += 1
            self._current, self._current_serial = pixels, self._last_serial
            interval_s = min(LONGEST_PERIOD_S, max(SHORTEST_PERIOD_S, now_s - self._started_s))
            self.period_s += PERIOD_SMOOTHING * (interval_s - self.period_s)
        self.image = image
        self._started_s = now_s

    def _begin_fade(self, image: PaintedImage, now_s: float) -> None:
        assert self._current is not None
        mix, shape = self._mix(now_s), image.pixels.shape
        shown = self._current
        if self._previous is not None and mix < _ARRIVED:
            shown = _cross(self._previous, self._current, mix)
        if shown.shape != shape:
            shown = _scaled(shown, shape[0], shape[1])
        self._last_serial += 1
        self._previous = self._current = self._fading = shown
        self._previous_serial = self._current_serial = self._last_serial
        self._painter = image.painter
        self._fade_began_s = now_s

    def _faded(self, pixels: UInt8, now_s: float) -> UInt8:
        """A picture of the new generator with what is left of the old one's over it, for when it shows wholly."""
        if self._fading is None:
            return pixels
        share = (now_s + self.period_s - self._fade_began_s) / FADE_S
        if share >= 1.0:
            self._fading = None
            return pixels
        return _cross(self._fading, pixels, smooth_step(share))

    def at(self, now_s: float) -> BlendView:
        """What to draw at `now_s`."""
        return BlendView(
            self._previous, self._current, self._mix(now_s), self._previous_serial, self._current_serial
        )

    def state(self) -> dict[str, Any]:
        """All that later views depend on, as plain values; `restore` takes it. Pictures that are one are kept once."""
        return {
            "period_s": self.period_s,
            "previous": None if self._previous is self._current else self._previous,
            "current": self._current,
            "serials": [self._previous_serial, self._current_serial, self._last_serial],
            "started_s": self._started_s,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`; `image` is then None until the next picture. Raises ValueError for what is no picture."""
        self.image = self._fading = None
        self.period_s, self._started_s = float(state["period_s"]), float(state["started_s"])
        self._current = _picture(state["current"])
        self._previous = self._current if state["previous"] is None else _picture(state["previous"])
        self._previous_serial, self._current_serial, self._last_serial = map(int, state["serials"])

    def _mix(self, now_s: float) -> float:
        if self._previous_serial == self._current_serial:
            return 1.0
        return min(1.0, max(0.0, (now_s - self._started_s) / self.period_s))


def _picture(kept: object) -> UInt8 | None:
    if kept is None:
        return None
    if not isinstance(kept, np.ndarray) or kept.dtype != np.uint8 or kept.ndim != 3 or kept.shape[2] != 3:
        raise ValueError("what was shown is no picture")
    return kept


def _cross(previous: UInt8, current: UInt8, mix: float) -> UInt8:
    """The mixture of two pictures, to the nearest 1/255; 8-bit weights keep it in integers."""
    weight = np.uint16(round(mix * 256))
    crossed = previous * (np.uint16(256) - weight) + current * weight + np.uint16(128)
    return np.asarray(crossed >> np.uint16(8), dtype=np.uint8)


def _scaled(picture: UInt8, height: int, width: int) -> UInt8:
    """The picture at another size, read between its pixels."""
    rows, down = _places(picture.shape[0], height)
    columns, across = _places(picture.shape[1], width)
    tall = (
        picture[rows] * (1.0 - down)[:, None, None]
        + picture[np.minimum(rows + 1, picture.shape[0] - 1)] * down[:, None, None]
    )
    wide = (
        tall[:, columns] * (1.0 - across)[:, None]
        + tall[:, np.minimum(columns + 1, tall.shape[1] - 1)] * across[:, None]
    )
    return np.asarray(wide + 0.5, dtype=np.uint8)


def _places(had: int, wanted: int) -> tuple[NDArray[np.intp], Float32]:
    """Where the middles of `wanted` pixels lie among `had`: the pixel before, and how far towards the next."""
    at = np.clip((np.arange(wanted) + 0.5) * had / wanted - 0.5, 0.0, had - 1.0)
    before = np.minimum(at.astype(np.intp), max(0, had - 2))
    return before, (at - before).astype(np.float32)
