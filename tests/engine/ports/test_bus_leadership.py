"""Which ear leads: leases under a manual clock."""

from __future__ import annotations

from chromesthesia.ports.bus.leadership import (
    LEASE_EVERY_S,
    LEASE_S,
    LISTEN_S,
    STANDBY_WAITS_S,
    Leader,
    Leadership,
)

STEP_S = 0.05


class Ears:
    """Some ears on one network; those in `cut` are not heard."""

    def __init__(self, **standby: bool) -> None:
        self.now_s = 100.0
        self.cut: set[str] = set()
        self.gone: set[str] = set()
        self.ears = {
            name: Leadership(name, f"show-{name}", wait, self.now_s) for name, wait in standby.items()
        }
        self.began: list[tuple[float, str]] = []

    def add(self, name: str, standby: bool = False) -> None:
        self.gone.discard(name)
        self.ears[name] = Leadership(name, f"show-{name}", standby, self.now_s)

    def run(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        lease_s = self.now_s
        while self.now_s < until_s:
            self.now_s += STEP_S
            for name, ear in self.ears.items():
                if name not in self.gone and ear.step(self.now_s):
                    self.began.append((self.now_s, name))
            if self.now_s >= lease_s:
                lease_s += LEASE_EVERY_S
                self._leases()

    def _leases(self) -> None:
        for name, ear in self.ears.items():
            if name in self.gone:
                continue
            leader = ear.leader if ear.leads and ear.leader else Leader(0, name, "none")
            for other_name, other in self.ears.items():
                parted = (name in self.cut) != (other_name in self.cut)
                if other_name not in self.gone and not parted:
                    other.heard(leader, ear.leads, self.now_s)

    @property
    def leading(self) -> list[str]:
        return [name for name, ear in self.ears.items() if name not in self.gone and ear.leads]


def test_the_ear_leads_and_the_standby_waits() -> None:
    ears = Ears(main=False, spare=True)
    ears.run(STANDBY_WAITS_S + 5.0)
    assert ears.leading == ["main"]
    assert ears.began[0][0] <= 100.0 + LISTEN_S + 2 * STEP_S


def test_a_standby_goes_on_within_a_second_in_the_same_show() -> None:
    ears = Ears(main=False, spare=True, third=True)
    ears.run(5.0)
    ears.gone.add("main")
    dead_s = ears.now_s
    ears.run(1.0)
    assert ears.leading == ["spare"]
    assert ears.began[-1][0] - dead_s < 1.0
    leader = ears.ears["spare"].leader
    assert leader is not None
    assert (leader.epoch, leader.show) == (2, "show-main")


def test_an_ear_that_comes_back_stands_by() -> None:
    ears = Ears(main=False, spare=True)
    ears.run(3.0)
    ears.gone.add("main")
    ears.run(2.0)
    ears.add("main")
    ears.run(5.0)
    assert ears.leading == ["spare"]


def test_a_parted_network_has_one_ear_again_when_it_heals_and_the_higher_epoch_wins() -> None:
    ears = Ears(main=False, spare=True)
    ears.run(3.0)
    ears.cut.add("spare")
    ears.run(2.0)
    assert sorted(ears.leading) == ["main", "spare"]  # each for the lights on its side
    ears.cut.clear()
    ears.run(0.3)
    assert ears.leading == ["spare"]


def test_two_that_begin_at_once_agree_by_their_names() -> None:
    ears = Ears(a=False, b=False)
    ears.cut.add("b")
    ears.run(2.0)
    assert sorted(ears.leading) == ["a", "b"]
    ears.cut.clear()
    ears.run(0.3)
    assert ears.leading == ["b"]


def test_a_standby_leads_at_last_where_no_ear_ever_came() -> None:
    ears = Ears(spare=True)
    ears.run(STANDBY_WAITS_S - 1.0)
    assert ears.leading == []
    ears.run(2.0)
    assert ears.leading == ["spare"]


def test_a_fresh_ear_goes_beyond_the_epoch_that_its_lights_have_seen() -> None:
    ear = Leadership("main", "show", False, 0.0)
    ear.seen(7)
    assert ear.step(LISTEN_S)
    assert ear.leader == Leader(8, "main", "show")


def test_a_late_lease_of_a_dead_ear_changes_nothing() -> None:
    ear = Leadership("spare", "own", True, 0.0)
    ear.heard(Leader(3, "main", "show"), True, 1.0)
    assert ear.step(1.0 + LEASE_S)
    ear.heard(Leader(3, "main", "show"), True, 1.6)
    assert ear.leads
