"""What came over OSC, with its times, as a text: recorded in one show, played again in another or in a film.

The first line names the format. Then every line is a packet, in order: seconds from the start of the show, the number
of its sender (senders are counted, their addresses are not kept), and the packet in hexadecimal, divided by blanks. A
line that begins with `#` is nothing; `# began SECONDS` tells the clock of time 0, by which time tags are read.
"""

from __future__ import annotations

import contextlib
import logging
import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.control.notice import OSC_SOURCE
from chromesthesia.core.errors import NetworkError, RecordError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.safe_write import write_all
from chromesthesia.core.user_files import one_line, open_file
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.input import Post
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.port import Port, PortMaker, Readings

log = logging.getLogger(__name__)

FIRST_LINE = b"chromesthesia osc 1\n"
LARGEST_PACKET = 65_535
LINE_LIMIT = 2 * LARGEST_PACKET + 64
FILE_LIMIT = 256 * 1024 * 1024
"""Where a recording ends, in bytes; a longer one is not read."""
WAITING_LIMIT = 4096
"""Most packets that wait for the disk."""
MOST_SENDERS = 999
LONGEST_S = 1e8
AT_ONCE = 1024
"""Most packets that one step plays; the rest follow with the next."""
CLOSE_TIMEOUT_S = 10.0
REMEDY = "give a file that `run --record-osc` wrote"

_BEGAN = re.compile(rb"#\s*began\s+(\d{1,12}(?:\.\d{1,9})?)\s*")
_LINE = re.compile(rb"(\d{1,9}(?:\.\d{1,9})?) (\d{1,3}) ((?:[0-9a-f]{2})+)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. time_s: from the start of the show; sender: its number, from 1."""

    time_s: float
    sender: int
    content: bytes


def line_of(packet: Packet) -> bytes:
    """A packet as the file holds it."""
    return b"%.6f %d %s\n" % (packet.time_s, packet.sender, packet.content.hex().encode())


class OscRecorder:
    """A `ports.port.Port` that writes down what came; time 0 is when the control loop starts it.

    `take` may be called from any thread and never waits; what finds no room, and what comes when the file is as large
    as it may be or the disk failed, is counted.
    """

    name = "osc record"
    next_s = math.inf

    def __init__(
        self,
        path: Path,
        file: BinaryIO,
        clock: Clock,
        limit_bytes: int = FILE_LIMIT,
        wall_time_s: Callable[[], float] = time.time,
    ) -> None:
        """file: new and empty, written on a thread of its own. wall_time_s: seconds since 1970."""
        self._path = path
        self._file = file
        self._clock = clock
        self._limit_bytes = limit_bytes
        self._wall_time_s = wall_time_s
        self._start_s: float | None = None
        self._senders: dict[str, int] = {}
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="osc-record", daemon=True)
        self.packets = 0
        self.lost = 0
        self.written_bytes = 0
        self.error = ""

    def start(self) -> None:
        """Begin: what comes from now on is written."""
        self._start_s = self._clock.now_s()
        self._put(FIRST_LINE + b"# began %.6f\n" % self._wall_time_s())
        self._thread.start()

    def take(self, content: bytes, source: str) -> None:
        """A packet came from `source`."""
        if self._start_s is None:
            return
        with self._changed:
            # Beyond so many all are one: their numbers only tell hands apart.
            sender = self._senders.setdefault(source, min(len(self._senders) + 1, MOST_SENDERS))
            if len(self._senders) > MOST_SENDERS:
                self._senders.popitem()
        time_s = max(0.0, self._clock.now_s() - self._start_s)
        if self._put(line_of(Packet(time_s, sender, content))):
            self.packets += 1
        else:
            self.lost += 1

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Nothing to tell."""

    def health(self) -> Mapping[str, int]:
        """Packets written down and lost."""
        return {"failures": int(bool(self.error)), "packets": self.packets, "lost": self.lost}

    def stop(self) -> None:
        """Write what waits and close the file."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(CLOSE_TIMEOUT_S)
        with contextlib.suppress(OSError):
            self._file.close()

    def _put(self, line: bytes) -> bool:
        with self._changed:
            if self._closed or self.error or len(self._waiting) >= WAITING_LIMIT:
                return False
            self._waiting.append(line)
            self._changed.notify()
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                lines = b"".join(self._waiting)
                self._waiting.clear()
            try:
                self._write(lines)
            except (OSError, ValueError, RecordError) as error:
                self.error = one_line(error)
                log.error("%s is written no more, the show goes on: %s", one_line(self._path), self.error)
                return

    def _write(self, lines: bytes) -> None:
        if self.written_bytes + len(lines) > self._limit_bytes:
            raise RecordError(f"it holds the {self._limit_bytes // 2**20} MiB that it may")
        write_all(self._file, lines)
        self.written_bytes += len(lines)


class OscTrack:
    """A recording being played: packets in order, read as they are needed. Raises NetworkError for a file that is none.

    A line that is no packet raises NetworkError with its number when it is come to; a packet out of order is played
    with the one before.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        self._file = file
        self._number = 1
        self.began_s = 0.0
        """Seconds since 1970 at time 0; 0 when it is not told."""
        size = file.seek(0, 2)
        file.seek(0)
        if file.readline(len(FIRST_LINE) + 1) != FIRST_LINE:
            raise NetworkError(f"{name}: not a recording of OSC", REMEDY)
        if size > FILE_LIMIT:
            raise NetworkError(f"{name}: larger than {FILE_LIMIT // 2**20} MiB", "play it in parts")
        self._packets = self._read()
        self._next: Packet | None = next(self._packets, None)

    @property
    def next_s(self) -> float:
        """Time of the next packet; infinity when there is none."""
        return math.inf if self._next is None else self._next.time_s

    def until(self, time_s: float, most: int = AT_ONCE) -> Iterator[Packet]:
        """Every packet up to `time_s` that was not given yet, at most `most`. Raises NetworkError as the class says."""
        for _ in range(most):
            packet = self._next
            if packet is None or packet.time_s > time_s:
                return
            try:
                self._next = next(self._packets, None)
            except NetworkError:
                self._next = None
                raise
            yield packet

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> Iterator[Packet]:
        last_s = 0.0
        while line := self._file.readline(LINE_LIMIT + 1):
            self._number += 1
            if line.startswith(b"#"):
                if began := _BEGAN.fullmatch(line):
                    self.began_s = float(began[1])
                continue
            if not line.strip():
                continue
            found = _LINE.fullmatch(line)
            if found is None or len(found[3]) > 2 * LARGEST_PACKET:
                raise NetworkError(
                    f"{self._name}: line {self._number} is no packet: {one_line(line[:60].decode('latin-1'))}",
                    "write seconds, a number and hexadecimal digits",
                )
            last_s = max(last_s, float(found[1]))
            yield Packet(last_s, int(found[2]), bytes.fromhex(found[3].decode()))


class OscPlayer:
    """Posts what a track tells, as if it came over the network; time 0 is `start_s` of the clock. One thread."""

    def __init__(self, track: OscTrack, tree: ParameterTree, post: Post, clock: Clock) -> None:
        self._track = track
        self._post = post
        self._start_s = 0.0
        self._clock = clock
        self._reader = PacketReader(tree, clock, self._wall_time_s)
        self.packets = 0

    @property
    def next_s(self) -> float:
        """When the clock comes to the next packet."""
        return self._start_s + self._track.next_s

    def begin(self, start_s: float) -> None:
        """The show's time 0 on its clock."""
        self._start_s = start_s

    def play(self, now_s: float) -> None:
        """Post what is due. Raises NetworkError for a line that is no packet; what is behind it is not played."""
        for packet in self._track.until(now_s - self._start_s):
            self.packets += 1
            for asked in self._reader.read(packet.content, f"{OSC_SOURCE}recorded:{packet.sender}"):
                self._post(*asked.commands, at_s=asked.at_s)

    def _wall_time_s(self) -> float:
        return self._track.began_s + self._clock.now_s() - self._start_s


class OscReplay:
    """A `ports.port.Port` that plays a track into a show."""

    name = "osc replay"

    def __init__(self, track: OscTrack, tree: ParameterTree, controller: Controller, clock: Clock) -> None:
        self._track = track
        self._clock = clock
        self._player = OscPlayer(track, tree, controller.post, clock)
        self._failures = 0
        self._next_s = math.inf

    @property
    def next_s(self) -> float:
        """When the next packet is due."""
        return self._next_s

    def start(self) -> None:
        """Time 0 of the track is now."""
        self._player.begin(self._clock.now_s())
        self._next_s = self._player.next_s

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Play what is due."""
        if now_s < self._next_s:
            return
        try:
            self._player.play(now_s)
        except NetworkError as error:
            self._failures += 1
            log.error("the recording ends here: %s", error)
        self._next_s = self._player.next_s

    def health(self) -> Mapping[str, int]:
        """Packets played."""
        return {"failures": self._failures, "packets": self._player.packets}

    def stop(self) -> None:
        """Close the file."""
        self._track.close()


def open_track(path: Path) -> OscTrack:
    """The recording in a file. Raises NetworkError naming it."""
    file = open_file(path, NetworkError)
    try:
        return OscTrack(file, one_line(path))
    except BaseException:
        file.close()
        raise


def replaying(path: Path) -> PortMaker:
    """Makes the port that plays a recording. Raises NetworkError at once for a file that is none."""
    track = open_track(path)

    def make(tree: ParameterTree, controller: Controller, clock: Clock) -> Port:
        return OscReplay(track, tree, controller, clock)

    return make
