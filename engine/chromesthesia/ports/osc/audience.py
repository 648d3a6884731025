"""Who is told over OSC: the partners named at the start, and those that subscribed, for as long as they asked."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from chromesthesia.control.commands import SetParameter, Subscribe, Unsubscribe
from chromesthesia.core.errors import NetworkError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.user_files import shown
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.output import OscOutput, Sends
from chromesthesia.ports.osc.senders import NAME, Sender, source_of
from chromesthesia.ports.osc.tcp import WAY
from chromesthesia.ports.osc.udp import LOOPBACK, is_this_machine
from chromesthesia.ports.port import Readings

log = logging.getLogger(__name__)

SUBSCRIBER_LIMIT = 16
"""Most subscriptions at a time."""
USUAL_S = 60.0
"""How long one lasts when nobody says."""

FIRST_NEWS_S = 0.05
"""Between the first packets to two new subscribers: they tell everything, and whoever comes and goes pays for that."""

_SOURCE = re.compile(r"([a-z]+):([0-9.]{7,15}):([0-9]{1,5})(?:/([a-z]+))?")


@dataclass(frozen=True, slots=True)
class Ways:
    """What subscribers are told through. datagrams: the socket that OSC comes in by, so that an answer comes from where
    the question went. streams: connections, None without TCP; is_connected: true while a partner is. in_port: our own.
    may_name: true for addresses that anybody may subscribe, None for nobody's but the sender's.
    """

    datagrams: Sends
    in_port: int
    streams: Sends | None = None
    is_connected: Callable[[Sender], bool] = lambda sender: False
    may_name: Callable[[Sender], bool] | None = None
    is_here: Callable[[str], bool] = is_this_machine


@dataclass(frozen=True, slots=True)
class Target:
    """Where a subscriber is told. way: empty for UDP."""

    host: str
    port: int
    way: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" + (f" over {self.way.upper()}" if self.way else "")


@dataclass(slots=True)
class _Subscription:
    output: OscOutput
    until_s: float


class Audience:
    """Every partner that is told, each with what it has not been told yet. All of it runs on the control thread.

    A partner that subscribed is known by where it is told and by where it asked from: what it sets itself is not told
    back to it, and is told to all others at once.
    """

    def __init__(
        self, tree: ParameterTree, fixed: Sequence[OscOutput] = (), ways: Ways | None = None
    ) -> None:
        """fixed: partners that stay. ways: None where nobody can subscribe."""
        self._tree = tree
        self._fixed = tuple(fixed)
        self._ways = ways
        self._subscriptions: dict[Target, _Subscription] = {}
        self._first_news_s = -inf
        self._known: frozenset[str] = frozenset()
        self._gone = {"packets_out": 0, "messages_out": 0, "failures": 0}
        self._bounded_log = BoundedLog(log)
        for output in self._fixed:
            output.is_anothers = self._is_known
        self._learn()

    @property
    def outputs(self) -> list[OscOutput]:
        """Everybody who is told now."""
        return [*self._fixed, *(each.output for each in self._subscriptions.values())]

    @property
    def targets(self) -> tuple[Target, ...]:
        """Those who subscribed."""
        return tuple(self._subscriptions)

    @property
    def next_s(self) -> float:
        """When there may be something to send next."""
        return min((output.next_s for output in self.outputs), default=inf)

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Tell everybody what is due; readings are asked for only then."""
        self._expire(now_s)
        for output in self.outputs:
            output.note_writes(now_s, writes)
            if output.due(now_s):
                output.step(now_s, readings())

    def subscribe(self, command: Subscribe, now_s: float) -> None:
        """Begin to tell a partner, or go on for longer. Raises NetworkError where that may not be."""
        ways, target = self._target(command)
        until_s = now_s + (USUAL_S if command.seconds is None else command.seconds)
        self._expire(now_s)
        known = self._subscriptions.get(target)
        if known is not None:
            known.until_s = until_s
            known.output.sources = _sources(target, command.source)
            self._learn()
            return
        if len(self._subscriptions) >= SUBSCRIBER_LIMIT:
            raise NetworkError(
                f"{target} cannot subscribe: {SUBSCRIBER_LIMIT} are subscribed", "wait for one to be over"
            )
        if self._first_news_s > now_s + SUBSCRIBER_LIMIT * FIRST_NEWS_S:
            raise NetworkError(f"{target} cannot subscribe: too many did just now", "ask again in a second")
        sends = ways.streams if target.way and ways.streams is not None else ways.datagrams
        output = OscOutput(sends, target.host, target.port, self._tree)
        output.is_anothers = self._is_known
        output.sources = _sources(target, command.source)
        output.feed.next_s = max(now_s, self._first_news_s)
        self._first_news_s = output.feed.next_s + FIRST_NEWS_S
        self._subscriptions[target] = _Subscription(output, until_s)
        self._learn()
        self._bounded_log.info(now_s, "%s subscribed over OSC, for %.0f s", target, until_s - now_s)

    def unsubscribe(self, command: Unsubscribe, now_s: float) -> None:
        """End a subscription; raises NetworkError when there is none."""
        _, target = self._target(command)
        if target not in self._subscriptions:
            raise NetworkError(f"{target} is not subscribed", "it may be over")
        self._end(target, now_s, "ended its subscription")

    def counts(self) -> dict[str, int]:
        """What was sent, and what could not be, to everybody there is and was."""
        total = {"subscribers": len(self._subscriptions), **self._gone}
        for output in self.outputs:
            for name, count in output.counts().items():
                total[name] = total.get(name, 0) + count
        return total

    def close(self) -> None:
        """Tell nobody any more."""
        for output in self.outputs:
            output.close()

    def _is_known(self, source: str) -> bool:
        return source in self._known

    def _learn(self) -> None:
        self._known = frozenset(source for output in self.outputs for source in output.sources)

    def _expire(self, now_s: float) -> None:
        if not self._subscriptions or self._ways is None:
            return
        for target, subscription in list(self._subscriptions.items()):
            if now_s >= subscription.until_s:
                self._end(target, now_s, "is told no more: its subscription is over")
            elif target.way and not self._ways.is_connected((target.host, target.port)):
                self._end(target, now_s, "is told no more: its connection is closed")

    def _end(self, target: Target, now_s: float, why: str) -> None:
        output = self._subscriptions.pop(target).output
        output.close()
        for name, count in output.counts().items():
            self._gone[name] = self._gone.get(name, 0) + count
        self._learn()
        self._bounded_log.info(now_s, "%s %s", target, why)

    def _target(self, command: Subscribe | Unsubscribe) -> tuple[Ways, Target]:
        ways = self._ways
        if ways is None:
            raise NetworkError("nobody can subscribe in this show", "name partners with --osc-to")
        found = _SOURCE.fullmatch(command.source)
        if command.host is None or command.port is None:
            target = _itself(found)
            if target is None:
                raise NetworkError(
                    f"{command.source} has no address to be told at over OSC", "send host and port"
                )
        else:
            target = Target(_address(command.host), command.port)
            self._check(ways, target, None if found is None else found.group(2))
        if not target.way and target.port == ways.in_port and ways.is_here(target.host):
            raise NetworkError(
                f"{target} is the port that OSC comes in by", "send the port that you listen on"
            )
        return ways, target

    def _check(self, ways: Ways, target: Target, asker: str | None) -> None:
        """Hold that this target may be named by somebody at the address `asker`."""
        address = ipaddress.IPv4Address(target.host)
        if target.host == asker:
            return
        if address.is_loopback:
            # To somebody else's machine our loopback is none of its business.
            if asker is None or ways.is_here(asker):
                return
        elif ways.may_name is not None and ways.may_name((target.host, target.port)):
            return
        raise NetworkError(
            f"{asker or 'this'} may not subscribe {target.host}, only its own address",
            "--osc-allow names others, --osc-to tells them from the start",
        )


def handlers(audience: Audience) -> Mapping[type, Callable[..., None]]:
    """What `Controller.handle` is given, by kind of command."""
    return {Subscribe: audience.subscribe, Unsubscribe: audience.unsubscribe}


def _sources(target: Target, asker: str) -> frozenset[str]:
    return frozenset((source_of((target.host, target.port), target.way), asker))


def _itself(source: re.Match[str] | None) -> Target | None:
    """Where whoever asked is told when it names nothing: the way it asked by. None when that was not OSC."""
    if source is None or source.group(1) != NAME:
        return None
    way = source.group(4) or ""
    port = int(source.group(3))
    return Target(_address(source.group(2)), port, way) if way in ("", WAY) and 0 < port < 65_536 else None


def _address(host: str) -> str:
    """An IPv4 address that one machine may have; no name is looked up, because that may take seconds."""
    if host.strip().casefold() == "localhost":
        return LOOPBACK
    try:
        address = ipaddress.IPv4Address(host.strip())
    except ValueError as error:
        raise NetworkError(f"{shown(host)} is no IPv4 address", "e.g. 192.168.1.20, or localhost") from error
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        raise NetworkError(f"{address} is no address of one machine", "--osc-to takes groups of them")
    return str(address)
