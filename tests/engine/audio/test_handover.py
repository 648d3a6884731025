"""From the étude to a microphone that comes later: no jump, no moment twice, and an end in every state."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from chromesthesia.audio.handover import DROPPED_AT_MOST_SAMPLES, FADE_SAMPLES, HandoverSource
from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, AudioBlock, Float32
from chromesthesia.testing.audio import ScriptedSource, tone

WITHIN_S = 30.0


class Microphone:
    """An AudioSource that gives its blocks only after `plug_in`, and waits after the last until closed."""

    name = "mic: late"
    live = True
    overruns = 3

    def __init__(self, blocks: list[AudioBlock], failures: int = 0) -> None:
        self._blocks = blocks
        self._failures = failures
        self._change = threading.Condition()
        self._there = False
        self.closed = False
        self.asked = threading.Event()

    def counts(self) -> dict[str, int]:
        return {"reconnects": 4}

    def plug_in(self) -> None:
        with self._change:
            self._there = True
            self._change.notify_all()

    def read(self) -> AudioBlock | None:
        self.asked.set()
        with self._change:
            if self._failures:
                self._failures -= 1
                raise RuntimeError("a strange driver")
            assert self._change.wait_for(lambda: self.closed or (self._there and self._blocks), WITHIN_S)
            return None if self.closed else self._blocks.pop(0)

    def close(self) -> None:
        with self._change:
            self.closed = True
            self._change.notify_all()


def blocks_from(start_s: float, samples: Float32, size: int = HOP_SAMPLES) -> list[AudioBlock]:
    return [
        AudioBlock(samples[begin : begin + size], start_s + begin / SAMPLE_RATE_HZ)
        for begin in range(0, len(samples), size)
    ]


def plugged_in(source: HandoverSource, microphone: Microphone) -> None:
    """Return once the source knows that the microphone gave its first sound."""
    microphone.plug_in()
    assert source._come.wait(WITHIN_S)


@pytest.fixture
def etude() -> ScriptedSource:
    return ScriptedSource(blocks_from(100.0, tone(330.0, 4.0)), "demo")


def read_all(source: HandoverSource, count: int) -> list[AudioBlock]:
    blocks: list[AudioBlock] = []
    while sum(len(block.samples) for block in blocks) < count:
        block = source.read()
        assert block is not None
        blocks.append(block)
    return blocks


@pytest.fixture
def change(etude: ScriptedSource) -> Iterator[list[AudioBlock]]:
    """One second of the étude and one second over the change, as they leave the source."""
    microphone = Microphone(blocks_from(100.98, tone(440.0, 3.0), 113))
    source = HandoverSource(etude, microphone)
    before = read_all(source, SAMPLE_RATE_HZ)
    assert source.name == "demo"
    plugged_in(source, microphone)
    yield before + read_all(source, SAMPLE_RATE_HZ)
    assert (source.name, source.live, source.overruns) == ("mic: late", True, 3)
    assert source.counts() == {"reconnects": 4}
    source.close()


def test_no_moment_is_heard_twice_and_none_is_missing(change: list[AudioBlock]) -> None:
    expected_s = 100.0
    for block in change:
        assert block.entered_s == pytest.approx(expected_s, abs=1.1 / SAMPLE_RATE_HZ)
        expected_s = block.entered_s + len(block.samples) / SAMPLE_RATE_HZ


def test_the_change_is_no_click(change: list[AudioBlock]) -> None:
    samples = np.concatenate([block.samples for block in change])
    steepest = np.abs(np.diff(tone(440.0, 1.0))).max()
    assert np.abs(np.diff(samples)).max() <= 1.01 * steepest
    np.testing.assert_array_equal(samples[:SAMPLE_RATE_HZ], tone(330.0, 1.0))
    after = samples[SAMPLE_RATE_HZ + 2 * FADE_SAMPLES + HOP_SAMPLES :]
    assert np.abs(after).max() == pytest.approx(0.5, abs=0.01)


def test_the_etude_plays_on_while_no_microphone_comes(etude: ScriptedSource) -> None:
    microphone = Microphone([])
    source = HandoverSource(etude, microphone)
    heard = np.concatenate([block.samples for block in read_all(source, 4 * SAMPLE_RATE_HZ)])
    np.testing.assert_array_equal(heard, tone(330.0, 4.0))
    assert source.read() is None, "the end of the étude is the end"
    assert microphone.closed


def test_a_microphone_that_dates_its_sound_in_the_past_is_heard_all_the_same(etude: ScriptedSource) -> None:
    microphone = Microphone(blocks_from(0.0, tone(440.0, 3.0)))
    source = HandoverSource(etude, microphone)
    plugged_in(source, microphone)
    blocks = read_all(source, SAMPLE_RATE_HZ)
    assert source.name == "mic: late"
    first = next(block for block in blocks if block.entered_s < 100.0)
    assert first.entered_s == pytest.approx((HOP_SAMPLES + DROPPED_AT_MOST_SAMPLES) / SAMPLE_RATE_HZ)
    source.close()


def test_a_microphone_that_throws_is_tried_again(
    etude: ScriptedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chromesthesia.audio.handover.PAUSE_S", 0.0)
    microphone = Microphone(blocks_from(100.0, tone(440.0, 3.0)), failures=2)
    source = HandoverSource(etude, microphone)
    plugged_in(source, microphone)
    read_all(source, SAMPLE_RATE_HZ)
    assert source.name == "mic: late"
    source.close()


@pytest.mark.parametrize("gone_over", [False, True])
def test_closing_ends_it_in_either_state(etude: ScriptedSource, gone_over: bool) -> None:
    microphone = Microphone(blocks_from(100.0, tone(440.0, 0.5)))
    source = HandoverSource(etude, microphone)
    if gone_over:
        plugged_in(source, microphone)
        while not source.live:
            source.read()
    assert microphone.asked.wait(WITHIN_S)
    source.close()
    source.close()
    assert source.read() is None
    assert microphone.closed
    source._looking.join(WITHIN_S)
    assert not source._looking.is_alive()
