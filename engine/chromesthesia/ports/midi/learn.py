"""Which control somebody wants: the next one that is really moved."""

from __future__ import annotations

from chromesthesia.ports.midi.bindings import Key

MOVED = 3
"""A controller that was heard before has moved when it is this far, of 127, from where it was: worn pots tremble."""
_BEND_MOVED = 1024
_LSB = 32


class Learner:
    """Watches every control, and says which one moves. One thread.

    Two controllers 32 apart that come one behind the other are one of 14 bits.
    """

    def __init__(self) -> None:
        self._first: dict[Key, int] = {}
        self._pairs: set[Key] = set()
        self._last: Key | None = None

    def begin(self) -> None:
        """Somebody asks: what moved before does not count."""
        self._first.clear()

    def watch(self, key: Key, value: int) -> Key | None:
        """The control that was moved, with a pair of controllers as one; None while it may be a tremor.

        value: 0..127, of a bend 0..16383; 0 for a note that is let go.
        """
        control, channel, number = key
        if control == "note":
            return key if value else None
        last, self._last = self._last, key
        if control == "cc" and number >= _LSB and last == ("cc", channel, number - _LSB):
            self._pairs.add(("cc", channel, number - _LSB))
        first = self._first.setdefault(key, value)
        if abs(value - first) < (_BEND_MOVED if control == "bend" else MOVED):
            return None
        for coarse in (number, number - _LSB):
            if control == "cc" and ("cc", channel, coarse) in self._pairs:
                return ("cc14", channel, coarse)
        return key
