"""Machines of a benchmark's own: network namespaces, joined by a switch that delays, loses and counts packets.

The switch is a thread with one TUN device for each machine, so that it needs neither bridges nor netem in the kernel:
what it loses are IP packets, and TCP sends them again. Packets of one pair keep their order.
"""

from __future__ import annotations

import heapq
import os
import random
import select
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

TUN = "/dev/net/tun"
_SET_INTERFACE = 0x400454CA
_TUN_WITHOUT_HEAD = 0x1001
NETWORK = "10.77.0"
LARGEST_PACKET = 65_536
WAIT_S = 0.001


@dataclass
class Weather:
    """How the network is. loss: share of packets; delay_s: one way, varied by up to jitter_s more or less."""

    loss: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))


class Switch:
    """Machines 1 to `count`; `sent` and `received` count bytes by machine."""

    def __init__(self, count: int, weather: Weather, opened: ExitStack) -> None:
        self.weather = weather
        self.sent: Counter[int] = Counter()
        self.received: Counter[int] = Counter()
        self._files: dict[int, int] = {}
        self._machines: dict[int, int] = {}
        self._stop = threading.Event()
        for machine in range(1, count + 1):
            self._add(machine, opened)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        opened.callback(self._end)

    def namespace(self, machine: int) -> str:
        """Its name, for `ip netns exec`."""
        return f"chroma-{os.getpid()}-{machine}"

    def _add(self, machine: int, opened: ExitStack) -> None:
        import fcntl  # Linux alone has it, and the table of benchmarks is read everywhere

        name = self.namespace(machine)
        device = f"cm{os.getpid() % 100_000}-{machine}"
        _ip("netns", "add", name)
        opened.callback(_ip, "netns", "del", name)
        handle = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
        opened.callback(os.close, handle)
        fcntl.ioctl(handle, _SET_INTERFACE, struct.pack("16sH14s", device.encode(), _TUN_WITHOUT_HEAD, b""))
        _ip("link", "set", device, "netns", name)
        for command in (
            ("addr", "add", f"{NETWORK}.{machine}/24", "dev", device),
            ("link", "set", device, "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", name, *command)
        self._files[handle] = machine
        self._machines[machine] = handle

    def _end(self) -> None:
        self._stop.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        waiting: list[tuple[float, int, int, bytes]] = []
        last_s: dict[tuple[int, int], float] = {}
        count = 0
        while not self._stop.is_set():
            now_s = time.perf_counter()
            while waiting and waiting[0][0] <= now_s:
                _, _, receiver, packet = heapq.heappop(waiting)
                self._write(receiver, packet)
            wait_s = max(0.0, waiting[0][0] - now_s) if waiting else 0.05
            ready, _, _ = select.select(list(self._files), [], [], min(wait_s, 0.05))
            for handle in ready:
                sender = self._files[handle]
                for _ in range(32):
                    try:
                        packet = os.read(handle, LARGEST_PACKET)
                    except OSError:
                        break
                    receiver = packet[19] if len(packet) >= 20 and packet[0] >> 4 == 4 else 0
                    self.sent[sender] += len(packet)
                    weather = self.weather
                    if receiver not in self._machines or weather.chance.random() < weather.loss:
                        continue
                    due_s = time.perf_counter() + weather.delay_s
                    due_s += weather.jitter_s * (2.0 * weather.chance.random() - 1.0)
                    due_s = last_s[sender, receiver] = max(due_s, last_s.get((sender, receiver), 0.0))
                    count += 1
                    heapq.heappush(waiting, (due_s, count, receiver, packet))

    def _write(self, receiver: int, packet: bytes) -> None:
        try:
            os.write(self._machines[receiver], packet)
        except OSError:  # that machine's queue is full, as in a real switch
            return
        self.received[receiver] += len(packet)


def missing() -> str | None:
    """Why no namespaces can be made here; None when they can."""
    if sys.platform != "linux":
        return "needs Linux, for network namespaces"
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    if not os.path.exists(TUN):
        return f"needs {TUN}"
    try:
        with ExitStack() as opened:
            Switch(1, Weather(), opened)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network namespace can be made: {error}"
    return None


@contextmanager
def machines(count: int, weather: Weather) -> Iterator[Switch]:
    """Machines that see each other as NETWORK.1 and so on."""
    with ExitStack() as opened:
        yield Switch(count, weather, opened)


def _ip(*arguments: str) -> None:
    command: Sequence[str] = ("ip", *arguments)
    subprocess.run(command, check=True, capture_output=True, timeout=20.0)
