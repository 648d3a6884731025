"""What machines of one room showed, and how far apart that was."""

from __future__ import annotations

import time
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.core.records import Float32, UInt8

STEP_S = 0.005
BLACK = 2.0
"""Mean level of a frame, of 255, below which it is black."""


class Trace:
    """A sink: what was shown and when, on the clock that all processes of this machine share."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="ascii", buffering=1)

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """A line for each frame: time, moment, mean level, and a sum of its bytes."""
        self._file.write(
            f"{round(time_s * 1e6)} {time.perf_counter():.6f} {pixels.mean():.3f} {zlib.crc32(pixels.tobytes())}\n"
        )

    def sound(self, samples: Float32, start_s: float) -> None:
        """None is kept."""

    def close(self) -> None:
        """The rest."""
        self._file.close()


@dataclass(frozen=True)
class Shown:
    """What one machine showed: times of frames, moments, levels and sums."""

    times_us: list[int]
    moments_s: list[float]
    levels: list[float]
    sums: list[int]

    @classmethod
    def read(cls, path: Path) -> Shown:
        """From a trace; a line that was cut off is left out."""
        rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
        rows = [row for row in rows if len(row) == 4]
        return cls(
            [int(row[0]) for row in rows],
            [float(row[1]) for row in rows],
            [float(row[2]) for row in rows],
            [int(row[3]) for row in rows],
        )

    def time_at(self, moment_s: float) -> int:
        """Of the frame that was to be seen then."""
        return self.times_us[max(0, bisect_right(self.moments_s, moment_s) - 1)]


def skew(lights: list[Shown], ears: list[Shown], begin_s: float, end_s: float) -> dict[str, Any]:
    """Of frames shown at one moment: how far their times lie apart; black frames, and the share equal byte for byte."""
    moments = np.arange(begin_s, end_s - 0.5, STEP_S)
    apart_us = np.array([_apart_us(lights, moment) for moment in moments])
    # A late ear leaves out frames of its own: what counts is how many frames of the show lie between two lights.
    every = sorted({time_us for one in (*lights, *ears) for time_us in one.times_us})
    places = {time_us: place for place, time_us in enumerate(every)}
    frames = np.array([_frames_apart(lights, places, moment) for moment in moments])
    sums = [dict(zip(one.times_us, one.sums, strict=True)) for one in lights]
    common = set.intersection(*(set(one) for one in sums))
    times = sorted(common)[len(common) // 2 :]
    equal = [len({one[time_us] for one in sums}) == 1 for time_us in times]
    return {
        "skew_ms_p50": round(float(np.percentile(apart_us, 50)) / 1e3, 2),
        "skew_ms_p99": round(float(np.percentile(apart_us, 99)) / 1e3, 2),
        "skew_frames_max": int(frames.max()),
        "within_one": round(float((frames <= 1).mean()), 5),
        "shown_apart_ms_p50": round(_shown_apart_ms(lights, begin_s, end_s, 50), 2),
        "shown_apart_ms_p99": round(_shown_apart_ms(lights, begin_s, end_s, 99), 2),
        "black": sum(level < BLACK for one in lights for level in one.levels),
        "equal": round(sum(equal) / max(1, len(equal)), 4),
    }


def _apart_us(lights: list[Shown], moment_s: float) -> int:
    times = [light.time_at(moment_s) for light in lights]
    return max(times) - min(times)


def _frames_apart(lights: list[Shown], places: dict[int, int], moment_s: float) -> int:
    at = [places[light.time_at(moment_s)] for light in lights]
    return max(at) - min(at)


def _shown_apart_ms(lights: list[Shown], begin_s: float, end_s: float, percent: float) -> float:
    """How far apart the moments lie at which the lights came to show one frame."""
    moments = [dict(zip(one.times_us, one.moments_s, strict=True)) for one in lights]
    common = set.intersection(*(set(one) for one in moments))
    apart = [
        max(one[time_us] for one in moments) - min(one[time_us] for one in moments)
        for time_us in common
        if begin_s <= moments[0][time_us] <= end_s
    ]
    return 1e3 * float(np.percentile(apart, percent)) if apart else float("nan")


def handover(spare: Shown, lights: list[Shown], killed_s: float) -> dict[str, float]:
    """From the moment an ear was killed to the first frame of its stand-by on every light. Raises RuntimeError."""
    shown = set.intersection(*(set(light.times_us) for light in lights))
    firsts = [
        moment
        for time_us, moment in zip(spare.times_us, spare.moments_s, strict=True)
        if moment > killed_s and time_us in shown
    ]
    still = max(
        after - before
        for light in lights
        for before, after in zip(light.moments_s, light.moments_s[1:], strict=False)
        if after > killed_s - 1.0 and before < killed_s + 3.0
    )
    if not firsts:
        raise RuntimeError("the stand-by did not take over")
    return {"replaced_ms": round(1e3 * (firsts[0] - killed_s), 1), "still_ms": round(1e3 * still, 1)}
