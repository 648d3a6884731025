"""What was measured, held against the limits."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.soak.faults import Told
from benchmarks.soak.partners import BLACK_LEVEL, Picture
from benchmarks.soak.processes import Sample

LONGEST_GAP_S = 2.0
MOST_GROWTH_MIB_PER_H = 1.0
JUDGED_FROM_S = 600.0
"""A life shorter than this in the last half is too short for a slope: its growth alone is held against a limit."""
SHORT_GROWTH_MIB = 90.0
"""All looks, shown for the first time, take 75 MiB in the first three minutes: their compiled passes, which stay."""
WARM_UP_S, LEAST_SAMPLES = 25.0, 10
TOUR_S = 300.0
"""Until every look was shown once, which takes memory for good: a life that is long enough is judged from then on."""
MORE_HANDLES, MORE_THREADS = 4, 2
MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without a new picture. own_stall_s: for how long the watcher itself was kept from running in it."""

    begin_s: float
    length_s: float
    own_stall_s: float
    during: str = ""

    @property
    def judged_s(self) -> float:
        """What the show answers for."""
        return self.length_s - self.own_stall_s


@dataclass(frozen=True, slots=True)
class Life:
    """One process from its first to its last sample; figures over its part in the judged half, else all of it.

    handles, threads: see `surely_rose`.
    """

    pid: int
    role: str
    begin_s: float
    end_s: float
    judged_s: float
    anonymous_first_mib: float
    anonymous_last_mib: float
    slope_mib_per_h: float
    handles: tuple[int, int]
    threads: tuple[int, int]


@dataclass(slots=True)
class Verdict:
    """Everything that is told. broken: limits that do not hold, in words."""

    gaps: list[Gap]
    black: int
    lives: list[Life]
    longest_gap_s: float = LONGEST_GAP_S
    """The limit that its gaps were held against."""
    broken: list[str] = field(default_factory=list)


def slope_per_hour(times_s: Sequence[float], values: Sequence[float]) -> float:
    """Median of the slopes between all pairs (Theil and Sen): a third of the values may be anything."""
    step = max(1, len(times_s) // MOST_POINTS)
    x, y = np.asarray(times_s, float)[::step], np.asarray(values, float)[::step]
    if len(x) < 3:
        return 0.0
    first, second = np.triu_indices(len(x), 1)
    apart = x[second] - x[first]
    return float(3600.0 * np.median((y[second] - y[first])[apart > 0] / apart[apart > 0]))


def surely_rose(counts: Sequence[int]) -> tuple[int, int]:
    """From how many to how many it rose from the first half to the second: the least or the most of each, whichever
    rose less.

    What is there for a while only (a film that waits for room on the disk has no encoder, a look an eye of its own)
    moves one of the two; what leaks moves both.
    """
    if len(counts) < 2:
        return (counts[0], counts[0]) if counts else (0, 0)
    before, after = counts[: len(counts) // 2], counts[len(counts) // 2 :]
    return min((min(before), min(after)), (max(before), max(after)), key=lambda ends: ends[1] - ends[0])


def gaps_of(
    pictures: Sequence[Picture],
    begin_s: float,
    end_s: float,
    stalls: Sequence[tuple[float, float]],
    faults: Sequence[Told],
) -> list[Gap]:
    """Times between new pictures from `begin_s` to `end_s`, longest first."""
    times_s = [begin_s, *(picture.at_s for picture in pictures if begin_s < picture.at_s < end_s), end_s]
    found = []
    for before_s, after_s in itertools.pairwise(times_s):
        own_s = sum(
            max(0.0, min(back_s, after_s) - max(back_s - away_s, before_s)) for back_s, away_s in stalls
        )
        last = [fault.kind for fault in faults if fault.at_s <= after_s]
        found.append(Gap(before_s, after_s - before_s, own_s, last[-1] if last else ""))
    return sorted(found, key=lambda gap: -gap.judged_s)


def lives_of(
    samples: Sequence[Sample],
    root: int,
    half_s: float,
    supervised: bool,
    rests: Sequence[tuple[float, float]] = (),
) -> list[Life]:
    """Every process that was seen at least ten times when it had started; one that waited and then played has two.

    rests: from when to when always the same was shown. One look takes tens of MiB more than another, so the memory of
    a life that is long enough for a slope is compared at these moments.
    """
    by_pid: dict[tuple[int, bool], list[Sample]] = defaultdict(list)
    for sample in samples:
        by_pid[sample.pid, sample.spare].append(sample)
    lives = []
    for (pid, spare), all_of_it in by_pid.items():
        begin_s = all_of_it[0].at_s
        warm = [sample for sample in all_of_it if sample.at_s >= begin_s + WARM_UP_S]
        if len(warm) < LEAST_SAMPLES:
            continue
        judged = [sample for sample in warm if sample.at_s >= half_s] or warm
        toured = [sample for sample in judged if sample.at_s >= begin_s + TOUR_S]
        if toured and toured[-1].at_s - toured[0].at_s >= JUDGED_FROM_S:
            judged = toured
        alike = [sample for sample in judged if any(from_s <= sample.at_s <= to_s for from_s, to_s in rests)]
        weighed = alike if len(alike) >= LEAST_SAMPLES else judged

        def ends(values: list[float]) -> tuple[float, float]:
            fifth = max(1, len(values) // 5)
            return float(np.median(values[:fifth])), float(np.median(values[-fifth:]))

        memory = ends([sample.anonymous_mib for sample in weighed])
        lives.append(
            Life(
                pid,
                "supervisor" if supervised and pid == root else "spare engine" if spare else "engine",
                begin_s,
                all_of_it[-1].at_s,
                judged[-1].at_s - judged[0].at_s,
                *memory,
                slope_per_hour([each.at_s for each in weighed], [each.anonymous_mib for each in weighed]),
                surely_rose([sample.handles for sample in judged]),
                surely_rose([sample.threads for sample in judged]),
            )
        )
    return lives


def judge(
    pictures: Sequence[Picture],
    faults: Sequence[Told],
    gaps: list[Gap],
    lives: list[Life],
    ended: int | None,
    longest_gap_s: float = LONGEST_GAP_S,
) -> Verdict:
    """Hold everything against the limits."""
    black = sum(picture.mean < BLACK_LEVEL for picture in pictures)
    verdict = Verdict(gaps, black, lives, longest_gap_s)
    broken = verdict.broken
    if ended is not None:
        broken.append(f"the show ended with {ended} before the soak did")
    long = [gap for gap in gaps if gap.judged_s > longest_gap_s]
    broken += [
        f"{gap.judged_s:.2f} s without a new frame at {gap.begin_s:.0f} s (last fault: {gap.during or 'none'}), "
        f"limit {longest_gap_s:g} s"
        for gap in long[:10]
    ]
    if black:
        broken.append(f"{black} black frames")
    broken += [
        f"{fault.kind} at {fault.at_s:.0f} s: not over after 45 s" for fault in faults if fault.over_s is None
    ]
    for life in lives:
        who = f"the {life.role} {life.pid}"
        growth_mib = life.anonymous_last_mib - life.anonymous_first_mib
        if life.judged_s >= JUDGED_FROM_S and life.slope_mib_per_h >= MOST_GROWTH_MIB_PER_H:
            broken.append(
                f"{who} grows by {life.slope_mib_per_h:.2f} MiB an hour, limit {MOST_GROWTH_MIB_PER_H:g}"
            )
        elif growth_mib > SHORT_GROWTH_MIB:
            broken.append(
                f"{who} grew by {growth_mib:.0f} MiB in {life.judged_s:.0f} s, limit {SHORT_GROWTH_MIB:g}"
            )
        for name, (first, last), most in (
            ("handles", life.handles, MORE_HANDLES),
            ("threads", life.threads, MORE_THREADS),
        ):
            if last > first + most:
                broken.append(f"{who}: {name} rise from {first} to {last}")
    return verdict
