"""A supervisor over engines that only pretend: what is answered by what, and when."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chromesthesia.supervise.escalation import LEVELS, Escalation
from chromesthesia.supervise.supervisor import FINAL_AT_FIRST, OUTSIDE
from chromesthesia.supervise.watch import Ceilings
from chromesthesia.testing.supervise import FakeEngine, SupervisedShow


def events(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def test_an_engine_that_is_killed_is_started_again_at_once(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    show.begin()
    show.run(20.0)
    killed_s = show.clock.now_s()
    show.engine.code = -9
    show.begin()
    assert show.clock.now_s() - killed_s <= 0.3
    assert show.engine.level == 0
    show.run(1.0)
    death, again, first = events(tmp_path)[-3:]
    assert (death["event"], death["reason"], death["pid"]) == ("death", "SIGKILL", 1000)
    assert (again["event"], again["pid"]) == ("start", 1001)
    gap_s = first["gap_s"]
    assert first["event"] == "first frame"
    assert isinstance(gap_s, float)
    assert 0.0 < gap_s < 1.0


def stops(engine: FakeEngine) -> None:
    engine.alive = engine.hears = False


def turns_no_more(engine: FakeEngine) -> None:
    engine.turning = engine.hears = False


@pytest.mark.parametrize(("hang", "word"), [(stops, "no sign of life"), (turns_no_more, "frame loop")])
def test_a_hung_engine_tells_its_stacks_and_is_killed_within_two_seconds(
    tmp_path: Path, hang: Callable[[FakeEngine], None], word: str
) -> None:
    show = SupervisedShow(tmp_path)
    hung = show.begin()
    show.run(20.0)
    hung_s = show.clock.now_s()
    hang(hung)
    show.begin()
    assert show.clock.now_s() - hung_s <= 2.3
    assert hung.asked == ["stack", "kill", "close"]
    assert word in str(events(tmp_path)[-2]["reason"])
    show.reports.wait()
    (report,) = (tmp_path / "crashes").iterdir()
    assert (report / "stack.txt").read_text() == "Thread 0x1\n"
    assert json.loads((report / "state.json").read_text()) == {"preset": "Ember"}
    assert word in json.loads((report / "report.json").read_text())["reason"]


def test_an_engine_that_a_signal_stopped_goes_on_at_once(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    stopped = show.begin()
    show.run(20.0)
    stopped.halted = True
    show.run(0.3)
    assert (show.engine, stopped.asked, stopped.halted) == (stopped, ["go on"], False)
    assert events(tmp_path)[-1]["event"] == "stopped"
    show.run(20.0)
    assert stopped.asked == ["go on"]


def test_a_starved_engine_that_goes_on_when_it_is_asked_is_spared(tmp_path: Path) -> None:
    """A machine that gave it no time, or a system that does not tell of SIGSTOP: asked for its stacks it goes on."""
    show = SupervisedShow(tmp_path)
    stopped = show.begin()
    show.run(20.0)
    stops(stopped)
    stopped.wakes = True
    show.run(20.0)
    assert show.engine is stopped
    assert stopped.asked == ["stack"]
    assert events(tmp_path)[-1]["event"] == "went on"
    stopped.wakes = False
    stops(stopped)
    show.begin()
    assert stopped.asked == ["stack", "stack", "kill", "close"], "the next time counts anew"


def test_a_machine_that_slept_is_no_hung_engine(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    show.begin()
    show.run(5.0)
    show.engine.alive = False
    show.clock.advance(3600.0)
    show.run(0.2)
    show.engine.alive = True
    show.run(5.0)
    assert len(show.engines) == 1


def test_a_machine_that_has_too_much_to_do_is_given_more_time(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    show.begin()
    show.run(20.0)
    show.slack = 5.0
    show.engine.alive = False
    show.run(4.0)
    assert len(show.engines) == 1
    show.begin()
    assert len(show.engines) == 2


def test_an_engine_that_draws_nothing_or_stalls_is_started_again(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    show.begin().drawing = False
    show.begin().stalled = "analysis"
    show.run(11.0)
    reasons = [event["reason"] for event in events(tmp_path) if event["event"] == "death"]
    assert reasons == ["no frame could be drawn for 6 s", "the analysis loop stands still"]


def test_a_ceiling_is_answered_by_a_clean_restart_but_a_peak_is_not(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path, Ceilings(rss_mib=500.0))
    show.begin().rss_mib = 600.0
    show.run(2.0)
    show.engine.rss_mib = 100.0
    show.run(20.0)
    assert len(show.engines) == 1
    show.engine.rss_mib = 600.0
    show.begin()
    assert show.engines[0].asked == ["end", "close"]
    assert "memory: 600 MiB, at most 500 MiB" in str(events(tmp_path)[-2]["reason"])


def test_an_engine_that_does_not_end_in_order_is_made_to(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path, Ceilings(rss_mib=500.0))
    stubborn = show.begin()
    stubborn.hears, stubborn.rss_mib = False, 600.0
    show.begin()
    assert stubborn.asked == ["end", "stack", "kill", "close"]


def test_a_wrong_picture_is_a_fault_after_some_seconds(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    show.begin().picture = "black"
    show.run(4.0)
    show.engine.picture = ""
    show.run(20.0)
    assert len(show.engines) == 1
    show.engine.picture = "frozen"
    show.begin()
    assert events(tmp_path)[-2]["reason"] == "the picture is frozen"


@pytest.mark.parametrize("code", sorted(FINAL_AT_FIRST))
def test_a_persons_mistake_ends_at_once_with_its_own_code(tmp_path: Path, code: int) -> None:
    show = SupervisedShow(tmp_path)
    show.run(1.0, lambda: bool(show.engines))
    show.engine.code = code
    show.run(10.0)
    assert show.code == code
    assert len(show.engines) == 1
    assert not (tmp_path / "crashes").exists()


@pytest.mark.parametrize("code", sorted(FINAL_AT_FIRST))
def test_the_same_code_after_a_show_was_there_is_a_fault_like_any_other(tmp_path: Path, code: int) -> None:
    show = SupervisedShow(tmp_path)
    show.begin()
    show.run(20.0)
    show.engine.code = code
    show.begin()
    assert show.code is None


@pytest.mark.parametrize("code", sorted(OUTSIDE))
def test_what_is_missing_outside_is_waited_for_without_giving_anything_up(tmp_path: Path, code: int) -> None:
    show = SupervisedShow(tmp_path)
    for _ in range(8):
        count = len(show.engines)
        while len(show.engines) == count:
            show.run(0.1)
        show.engine.code = code
    show.begin()
    assert len(show.engines) == 9
    assert {engine.level for engine in show.engines} == {0}


def test_a_show_that_is_over_is_over(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    show.begin()
    show.run(1.0)
    show.engine.code = 0
    show.run(1.0)
    assert show.code == 0
    assert events(tmp_path)[-1]["event"] == "end"


def test_a_stop_ends_the_engine_in_order_and_starts_no_other(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    show.begin()
    show.run(1.0)
    show.run(5.0, stop=True)
    assert show.code == 0
    assert show.engine.asked == ["end", "close"]
    assert len(show.engines) == 1


def test_a_stop_between_two_starts_ends_at_once(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    show.begin()
    show.refuse = OSError("no process left")
    show.run(1.0)
    show.engine.code = -11
    show.run(0.3)
    show.run(1.0, stop=True)
    assert show.code == 0


def test_a_process_that_cannot_be_started_is_tried_again_and_again(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    show.begin()
    show.run(20.0)
    show.refuse = OSError("no process left")
    show.engine.code = -9
    show.run(300.0)
    assert show.code is None
    show.refuse = None
    show.begin()
    assert len(show.engines) == 2


def test_quick_failures_take_it_down_level_by_level_and_it_never_gives_up(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    begun_s = []
    for _ in range(12):
        show.begin()
        begun_s.append(show.clock.now_s())
        show.run(1.0)
        show.engine.code = -11
    assert [engine.level for engine in show.engines] == [0, 0, 1, 2, *[3] * 8]
    waits_s = [after - before for before, after in itertools.pairwise(begun_s)]
    assert waits_s[0] < 1.5
    assert waits_s[-1] < 33.0
    assert all(after > before - 0.2 for before, after in itertools.pairwise(waits_s))


def test_a_calm_time_takes_it_back_up_by_clean_restarts(tmp_path: Path) -> None:
    show = SupervisedShow(tmp_path)
    for _ in range(4):
        show.begin()
        show.run(1.0)
        show.engine.code = -11
    show.begin()
    assert show.engine.level == 3
    for level in (2, 1, 0):
        before = show.engine
        show.run(119.0)
        assert show.engine is before
        while show.engine is before:
            show.run(0.1)
        assert before.asked == ["end", "close"]
        assert show.engine.level == level
        show.engine.play()
    show.run(600.0)
    assert show.engine.level == 0
    deaths = [event["why"] for event in events(tmp_path) if event["event"] == "death"]
    assert deaths == ["died"] * 4 + ["calm again"] * 3


def test_what_fails_again_when_it_comes_back_up_waits_longer() -> None:
    escalation = Escalation()
    for _ in range(2):
        escalation.failed(1.0)
    assert LEVELS[escalation.level] == "safe look"
    assert not escalation.calm(119.0)
    assert escalation.calm(121.0)
    escalation.rise()
    escalation.failed(1.0)
    escalation.failed(1.0)
    assert not escalation.calm(121.0)
    assert escalation.calm(241.0)


def test_a_disk_that_refuses_everything_keeps_the_show_going(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    show = SupervisedShow(tmp_path / "file" / "folder")
    show.begin()
    show.run(20.0)
    show.engine.code = -9
    show.begin()
    show.reports.wait()
    assert len(show.engines) == 2


def test_a_machine_too_busy_for_a_second_is_given_more_of_them(tmp_path: Path) -> None:
    """Every start costs more than the wait: hanging again and again, it is waited for ever longer."""
    show = SupervisedShow(tmp_path)
    engine = show.begin()
    for _ in range(6):
        show.run(2.0)
        stops(engine)
        engine = show.begin()
    deaths = [str(event["reason"]) for event in events(tmp_path) if event["event"] == "death"]
    waited_s = [float(reason.removeprefix("no sign of life for ").removesuffix(" s")) for reason in deaths]
    assert waited_s == pytest.approx([1.0, 2.0, 4.0, 8.0, 8.0, 8.0], abs=0.15)
    show.run(100.0)
    for _ in range(2):
        stops(show.engine)
        show.begin()
        show.run(2.0)
    deaths = [str(event["reason"]) for event in events(tmp_path) if event["event"] == "death"]
    assert deaths[-1].startswith("no sign of life for 1."), "after a calm time it is as at first"
