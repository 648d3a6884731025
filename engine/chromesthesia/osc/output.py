"""OSC out: readings and changed parameters, sent on change, at a bounded rate, in packets that no network splits."""

from __future__ import annotations

import logging
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

from chromesthesia.control.bounded_log import BoundedLog
from chromesthesia.osc.codec import encode_bundle, encode_message
from chromesthesia.osc.input import index_twin
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.values import INT32_MAX, TEXT_LIMIT
from chromesthesia.seams import Datagrams

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

LARGEST_FLOAT = 3.4028234e38
_FLOAT = struct.Struct(">f")
_INT = struct.Struct(">i")

Encode = Callable[[Value], bytes | None]
"""A value to its message; None when the value cannot be told."""


class OscOutput:
    """Sends to one partner. All of it runs on the control thread.

    - Readings go out at up to `rate_hz` when they changed by more than a threshold; valence and arousal whenever they
      changed.
    - Parameters go out when they were written, except to the machine that wrote them: a fader hears no echo.
    - Every `refresh_s` all values go out, for partners that came late or lost a packet.
    - Floats as `f`, whole numbers and switches as `i`, text as `s`; a choice as `s` and its number at
      `<address>_index`.

    A network that refuses is counted in `failures` and logged at a bounded rate.
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
        self._own_source = f"osc:{host}:"
        self._encoders = {path: _encoders(param) for path, param in tree.params.items() if param.readable}
        self._thresholds = {path: _threshold(param) for path, param in tree.params.items()}
        self._sent: dict[str, Value] = {}
        self._written: dict[str, Value] = {}
        self._theirs: set[str] = set()
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
        values = {path: value for path, value in readings.items() if refresh or self._moved(path, value)}
        values.update(self._parameters() if refresh else self._written)
        self._written.clear()
        self._sent.update((path, value) for path, value in values.items() if path in readings)
        self._send(
            now_s, [message for path, value in values.items() for message in self._messages(path, value)]
        )

    def close(self) -> None:
        """Close the socket."""
        self._datagrams.close()

    def _on_write(self, path: str, value: Value, source: str) -> None:
        if source.startswith(self._own_source):
            self._theirs.add(path)
            self._written.pop(path, None)
        else:
            self._theirs.discard(path)
            self._written[path] = value

    def _parameters(self) -> dict[str, Value]:
        return {path: value for path, value in self._tree.snapshot().items() if path not in self._theirs}

    def _moved(self, path: str, value: Value) -> bool:
        before = self._sent.get(path)
        if before is None or isinstance(value, str) or isinstance(before, str):
            return value != before
        threshold = self._thresholds.get(path)
        if threshold is None:
            threshold = FREE_STEP * max(1.0, abs(before))
        return abs(value - before) > threshold

    def _messages(self, path: str, value: Value) -> list[bytes]:
        return [message for encode in self._encoders.get(path, ()) if (message := encode(value)) is not None]

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
            self.failures += 1
            self._bounded_log.warning(now_s, "OSC to %s:%d failed: %s", self._host, self._port, error)
            return
        self.packets += 1
        self.messages += len(messages)


def _threshold(param: Param) -> float | None:
    if param.path in EVERY_MOVE or not param.is_float:
        return 0.0
    if param.low is None or param.high is None:
        return None
    return STEP * (param.high - param.low)


def _encoders(param: Param) -> tuple[Encode, ...]:
    twin = index_twin(param)
    if twin is not None:
        return _encode_text(param.path), _encode_int(twin, param.choices.index)
    if isinstance(param.default, str):
        return (_encode_text(param.path),)
    if param.is_float:
        return (_encode_float(param.path),)
    return (_encode_int(param.path, int),)


def _encode_float(address: str) -> Encode:
    head = encode_message(address, (0.0,))[:-4]

    def encode(value: Value) -> bytes | None:
        number = float(value)
        return head + _FLOAT.pack(number) if abs(number) <= LARGEST_FLOAT else None

    return encode


def _encode_int(address: str, number_of: Callable[[Any], int]) -> Encode:
    head = encode_message(address, (0,))[:-4]

    def encode(value: Value) -> bytes | None:
        return head + _INT.pack(max(-INT32_MAX - 1, min(number_of(value), INT32_MAX)))

    return encode


def _encode_text(address: str) -> Encode:
    def encode(value: Value) -> bytes | None:
        return encode_message(address, (str(value).replace("\0", " ")[:TEXT_LIMIT],))

    return encode
