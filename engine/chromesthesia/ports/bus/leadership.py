"""Which of several ears leads: leases, and the higher epoch wins. Pure steps, no network."""

from __future__ import annotations

import threading
from dataclasses import dataclass

LEASE_EVERY_S = 0.1
LEASE_S = 0.5
"""An ear that was not heard for so long is gone."""
LISTEN_S = 0.8
"""So long a fresh ear listens for one that leads already, before it begins to lead."""
STANDBY_WAITS_S = 10.0
"""And a stand-by: when the ear it stands by for never came."""
STAGGER_S = 0.1
"""Stand-bys step forward one after the other, by their names."""


@dataclass(frozen=True, slots=True)
class Leader:
    """Who leads. Of two the higher epoch counts, then the name."""

    epoch: int
    ear: str
    show: str

    @property
    def rank(self) -> tuple[int, str]:
        """What two are compared by."""
        return self.epoch, self.ear


class Leadership:
    """One ear's view of who leads. Any thread; `now_s` are times of one clock."""

    def __init__(self, ear: str, show: str, standby: bool, now_s: float) -> None:
        """show: the name of the show that this ear would begin, were there none."""
        self.ear = ear
        self._show = show
        self._wait_until_s = now_s + (STANDBY_WAITS_S if standby else LISTEN_S)
        self._lock = threading.Lock()
        self._leader: Leader | None = None
        self._heard_s = now_s
        self._seen_epoch = 0
        self._standbys: dict[str, float] = {}
        self.changes = 0
        """How often another began to lead."""

    @property
    def leader(self) -> Leader | None:
        """Who leads now, as far as is known here."""
        return self._leader

    @property
    def leads(self) -> bool:
        """True while this ear does."""
        leader = self._leader
        return leader is not None and leader.ear == self.ear

    def heard(self, leader: Leader, leads: bool, now_s: float) -> None:
        """An ear said that it is there."""
        if leader.ear == self.ear:
            return
        with self._lock:
            if not leads:
                if len(self._standbys) < 64:
                    self._standbys[leader.ear] = now_s
                return
            self._seen_epoch = max(self._seen_epoch, leader.epoch)
            before = self._leader
            if before is None or before == leader or leader.rank > before.rank or self._lost(now_s):
                self.changes += before is not None and before.ear != leader.ear
                self._leader, self._heard_s = leader, now_s

    def seen(self, epoch: int) -> None:
        """A light has followed an ear of this epoch: who begins to lead goes beyond it."""
        with self._lock:
            self._seen_epoch = max(self._seen_epoch, epoch)

    def step(self, now_s: float) -> bool:
        """True when this ear begins to lead now."""
        with self._lock:
            if self.leads:
                return False
            if self._leader is None:
                if now_s < self._wait_until_s:
                    return False
            elif now_s - self._heard_s < LEASE_S + STAGGER_S * self._place(now_s):
                return False
            show = self._show if self._leader is None else self._leader.show
            self.changes += self._leader is not None
            self._leader = Leader(self._seen_epoch + 1, self.ear, show)
            self._seen_epoch += 1
            return True

    def begin_anew(self) -> Leader:
        """Lead a show of this ear's own: that of the ear before could not be gone on with."""
        with self._lock:
            assert self._leader is not None
            self._leader = Leader(self._leader.epoch, self.ear, self._show)
            return self._leader

    def _lost(self, now_s: float) -> bool:
        return not self.leads and now_s - self._heard_s >= LEASE_S

    def _place(self, now_s: float) -> int:
        """How many other stand-bys come before this one; never so many that a second goes by."""
        others = [ear for ear, at_s in self._standbys.items() if now_s - at_s < 2.0 * LEASE_S]
        return min(3, sum(ear < self.ear for ear in others))
