"""Routes: from a signal that is heard to a parameter that it moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from chromesthesia.core.easing import smooth_step

CURVES: MappingProxyType[str, Callable[[float], float]] = MappingProxyType(
    {
        "linear": lambda u: u,
        "square": lambda u: u * u,
        "root": lambda u: float(u**0.5),
        "smooth": smooth_step,
    }
)
"""Shapes between input and output, 0..1 to 0..1."""

MODES = ("add", "scale")


@dataclass(frozen=True, slots=True)
class Route:
    """One connection.

    The signal is taken from low..high to 0..1 and held there (high below low turns it round), bent by
    `curve`, then follows with `attack_s` upwards and `release_s` downwards: u. Mode `add` adds gain * u, in
    the parameter's own unit; mode `scale` multiplies by 1 + gain * u, so that gain -1 takes the parameter to
    zero. Scaling comes before adding, and the sum is held in the parameter's range.
    """

    signal: str
    target: str
    gain: float = 1.0
    curve: str = "linear"
    low: float = 0.0
    high: float = 1.0
    attack_s: float = 0.0
    release_s: float = 0.0
    mode: str = "add"
