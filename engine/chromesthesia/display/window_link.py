"""A window in a process of its own, as the show sees it: told what to show, asked how it is, never waited for."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import IO, Protocol

from chromesthesia.display.window_words import LONGEST_LINE, Order, Word, line_of, read_line

MOST_WORDS = 256
END_S = 1.0
ASK_S = 0.2
_NUMBERED = re.compile(r"\.[0-9]+$")
_LOCAL = re.compile(r":([0-9]{1,5})(?:\.[0-9]{1,3})?")


class WindowLink(Protocol):
    """One window somewhere. All of it on one thread, but for what is behind it."""

    def tell(self, order: Order) -> None:
        """Let it show this; nothing happens when it is gone."""
        ...

    def words(self) -> list[Word]:
        """What it said since the last call."""
        ...

    def ended(self) -> str | None:
        """Why it is no more, in words; None while it is."""
        ...

    def close(self) -> None:
        """Let it end; returns at once."""
        ...


OpenLink = Callable[[str, Order], WindowLink]
"""Opens a window on a screen (an X display; empty for the show's own). Raises OSError where no process can be made."""


class ProcessLink:
    """`WindowLink` over the pipes of a child process."""

    def __init__(self, screen: str, order: Order) -> None:
        environment = {**os.environ, "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
        if screen:
            environment |= {"DISPLAY": screen, "SDL_VIDEODRIVER": "x11"}
            if _NUMBERED.search(screen):
                # SDL counts the monitors of all screens of a server and then opens every window on its first screen.
                environment |= {"SDL_VIDEO_X11_XRANDR": "0"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "chromesthesia.display.window_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._said: deque[Word] = deque(maxlen=MOST_WORDS)
        self._closing = False
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name="window words", daemon=True
        )
        self._reader.start()
        self.tell(order)

    def tell(self, order: Order) -> None:
        """See `WindowLink`."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(line_of(order))
            self._process.stdin.flush()

    def words(self) -> list[Word]:
        """See `WindowLink`."""
        found = []
        while self._said:
            found.append(self._said.popleft())
        return found

    def ended(self) -> str | None:
        """See `WindowLink`."""
        code = self._process.poll()
        if code is None:
            return None
        self._reader.join(END_S)  # its last words
        return f"its window ended ({f'signal {-code}' if code < 0 else f'exit code {code}'})"

    def close(self) -> None:
        """See `WindowLink`."""
        if self._closing:
            return
        self._closing = True
        self.tell(Order(end=True))
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        # One that hangs in a driver is killed; nobody waits for it here.
        threading.Thread(target=self._bury, name="window ends", daemon=True).start()

    def join(self, timeout_s: float = 2 * END_S) -> None:
        """Wait until it is gone, so that no window outlives the show."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)

    def _bury(self) -> None:
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self, source: IO[bytes]) -> None:
        while line := source.readline(LONGEST_LINE):
            word = read_line(line, Word)
            if word is not None:
                self._said.append(word)


def screen_answers(screen: str) -> bool:
    """False where it is sure that nobody answers at an X display of this machine: a window would find out later."""
    named = _LOCAL.fullmatch(screen)
    if named is None or not hasattr(socket, "AF_UNIX"):
        return True
    path = f"/tmp/.X11-unix/X{named[1]}"
    for address in ("\0" + path, path) if sys.platform == "linux" else (path,):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(ASK_S)
            asked.connect(address)
            return True
    return False
