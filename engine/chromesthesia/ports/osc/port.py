"""OSC as a port: both ends and the thread that waits at the socket."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from math import inf

from chromesthesia.control.commands import SetParameter
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.output import OscOutput
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.port import Readings

NAME = "osc"
JOIN_S = 2.0


class OscPort:
    """`ports.port.Port` over OSC. input, output: either may be missing."""

    name = NAME

    def __init__(self, input: OscInput | None, output: OscOutput | None = None) -> None:
        self.input = input
        self.output = output
        self._receiver: threading.Thread | None = None

    @property
    def readers(self) -> Sequence[PacketReader]:
        """What reads the packets that come."""
        return () if self.input is None else (self.input.reader,)

    @property
    def next_s(self) -> float:
        """When the output has something to send next."""
        return inf if self.output is None else self.output.next_s

    def start(self) -> None:
        """Start the thread that receives."""
        if self.input is not None:
            self._receiver = threading.Thread(target=self.input.run, name="osc-in", daemon=True)
            self._receiver.start()

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Send what changed, when it is due."""
        if self.output is None:
            return
        self.output.note_writes(now_s, writes)
        if self.output.due(now_s):
            self.output.step(now_s, readings())

    def health(self) -> Mapping[str, int]:
        """What came in, by what became of it, what went out, and what could not."""
        heard = {} if self.input is None else self.input.counts()
        return {"failures": 0, **heard, **({} if self.output is None else self.output.counts())}

    def stop(self) -> None:
        """Close both sockets."""
        if self.output is not None:
            self.output.close()
        if self.input is not None:
            self.input.close()
        if self._receiver is not None:
            self._receiver.join(JOIN_S)
