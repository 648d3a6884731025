"""What a cue list's file may hold: the declaration that reads it."""

from __future__ import annotations

from typing import Any

import msgspec

from chromesthesia.core.schema import Line, Table, Whole

SCHEMA = 1


class CueTable(Table, frozen=True, kw_only=True, omit_defaults=True):
    """One `[[cue]]`. Its fields are those of `cue_list.Cue`; None and empty where the file says nothing."""

    name: Line
    preset: Line = ""
    morph_s: float | None = None
    morph_beats: float | None = None
    set: dict[str, Any] = msgspec.field(default_factory=dict)
    pack: Line = ""
    start: str | None = None
    follow_s: float | None = None
    follow_beats: float | None = None
    next: Line = ""
    trigger: Line = ""
    at: str = ""
    timecode: str = ""
    note: Line = ""


class CueFile(Table, frozen=True, kw_only=True, omit_defaults=True, rename={"cues": "cue"}):
    """A whole file. start: when a cue begins that was asked for; autostart: the first begins with the show."""

    schema: Whole
    name: Line = ""
    start: str = "now"
    autostart: bool = False
    cues: tuple[CueTable, ...] = ()
