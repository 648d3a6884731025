"""A server's front: what a show calls. It never waits, and imports nothing of what serves before it is started."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence

from chromesthesia.ports.oscquery.front import Also, Notes, Served, Values
from chromesthesia.ports.oscquery.gate import Gate
from chromesthesia.ports.oscquery.nodes import Item, NodeSource
from chromesthesia.ports.oscquery.site import Reply, Site

log = logging.getLogger(__name__)

JOIN_S = 5.0
FRESH_S = 0.5
"""An answer waits at most so long for values as they are now."""


class QueryServer:
    """Serves a tree over HTTP and WebSocket from a thread of its own. Everything here may be called from any thread.

    receive: called with each OSC packet of a client and the name of its source, in the server's thread. source: gives
    nodes and values. listening: a bound socket that listens; the server closes it.
    """

    def __init__(
        self,
        listening: socket.socket,
        source: NodeSource,
        receive: Callable[[bytes, str], None],
        gate: Gate,
        host_info: Callable[[str], Mapping[str, object]],
        site: Site | None = None,
        fresh_s: float = FRESH_S,
    ) -> None:
        """host_info: what HOST_INFO tells beside the extensions, given the address at which we were reached. fresh_s:
        how long an answer waits for values as they are now."""
        self.listening = listening
        self.source = source
        self.receive = receive
        self.gate = gate
        self.host_info = host_info
        self.site = site
        self.pages: Mapping[str, Callable[[], Reply]] = {}
        """Answers to requests for whole paths, for programs; before `start`. They are asked in the event loop."""
        self.fresh_s = fresh_s
        self.parts: list[Also] = []
        self.counters = dict.fromkeys(
            ("requests", "refused", "packets", "unknown", "slow", "crowded", "failures"), 0
        )
        self._lock = threading.Lock()
        self._values: dict[str, Sequence[Item]] = {}
        self._notes: dict[tuple[str, str], object] = {}
        self._scheduled = False
        self._serving: Served | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def also(self, run: Also) -> None:
        """Let `run` be open in the server's event loop while it serves. Before `start`."""
        self.parts.append(run)

    @property
    def busy(self) -> bool:
        """True while somebody wants to know how things are."""
        return self._serving is not None and self._serving.busy

    def counts(self) -> dict[str, int]:
        """What came, and what was not taken."""
        serving = self._serving
        clients, connections = (0, 0) if serving is None else (serving.clients, serving.connections)
        return {"clients": clients, "connections": connections, **self.counters}

    def start(self) -> None:
        """Serve."""
        self._thread = threading.Thread(target=self._run, name="oscquery", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Serve no more; waits a moment for the clients to be told."""
        self._stopped.set()
        with self._lock:
            serving = self._serving
        if serving is not None:
            with contextlib.suppress(RuntimeError):  # the loop is over already
                serving.loop.call_soon_threadsafe(serving.end)
        if self._thread is not None:
            self._thread.join(JOIN_S)
        self.listening.close()

    def tell(self, values: Values, notes: Notes) -> None:
        """The newest values of some paths, after the writes in `notes`: what each source wrote to a path.

        What is not taken by the server in time is replaced by what is newer. Looks at the tree, too.
        """
        with self._lock:
            self._notes.update(notes)
            self._values.update(values)
            if self._scheduled or self._serving is None:
                return
            self._scheduled = True
            serving = self._serving
        with contextlib.suppress(RuntimeError):
            serving.loop.call_soon_threadsafe(serving.deliver)

    def told(self) -> tuple[Values, Notes]:
        """What was told since the last call. For the server's thread."""
        with self._lock:
            values, notes = self._values, self._notes
            self._values, self._notes = {}, {}
            self._scheduled = False
        return values, notes

    def serves(self, served: Served) -> bool:
        """The thread serves from now on; False when it is to end at once. For the server's thread."""
        with self._lock:
            self._serving = served
        return not self._stopped.is_set()

    def _run(self) -> None:
        try:
            # Slow to import, and not needed before there is a show.
            from chromesthesia.ports.oscquery.serving import serve_until_stopped

            serve_until_stopped(self)
        except Exception:  # the thread's boundary: the show goes on without
            self.counters["failures"] += 1
            log.exception("OSCQuery ended")
