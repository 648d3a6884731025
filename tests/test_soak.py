"""The soak's own judgement: a plan that is the same again, limits that break when they should, a page that says so."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from benchmarks.soak.faults import Told
from benchmarks.soak.limits import Life, gaps_of, judge, lives_of, slope_per_hour
from benchmarks.soak.page import Soak, write
from benchmarks.soak.partners import Picture
from benchmarks.soak.plan import DISPLAY_KILLED, DRIVER_LEAKS, PER_HOUR, RESTARTING, plan
from benchmarks.soak.processes import Sample

ROOT, ENGINE = 10, 11


def pictures(*times_s: float, mean: float = 80.0) -> list[Picture]:
    return [Picture(time_s, mean) for time_s in times_s]


def steady(seconds: int) -> list[Picture]:
    return pictures(*(0.25 * index for index in range(4 * seconds)))


def life(pid: int, begin_s: int, end_s: int, mib_per_h: float = 0.0, more_threads: int = 0) -> list[Sample]:
    noise = np.random.default_rng(pid)
    return [
        Sample(
            at_s,
            pid,
            400.0,
            200.0 + mib_per_h * at_s / 3600.0 + float(noise.normal(0.0, 0.3)),
            28,
            26 + more_threads * (at_s - begin_s) // 600,
        )
        for at_s in range(begin_s, end_s)
    ]


def test_a_plan_is_the_same_again_and_has_every_fault() -> None:
    hour = plan(60, 1, supervised=True, window=True)
    assert hour == plan(60, 1, supervised=True, window=True) != plan(60, 2, supervised=True, window=True)
    assert Counter(each.kind for each in hour) == Counter(
        PER_HOUR | RESTARTING | DISPLAY_KILLED | DRIVER_LEAKS
    )
    assert [each.at_s for each in hour] == sorted(each.at_s for each in hour)
    assert max(each.at_s for each in hour if each.kind in RESTARTING | DISPLAY_KILLED | DRIVER_LEAKS) < 1800.0

    short = plan(3, 1, supervised=False, window=True)
    assert {each.kind for each in short} == set(PER_HOUR | DRIVER_LEAKS), "nobody would start the show again"
    assert 0.0 < short[0].at_s < short[-1].at_s < 180.0


def test_the_slope_does_not_heed_a_third_that_is_anything() -> None:
    times_s = list(range(0, 3600, 10))
    values = [100.0 + 2.5 * time_s / 3600.0 + (50.0 if time_s % 40 == 0 else 0.0) for time_s in times_s]
    assert slope_per_hour(times_s, values) == pytest.approx(2.5, abs=0.05)
    assert slope_per_hour([0, 1], [0, 1]) == 0.0


def test_what_the_watcher_slept_through_is_not_held_against_the_show() -> None:
    seen = pictures(1.0, 2.0, 6.0, 6.5)
    [longest, *_] = gaps_of(seen, 0.5, 7.0, [(5.5, 2.5)], [Told("OSC flood", 1.5)])
    assert (longest.begin_s, longest.length_s, longest.own_stall_s) == (2.0, 4.0, 2.5)
    assert longest.judged_s == pytest.approx(1.5)
    assert longest.during == "OSC flood"


def broken(**differs: object) -> list[str]:
    told: dict[str, object] = {
        "seen": steady(60),
        "faults": [Told("OSC flood", 20.0, over_s=0.5)],
        "samples": life(ROOT, 0, 3600),
        "ended": None,
    }
    told |= differs
    gaps = gaps_of(told["seen"], 0.0, 60.0, [], told["faults"])  # type: ignore[arg-type]
    lives = lives_of(told["samples"], ROOT, 1800.0, supervised=False)  # type: ignore[arg-type]
    return judge(told["seen"], told["faults"], gaps, lives, told["ended"]).broken  # type: ignore[arg-type]


def test_every_limit_breaks_by_itself() -> None:
    assert broken() == []
    assert broken(ended=1) == ["the show ended with 1 before the soak did"]
    [gap] = broken(seen=[each for each in steady(60) if not 30.0 < each.at_s < 32.5])
    assert gap.startswith("2.50 s without a new frame at 30 s")
    assert broken(seen=[*steady(60), Picture(60.1, 0.5)]) == ["1 black frames"]
    assert broken(faults=[Told("device lost", 20.0)]) == ["device lost at 20 s: not over after 45 s"]
    [memory] = broken(samples=life(ROOT, 0, 3600, mib_per_h=4.0))
    assert "grows by" in memory
    assert broken(samples=life(ROOT, 0, 3600, mib_per_h=0.4)) == []
    [threads] = broken(samples=life(ROOT, 0, 3600, more_threads=2))
    assert threads.endswith("threads rise from 32 to 35")


def test_every_process_has_a_life_of_its_own() -> None:
    samples = life(ROOT, 0, 3600) + life(ENGINE, 0, 600) + life(12, 602, 3600, mib_per_h=9.0) + life(13, 0, 5)
    lives = {each.pid: each for each in lives_of(samples, ROOT, 1800.0, supervised=True)}
    assert set(lives) == {ROOT, ENGINE, 12}, "one that hardly started has no slope"
    assert [lives[pid].role for pid in (ROOT, ENGINE)] == ["supervisor", "engine"]
    assert lives[12].judged_s == pytest.approx(1799.0)
    assert lives[12].slope_mib_per_h == pytest.approx(9.0, abs=0.3)
    assert abs(lives[ROOT].slope_mib_per_h) < 0.3


def test_memory_is_compared_while_the_same_is_shown_and_once_every_look_was() -> None:
    rests = [(65.0 + 72.0 * turn, 72.0 + 72.0 * turn) for turn in range(50)]

    def looks(sample: Sample) -> Sample:
        resting = any(from_s <= sample.at_s <= to_s for from_s, to_s in rests)
        first_tour_mib = min(sample.at_s - 1600.0, 300.0) / 5.0
        return replace(
            sample, anonymous_mib=sample.anonymous_mib + first_tour_mib + (0.0 if resting else 30.0)
        )

    def judged(mib_per_h: float) -> Life:
        samples = [looks(sample) for sample in life(ENGINE, 1600, 3600, mib_per_h)]
        [found] = lives_of(samples, ROOT, 1800.0, True, rests)
        return found

    assert abs(judged(0.0).slope_mib_per_h) < 0.5
    assert judged(4.0).slope_mib_per_h == pytest.approx(4.0, abs=0.5), "what leaks is seen all the same"


@pytest.mark.parametrize("away", [range(25, 60), range(60, 95)], ids=["at first", "at last"])
def test_an_encoder_that_waits_for_a_while_is_no_leak_of_threads(away: range) -> None:
    """A full disk ends the film, and with it four threads, for half a minute."""
    samples = [replace(each, threads=each.threads - 4 * (each.at_s in away)) for each in life(ENGINE, 0, 100)]
    [found] = lives_of(samples, ROOT, 30.0, supervised=True)
    assert found.threads[1] <= found.threads[0]


def test_a_spare_engine_that_is_called_to_play_has_two_lives() -> None:
    waited = [replace(sample, spare=True, handles=7, anonymous_mib=44.0) for sample in life(ENGINE, 0, 600)]
    lives = lives_of(waited + life(ENGINE, 601, 1200), ROOT, 0.0, supervised=True)
    assert [(each.role, each.handles[0]) for each in lives] == [("spare engine", 7), ("engine", 28)]
    assert abs(lives[1].slope_mib_per_h) < 0.3


def test_the_page_says_which_limits_do_not_hold(tmp_path: Path) -> None:
    faults = [
        Told("device lost", 20.0, "away for 2 s", 1.5, {"source/reconnects": 1}),
        Told("OSC flood", 30.0),
    ]
    gaps = gaps_of(steady(60), 0.0, 60.0, [], faults)
    samples = life(ROOT, 0, 60)
    lives: list[Life] = lives_of(samples, ROOT, 30.0, supervised=False)
    facts = dict.fromkeys(
        ("command", "machine", "begun", "steal_percent", "own_stalls", "own_longest_stall_s", "seed"), "x"
    )
    verdict = judge(steady(60), faults, gaps, lives, None)
    times_s = [each.at_s for each in steady(60)]
    page = write(
        Soak({"minutes": 1.0, **facts}, faults, verdict, samples, times_s, {"ERROR": 2}), tmp_path, "s"
    )

    text = page.read_text()
    assert "- OSC flood at 30 s: not over after 45 s" in text
    assert "| device lost | 1 | 0.25 | 1.5, 1.5 | source/reconnects 1 |" in text
    assert math.isclose(json.loads((tmp_path / "s.json").read_text())["gaps"][0]["length_s"], 0.25)
    drawn = ElementTree.fromstring((tmp_path / "figures" / "s.svg").read_text())
    assert len(drawn.findall("{http://www.w3.org/2000/svg}polyline")) == 4
