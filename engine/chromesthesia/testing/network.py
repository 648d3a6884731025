"""A network without a network: datagrams that a test delivers and reads back."""

from __future__ import annotations

import queue

Sender = tuple[str, int]


class FakeDatagrams:
    """`Datagrams` in memory. What the engine sends is in `sent` as (payload, host, port); `deliver` feeds `receive`.

    `refusing` set to an OSError makes every send raise it; `lost` is what the system is said to have dropped.
    """

    def __init__(self) -> None:
        self.lost = 0
        self.sent: list[tuple[bytes, str, int]] = []
        self.closed = False
        self.refusing: OSError | None = None
        self._incoming: queue.Queue[tuple[bytes, Sender] | None] = queue.Queue()

    def deliver(self, payload: bytes, sender: Sender = ("127.0.0.1", 50_000)) -> None:
        """Let `receive` return this datagram."""
        self._incoming.put((payload, sender))

    def send(self, payload: bytes, host: str, port: int) -> None:
        """Keep the datagram in `sent`, or raise `refusing`."""
        if self.refusing is not None:
            raise self.refusing
        self.sent.append((payload, host, port))

    def receive(self) -> tuple[bytes, Sender] | None:
        """The next delivered datagram; blocks until there is one; None once closed."""
        return None if self.closed else self._incoming.get()

    def close(self) -> None:
        """End a waiting `receive`."""
        self.closed = True
        self._incoming.put(None)
