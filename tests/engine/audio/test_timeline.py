"""Entry times: bursts and late looks do not shift them, drift does."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia.audio.timeline import ArrivalTimeline

RATE_HZ = 48_000


def test_late_looks_do_not_date_the_sound_later() -> None:
    timeline = ArrivalTimeline(RATE_HZ)
    rng = np.random.default_rng(0)
    frames = 0
    for number in range(400):
        frames += 240
        late_s = 0.0 if number % 25 == 0 else rng.uniform(0.0, 0.04)
        timeline.seen(240, 100.0 + frames / RATE_HZ + late_s)
        assert timeline.origin_s == pytest.approx(100.0, abs=1e-6)


@pytest.mark.parametrize("drift", [-2e-4, 2e-4])
def test_a_sound_clock_that_runs_off_is_followed(drift: float) -> None:
    timeline = ArrivalTimeline(RATE_HZ)
    frames = 0
    for _ in range(12_000):
        frames += 240
        timeline.seen(240, frames / RATE_HZ * (1 + drift))
        newest_s = timeline.origin_s + frames / RATE_HZ
        assert newest_s == pytest.approx(frames / RATE_HZ * (1 + drift), abs=1e-3)


def test_a_gap_starts_anew() -> None:
    timeline = ArrivalTimeline(RATE_HZ)
    timeline.seen(480, 1.01)
    timeline.skipped()
    timeline.seen(480, 1.52)
    assert timeline.origin_s == pytest.approx(1.5)


def test_nothing_seen_has_no_time() -> None:
    with pytest.raises(ValueError, match="no frame"):
        _ = ArrivalTimeline(RATE_HZ).origin_s
