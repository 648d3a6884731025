"""A cue list, read from its file and checked to the last key before anything of it is played."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from chromesthesia.control.actions import LONGEST_MORPH_S
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.table_files import checked_table
from chromesthesia.core.user_files import one_line, read_toml, shown
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import unknown_parameter
from chromesthesia.params.values import ParameterError, coerce_exact, nearest
from chromesthesia.ports.cues.cue_file import SCHEMA, CueFile, CueTable

MOST_CUES = 500
LARGEST_FILE = 128 * 1024
MOST_SET = 256
NAME_LIMIT = 120
STARTS = ("now", "beat", "bar")
LONGEST_WAIT_S = 7 * 24 * 3600.0
MOST_BEATS = 100_000.0
DAY_S = 24 * 3600.0
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_TIMECODE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")


class CueError(ChromesthesiaError):
    """A cue list that is not valid, or a cue that there is not."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class Cue:
    """One step of a show.

    preset: glided to over morph_s seconds, or morph_beats of the beat clock; neither: as long as `/master/morph_s`
    says. Empty: the look stays. values: settings written then. pack: painted with from then on. start: now, on the next
    beat, or on the next bar. follow_s, follow_beats: so long after it began the next cue begins by itself. follows:
    place of the cue that comes next, None for the one below. trigger: a word that begins it. at_s: seconds after
    midnight, by the clock of the place; timecode_s: seconds of the timecode's own time. note: for the operator.
    """

    name: str
    preset: str = ""
    morph_s: float | None = None
    morph_beats: float | None = None
    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    pack: str = ""
    start: str = "now"
    follow_s: float | None = None
    follow_beats: float | None = None
    follows: int | None = None
    trigger: str = ""
    at_s: float | None = None
    timecode_s: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CueList:
    """All cues, in order. autostart: the first begins with the show."""

    name: str = ""
    cues: tuple[Cue, ...] = ()
    autostart: bool = False

    def __len__(self) -> int:
        return len(self.cues)

    def index(self, which: str | int) -> int:
        """Place of the cue with this name, or number from 1 as the operator counts. Raises CueError."""
        if isinstance(which, str):
            for place, cue in enumerate(self.cues):
                if cue.name.casefold() == which.strip().casefold():
                    return place
            hint = nearest(which, [cue.name for cue in self.cues]) or f"there are {len(self)} cues"
            raise CueError(f"no cue {shown(which)}", hint)
        if not 1 <= which <= len(self):
            raise CueError(f"no cue number {which}", f"use 1..{len(self)}")
        return which - 1

    def triggered(self, word: str) -> int:
        """Place of the first cue with this trigger. Raises CueError."""
        for place, cue in enumerate(self.cues):
            if cue.trigger and cue.trigger.casefold() == word.strip().casefold():
                return place
        hint = nearest(word, [cue.trigger for cue in self.cues if cue.trigger])
        raise CueError(f"no cue waits for {shown(word)}", hint or "give one a trigger in the list")


def load_cues(path: Path, params: Sequence[Param], library: PresetLibrary) -> CueList:
    """Read a cue list. Raises CueError naming the file, the cue and the key."""
    return parse_cues(read_toml(path, CueError, LARGEST_FILE), path, params, library)


def parse_cues(
    table: Mapping[str, object], path: Path, params: Sequence[Param], library: PresetLibrary
) -> CueList:
    """Check what a file holds. params: what may be set; library: the presets there are. Raises CueError."""
    where = one_line(path)
    file = checked_table(table, CueFile, {"cue": (CueTable, MOST_CUES)}, SCHEMA, where, CueError)
    if not file.cues:
        raise CueError(f"{where}: no cue", "write each under its own [[cue]]")
    _one_of("start", file.start, STARTS, where)
    known = {param.path: param for param in params if param.writable}
    places: dict[str, int] = {}
    for number, row in enumerate(file.cues, start=1):
        name = row.name.casefold()
        if not name or len(name) > NAME_LIMIT:
            raise CueError(f"{where}: cue {number}: name is {shown(row.name)}", "write a short text")
        if name in places:
            raise CueError(f"{where}: cue {number}: name is {shown(row.name)} again", "each needs its own")
        places[name] = number - 1
    cues = tuple(
        _cue(row, file.start, places, known, library, f"{where}: cue {number}")
        for number, row in enumerate(file.cues, start=1)
    )
    return CueList(file.name or path.stem, cues, file.autostart)


def _cue(
    row: CueTable,
    start: str,
    places: Mapping[str, int],
    known: Mapping[str, Param],
    library: PresetLibrary,
    where: str,
) -> Cue:
    start = start if row.start is None else row.start
    _one_of("start", start, STARTS, where)
    for key, value, most in (
        ("morph_s", row.morph_s, LONGEST_MORPH_S),
        ("morph_beats", row.morph_beats, MOST_BEATS),
        ("follow_s", row.follow_s, LONGEST_WAIT_S),
        ("follow_beats", row.follow_beats, MOST_BEATS),
    ):
        if value is not None and not (math.isfinite(value) and 0.0 <= value <= most):
            raise CueError(f"{where}: {key} is {shown(value)}", f"use 0..{most:g}")
    for one, other in (("morph_s", "morph_beats"), ("follow_s", "follow_beats")):
        if getattr(row, one) is not None and getattr(row, other) is not None:
            raise CueError(f"{where}: both {one} and {other}", "give one of them")
    if row.preset:
        try:
            library.choose(row.preset)
        except ChromesthesiaError as error:
            raise CueError(f"{where}: {error.message}", error.remedy) from error
    if row.next and row.next.casefold() not in places:
        raise CueError(f"{where}: next is {shown(row.next)}", nearest(row.next, places) or "name a cue")
    # A list whose cues follow each other at once would never rest.
    if row.follow_s == 0.0 or row.follow_beats == 0.0:
        raise CueError(f"{where}: it is followed at once", "let it last, or put both cues into one")
    return Cue(
        name=row.name,
        preset=row.preset,
        morph_s=row.morph_s,
        morph_beats=row.morph_beats,
        values=_values(row.set, known, where),
        pack=row.pack,
        start=start,
        follow_s=row.follow_s,
        follow_beats=row.follow_beats,
        follows=places[row.next.casefold()] if row.next else None,
        trigger=row.trigger,
        at_s=_seconds("at", row.at, _CLOCK, "write a time of day, e.g. 21:30 or 21:30:15", where),
        timecode_s=_seconds(
            "timecode", row.timecode, _TIMECODE, "write hours, minutes, seconds, e.g. 01:02:30", where
        ),
        note=row.note,
    )


def _values(given: Mapping[str, object], known: Mapping[str, Param], where: str) -> Mapping[str, Value]:
    if len(given) > MOST_SET:
        raise CueError(f"{where}: {len(given)} settings", f"use at most {MOST_SET}")
    values = {}
    for path, raw in given.items():
        if path not in known:
            error = unknown_parameter(path, known)
            raise CueError(f"{where}: {error.message}", error.remedy)
        try:
            values[path] = coerce_exact(known[path], raw)
        except ParameterError as error:
            raise CueError(f"{where}: {error.message}", error.remedy) from error
    return MappingProxyType(values)


def _seconds(key: str, text: str, pattern: re.Pattern[str], remedy: str, where: str) -> float | None:
    """Hours, minutes and perhaps seconds as seconds; None for no text."""
    if not text:
        return None
    match = pattern.fullmatch(text.strip())
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (24, 0, 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise CueError(f"{where}: {key} is {shown(text)}", remedy)
    return hours * 3600.0 + minutes * 60.0 + seconds


def _one_of(key: str, value: str, known: Sequence[str], where: str) -> None:
    if value not in known:
        raise CueError(
            f"{where}: {key} is {shown(value)}", f"{nearest(value, known)} use {', '.join(known)}".strip()
        )
