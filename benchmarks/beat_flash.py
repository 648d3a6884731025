"""How near a flash comes to its beat, with the beat told ahead and without: python -m benchmarks.beat_flash [--quick]

Drums of a steady tempo are played in real time to a show at 640 x 360 and 60 frames a second; flashes are looked for in
the pixels that were presented, and each is held against the nearest beat of the drums. Told ahead: the look follows
`tempo/pulse`. Without: it follows `features/onset`, as soon as a stroke is heard. Both hear the same sound: a kick on
every beat, nothing between. The first twelve seconds are not counted, in which the tempo is found.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

import numpy as np

from benchmarks.music_synthesis import RATE_HZ, Float32, Float64, drums
from benchmarks.rows import Row
from chromesthesia.bench.clicks import PacedSound
from chromesthesia.bench.light_of_clicks import Asked, watch_show
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.records import SAMPLE_RATE_HZ

GOOD_MS = 10.0
FOUND_AFTER_S = 12.0
JUMP_SHARE = 0.4
"""Share of the usual rise of a flash that a frame must be brighter by than the frame before."""
APART_S = 0.2
LOOK = """schema = 1
name = "Beat"

[params]
"/look/grade/exposure" = -2.0
"/look/trails/amount" = 0.0
"/look/finish/glow" = 0.0
"/generator/rate_hz" = 5.0

[[route]]
from = "{signal}"
to = "/look/grade/exposure"
gain = 4.0
"""
SIGNALS = {"told ahead": "tempo/pulse", "as soon as heard": "features/onset"}


@dataclass(frozen=True, slots=True)
class Near:
    """Distances of flashes from their beats in ms, later ones above 0; and how many beats had none."""

    errors_ms: tuple[float, ...]
    missed: int

    def figures(self) -> dict[str, float | None]:
        """Median and 95th percentile of the distance, how much later the light was in the middle; None without
        flashes."""
        if not self.errors_ms:
            return dict.fromkeys(("p50_ms", "p95_ms", "later_ms"))
        far = np.abs(self.errors_ms)
        return {
            "p50_ms": round(float(np.percentile(far, 50)), 2),
            "p95_ms": round(float(np.percentile(far, 95)), 2),
            "later_ms": round(float(np.median(self.errors_ms)), 2),
        }


def flashes_s(shown_s: Float64, levels: Float64) -> Float64:
    """When flashes began: frames much brighter than the one before. shown_s, levels: by frame."""
    rises = np.diff(levels)
    usual = float(np.percentile(rises, 99)) if len(rises) else 0.0
    found: list[float] = []
    for index in np.flatnonzero(rises > JUMP_SHARE * usual):
        at_s = float(shown_s[index + 1])
        if not found or at_s - found[-1] > APART_S:
            found.append(at_s)
    return np.array(found)


def near(beats_s: Float64, found_s: Float64) -> Near:
    """Each beat beside the flash nearest to it, at most half a beat away."""
    half_s = float(np.median(np.diff(beats_s))) / 2.0
    errors = [
        float(1e3 * (found_s - beat_s)[np.argmin(np.abs(found_s - beat_s))])
        for beat_s in beats_s
        if len(found_s)
    ]
    kept = tuple(error for error in errors if abs(error) < 1e3 * half_s)
    return Near(kept, len(beats_s) - len(kept))


def measure(bpm: float, seconds: float, told: str) -> Near:
    """One show."""
    import soxr

    piece = drums("kicks", ((0.0, bpm),), seconds)
    sound: Float32 = soxr.resample(piece.samples, RATE_HZ, SAMPLE_RATE_HZ).astype(np.float32)
    clock = SystemClock()
    source = PacedSound(sound, clock)
    _, looking, _ = watch_show(Asked(0), source, clock, LOOK.format(signal=SIGNALS[told]))
    start_s = source.start_s or 0.0
    beats_s = start_s + piece.beats_s[piece.beats_s > FOUND_AFTER_S]
    return near(beats_s, flashes_s(np.array(looking.shown_s), np.array(looking.levels)))


def rows(quick: bool) -> list[Row]:
    """The median distance of a flash from its beat, in ms, beside ten; the same without being told ahead."""
    ahead, heard = (measure(120.0, 20.0 if quick else 60.0, told) for told in SIGNALS)
    ours, theirs = ahead.figures(), heard.figures()
    note = f"{len(ahead.errors_ms)} flashes, {ahead.missed} beats without"
    return [
        Row("flash from beat, told ahead", ours["p50_ms"], "10 ms", GOOD_MS, "ms", ours["p95_ms"], note=note),
        Row(
            "flash from beat, told ahead",
            ours["p50_ms"],
            "as soon as heard",
            theirs["p50_ms"],
            "ms",
            ours["p95_ms"],
            theirs["p95_ms"],
        ),
    ]


def main() -> int:
    """Measure at three tempi, print JSON; 1 when a median is above ten milliseconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one tempo, 8 s of it counted")
    options = parser.parse_args()
    tempi, seconds = ((120.0,), 20.0) if options.quick else ((96.0, 120.0, 140.0), 60.0)
    found = [(bpm, told, measure(bpm, seconds, told)) for bpm in tempi for told in SIGNALS]
    for bpm, told, one in found:
        said = {
            "bpm": bpm,
            "beat": told,
            **one.figures(),
            "flashes": len(one.errors_ms),
            "missed": one.missed,
        }
        print(json.dumps(said))
    medians = [one.figures()["p50_ms"] for _, told, one in found if told == "told ahead"]
    return int(any(median is None or median > GOOD_MS for median in medians))


if __name__ == "__main__":
    raise SystemExit(main())
