"""What a benchmark gives, a row of the one table, and how contenders are timed beside each other."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

WARM_UP = 10
"""Calls of every contender before the clock counts."""


@dataclass(frozen=True, slots=True)
class Times:
    """Percentiles of one contender's times, in seconds."""

    p50_s: float
    p99_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    ours, theirs: p50 in `unit`, less is better. theirs: None where the peer is absent, both None where the benchmark
    cannot run here; `note` then says what is missing. beside: the peer or floor, by name. ours_p99, theirs_p99: the
    same at 99 %, where measured.
    """

    name: str
    ours: float | None
    beside: str
    theirs: float | None
    unit: str
    ours_p99: float | None = None
    theirs_p99: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """ours / theirs: below 1 we are the faster."""
        if self.ours is None or self.theirs is None or self.theirs <= 0.0:
            return None
        return self.ours / self.theirs

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with the ratio."""
        return {**asdict(self), "ratio": self.ratio}

    @staticmethod
    def of_dict(values: Mapping[str, Any]) -> Row:
        """The row that `to_dict` gave."""
        return Row(**{name: value for name, value in values.items() if name != "ratio"})


@dataclass(frozen=True, slots=True)
class Absent:
    """A peer that cannot be measured here; `why` says what to do."""

    why: str


def in_turns(
    contenders: Mapping[str, Callable[[], object]], rounds: int, calls: int = 1, warm_up: int = WARM_UP
) -> dict[str, Times]:
    """Time each contender `rounds` times, in turns, so that a busy machine weighs on all alike.

    calls: how many calls one measurement spans, for what takes less than some microseconds; times are for one call.
    """
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(-warm_up, rounds):
        for name, call in contenders.items():
            started_s = time.perf_counter()
            for _ in range(calls):
                call()
            if number >= 0:
                spent[name].append((time.perf_counter() - started_s) / calls)
    return {name: times(values) for name, values in spent.items()}


def times(values_s: Iterable[float]) -> Times:
    """Percentiles of times in seconds; at least one."""
    ordered = sorted(values_s)
    return Times(
        statistics.median(ordered), ordered[min(len(ordered) - 1, math.ceil(0.99 * len(ordered)) - 1)]
    )


UNITS_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


def compared(
    name: str, ours: Times, others: Mapping[str, Times | Absent], unit: str, note: str = ""
) -> list[Row]:
    """A row for each peer or floor beside ours."""
    scale = 1.0 / UNITS_S[unit]
    rows = []
    for beside, theirs in others.items():
        own = (name, ours.p50_s * scale, beside)
        if isinstance(theirs, Absent):
            rows.append(Row(*own, None, unit, ours.p99_s * scale, None, theirs.why))
        else:
            rows.append(Row(*own, theirs.p50_s * scale, unit, ours.p99_s * scale, theirs.p99_s * scale, note))
    return rows


def table(rows: Iterable[Row]) -> str:
    """The rows as text in columns, one line each; an absent peer is said instead of its figures."""
    lines = [("benchmark", "ours", "peer or floor", "it", "ratio", "unit", "")]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        ours = "not run" if row.ours is None else f"{row.ours:.4g}"
        theirs = "absent" if row.theirs is None else f"{row.theirs:.4g}"
        lines.append((row.name, ours, row.beside, theirs, ratio, row.unit, row.note))
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    numbers = (1, 3, 4)
    return "\n".join(
        "  ".join(
            [
                *(
                    cell.rjust(width) if column in numbers else cell.ljust(width)
                    for column, (cell, width) in enumerate(zip(line, widths, strict=False))
                ),
                line[6],
            ]
        ).rstrip()
        for line in lines
    )
