"""OSC in: packets become commands. Whatever arrives, nothing is raised and nothing grows."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

from chromesthesia.control.actions import BY_PATH, commands_of
from chromesthesia.control.commands import Command, SetParameter
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock, Counting, Datagrams
from chromesthesia.core.user_files import one_line
from chromesthesia.params.declaration import Param
from chromesthesia.params.tree import Declared, ParameterTree, unknown_parameter
from chromesthesia.ports.osc.codec import (
    IMMEDIATELY,
    Argument,
    OscBundle,
    OscDecodeError,
    OscMessage,
    decode,
    seconds_ahead,
)
from chromesthesia.ports.osc.pattern import PatternCostError, StepBudget, is_pattern, matching
from chromesthesia.ports.osc.senders import Sender

log = logging.getLogger(__name__)

LOOKAHEAD_S = 2.0
"""A bundle is kept for its time when that is at most so far ahead; anything else is applied at once."""
PATTERN_CACHE = 256
INDEX_SUFFIX = "_index"
SHOWN_LETTERS = 80
"""How much of an address from the network is logged."""


class Post(Protocol):
    """`Controller.post`."""

    def __call__(self, *commands: Command, at_s: float | None = None) -> None: ...


@dataclass(slots=True)
class InputCounters:
    """packets received; messages turned into commands; malformed packets; messages to unknown addresses; messages
    without a usable argument or with too costly a pattern; packets of senders that are not allowed; our own packets
    come back."""

    packets: int = 0
    messages: int = 0
    malformed: int = 0
    unknown: int = 0
    refused: int = 0
    strangers: int = 0
    own: int = 0


def source_of(sender: Sender) -> str:
    """The source that a write from `sender` carries."""
    return f"osc:{sender[0]}:{sender[1]}"


def index_twin(param: Param) -> str | None:
    """The address that carries a choice as a number, for partners that know no strings; None when not a choice."""
    return param.path + INDEX_SUFFIX if param.choices else None


class OscInput:
    """Turns datagrams into commands for the controller.

    Every writable parameter is an address (a choice also as `<address>_index`), and so is every action of
    `params.actions`; an address pattern reaches all parameters it matches. Parameters that come and go with the tree's
    namespaces come and go here. `handle` is called from one thread and takes some microseconds.
    """

    def __init__(
        self,
        datagrams: Datagrams,
        tree: ParameterTree,
        post: Post,
        clock: Clock,
        wall_time_s: Callable[[], float] = time.time,
        allows: Callable[[Sender], bool] | None = None,
        is_own: Callable[[Sender], bool] | None = None,
    ) -> None:
        """wall_time_s: seconds since 1970; only bundles' time tags are read against it. allows: asked for every packet,
        None hears everybody. is_own: true for packets that we sent ourselves, which are ignored.
        """
        self._datagrams = datagrams
        self._tree = tree
        self._post = post
        self._clock = clock
        self._wall_time_s = wall_time_s
        self._allows = allows
        self._is_own = is_own
        self._patterns: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._declared: Declared | None = None
        self._index()
        self._budget = StepBudget()
        self._bounded_log = BoundedLog(log)
        self._stranger_log = BoundedLog(log)
        self.counters = InputCounters()

    @property
    def lost(self) -> int:
        """Datagrams that the system dropped before they were read; -1 where it does not tell."""
        return self._datagrams.lost

    def counts(self) -> dict[str, int]:
        """What became of the packets."""
        more = self._datagrams.counts() if isinstance(self._datagrams, Counting) else {}
        return {**asdict(self.counters), "lost": self.lost, **more}

    def run(self) -> None:
        """Handle datagrams until the socket is closed. Body of the receiving thread."""
        while (datagram := self._datagrams.receive()) is not None:
            try:
                self.handle(*datagram)
            except Exception:  # the thread's boundary: a fault of ours must not end remote control
                self.counters.malformed += 1
                self._bounded_log.warning(self._clock.now_s(), "a packet could not be handled", exc_info=True)

    def close(self) -> None:
        """Close the socket, which ends `run`."""
        self._datagrams.close()

    def handle(self, payload: bytes, sender: Sender) -> None:
        """Take one datagram. Malformed ones are counted and logged at a bounded rate; nothing is raised."""
        self.counters.packets += 1
        if not self._hears(sender):
            return
        try:
            packet = decode(payload)
        except OscDecodeError as error:
            self.counters.malformed += 1
            self._bounded_log.warning(self._clock.now_s(), "bad OSC packet from %s:%d: %s", *sender, error)
            return
        self._index()
        source = source_of(sender)
        if isinstance(packet, OscMessage):
            commands = self._commands(packet, source)
            if commands:
                self._post(*commands)
        else:
            self._open(packet, source)

    def _index(self) -> None:
        """Learn the addresses that there are, when they changed."""
        declared = self._tree.declared
        if declared is self._declared:
            return
        self._declared = declared
        params = declared.params
        self._paths = tuple(path for path, param in params.items() if param.writable)
        self._targets = {path: path for path in self._paths}
        for path in self._paths:
            twin = index_twin(params[path])
            if twin is not None and twin not in params:
                self._targets[twin] = path
        self._patterns.clear()

    def _hears(self, sender: Sender) -> bool:
        if self._is_own is not None and self._is_own(sender):
            self.counters.own += 1
            if self.counters.own == 1:
                log.warning("OSC out comes back to our own port: those packets are ignored")
            return False
        if self._allows is not None and not self._allows(sender):
            self.counters.strangers += 1
            self._stranger_log.warning(
                self._clock.now_s(), "packet from %s:%d ignored: not in --osc-allow", *sender
            )
            return False
        return True

    def _open(self, bundle: OscBundle, source: str) -> None:
        commands: list[Command] = []
        for element in bundle.elements:
            if isinstance(element, OscBundle):
                self._open(element, source)
            else:
                commands += self._commands(element, source)
        if commands:
            self._post(*commands, at_s=self._due_s(bundle.time_tag))

    def _due_s(self, time_tag: int) -> float | None:
        if time_tag == IMMEDIATELY:
            return None
        ahead_s = seconds_ahead(time_tag, self._wall_time_s())
        return self._clock.now_s() + ahead_s if 0.0 < ahead_s <= LOOKAHEAD_S else None

    def _commands(self, message: OscMessage, source: str) -> list[Command]:
        address, arguments = message.address, message.arguments
        target = self._targets.get(address)
        if target is not None:
            commands = self._set((target,), arguments, source, address)
        elif address in BY_PATH:
            asked = commands_of(BY_PATH[address], arguments, source)
            if asked is not None:
                self.counters.messages += 1
                return asked
            commands = []
        elif is_pattern(address):
            try:
                paths = self._expand(address)
            except PatternCostError as error:
                self.counters.refused += 1
                self._bounded_log.warning(self._clock.now_s(), "%s: %s", source, error)
                return []
            if not paths:
                return self._unknown(address, source)
            commands = self._set(paths, arguments, source)
        else:
            return self._unknown(address, source)
        if commands:
            self.counters.messages += 1
        else:
            self.counters.refused += 1
            self._bounded_log.warning(
                self._clock.now_s(),
                "%s sent %s without a usable argument",
                source,
                one_line(address, SHOWN_LETTERS),
            )
        return commands

    def _set(
        self, paths: tuple[str, ...], arguments: tuple[Argument, ...], source: str, address: str = ""
    ) -> list[Command]:
        if not arguments or isinstance(arguments[0], bytes | None):
            return []
        return [SetParameter(path, arguments[0], source, address) for path in paths]

    def _expand(self, pattern: str) -> tuple[str, ...]:
        self._budget.refill(self._clock.now_s())
        paths = self._patterns.get(pattern)
        if paths is None:
            paths = matching(pattern, self._paths, self._budget)
            self._patterns[pattern] = paths
            if len(self._patterns) > PATTERN_CACHE:
                self._patterns.popitem(last=False)
        self._budget.spend(len(paths))
        return paths

    def _unknown(self, address: str, source: str) -> list[Command]:
        self.counters.unknown += 1
        now_s = self._clock.now_s()
        if self._bounded_log.admits(now_s):
            known = (*self._targets, *BY_PATH)
            self._bounded_log.warning(now_s, "%s: %s", source, unknown_parameter(address, known))
        return []
