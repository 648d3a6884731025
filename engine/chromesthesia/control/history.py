"""What the room was before each change, so that a person can take it back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from chromesthesia.control.commands import (
    Command,
    LoadPreset,
    NextPreset,
    NextScene,
    NudgeParameter,
    PreviousPreset,
    RemoveRoute,
    ResetParameter,
    ResetParameters,
    ResetRoom,
    SafeLook,
    SetParameter,
    SetRoute,
    ToggleParameter,
)
from chromesthesia.params.presets import Preset
from chromesthesia.params.tree import Snapshot

MOST_STEPS = 100
GESTURE_S = 1.0
"""Moves of the same fader that come within so long are one gesture, and one step back."""

State = tuple[Preset, Snapshot]
_LOOKS = (LoadPreset, NextPreset, PreviousPreset, ResetParameters, ResetRoom, SafeLook, NextScene)


class History:
    """The states before the last changes, newest last; at most 100. Control thread only."""

    def __init__(self) -> None:
        self._states: deque[State] = deque(maxlen=MOST_STEPS)
        self._touched: frozenset[str] = frozenset()
        self._touched_s = float("-inf")

    def __len__(self) -> int:
        return len(self._states)

    def changed(self, commands: Iterable[Command], before: State, after: State, now_s: float) -> None:
        """Note what `commands` made of `before`."""
        if before[0] == after[0] and before[1].version == after[1].version:
            return
        touched = frozenset(name for command in commands if (name := _touched(command)))
        if not touched:
            return
        goes_on = touched == self._touched and now_s - self._touched_s < GESTURE_S and "" not in touched
        self._touched, self._touched_s = touched, now_s
        if not goes_on or not self._states:
            self._states.append(before)

    def back(self) -> State | None:
        """The state before the last change, which is forgotten; None when there is none."""
        self._touched = frozenset()
        return self._states.pop() if self._states else None


def _touched(command: Command) -> str:
    """What a command changes: the address of one setting, or the kind of everything else."""
    match command:
        case SetParameter(path=path) | NudgeParameter(path=path) | ResetParameter(path=path):
            return path
        case ToggleParameter(path=path):
            return f"{path} toggled"
        case SetRoute(route=route):
            return f"route {route.signal} {route.target}"
        case RemoveRoute(signal=signal, target=target):
            return f"no route {signal} {target}"
    return f"look {type(command).__name__}" if isinstance(command, _LOOKS) else ""
