"""A room that closes goes dark and keeps its settings; one that falls silent gets a look of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from chromesthesia.control.commands import LoadPreset, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.wall import Fade, parse_hours
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.sound import MASTER_BLACKOUT, MASTER_BRIGHTNESS, MASTER_FADE
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.hours.port import HoursPort, SilencePort
from chromesthesia.show.analysis import silent_heard

LIBRARY = PresetLibrary((Preset("Day"), Preset("Night"), Preset("Other")))


def controller() -> Controller:
    made = Controller(ParameterTree(PARAMETERS), LIBRARY, LIBRARY.presets[0])
    made.begin(0.0)
    return made


def nothing() -> Mapping[str, Value]:
    return {}


class Wall:
    now = datetime(2026, 11, 23, 21, 59, 58)

    def __call__(self) -> datetime:
        return self.now


def test_the_light_goes_at_closing_time_and_the_brightness_stays_as_set() -> None:
    room, wall = controller(), Wall()
    room.post(SetParameter(MASTER_BRIGHTNESS.path, 0.6, "test"))
    port = HoursPort(room, Fade(parse_hours(["10:00-22:00"]), 2.0, wall))
    port.start()
    levels = []
    for number in range(100):
        now_s = number / 10.0
        room.step(now_s)
        port.publish(now_s, (), nothing)
        levels.append(room.current[1][MASTER_FADE])
        wall.now += timedelta(seconds=0.1)
    assert levels[10] == 1.0
    assert levels[-1] == 0.0
    assert levels == sorted(levels, reverse=True)
    assert room.current[1][MASTER_BRIGHTNESS] == pytest.approx(0.6)
    # What a hand does to the fader is undone.
    room.post(SetParameter(MASTER_FADE.path, 1.0, "test"))
    room.step(10.0)
    port.publish(11.0, (), nothing)
    room.step(11.1)
    assert room.current[1][MASTER_FADE] == 0.0


@pytest.mark.parametrize(
    ("brightness", "fade", "blackout", "shown"),
    [(1.0, 1.0, False, 1.0), (0.5, 0.5, False, 0.25), (2.0, 0.0, False, 0.0), (1.0, 1.0, True, 0.0)],
)
def test_the_fader_lies_over_the_brightness(
    brightness: float, fade: float, blackout: bool, shown: float
) -> None:
    room = controller()
    room.post(
        SetParameter(MASTER_BRIGHTNESS.path, brightness, "test"),
        SetParameter(MASTER_FADE.path, fade, "test"),
        SetParameter(MASTER_BLACKOUT.path, blackout, "test"),
    )
    room.step(0.0)
    look = Mapper().step(0.1, room.current[1], (), silent_heard(room.current[1]))
    assert look[MASTER_BRIGHTNESS] == pytest.approx(shown)


class Silence:
    def __init__(self) -> None:
        self.room = controller()
        self.port = SilencePort(self.room, "night", 60.0)
        self.now_s = 0.0
        self.activity = 1.0

    def run(self, seconds: float) -> str:
        for _ in range(int(seconds * 2)):
            self.now_s += 0.5
            self.room.step(self.now_s)
            self.port.publish(self.now_s, (), lambda: {"/emotion/activity": self.activity})
        self.room.step(self.now_s)
        return self.room.current[0].name


def test_silence_has_a_look_and_sound_brings_the_other_back() -> None:
    silence = Silence()
    assert silence.run(100.0) == "Day"
    silence.activity = 0.0
    assert silence.run(50.0) == "Day"
    assert silence.run(20.0) == "Night"
    silence.activity = 1.0
    assert silence.run(2.0) == "Day"
    assert silence.port.health()["changes"] == 2


def test_a_short_noise_begins_the_wait_anew() -> None:
    silence = Silence()
    silence.activity = 0.0
    silence.run(50.0)
    silence.activity = 1.0
    silence.run(1.0)
    silence.activity = 0.0
    assert silence.run(50.0) == "Day"
    assert silence.run(20.0) == "Night"


def test_a_look_that_somebody_chose_in_the_silence_stays() -> None:
    silence = Silence()
    silence.activity = 0.0
    assert silence.run(70.0) == "Night"
    silence.room.post(LoadPreset("Other", "test"))
    assert silence.run(5.0) == "Other"
    silence.activity = 1.0
    assert silence.run(5.0) == "Other"
