"""Clicks go in at known samples and are found again in what was shown, whatever the frames' phases and noise."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.bench.clicks import (
    CLICK_PRESET,
    LONGEST_S,
    SHORTEST_S,
    PacedSound,
    click_samples,
    click_sound,
)
from chromesthesia.bench.finding import find_clicks, percentiles_ms
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.records import SAMPLE_RATE_HZ, STEP_SAMPLES
from chromesthesia.params.presets import load_preset


def test_clicks_begin_at_their_samples_and_nowhere_else() -> None:
    samples = click_samples(40)
    sound = click_sound(samples)
    gaps_s = np.diff(samples) / SAMPLE_RATE_HZ
    assert SHORTEST_S - 1e-4 <= gaps_s.min() < gaps_s.max() <= LONGEST_S + 1e-4
    loud = np.flatnonzero(np.abs(sound) > 0.05)
    begun = loud[np.flatnonzero(np.diff(loud, prepend=-SAMPLE_RATE_HZ) > 2000)]
    assert len(begun) == 40
    assert np.all(np.abs(begun - samples) < 24)


def test_blocks_come_when_their_last_sample_is_due_and_are_dated_by_their_first() -> None:
    clock = ManualClock(5.0)
    sound = click_sound(click_samples(1))
    source = PacedSound(sound, clock)
    first, second = source.read(), source.read()
    assert first is not None
    assert second is not None
    assert (first.entered_s, second.entered_s) == pytest.approx((5.0, 5.005))
    assert clock.now_s() == pytest.approx(5.0 + 2 * STEP_SAMPLES / SAMPLE_RATE_HZ)
    while source.read() is not None:
        pass
    assert clock.now_s() == pytest.approx(5.0 + len(sound) / SAMPLE_RATE_HZ)


def test_a_source_that_is_closed_ends() -> None:
    source = PacedSound(click_sound([100]), ManualClock())
    threading.Thread(target=source.close).start()
    source.close()
    assert source.read() is None


def test_the_preset_is_one(tmp_path: Path) -> None:
    path = tmp_path / "click.toml"
    path.write_text(CLICK_PRESET, encoding="utf-8")
    (route,) = load_preset(path).routes
    assert route.signal == "features/onset"


@pytest.mark.parametrize("delay_s", [0.012, 0.031, 0.120])
def test_an_injected_delay_is_found_to_within_a_frame(delay_s: float) -> None:
    rng = np.random.default_rng(3)
    clicks_s = 3.0 + np.cumsum(rng.uniform(0.4, 0.6, 100))
    shown_s = np.cumsum(rng.uniform(0.010, 0.020, 5000))
    since_s = shown_s[:, None] - (clicks_s + delay_s)[None, :]
    light = np.where(since_s >= 0, np.exp(-np.maximum(since_s, 0) / 0.15), 0.0).max(axis=1)
    levels = 20.0 + 60.0 * light + rng.normal(0, 1.0, len(light))
    found = find_clicks(clicks_s.tolist(), shown_s.tolist(), levels.tolist())
    assert found.missed == 0
    late_s = np.array(found.delays_s) - delay_s
    assert late_s.min() >= 0.0
    assert late_s.max() <= 0.020


def test_a_click_without_light_is_missed_and_not_made_up() -> None:
    shown_s = np.arange(0, 10, 1 / 60)
    levels = np.full(len(shown_s), 20.0)
    levels[(shown_s > 2.03) & (shown_s < 2.3)] = 90.0
    found = find_clicks([2.0, 5.0, 20.0], shown_s.tolist(), levels.tolist())
    assert len(found.delays_s) == 1
    assert found.missed == 2
    assert find_clicks([1.0], [], []).missed == 1
    assert find_clicks([5.0], shown_s.tolist(), np.full(len(shown_s), 20.0).tolist()).missed == 1


def test_percentiles_of_nothing_are_none() -> None:
    assert percentiles_ms([])["p50"] is None
    told = percentiles_ms([0.001 * one for one in range(1, 101)])
    assert (told["p50"], told["count"], told["most"]) == (50.5, 100, 100.0)
