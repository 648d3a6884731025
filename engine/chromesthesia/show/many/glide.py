"""From what a light painted by itself to what the ear's show is: crossed over, so that nothing jumps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chromesthesia.core.easing import smooth_step
from chromesthesia.core.records import UInt8
from chromesthesia.render.inputs import FrameInputs

GLIDE_US = 600_000
"""Behind it the frames are those of the ear again."""


class Glide:
    """Sees every frame's inputs; after `begin` it crosses from the picture seen last to those that come."""

    def __init__(self) -> None:
        self._last: tuple[UInt8 | None, UInt8, float] | None = None
        self._from: UInt8 | None = None
        self._begun_us = 0
        self._serial = -(1 << 20)  # no painting counts so low
        self._from_serial = 0

    def begin(self, time_us: int) -> None:
        """Cross from here on."""
        if self._last is None:
            return
        self._serial -= 1
        self._from, self._from_serial, self._begun_us = _mixed(*self._last), self._serial, time_us

    def crossed(self, inputs: FrameInputs, time_us: int) -> FrameInputs:
        """`inputs` as they are to be drawn."""
        if inputs.current is None:
            return inputs
        passed_us = time_us - self._begun_us
        start = self._from
        if start is None or not 0 <= passed_us < GLIDE_US or start.shape != inputs.current.shape:
            self._from = None
            self._last = inputs.previous, inputs.current, inputs.mix
            return inputs
        mix = smooth_step(passed_us / GLIDE_US)
        self._serial -= 1
        goal = _mixed(inputs.previous, inputs.current, inputs.mix)
        self._last = start, goal, mix
        return replace(
            inputs,
            previous=start,
            current=goal,
            mix=mix,
            previous_serial=self._from_serial,
            current_serial=self._serial,
        )


def _mixed(previous: UInt8 | None, current: UInt8, mix: float) -> UInt8:
    if previous is None or previous.shape != current.shape or mix >= 0.999:
        return current
    weight = np.uint16(round(min(max(mix, 0.0), 1.0) * 256))
    crossed = previous * (np.uint16(256) - weight) + current * weight + np.uint16(128)
    return np.asarray(crossed >> np.uint16(8), dtype=np.uint8)
