"""The only writer of parameters: takes commands from any thread, applies them on one."""

from __future__ import annotations

import heapq
import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeGuard

from chromesthesia.control.commands import (
    AddParameters,
    AlignBar,
    Command,
    LoadPreset,
    NextPreset,
    NextScene,
    PreviousPreset,
    RemoveParameters,
    ResetParameters,
    ResetRoom,
    SetParameter,
    TapTempo,
    ToggleParameter,
)
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.records import Beat
from chromesthesia.core.user_files import one_line
from chromesthesia.params.presets import Preset, PresetLibrary, default_preset, load_preset
from chromesthesia.params.sound import GENERATOR_SCENE
from chromesthesia.params.tree import ParameterTree, Snapshot
from chromesthesia.tempo.clock import BeatClock, tempo_settings

log = logging.getLogger(__name__)

QUEUE_LIMIT = 1024
"""Most commands waiting to be applied; when more come the oldest go."""
SCHEDULE_LIMIT = 1024
"""Most commands waiting for their time; when more come they are applied at once."""
OSC_SOURCE = "osc:"
"""How the source of every command that came over the network begins."""


@dataclass(slots=True)
class ControlCounters:
    """What became of the commands: applied, refused (bad value, unknown preset), dropped (queue full)."""

    applied: int = 0
    refused: int = 0
    dropped: int = 0


LookCommand = LoadPreset | NextPreset | PreviousPreset | ResetParameters
"""What takes a whole look at once; ResetParameters only without paths."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The newest thing a person should know, e.g. `preset Ember` or why a preset was refused; always one line."""

    text: str = ""
    at_s: float = 0.0
    is_error: bool = False


class Controller:
    """Applies commands to the tree and publishes the preset and the values together.

    `post` may be called from any thread and never waits for a command to be applied; `step` and `wait` belong to the
    control thread. `current` is one reference, replaced as a whole: a reader sees a preset with its own values, never
    half of each. Loading a preset reads its file again, so an edit shows; a file that broke meanwhile is refused and
    the running look stays. Of several looks asked for in one step only the last is taken; `looks` counts those taken.
    """

    def __init__(self, tree: ParameterTree, library: PresetLibrary, first: Preset | None = None) -> None:
        """first: the preset to start with, None for the library's default; ParameterError when it does not fit."""
        self._tree = tree
        self._library = library
        self._preset = first if first is not None else default_preset(library)
        self._condition = threading.Condition()
        self._queue: deque[Command] = deque()
        self._schedule: list[tuple[float, int, Command]] = []
        self._ticket = 0
        self._bounded_log = BoundedLog(log)
        self._look_log = BoundedLog(log)
        self.counters = ControlCounters()
        self.looks = 0
        self.tempo = BeatClock()
        """Told by the ports what they hear of the tempo."""
        self.notice = Notice()
        tree.load_look(self._preset.params, "start")
        self.current: tuple[Preset, Snapshot] = (self._preset, tree.snapshot())
        self._start = self.current

    @property
    def library(self) -> PresetLibrary:
        """The presets that can be loaded."""
        return self._library

    @property
    def preset_index(self) -> int:
        """Position of the present preset in the library; -1 when it came from elsewhere."""
        return self._library.index(self.current[0])

    @property
    def waiting(self) -> int:
        """Commands posted and not yet applied."""
        return len(self._queue) + len(self._schedule)

    def beat(self, now_s: float) -> Beat:
        """Where the beat is at `now_s`, by the settings of that moment. Any thread."""
        return self.tempo.at(now_s, tempo_settings(self.current[1]))

    def counts(self) -> dict[str, int]:
        """What became of the commands."""
        return {**asdict(self.counters), "looks": self.looks, **self._tree.counts()}

    def begin(self, now_s: float) -> None:
        """Apply what is posted; the room as it then is, is the one that ResetRoom comes back to."""
        self.step(now_s)
        self._start = self.current

    def post(self, *commands: Command, at_s: float | None = None) -> None:
        """Ask for `commands`, in this order and in one step; at_s: monotonic time to apply them, None for now."""
        with self._condition:
            if at_s is not None and len(self._schedule) + len(commands) <= SCHEDULE_LIMIT:
                for command in commands:
                    heapq.heappush(self._schedule, (at_s, self._ticket, command))
                    self._ticket += 1
            else:
                self._enqueue(commands)
            self._condition.notify()

    def wait(self, now_s: float, timeout_s: float) -> None:
        """Sleep until a command is posted, one falls due, or `timeout_s` is over."""
        with self._condition:
            if self._queue:
                return
            if self._schedule:
                timeout_s = min(timeout_s, self._schedule[0][0] - now_s)
            if timeout_s > 0:
                self._condition.wait(timeout_s)

    def step(self, now_s: float) -> list[SetParameter]:
        """Apply what is posted and due; a command that fails is counted, logged and shown, never raised.

        Returns the writes that came to one address and were taken: their senders know of them.
        """
        with self._condition:
            due = list(self._queue)
            self._queue.clear()
            while self._schedule and self._schedule[0][0] <= now_s:
                due.append(heapq.heappop(self._schedule)[2])
        last_look = max((number for number, command in enumerate(due) if _is_look(command)), default=-1)
        asked: list[Preset | None] = []
        taken: list[SetParameter] = []
        for number, command in enumerate(due):
            try:
                if _is_look(command):
                    self._look(command, asked, number == last_look, now_s)
                else:
                    self._apply(command, now_s)
                    if isinstance(command, ResetRoom):
                        asked.clear()  # what was asked for before it is undone too
                    if isinstance(command, SetParameter) and command.address:
                        taken.append(command)
                self.counters.applied += 1
            except ChromesthesiaError as error:
                self.counters.refused += 1
                self.notice = Notice(_shown(command, error), now_s, is_error=True)
                self._bounded_log.warning(now_s, "%s refused: %s", command.source, one_line(error))
            except Exception as error:  # the loop's guard: a fault of ours must not cost the other commands
                self.counters.refused += 1
                self.notice = Notice(_shown(command, error), now_s, is_error=True)
                self._bounded_log.warning(
                    now_s, "%s failed: %s", command.source, one_line(error), exc_info=True
                )
        self.current = (self._preset, self._tree.snapshot())
        return taken

    def _enqueue(self, commands: Sequence[Command]) -> None:
        self._queue.extend(commands)
        while len(self._queue) > QUEUE_LIMIT:
            self._queue.popleft()
            self.counters.dropped += 1

    def _apply(self, command: Command, now_s: float) -> None:
        match command:
            case SetParameter(path, raw, source):
                self._tree.write(path, raw, source)
            case ToggleParameter(path, source):
                self._tree.write(path, not self._tree.snapshot().get(path), source)
            case NextScene(source):
                self._next_scene(source, now_s)
            case ResetParameters(source, paths):
                self._tree.reset(paths, source)
            case ResetRoom(source):
                self._reset_room(source, now_s)
            case TapTempo():
                self.tempo.tap(now_s)
            case AlignBar():
                self.tempo.align(now_s)
            case AddParameters(namespace, params, _):
                self._tree.add(namespace, params)
            case RemoveParameters(namespace, _):
                self._tree.remove(namespace)

    def _look(self, command: LookCommand, asked: list[Preset | None], is_last: bool, now_s: float) -> None:
        """Note the look that `command` asks for; with the last one take the newest of them that can be taken.

        asked: the looks of this step so far, None for the present one as it was loaded.
        """
        failure: ChromesthesiaError | None = None
        try:
            asked.extend(self._asked_by(command, asked[-1] if asked else None))
        except ChromesthesiaError as error:
            failure = error
        if is_last:
            for preset in reversed(asked[-2:]):
                try:
                    self._take_look(preset, command.source, now_s)
                    break
                except ChromesthesiaError as error:
                    failure = failure or error
        if failure is not None:
            raise failure

    def _asked_by(self, command: LookCommand, before: Preset | None) -> list[Preset | None]:
        match command:
            case LoadPreset(which, _):
                return [self._library.choose(which)]
            case ResetParameters():
                return [before]
            case _:
                return self._neighbours(before or self._preset, 1 if isinstance(command, NextPreset) else -1)

    def _neighbours(self, preset: Preset, direction: int) -> list[Preset | None]:
        count = len(self._library)
        if count == 0:
            return []
        index = self._library.index(preset)
        start = index if index >= 0 else (-1 if direction > 0 else 0)
        return [self._library.choose((start + direction) % count)]

    def _take_look(self, asked: Preset | None, source: str, now_s: float) -> None:
        preset = asked or self._preset
        if asked is not None and preset.path is not None:
            # The library's name stays, so that next and previous keep their order after an edit.
            preset = replace(load_preset(preset.path, tuple(self._tree.params.values())), name=preset.name)
        self._tree.load_look(preset.params, source)
        self._preset = preset
        self.looks += 1
        if asked is None:
            self.notice = Notice(one_line(f"preset {preset.name}, as it was"), now_s)
            return
        self.notice = Notice(one_line(f"preset {preset.name}"), now_s)
        self._look_log.info(now_s, "preset %s (%s)", one_line(preset.name), source)

    def _reset_room(self, source: str, now_s: float) -> None:
        with self._condition:
            # A blackout that waits for its time belongs to the room that is left.
            self._schedule.clear()
        preset, values = self._start
        self._tree.restore(values, source)
        self.tempo.forget_hand()
        self._preset = preset
        self.looks += 1
        self.notice = Notice("room as at the start", now_s)
        self._look_log.info(now_s, "room as at the start (%s)", source)

    def _next_scene(self, source: str, now_s: float) -> None:
        param = self._tree.declaration(GENERATOR_SCENE.path)
        scene = self._tree.snapshot()[GENERATOR_SCENE] + 1
        if param.high is not None and scene > param.high:
            scene = int(param.low or 0)
        self._tree.write(param.path, scene, source)
        self.notice = Notice(f"scene {scene}", now_s)


def _is_look(command: Command) -> TypeGuard[LookCommand]:
    if isinstance(command, ResetParameters):
        return command.paths is None
    return isinstance(command, LoadPreset | NextPreset | PreviousPreset)


def _shown(command: Command, error: Exception) -> str:
    """What the wall may say about `error`: never a word that came over the network, only whose and which it was."""
    if not command.source.startswith(OSC_SOURCE):
        known = isinstance(error, ChromesthesiaError)
        return one_line(error if known else f"{type(error).__name__}: {error}")
    what = {LoadPreset: "a preset", NextPreset: "the next preset", PreviousPreset: "the previous preset"}
    return f"refused over OSC: {what.get(type(command), 'a setting')} (see the log)"
