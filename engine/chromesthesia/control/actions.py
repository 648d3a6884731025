"""From an action that somebody asks for to the command that does it: one table for OSC, keys and what comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import msgspec

from chromesthesia.control.commands import (
    AlignBar,
    Command,
    CueBack,
    CueGo,
    CueHold,
    CueJump,
    CueTrigger,
    LearnClear,
    LearnLoad,
    LearnMark,
    LearnSave,
    LearnUndo,
    LoadPack,
    LoadPreset,
    NextPreset,
    NextScene,
    PreviousPreset,
    RemoveRoute,
    RenamePreset,
    ResetParameter,
    ResetParameters,
    ResetRoom,
    SafeLook,
    SaveOutputs,
    SavePreset,
    SetRoute,
    Subscribe,
    TapTempo,
    Undo,
    Unsubscribe,
)
from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.params.actions import (
    ACTIONS,
    CUE_BACK,
    CUE_GO,
    CUE_HOLD,
    CUE_JUMP,
    CUE_TRIGGER,
    LEARN_CLEAR,
    LEARN_LOAD,
    LEARN_MARK,
    LEARN_MOODS,
    LEARN_SAVE,
    LEARN_UNDO,
    OSC_SUBSCRIBE,
    OSC_UNSUBSCRIBE,
    OUTPUT_SAVE,
    PACK_LOAD,
    PARAMETER_RESET,
    PRESET_LOAD,
    PRESET_MORPH,
    PRESET_NEXT,
    PRESET_PREVIOUS,
    PRESET_RENAME,
    PRESET_SAVE,
    RESET,
    ROOM_RESET,
    ROUTE_REMOVE,
    ROUTE_SET,
    SAFE,
    SCENE_NEXT,
    TEMPO_ONE,
    TEMPO_TAP,
    UNDO,
    Action,
)
from chromesthesia.params.preset_file import RouteTable
from chromesthesia.params.values import number_in

LONGEST_MORPH_S = 600.0
LONGEST_SUBSCRIPTION_S = 86_400.0
LARGEST = 1e18
"""No number of an action is as large."""
_ROUTE_KEYS = ("gain", "low", "high", "curve", "attack_s", "release_s", "mode")
_ROUTE_WORDS = ("curve", "mode")
NAME_LIMIT = 256
"""Longest name of a preset, pack or machine that is asked for, in characters."""

BY_PATH: Mapping[str, Action] = MappingProxyType({action.path: action for action in ACTIONS})

_BUTTONS: Mapping[str, Callable[[str], Command]] = {
    PRESET_NEXT.path: NextPreset,
    PRESET_PREVIOUS.path: PreviousPreset,
    SCENE_NEXT.path: NextScene,
    RESET.path: ResetParameters,
    ROOM_RESET.path: ResetRoom,
    UNDO.path: Undo,
    SAFE.path: SafeLook,
    TEMPO_TAP.path: TapTempo,
    TEMPO_ONE.path: AlignBar,
    CUE_GO.path: CueGo,
    CUE_BACK.path: CueBack,
    CUE_HOLD.path: CueHold,
    OUTPUT_SAVE.path: SaveOutputs,
    LEARN_UNDO.path: LearnUndo,
    LEARN_CLEAR.path: LearnClear,
    **{action.path: partial(LearnMark, mood) for action, mood in zip(LEARN_MOODS, EMOTIONS, strict=True)},
}


def command_of(action: Action, source: str) -> Command:
    """The command that does what a button does. Raises KeyError for an action that takes an argument."""
    return _BUTTONS[action.path](source)


def is_pressed(arguments: Sequence[object]) -> bool:
    """False when a button is let go: its first argument is 0, however written."""
    if not arguments:
        return True
    first = arguments[0]
    if first is None:
        return True  # nothing but a message: that is a press
    return bool(number_in(first) != 0.0 if isinstance(first, str) else first)


def commands_of(action: Action, arguments: Sequence[object], source: str) -> list[Command] | None:
    """What `source` asks for with `arguments`: nothing for a button that is let go; None when they are of no use."""
    if action.is_button:
        return [command_of(action, source)] if is_pressed(arguments) else []
    command = _MAKERS[action.path](arguments, source)
    return None if command is None else [command]


def _load_preset(arguments: Sequence[object], source: str) -> Command | None:
    which = _which(_at(arguments, 0))
    return None if which is None else LoadPreset(which, source)


def _morph_preset(arguments: Sequence[object], source: str) -> Command | None:
    which, seconds = _which(_at(arguments, 0)), _number(_at(arguments, 1))
    if which is None or seconds is None or seconds < 0.0:
        return None
    return LoadPreset(which, source, min(seconds, LONGEST_MORPH_S))


def _save_preset(arguments: Sequence[object], source: str) -> Command | None:
    name = _text(_at(arguments, 0))
    return None if name is None else SavePreset(name, source)


def _rename_preset(arguments: Sequence[object], source: str) -> Command | None:
    which, name = _which(_at(arguments, 0)), _text(_at(arguments, 1))
    return None if which is None or name is None else RenamePreset(which, name, source)


def _set_route(arguments: Sequence[object], source: str) -> Command | None:
    signal, target = _name(_at(arguments, 0)), _name(_at(arguments, 1))
    if signal is None or target is None:
        return None
    given = dict(zip(_ROUTE_KEYS, arguments[2:], strict=False))
    for key, raw in given.items():
        given[key] = _name(raw) if key in _ROUTE_WORDS else _number(raw)
    if any(value is None for value in given.values()):
        return None
    return SetRoute(msgspec.convert({"from": signal, "to": target, **given}, RouteTable), source)


def _remove_route(arguments: Sequence[object], source: str) -> Command | None:
    signal, target = _name(_at(arguments, 0)), _name(_at(arguments, 1))
    return None if signal is None or target is None else RemoveRoute(signal, target, source)


def _reset_parameter(arguments: Sequence[object], source: str) -> Command | None:
    path = _name(_at(arguments, 0))
    return None if path is None else ResetParameter(path, source)


def _load_pack(arguments: Sequence[object], source: str) -> Command | None:
    name = _name(_at(arguments, 0))
    return None if name is None else LoadPack(name, source)


def _jump_cue(arguments: Sequence[object], source: str) -> Command | None:
    which = _which(_at(arguments, 0))
    return None if which is None else CueJump(which, source)


def _trigger_cue(arguments: Sequence[object], source: str) -> Command | None:
    word = _name(_at(arguments, 0))
    return None if word is None else CueTrigger(word, source)


def _mark(arguments: Sequence[object], source: str) -> Command | None:
    mood = _which(_at(arguments, 0))
    return None if mood is None else LearnMark(mood, source)


def _save_marks(arguments: Sequence[object], source: str) -> Command | None:
    name = _text(_at(arguments, 0))
    return None if name is None else LearnSave(name, source)


def _load_marks(arguments: Sequence[object], source: str) -> Command | None:
    name = _name(_at(arguments, 0))
    return None if name is None else LearnLoad(name, source)


def _subscribe(arguments: Sequence[object], source: str) -> Command | None:
    where = _where(arguments)
    if where is None:
        return None
    if len(arguments) < 3:
        return Subscribe(*where, None, source)
    seconds = _number(arguments[2])
    if seconds is None or seconds <= 0.0:
        return None
    return Subscribe(*where, min(max(seconds, 1.0), LONGEST_SUBSCRIPTION_S), source)


def _unsubscribe(arguments: Sequence[object], source: str) -> Command | None:
    where = _where(arguments)
    return None if where is None else Unsubscribe(*where, source)


_MAKERS: Mapping[str, Callable[[Sequence[object], str], Command | None]] = {
    PRESET_LOAD.path: _load_preset,
    PRESET_MORPH.path: _morph_preset,
    PRESET_SAVE.path: _save_preset,
    PRESET_RENAME.path: _rename_preset,
    ROUTE_SET.path: _set_route,
    ROUTE_REMOVE.path: _remove_route,
    PARAMETER_RESET.path: _reset_parameter,
    PACK_LOAD.path: _load_pack,
    CUE_JUMP.path: _jump_cue,
    CUE_TRIGGER.path: _trigger_cue,
    LEARN_MARK.path: _mark,
    LEARN_SAVE.path: _save_marks,
    LEARN_LOAD.path: _load_marks,
    OSC_SUBSCRIBE.path: _subscribe,
    OSC_UNSUBSCRIBE.path: _unsubscribe,
}


def _at(arguments: Sequence[object], place: int) -> object:
    return arguments[place] if place < len(arguments) else None


def _number(raw: object) -> float | None:
    """A finite number, also one that came as text."""
    number = number_in(raw) if isinstance(raw, str) else raw
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return float(number) if -LARGEST < number < LARGEST else None  # not-a-number is neither


def _whole(raw: object) -> int | None:
    number = _number(raw)
    return int(number) if number is not None and number.is_integer() else None


def _name(raw: object) -> str | None:
    """A text that names something."""
    return raw if isinstance(raw, str) and raw.strip() and len(raw) <= NAME_LIMIT else None


def _text(raw: object) -> str | None:
    """A name that is to be written down: whoever writes it checks its length and its letters."""
    return raw if isinstance(raw, str) and raw.strip() else None


def _which(raw: object) -> str | int | None:
    """A preset's name or number; a number as text may be a name, so it stays one."""
    if isinstance(raw, str):
        return raw if raw.strip() else None
    return _whole(raw)


def _where(arguments: Sequence[object]) -> tuple[str | None, int | None] | None:
    """Host and port, both left out together; None when they are of no use."""
    if not arguments:
        return None, None
    host, port = _name(arguments[0]), _whole(_at(arguments, 1))
    return None if host is None or port is None or not 0 < port < 65_536 else (host, port)
