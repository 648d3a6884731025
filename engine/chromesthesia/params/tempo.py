"""What a hand may change about the beat clock, and how a MIDI controller learns what it moves."""

from __future__ import annotations

from chromesthesia.params.declaration import Choice, Number, Param, Whole

SOURCES = ("auto", "own", "tap", "midi", "link", "timecode", "sound")

# fmt: off
TEMPO_FOLLOW = Choice("/tempo/follow", "auto",
    "Which beat is followed: the first that is heard of link, midi, timecode, tap and sound, or only this one",
    choices=SOURCES, room=True)
TEMPO_OWN_BPM = Number("/tempo/own_bpm", 120.0,
    "Tempo of the engine's own beat, and of a film's or song's timecode", low=20.0, high=400.0, unit="bpm", room=True)
TEMPO_BEATS_PER_BAR = Whole("/tempo/beats_per_bar", 4, "Beats in a bar", low=1, high=16, room=True)
TEMPO_OFFSET_MS = Number("/tempo/offset_ms", 0.0, "Above 0 the beat is shown earlier than it is heard, below 0 later",
    low=-500.0, high=500.0, unit="ms", room=True)
MIDI_LEARN = Param("/midi/learn", "",
    "Address of a setting or action: the next MIDI controller that is moved steers it; empty again when it does",
    room=True)
MIDI_FORGET = Param("/midi/forget", "", "Address of a setting or action that MIDI steers no more", room=True)
# fmt: on

TEMPO: tuple[Param, ...] = (TEMPO_FOLLOW, TEMPO_OWN_BPM, TEMPO_BEATS_PER_BAR, TEMPO_OFFSET_MS)
MIDI: tuple[Param, ...] = (MIDI_LEARN, MIDI_FORGET)
