"""Opening hours and the nightly moment, by a clock that is set, jumps, and changes to summer time."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from chromesthesia.core.errors import UsageError
from chromesthesia.core.wall import Fade, Nightly, is_open, parse_hours, parse_time

MONDAY = datetime(2026, 11, 23)


class ManualWall:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_on(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def at(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("hours", "open_at", "closed_at"),
    [
        ("10:00-22:00", [(0, "10:00"), (6, "21:59")], [(0, "09:59"), (0, "22:00")]),
        ("0:00-24:00", [(0, "00:00"), (3, "23:59")], []),
        (
            "tue-fri,sun 10:00 - 18:00",
            [(1, "10:00"), (4, "12:00"), (6, "12:00")],
            [(0, "12:00"), (5, "12:00")],
        ),
        ("Sat-Mon 10.00-18.00", [(5, "12:00"), (6, "12:00"), (0, "12:00")], [(1, "12:00"), (4, "12:00")]),
        ("friday 20:00-02:00", [(4, "20:00"), (5, "01:59")], [(5, "02:00"), (4, "01:00"), (5, "20:00")]),
        ("sun 22:00-04:00", [(6, "23:00"), (0, "03:59")], [(0, "23:00"), (6, "03:00")]),
    ],
)
def test_hours_as_people_write_them(
    hours: str, open_at: list[tuple[int, str]], closed_at: list[tuple[int, str]]
) -> None:
    spans = parse_hours([hours])
    assert [is_open(spans, at(*when)) for when in open_at] == [True] * len(open_at)
    assert [is_open(spans, at(*when)) for when in closed_at] == [False] * len(closed_at)


def test_several_spans_are_open_in_any() -> None:
    spans = parse_hours(["mon 10:00-12:00", "mon 14:00-16:00"])
    assert [is_open(spans, at(0, clock)) for clock in ("11:00", "13:00", "15:00")] == [True, False, True]


@pytest.mark.parametrize(
    "text",
    [
        *("", "always", "10-22", "25:00-26:00", "10:00-10:00", "24:00-02:00", "10:60-11:00", "10:00-24:01"),
        *("someday 10:00-12:00", "mon-wed-fri 10:00-12:00", "mon, 10:00-12:00", "x" * 10_000),
    ],
)
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"write e\.g\."):
        parse_hours([text])


@pytest.mark.parametrize("text", ["24:00", "4", "", "4:5", "noon"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"write e\.g\."):
        parse_time(text)


def faded(fade: Fade, wall: ManualWall, seconds: float, start_s: float = 0.0) -> list[float]:
    levels = []
    for number in range(int(seconds * 10)):
        levels.append(fade.step(start_s + number / 10.0))
        wall.pass_on(seconds=0.1)
    return levels


def test_light_comes_and_goes_slowly_but_is_there_at_the_start() -> None:
    spans = parse_hours(["10:00-22:00"])
    wall = ManualWall(at(0, "12:00"))
    assert Fade(spans, 10.0, wall).level == 1.0
    wall.now = at(0, "21:59")
    fade = Fade(spans, 10.0, wall)
    assert set(faded(fade, wall, 59.0)) == {1.0}
    going = faded(fade, wall, 13.0, 59.0)
    assert going == sorted(going, reverse=True)
    assert going[-1] == 0.0
    assert 0.4 < going[60] < 0.6
    wall.now = at(1, "10:00")
    coming = faded(fade, wall, 12.0, 72.0)
    assert coming == sorted(coming)
    assert coming[-1] == 1.0


def test_a_clock_that_is_set_makes_no_jump_in_the_light() -> None:
    wall = ManualWall(at(0, "12:00"))
    fade = Fade(parse_hours(["10:00-22:00"]), 10.0, wall)
    now_s, last = 0.0, 1.0
    for jump in (timedelta(hours=11), timedelta(hours=-11), timedelta(days=-20_000), timedelta(days=20_000)):
        wall.now += jump
        for _ in range(30):
            now_s += 0.1
            level = fade.step(now_s)
            assert abs(level - last) <= 0.011
            last = level


def test_a_clock_that_shivers_about_the_hour_is_not_seen() -> None:
    wall = ManualWall(at(0, "22:00"))
    fade = Fade(parse_hours(["10:00-22:00"]), 10.0, wall)
    for number in range(100):
        wall.now = at(0, "22:00") - timedelta(seconds=number % 2)
        assert fade.step(number / 10.0) <= 0.011


def asked(nightly: Nightly, wall: ManualWall, hours: float, up_s: float = 9e9) -> list[datetime]:
    """When it was due, asked every half minute."""
    due = []
    for _ in range(int(hours * 120)):
        wall.pass_on(seconds=30)
        if nightly.due(up_s):
            due.append(wall.now)
    return due


def test_it_is_due_once_a_night() -> None:
    wall = ManualWall(at(0, "12:00"))
    nightly = Nightly(time(4), wall)
    assert asked(nightly, wall, 72.0) == [at(1, "04:00"), at(2, "04:00"), at(3, "04:00")]


def test_what_has_just_been_started_is_left_alone() -> None:
    wall = ManualWall(at(0, "03:30"))
    nightly = Nightly(time(4), wall)
    assert asked(nightly, wall, 2.0, up_s=1800.0) == []
    assert asked(nightly, wall, 24.0) == [at(1, "04:00")]


def test_a_clock_set_back_makes_no_second_time() -> None:
    wall = ManualWall(at(0, "03:59"))
    nightly = Nightly(time(4), wall)
    assert len(asked(nightly, wall, 0.5)) == 1
    wall.pass_on(hours=-1)  # the end of summer time, or a correction
    assert asked(nightly, wall, 3.0) == []
    assert asked(nightly, wall, 24.0) == [at(1, "04:00")]


def test_a_moment_that_summer_time_leaves_out_comes_all_the_same() -> None:
    wall = ManualWall(at(0, "01:59"))
    nightly = Nightly(time(2, 30), wall)
    asked(nightly, wall, 1 / 60)
    wall.now = at(0, "03:00")
    assert len(asked(nightly, wall, 1.0)) == 1


def test_a_clock_that_was_years_ahead_or_behind_is_no_reason_to_wait_for_years() -> None:
    wall = ManualWall(datetime(1970, 1, 1, 12))
    nightly = Nightly(time(4), wall)
    wall.now = at(0, "12:00")
    assert len(asked(nightly, wall, 1.0)) == 1, "once at most"
    assert asked(nightly, wall, 24.0) == [at(1, "04:00")]
    wall.now = datetime(2035, 1, 1, 12)
    asked(nightly, wall, 1.0)
    wall.now = at(2, "12:00")
    assert asked(nightly, wall, 24.0) == [at(3, "04:00")]
