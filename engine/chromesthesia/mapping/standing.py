"""A glide stopped half way, as a preset: the values and routes that give the very look of this moment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.routes import Route

STRONGEST = 1e9
"""Factor that routes together never exceed: their product would become infinite, and infinity times nothing NaN."""
_LEAST_SCALE = 1e-3
_NEIGHBOURS = 16


@dataclass(frozen=True, slots=True)
class Standing:
    """The look of one frame on the way from one preset to another. look_version: of the one that it is on its way to.

    values: every parameter of a look; routes: those of the new preset, as strong as they are by now. A show that
    begins with both, and hears what this frame heard, begins with this frame's look.
    """

    look_version: int
    values: Mapping[str, Value]
    routes: tuple[Route, ...]


def standing_look(
    look_version: int,
    shown: Mapping[str, Value],
    params: Mapping[str, Param],
    goals: Sequence[tuple[Route, float]],
    share: float,
) -> Standing:
    """shown: the live values, routes included; goals: every route that runs and where its signal would have it at once;
    share: 0..1, how far the glide is.

    What of `shown` the routes will give again is taken out of the value under them; a route over whose value that
    leaves the range is left out, so that the value stays as it is shown.
    """
    weak = [(replace(route, gain=route.gain * share), goal) for route, goal in goals]
    weak = [(route, goal) for route, goal in weak if route.gain]
    values: dict[str, Value] = {}
    left_out: set[str] = set()
    for path, value in shown.items():
        param = params.get(path)
        if param is None or param.room:
            continue
        values[path] = value
        own = [(route, goal) for route, goal in weak if route.target == path]
        if own and isinstance(value, float):
            under = _under(value, param, own)
            if under is None:
                left_out.add(path)
            else:
                values[path] = under
    return Standing(look_version, values, tuple(route for route, _ in weak if route.target not in left_out))


def driven(value: float, scale: float, add: float, param: Param) -> float:
    """A value as its routes move it, held in its range."""
    low = -math.inf if param.low is None else param.low
    high = math.inf if param.high is None else param.high
    return min(max(value * scale + add, low), high)


def _under(shown: float, param: Param, routes: Sequence[tuple[Route, float]]) -> float | None:
    """The value that `routes` move to `shown`; None when there is none in the range."""
    scale, add = 1.0, 0.0
    for route, goal in routes:
        if route.mode == "scale":
            scale = min(max(scale * (1.0 + route.gain * goal), -STRONGEST), STRONGEST)
        else:
            add += route.gain * goal
    if abs(scale) < _LEAST_SCALE:
        return None
    under = (shown - add) / scale
    for candidate in _near(under):
        in_range = (param.low is None or candidate >= param.low) and (
            param.high is None or candidate <= param.high
        )
        if in_range and driven(candidate, scale, add, param) == shown:
            return candidate
    # Rounding may leave none: a shader takes 24 bits and sees no difference.
    inside = driven(under, 1.0, 0.0, param)
    return inside if np.float32(driven(inside, scale, add, param)) == np.float32(shown) else None


def _near(value: float) -> list[float]:
    """The value and its nearest neighbours among floats."""
    found = [value]
    up = down = value
    for _ in range(_NEIGHBOURS):
        up, down = math.nextafter(up, math.inf), math.nextafter(down, -math.inf)
        found += [up, down]
    return found
