"""OSC as a port: both ends, and the threads that wait at the sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from math import inf

from chromesthesia.control.commands import SetParameter
from chromesthesia.ports.osc.audience import Audience
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.osc.senders import NAME
from chromesthesia.ports.osc.tcp import OscStreams
from chromesthesia.ports.port import Readings

JOIN_S = 2.0


class OscPort:
    """`ports.port.Port` over OSC. input: over UDP, streams: over TCP, audience: who is told; each may be missing."""

    name = NAME

    def __init__(
        self,
        input: OscInput | None,
        audience: Audience | None = None,
        streams: OscStreams | None = None,
    ) -> None:
        self.input = input
        self.audience = audience
        self.streams = streams
        self._threads: list[threading.Thread] = []

    @property
    def readers(self) -> Sequence[PacketReader]:
        """What reads the packets that come."""
        return tuple(way.reader for way in (self.input, self.streams) if way is not None)

    @property
    def next_s(self) -> float:
        """When there may be something to send next."""
        return inf if self.audience is None else self.audience.next_s

    def start(self) -> None:
        """Start the threads that receive."""
        if self.input is not None:
            self._receive("osc-in", self.input.run)
        if self.streams is not None:
            self._receive("osc-tcp", self.streams.run)

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Send what changed, when it is due."""
        if self.audience is not None:
            self.audience.publish(now_s, writes, readings)

    def health(self) -> Mapping[str, int]:
        """What came in, by what became of it, what went out, and what could not."""
        heard = {} if self.input is None else self.input.counts()
        streamed = {} if self.streams is None else self.streams.counts()
        told = {} if self.audience is None else self.audience.counts()
        return {"failures": 0, **heard, **streamed, **told}

    def stop(self) -> None:
        """Hear and tell no more, and close what is heard by."""
        if self.audience is not None:
            self.audience.close()
        if self.input is not None:
            self.input.close()
        if self.streams is not None:
            self.streams.close()
        for thread in self._threads:
            thread.join(JOIN_S)
        if self.streams is not None:
            self.streams.shut()

    def _receive(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)
