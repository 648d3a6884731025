"""From a packet to the commands it asks for: the same for UDP, TCP and every other way that OSC packets come by."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from chromesthesia.control.actions import BY_PATH, commands_of, is_pressed
from chromesthesia.control.commands import Command, NudgeParameter, SetParameter, ToggleParameter
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line
from chromesthesia.params.tree import Declared, ParameterTree, unknown_parameter
from chromesthesia.params.twins import TwinKind, twins
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

log = logging.getLogger(__name__)

LOOKAHEAD_S = 2.0
"""A bundle is kept for its time when that is at most so far ahead; anything else is applied at once."""
PATTERN_CACHE = 256
SHOWN_LETTERS = 80
"""How much of an address from the network is logged."""


@dataclass(slots=True)
class ReadCounters:
    """messages turned into commands; malformed packets; messages to unknown addresses; messages without a usable
    argument or with too costly a pattern."""

    messages: int = 0
    malformed: int = 0
    unknown: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """Commands of one step; at_s: monotonic time to apply them, None for now. As `Controller.post` takes them."""

    commands: tuple[Command, ...]
    at_s: float | None = None


Make = Callable[[str, tuple[Argument, ...], str, str], list[Command] | None]
"""(path, arguments, source, address) to commands; none for a button let go, None when the arguments are of no use."""


class PacketReader:
    """Reads packets for one transport. `read` posts nothing and raises nothing; what it keeps is bounded.

    Every writable parameter is an address, and so are its twins (`params.twins`) and every action of `params.actions`;
    an address pattern reaches all parameters it matches. Parameters that come and go with the tree's namespaces come
    and go here. One thread at a time; some microseconds a packet, whatever the number of addresses.
    """

    def __init__(
        self,
        tree: ParameterTree,
        clock: Clock,
        wall_time_s: Callable[[], float] = time.time,
        counters: ReadCounters | None = None,
    ) -> None:
        """wall_time_s: seconds since 1970; only bundles' time tags are read against it. counters: where to count."""
        self._tree = tree
        self._clock = clock
        self._wall_time_s = wall_time_s
        self._patterns: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._declared: Declared | None = None
        self._paths: tuple[str, ...] = ()
        self._targets: Mapping[str, tuple[str, Make]] = {}
        self._budget = StepBudget()
        self._bounded_log = BoundedLog(log)
        self.counters = ReadCounters() if counters is None else counters
        self.overheard: Callable[[bytes, str], None] | None = None
        """Is told every packet that is one, and whose it is, on the thread that reads."""

    @property
    def patterns_kept(self) -> int:
        """How many patterns are kept with what they match; at most `PATTERN_CACHE`."""
        return len(self._patterns)

    def read(self, packet: bytes, source: str) -> list[Asked]:
        """What `source` asks for, in order; nothing, counted and logged at a bounded rate, for what cannot be used."""
        try:
            read = decode(packet)
        except OscDecodeError as error:
            self.counters.malformed += 1
            self._bounded_log.warning(self._clock.now_s(), "bad OSC packet from %s: %s", source, error)
            return []
        if self.overheard is not None:
            self.overheard(packet, source)
        self._index()
        if isinstance(read, OscMessage):
            commands = self._commands(read, source)
            return [Asked(tuple(commands))] if commands else []
        return list(self._open(read, source))

    def _index(self) -> None:
        """Learn the addresses that there are, when they changed."""
        declared = self._tree.declared
        if declared is self._declared:
            return
        self._declared = declared
        writable = [param for param in declared.params.values() if param.writable]
        self._paths = tuple(param.path for param in writable)
        targets: dict[str, tuple[str, Make]] = {
            twin.address: (twin.path, _MAKERS[twin.kind]) for param in writable for twin in twins(param)
        }
        for path in declared.params:
            targets.pop(path, None)  # what is declared is no twin
        targets.update((path, (path, _set)) for path in self._paths)
        self._targets = targets
        self._patterns.clear()

    def _open(self, bundle: OscBundle, source: str) -> Iterator[Asked]:
        commands: list[Command] = []
        for element in bundle.elements:
            if isinstance(element, OscBundle):
                yield from self._open(element, source)
            else:
                commands += self._commands(element, source)
        if commands:
            yield Asked(tuple(commands), self._due_s(bundle.time_tag))

    def _due_s(self, time_tag: int) -> float | None:
        if time_tag == IMMEDIATELY:
            return None
        ahead_s = seconds_ahead(time_tag, self._wall_time_s())
        return self._clock.now_s() + ahead_s if 0.0 < ahead_s <= LOOKAHEAD_S else None

    def _commands(self, message: OscMessage, source: str) -> list[Command]:
        address, arguments = message.address, message.arguments
        target = self._targets.get(address)
        commands: list[Command] | None
        if target is not None:
            path, make = target
            commands = make(path, arguments, source, address)
        elif address in BY_PATH:
            commands = commands_of(BY_PATH[address], arguments, source)
        elif is_pattern(address):
            try:
                paths = self._expand(address)
            except PatternCostError as error:
                self.counters.refused += 1
                self._bounded_log.warning(self._clock.now_s(), "%s: %s", source, error)
                return []
            if not paths:
                return self._unknown(address, source)
            usable = _is_usable(arguments)
            commands = [SetParameter(path, arguments[0], source) for path in paths] if usable else None
        else:
            return self._unknown(address, source)
        if commands is not None:
            self.counters.messages += 1
            return commands
        self.counters.refused += 1
        self._bounded_log.warning(
            self._clock.now_s(),
            "%s sent %s without a usable argument",
            source,
            one_line(address, SHOWN_LETTERS),
        )
        return []

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


def _is_usable(arguments: tuple[Argument, ...]) -> bool:
    return bool(arguments) and not isinstance(arguments[0], bytes | None)


def _set(path: str, arguments: tuple[Argument, ...], source: str, address: str) -> list[Command] | None:
    return [SetParameter(path, arguments[0], source, address)] if _is_usable(arguments) else None


def _nudge(path: str, arguments: tuple[Argument, ...], source: str, _: str) -> list[Command] | None:
    return [NudgeParameter(path, arguments[0], source)] if _is_usable(arguments) else None


def _toggle(path: str, arguments: tuple[Argument, ...], source: str, _: str) -> list[Command] | None:
    return [ToggleParameter(path, source)] if is_pressed(arguments) else []


_MAKERS: Mapping[TwinKind, Make] = {
    TwinKind.INDEX: _set,
    TwinKind.NUDGE: _nudge,
    TwinKind.TOGGLE: _toggle,
}
