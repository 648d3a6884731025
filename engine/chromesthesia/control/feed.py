"""What one subscriber is to be told of a show: what changed, at a bounded rate, and never its own echo."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from chromesthesia.control.commands import SetParameter
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.tree import Declared, ParameterTree

STEP = 1e-3
"""A reading is told again when it moved by more than this part of its range."""
FREE_STEP = 1e-3
"""The same for readings without a range: this much, or this part of the value."""


@dataclass(frozen=True, slots=True)
class View:
    """One address under which a subscriber is told a value. told: the value as it goes out there."""

    address: str
    told: Callable[[Value], Value]


V = TypeVar("V", bound=View)


@dataclass(frozen=True, slots=True)
class News(Generic[V]):
    """What is to be told, in this order. removed, added: namespaces of parameters that went and came."""

    removed: tuple[str, ...]
    added: tuple[str, ...]
    values: Sequence[tuple[V, Value]]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What the subscriber itself sent to an address of a parameter, and until when it is not told that."""

    path: str
    raw: object
    until_s: float


class ChangeFeed(Generic[V]):
    """The changes that one subscriber has not been told. All of it runs on the control thread.

    - Readings are news at up to `rate_hz` when they moved by more than their step, a thousandth of their range.
    - Parameters are news when they changed, whoever changed them. Kept back is only the value that this very
      subscriber sent to this very address: a fader hears no echo.
    - Namespaces are news when they came or went; with one that came all its values are.
    - Every `refresh_s` all values are news, for subscribers that came late or lost a packet.
    """

    def __init__(
        self,
        tree: ParameterTree,
        views: Callable[[Param], Sequence[V]],
        hold_s: Callable[[str], float],
        rate_hz: float = 30.0,
        refresh_s: float = 2.0,
    ) -> None:
        """views: the addresses of a parameter. hold_s: for so long the subscriber is not told a value that came from
        this source; 0 for a source that is not it, infinity for one that is for certain."""
        self._tree = tree
        self._views_of = views
        self._hold_s = hold_s
        self._period_s = 1.0 / rate_hz
        self._refresh_s = refresh_s
        self._views: dict[str, tuple[V, ...]] = {}
        self._steps: dict[str, float | None] = {}
        self._sent: dict[str, Value] = {}
        self._written: dict[str, Value] = {}
        self._theirs: dict[str, _Sent] = {}
        self._resting: dict[str, float] = {}
        self._refresh_due_s = -math.inf
        self._declared = Declared({})
        self._learn(tree.declared.params.values())
        self._declared = tree.declared
        self.next_s = -math.inf
        """When there may be news next."""
        tree.listen(self._on_write)

    def close(self) -> None:
        """Listen no more."""
        self._tree.unlisten(self._on_write)

    @property
    def held(self) -> int:
        """How many addresses have a value that is kept back; at most one for each there is."""
        return len(self._theirs)

    def due(self, now_s: float) -> bool:
        """True when `take` would look."""
        return now_s >= self.next_s

    def take(self, now_s: float, readings: Mapping[str, Value]) -> News[V] | None:
        """What changed since the last time, or everything when a refresh is due; None before `next_s`."""
        if not self.due(now_s):
            return None
        late_s = now_s - self.next_s
        self.next_s = (self.next_s if late_s < self._period_s else now_s) + self._period_s
        refresh = now_s >= self._refresh_due_s
        if refresh:
            self._refresh_due_s = now_s + self._refresh_s
        removed, added = self._follow_tree()
        self._tell_rested(now_s)
        heard = {path: value for path, value in readings.items() if refresh or self._moved(path, value)}
        self._sent.update(heard)
        written = self._tree.snapshot() if refresh else self._written
        self._written = {}
        values = [
            (view, value)
            for part in (heard, written)
            for path, value in part.items()
            for view in self._views.get(path, ())
            if not (self._theirs and self._is_echo(now_s, view, value))
        ]
        return News(removed, added, values)

    def note_writes(self, now_s: float, writes: Iterable[SetParameter]) -> None:
        """Learn which writes came in; those of the subscriber, each to its one address, are not told back to it.

        One that is the subscriber for certain never hears its value again. One that may be its hand, or another
        program, hears it when its time is over.
        """
        for write in writes:
            hold_s = self._hold_s(write.source)
            if hold_s > 0.0:
                self._theirs[write.address] = _Sent(write.path, write.raw, now_s + hold_s)
                if hold_s < math.inf:
                    self._resting[write.address] = now_s + hold_s
                else:
                    self._resting.pop(write.address, None)

    def _tell_rested(self, now_s: float) -> None:
        """What was kept back because it may have been the subscriber's hand is news when the hand rests."""
        if not self._resting:
            return
        values = self._tree.snapshot()
        for address in [address for address, until_s in self._resting.items() if now_s >= until_s]:
            del self._resting[address]
            sent = self._theirs.pop(address, None)
            if sent is not None and sent.path in values:
                self._written.setdefault(sent.path, values[sent.path])

    def _learn(self, params: Iterable[Param]) -> None:
        for param in params:
            if param.readable:
                self._views[param.path] = tuple(self._views_of(param))
            self._steps[param.path] = _step(param)

    def _follow_tree(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        before, now = self._declared, self._tree.declared
        if now is before:
            return (), ()
        self._declared = now
        old, new = before.namespaces, now.namespaces
        removed = tuple(name for name, params in old.items() if new.get(name) is not params)
        added = tuple(name for name, params in new.items() if old.get(name) is not params)
        for path in (param.path for name in removed for param in old[name]):
            for view in self._views.pop(path, ()):
                self._theirs.pop(view.address, None)
                self._resting.pop(view.address, None)
            self._steps.pop(path, None)
            self._sent.pop(path, None)
        self._learn(param for name in added for param in new[name])
        values = self._tree.snapshot()
        came = [param.path for name in added for param in new[name] if param.writable]
        self._written = {path: value for path, value in self._written.items() if path in values}
        self._written.update((path, values[path]) for path in came)
        return removed, added

    def _on_write(self, path: str, value: Value, _: str) -> None:
        self._written[path] = value

    def _moved(self, path: str, value: Value) -> bool:
        before = self._sent.get(path)
        if before is None or isinstance(value, str) or isinstance(before, str):
            return value != before
        step = self._steps.get(path)
        if step is None:
            step = FREE_STEP * max(1.0, abs(before))
        return abs(value - before) > step

    def _is_echo(self, now_s: float, view: V, value: Value) -> bool:
        sent = self._theirs.get(view.address)
        if sent is None:
            return False
        try:
            if sent.raw == view.told(value) and now_s < sent.until_s:
                return True
        except (ValueError, TypeError, OverflowError):
            return False  # whoever tells it finds the same
        del self._theirs[view.address]
        return False


def _step(param: Param) -> float | None:
    if param.step is not None:
        return param.step
    if not param.is_float:
        return 0.0
    if param.low is None or param.high is None:
        return None
    return STEP * (param.high - param.low)
