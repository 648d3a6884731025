"""The JSON messages of the WebSocket: what a client asks for, and what a server tells of its tree."""

from __future__ import annotations

import json
from dataclasses import dataclass

LONGEST_COMMAND = 4096
"""Most letters of a client's message that are read."""

LISTEN, IGNORE = "LISTEN", "IGNORE"
PATH_CHANGED, PATH_ADDED, PATH_REMOVED, PATH_RENAMED = (
    "PATH_CHANGED",
    "PATH_ADDED",
    "PATH_REMOVED",
    "PATH_RENAMED",
)


class CommandError(ValueError):
    """A message that asks for nothing this server knows."""


@dataclass(frozen=True, slots=True)
class Wish:
    """LISTEN or IGNORE, and the one address that it is about."""

    command: str
    path: str


@dataclass(frozen=True, slots=True)
class Event:
    """A change of the tree. was: the path before, for PATH_RENAMED only."""

    command: str
    path: str
    was: str = ""

    def text(self) -> str:
        """As it is sent."""
        data: object = {"OLD": self.was, "NEW": self.path} if self.command == PATH_RENAMED else self.path
        return json.dumps({"COMMAND": self.command, "DATA": data})


def parse_wish(text: str) -> Wish:
    """What a client asks for. Raises CommandError, and nothing else, whatever the text is."""
    if len(text) > LONGEST_COMMAND:
        raise CommandError(f"a command of {len(text)} letters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise CommandError("a command that is no JSON") from None
    if not isinstance(message, dict):
        raise CommandError("a command that is no object")
    command, path = message.get("COMMAND"), message.get("DATA")
    if command not in (LISTEN, IGNORE):
        raise CommandError("COMMAND is neither LISTEN nor IGNORE")
    if not isinstance(path, str) or not path.startswith("/"):
        raise CommandError(f"DATA of {command} is no address")
    return Wish(command, path)
