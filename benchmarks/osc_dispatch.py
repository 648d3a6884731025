"""Cost of one incoming OSC message: our input against python-osc's dispatcher, at 10, 100 and 500 addresses.

Both get the same packets (one float to an exact address), decode them and hand the value to an empty handler; ours also
carries the source and counts. The two take turns in blocks and the median block counts. Prints JSON.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from pythonosc.dispatcher import Dispatcher

from chromesthesia.control.commands import Command
from chromesthesia.core.clock import ManualClock
from chromesthesia.params.declaration import Param
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.testing.network import FakeDatagrams

COUNTS = (10, 100, 500)
BLOCKS = 21
MESSAGES = 200
SENDER = ("127.0.0.1", 50_000)


def ours(params: list[Param]) -> Callable[[bytes], object]:
    """Our receiving end with nothing behind it."""

    def post(*commands: Command, at_s: float | None = None) -> None:
        pass

    desk = OscInput(FakeDatagrams(), ParameterTree(params), post, ManualClock())
    return lambda packet: desk.handle(packet, SENDER)


def theirs(params: list[Param]) -> Callable[[bytes], object]:
    """python-osc's dispatcher with an empty handler at every address."""
    dispatcher = Dispatcher()
    for param in params:
        dispatcher.map(param.path, lambda address, *values: None)
    return lambda packet: dispatcher.call_handlers_for_packet(packet, SENDER)


def block_us(handle: Callable[[bytes], object], packets: list[bytes]) -> float:
    """Microseconds a message, mean over one block."""
    started_s = time.perf_counter()
    for number in range(MESSAGES):
        handle(packets[number % len(packets)])
    return (time.perf_counter() - started_s) / MESSAGES * 1e6


def compare(count: int) -> dict[str, float]:
    """Median block of both at `count` addresses."""
    params = [
        Param(f"/look/group{number % 10}/value{number}", 0.0, "", low=0.0, high=1.0)
        for number in range(count)
    ]
    packets = [encode_message(param.path, (0.5,)) for param in params]
    contenders = {"ours_us": ours(params), "python_osc_us": theirs(params)}
    blocks: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(BLOCKS):
        for name, handle in contenders.items():
            blocks[name].append(block_us(handle, packets))
    medians = {name: round(statistics.median(times), 2) for name, times in blocks.items()}
    return {**medians, "times_faster": round(medians["python_osc_us"] / medians["ours_us"], 1)}


if __name__ == "__main__":
    print(json.dumps({f"{count} addresses": compare(count) for count in COUNTS}, indent=2))
