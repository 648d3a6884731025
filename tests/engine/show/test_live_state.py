"""What a show goes on from: taken, written, read again, and set, whatever became of the engine in between."""

from __future__ import annotations

import contextlib
import functools
import json
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia.control.commands import LoadPreset, SetParameter, SetRoute
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.records import EmotionState
from chromesthesia.emotion.state import EmotionSettings, EmotionTracker
from chromesthesia.generator.walks.latent import LatentMotion, MotionSettings
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Param
from chromesthesia.params.look import FLOW_AMOUNT, GRADE_PALETTE
from chromesthesia.params.preset_file import RouteTable
from chromesthesia.params.preset_rules import PresetRules
from chromesthesia.params.presets import PLAIN, Preset, PresetLibrary
from chromesthesia.params.sound import AUDIO_GAIN_DB, MASTER_BLACKOUT, MASTER_FADE
from chromesthesia.params.tempo import TEMPO_OWN_BPM
from chromesthesia.params.tree import ParameterTree
from chromesthesia.show import live_state
from chromesthesia.show.analysis import silent_heard
from chromesthesia.show.going_on import GoingOn
from chromesthesia.show.live_state import (
    FILE,
    LiveState,
    Now,
    asked_of,
    config_of,
    emotion_of,
    go_on,
    read_state,
    state_file,
    table_of,
    take_look,
    take_state,
)
from chromesthesia.show.state_keeper import StateKeeper
from chromesthesia.testing.power import CutDisk, PowerCutError

EMBER = Preset("Ember", {FLOW_AMOUNT.path: 0.9}, description="warm")
TIDE = Preset("Tide", {FLOW_AMOUNT.path: 0.1})
LIBRARY = PresetLibrary((EMBER, TIDE))
CONFIG = ShowConfig(resume=True)


def fresh(first: Preset = TIDE) -> Controller:
    controller = Controller(ParameterTree(PARAMETERS), LIBRARY, first)
    controller.begin(0.0)
    return controller


def emotion(controller: Controller) -> EmotionState:
    felt = silent_heard(controller.current[1]).emotion
    return replace(felt, valence=0.5, arousal=0.25, confidence=0.75)


@functools.cache
def walked() -> LatentMotion:
    motion = LatentMotion(5, 16, ("valence", "arousal"))
    for _ in range(20):
        motion.step(0.05, silent_heard(fresh().current[1]), MotionSettings(drift=1.0))
    return motion


def played() -> Controller:
    """A show in which a hand did this and that."""
    controller = fresh()
    controller.post(
        LoadPreset("Ember", "test"),
        SetParameter(GRADE_PALETTE.path, "tide", "test"),
        SetParameter(AUDIO_GAIN_DB.path, 6.0, "test"),
        SetParameter(MASTER_BLACKOUT.path, True, "test"),
        SetParameter(MASTER_FADE.path, 0.5, "test"),
        SetRoute(RouteTable(signal="features/loudness", target=FLOW_AMOUNT.path, gain=0.5), "test"),
    )
    controller.step(1.0)
    return controller


def state_of(controller: Controller, config: ShowConfig = CONFIG) -> LiveState:
    now = Now(emotion(controller), walked().state(), None)
    return take_state(controller, asked_of(config), 5, now)


def kept(folder: Path, state: LiveState, config: ShowConfig = CONFIG) -> ShowConfig:
    config = replace(config, state=folder)
    state_file(config).write(table_of(state))
    return config


def test_everything_that_was_set_is_set_again(tmp_path: Path) -> None:
    before = played()
    config = kept(tmp_path, state_of(before))
    state = read_state(config)
    assert state is not None
    after = fresh()
    go_on(after, config, state)
    preset, values = after.current
    was, had = before.current
    assert preset.name == "Ember"
    assert preset.routes == was.routes
    assert {path for path in had if had[path] != values[path]} == {MASTER_FADE.path}
    assert values[MASTER_FADE] == 1.0, "the opening hours set that"
    assert config_of(config, state).seed == 5


def test_the_preset_can_be_gone_back_to_as_it_was_loaded(tmp_path: Path) -> None:
    config = kept(tmp_path, state_of(played()))
    state = read_state(config)
    assert state is not None
    after = fresh()
    go_on(after, config, state)
    assert after.current[1][GRADE_PALETTE] == "tide"
    after.post(LoadPreset("Ember", "test"))
    after.step(2.0)
    assert after.current[1][GRADE_PALETTE] == GRADE_PALETTE.default
    assert after.current[0].routes == ()


def test_what_the_command_line_names_otherwise_than_then_is_meant(tmp_path: Path) -> None:
    asked = replace(CONFIG, preset="Tide", seed=5)
    config = kept(tmp_path, state_of(played(), asked), asked)
    state = read_state(config)
    assert state is not None
    same, other = fresh(), fresh()
    go_on(same, config, state)
    assert same.current[0].name == "Ember", "the same words as then: a hand loaded Ember since"
    changed = replace(config, preset="Plain", seed=9, bpm=90.0, pack=Path("elsewhere"))
    other.post(SetParameter(TEMPO_OWN_BPM.path, 90.0, "command line"))
    other.step(0.0)
    go_on(other, changed, state)
    assert other.current[0].name == "Tide"
    assert other.current[1][GRADE_PALETTE] == GRADE_PALETTE.default
    assert other.current[1][AUDIO_GAIN_DB] == 6.0, "the room is the room"
    assert other.current[1][TEMPO_OWN_BPM] == 90.0
    assert (config_of(changed, state).seed, config_of(changed, state).pack) == (9, Path("elsewhere"))


def test_a_preset_that_is_gone_keeps_its_look(tmp_path: Path) -> None:
    before = played()
    config = kept(tmp_path, state_of(before))
    state = read_state(config)
    assert state is not None
    after = Controller(ParameterTree(PARAMETERS), PresetLibrary((TIDE,)), TIDE)
    go_on(after, config, state)
    assert after.current[0].name == "Ember"
    assert after.current[0].routes == before.current[0].routes
    assert after.current[1][FLOW_AMOUNT] == 0.9


def test_parameters_and_routes_that_no_longer_are_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = table_of(state_of(played()))
    table["look"]["params"] |= {"/look/gone/by": 1.0, GRADE_PALETTE.path: "no palette", "/audio/gain_db": 3.0}
    table["look"]["routes"] = [*table["look"]["routes"], {"from": "no signal", "to": FLOW_AMOUNT.path}]
    table["room"] |= {"/master/morph_s": "soon", "/look/flow/amount": 0.3}
    config = replace(CONFIG, state=tmp_path)
    state_file(config).write(table)
    state = read_state(config)
    assert state is not None
    after = fresh()
    go_on(after, config, state)
    assert after.current[1][FLOW_AMOUNT] == 0.9
    assert after.current[1][GRADE_PALETTE] == GRADE_PALETTE.default
    assert len(after.current[0].routes) == 1
    assert "no palette" in caplog.text


def test_more_routes_do_not_ask_again_what_routes_may_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[PresetRules] = []

    class Counted(PresetRules):
        def __init__(self, params: Iterable[Param]) -> None:
            super().__init__(params)
            made.append(self)

    monkeypatch.setattr(live_state, "PresetRules", Counted)
    table = table_of(state_of(played()))
    more = [{"from": f"features/band/{number}", "to": FLOW_AMOUNT.path} for number in range(1, 5)]
    counts = []
    for routes in (more[:1], more):
        table["look"]["routes"] = routes
        config = replace(CONFIG, state=tmp_path)
        state_file(config).write(table)
        state = read_state(config)
        assert state is not None
        after = fresh()
        made.clear()
        go_on(after, config, state)
        assert len(after.current[0].routes) == len(routes)
        counts.append(len(made))
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    "change",
    [
        {"emotion": [0.0, 1.0]},
        {"emotion": "calm"},
        {"look": {}},
        {"look": {"name": 3}},
        {"seed": -1},
        {"room": []},
        {"asked": None},
        {"walk": 3},
    ],
)
def test_a_state_of_other_shapes_is_set_aside(tmp_path: Path, change: dict[str, Any]) -> None:
    config = replace(CONFIG, state=tmp_path)
    state_file(config).write({**table_of(state_of(played())), **change})
    assert read_state(config) is None
    assert (tmp_path / f"{FILE}.bad-1").exists()


def test_the_walk_and_the_emotion_go_on_from_where_they_were(tmp_path: Path) -> None:
    config = kept(tmp_path, state_of(played()))
    state = read_state(config)
    assert state is not None
    assert state.walk is not None
    motion = LatentMotion(5, 16, ("valence", "arousal"))
    motion.restore(state.walk)
    heard = silent_heard(fresh().current[1])
    for one, other in zip(
        motion.step(0.05, heard, MotionSettings(drift=1.0)),
        walked().step(0.05, heard, MotionSettings(drift=1.0)),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-4)
    row = emotion_of(state)
    assert row is not None
    tracker = EmotionTracker()
    tracker.go_on(row)
    felt = tracker.step(None, heard.frame, EmotionSettings())
    assert felt.valence == pytest.approx(0.5, abs=0.01)
    assert felt.arousal == pytest.approx(0.25, abs=0.01)


class Kept:
    """A keeper of a show that only pretends, under a manual clock."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.controller = played()
        self.clock = ManualClock()
        self.motion = walked()
        config = replace(CONFIG, state=folder)
        file = state_file(config)
        if more:
            file = type(file)(file.path, file._kind, file._schema, **more)
        self.keeper = StateKeeper(
            file,
            self.controller,
            asked_of(config),
            5,
            lambda: emotion(self.controller),
            lambda: None,
            self.motion.state,
            self.clock,
        )
        self.config = config

    def read(self) -> LiveState:
        state = read_state(self.config)
        assert state is not None
        return state


def test_it_is_written_only_when_it_changed(tmp_path: Path) -> None:
    show = Kept(tmp_path)
    assert show.keeper.step()
    assert not show.keeper.step()
    show.controller.post(SetParameter(AUDIO_GAIN_DB.path, 1.0, "test"))
    show.controller.step(2.0)
    assert show.keeper.step()
    assert show.read().room[AUDIO_GAIN_DB.path] == 1.0
    assert show.keeper.counts() == {"writes": 2, "failures": 0}


def test_until_the_first_frame_and_sound_the_walk_and_emotion_of_before_are_kept(tmp_path: Path) -> None:
    config = kept(tmp_path, state_of(played()))
    before = read_state(config)
    assert before is not None
    keeper = StateKeeper(
        state_file(config),
        fresh(),
        asked_of(config),
        5,
        lambda: None,
        lambda: None,
        walked().state,
        ManualClock(),
        before,
    )
    assert keeper.step()
    after = read_state(config)
    assert after is not None
    assert after.look.name == "Tide"
    assert (after.walk, after.emotion) == (before.walk, before.emotion)
    assert after.walk is not None


def test_the_walk_is_noted_once_a_second(tmp_path: Path) -> None:
    show = Kept(tmp_path)
    taken = []
    show.keeper._walk = lambda: taken.append(1) or show.motion.state()  # type: ignore[func-returns-value]
    for frame in range(61):
        show.keeper.shown(frame / 30.0)
    assert len(taken) == 3


def test_a_disk_that_refuses_is_told_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "state"
    place.write_text("a file where the folder should be")
    show = Kept(place)
    assert not show.keeper.step()
    assert "the state of the show is not kept" in caplog.text
    place.unlink()
    assert show.keeper.step()


def test_power_cuts_while_a_show_plays_lose_no_more_than_the_last_write(tmp_path: Path) -> None:
    chance = random.Random(3)
    Kept(tmp_path).keeper.step()
    safe = Kept(tmp_path).read().room[AUDIO_GAIN_DB.path]
    size = (tmp_path / FILE).stat().st_size
    for _ in range(15):
        show = Kept(tmp_path, files=CutDisk(chance.uniform(0.0, 2.5 * size), chance))
        wrote: list[float] = [safe]
        with contextlib.suppress(PowerCutError):
            for _ in range(3):
                wrote.append(round(chance.uniform(-20.0, 20.0), 3))
                show.controller.post(SetParameter(AUDIO_GAIN_DB.path, wrote[-1], "test"))
                show.controller.step(1.0)
                show.keeper.step()
        safe = show.read().room[AUDIO_GAIN_DB.path]
        assert safe in wrote[-2:], "all but the write that was cut"


def test_the_safe_look_is_played_and_the_other_is_kept_for_later(tmp_path: Path) -> None:
    config = kept(tmp_path, state_of(played()))
    going_on = GoingOn(config, safe_look=True)
    controller = fresh()
    going_on.set_room(controller)
    assert controller.current[0] == PLAIN
    assert controller.current[1][FLOW_AMOUNT] == FLOW_AMOUNT.default
    assert controller.current[1][AUDIO_GAIN_DB] == 6.0
    show = Kept(tmp_path)
    show.keeper._controller = controller
    assert going_on._held is not None
    show.keeper.hold(going_on._held)
    show.keeper.step()
    look = show.read().look
    assert (look.name, look.params[FLOW_AMOUNT.path], len(look.routes)) == ("Ember", 0.9, 1)
    # Until a hand wants something else.
    controller.post(LoadPreset("Tide", "test"))
    controller.step(3.0)
    show.keeper.step()
    assert show.read().look.name == "Tide"


def test_a_show_that_is_not_asked_to_go_on_keeps_and_reads_nothing(tmp_path: Path) -> None:
    config = replace(kept(tmp_path, state_of(played())), resume=False)
    before = (tmp_path / FILE).read_bytes()
    going_on = GoingOn(config)
    controller = fresh()
    going_on.set_room(controller)
    assert controller.current[0].name == "Tide"
    assert take_look(controller).name == "Tide"
    assert (tmp_path / FILE).read_bytes() == before
    assert json.loads(before)["schema"] == 1
