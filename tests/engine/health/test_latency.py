"""Measured delays: right percentiles, bounded memory, nothing invented where nothing was measured."""

from __future__ import annotations

from chromesthesia.health.latency import KEPT_PER_STAGE, STAGES, LatencyMeter


def test_percentiles_are_in_milliseconds() -> None:
    meter = LatencyMeter()
    for milliseconds in range(1, 101):
        meter.add("render", milliseconds / 1000.0)
    summary = meter.summary()["render"]
    assert summary["count"] == 100
    assert summary["p50"] == 50.5
    assert summary["p95"] == 95.05
    assert summary["p99"] == 99.01


def test_a_stage_without_measurements_says_none_not_zero() -> None:
    summary = LatencyMeter().summary()
    assert set(summary) == set(STAGES)
    assert all(stage == {"p50": None, "p95": None, "p99": None, "count": 0} for stage in summary.values())


def test_only_the_newest_are_kept() -> None:
    meter = LatencyMeter()
    for _ in range(10):
        meter.add("encoder", 100.0)
    for _ in range(KEPT_PER_STAGE):
        meter.add("encoder", 0.001)
    assert meter.summary()["encoder"]["p99"] == 1.0
    assert meter.summary()["encoder"]["count"] == KEPT_PER_STAGE + 10
    assert meter.recent_ms("encoder") == 1.0
