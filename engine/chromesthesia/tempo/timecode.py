"""Timecode: hours, minutes, seconds and frames at one of four rates, and the frame number and time that they mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Rate(Enum):
    """Frames a second. DROP is 29.97 with frame numbers 0 and 1 of most minutes left out, so that it keeps time."""

    FILM = "24"
    PAL = "25"
    DROP = "29.97 drop"
    FULL = "30"

    @property
    def count(self) -> int:
        """Frame numbers in a second."""
        return {Rate.FILM: 24, Rate.PAL: 25}.get(self, 30)

    @property
    def fps(self) -> float:
        """Frames in a second of real time."""
        return 30_000 / 1001 if self is Rate.DROP else float(self.count)

    @property
    def frames_a_day(self) -> int:
        """After so many frames it is 00:00:00:00 again."""
        return 24 * 6 * 17_982 if self is Rate.DROP else 24 * 3600 * self.count


_DROP_MINUTE, _DROP_TEN_MINUTES = 1798, 17_982
_DROPPED = 2


@dataclass(frozen=True, slots=True)
class Timecode:
    """One frame's name. Raises ValueError for one that no frame has."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    rate: Rate

    def __post_init__(self) -> None:
        fits = (
            0 <= self.hours < 24
            and 0 <= self.minutes < 60
            and 0 <= self.seconds < 60
            and 0 <= self.frames < self.rate.count
        )
        skipped = (
            self.rate is Rate.DROP and self.frames < _DROPPED and self.seconds == 0 and self.minutes % 10 != 0
        )
        if not fits or skipped:
            raise ValueError(f"no frame at {self.rate.value} frames a second is called {self}")

    @property
    def number(self) -> int:
        """Frames since 00:00:00:00."""
        minutes = self.hours * 60 + self.minutes
        named = (minutes * 60 + self.seconds) * self.rate.count + self.frames
        return named - _DROPPED * (minutes - minutes // 10) if self.rate is Rate.DROP else named

    @property
    def position_s(self) -> float:
        """Seconds of real time since 00:00:00:00."""
        return self.number / self.rate.fps

    def __str__(self) -> str:
        mark = ";" if self.rate is Rate.DROP else ":"
        return f"{self.hours:02d}:{self.minutes:02d}:{self.seconds:02d}{mark}{self.frames:02d}"


def timecode_of(number: int, rate: Rate) -> Timecode:
    """The name of the frame `number` frames after 00:00:00:00; after a day it begins again."""
    number %= rate.frames_a_day
    if rate is Rate.DROP:
        tens, rest = divmod(number, _DROP_TEN_MINUTES)
        # The first minute of ten is whole.
        minute = max(0, rest - _DROPPED) // _DROP_MINUTE
        number += _DROPPED * (9 * tens + minute)
    seconds, frames = divmod(number, rate.count)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return Timecode(hours, minutes, seconds, frames, rate)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a timecode is at the moment `at_s` of the monotonic clock, and how fast it goes: 1 as recorded, below 0
    backwards, 0 standing."""

    at_s: float
    position_s: float
    speed: float
    rate: Rate

    def position_at(self, now_s: float) -> float:
        """Seconds since 00:00:00:00, never below."""
        return max(0.0, self.position_s + (now_s - self.at_s) * self.speed)

    def timecode_at(self, now_s: float) -> Timecode:
        """The frame that is on at `now_s`."""
        # A thousandth of a frame: a time that was computed lies a hair before the frame it means.
        return timecode_of(int(self.position_at(now_s) * self.rate.fps + 1e-3), self.rate)


_JUMP_S = 0.1
_GAIN = 0.2


def followed(before: Position | None, told: Position) -> Position:
    """What was told last, with the jitter of its arrival taken out; a jump is taken at once."""
    if before is None or before.rate is not told.rate or before.speed * told.speed <= 0.0:
        return told
    expected_s = before.position_s + (told.at_s - before.at_s) * before.speed
    error_s = told.position_s - expected_s
    if abs(error_s) > _JUMP_S or told.at_s - before.at_s > 1.0:
        return told
    return Position(told.at_s, expected_s + _GAIN * error_s, told.speed, told.rate)
