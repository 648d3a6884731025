"""When what breaks: a plan made of a seed and a length."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

FIRST_AT_S = 15.0
LAST_BEFORE_END_S = 12.0

PER_HOUR = {
    "device lost": 20,
    "sound server killed": 6,
    "sound server stands still": 4,
    "generator raises": 6,
    "generator stalls": 6,
    "encoder raises": 4,
    "encoder answers NaN": 4,
    "corrupt pack offered": 6,
    "corrupt shader saved": 6,
    "disk full": 3,
    "OSC flood": 6,
    "clock jumps": 6,
}
"""How often in an hour; in a shorter soak fewer, each at least once."""
RESTARTING = {"engine killed": 10, "engine stands still": 4}
"""What ends the process, and so only under a supervisor; all in the first half: the second shows one life in peace."""
DISPLAY_KILLED = {"X server killed": 3}
DRIVER_LEAKS = {"OpenGL lost": 8}
"""In a window, also in the first half: a bare window that is made again costs 3.6 MiB in Mesa's software GLX, with
nothing of ours in it, and would hide what we leak ourselves."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault to come. at_s: from the start of the soak, at the earliest."""

    at_s: float
    kind: str


def plan(minutes: float, seed: int, supervised: bool, window: bool) -> list[Planned]:
    """Faults in the order of their times; equal arguments give equal plans."""
    rng = random.Random(seed)
    early = [
        *_often(RESTARTING if supervised else {}, minutes),
        *_often(DISPLAY_KILLED if supervised and window else {}, minutes),
        *_often(DRIVER_LEAKS if window else {}, minutes),
    ]
    rest = [*_often(PER_HOUR, minutes), *_often({} if window else DRIVER_LEAKS, minutes)]
    rng.shuffle(rest)
    begin_s, end_s = FIRST_AT_S, 60.0 * minutes - LAST_BEFORE_END_S
    half = (len(early) + len(rest) + 1) // 2
    first = early + rest[: max(0, half - len(early))]
    second = rest[max(0, half - len(early)) :]
    rng.shuffle(first)
    middle_s = (begin_s + end_s) / 2.0
    return [*_spread(first, begin_s, middle_s, rng), *_spread(second, middle_s, end_s, rng)]


def _often(per_hour: dict[str, int], minutes: float) -> Iterable[str]:
    for kind, count in per_hour.items():
        yield from [kind] * max(1, round(count * minutes / 60.0))


def _spread(kinds: list[str], begin_s: float, end_s: float, rng: random.Random) -> Iterable[Planned]:
    slot_s = (end_s - begin_s) / max(1, len(kinds))
    for index, kind in enumerate(kinds):
        yield Planned(begin_s + (index + 0.5 * rng.random()) * slot_s, kind)
