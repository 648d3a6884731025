"""A network under a manual clock: messages take their time, get lost, and machines are cut off, when a test says so."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping

from chromesthesia.core.clock import ManualClock
from chromesthesia.ports.bus.bus import Take


class SkewedClock(ManualClock):
    """The clock of one machine: as `true`, but begun at another time and faster or slower. Moves with it."""

    def __init__(self, true: ManualClock, ahead_s: float = 0.0, drift: float = 0.0) -> None:
        super().__init__()
        self._true = true
        self._ahead_s = ahead_s
        self._drift = drift

    def now_s(self) -> float:
        """As this machine has it."""
        return self._ahead_s + (1.0 + self._drift) * self._true.now_s()


class FakeNet:
    """Joins any number of `FakeBus`; `deliver` hands over what is due.

    takes_s: how long a message from one node to another is under way; loses: which messages are not delivered, by
    sender, receiver and topic. `cut`: nodes that hear nobody and are not heard.
    """

    def __init__(
        self,
        clock: ManualClock,
        takes_s: Callable[[str, str], float] = lambda sender, receiver: 0.001,
        loses: Callable[[str, str, str], bool] = lambda sender, receiver, topic: False,
    ) -> None:
        self._clock = clock
        self.takes_s = takes_s
        self.loses = loses
        self.cut: set[str] = set()
        self.told: list[tuple[str, str, bytes]] = []
        """Everything that was said: sender, topic, content."""
        self._nodes: dict[str, FakeBus] = {}
        self._waiting: list[tuple[float, int, str, str, str, bytes]] = []
        self._last_s: dict[tuple[str, str], float] = {}
        self._count = 0

    def node(self, name: str) -> FakeBus:
        """One more machine; one of the same name takes its place, as after a restart."""
        bus = self._nodes[name] = FakeBus(self, name)
        return bus

    def post(self, sender: str, topic: str, content: bytes) -> None:
        """Called by a node."""
        self.told.append((sender, topic, content))
        if sender in self.cut:
            return
        for receiver in self._nodes:
            if receiver not in self.cut and not self.loses(sender, receiver, topic):
                self._count += 1
                due_s = self._clock.now_s() + (0.0 if sender == receiver else self.takes_s(sender, receiver))
                # As over TCP: what was said first comes first.
                due_s = max(due_s, self._last_s.get((sender, receiver), due_s))
                self._last_s[sender, receiver] = due_s
                heapq.heappush(self._waiting, (due_s, self._count, sender, receiver, topic, content))

    def deliver(self) -> None:
        """Hand over what is due now, and what is answered at once."""
        while self._waiting and self._waiting[0][0] <= self._clock.now_s():
            _, _, _, receiver, topic, content = heapq.heappop(self._waiting)
            if receiver not in self.cut and receiver in self._nodes:
                self._nodes[receiver].take(topic, content)

    def remove(self, name: str) -> None:
        """That machine is gone."""
        self._nodes.pop(name, None)


class FakeBus:
    """A `ports.bus.bus.Bus` on a `FakeNet`."""

    def __init__(self, net: FakeNet, name: str) -> None:
        self._net = net
        self._name = name
        self._takers: dict[str, list[Take]] = defaultdict(list)
        self.closed = False

    def publish(self, topic: str, content: bytes) -> None:
        """See `Bus`."""
        if not self.closed:
            self._net.post(self._name, topic, content)

    def subscribe(self, topic: str, take: Take) -> None:
        """See `Bus`."""
        self._takers[topic].append(take)

    def take(self, topic: str, content: bytes) -> None:
        """A message came."""
        for take in self._takers[topic]:
            take(content)

    def counts(self) -> Mapping[str, int]:
        """See `Bus`."""
        return {"failures": 0}

    def close(self) -> None:
        """See `Bus`."""
        self.closed = True
        self._net.remove(self._name)
