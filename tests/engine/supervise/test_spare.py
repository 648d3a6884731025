"""An engine in waiting: taken when one is needed, told what to play, and never left behind."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field

import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.supervise.child import ChildEngine
from chromesthesia.supervise.last_picture import open_memory
from chromesthesia.supervise.spare import POSSIBLE, SPARE_AFTER_S, Starter, go_text
from chromesthesia.testing.supervise import FakeEngine

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="Windows starts every engine afresh")
WAITS = """import json, os, sys
orders = json.loads(os.environ["CHROMESTHESIA_SUPERVISED"])
line = open(orders["go"], "rb", buffering=0).readline()
sys.exit(40 + json.loads(line)["safe_look"] if line else 7)
"""


@dataclass
class FakeSpare(FakeEngine):
    """Goes when it is told to, unless it is gone."""

    levels: list[int] = field(default_factory=list)

    def go(self, level: int) -> bool:
        self.levels.append(level)
        return self.code is None


class Yard:
    """A starter over fakes."""

    def __init__(self) -> None:
        self.spares: list[FakeSpare] = []
        self.fresh: list[FakeEngine] = []
        self.refuse: OSError | None = None
        self.starter = Starter(self._start, self._wait)

    def _start(self, level: int) -> FakeEngine:
        self.fresh.append(FakeEngine(1, level, ManualClock()))
        return self.fresh[-1]

    def _wait(self) -> FakeSpare:
        if self.refuse is not None:
            raise self.refuse
        self.spares.append(FakeSpare(2, 0, ManualClock()))
        return self.spares[-1]


def test_a_spare_is_made_once_the_engine_has_played_and_is_taken_first() -> None:
    yard = Yard()
    yard.starter.prepare(SPARE_AFTER_S - 0.1)
    assert yard.spares == []
    for _ in range(3):
        yard.starter.prepare(SPARE_AFTER_S)
    assert len(yard.spares) == 1
    assert yard.starter.start(2) is yard.spares[0]
    assert yard.spares[0].levels == [2]
    assert yard.starter.start(1) is yard.fresh[0]
    yard.starter.prepare(SPARE_AFTER_S)
    assert len(yard.spares) == 2


@pytest.mark.parametrize("code", [1, None])
def test_a_spare_that_is_gone_costs_nothing_but_time(code: int | None) -> None:
    yard = Yard()
    yard.starter.prepare(60.0)
    spare = yard.spares[0]
    spare.code = code
    if code is None:
        spare.go = lambda level: False  # type: ignore[method-assign]
    assert yard.starter.start(0) is yard.fresh[0]
    assert spare.asked == ["kill", "close"]


def test_a_machine_that_has_no_room_for_one_is_not_asked_again() -> None:
    yard = Yard()
    yard.refuse = OSError(12, "no memory")
    yard.starter.prepare(60.0)
    yard.refuse = None
    yard.starter.prepare(60.0)
    assert yard.spares == []
    assert yard.starter.start(0) is yard.fresh[0]


def test_none_is_left_behind() -> None:
    yard = Yard()
    yard.starter.prepare(60.0)
    yard.starter.close()
    yard.starter.close()
    assert yard.spares[0].asked == ["kill", "close"]


@pytest.mark.parametrize(("told", "code"), [(True, 41), (False, 7)])
def test_a_process_waits_for_the_word_and_ends_when_nobody_is_left_to_say_it(told: bool, code: int) -> None:
    with open_memory() as picture:
        engine = ChildEngine((sys.executable, "-c", WAITS), picture, waits=True)
        assert engine.exit_code() is None
        if told:
            assert engine.tell(go_text(True, "shaders"))
        else:
            assert engine.tell(b"")
        engine.close()
        assert engine.exit_code() == code
        engine.close()
    assert json.loads(go_text(False, "")) == {"safe_look": False, "rung": ""}
