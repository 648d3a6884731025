"""Routes: from a signal that is heard to a parameter that it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from chromesthesia.core.easing import smooth_step
from chromesthesia.core.errors import PresetError
from chromesthesia.core.user_files import shown

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
ROUTE_LIMIT = 64
"""Most routes one preset may hold."""


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

    @property
    def ends(self) -> tuple[str, str]:
        """Signal and target."""
        return self.signal, self.target


def with_route(routes: Sequence[Route], route: Route) -> tuple[Route, ...]:
    """`routes` with one more, or with `route` in the place of what is between the same ends.

    Raises PresetError where there are `ROUTE_LIMIT` others.
    """
    others = len(_without(routes, route.ends))
    if others >= ROUTE_LIMIT:
        raise PresetError(f"{others} routes are there", f"use at most {ROUTE_LIMIT}")
    if others == len(routes):
        return (*routes, route)
    return tuple(route if each.ends == route.ends else each for each in routes)


def without_route(routes: Sequence[Route], signal: str, target: str) -> tuple[Route, ...]:
    """`routes` without what is between these ends. Raises PresetError where there is none."""
    others = _without(routes, (signal, target))
    if len(others) == len(routes):
        raise PresetError(f"no route from {shown(signal)} to {shown(target)}", "see the list of routes")
    return others


def _without(routes: Sequence[Route], ends: tuple[str, str]) -> tuple[Route, ...]:
    return tuple(each for each in routes if each.ends != ends)
