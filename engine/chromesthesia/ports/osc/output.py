"""OSC out: readings and changed parameters, sent on change, at a bounded rate, in packets that no network splits."""

from __future__ import annotations

import functools
import logging
import math
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.feed import ChangeFeed, View
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.user_files import one_line
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.twins import index_address
from chromesthesia.params.values import INT32_MAX, TEXT_LIMIT
from chromesthesia.ports.osc.codec import encode_bundle, encode_message
from chromesthesia.ports.osc.senders import source_of

log = logging.getLogger(__name__)

PACKET_LIMIT = 1400
"""Largest payload in bytes: fits one Ethernet frame with room for tunnels."""
BUNDLE_HEAD = 16
ELEMENT_HEAD = 4
ADDED, REMOVED = "/parameters/added", "/parameters/removed"
"""Told with the address that parameters which came or went begin with."""

HAND_S = 0.5
"""So long after a write from the partner's machine the value is not told back: a hand may still be on the fader."""

LARGEST_FLOAT = 3.4028234e38
_FLOAT = struct.Struct(">f")
_INT = struct.Struct(">i")


@dataclass(frozen=True, slots=True)
class _Telling(View):
    """An address with its message: `encode` gives None for what cannot be told."""

    encode: Callable[[Value], bytes | None]


class Sends(Protocol):
    """What a partner is told through. `send` never waits and raises OSError when the network refuses."""

    def send(self, payload: bytes, host: str, port: int) -> None: ...


class OscOutput:
    """Sends to one partner, or to all at a broadcast or multicast address. All of it runs on the control thread.

    What is sent is the news of a `ChangeFeed`: readings at up to `rate_hz`, changed parameters but for the partner's
    own echo, everything every `refresh_s`. Namespaces that come or go are told at `ADDED` and `REMOVED`. Floats go as
    `f`, whole numbers and switches as `i`, text as `s`; a choice as `s` and its number at `<address>_index`.

    A network that refuses and a value that cannot be told are counted in `failures` and logged at a bounded rate.
    """

    def __init__(
        self,
        datagrams: Sends,
        host: str,
        port: int,
        tree: ParameterTree,
        rate_hz: float = 30.0,
        refresh_s: float = 2.0,
    ) -> None:
        self._datagrams = datagrams
        self._host = host
        self._port = port
        self.sources = frozenset((source_of((host, port)),))
        """Sources that are this partner for certain."""
        self.is_anothers: Callable[[str], bool] = lambda source: False
        """True for a source that is known to be another partner."""
        self._machine = source_of((host, 0)).removesuffix("0")
        self.feed = ChangeFeed(tree, _tellings, self._hold_s, rate_hz, refresh_s)
        self._bounded_log = BoundedLog(log, period_s=10.0)
        self.packets = 0
        self.messages = 0
        self.failures = 0

    @property
    def next_s(self) -> float:
        """When there may be something to send next."""
        return self.feed.next_s

    def due(self, now_s: float) -> bool:
        """True when `step` would send."""
        return self.feed.due(now_s)

    def step(self, now_s: float, readings: Mapping[str, Value]) -> None:
        """Send what changed, or everything when a refresh is due; does nothing before `next_s`. Never raises."""
        news = self.feed.take(now_s, readings)
        if news is None:
            return
        messages = [encode_message(REMOVED, (namespace,)) for namespace in news.removed]
        messages += [encode_message(ADDED, (namespace,)) for namespace in news.added]
        for telling, value in news.values:
            try:
                message = telling.encode(value)
            except (ValueError, TypeError, OverflowError) as error:
                self._failed(now_s, f"{telling.address} cannot be told: {error}")
                continue
            if message is not None:
                messages.append(message)
        self._send(now_s, messages)

    def note_writes(self, now_s: float, writes: Iterable[SetParameter]) -> None:
        """Learn which writes came in, so that the partner does not hear its own echo."""
        self.feed.note_writes(now_s, writes)

    def _hold_s(self, source: str) -> float:
        """From the port we send to it is the partner for certain; another of its machine's may be its hand."""
        if source in self.sources:
            return math.inf
        return HAND_S if source.startswith(self._machine) and not self.is_anothers(source) else 0.0

    def counts(self) -> dict[str, int]:
        """What was sent, and what could not be."""
        return {"packets_out": self.packets, "messages_out": self.messages, "failures": self.failures}

    def close(self) -> None:
        """Tell no more. The socket stays open: it may serve others."""
        self.feed.close()

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


@functools.lru_cache(maxsize=4096)
def _tellings(param: Param) -> tuple[_Telling, ...]:
    twin = index_address(param)
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
