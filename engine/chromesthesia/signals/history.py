"""The last values of every signal, for trails and curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.signals.table import TABLE, Hearing, SignalTable


class History:
    """Keeps the newest `kept` values of every signal, oldest first, in one preallocated ring. For one thread.

    A listener that has heard nothing counts as at rest.
    """

    def __init__(self, kept: int, table: SignalTable = TABLE) -> None:
        self._table = table
        self._rows = {address: row for row, address in enumerate(table.addresses)}
        self._ring = np.zeros((len(self._rows), kept))
        self._count = 0

    def __len__(self) -> int:
        return min(self._count, self._ring.shape[1])

    def add(self, hearing: Hearing) -> None:
        """Take the values of this moment."""
        column = self._count % self._ring.shape[1]
        row = 0
        for listener in self._table.listeners:
            heard = hearing.get(listener)
            for signal in self._table.signals:
                self._ring[row, column] = signal.rest if heard is None else signal.read(heard)
                row += 1
        self._count += 1

    def state(self) -> dict[str, Any]:
        """What is kept, as plain values; `restore` takes it."""
        return {"ring": self._ring.copy(), "count": self._count}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`. Raises ValueError for one of other signals."""
        if np.shape(state["ring"]) != self._ring.shape:
            raise ValueError(f"a history of {np.shape(state['ring'])}, expected {self._ring.shape}")
        self._ring, self._count = np.array(state["ring"], dtype=float), int(state["count"])

    def last(self, address: str) -> NDArray[np.float64]:
        """The values kept of the signal at `address`, oldest first: float64 [n]. Raises KeyError for an unknown one."""
        values: NDArray[np.float64] = self._ring[self._rows[address]]
        first = self._count % len(values) if self._count > len(values) else 0
        return np.asarray(np.roll(values, -first)[: len(self)])
