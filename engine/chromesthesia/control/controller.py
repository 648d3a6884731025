"""The only writer of parameters: takes commands from any thread, applies them on one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, TypeGuard

from chromesthesia.control.commands import (
    AddParameters,
    AlignBar,
    Command,
    Finish,
    LoadPreset,
    NextPreset,
    NextScene,
    NudgeParameter,
    PreviousPreset,
    RemoveParameters,
    RemoveRoute,
    ResetParameter,
    ResetParameters,
    ResetRoom,
    SafeLook,
    SetParameter,
    SetRoute,
    TapTempo,
    ToggleParameter,
    Undo,
)
from chromesthesia.control.history import History
from chromesthesia.control.notice import CueNow, NotDoneHereError, Notice, not_done_here, refusal
from chromesthesia.control.waiting import WaitingCommands
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.records import Beat
from chromesthesia.core.user_files import one_line
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.preset_file import RouteTable
from chromesthesia.params.preset_rules import PresetRules, is_isf
from chromesthesia.params.presets import PLAIN, Preset, PresetLibrary, default_preset, load_preset
from chromesthesia.params.routes import Route, with_route, without_route
from chromesthesia.params.sound import GENERATOR_SCENE
from chromesthesia.params.tree import ParameterTree, Snapshot
from chromesthesia.tempo.clock import BeatClock, tempo_settings

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ControlCounters:
    """What became of the commands that were taken: applied, refused (bad value, unknown preset)."""

    applied: int = 0
    refused: int = 0


LookCommand = LoadPreset | NextPreset | PreviousPreset | SafeLook | ResetParameters
"""What takes a whole look at once; ResetParameters only without paths."""


Do = Callable[[Any, float], None]
"""Does a command of one kind, at the time it is given; raises a ChromesthesiaError to refuse it. Control thread."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A look that was asked for: the preset, None for the present one as it was loaded, and how long to glide."""

    preset: Preset | None
    morph_s: float | None = None


class ShaderDesk(Protocol):
    """Who shows a preset's ISF shaders; their inputs are parameters only for as long. Control thread."""

    def ready(self, preset: Preset) -> Mapping[str, Value]:
        """Declare the inputs of its shaders; its values that there are parameters for."""
        ...

    def taken(self, preset: Preset) -> None:
        """Show its shaders, and forget all others."""
        ...


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
        self._waiting = WaitingCommands()
        self._others: dict[type, Do] = {}
        self._bounded_log = BoundedLog(log)
        self._look_log = BoundedLog(log)
        self.counters = ControlCounters()
        self.looks = 0
        self.told: Callable[[Command, float, bool], None] | None = None
        """Called on the control thread with every command, the time, and whether it was done; must be quick."""
        self.tempo = BeatClock()
        """Told by the ports what they hear of the tempo."""
        self.notice = Notice()
        self.history = History()
        self.cue = CueNow()
        """Told by whoever plays a cue list."""
        self.cues: tuple[str, ...] = ()
        """Names of the cues there are, in order."""
        self._loaded = self._preset
        self.route_changes = 0
        """Grows whenever the routes in use are others."""
        self._shaders: ShaderDesk | None = None
        tree.load_look(self._values_of(self._preset), "start")
        self.current: tuple[Preset, Snapshot] = (self._preset, tree.snapshot())
        self._start = self.current

    @property
    def library(self) -> PresetLibrary:
        """The presets that can be loaded."""
        return self._library

    @property
    def latest(self) -> tuple[Preset, Snapshot]:
        """What `current` is about to be: commands of this step that are done already included. Control thread."""
        return self._preset, self._tree.latest()

    @property
    def preset_index(self) -> int:
        """Position of the present preset in the library; -1 when it came from elsewhere."""
        return self._library.index(self.current[0])

    @property
    def waiting(self) -> int:
        """Commands posted and not yet applied."""
        return len(self._waiting)

    def beat(self, now_s: float) -> Beat:
        """Where the beat is at `now_s`, by the settings of that moment. Any thread."""
        return self.tempo.at(now_s, tempo_settings(self.current[1]))

    def counts(self) -> dict[str, int]:
        """What became of the commands."""
        return {
            **asdict(self.counters),
            "superseded": self._waiting.superseded,
            "dropped": self._waiting.dropped,
            "looks": self.looks,
            **self._tree.counts(),
        }

    def handle(self, kind: type, do: Do) -> None:
        """Let `do` do the commands of this kind, which are not the tree's: packs, subscriptions. Before the show."""
        self._others[kind] = do

    def show_shaders(self, desk: ShaderDesk) -> None:
        """Let `desk` show ISF shaders, of the present preset to begin with. Before the show."""
        self._shaders = desk
        self._tree.load_look(self._values_of(self._preset), "start")
        desk.taken(self._preset)
        self.current = self.latest
        self._start = self.current

    def declare(self, preset: Preset) -> Mapping[str, Param]:
        """Declare what `preset` brings along; every parameter there is then. Before the threads."""
        self._values_of(preset)
        return self._tree.params

    def begin(self, now_s: float) -> None:
        """Apply what is posted; the room as it then is, is the one that ResetRoom comes back to."""
        self.step(now_s)
        self._start = self.current

    def post(self, *commands: Command, at_s: float | None = None) -> None:
        """Ask for `commands`, in this order and in one step; at_s: monotonic time to apply them, None for now."""
        self._waiting.post(commands, at_s)

    def wait(self, now_s: float, timeout_s: float) -> None:
        """Sleep until a command is posted, one falls due, or `timeout_s` is over."""
        self._waiting.wait(now_s, timeout_s)

    def step(self, now_s: float) -> list[SetParameter]:
        """Apply what is posted and due; a command that fails is counted, logged and shown, never raised.

        Returns the writes that came to one address and were taken: their senders know of them.
        """
        with self._tree.together():
            taken = self._do(self._waiting.take(now_s), now_s)
        self.current = self.latest
        return taken

    def _do(self, due: Sequence[Command], now_s: float) -> list[SetParameter]:
        last_look = max((number for number, command in enumerate(due) if _is_look(command)), default=-1)
        asked: list[_Asked] = []
        taken: list[SetParameter] = []
        before, noted = self.latest, 0
        for number, command in enumerate(due):
            refused = self.counters.refused
            if isinstance(command, Undo):
                self.history.changed(due[noted:number], before, self.latest, now_s)
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
                self.notice = refusal(command, error, now_s)
                self._bounded_log.warning(now_s, "%s refused: %s", command.source, one_line(error))
            except Exception as error:  # the loop's guard: a fault of ours must not cost the other commands
                self.counters.refused += 1
                self.notice = refusal(command, error, now_s)
                self._bounded_log.warning(
                    now_s, "%s failed: %s", command.source, one_line(error), exc_info=True
                )
            if isinstance(command, Undo):
                before, noted = self.latest, number + 1
            if self.told is not None:
                self.told(command, now_s, self.counters.refused == refused)
        self.history.changed(due[noted:], before, self.latest, now_s)
        return taken

    def _apply(self, command: Command, now_s: float) -> None:
        match command:
            case SetParameter(path, raw, source):
                self._tree.write(path, raw, source)
            case ToggleParameter(path, source):
                self._tree.write(path, not self._tree.value(path), source)
            case NudgeParameter(path, amount, source):
                self._tree.nudge(path, amount, source)
            case NextScene(source):
                self._next_scene(source, now_s)
            case ResetParameters(source, paths):
                self._tree.reset(paths, source)
            case Undo(source):
                self._undo(source, now_s)
            case ResetRoom(source):
                self._reset_room(source, now_s)
            case Finish(do, _):
                do()
            case ResetParameter(path, source):
                self._tree.write(
                    path, self._loaded.params.get(path, self._tree.declaration(path).default), source
                )
            case SetRoute(table, _):
                self._set_route(table, now_s)
            case RemoveRoute(signal, target, _):
                self._remove_route(signal, target, now_s)
            case TapTempo():
                self.tempo.tap(now_s)
            case AlignBar():
                self.tempo.align(now_s)
            case AddParameters(namespace, params, _):
                self._tree.add(namespace, params)
            case RemoveParameters(namespace, _):
                self._tree.remove(namespace)
            case _:
                other = self._others.get(type(command))
                if other is None:
                    raise not_done_here(command)
                other(command, now_s)

    def _look(self, command: LookCommand, asked: list[_Asked], is_last: bool, now_s: float) -> None:
        """Note the look that `command` asks for; with the last one take the newest of them that can be taken.

        asked: the looks of this step so far.
        """
        failure: ChromesthesiaError | None = None
        try:
            asked.extend(self._asked_by(command, asked[-1].preset if asked else None))
        except ChromesthesiaError as error:
            failure = error
        if is_last:
            for look in reversed(asked[-2:]):
                try:
                    self._take_look(look, command.source, now_s)
                    break
                except ChromesthesiaError as error:
                    failure = failure or error
        if failure is not None:
            raise failure

    def _asked_by(self, command: LookCommand, before: Preset | None) -> list[_Asked]:
        match command:
            case LoadPreset(which, _, morph_s):
                return [_Asked(self._library.choose(which), morph_s)]
            case ResetParameters():
                return [_Asked(before)]
            case SafeLook():
                return [_Asked(PLAIN)]
            case _:
                return self._neighbours(before or self._preset, 1 if isinstance(command, NextPreset) else -1)

    def _neighbours(self, preset: Preset, direction: int) -> list[_Asked]:
        count = len(self._library)
        if count == 0:
            return []
        index = self._library.index(preset)
        start = index if index >= 0 else (-1 if direction > 0 else 0)
        return [_Asked(self._library.choose((start + direction) % count))]

    def _take_look(self, look: _Asked, source: str, now_s: float) -> None:
        asked = look.preset
        preset = asked or self._loaded
        if asked is not None and preset.path is not None:
            # The library's name stays, so that next and previous keep their order after an edit.
            preset = replace(load_preset(preset.path, tuple(self._tree.params.values())), name=preset.name)
        self._tree.load_look(self._values_of(preset), source, look.morph_s)
        self._take_preset(preset)
        self.looks += 1
        if asked is None:
            self.notice = Notice(one_line(f"preset {preset.name}, as it was"), now_s)
            return
        self.notice = Notice(one_line(f"preset {preset.name}"), now_s)
        self._look_log.info(now_s, "preset %s (%s)", one_line(preset.name), source)

    def go_on(self, preset: Preset, routes: tuple[Route, ...], values: Mapping[str, Value]) -> None:
        """Set everything as an earlier show had it; the room that ResetRoom comes back to stays. Before the threads.

        values: of every parameter; what is left out is brought to its default.
        """
        self._take_preset(preset)
        self._tree.restore(values, "the last show")
        self._take_routes(routes)
        self.current = self.latest

    def adopt(self, preset: Preset, library: PresetLibrary) -> None:
        """The present look is `preset` now, of another library: it was kept. Control thread."""
        self._library = library
        self._take_preset(preset)

    def take_library(self, library: PresetLibrary) -> None:
        """Other presets can be loaded from now on. Control thread."""
        self._library = library

    def _take_preset(self, preset: Preset) -> None:
        self.route_changes += preset.routes != self._preset.routes
        self._preset = self._loaded = preset
        if self._shaders is not None:
            self._shaders.ready(preset)
            self._shaders.taken(preset)

    def _values_of(self, preset: Preset) -> Mapping[str, Value]:
        if self._shaders is not None:
            return self._shaders.ready(preset)
        return {path: value for path, value in preset.params.items() if not is_isf(path)}

    def _set_route(self, table: RouteTable, now_s: float) -> None:
        route = PresetRules(self._tree.params.values()).route(table)
        self._take_routes(with_route(self._preset.routes, route))
        self.notice = Notice(f"route to {route.target}", now_s)

    def _remove_route(self, signal: str, target: str, now_s: float) -> None:
        self._take_routes(without_route(self._preset.routes, signal, target))
        self.notice = Notice(f"no route to {target}", now_s)

    def _take_routes(self, routes: tuple[Route, ...]) -> None:
        if routes != self._preset.routes:
            self.route_changes += 1
            self._preset = replace(self._preset, routes=routes)

    def _reset_room(self, source: str, now_s: float) -> None:
        # A blackout that waits for its time belongs to the room that is left.
        self._waiting.forget_scheduled()
        preset, values = self._start
        self._take_preset(preset)
        self._tree.restore(values, source)
        self.tempo.forget_hand()
        self.looks += 1
        self.notice = Notice("room as at the start", now_s)
        self._look_log.info(now_s, "room as at the start (%s)", source)

    def _undo(self, source: str, now_s: float) -> None:
        step = self.history.back()
        if step is None:
            raise NotDoneHereError("nothing was changed", "there is nothing to take back")
        loaded = self._loaded
        self._take_preset(step.preset)
        if loaded.name == step.preset.name:
            self._loaded = loaded  # a route that is taken back is no part of the preset's file
        self._tree.restore({**self._tree.latest(), **step.values}, source)
        self.notice = Notice("taken back", now_s)

    def _next_scene(self, source: str, now_s: float) -> None:
        param = self._tree.declaration(GENERATOR_SCENE.path)
        scene = int(self._tree.value(param.path)) + 1
        if param.high is not None and scene > param.high:
            scene = int(param.low or 0)
        self._tree.write(param.path, scene, source)
        self.notice = Notice(f"scene {scene}", now_s)


def _is_look(command: Command) -> TypeGuard[LookCommand]:
    if isinstance(command, ResetParameters):
        return command.paths is None
    return isinstance(command, LoadPreset | NextPreset | PreviousPreset | SafeLook)
