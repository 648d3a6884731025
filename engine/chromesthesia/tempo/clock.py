"""The beat clock: what every source says of the tempo, and the one of them that is followed."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from chromesthesia.core.records import NO_BEAT, Beat
from chromesthesia.params.live import Values
from chromesthesia.params.tempo import (
    TEMPO_BEATS_PER_BAR,
    TEMPO_FOLLOW,
    TEMPO_OFFSET_MS,
    TEMPO_OWN_BPM,
)
from chromesthesia.tempo.line import Line
from chromesthesia.tempo.pulses import PER_BEAT, Pulses, heard_pulse
from chromesthesia.tempo.taps import Taps, tap_confidence, tap_line, tapped
from chromesthesia.tempo.timecode import Position, followed

PRIORITY = ("link", "midi", "timecode", "tap", "sound")
"""Who is followed when nobody says: the first of these that is heard."""
OWN = "own"
PULSES_PER_SIXTEENTH = PER_BEAT // 4
_QUIET_S = 0.5
"""A sender that says nothing for so long is going away."""
_FADE_S = 4.0
"""Then the beat goes on as it was for so long, ever less sure."""
SOUND_SURE = 0.35
"""A beat that is heard less surely than this is none."""
_SLEW_S = 0.1
_SNAP_BEATS = 0.25
"""A beat that is further off than this is taken at once; less is made good without a jump."""


@dataclass(frozen=True, slots=True)
class TempoSettings:
    """The live settings of the beat clock."""

    follow: str = TEMPO_FOLLOW.default  # type: ignore[assignment]
    own_bpm: float = TEMPO_OWN_BPM.default  # type: ignore[assignment]
    beats_per_bar: int = TEMPO_BEATS_PER_BAR.default  # type: ignore[assignment]
    offset_s: float = 0.0


def tempo_settings(values: Values) -> TempoSettings:
    """The settings out of the parameter tree."""
    return TempoSettings(
        follow=values[TEMPO_FOLLOW],
        own_bpm=values[TEMPO_OWN_BPM],
        beats_per_bar=values[TEMPO_BEATS_PER_BAR],
        offset_s=values[TEMPO_OFFSET_MS] / 1000.0,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What one source says now. line: None where it says nothing of beats."""

    source: str
    line: Line
    confidence: float
    running: bool


class BeatClock:
    """Sources tell it what they hear, frames ask it where the beat is. Any thread; nothing in it waits.

    Followed is the source that `/tempo/follow` names, or of those that are heard the first of `PRIORITY`. Small
    corrections are made good within a tenth of a second and never backwards; a change of source is a jump.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pulses = Pulses()
        self._origin = 0
        self._midi_runs = True
        self._held: float | None = None
        self._taps: Taps = ()
        self._link: Line | None = None
        self._link_heard_s = -math.inf
        self._position: Position | None = None
        self._sound: Line | None = None
        self._sound_sure = 0.0
        self._own = Line(0.0, 0.0, 0.0)
        self._align_s: float | None = None
        self._moved = 0.0
        self._shown = NO_BEAT
        self._shown_s = -math.inf

    # -- what sources tell ------------------------------------------------------------------------------------

    def pulse(self, at_s: float) -> None:
        """One pulse of a MIDI clock, 24 to the beat."""
        with self._lock:
            self._pulses = heard_pulse(self._pulses, at_s)

    def start(self) -> None:
        """The sender plays from the top: its next pulse is the first beat."""
        with self._lock:
            self._midi_runs, self._held = True, None
            self._origin = self._pulses.index + 1
            self._moved = 0.0

    def resume(self) -> None:
        """The sender plays on from where it stands."""
        with self._lock:
            if self._held is not None:
                self._origin = self._pulses.index + 1 - round(self._held * PER_BEAT)
            self._midi_runs, self._held = True, None

    def stop(self) -> None:
        """The sender stands still; its pulses may go on."""
        with self._lock:
            if self._midi_runs:
                self._held = max(0, self._pulses.index - self._origin) / PER_BEAT
            self._midi_runs = False

    def song_position(self, sixteenths: int) -> None:
        """Where in the song the sender's next pulse is."""
        with self._lock:
            self._origin = self._pulses.index + 1 - sixteenths * PULSES_PER_SIXTEENTH
            if self._held is not None:
                self._held = sixteenths / 4.0
            self._moved = 0.0

    def forget_midi(self) -> None:
        """The device is gone: its tempo is followed no more."""
        with self._lock:
            self._pulses, self._origin = Pulses(), 0
            self._midi_runs, self._held = True, None

    def tap(self, at_s: float) -> None:
        """Somebody taps the beat."""
        with self._lock:
            self._taps = tapped(self._taps, at_s)

    def align(self, at_s: float) -> None:
        """This moment is the first beat of a bar."""
        with self._lock:
            self._align_s = at_s

    def forget_hand(self) -> None:
        """Neither taps nor a first beat set by hand count any more."""
        with self._lock:
            self._taps, self._align_s, self._moved = (), None, 0.0

    def link(self, line: Line | None, at_s: float) -> None:
        """What a session of Ableton Link plays; None while nobody else is in it."""
        with self._lock:
            self._link, self._link_heard_s = line, at_s

    def sound(self, bpm: float, beats: float, confidence: float, at_s: float) -> None:
        """The beat that the ear hears in the sound: `beats` at `at_s`; bpm 0 for none."""
        with self._lock:
            self._sound = Line(at_s, beats, bpm) if bpm > 0.0 else None
            self._sound_sure = confidence if confidence >= SOUND_SURE else 0.0

    def timecode(self, position: Position) -> None:
        """Where a timecode is."""
        with self._lock:
            self._position = followed(self._position, position)

    # -- what frames ask ----------------------------------------------------------------------------------------

    def at(self, now_s: float, settings: TempoSettings) -> Beat:
        """The beat at `now_s`; times that are asked for one after the other never go back a beat."""
        with self._lock:
            told = self._followed(now_s, settings)
            position_s = self._position_s(now_s)
            if told is None:
                self._moved = 0.0
                self._align_s = None
                beat = Beat(beats_per_bar=settings.beats_per_bar, position_s=position_s)
            else:
                beats = self._beats(told, now_s + settings.offset_s, now_s)
                beat = Beat(
                    bpm=told.line.bpm,
                    beats=beats,
                    beats_per_bar=settings.beats_per_bar,
                    confidence=told.confidence,
                    running=told.running,
                    source=told.source,
                    position_s=position_s,
                )
            self._shown, self._shown_s = beat, max(now_s, self._shown_s)
            return beat

    def timecode_text(self, now_s: float) -> str:
        """The timecode that is on now, e.g. `01:02:03:04 at 25`; empty without one."""
        with self._lock:
            position = self._position
            if position is None or not self._fresh(now_s - position.at_s):
                return ""
            return f"{position.timecode_at(self._held_s(position, now_s))} at {position.rate.value}"

    def _beats(self, told: _Told, moment_s: float, now_s: float) -> float:
        before = self._shown
        if told.source != before.source:
            self._moved = 0.0
        goal = told.line.beats_at(moment_s)
        if self._align_s is not None:
            self._moved = -told.line.beats_at(self._align_s)
            self._align_s = None
        goal += self._moved
        same = told.source == before.source and told.running == before.running
        dt_s = max(0.0, now_s - self._shown_s) if same else 0.0
        expected = before.beats + dt_s * told.line.bpm / 60.0
        if not same or not told.running or abs(goal - expected) > _SNAP_BEATS:
            return goal
        beats = expected + (goal - expected) * -math.expm1(-dt_s / _SLEW_S)
        return beats if told.line.bpm < 0.0 else max(beats, before.beats)

    def _followed(self, now_s: float, settings: TempoSettings) -> _Told | None:
        if settings.follow == OWN:
            return self._own_told(now_s, settings)
        names = PRIORITY if settings.follow == "auto" else (settings.follow,)
        for name in names:
            told = self._told(name, now_s, settings)
            if told is not None and told.confidence > 0.0:
                return told
        return None

    def _told(self, name: str, now_s: float, settings: TempoSettings) -> _Told | None:
        match name:
            case "midi":
                return self._midi_told(now_s)
            case "tap":
                line = tap_line(self._taps)
                return None if line is None else _Told(name, line, tap_confidence(self._taps), True)
            case "link":
                if self._link is None:
                    return None
                return _Told(name, self._link, _sure(now_s - self._link_heard_s), True)
            case "sound":
                if self._sound is None:
                    return None
                sure = self._sound_sure * _sure(now_s - self._sound.at_s)
                return _Told(name, self._sound, sure, True)
            case "timecode":
                return self._timecode_told(now_s, settings)
        return None

    def _midi_told(self, now_s: float) -> _Told | None:
        pulses = self._pulses
        if not pulses.bpm:
            return None
        confidence = pulses.confidence * _sure(now_s - pulses.heard_s)
        if self._held is not None:
            return _Told("midi", Line(now_s, self._held, 0.0), confidence, False)
        return _Told("midi", pulses.line(self._origin), confidence, True)

    def _timecode_told(self, now_s: float, settings: TempoSettings) -> _Told | None:
        position = self._position
        if position is None:
            return None
        sure = _sure(now_s - position.at_s)
        held_s = self._held_s(position, now_s)
        running = position.speed != 0.0 and held_s == now_s
        bpm = settings.own_bpm * position.speed if running else 0.0
        beats = position.position_at(held_s) * settings.own_bpm / 60.0
        return _Told("timecode", Line(now_s, beats, bpm), sure, running)

    def _own_told(self, now_s: float, settings: TempoSettings) -> _Told:
        if self._own.bpm != settings.own_bpm:
            beats = self._own.beats_at(now_s) if self._own.bpm else 0.0
            self._own = Line(now_s, beats, settings.own_bpm)
        return _Told(OWN, self._own, 1.0, True)

    def _position_s(self, now_s: float) -> float:
        position = self._position
        return 0.0 if position is None else position.position_at(self._held_s(position, now_s))

    def _held_s(self, position: Position, now_s: float) -> float:
        """Until when a timecode goes on: a tape that was stopped says nothing any more."""
        return min(now_s, position.at_s + _QUIET_S)

    def _fresh(self, age_s: float) -> bool:
        return age_s < _QUIET_S + _FADE_S


def _sure(age_s: float) -> float:
    """1 while a source is heard, falling to 0 while it is not."""
    return min(1.0, max(0.0, 1.0 - (age_s - _QUIET_S) / _FADE_S))
