"""Ableton Link, listened to: the session's tempo and beat go to the beat clock, and nothing of ours goes into it.

An engine that only listens cannot overwrite the session's tempo, whenever it joins.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Any, Protocol

from chromesthesia.control.commands import SetParameter
from chromesthesia.core.errors import NetworkError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.port import Readings
from chromesthesia.tempo.clock import BeatClock
from chromesthesia.tempo.line import Line

log = logging.getLogger(__name__)

NAME = "link"
PERIOD_S = 0.05
"""How often the session is asked; between two answers the beat is a straight line."""
QUANTUM = 4.0
"""Beats after which Link lets everybody meet: a bar of four."""
JOIN_S = 0.5
"""So long after joining the session is found out about before anybody believes it."""


class LinkSession(Protocol):
    """What the port needs of a binding. Used on the control thread."""

    def peers(self) -> int:
        """How many others are in the session."""
        ...

    def now(self) -> tuple[float, float]:
        """Tempo in beats a minute, and the beat at this very moment."""
        ...

    def close(self) -> None:
        """Leave the session."""
        ...


class LinkPort:
    """`ports.port.Port` over Ableton Link."""

    name = NAME

    def __init__(self, session: LinkSession, tempo: BeatClock, clock: Clock) -> None:
        self._session = session
        self._tempo = tempo
        self._clock = clock
        self._log = BoundedLog(log)
        self._peers = 0
        self._failures = 0
        self._joined_s = inf
        self.next_s = inf

    def start(self) -> None:
        """Begin to listen."""
        self._joined_s = self._clock.now_s() + JOIN_S
        self.next_s = self._joined_s

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Ask the session, when it is due."""
        if now_s < self.next_s:
            return
        self.next_s = now_s + PERIOD_S
        try:
            peers = self._session.peers()
            before_s = self._clock.now_s()
            bpm, beats = self._session.now()
            at_s = (before_s + self._clock.now_s()) / 2.0
        except Exception as error:  # whatever the binding throws, the beat goes on without it
            self._failures += 1
            self._log.warning(now_s, "Link does not answer: %s", one_line(error))
            return
        if peers != self._peers:
            log.info("Link: %d others in the session", peers)
        self._peers = peers
        usable = peers > 0 and isfinite(bpm) and bpm > 0.0 and isfinite(beats)
        self._tempo.link(Line(at_s, beats, bpm) if usable else None, at_s)

    def health(self) -> Mapping[str, int]:
        """How many others are in the session, and how often it did not answer."""
        return {"failures": self._failures, "peers": self._peers}

    def stop(self) -> None:
        """Leave the session."""
        self._session.close()


class _Session:
    """LinkSession by LinkPython-extern."""

    def __init__(self, library: Any) -> None:
        self._link = library.Link(120.0)
        self._time = self._link.clock()
        self._link.enabled = True

    def peers(self) -> int:
        return int(self._link.numPeers())

    def now(self) -> tuple[float, float]:
        state = self._link.captureAppSessionState()
        return float(state.tempo()), float(state.beatAtTime(self._time.micros(), QUANTUM))

    def close(self) -> None:
        self._link.enabled = False


def session_of(library: Any) -> LinkSession:
    """Join the session of this network. library: the module `link` of LinkPython-extern."""
    return _Session(library)


def open_link(tempo: BeatClock, clock: Clock, session: LinkSession | None = None) -> LinkPort:
    """The port; session: None joins that of the network. Raises NetworkError without the library."""
    if session is None:
        try:
            import link
        except ImportError as error:
            raise NetworkError(
                f"Ableton Link needs LinkPython-extern: {one_line(error)}",
                "pip install 'chromesthesia[link]' (it contains Link, which is GPL-2.0)",
            ) from error
        try:
            session = session_of(link)
        except Exception as error:  # the binding raises errors of its own
            raise NetworkError(
                f"Ableton Link does not start: {one_line(error)}", "is there a network?"
            ) from error
    return LinkPort(session, tempo, clock)
