"""Soft takeover: a fader that stands elsewhere does nothing until it has met the value that it steers."""

from __future__ import annotations

from dataclasses import dataclass

NEAR = 1.5 / 127
"""A fader this close to the value has met it."""


@dataclass(frozen=True, slots=True)
class Grip:
    """Whether a fader has its value in hand. place: where the fader was last, 0..1; None before it was moved."""

    held: bool = False
    place: float | None = None


def moved(grip: Grip, place: float, value: float) -> Grip:
    """After the fader went to `place` while the value is at `value`, both 0..1 of the travel."""
    if grip.held:
        return Grip(True, place)
    near = abs(place - value) <= NEAR
    passed = grip.place is not None and (grip.place - value) * (place - value) <= 0.0
    return Grip(near or passed, place)


def left(grip: Grip, value: float) -> Grip:
    """After somebody else set the value to `value`: out of hand, unless it is where the fader stands."""
    held = grip.held and grip.place is not None and abs(grip.place - value) <= NEAR
    return Grip(held, grip.place)
