"""How far people agree, and how sure a share is: Krippendorff's alpha, Wilson's interval, draws of whole raters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Level = Literal["nominal", "interval"]
CERTAIN = 1.959963984540054
DRAWS = 2_000


def krippendorff_alpha(values: Float64, level: Level) -> float | None:
    """Agreement on units, 1 whole and 0 as by luck (Krippendorff 2011): float64 [raters, units], NaN not answered.

    None where no unit has two answers, or all answers are the same and there is nothing to agree on.
    """
    answered = ~np.isnan(values)
    units = [values[answered[:, unit], unit] for unit in range(values.shape[1])]
    units = [unit for unit in units if len(unit) >= 2]
    if not units:
        return None
    every = np.concatenate(units)
    differ = _nominal if level == "nominal" else _interval
    count = len(every)
    observed = sum(float(differ(unit).sum()) / (len(unit) - 1) for unit in units) / count
    expected = float(differ(every).sum()) / (count * (count - 1))
    return None if expected == 0.0 else 1.0 - observed / expected


def _nominal(values: Float64) -> Float64:
    return np.asarray(values[:, None] != values[None, :], dtype=np.float64)


def _interval(values: Float64) -> Float64:
    return np.asarray((values[:, None] - values[None, :]) ** 2)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    if count < 1:
        raise ValueError(f"a share of {count}")
    share, square = hits / count, CERTAIN**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = CERTAIN / (1 + square / count) * np.sqrt(share * (1 - share) / count + square / (4 * count**2))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def over_raters(
    by_rater: Mapping[str, Sequence[float]], figure: Callable[[Float64], float], seed: int = 0
) -> tuple[float, float] | None:
    """95 % interval of a figure of all answers when whole raters are drawn again (bootstrap); None below two raters."""
    raters = [np.asarray(values, dtype=np.float64) for values in by_rater.values() if len(values)]
    if len(raters) < 2:
        return None
    rng = np.random.default_rng(seed)
    found = [
        figure(np.concatenate([raters[place] for place in rng.integers(0, len(raters), len(raters))]))
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)
