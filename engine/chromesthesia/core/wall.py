"""The clock on the wall: opening hours, and a daily moment. It may be set, jump, and change to summer time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from chromesthesia.core.errors import UsageError
from chromesthesia.core.user_files import shown

Wall = Callable[[], datetime]
"""The local time of day, without an offset."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01]?\d|2[0-4])[:.]([0-5]\d)"
_HOURS = re.compile(rf"(?:([a-z,\- ]+?)\s+)?{_TIME}\s*[-–]\s*{_TIME}", re.IGNORECASE)
_REMEDY = "write e.g. 10:00-22:00, or tue-sun 10:00-18:00"
DAY_MIN = 24 * 60


def system_wall() -> datetime:
    """Now, here."""
    return datetime.now()


@dataclass(frozen=True, slots=True)
class Span:
    """Open from `begin_min` to `end_min` after midnight, on the days (0 is Monday) on which it begins."""

    days: frozenset[int]
    begin_min: int
    end_min: int

    def is_open(self, now: datetime) -> bool:
        """True within it; one that ends before it begins goes on past midnight."""
        minute = now.hour * 60 + now.minute
        today, yesterday = now.weekday(), (now.weekday() - 1) % 7
        if self.begin_min < self.end_min:
            return today in self.days and self.begin_min <= minute < self.end_min
        return (today in self.days and minute >= self.begin_min) or (
            yesterday in self.days and minute < self.end_min
        )


def parse_hours(texts: Iterable[str]) -> tuple[Span, ...]:
    """Spans as people write them: `10:00-22:00`, `tue-fri,sun 10:00-18:00`, `fri 20:00-02:00`. Raises UsageError."""
    return tuple(_span(text) for text in texts)


def is_open(spans: Iterable[Span], now: datetime) -> bool:
    """True within any of them."""
    return any(span.is_open(now) for span in spans)


def parse_time(text: str) -> time:
    """`04:00`. Raises UsageError."""
    match = re.fullmatch(_TIME, text.strip())
    if match is None or int(match[1]) == 24:
        raise UsageError(f"{shown(text)} is no time of day", "write e.g. 04:00")
    return time(int(match[1]), int(match[2]))


class Fade:
    """Follows open and closed with a level of 0 to 1 that moves by no more than 1 in `fade_s`.

    The level moves by monotonic time, so that a clock which is set makes no jump; at the start it is where it belongs.
    """

    def __init__(self, spans: tuple[Span, ...], fade_s: float, wall: Wall = system_wall) -> None:
        self._spans = spans
        self._fade_s = fade_s
        self._wall = wall
        self._last_s: float | None = None
        self.level = 1.0 if is_open(spans, wall()) else 0.0

    def step(self, now_s: float) -> float:
        """The level at `now_s`, monotonic seconds."""
        passed_s = 0.0 if self._last_s is None else max(0.0, now_s - self._last_s)
        self._last_s = now_s
        reach = 1.0 if self._fade_s <= 0.0 else passed_s / self._fade_s
        target = 1.0 if is_open(self._spans, self._wall()) else 0.0
        self.level = (
            min(target, self.level + reach) if target > self.level else max(target, self.level - reach)
        )
        return self.level


class Nightly:
    """Due once a day at a time on the wall, for what has been up for `least_up_s`.

    A clock that is set back makes no second time of one day; one that is set forward over the moment makes one at
    most. A moment that summer time leaves out is due when it is over.
    """

    def __init__(self, at: time, wall: Wall = system_wall, least_up_s: float = 3600.0) -> None:
        self._at = at
        self._wall = wall
        self._least_up_s = least_up_s
        self._done = self._day(wall())

    def due(self, up_s: float) -> bool:
        """True when it is time; asked often, true once."""
        day = self._day(self._wall())
        if day <= self._done:
            # A day behind, and the clock was set back; more, and it had been wrong.
            if self._done - day > timedelta(days=1):
                self._done = day
            return False
        self._done = day
        return up_s >= self._least_up_s

    def _day(self, now: datetime) -> date:
        """The day whose moment was the last."""
        today = now.date()
        return today if now.time() >= self._at else today - timedelta(days=1)


def _span(text: str) -> Span:
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{shown(text)} are no opening hours", _REMEDY)
    begin_min = int(match[2]) * 60 + int(match[3])
    end_min = int(match[4]) * 60 + int(match[5])
    if max(begin_min, end_min) > DAY_MIN or begin_min in (DAY_MIN, end_min):
        raise UsageError(f"{shown(text)} are no opening hours", _REMEDY)
    return Span(_days(match[1], text), begin_min, end_min)


def _days(given: str | None, text: str) -> frozenset[int]:
    if given is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in given.split(","):
        ends = [end.strip().lower()[:3] for end in part.split("-")]
        if len(ends) > 2 or any(end not in DAYS for end in ends):
            raise UsageError(f"{shown(text)} names no days", f"use {', '.join(DAYS)}; {_REMEDY}")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(found)
