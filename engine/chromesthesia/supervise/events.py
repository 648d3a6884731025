"""What happened to a show, one JSON object a line: starts, deaths with their reason, gaps in the picture."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from chromesthesia.core.safe_write import reason
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

FILE, OLDER = "events.jsonl", "events.1.jsonl"
LIMIT_BYTES = 1024 * 1024
"""Beyond this the file becomes `events.1.jsonl`, whose place it takes."""


def wall_now() -> datetime:
    """The time of day here, with its offset."""
    return datetime.now().astimezone()


class EventLog:
    """Appends to `events.jsonl` in `folder`. A disk that refuses is told once and costs no more than the lines."""

    def __init__(
        self, folder: Path, wall: Callable[[], datetime] = wall_now, limit_bytes: int = LIMIT_BYTES
    ) -> None:
        self._folder = folder
        self._wall = wall
        self._limit_bytes = limit_bytes
        self._ill = False
        self.unwritten = 0

    def write(self, event: str, monotonic_s: float, **figures: object) -> None:
        """One line: `at` (ISO 8601), `monotonic_s`, `event` and the figures, without those that are None."""
        known = {name: figure for name, figure in figures.items() if figure is not None}
        table = {
            "at": self._wall().isoformat(timespec="milliseconds"),
            "monotonic_s": round(monotonic_s, 3),
            "event": event,
            **known,
        }
        try:
            path = self._folder / FILE
            if path.exists() and path.stat().st_size > self._limit_bytes:
                os.replace(path, self._folder / OLDER)
            # One write of a whole line: a reader never sees half of one.
            with path.open("ab", buffering=0) as file:
                file.write(json.dumps(table).encode() + b"\n")
            self._ill = False
        except OSError as error:
            self.unwritten += 1
            if not self._ill:
                log.warning("no events in %s: %s", one_line(self._folder), reason(error))
            self._ill = True
