"""Windows and X servers for shows on several displays."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from chromesthesia.display.window_words import Order, Word


class SilentWindow:
    """A window that is told and says nothing."""

    def __init__(self, screen: str, order: Order) -> None:
        self.order = order

    def tell(self, order: Order) -> None:
        """Keep what it is to show."""
        self.order = order

    def words(self) -> list[Word]:
        """Nothing."""
        return []

    def ended(self) -> str | None:
        """Never."""
        return None

    def close(self) -> None:
        """Nothing to do."""


def start_xvfb(arguments: Sequence[str], name: str | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """A server of virtual screens and the name of its display; without a name it picks a free number.

    arguments: its screens and the like. Returns when it answers; raises RuntimeError when it does not start.
    """
    reading, writing = os.pipe()
    asked = [] if name is None else [name]
    process = subprocess.Popen(
        ["Xvfb", *asked, "-displayfd", str(writing), *arguments, "-nolisten", "tcp"],
        pass_fds=(writing,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as told:
        number = told.readline().strip()
    if not number:
        process.wait()
        raise RuntimeError("Xvfb did not start")
    return process, f":{number}"
