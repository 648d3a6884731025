"""What the room was before each change, so that a person can take it back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import Preset
from chromesthesia.params.tree import Snapshot

MOST_STEPS = 100
GESTURE_S = 1.0
"""Moves of the same fader that come within so long are one gesture, and one step back."""
AT_ONCE_S = 0.25
"""Whatever comes within so long of each other is one step: no hand is so quick, and a flood fills no memory."""

State = tuple[Preset, Snapshot]


@dataclass(frozen=True, slots=True)
class Step:
    """One step back: the preset as it was, and the settings that were others, as they were."""

    preset: Preset
    values: Mapping[str, Value]


_LOOKS = (LoadPreset, NextPreset, PreviousPreset, ResetParameters, ResetRoom, SafeLook, NextScene)


class History:
    """The last changes, newest last; at most 100. Control thread only."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=MOST_STEPS)
        self._touched: frozenset[str] = frozenset()
        self._touched_s = float("-inf")

    def __len__(self) -> int:
        return len(self._steps)

    def changed(self, commands: Iterable[Command], before: State, after: State, now_s: float) -> None:
        """Note what `commands` made of `before`."""
        if before[0] == after[0] and before[1].version == after[1].version:
            return
        touched = frozenset(name for command in commands if (name := _touched(command)))
        if not touched:
            return
        rest_s = now_s - self._touched_s
        goes_on = rest_s < (GESTURE_S if touched == self._touched else AT_ONCE_S)
        self._touched, self._touched_s = touched, now_s
        values = {path: value for path, value in before[1].items() if after[1].get(path) != value}
        if goes_on and self._steps:
            last = self._steps.pop()
            self._steps.append(Step(last.preset, {**values, **last.values}))
        else:
            self._steps.append(Step(before[0], values))

    def back(self) -> Step | None:
        """How the last change is taken back, which is then forgotten; None when there is none."""
        self._touched_s = float("-inf")
        return self._steps.pop() if self._steps else None


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
