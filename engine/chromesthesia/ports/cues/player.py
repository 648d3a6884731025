"""Plays a cue list: a port like any other, which posts to the controller what a cue asks for."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from chromesthesia.control.commands import (
    Command,
    CueBack,
    CueGo,
    CueHold,
    CueJump,
    CueTrigger,
    LoadPack,
    LoadPreset,
    SetParameter,
)
from chromesthesia.control.controller import Controller
from chromesthesia.control.notice import CueNow, Notice
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import Beat
from chromesthesia.core.user_files import one_line, stamp_of
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.cues.cue_list import DAY_S, Cue, CueError, CueList, load_cues
from chromesthesia.ports.port import Readings

log = logging.getLogger(__name__)

SOURCE = "cue"
LOOK_AGAIN_S = 1.0
"""How often the file, and the time of day, are looked at."""
TICK_S = 0.01
"""While beats or a timecode are waited for."""
CODE_SETTLES_S = 0.5
"""A timecode is followed when it has been there for so long: a tape that starts tells many times."""
USUAL_BPM = 120.0


def seconds_of_day() -> float:
    """Seconds after midnight, by the clock of the place."""
    now = datetime.now()
    return now.hour * 3600.0 + now.minute * 60.0 + now.second + now.microsecond * 1e-6


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A cue that was asked for and begins when the beat clock is at `beats`. tracked: with all that is before it."""

    place: int
    beats: float
    tracked: bool


class CuePlayer:
    """`ports.port.Port` of a cue list. Control thread only.

    `go` begins the next cue, which writes what it says and nothing else; `back`, `jump`, a trigger, a time of day and
    a timecode go to a cue as it would stand had all before it been played: the newest preset at or before it, and what
    was set since. Cues with a time of day or a timecode are chased: the newest that is due is on, also when the show
    starts in the middle of the evening or the tape in the middle of the song.
    """

    name = "cues"

    def __init__(
        self,
        path: Path,
        tree: ParameterTree,
        controller: Controller,
        clock: Clock,
        day_s: Callable[[], float] = seconds_of_day,
    ) -> None:
        """Raises CueError for a file that is not valid. day_s: seconds after midnight."""
        self._path = path
        self._tree = tree
        self._controller = controller
        self._clock = clock
        self._day_s = day_s
        self._take(self._load())
        self._written = stamp_of(path)
        self._place = -1
        self._began_s = 0.0
        self._began_beats = 0.0
        self._held = False
        self._waiting: _Waiting | None = None
        self._chased_day: int | None = None
        self._chased_code: int | None = None
        self._code_since_s: float | None = None
        self._look_due_s = -math.inf
        self._played = 0
        self._failures = 0
        for kind, do in (
            (CueGo, lambda command, now_s: self.go(now_s)),
            (CueBack, lambda command, now_s: self.back(now_s)),
            (CueHold, lambda command, now_s: self.hold(now_s)),
            (CueJump, lambda command, now_s: self.jump(self._list.index(command.which), now_s)),
            (CueTrigger, lambda command, now_s: self.jump(self._list.triggered(command.word), now_s)),
        ):
            controller.handle(kind, do)
        self._tell()

    # -- what can be asked for ---------------------------------------------------------------------------------

    def go(self, now_s: float) -> None:
        """The next cue; one that waits for its beat begins at once. Raises CueError after the last."""
        if self._waiting is not None:  # pressed again: at once
            waiting, self._waiting = self._waiting, None
            self._begin(waiting.place, now_s, waiting.tracked)
            return
        place = self._after
        if place is None:
            raise CueError("there is no cue after the last", "go back, or jump to one")
        self._ask(place, now_s, tracked=False)

    def back(self, now_s: float) -> None:
        """The cue before. Raises CueError before the first."""
        if self._place <= 0:
            raise CueError("there is no cue before", "go, or jump to one")
        self.jump(self._place - 1, now_s)

    def jump(self, place: int, now_s: float) -> None:
        """The cue at `place`, as it would stand had all before it been played."""
        self._ask(place, now_s, tracked=True)

    def hold(self, now_s: float) -> None:
        """Nothing more by itself: neither what follows, nor times; `go` and the others let it run again."""
        self._held = True
        self._waiting = None
        self._controller.notice = Notice("cues held", now_s)
        self._tell()

    # -- the port ----------------------------------------------------------------------------------------------

    @property
    def next_s(self) -> float:
        """When something may be due next."""
        due_s = self._look_due_s
        cue = self._cue
        if self._waiting is not None or self._coded:
            due_s = min(due_s, self._clock.now_s() + TICK_S)
        if cue is not None and not self._held:
            if cue.follow_s is not None:
                due_s = min(due_s, self._began_s + cue.follow_s)
            if cue.follow_beats is not None:
                due_s = min(due_s, self._clock.now_s() + TICK_S)
        return due_s

    def start(self) -> None:
        """Begin with the first cue where the list says so."""
        if self._list.autostart and self._due_of_day() is None:
            self._begin(0, self._clock.now_s(), tracked=True)

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Begin what is due."""
        if now_s >= self._look_due_s:
            self._look_due_s = now_s + LOOK_AGAIN_S
            self._look_again(now_s)
            self._chase_day(now_s)
        beat = self._beat(now_s)
        waiting = self._waiting
        if waiting is not None and (not beat.running or beat.beats >= waiting.beats):
            self._waiting = None
            self._begin(waiting.place, now_s, waiting.tracked)
        self._chase_code(now_s, beat)
        self._follow(now_s, beat)

    def health(self) -> Mapping[str, int]:
        """Cues that were played; times that the file could not be read."""
        return {"failures": self._failures, "played": self._played}

    def stop(self) -> None:
        """Nothing is open."""

    # -- what is due -------------------------------------------------------------------------------------------

    @property
    def _cue(self) -> Cue | None:
        return self._list.cues[self._place] if 0 <= self._place < len(self._list) else None

    @property
    def _after(self) -> int | None:
        """Place of the cue that comes next; None after the last."""
        cue = self._cue
        if cue is not None and cue.follows is not None:
            return cue.follows
        return self._place + 1 if self._place + 1 < len(self._list) else None

    def _beat(self, now_s: float) -> Beat:
        return self._controller.beat(now_s)

    def _ask(self, place: int, now_s: float, tracked: bool) -> None:
        """Begin, or wait for the beat that the cue waits for; a clock that stands does not hold it up."""
        self._held = False
        beat = self._beat(now_s)
        start = self._list.cues[place].start
        if start == "now" or not beat.running:
            self._begin(place, now_s, tracked)
            return
        every = beat.beats_per_bar if start == "bar" else 1
        self._waiting = _Waiting(place, (math.floor(beat.beats / every) + 1) * every, tracked)
        self._controller.notice = Notice(one_line(f"cue {self._label(place)} on the {start}"), now_s)
        self._tell()

    def _begin(self, place: int, now_s: float, tracked: bool) -> None:
        cue = self._list.cues[place]
        beat = self._beat(now_s)
        self._place, self._began_s, self._began_beats, self._waiting = place, now_s, beat.beats, None
        self._played += 1
        told = self._tracked(place) if tracked else cue
        commands: list[Command] = []
        if told.pack:
            commands.append(LoadPack(told.pack, SOURCE))
        if told.preset:
            commands.append(LoadPreset(told.preset, SOURCE, _morph_s(cue, beat)))
        commands += [SetParameter(path, value, SOURCE) for path, value in told.values.items()]
        self._controller.post(*commands)
        self._controller.notice = Notice(one_line(f"cue {self._label(place)}"), now_s)
        log.info("cue %s", one_line(self._label(place)))
        self._tell()

    def _tracked(self, place: int) -> Cue:
        """The cue at `place` with what stays of those before it."""
        cues = self._list.cues[: place + 1]
        since = max((number for number, cue in enumerate(cues) if cue.preset), default=0)
        values = {path: value for cue in cues[since:] for path, value in cue.values.items()}
        pack = next((cue.pack for cue in reversed(cues) if cue.pack), "")
        return replace(cues[-1], preset=cues[since].preset, values=values, pack=pack)

    def _follow(self, now_s: float, beat: Beat) -> None:
        cue = self._cue
        after = self._after
        if cue is None or after is None or self._held or self._waiting is not None:
            return
        seconds = cue.follow_s is not None and now_s >= self._began_s + cue.follow_s
        beats = (
            cue.follow_beats is not None
            and beat.running
            and abs(beat.beats - self._began_beats) >= cue.follow_beats
        )
        if seconds or beats:
            began_s = self._began_s
            self._begin(after, now_s, tracked=False)
            if cue.follow_s is not None and now_s - began_s - cue.follow_s < LOOK_AGAIN_S:
                self._began_s = began_s + cue.follow_s  # a chain keeps its time, however late each step comes

    def _due_of_day(self) -> int | None:
        """The newest cue of the day that is due; before the first one the last of the day before."""
        if not self._timed:
            return None
        day_s = self._day_s() % DAY_S
        _, place = max(
            self._timed, key=lambda each: (each[0] if each[0] <= day_s else each[0] - DAY_S, each[1])
        )
        return place

    def _chase_day(self, now_s: float) -> None:
        place = self._due_of_day()
        if place is None or place == self._chased_day:
            return
        self._chased_day = place
        if not self._held:
            self._ask(place, now_s, tracked=True)

    def _chase_code(self, now_s: float, beat: Beat) -> None:
        if not self._coded:
            return
        if not self._controller.tempo.timecode_text(now_s):
            self._code_since_s = self._chased_code = None
            return
        if self._code_since_s is None:
            self._code_since_s = now_s
        passed = [each for each in self._coded if each[0] <= beat.position_s]
        place = max(passed)[1] if passed else None
        if place == self._chased_code or now_s - self._code_since_s < CODE_SETTLES_S:
            return
        self._chased_code = place
        if place is not None and not self._held:
            self._begin(place, now_s, tracked=True)

    # -- the file ----------------------------------------------------------------------------------------------

    def _load(self) -> CueList:
        return load_cues(self._path, tuple(self._tree.params.values()), self._controller.library)

    def _take(self, cues: CueList) -> None:
        """Play this list from now on."""
        self._list = cues
        self._timed = [(cue.at_s, place) for place, cue in enumerate(cues.cues) if cue.at_s is not None]
        self._coded = [
            (cue.timecode_s, place) for place, cue in enumerate(cues.cues) if cue.timecode_s is not None
        ]
        self._controller.cues = tuple(cue.name for cue in cues.cues)

    def _look_again(self, now_s: float) -> None:
        """Take a list that was saved anew; one that is not valid leaves the old one."""
        stamp = stamp_of(self._path)
        if stamp == self._written or stamp is None:
            return
        self._written = stamp
        current = self._cue
        try:
            self._take(self._load())
        except ChromesthesiaError as error:
            self._failures += 1
            self._controller.notice = Notice(one_line(error), now_s, is_error=True)
            log.warning("the cue list stays as it was: %s", error)
            return
        names = self._controller.cues
        if current is not None:
            self._place = (
                names.index(current.name) if current.name in names else min(self._place, len(names) - 1)
            )
        self._chased_day = self._chased_code = self._waiting = None
        log.info("the cue list was saved anew: %d cues", len(names))
        self._tell()

    def _label(self, place: int) -> str:
        return f"{place + 1} {self._list.cues[place].name}"

    def _tell(self) -> None:
        cue, after = self._cue, self._after if self._waiting is None else self._waiting.place
        due_s = None
        if cue is not None and cue.follow_s is not None and after is not None and not self._held:
            due_s = self._began_s + cue.follow_s
        self._controller.cue = CueNow(
            name="" if cue is None else cue.name,
            next="" if after is None else self._list.cues[after].name,
            due_s=due_s,
        )


def _morph_s(cue: Cue, beat: Beat) -> float | None:
    if cue.morph_beats is None:
        return cue.morph_s
    return cue.morph_beats * 60.0 / (abs(beat.bpm) or USUAL_BPM)


def open_cues(path: Path, tree: ParameterTree, controller: Controller, clock: Clock) -> CuePlayer:
    """A player of the list in `path`. Raises CueError."""
    return CuePlayer(path, tree, controller, clock)
