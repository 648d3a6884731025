"""Commands on their way into a score: who asked for what, and whether it was done."""

from __future__ import annotations

import threading
from collections import deque

from chromesthesia.control.commands import Command, LoadPreset, SetParameter, ToggleParameter
from chromesthesia.core.user_files import one_line
from chromesthesia.score.events import Asked

ASKED_A_SECOND = 100
"""Most commands a second that are told; of a fader in one frame only the last."""
ASKED_WAITING = 1024
TEXT_LIMIT = 120


class AskedCommands:
    """Takes commands on the control thread, gives them on the main one; at most `ASKED_A_SECOND`."""

    def __init__(self) -> None:
        self._commands: deque[tuple[Command, float, bool]] = deque(maxlen=ASKED_WAITING)
        self._lock = threading.Lock()
        self._left = ASKED_A_SECOND
        self._second = 0

    def put(self, command: Command, now_s: float, done: bool) -> None:
        """A command was applied, or refused. Control thread."""
        with self._lock:
            self._commands.append((command, now_s, done))

    def take(self, time_us: int, start_s: float) -> list[Asked]:
        """What was asked since the last call, as it is told at `time_us` of a show that began at `start_s`."""
        with self._lock:
            commands = list(self._commands)
            self._commands.clear()
        if not commands:
            return []
        second = time_us // 1_000_000
        if second != self._second:
            self._second, self._left = second, ASKED_A_SECOND
        newest: dict[tuple[str, str, bool], Asked] = {}
        for command, now_s, done in commands:
            name, what = _words(command)
            who = command.source.partition(":")[0]
            at_us = max(0, round((now_s - start_s) * 1e6))
            newest[name, who, done] = Asked(at_us, one_line(what, TEXT_LIMIT), one_line(who, 40), done)
        told = list(newest.values())[-self._left :] if self._left else []
        self._left -= len(told)
        return told


def _words(command: Command) -> tuple[str, str]:
    """What a command does, as a key by which the newest is kept and as text."""
    name = type(command).__name__
    match command:
        case SetParameter(path, raw, _):
            return path, f"{path} {raw}"
        case ToggleParameter(path, _):
            return f"{name} {path}", f"{name} {path}"
        case LoadPreset(which, _):
            return name, f"{name} {which}"
        case _:
            return name, name
