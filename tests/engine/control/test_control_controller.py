"""Commands: applied in order, refused without harm, never more than fit."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.engine.control.looks import DRIFT, GAIN, LIBRARY, look_file

from chromesthesia.control.commands import (
    LoadPack,
    LoadPreset,
    NextPreset,
    NextScene,
    NudgeParameter,
    PreviousPreset,
    ResetParameters,
    ResetRoom,
    SetParameter,
    ToggleParameter,
)
from chromesthesia.control.controller import Controller
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary, find_presets
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.values import ParameterError


def test_it_starts_with_the_default_preset_or_the_named_one(
    controller: Controller, tree: ParameterTree
) -> None:
    preset, values = controller.current
    assert (preset.name, values[DRIFT], controller.preset_index) == ("Gallery", 0.3, 2)
    other = Controller(tree, LIBRARY, Preset("Mine", {DRIFT: 0.9}))
    assert (other.current[0].name, other.current[1][DRIFT], other.preset_index) == ("Mine", 0.9, -1)


def test_commands_wait_for_the_step_and_keep_their_order(controller: Controller) -> None:
    controller.post(SetParameter(GAIN, 3, "test"), SetParameter(GAIN, 6, "test"))
    assert controller.current[1][GAIN] == 0.0
    controller.step(0.0)
    assert controller.current[1][GAIN] == 6.0
    assert controller.counters.applied == 2


def test_preset_and_values_change_together(controller: Controller) -> None:
    before = controller.current
    controller.post(LoadPreset("ash", "test"))
    controller.step(0.0)
    preset, values = controller.current
    assert (before[0].name, before[1][DRIFT]) == ("Gallery", 0.3)
    assert (preset.name, preset.routes, values[DRIFT]) == ("Ash", LIBRARY.presets[0].routes, 0.1)
    assert values.look_version == before[1].look_version + 1
    assert controller.notice.text == "preset Ash"


def test_next_and_previous_go_round(controller: Controller) -> None:
    names = []
    for command in (NextPreset("k"), NextPreset("k"), PreviousPreset("k"), PreviousPreset("k")):
        controller.post(command)
        controller.step(0.0)
        names.append(controller.current[0].name)
    assert names == ["Ash", "Ember", "Ash", "Gallery"]


def test_from_outside_the_library_next_is_the_first_and_previous_the_last(tree: ParameterTree) -> None:
    for command, expected in ((NextPreset("k"), "Ash"), (PreviousPreset("k"), "Gallery")):
        controller = Controller(tree, LIBRARY, Preset("Mine"))
        controller.post(command)
        controller.step(0.0)
        assert controller.current[0].name == expected


def test_without_presets_next_does_nothing(tree: ParameterTree) -> None:
    controller = Controller(tree, PresetLibrary(()))
    controller.post(NextPreset("k"), LoadPreset(0, "k"))
    controller.step(0.0)
    assert controller.current[0].name == "Plain"
    assert controller.counters.refused == 1


def test_a_loaded_preset_spares_the_room(controller: Controller) -> None:
    controller.post(SetParameter(GAIN, 6, "test"), LoadPreset(1, "test"))
    controller.step(0.0)
    assert controller.current[1][GAIN] == 6.0


def test_reset_goes_back_to_the_preset_not_behind_it(controller: Controller) -> None:
    controller.post(SetParameter(DRIFT, 1.5, "test"), SetParameter(GAIN, 6, "test"), ResetParameters("test"))
    controller.step(0.0)
    assert (controller.current[1][DRIFT], controller.current[1][GAIN]) == (0.3, 6.0)
    controller.post(ResetParameters("test", (GAIN,)))
    controller.step(0.0)
    assert controller.current[1][GAIN] == 0.0


def test_scenes_go_round_and_switches_turn(controller: Controller) -> None:
    controller.post(
        SetParameter("/generator/scene", 998, "k"), NextScene("k"), ToggleParameter("/hud/visible", "k")
    )
    controller.step(0.0)
    assert (controller.current[1]["/generator/scene"], controller.current[1]["/hud/visible"]) == (999, True)
    controller.post(NextScene("k"), ToggleParameter("/hud/visible", "k"))
    controller.step(0.0)
    assert (controller.current[1]["/generator/scene"], controller.current[1]["/hud/visible"]) == (0, False)


@pytest.mark.parametrize(
    "command",
    [
        SetParameter("/look/nothing", 1, "test"),
        SetParameter(GAIN, "loud", "test"),
        SetParameter("/status/fps", 1, "test"),
        ToggleParameter("/status/fps", "test"),
        LoadPreset("Embre", "test"),
        LoadPreset(77, "test"),
        ResetParameters("test", ("/look/nothing",)),
    ],
)
def test_a_bad_command_is_counted_and_shown_and_harms_nothing(
    controller: Controller, command: SetParameter | LoadPreset
) -> None:
    before = controller.current
    controller.post(command, SetParameter("/master/freeze", True, "test"))
    controller.step(1.5)
    assert (controller.counters.refused, controller.counters.applied) == (1, 1)
    assert controller.notice.is_error
    assert controller.notice.at_s == 1.5
    assert controller.current[0] is before[0]
    assert controller.current[1][DRIFT] == before[1][DRIFT]


def test_an_edited_preset_is_read_again_and_a_broken_one_leaves_the_show_alone(
    tree: ParameterTree, tmp_path: Path
) -> None:
    file = tmp_path / "ember.toml"
    file.write_text(f"schema = 1\nname = 'Ember'\n[params]\n'{DRIFT}' = 0.5")
    controller = Controller(tree, find_presets([tmp_path]))
    file.write_text(f"schema = 1\nname = 'Ember'\n[params]\n'{DRIFT}' = 0.75")
    controller.post(LoadPreset("Ember", "test"))
    controller.step(0.0)
    assert controller.current[1][DRIFT] == 0.75
    file.write_text("schema = 1\n[params]\n'/generator/dirft' = 0.5")
    controller.post(LoadPreset("Ember", "test"))
    controller.step(1.0)
    assert controller.current[1][DRIFT] == 0.75
    assert "did you mean /generator/drift" in controller.notice.text
    file.unlink()
    controller.post(NextPreset("test"))
    controller.step(2.0)
    assert controller.current[1][DRIFT] == 0.75
    assert controller.counters.refused == 2


def test_scheduled_commands_wait_for_their_time_and_keep_their_order(controller: Controller) -> None:
    controller.post(SetParameter(GAIN, 2, "t"), SetParameter(GAIN, 3, "t"), at_s=2.0)
    controller.post(SetParameter(GAIN, 1, "t"), at_s=1.0)
    seen = []
    for now_s in (0.5, 1.0, 1.5, 2.0):
        controller.step(now_s)
        seen.append(controller.current[1][GAIN])
    assert seen == [0.0, 1.0, 1.0, 3.0]


def test_a_post_wakes_the_waiting_thread(controller: Controller) -> None:
    woken = threading.Event()

    def control() -> None:
        while controller.current[1][GAIN] == 0.0:
            controller.wait(0.0, 30.0)
            controller.step(0.0)
        woken.set()

    thread = threading.Thread(target=control)
    thread.start()
    controller.post(SetParameter(GAIN, 6, "t"))
    assert woken.wait(20.0)
    thread.join(20.0)


def test_what_is_shown_of_a_refusal_is_one_line(
    controller: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    torn = "x\x1b[2J\r\n\u2028y"
    controller.post(
        LoadPreset(torn, "t"), SetParameter(f"/look/{torn}", 1, "t"), SetParameter(GAIN, torn, "t")
    )
    controller.step(0.0)
    assert controller.counters.refused == 3
    lines = [controller.notice.text, *(record.getMessage() for record in caplog.records)]
    assert all(sign.isprintable() for line in lines for sign in line)


def test_only_what_came_to_one_address_and_was_taken_is_handed_back(controller: Controller) -> None:
    taken = SetParameter(GAIN, 3.0, "osc:10.0.0.9:1", GAIN)
    controller.post(
        taken,
        SetParameter(GAIN, "loud", "osc:10.0.0.9:1", GAIN),
        SetParameter(DRIFT, 1.0, "osc:10.0.0.9:1"),
        LoadPreset("Ash", "osc:10.0.0.9:1"),
    )
    assert controller.step(0.0) == [taken]


def test_a_fault_of_ours_costs_one_command_only(
    tree: ParameterTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    look_file(tmp_path, "a", 0.1)
    controller = Controller(tree, find_presets([tmp_path]))

    def failing(path: Path, params: object) -> Preset:
        raise OverflowError("int too large\nto convert to float")

    monkeypatch.setattr("chromesthesia.control.controller.load_preset", failing)
    for step in range(100):
        controller.post(LoadPreset("a", "t"), SetParameter(GAIN, step / 10, "t"))
        controller.step(step / 100)
    assert controller.current[1][GAIN] == pytest.approx(9.9)
    assert controller.counters.refused == 100
    assert controller.notice.text == "OverflowError: int too large to convert to float"
    assert len(caplog.records) == 1


def test_the_room_comes_back_as_it_was_at_the_start(tree: ParameterTree) -> None:
    controller = Controller(tree, LIBRARY, LIBRARY.presets[1])
    controller.post(SetParameter("/hud/visible", True, "command line"))
    controller.begin(0.0)
    start = controller.current
    controller.post(
        LoadPreset("Ash", "k"),
        SetParameter(DRIFT, 1.9, "osc:10.0.0.9:1"),
        SetParameter("/master/brightness", 0, "osc:10.0.0.9:1"),
        SetParameter("/master/freeze", True, "osc:10.0.0.9:1"),
        SetParameter("/hud/visible", False, "osc:10.0.0.9:1"),
        SetParameter(GAIN, -24, "osc:10.0.0.9:1"),
    )
    controller.step(1.0)
    assert dict(controller.current[1]) != dict(start[1])
    controller.post(ResetRoom("keyboard"))
    controller.step(2.0)
    preset, values = controller.current
    assert preset is start[0]
    assert dict(values) == dict(start[1])
    assert (values["/master/brightness"], values["/hud/visible"]) == (1.0, True)
    assert values.look_version > start[1].look_version
    assert controller.notice.text == "room as at the start"


def test_what_waits_for_its_time_does_not_outlive_the_room(controller: Controller) -> None:
    controller.begin(0.0)
    controller.post(SetParameter("/master/brightness", 0, "osc:10.0.0.9:1"), at_s=3.0)
    controller.post(ResetRoom("keyboard"))
    controller.step(1.0)
    controller.step(4.0)
    assert controller.current[1]["/master/brightness"] == 1.0


@pytest.mark.parametrize(
    "command",
    [
        LoadPreset("FOREIGN words", "osc:10.0.0.9:1"),
        LoadPreset(77, "osc:10.0.0.9:1"),
        SetParameter("/look/FOREIGN", 1, "osc:10.0.0.9:1"),
        SetParameter("/look/view/fold", "FOREIGN words", "osc:10.0.0.9:1"),
        SetParameter(GAIN, "FOREIGN words", "osc:10.0.0.9:1"),
    ],
)
def test_no_foreign_word_reaches_the_wall(
    controller: Controller, command: LoadPreset | SetParameter, caplog: pytest.LogCaptureFixture
) -> None:
    controller.post(command)
    controller.step(0.0)
    assert controller.notice.is_error
    assert "FOREIGN" not in controller.notice.text
    assert controller.notice.text.startswith("refused over OSC: a ")
    # The log, which only the operator reads, tells it all.
    assert "10.0.0.9" in caplog.text


def test_what_the_wall_says_is_one_line(tree: ParameterTree) -> None:
    controller = Controller(tree, PresetLibrary((Preset("Two\nlines\x1b[2J", {}),)))
    controller.post(LoadPreset(0, "keyboard"))
    controller.step(0.0)
    assert controller.notice.text == "preset Two lines\N{REPLACEMENT CHARACTER}[2J"


def test_no_setting_reaches_the_flash_limiter(tree: ParameterTree) -> None:
    """So no preset, no address pattern and no reset can switch it."""
    assert not [path for path in tree.params if "flash" in path or "limit" in path]


def test_a_preset_is_glided_to_over_as_long_as_was_asked(controller: Controller) -> None:
    controller.post(LoadPreset("ash", "t", 12.0))
    controller.step(0.0)
    assert controller.current[1].morph_s == 12.0
    controller.post(SetParameter(GAIN, 1, "t"))
    controller.step(0.1)
    assert controller.current[1].morph_s == 12.0, "still the same look"
    controller.post(LoadPreset("ash", "t", 12.0), NextPreset("t"))
    controller.step(0.2)
    assert (controller.current[0].name, controller.current[1].morph_s) == ("Ember", None)
    controller.post(LoadPreset("ember", "t"), LoadPreset("ash", "t", 0.0))
    controller.step(0.3)
    assert (controller.current[0].name, controller.current[1].morph_s) == ("Ash", 0.0)


def test_nudges_add_up_in_one_step_and_do_not_leave_the_range(controller: Controller) -> None:
    controller.post(*(NudgeParameter(GAIN, "1.5", "t") for _ in range(4)))
    controller.step(0.0)
    assert controller.current[1][GAIN] == 6.0
    controller.post(NudgeParameter(GAIN, 1e6, "t"), NudgeParameter(GAIN, float("nan"), "t"))
    controller.step(0.1)
    assert controller.current[1][GAIN] == controller.current[1].declared.params[GAIN].high
    assert controller.counters.refused == 1


def test_a_reading_cannot_be_moved() -> None:
    tree = ParameterTree(PARAMETERS)
    with pytest.raises(ParameterError, match="is a reading"):
        tree.nudge("/status/fps", 1, "t")


def test_what_is_not_the_trees_is_done_by_whoever_does_it_or_refused(
    controller: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    asked = LoadPack("rooms", "osc:10.0.0.7:1")
    controller.post(asked)
    controller.step(0.0)
    assert controller.counters.refused == 1
    assert "another model pack cannot be had in this show" in caplog.text
    assert controller.notice.text == "refused over OSC: another model pack (see the log)"
    done: list[tuple[LoadPack, float]] = []
    controller.handle(LoadPack, lambda command, now_s: done.append((command, now_s)))
    controller.post(asked)
    controller.step(2.0)
    assert done == [(asked, 2.0)]
    assert controller.counters.applied == 1
