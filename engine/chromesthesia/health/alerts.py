"""Tells somebody outside when the show is ill or well again: an address on the web, or a command."""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import subprocess
import threading
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import UsageError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line
from chromesthesia.health.verdict import State, Verdict

log = logging.getLogger(__name__)

SETTLE_S = 5.0
"""A state is told when it has held for so long: what is over at once wakes nobody."""
PAUSE_S = 60.0
"""Between two alerts; what comes in between is told after it, the newest only."""
WEBHOOK_WITHIN_S = 5.0
COMMAND_WITHIN_S = 10.0
CLOSE_WITHIN_S = 1.0
MOST_WAITING = 4
LONGEST = 2000

Send = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to tell somebody. name: as it is logged; send: takes the alert, may raise, may take its time-out."""

    name: str
    send: Send


def webhook(url: str, within_s: float = WEBHOOK_WITHIN_S) -> Way:
    """POST the alert as JSON to an address. Raises UsageError for what is no http address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"--alert-webhook is {one_line(url, 80)}", "give an address that begins with http:// or https://"
        )

    def send(alert: Mapping[str, object]) -> None:
        request = urllib.request.Request(
            url, json.dumps(alert).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=within_s):
            pass

    return Way(f"the webhook at {parts.hostname}", send)


def command(line: str, within_s: float = COMMAND_WITHIN_S) -> Way:
    """Start a command, without a shell, with the alert as JSON on its standard input.

    `{state}` and `{text}` in its arguments are filled in. Raises UsageError for a command that is not there.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"--alert-command cannot be read: {error}", "check its quotes") from error
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise UsageError(
            f"--alert-command: no program {one_line(words[0] if words else '', 80)!r}", "give its whole path"
        )

    def send(alert: Mapping[str, object]) -> None:
        filled = [
            word.replace("{state}", str(alert["state"])).replace("{text}", str(alert["text"]))
            for word in words[1:]
        ]
        subprocess.run(
            [program, *filled],
            input=json.dumps(alert).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=within_s,
            check=True,
            cwd=os.path.sep,
        )

    return Way(f"the command {one_line(words[0], 80)}", send)


class Alerts:
    """`look` decides what is to be told, on one thread, and never waits; a thread of its own tells it."""

    def __init__(
        self,
        ways: Sequence[Way],
        clock: Clock | None = None,
        settle_s: float = SETTLE_S,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._ways = tuple(ways)
        self._clock = clock or SystemClock()
        self._settle_s, self._pause_s = settle_s, pause_s
        self._told = State.OK
        self._seen = State.OK
        self._since_s = 0.0
        self._next_s = float("-inf")
        self._waiting: deque[Mapping[str, object]] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._ending = False
        self._thread: threading.Thread | None = None
        self.sent = 0
        self.failures = 0

    def counts(self) -> dict[str, int]:
        """Alerts that were told, and that could not be."""
        return {"sent": self.sent, "failures": self.failures}

    def look(self, verdict: Verdict, about: Mapping[str, object]) -> None:
        """How the show is now. about: more for whoever reads it, as JSON has it."""
        if not self._ways:
            return
        now_s = self._clock.now_s()
        if verdict.state is not self._seen:
            self._seen, self._since_s = verdict.state, now_s
        due = now_s - self._since_s >= self._settle_s and now_s >= self._next_s
        if verdict.state is self._told or not due:
            return
        self._told, self._next_s = verdict.state, now_s + self._pause_s
        text = "; ".join(verdict.reasons) or "the show is as it should be"
        alert = {"state": str(verdict.state), "text": one_line(text, LONGEST), **about}
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._tell, name="alerts", daemon=True)
                self._thread.start()
            self._waiting.append(alert)
            self._changed.notify()

    def close(self) -> None:
        """Tell what waits, if that is soon done."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_WITHIN_S)

    def _tell(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ending)
                if not self._waiting:
                    return
                alert = self._waiting.popleft()
            for way in self._ways:
                try:
                    way.send(alert)
                except Exception as error:  # whatever a network or a program does, the show goes on
                    self.failures += 1
                    log.warning("%s could not be told: %s", way.name, one_line(error, 200))
                else:
                    self.sent += 1
