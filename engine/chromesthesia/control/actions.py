"""From an action that somebody asks for to the command that does it: one table for OSC, keys and what comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from chromesthesia.control.commands import (
    AlignBar,
    Command,
    LoadPreset,
    NextPreset,
    NextScene,
    PreviousPreset,
    ResetParameters,
    ResetRoom,
    TapTempo,
)
from chromesthesia.params.actions import (
    ACTIONS,
    PRESET_LOAD,
    PRESET_NEXT,
    PRESET_PREVIOUS,
    RESET,
    ROOM_RESET,
    SCENE_NEXT,
    TEMPO_ONE,
    TEMPO_TAP,
    Action,
)

BY_PATH: Mapping[str, Action] = MappingProxyType({action.path: action for action in ACTIONS})

_BUTTONS: Mapping[str, Callable[[str], Command]] = {
    PRESET_NEXT.path: NextPreset,
    PRESET_PREVIOUS.path: PreviousPreset,
    SCENE_NEXT.path: NextScene,
    RESET.path: ResetParameters,
    ROOM_RESET.path: ResetRoom,
    TEMPO_TAP.path: TapTempo,
    TEMPO_ONE.path: AlignBar,
}


def command_of(action: Action, source: str) -> Command:
    """The command that does what a button does. Raises KeyError for an action that takes an argument."""
    return _BUTTONS[action.path](source)


def commands_of(action: Action, arguments: Sequence[object], source: str) -> list[Command] | None:
    """What `source` asks for with `arguments`: nothing for a button that is let go; None when they are of no use."""
    if action.argument is None:
        return [] if arguments and not arguments[0] else [command_of(action, source)]
    if action is PRESET_LOAD:
        return _load(arguments[0] if arguments else None, source)
    raise KeyError(action.path)


def _load(which: object, source: str) -> list[Command] | None:
    if isinstance(which, float) and which.is_integer():
        which = int(which)
    if isinstance(which, str) and which.strip():
        return [LoadPreset(which, source)]
    if isinstance(which, int) and not isinstance(which, bool):
        return [LoadPreset(which, source)]
    return None
