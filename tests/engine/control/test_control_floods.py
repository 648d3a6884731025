"""Floods of commands: bounded, the newest survive, and the log stays short; of many looks at once the last is read."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tests.engine.control.looks import DRIFT, GAIN, look_file

from chromesthesia.control.commands import (
    LoadPreset,
    NextPreset,
    NextScene,
    NudgeParameter,
    PreviousPreset,
    ResetParameters,
    SetParameter,
)
from chromesthesia.control.controller import Controller
from chromesthesia.control.waiting import QUEUE_LIMIT, SCHEDULE_LIMIT
from chromesthesia.core.logs import BoundedLog
from chromesthesia.params.presets import Preset, find_presets, load_preset
from chromesthesia.params.tree import ParameterTree


def test_in_a_flood_the_last_value_of_each_address_wins_and_no_trigger_is_lost(
    controller: Controller,
) -> None:
    for number in range(4 * QUEUE_LIMIT):
        controller.post(SetParameter(DRIFT, number % 2, "t"), SetParameter(GAIN, number % 7, "t"))
        if number % 100 == 0:
            controller.post(NudgeParameter("/generator/scene", 1, "t"))
        assert controller.waiting <= QUEUE_LIMIT
    controller.step(0.0)
    values = controller.current[1]
    last = 4 * QUEUE_LIMIT - 1
    assert (values[DRIFT], values[GAIN]) == (last % 2, last % 7)
    assert values["/generator/scene"] == len(range(0, 4 * QUEUE_LIMIT, 100))
    assert controller.counts()["superseded"] > 0
    assert controller.counts()["dropped"] == 0


def test_what_is_left_out_of_a_flood_changes_nothing_of_how_it_ends(controller: Controller) -> None:
    controller.post(SetParameter(GAIN, 1, "t"), LoadPreset("ash", "t"), NudgeParameter(GAIN, 1, "t"))
    for number in range(QUEUE_LIMIT):
        controller.post(SetParameter(DRIFT, number / QUEUE_LIMIT, "t"))
    controller.step(0.0)
    assert controller.current[0].name == "Ash"
    assert controller.current[1][GAIN] == 2.0
    assert controller.current[1][DRIFT] == (QUEUE_LIMIT - 1) / QUEUE_LIMIT


def test_a_flood_of_triggers_is_bounded_and_the_newest_survive(controller: Controller) -> None:
    for _ in range(QUEUE_LIMIT + 500):
        controller.post(NextScene("t"))
        assert controller.waiting <= QUEUE_LIMIT
    controller.post(SetParameter(GAIN, 4, "t"))
    waiting, dropped = controller.waiting, controller.counts()["dropped"]
    assert waiting + dropped == QUEUE_LIMIT + 501
    controller.step(0.0)
    assert controller.counters.applied == waiting
    assert controller.current[1][GAIN] == 4.0


def test_a_full_schedule_means_at_once(controller: Controller) -> None:
    for _ in range(SCHEDULE_LIMIT):
        controller.post(SetParameter(GAIN, 1, "t"), at_s=10.0)
    controller.post(SetParameter(GAIN, 2, "t"), at_s=10.0)
    controller.step(0.0)
    assert controller.current[1][GAIN] == 2.0
    assert controller.waiting == SCHEDULE_LIMIT


def test_a_flood_of_errors_is_one_line_a_second(
    controller: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    for step in range(200):
        controller.post(SetParameter(GAIN, "loud", "osc:10.0.0.9:1"))
        controller.step(step / 100)
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(lines) == 2
    assert "osc:10.0.0.9:1 refused: /audio/gain_db" in lines[0]
    assert "99 more" in lines[1]


def test_a_bounded_log_says_what_it_left_out(caplog: pytest.LogCaptureFixture) -> None:
    bounded = BoundedLog(logging.getLogger("test"), period_s=5.0)
    for now_s in (0.0, 1.0, 2.0, 6.0):
        bounded.warning(now_s, "at %g", now_s)
    assert [record.getMessage() for record in caplog.records] == ["at 0", "at 6 (and 2 more like it)"]


def test_a_bounded_log_waits_longer_while_it_goes_on_and_forgets(caplog: pytest.LogCaptureFixture) -> None:
    bounded = BoundedLog(logging.getLogger("test"))
    for step in range(1000):
        bounded.warning(float(step), "at %d", step)
    times = [int(record.getMessage().split()[1]) for record in caplog.records]
    assert times[:8] == [0, 1, 3, 7, 15, 31, 63, 123]
    caplog.clear()
    for now_s in (2000.0, 2001.0):
        bounded.warning(now_s, "again")
    assert len(caplog.records) == 2


def test_of_many_looks_in_one_step_only_the_last_is_read(
    tree: ParameterTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for number, name in enumerate(("a", "b", "c")):
        look_file(tmp_path, name, 0.1 * (number + 1))
    controller = Controller(tree, find_presets([tmp_path]))
    read: list[Path] = []

    def counting(path: Path, params: object) -> Preset:
        read.append(path)
        return load_preset(path)

    monkeypatch.setattr("chromesthesia.control.controller.load_preset", counting)
    for _ in range(500):
        controller.post(NextPreset("osc:10.0.0.9:1"))
    controller.post(SetParameter(GAIN, 6, "t"), ResetParameters("t"), PreviousPreset("t"))
    controller.step(0.0)
    # From a 500 steps on and one back: 499 of three.
    assert controller.current[0].name == "b"
    assert (controller.current[1][DRIFT], controller.current[1][GAIN]) == (0.2, 6.0)
    assert [path.stem for path in read] == ["b"]
    assert controller.counters.applied == 503
    assert [record.getMessage() for record in caplog.records] == ["preset b (t)"]


def test_writes_after_the_last_look_stand_and_those_before_it_do_not(controller: Controller) -> None:
    controller.post(
        LoadPreset("Ash", "t"),
        SetParameter(DRIFT, 1.0, "t"),
        LoadPreset("Ember", "t"),
        SetParameter("/generator/kick", 1.5, "t"),
    )
    controller.step(0.0)
    assert controller.current[0].name == "Ember"
    assert (controller.current[1][DRIFT], controller.current[1]["/generator/kick"]) == (0.2, 1.5)


def test_the_last_look_that_can_be_taken_is(tree: ParameterTree, tmp_path: Path) -> None:
    look_file(tmp_path, "a", 0.1)
    look_file(tmp_path, "b", 0.2)
    broken = look_file(tmp_path, "c", 0.3)
    controller = Controller(tree, find_presets([tmp_path]))
    broken.write_text("schema = 9")
    for refused in (LoadPreset("c", "t"), LoadPreset("nobody", "t")):
        controller.post(LoadPreset("a", "t"), LoadPreset("b", "t"), refused)
        controller.step(0.0)
        assert (controller.current[0].name, controller.current[1][DRIFT]) == ("b", 0.2)
        assert controller.notice.is_error
    assert controller.counters.refused == 2


def test_a_reset_after_a_look_in_one_step_is_that_look(controller: Controller) -> None:
    controller.post(LoadPreset("Ash", "t"), SetParameter(DRIFT, 1.0, "t"), ResetParameters("t"))
    controller.step(0.0)
    assert (controller.current[0].name, controller.current[1][DRIFT]) == ("Ash", 0.1)


def test_a_flood_of_looks_is_a_line_a_second(
    controller: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for step in range(300):
        controller.post(NextPreset("osc:10.0.0.9:1"))
        controller.step(step / 100)
    assert len(caplog.records) == 2
    assert "more like it" in caplog.records[1].getMessage()
