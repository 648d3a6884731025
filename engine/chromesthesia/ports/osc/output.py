"""OSC out: readings and changed parameters, sent on change, at a bounded rate, in packets that no network splits."""

from __future__ import annotations

import logging
import math
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from chromesthesia.control.commands import SetParameter
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Datagrams
from chromesthesia.core.user_files import one_line
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.values import INT32_MAX, TEXT_LIMIT
from chromesthesia.ports.osc.codec import encode_bundle, encode_message
from chromesthesia.ports.osc.input import index_twin, source_of

log = logging.getLogger(__name__)

PACKET_LIMIT = 1400
"""Largest payload in bytes: fits one Ethernet frame with room for tunnels."""
BUNDLE_HEAD = 16
ELEMENT_HEAD = 4
STEP = 1e-3
"""A reading is sent again when it moved by more than this part of its range."""
FREE_STEP = 1e-3
"""The same for readings without a range: this much, or this part of the value."""
EVERY_MOVE = ("/emotion/valence", "/emotion/arousal")
"""Sent whenever they move at all: partners steer by them."""

HAND_S = 1.0
"""So long after a write from the partner's machine the value is not told back: a hand may still be on the fader."""

LARGEST_FLOAT = 3.4028234e38
_FLOAT = struct.Struct(">f")
_INT = struct.Struct(">i")


@dataclass(frozen=True, slots=True)
class _Telling:
    """One address that carries a value: `told` is the value as it goes out, `encode` its message.

    `encode` gives None for what cannot be told.
    """

    address: str
    told: Callable[[Value], Value]
    encode: Callable[[Value], bytes | None]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What the partner itself sent to an address, and until when it is not told that."""

    raw: object
    until_s: float


class OscOutput:
    """Sends to one partner, or to all at a broadcast or multicast address. All of it runs on the control thread.

    - Readings go out at up to `rate_hz` when they changed by more than a threshold; valence and arousal whenever they
      changed.
    - Parameters go out when they changed, whoever changed them. Kept back is only the value that this very partner
      sent to this very address: a fader hears no echo.
    - Every `refresh_s` all values go out, for partners that came late or lost a packet.
    - Floats as `f`, whole numbers and switches as `i`, text as `s`; a choice as `s` and its number at
      `<address>_index`.

    A network that refuses and a value that cannot be told are counted in `failures` and logged at a bounded rate.
    """

    def __init__(
        self,
        datagrams: Datagrams,
        host: str,
        port: int,
        tree: ParameterTree,
        rate_hz: float = 30.0,
        refresh_s: float = 2.0,
    ) -> None:
        self._datagrams = datagrams
        self._host = host
        self._port = port
        self._tree = tree
        self._period_s = 1.0 / rate_hz
        self._refresh_s = refresh_s
        self._own_source = source_of((host, port))
        self._own_machine = source_of((host, 0)).removesuffix("0")
        self._tellings = {path: _tellings(param) for path, param in tree.params.items() if param.readable}
        self._thresholds = {path: _threshold(param) for path, param in tree.params.items()}
        self._sent: dict[str, Value] = {}
        self._written: dict[str, Value] = {}
        self._theirs: dict[str, _Sent] = {}
        self._refresh_due_s = -math.inf
        self._bounded_log = BoundedLog(log, period_s=10.0)
        self.next_s = -math.inf
        self.packets = 0
        self.messages = 0
        self.failures = 0
        tree.listen(self._on_write)

    def due(self, now_s: float) -> bool:
        """True when `step` would send."""
        return now_s >= self.next_s

    def step(self, now_s: float, readings: Mapping[str, Value]) -> None:
        """Send what changed, or everything when a refresh is due; does nothing before `next_s`. Never raises."""
        if not self.due(now_s):
            return
        late_s = now_s - self.next_s
        self.next_s = (self.next_s if late_s < self._period_s else now_s) + self._period_s
        refresh = now_s >= self._refresh_due_s
        if refresh:
            self._refresh_due_s = now_s + self._refresh_s
        heard = {path: value for path, value in readings.items() if refresh or self._moved(path, value)}
        written = self._tree.snapshot() if refresh else self._written
        self._sent.update(heard)
        messages = [
            message for path, value in heard.items() for message in self._messages(now_s, path, value)
        ]
        messages += [
            message for path, value in written.items() for message in self._messages(now_s, path, value)
        ]
        self._written = {}
        self._send(now_s, messages)

    def note_writes(self, now_s: float, writes: Iterable[SetParameter]) -> None:
        """Learn which writes came in; those of the partner, each to its one address, are not told back to it.

        From the port we send to it is the partner for certain: it never hears its value again. From another port of its
        machine it is, for all we know, the hand of the partner or another program: it hears the value again with the
        first refresh a second after the last write.
        """
        for write in writes:
            if write.source == self._own_source:
                self._theirs[write.address] = _Sent(write.raw, math.inf)
            elif write.source.startswith(self._own_machine):
                self._theirs[write.address] = _Sent(write.raw, now_s + HAND_S)

    def close(self) -> None:
        """Close the socket."""
        self._datagrams.close()

    def _on_write(self, path: str, value: Value, _: str) -> None:
        self._written[path] = value

    def _moved(self, path: str, value: Value) -> bool:
        before = self._sent.get(path)
        if before is None or isinstance(value, str) or isinstance(before, str):
            return value != before
        threshold = self._thresholds.get(path)
        if threshold is None:
            threshold = FREE_STEP * max(1.0, abs(before))
        return abs(value - before) > threshold

    def _messages(self, now_s: float, path: str, value: Value) -> list[bytes]:
        messages = []
        for telling in self._tellings.get(path, ()):
            try:
                if self._theirs and self._is_echo(now_s, telling.address, telling.told(value)):
                    continue
                message = telling.encode(value)
            except (ValueError, TypeError, OverflowError) as error:
                self._failed(now_s, f"{telling.address} cannot be told: {error}")
                continue
            if message is not None:
                messages.append(message)
        return messages

    def _is_echo(self, now_s: float, address: str, told: Value) -> bool:
        sent = self._theirs.get(address)
        if sent is None:
            return False
        if sent.raw == told and now_s < sent.until_s:
            return True
        del self._theirs[address]
        return False

    def _send(self, now_s: float, messages: list[bytes]) -> None:
        waiting: list[bytes] = []
        size = BUNDLE_HEAD
        for message in messages:
            if waiting and size + ELEMENT_HEAD + len(message) > PACKET_LIMIT:
                self._send_packet(now_s, waiting)
                waiting, size = [], BUNDLE_HEAD
            waiting.append(message)
            size += ELEMENT_HEAD + len(message)
        if waiting:
            self._send_packet(now_s, waiting)

    def _send_packet(self, now_s: float, messages: list[bytes]) -> None:
        try:
            self._datagrams.send(encode_bundle(messages), self._host, self._port)
        except OSError as error:
            self._failed(now_s, str(error))
            return
        self.packets += 1
        self.messages += len(messages)

    def _failed(self, now_s: float, why: str) -> None:
        self.failures += 1
        self._bounded_log.warning(
            now_s, "OSC to %s:%d failed: %s (it is tried again)", self._host, self._port, one_line(why)
        )


def _threshold(param: Param) -> float | None:
    if param.path in EVERY_MOVE or not param.is_float:
        return 0.0
    if param.low is None or param.high is None:
        return None
    return STEP * (param.high - param.low)


def _tellings(param: Param) -> tuple[_Telling, ...]:
    twin = index_twin(param)
    if twin is not None:
        return _telling_text(param.path), _telling_int(twin, param.choices.index)
    if isinstance(param.default, str):
        return (_telling_text(param.path),)
    if param.is_float:
        return (_telling_float(param.path),)
    return (_telling_int(param.path, int),)


def _telling_float(address: str) -> _Telling:
    head = encode_message(address, (0.0,))[:-4]

    def encode(value: Value) -> bytes | None:
        number = float(value)
        return head + _FLOAT.pack(number) if abs(number) <= LARGEST_FLOAT else None

    return _Telling(address, lambda value: value, encode)


def _telling_int(address: str, number_of: Callable[[Value], int]) -> _Telling:
    head = encode_message(address, (0,))[:-4]

    def told(value: Value) -> int:
        return max(-INT32_MAX - 1, min(number_of(value), INT32_MAX))

    return _Telling(address, told, lambda value: head + _INT.pack(told(value)))


def _telling_text(address: str) -> _Telling:
    def told(value: Value) -> str:
        return one_line(value, TEXT_LIMIT)

    return _Telling(address, told, lambda value: encode_message(address, (told(value),)))
