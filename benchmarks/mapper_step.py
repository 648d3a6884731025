"""Cost of the mapper in one video frame: all parameters, a rich preset, against copying the snapshot. Prints JSON."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from chromesthesia.core.records import EmotionState, FeatureFrame, Heard
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.routes import SIGNALS, Route
from chromesthesia.params.tree import ParameterTree

ROUTES = 12
FRAMES = 2000
FRAME_S = 1 / 60


def heard() -> Heard:
    """A room in the middle of everything."""
    zeros = np.zeros
    frame = FeatureFrame(
        0, 240, 0.0, zeros(64, np.float32), -20.0, -22.0, zeros(8, np.float32), 900.0, 0.4, 0.0
    )
    thirds = np.full(3, 1 / 3, np.float32)
    emotion = EmotionState(240, 0.0, 0.1, 0.2, thirds, 0.5, zeros(128, np.float32), 1.0)
    return Heard(frame, emotion, 3, 0.5)


def times_us(step: Callable[[], object]) -> list[float]:
    """Microseconds of each of `FRAMES` calls."""
    times = []
    for _ in range(FRAMES):
        started_s = time.perf_counter()
        step()
        times.append((time.perf_counter() - started_s) * 1e6)
    return times


def main() -> None:
    """Measure and print."""
    targets = [param.path for param in PARAMETERS if param.routable]
    names = list(SIGNALS)
    routes = tuple(
        Route(names[n % len(names)], targets[n % len(targets)], gain=0.2, attack_s=0.02, release_s=0.3)
        for n in range(ROUTES)
    )
    snapshot, sound, mapper = ParameterTree(PARAMETERS).snapshot(), heard(), Mapper(PARAMETERS)
    copying = statistics.median(times_us(lambda: dict(snapshot)))
    stepping = times_us(lambda: mapper.step(FRAME_S, snapshot, routes, sound))
    report = {
        "parameters": len(snapshot),
        "routes": ROUTES,
        "step_p50_us": round(statistics.median(stepping), 1),
        "step_p99_us": round(float(np.percentile(stepping, 99)), 1),
        "copy_of_snapshot_p50_us": round(copying, 1),
        "ratio": round(statistics.median(stepping) / copying, 1),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
