"""Ableton Link by a session in a script, and timecode by a sound input in a script."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from chromesthesia.audio.inputs import Captured
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import AudioError, NetworkError, UsageError
from chromesthesia.core.records import Float32
from chromesthesia.ports.link.port import JOIN_S, LinkPort, open_link
from chromesthesia.ports.ltc.port import LtcPort, open_ltc
from chromesthesia.tempo.clock import BeatClock, TempoSettings
from chromesthesia.tempo.timecode import Rate, Timecode
from chromesthesia.testing.timecode import ltc_sound

AUTO = TempoSettings()


class Session:
    """A Link session whose others play at `bpm`."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.others = 1
        self.bpm = 124.0
        self.ill = False
        self.closed = False
        self.asked = 0

    def peers(self) -> int:
        self.asked += 1
        if self.ill:
            raise RuntimeError("no session")
        return self.others

    def now(self) -> tuple[float, float]:
        return self.bpm, self._clock.now_s() * self.bpm / 60.0

    def close(self) -> None:
        self.closed = True


def linked() -> tuple[LinkPort, Session, BeatClock, ManualClock]:
    clock, tempo = ManualClock(), BeatClock()
    session = Session(clock)
    return open_link(tempo, clock, session), session, tempo, clock


def pass_time(port: LinkPort, clock: ManualClock, until_s: float) -> None:
    while clock.now_s() < until_s:
        clock.advance(0.01)
        port.publish(clock.now_s(), (), dict)


def test_link_is_followed_half_a_second_after_joining() -> None:
    port, session, tempo, clock = linked()
    pass_time(port, clock, 0.1)
    assert session.asked == 0  # not before it was started
    port.start()
    pass_time(port, clock, JOIN_S + 0.05)
    assert tempo.at(clock.now_s(), AUTO).source == ""
    pass_time(port, clock, 2.0)
    beat = tempo.at(2.0, AUTO)
    assert (beat.source, beat.bpm, beat.beats) == ("link", 124.0, pytest.approx(2.0 * 124 / 60))
    assert session.asked == pytest.approx(1.4 / 0.05, abs=2)


def test_a_session_that_is_empty_or_ill_is_not_followed() -> None:
    port, session, tempo, clock = linked()
    port.start()
    pass_time(port, clock, 1.0)
    session.others = 0
    pass_time(port, clock, 1.2)
    assert tempo.at(1.2, AUTO).source == ""
    session.others, session.bpm = 2, float("nan")
    pass_time(port, clock, 1.4)
    assert tempo.at(1.4, AUTO).source == ""
    session.bpm, session.ill = 90.0, True
    pass_time(port, clock, 2.0)
    assert port.health()["failures"] > 3
    session.ill = False
    pass_time(port, clock, 2.2)
    assert (tempo.at(2.2, AUTO).bpm, port.health()["peers"]) == (90.0, 2)
    port.stop()
    assert session.closed


def test_without_the_library_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "link", None)
    with pytest.raises(NetworkError, match=r"pip install 'chromesthesia\[link\]'"):
        open_link(BeatClock(), ManualClock())


class Inputs:
    """`InputBackend` that gives a sound in stereo, timecode on one channel; `failing` openings fail."""

    rate_hz = 48_000
    label = "USB interface"

    def __init__(self, clock: ManualClock, sound: Float32, channel: int = 2) -> None:
        self._clock = clock
        self._frames = np.zeros((len(sound), 2), np.float32)
        self._frames[:, channel - 1] = sound
        self.at = 0
        self.opened: list[str | None] = []
        self.failing = 0
        self.lost = False
        self.closed = 0

    def open(self, device: str | None, host_api: str | None) -> Inputs:
        self.opened.append(device)
        if self.failing:
            self.failing -= 1
            raise AudioError("no such input: the script says so")
        return self

    def read(self, timeout_s: float) -> Captured | None:
        if self.lost:
            self.lost = False
            raise AudioError("the input was lost")
        block = self._frames[self.at : self.at + 480]
        if len(block) == 0:
            self._clock.advance(timeout_s)
            return None
        self.at += len(block)
        self._clock.advance(len(block) / self.rate_hz)
        return Captured(block, self._clock.now_s(), False)

    def close(self) -> None:
        self.closed += 1


CODE = Timecode(1, 2, 3, 4, Rate.PAL)


def test_timecode_comes_in_by_a_channel_of_its_own() -> None:
    clock, tempo = ManualClock(), BeatClock()
    inputs = Inputs(clock, ltc_sound(CODE, 20))
    port = open_ltc("usb", 2, tempo, clock, inputs)
    assert port is not None
    port.step()
    while inputs.at < len(inputs._frames):
        port.step()
    assert inputs.opened == ["usb"]
    assert port.health()["frames"] == 18
    sound_s = len(inputs._frames) / 48_000
    position_s = tempo.at(clock.now_s(), AUTO).position_s
    assert position_s == pytest.approx(CODE.position_s + sound_s, abs=0.002)
    port.stop()
    assert inputs.closed == 1


def test_an_input_that_is_missing_lost_or_silent_is_opened_again() -> None:
    clock = ManualClock()
    inputs = Inputs(clock, ltc_sound(CODE, 30), 1)
    inputs.failing = 2
    port = LtcPort(inputs, None, 1, BeatClock(), clock)
    for _ in range(100):
        if not port.step() and not inputs.at:
            clock.advance(0.05)
        if inputs.at:
            break
    assert (len(inputs.opened), port.health()["failures"]) == (3, 2)
    inputs.lost = True
    port.step()
    assert inputs.closed == 1
    clock.advance(1.0)
    port.step()
    while inputs.at < len(inputs._frames):
        port.step()
    assert port.health()["frames"] >= 26
    for _ in range(200):
        port.step()
        if inputs.closed == 2:
            break
    assert inputs.closed == 2
    assert port.health()["reconnects"] == 2


def test_a_channel_that_no_input_has_is_refused() -> None:
    with pytest.raises(UsageError, match="channel 3"):
        open_ltc("default", 3, BeatClock(), ManualClock(), Inputs(ManualClock(), np.zeros(1, np.float32)))
    assert open_ltc("", 3, BeatClock(), ManualClock()) is None
