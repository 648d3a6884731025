"""MIDI out to the controllers: motor faders, rings and lamps show what they steer, whoever changed it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.midi.bindings import Binding, Bindings
from chromesthesia.ports.midi.input import SOURCE, ends

PERIOD_S = 1.0 / 30.0
"""A value that changes all the time is told so often."""
_FULL, _FULL_14 = 127, 16_383


class Feedback:
    """What to tell the controllers. Told of writes on the control thread, asked on another.

    A control is not told the value that it has just set itself: a hand is on it.
    """

    def __init__(
        self, tree: ParameterTree, bindings: Callable[[], Bindings], hand: Callable[[str], Binding | None]
    ) -> None:
        """hand: the control that set a value last."""
        self._tree = tree
        self._bindings = bindings
        self._hand = hand
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._by_hand: set[str] = set()
        self._all = True
        self._told: dict[Binding, int] = {}
        tree.listen(self._on_write)

    def close(self) -> None:
        """Listen to the tree no more."""
        self._tree.unlisten(self._on_write)

    def refresh(self) -> None:
        """Tell everything again: a device has come."""
        with self._lock:
            self._all = True

    def messages(self) -> list[tuple[int, ...]]:
        """What changed since the last call, as messages."""
        with self._lock:
            changed, self._changed = self._changed, set()
            by_hand, self._by_hand = self._by_hand, set()
            everything, self._all = self._all, False
        if not changed and not everything:
            return []
        if everything:
            self._told.clear()
        messages: list[tuple[int, ...]] = []
        values = self._tree.snapshot()
        for row in self._bindings().rows:
            param = self._tree.params.get(row.target)
            if param is None or row.target not in values or not (everything or row.target in changed):
                continue
            number = _number(row, param, values[row.target])
            if number is None or row.mode == "relative":
                continue
            held = row.target in by_hand and self._hand(row.target) is row
            if self._told.get(row) != number and not held:
                messages += _messages(row, number)
            self._told[row] = number
        return messages

    def _on_write(self, path: str, value: Value, source: str) -> None:
        with self._lock:
            self._changed.add(path)
            if source.startswith(SOURCE):
                self._by_hand.add(path)
            else:
                self._by_hand.discard(path)


def _number(row: Binding, param: Param, value: Value) -> int | None:
    """Where the control is to stand, 0 to 127 or, of 14 bits, to 16383; None for what no control can show."""
    full = _FULL_14 if row.control in ("cc14", "bend") else _FULL
    if isinstance(value, bool):
        return full if value else 0
    if isinstance(value, str):
        if value not in param.choices:
            return None
        value = param.choices.index(value)
    low, high = ends(row, param)
    return round(min(max((float(value) - low) / (high - low), 0.0), 1.0) * full)


def _messages(row: Binding, number: int) -> list[tuple[int, ...]]:
    channel = max(row.channel, 1) - 1
    match row.control:
        case "cc":
            return [(0xB0 | channel, row.number, number)]
        case "cc14":
            return [
                (0xB0 | channel, row.number, number >> 7),
                (0xB0 | channel, row.number + 32, number & 127),
            ]
        case "note":
            return [(0x90 | channel, row.number, number)]
        case "bend":
            return [(0xE0 | channel, number & 127, number >> 7)]
    return []
