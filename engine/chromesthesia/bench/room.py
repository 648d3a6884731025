"""What the room adds behind the show: kept in a small file that the next show reads."""

from __future__ import annotations

from pathlib import Path

from chromesthesia.core.errors import UsageError
from chromesthesia.core.room import ROOM_FILE, read_room
from chromesthesia.core.safe_write import replace_file

__all__ = ["ROOM_FILE", "keep_room", "read_room"]


def keep_room(path: Path, output_latency_s: float, flashes: int) -> None:
    """Write the time from a frame's showing to its light. Raises UsageError where it cannot be written."""
    text = (
        "# Measured by `chromesthesia bench --light`: from the showing of a frame to its light in the room.\n"
        f"output_latency_s = {output_latency_s:.4f}\nflashes = {flashes}\n"
    )
    replace_file(path, text.encode(), UsageError)
