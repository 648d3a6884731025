"""What the room adds behind the show, as measured there: read at the start of a show."""

from __future__ import annotations

import math
from pathlib import Path

from chromesthesia.core.errors import UsageError
from chromesthesia.core.user_files import is_there, one_line, read_toml, shown

ROOM_FILE = Path("room.toml")
LONGEST_S = 1.0
KEY = "output_latency_s"


def read_room(path: Path = ROOM_FILE) -> float:
    """Seconds from the showing of a frame to its light; 0 without the file. Raises UsageError for another content."""
    if not is_there(path):
        return 0.0
    latency_s = read_toml(path, UsageError).get(KEY)
    if isinstance(latency_s, bool) or not isinstance(latency_s, (int, float)):
        raise _refused(path, latency_s)
    if not (math.isfinite(latency_s) and 0.0 <= latency_s <= LONGEST_S):
        raise _refused(path, latency_s)
    return float(latency_s)


def _refused(path: Path, value: object) -> UsageError:
    return UsageError(
        f"{one_line(path)}: {KEY}: expected 0 to {LONGEST_S:g} seconds, got {shown(value)}",
        "measure it again with `chromesthesia bench --light`, or take the file away",
    )
