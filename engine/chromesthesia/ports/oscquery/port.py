"""OSCQuery as a port of a show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.feed import ChangeFeed, View
from chromesthesia.control.notice import OSC_SOURCE
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.twins import index_address
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.oscquery.adapter import ShowNodes, told, told_index
from chromesthesia.ports.oscquery.nodes import Item
from chromesthesia.ports.oscquery.server import QueryServer
from chromesthesia.ports.port import Readings

NAME = "oscquery"


@dataclass(frozen=True, slots=True)
class _Telling(View):
    """An address, and the numbers that are told there."""

    def items(self, value: Value) -> Sequence[Item]:
        return (self.told(value),)


class OscQueryPort:
    """`ports.port.Port` over HTTP and WebSocket. While nobody listens it takes no readings and costs nothing."""

    name = NAME

    def __init__(
        self,
        tree: ParameterTree,
        nodes: ShowNodes,
        server: QueryServer,
        number: int,
        readers: Sequence[PacketReader] = (),
    ) -> None:
        """number: of the TCP port. readers: what reads the packets that come by WebSocket."""
        self.readers = readers
        self.number = number
        self.server = server
        self.nodes = nodes
        # Whose echo a value is, is found for each client by itself: the feed keeps nothing back.
        self._feed: ChangeFeed[_Telling] = ChangeFeed(tree, _tellings, lambda source: 0.0, refresh_s=inf)
        self._notes: dict[tuple[str, str], object] = {}
        self._known: object = nodes.nodes()

    @property
    def next_s(self) -> float:
        """When there may be something to tell next."""
        return self._feed.next_s if self.server.busy else inf

    def start(self) -> None:
        """Start the server's thread."""
        self.server.start()

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Hand on what changed, when somebody listens; and that the tree changed, whoever listens."""
        busy = self.server.busy
        if busy:
            for write in writes:
                if write.source.startswith(f"{OSC_SOURCE}ws:"):
                    self._notes[write.source.removeprefix(OSC_SOURCE), write.address] = write.raw
        nodes = self.nodes.nodes()
        due = busy and self._feed.due(now_s)
        if not due and nodes is self._known:
            return
        self._known = nodes
        values: dict[str, Sequence[Item]] = {}
        if due:
            self.nodes.readings = readings()
            news = self._feed.take(now_s, self.nodes.readings)
            if news is not None:
                values = {view.address: view.items(value) for view, value in news.values}
        notes, self._notes = self._notes, {}
        self.server.tell(values, notes)

    def health(self) -> Mapping[str, int]:
        """What came in and what became of it."""
        return self.server.counts()

    def stop(self) -> None:
        """Stop the server."""
        self._feed.close()
        self.server.stop()


def _tellings(param: Param) -> tuple[_Telling, ...]:
    tellings = [_Telling(param.path, lambda value: _only(told(value)))]
    twin = index_address(param)
    if twin is not None:
        tellings.append(_Telling(twin, lambda value: _only(told_index(param, value))))
    return tuple(tellings)


def _only(items: Sequence[Item]) -> Value:
    (item,) = items
    assert item is not None
    return item
