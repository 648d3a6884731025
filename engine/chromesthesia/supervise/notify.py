"""Tells systemd how the show is: the protocol of sd_notify, a datagram of lines to the socket it names."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notifier:
    """Nothing is sent where the service manager named no socket. `watchdog_s`: how often it wants to hear at least."""

    def __init__(self, environment: Mapping[str, str] = os.environ, pid: int | None = None) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.watchdog_s: float | None = None
        self._told: dict[str, str] = {}
        meant = environment.get("WATCHDOG_PID")
        try:
            watchdog_us = int(environment.get("WATCHDOG_USEC", "0"))
            for_us = meant is None or int(meant) == (os.getpid() if pid is None else pid)
        except ValueError:
            watchdog_us, for_us = 0, False
        if watchdog_us > 0 and for_us and self._address:
            # Twice as often as it has to be.
            self.watchdog_s = watchdog_us / 2e6

    def ready(self) -> None:
        """The show is there; the unit counts as started."""
        self._tell("READY", "1")

    def stopping(self) -> None:
        """The show ends."""
        self._tell("STOPPING", "1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        if self._told.get("STATUS") != text:
            self._tell("STATUS", text)

    def alive(self) -> None:
        """A sign of life for the watchdog."""
        self._send("WATCHDOG=1")

    def _tell(self, name: str, value: str) -> None:
        self._told[name] = value
        self._send(f"{name}={value}")

    def _send(self, line: str) -> None:
        if not self._address:
            return
        # A name with @ lies in the abstract name space.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
                sending.setblocking(False)
                sending.sendto(line.encode(), address)
        except OSError as error:  # the manager's trouble must not become the show's
            log.debug("systemd was not told %s: %s", line, error)
