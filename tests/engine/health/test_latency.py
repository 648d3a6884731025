"""Measured delays: right percentiles, bounded memory, nothing invented where nothing was measured."""

from __future__ import annotations

import pytest

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


def test_a_share_of_the_newest_is_worked_out_once_a_second() -> None:
    meter = LatencyMeter()
    for value in range(100):
        meter.add("render", value / 1000.0)
    assert meter.quantile_ms("render", 0.95, 100) == pytest.approx(94.05, abs=0.01)
    assert meter.quantile_ms("render", 1.0, 10) == pytest.approx(99.0)
    first = meter.lately_ms("render", 0.95, 100, 5.0)
    meter.add("render", 9.0)
    assert meter.lately_ms("render", 0.95, 100, 5.9) == first
    assert meter.lately_ms("render", 1.0, 100, 5.9) == pytest.approx(9000.0)
    assert meter.lately_ms("render", 0.95, 100, 6.0) > first
