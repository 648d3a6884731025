"""The beat clock: whom it follows, that it never jumps, and what it does when nobody is heard any more."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from chromesthesia.control.actions import command_of
from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.records import NO_BEAT, Beat
from chromesthesia.params.actions import ROOM_RESET, TEMPO_ONE, TEMPO_TAP
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.tempo.clock import BeatClock, TempoSettings
from chromesthesia.tempo.line import Line
from chromesthesia.tempo.timecode import Position, Rate

AUTO = TempoSettings()
PULSE_S = 0.5 / 24


def played(clock: BeatClock, first_s: float, count: int, pulse_s: float = PULSE_S) -> float:
    """Let `count` pulses come; the time of the last."""
    for index in range(count):
        clock.pulse(first_s + index * pulse_s)
    return first_s + (count - 1) * pulse_s


def test_at_rest_there_is_no_beat() -> None:
    assert BeatClock().at(5.0, AUTO) == NO_BEAT
    assert (NO_BEAT.phase, NO_BEAT.bar_phase, NO_BEAT.pulse) == (0.0, 0.0, 0.0)


def test_a_midi_clock_starts_stops_goes_on_and_goes_to_a_place() -> None:
    clock = BeatClock()
    now_s = played(clock, 0.0, 48)
    assert clock.at(now_s, AUTO).source == "midi"
    clock.start()
    now_s = played(clock, now_s + PULSE_S, 25)
    beat = clock.at(now_s, AUTO)
    assert (beat.bpm, beat.beats, beat.running) == (pytest.approx(120.0), pytest.approx(1.0), True)
    clock.stop()
    now_s = played(clock, now_s + PULSE_S, 30)
    held = clock.at(now_s, AUTO)
    assert (held.beats, held.running, held.pulse) == (1.0, False, 0.0)
    clock.resume()
    now_s = played(clock, now_s + PULSE_S, 13)
    assert clock.at(now_s, AUTO).beats == pytest.approx(1.5)
    clock.stop()
    clock.song_position(64)
    assert clock.at(now_s, AUTO).beats == 16.0
    clock.resume()
    now_s = played(clock, now_s + PULSE_S, 25)
    beat = clock.at(now_s, AUTO)
    assert (beat.beats, beat.bar_phase) == (pytest.approx(17.0), pytest.approx(0.25))


def test_a_sender_that_is_no_longer_heard_fades_and_the_next_takes_over() -> None:
    clock = BeatClock()
    clock.tap(0.0)
    clock.tap(0.6)
    last_s = played(clock, 0.6, 49)
    assert clock.at(last_s, AUTO).source == "midi"
    fading = clock.at(last_s + 2.5, AUTO)
    assert fading.source == "midi"
    assert 0.0 < fading.confidence < 0.8
    assert fading.bpm == pytest.approx(120.0)
    gone = clock.at(last_s + 5.0, AUTO)
    assert (gone.source, gone.bpm) == ("tap", pytest.approx(100.0))


def test_link_goes_before_midi_before_timecode_before_taps_and_a_name_before_all() -> None:
    clock = BeatClock()
    clock.tap(0.0)
    clock.tap(0.5)
    clock.timecode(Position(0.9, 10.0, 1.0, Rate.PAL))
    played(clock, 0.5, 25)
    clock.link(Line(1.0, 7.0, 90.0), 1.0)
    seen = []
    for name in ("auto", "midi", "timecode", "tap", "own", "link"):
        beat = clock.at(1.01, replace(AUTO, follow=name))
        seen.append(beat.source)
        assert beat.position_s == pytest.approx(10.11)
    assert seen == ["link", "midi", "timecode", "tap", "own", "link"]
    clock.link(None, 1.0)
    assert clock.at(1.01, AUTO).source == "midi"
    clock.forget_midi()
    assert clock.at(1.01, AUTO).source == "timecode"


def test_beats_out_of_timecode_stand_where_the_tape_stands() -> None:
    clock = BeatClock()
    settings = replace(AUTO, own_bpm=90.0)
    clock.timecode(Position(1.0, 20.0, 1.0, Rate.FULL))
    beat = clock.at(1.2, settings)
    assert (beat.beats, beat.running) == (pytest.approx(20.2 * 1.5), True)
    assert clock.timecode_text(1.2) == "00:00:20:06 at 30"
    stopped = clock.at(3.0, settings)
    assert (stopped.beats, stopped.running) == (pytest.approx(20.5 * 1.5), False)
    clock.timecode(Position(3.0, 20.0, -1.0, Rate.FULL))
    clock.at(3.0, settings)
    assert clock.at(3.1, settings).beats == pytest.approx(19.9 * 1.5)
    assert clock.timecode_text(60.0) == ""


def test_small_corrections_are_made_good_without_a_step_back() -> None:
    clock = BeatClock()
    last_s = played(clock, 0.0, 73)
    shown = [clock.at(last_s, AUTO).beats]
    # The next pulses all come 6 ms late: the beat is asked for in between.
    for index in range(1, 73):
        clock.pulse(last_s + index * PULSE_S + 0.006)
        for part in (0.3, 0.6, 0.9):
            shown.append(clock.at(last_s + (index + part) * PULSE_S + 0.006, AUTO).beats)
    steps = [after - before for before, after in itertools.pairwise(shown)]
    assert min(steps) >= 0.0
    assert max(steps[1:]) < 0.1
    assert shown[-1] == pytest.approx(shown[0] + 72.9 / 24, abs=0.02)


def test_the_offset_shows_the_beat_earlier() -> None:
    clock = BeatClock()
    last_s = played(clock, 0.0, 49)
    plain = clock.at(last_s, AUTO).beats
    assert BeatClock.at(clock, last_s, replace(AUTO, offset_s=0.6)).beats == pytest.approx(plain + 1.2)


def test_the_engines_own_beat_changes_tempo_without_a_jump() -> None:
    clock = BeatClock()
    own = replace(AUTO, follow="own", own_bpm=120.0)
    clock.at(0.0, own)
    assert clock.at(1.0, own).beats == pytest.approx(2.0)
    faster = replace(own, own_bpm=240.0)
    assert clock.at(1.0, faster).beats == pytest.approx(2.0)
    assert clock.at(1.5, faster).beats == pytest.approx(4.0)


def room() -> tuple[Controller, list[Beat]]:
    return Controller(ParameterTree(PARAMETERS), PresetLibrary(())), []


def test_taps_and_the_one_are_declared_actions() -> None:
    controller, _ = room()
    controller.begin(0.0)
    for now_s in (1.0, 1.5, 2.0):
        controller.post(command_of(TEMPO_TAP, "test"))
        controller.step(now_s)
    assert controller.beat(2.25).bpm == pytest.approx(120.0)
    controller.post(command_of(TEMPO_ONE, "test"))
    controller.step(2.75)
    beat = controller.beat(2.75)
    assert (beat.beats, beat.bar_phase, beat.source) == (pytest.approx(0.0), pytest.approx(0.0), "tap")
    assert controller.beat(3.25).beats == pytest.approx(1.0)
    controller.post(command_of(ROOM_RESET, "test"))
    controller.step(4.0)
    assert controller.beat(4.0).source == ""


def test_settings_of_the_tree_steer_the_clock() -> None:
    controller, _ = room()
    controller.post(
        SetParameter("/tempo/follow", "own", "test"),
        SetParameter("/tempo/own_bpm", 60, "test"),
        SetParameter("/tempo/beats_per_bar", 3, "test"),
        SetParameter("/tempo/offset_ms", 500, "test"),
    )
    controller.step(0.0)
    controller.beat(0.0)
    beat = controller.beat(1.0)
    assert (beat.bpm, beat.beats, beat.beats_per_bar) == (60.0, pytest.approx(1.5), 3)


def test_the_key_t_taps() -> None:
    keys = pytest.importorskip("chromesthesia.show.keys")
    window = pytest.importorskip("chromesthesia.display.window")
    pygame = pytest.importorskip("pygame")
    event = window.KEYS[pygame.K_t]
    assert keys.COMMANDS[event] == command_of(TEMPO_TAP, keys.SOURCE)
