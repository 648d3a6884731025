"""Sound to photon against delays that were put in: to within a millisecond, with noise, hum, either way of wiring."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.bench.clicks import click_samples, click_sound
from chromesthesia.bench.light import (
    BLOCK,
    RATE_HZ,
    ListeningRoom,
    Photons,
    find_photons,
    output_latency_s,
)
from chromesthesia.bench.light_run import engine_s
from chromesthesia.bench.room import keep_room
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import AudioError, UsageError
from chromesthesia.core.records import Float32
from chromesthesia.core.room import read_room


class Room:
    """An interface whose microphone hears what is played after `air_s`, and whose cell sees a flash `delay_s` later."""

    def __init__(
        self,
        delay_s: Callable[[int], float],
        clicks: list[int],
        air_s: float = 0.004,
        cell: float = 0.2,
        hum: float = 0.0,
    ) -> None:
        length = clicks[-1] + RATE_HZ
        rng = np.random.default_rng(7)
        at = np.arange(length)
        self.light = (rng.normal(0.0, 0.002, length) + hum * np.sin(2 * np.pi * 100.0 * at / RATE_HZ)).astype(
            np.float32
        )
        air = round(air_s * RATE_HZ)
        for number, click in enumerate(clicks):
            begin = click + air + round(delay_s(number) * RATE_HZ)
            self.light[begin : begin + RATE_HZ // 10] += cell
        self.heard = np.concatenate([np.zeros(air, np.float32), np.zeros(length, np.float32)])
        self.air, self.at, self.noise = air, 0, rng

    def exchange(self, out: Float32) -> Float32:
        self.heard[self.at + self.air : self.at + self.air + len(out)] += 0.3 * out
        piece = slice(self.at, self.at + len(out))
        self.at += len(out)
        mic = self.heard[piece] + self.noise.normal(0.0, 0.001, len(out))
        return np.stack([mic, self.light[piece]], axis=1).astype(np.float32)

    def close(self) -> None:
        """Nothing to close."""


def played(room: Room, clicks: list[int]) -> Float32:
    source = ListeningRoom(room, click_sound(clicks, RATE_HZ), ManualClock())
    heard = 0
    while (block := source.read()) is not None:
        heard += len(block.samples)
    assert heard == pytest.approx(len(source.recorded()) / 2, abs=BLOCK)
    return source.recorded()


@pytest.mark.parametrize(
    ("delay_s", "cell", "hum"),
    [(0.025, 0.2, 0.0), (0.083, -0.2, 0.0), (0.140, 0.2, 0.01), (0.051, 0.05, 0.0)],
)
def test_an_injected_delay_is_found_to_within_a_millisecond(delay_s: float, cell: float, hum: float) -> None:
    clicks = click_samples(60, rate_hz=RATE_HZ)
    spread_s = np.random.default_rng(2).uniform(0.0, 0.016, 60)
    room = Room(lambda number: delay_s + spread_s[number], clicks, cell=cell, hum=hum)
    found = find_photons(played(room, clicks), clicks)
    assert found.missed == 0
    error_s = np.array(found.delays_s) - (delay_s + spread_s)
    assert np.abs(error_s).max() < 0.001
    assert abs(output_latency_s(found, 0.020) - (delay_s + float(np.median(spread_s)) - 0.020)) < 0.001


def test_a_cell_that_sees_nothing_is_told_with_the_remedy() -> None:
    clicks = click_samples(20, rate_hz=RATE_HZ)
    found = find_photons(played(Room(lambda number: 0.05, clicks, cell=0.0), clicks), clicks)
    assert found.delays_s == ()
    assert found.missed == 20
    with pytest.raises(AudioError, match="no flash was seen on input 2") as told:
        output_latency_s(found, 0.02)
    assert "photodiode" in told.value.remedy


def test_a_microphone_that_hears_nothing_measures_nothing() -> None:
    assert find_photons(np.zeros((RATE_HZ, 2), np.float32), [1000]).missed == 1


def test_the_rooms_offset_is_kept_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "room.toml"
    assert read_room(path) == 0.0
    keep_room(path, output_latency_s(Photons((0.071, 0.069, 0.070), 0), 0.025), 3)
    assert read_room(path) == pytest.approx(0.045)


@pytest.mark.parametrize("value", ["-0.1", "2", "'long'", "true", "nan", "[0.1]"])
def test_another_content_is_refused_with_its_value(tmp_path: Path, value: str) -> None:
    path = tmp_path / "room.toml"
    path.write_text(f"output_latency_s = {value}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"room.toml: output_latency_s: expected 0 to 1 seconds"):
        read_room(path)


def test_the_shows_own_share_begins_in_the_middle_of_five_milliseconds() -> None:
    assert engine_s({"latency_ms": {"sound_to_light": {"p50": 25.0}}}) == pytest.approx(0.0225)
    assert engine_s({"latency_ms": {"sound_to_light": {"p50": None}}}) == 0.0
