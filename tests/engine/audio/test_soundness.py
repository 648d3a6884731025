"""Sound that is not as it should be is noticed and counted: clipped, shifted, dead, no numbers, another pace."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.audio.soundness import DEAD_S, DriftWatch, PaceWatch, Soundness, SoundWatch, clipped_of
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.testing.audio import Device, FakeInputBackend, Sound, tone

BLOCK = 240


def blocks(samples: Float32) -> Iterator[tuple[float, Float32]]:
    """Of 10 ms each, with the moment at which they enter."""
    for start in range(0, len(samples) - BLOCK + 1, BLOCK):
        yield start / SAMPLE_RATE_HZ, samples[start : start + BLOCK]


def heard(samples: Float32) -> Soundness:
    watch = SoundWatch()
    for entered_s, block in blocks(samples):
        watch.block(block, entered_s)
    return watch.now()


def test_sound_as_it_should_be_has_no_troubles() -> None:
    sound = heard(tone(220.0, 2.0, level=0.9))
    assert (sound.clipped, sound.nan, sound.silent_s, sound.clipping) == (0, 0, 0.0, False)
    assert abs(sound.dc) < 0.01
    assert sound.troubles == ()


def test_runs_at_full_scale_are_clipped_single_peaks_are_not() -> None:
    assert clipped_of(np.array([0.2, 1.0, 0.2, 1.0, 1.0, 0.2], np.float32)) == 0
    assert clipped_of(np.array([1.0, 1.0, 1.0, 0.2, 1.0, 1.0, 1.0, 1.0], np.float32)) == 7
    sound = heard(np.clip(tone(220.0, 1.0, level=3.0), -1.0, 1.0))
    assert sound.clipped > 0.5 * SAMPLE_RATE_HZ
    assert sound.clipping
    assert "clipped" in sound.troubles[0]


def test_clipping_is_told_for_a_moment_and_counted_for_good() -> None:
    watch = SoundWatch()
    loud = np.ones(BLOCK, np.float32)
    watch.block(loud, 0.0)
    for index in range(1, 600):
        watch.block(tone(220.0, 0.01), index * 0.01)
    assert (watch.now().clipping, watch.now().clipped) == (False, BLOCK)


def test_an_offset_is_measured() -> None:
    sound = heard(tone(220.0, 10.0, level=0.3) + np.float32(0.2))
    assert sound.dc == pytest.approx(0.2, abs=0.01)
    assert "20 %" in sound.troubles[0]


def test_a_dead_input_is_told_a_quiet_room_is_not() -> None:
    dead = heard(np.zeros(round((DEAD_S + 1) * SAMPLE_RATE_HZ), np.float32))
    assert dead.silent_s == pytest.approx(DEAD_S + 1)
    assert "dead" in dead.troubles[0]
    hiss = np.random.default_rng(1).normal(0.0, 3e-5, SAMPLE_RATE_HZ * 11).astype(np.float32)
    assert heard(hiss).troubles == ()


def test_what_is_no_number_is_counted_and_does_no_harm() -> None:
    samples = tone(220.0, 1.0)
    samples[100:110] = np.nan
    samples[200] = np.inf
    sound = heard(samples)
    assert sound.nan == 11
    assert np.isfinite(sound.dc)


@pytest.mark.parametrize("ppm", [-180.0, 0.0, 95.0])
def test_drift_is_measured_through_jitter(ppm: float) -> None:
    watch = DriftWatch()
    jitter = np.random.default_rng(2)
    rate_hz = SAMPLE_RATE_HZ * (1.0 + ppm * 1e-6)
    for index in range(12_000):
        watch.seen(BLOCK, 5.0 + index * BLOCK / rate_hz + jitter.uniform(0.0, 2e-4))
    assert watch.ppm == pytest.approx(ppm, abs=5.0)


def test_a_gap_is_no_drift() -> None:
    watch = DriftWatch()
    for index in range(12_000):
        watch.seen(BLOCK, index * 0.01 + (0.4 if index >= 6000 else 0.0))
    assert watch.ppm == pytest.approx(0.0, abs=0.1)
    watch.seen(BLOCK, 1000.0)
    assert watch.ppm is None


def test_drift_is_not_told_before_it_is_known() -> None:
    watch = DriftWatch()
    for index in range(2000):
        watch.seen(BLOCK, index * 0.01)
    assert watch.ppm is None


def test_another_pace_is_noticed_only_when_it_is_one_of_the_common_ones() -> None:
    def paces(rate_hz: float, blocks: int = 1000) -> set[int | None]:
        watch = PaceWatch(48_000)
        return {watch.seen(480, index * 480 / rate_hz) for index in range(blocks)}

    assert paces(48_000.0) == {None}
    assert paces(48_000.0 * 1.0005) == {None}
    assert paces(46_200.0) == {None}
    assert paces(44_100.0) == {None, 44_100}
    assert paces(44_100.0, blocks=500) == {None}, "one window may be a hiccup"


def test_a_device_that_changes_its_rate_while_it_runs_is_followed(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    pitch_hz = 440.0
    at_44 = tone(pitch_hz, 12.0, 44_100)[:, None]
    steps = tuple(
        # Opened at 48,000 Hz; what it gives takes longer than it says.
        Sound(at_44[start : start + 441], late_s=0.0)
        for start in range(0, len(at_44), 441)
    )

    class Slower(FakeInputBackend):
        pass

    backend = Slower(clock, [Device(steps, rate_hz=48_000)])
    source = MicrophoneSource(None, None, clock, backend=backend)
    stretch_s = 0.01 - 441 / 48_000
    for _ in range(len(steps) - 1):
        assert source.read() is not None
        clock.advance(stretch_s)
    assert source.counts()["rate_changes"] == 1
    assert "gives 44100 samples a second now, not 48000" in caplog.text
    source.close()


def test_the_microphone_counts_before_it_mixes_and_converts() -> None:
    clock = ManualClock()
    frames = np.zeros((480, 2), np.float32)
    frames[:, 0] = 1.0
    frames[5, 1] = np.nan
    frames[9, 1] = -np.inf
    source = MicrophoneSource(None, None, clock, backend=FakeInputBackend(clock, [Device((Sound(frames),))]))
    assert source.read() is not None
    counts = source.counts()
    assert (counts["clipped"], counts["nan"]) == (480, 2)
    source.close()


def test_a_device_that_comes_back_at_another_rate_is_counted() -> None:
    from chromesthesia.testing.audio import Unplug

    clock = ManualClock()
    first = Device((Sound(np.zeros((480, 1), np.float32)), Unplug()), rate_hz=48_000)
    second = Device((Sound(np.zeros((441, 1), np.float32)),), rate_hz=44_100)
    source = MicrophoneSource(None, None, clock, backend=FakeInputBackend(clock, [first, second]))
    assert source.read() is not None
    assert source.read() is not None
    assert (source.reconnects, source.rate_changes) == (1, 1)
    source.close()
