"""What a show goes on from after it ended, however it ended: what is set, what is felt, where the walk is."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.errors import ChromesthesiaError, PresetError
from chromesthesia.core.paths import state_folder
from chromesthesia.core.records import EMBEDDING_SIZE, EmotionState, Float32
from chromesthesia.core.schema import MisfitError, Table, read_table
from chromesthesia.core.state_file import StateError, StateFile
from chromesthesia.core.user_files import one_line
from chromesthesia.core.version import __version__
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.preset_file import RouteTable
from chromesthesia.params.preset_rules import PresetRules
from chromesthesia.params.presets import PLAIN, Preset, choose_preset
from chromesthesia.params.routes import Route
from chromesthesia.params.sound import MASTER_FADE
from chromesthesia.params.values import ParameterError, coerce_exact

log = logging.getLogger(__name__)

FILE = "live.json"
KIND, SCHEMA = "chromesthesia live state", 1
NOT_KEPT = frozenset({MASTER_FADE.path})
"""Set by the opening hours, from the clock on the wall."""
DIGITS = 6
"""So many significant digits of a float are kept."""


class Asked(Table, frozen=True, kw_only=True):
    """What the command line named. Who names something else another time means it."""

    preset: str | None = None
    seed: int = 1
    pack: str | None = None
    bpm: float | None = None


class KeptLook(Table, frozen=True, kw_only=True):
    """A preset with what was changed since. file: where it came from; params: all that is not at its default."""

    name: str
    file: str | None = None
    description: str = ""
    routes: tuple[RouteTable, ...] = ()
    params: dict[str, Any] = msgspec.field(default_factory=dict)


class LiveState(Table, frozen=True, kw_only=True):
    """A show at one moment. room: parameters of the room by path, those at their defaults left out; emotion: valence,
    arousal, the named ones, confidence, embedding; walk: as `LatentMotion.state`."""

    asked: Asked
    look: KeptLook
    room: dict[str, Any] = msgspec.field(default_factory=dict)
    seed: int = 1
    pack: str | None = None
    emotion: list[float] | None = None
    walk: dict[str, Any] | None = None
    engine: str = __version__


@dataclass(frozen=True, slots=True)
class Now:
    """What a state is taken of. walk: None before the first frame."""

    emotion: EmotionState | None = None
    walk: Mapping[str, Any] | None = None
    pack: str | None = None


def state_file(config: ShowConfig) -> StateFile:
    """Where a show with this configuration keeps its state."""
    return StateFile((config.state or state_folder()) / FILE, KIND, SCHEMA)


def read_state(config: ShowConfig) -> LiveState | None:
    """The state to go on from; None where nothing is kept. Never raises: a bad file is set aside."""
    return state_file(config).read(_checked)


def asked_of(config: ShowConfig) -> Asked:
    """What the command line named."""
    return Asked(
        preset=config.preset,
        seed=config.seed,
        pack=None if config.pack is None else str(config.pack),
        bpm=config.bpm,
    )


def table_of(state: LiveState) -> dict[str, Any]:
    """The state as plain values."""
    table: dict[str, Any] = msgspec.to_builtins(state)
    return table


def take_look(controller: Controller) -> KeptLook:
    """The look that is set now. Any thread."""
    preset, values = controller.current
    return KeptLook(
        name=preset.name,
        file=None if preset.path is None else str(preset.path),
        description=preset.description,
        routes=tuple(_route_table(route) for route in preset.routes),
        params=_changed(values, values.declared.params, room=False),
    )


def take_state(
    controller: Controller, asked: Asked, seed: int, now: Now, look: KeptLook | None = None
) -> LiveState:
    """The show now. Any thread. look: kept in the place of the one that is set."""
    _, values = controller.current
    return LiveState(
        asked=asked,
        look=take_look(controller) if look is None else look,
        room=_changed(values, values.declared.params, room=True),
        seed=seed,
        pack=now.pack,
        emotion=None if now.emotion is None else _numbers(_emotion_row(now.emotion)),
        walk=None if now.walk is None else _plain(now.walk),
    )


def go_on(controller: Controller, config: ShowConfig, state: LiveState) -> None:
    """Set what the state says, beside what the command line names otherwise than then. Before the threads start.

    A parameter, route or preset that this engine does not have is left out with a line in the log.
    """
    _, values = controller.current
    params = values.declared.params
    asked = asked_of(config)
    look = state.look
    preset, routes, wanted = controller.current[0], controller.current[0].routes, dict(values)
    if asked.preset == state.asked.preset:
        preset = _preset_of(look, controller, tuple(params.values()))
        params = controller.declare(preset)
        routes = _routes_of(look, params.values())
        wanted = {path: param.default for path, param in params.items() if param.writable and not param.room}
        wanted.update(_accepted(look.params, params, room=False))
    kept = {path: value for path, value in values.items() if params[path].room}
    kept.update({path: param.default for path, param in params.items() if param.room and param.writable})
    kept.update(_accepted(state.room, params, room=True))
    if asked.bpm != state.asked.bpm:
        kept.update({path: value for path, value in values.items() if path.startswith("/tempo/")})
    look_values = {path: value for path, value in wanted.items() if not params[path].room}
    controller.go_on(preset, routes, {**look_values, **kept})


def config_of(config: ShowConfig, state: LiveState) -> ShowConfig:
    """The configuration with the pack and seed of the state, unless the command line names others than then."""
    asked = asked_of(config)
    pack = config.pack if asked.pack != state.asked.pack or state.pack is None else Path(state.pack)
    return replace(config, pack=pack, seed=config.seed if asked.seed != state.asked.seed else state.seed)


def emotion_of(state: LiveState) -> Float32 | None:
    """Valence, arousal, the named emotions, confidence and embedding: float32 [6 + EMBEDDING_SIZE]; None without."""
    return None if state.emotion is None else np.array(state.emotion, dtype=np.float32)


def _emotion_row(emotion: EmotionState) -> Float32:
    return np.concatenate(
        [
            [emotion.valence, emotion.arousal],
            emotion.probabilities,
            [emotion.confidence],
            emotion.embedding,
        ]
    ).astype(np.float32)


def _checked(table: Mapping[str, Any]) -> LiveState:
    try:
        state = read_table(table, LiveState)
    except MisfitError as misfit:
        where = ".".join(str(step) for step in misfit.path)
        raise StateError(f"{where}: expected {misfit.expected or 'a value'}") from misfit
    size = 3 + len(EMOTIONS) + EMBEDDING_SIZE
    emotion = state.emotion
    if emotion is not None and (len(emotion) != size or not all(map(math.isfinite, emotion))):
        raise StateError(f"expected {size} numbers of an emotion")
    if state.seed < 0:
        raise StateError(f"a seed of {state.seed}")
    return state


def _preset_of(look: KeptLook, controller: Controller, params: Sequence[Param]) -> Preset:
    """The preset as its file has it, so that it can be gone back to; else one made of what was kept."""
    for which in (look.name, look.file):
        try:
            if which is not None:
                found = choose_preset(which, controller.library, params)
                if found.name == look.name:
                    return found
        except (ChromesthesiaError, OSError):
            continue
    if look.name == PLAIN.name:
        return PLAIN
    log.warning("the preset %s is gone: its look is kept all the same", one_line(look.name))
    known = {param.path: param for param in params}
    return Preset(
        one_line(look.name) or PLAIN.name,
        _accepted(look.params, known, room=False),
        _routes_of(look, params),
        one_line(look.description),
    )


def _routes_of(look: KeptLook, params: Iterable[Param]) -> tuple[Route, ...]:
    routes: list[Route] = []
    rules = PresetRules(params)
    for table in look.routes:
        try:
            routes.append(rules.route(table))
        except PresetError as error:
            log.warning("a route of the last show is left out: %s", error)
    return tuple(routes)


def _accepted(kept: Mapping[str, Any], params: Mapping[str, Param], room: bool) -> dict[str, Value]:
    taken: dict[str, Value] = {}
    for path, raw in kept.items():
        param = params.get(path)
        if param is None or not param.writable or param.room != room or path in NOT_KEPT:
            log.info("%s of the last show is no parameter here", one_line(path))
            continue
        try:
            taken[path] = coerce_exact(param, raw)
        except ParameterError as error:
            log.warning("%s of the last show is left out: %s", one_line(path), error)
    return taken


def _changed(values: Mapping[str, Value], params: Mapping[str, Param], room: bool) -> dict[str, Value]:
    return {
        path: value
        for path, value in values.items()
        if params[path].room == room and value != params[path].default and path not in NOT_KEPT
    }


def _route_table(route: Route) -> RouteTable:
    return RouteTable(
        signal=route.signal,
        target=route.target,
        gain=route.gain,
        curve=route.curve,
        low=route.low,
        high=route.high,
        attack_s=route.attack_s,
        release_s=route.release_s,
        mode=route.mode,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _numbers(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return _short(value) if isinstance(value, float) else value


def _numbers(array: np.ndarray) -> list[float]:
    return [_short(float(number)) for number in array.ravel()]


def _short(number: float) -> float:
    """NaN never reaches the file: what is none is 0."""
    return float(f"{number:.{DIGITS}g}") if math.isfinite(number) else 0.0
