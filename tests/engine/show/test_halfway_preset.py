"""A glide stopped half way is kept as a preset, which gives the very frame in a show that begins with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.control.commands import LoadPreset, SavePreset, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.records import Heard, PaintedImage, UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary, find_presets, load_preset
from chromesthesia.params.routes import Route
from chromesthesia.params.sound import MASTER_MORPH_S
from chromesthesia.params.tree import ParameterTree
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.assembly import make_stage
from chromesthesia.show.preset_keeper import PresetKeeper
from chromesthesia.show.stage import Stage
from chromesthesia.testing.models import PlainGenerator
from chromesthesia.testing.render import heard, picture

FPS = 30.0
SHIPPED = find_presets([Path(__file__).resolve().parents[3] / "presets"], PARAMETERS)
ROUTED = PresetLibrary(
    (
        Preset(
            "Left",
            {"/look/flow/amount": 0.3, "/look/view/fold": "mirror", "/look/trails/amount": 0.9},
            (
                Route("features/band/1", "/look/flow/amount", 0.4, attack_s=0.2, release_s=0.5),
                Route("features/onset", "/look/view/zoom", -1.0, mode="scale", release_s=0.4),
            ),
        ),
        Preset(
            "Right",
            {"/look/flow/amount": 0.9, "/look/grade/palette": "neon", "/generator/scene": 3},
            (
                Route("features/band/3", "/look/flow/amount", 0.9, attack_s=0.3),
                Route("features/band/2", "/look/flow/amount", 1.5, mode="scale", release_s=0.3),
                Route("emotion/valence", "/look/grade/hue", 80.0, low=-1.0),
                Route("features/band/1", "/look/trails/amount", -2.0, release_s=0.2),
            ),
        ),
    )
)


def hearing(frame: int) -> Heard:
    bands = [0.5 + 0.5 * np.sin(0.3 * frame * (1 + 0.3 * band)) for band in range(8)]
    return heard(0.4 * np.sin(0.1 * frame), 0.3, bands, onset_count=frame // 9, onset_envelope=0.6)


class Playing:
    """One show's stage: a frame at a time, with one picture of the generator's."""

    def __init__(self, library: PresetLibrary, first: Preset, folder: Path) -> None:
        self.tree = ParameterTree(PARAMETERS)
        self.controller = Controller(self.tree, library, first)
        self.stage: Stage = make_stage(self.controller, PlainGenerator(), 3, lambda request: None)
        self.keeper = PresetKeeper(
            self.tree, self.controller, folder, lambda: [folder], standing=lambda: self.stage.standing
        )
        self.keeper.register()

    def frame(self, number: int, dt_s: float = 1.0 / FPS) -> FrameInputs:
        self.controller.step(number / FPS)
        image = PaintedImage(1, 0, 0.0, 0.0, 0.0, picture(2, 32))
        return self.stage.step(number / FPS, dt_s, hearing(number), lambda: image)


def glided(
    library: PresetLibrary, start: str, goal: str, folder: Path, frames: int
) -> tuple[Playing, FrameInputs]:
    """A show half way from one preset to another, and the frame that it shows there."""
    show = Playing(library, library.choose(start), folder)
    show.controller.post(SetParameter(MASTER_MORPH_S.path, 2.0, "test"))
    for number in range(12):
        show.frame(number)
    show.controller.post(LoadPreset(goal, "test"))
    inputs = show.frame(12)
    for number in range(13, 12 + frames):
        inputs = show.frame(number)
    return show, inputs


def kept_frame(library: PresetLibrary, show: Playing, folder: Path, number: int) -> FrameInputs:
    """Keep the look, and begin a show with it that hears the same."""
    show.controller.post(SavePreset("Half way", "test"))
    show.controller.step(99.0)
    assert show.controller.counters.refused == 0, show.controller.notice.text
    kept = load_preset(folder / "half-way.toml")
    fresh = Playing(library, kept, folder)
    fresh.controller.post(SetParameter(MASTER_MORPH_S.path, 2.0, "test"))
    return fresh.frame(number, 0.0)


def assert_same_look(one: FrameInputs, other: FrameInputs) -> None:
    for path, value in one.values.items():
        same = other.values[path]
        if isinstance(value, float) and isinstance(same, float):
            assert np.float32(value) == np.float32(same), path
        else:
            assert value == same, path


@pytest.mark.parametrize("frames", [2, 15, 31, 47, 60])
def test_the_look_half_way_is_kept_to_the_bit(tmp_path: Path, frames: int) -> None:
    show, inputs = glided(ROUTED, "Left", "Right", tmp_path, frames)
    assert show.stage.standing is not None
    assert_same_look(inputs, kept_frame(ROUTED, show, tmp_path, 11 + frames))


@pytest.mark.parametrize("goal", [preset.name for preset in SHIPPED])
def test_between_the_shipped_presets_too(tmp_path: Path, goal: str) -> None:
    start = "Neon Rain" if goal != "Neon Rain" else "Ink"
    show, inputs = glided(SHIPPED, start, goal, tmp_path, 25)
    assert_same_look(inputs, kept_frame(SHIPPED, show, tmp_path, 36))


def test_the_glide_stops_where_it_was_kept(tmp_path: Path) -> None:
    show, inputs = glided(ROUTED, "Left", "Right", tmp_path, 30)
    show.controller.post(SavePreset("Half way", "test"))
    for number in range(42, 120):
        later = show.frame(number)
    assert show.stage.standing is None
    assert show.controller.current[0].name == "Half way"
    assert later.values["/look/view/fold"] == inputs.values["/look/view/fold"]
    kept = load_preset(tmp_path / "half-way.toml")
    for path, value in kept.params.items():
        assert show.tree.snapshot()[path] == value


def test_without_a_glide_what_is_set_is_kept(tmp_path: Path) -> None:
    show, _ = glided(ROUTED, "Left", "Right", tmp_path, 90)
    assert show.stage.standing is None
    show.controller.post(SavePreset("All of it", "test"))
    show.controller.step(99.0)
    kept = load_preset(tmp_path / "all-of-it.toml")
    assert kept.routes == ROUTED.choose("Right").routes
    assert dict(kept.params) == dict(ROUTED.choose("Right").params)


def test_the_route_that_leaves_no_value_in_the_range_is_left_out(tmp_path: Path) -> None:
    show, _ = glided(ROUTED, "Left", "Right", tmp_path, 30)
    standing = show.stage.standing
    assert standing is not None
    targets = {route.target for route in standing.routes}
    assert "/look/grade/hue" in targets
    for path, value in standing.values.items():
        param = show.tree.declaration(path)
        assert param.low is None or isinstance(value, str) or param.low <= value
        assert param.high is None or isinstance(value, str) or value <= param.high


@pytest.mark.gl
def test_the_frame_itself_is_the_same(tmp_path: Path) -> None:
    surface = HeadlessSurface(96, 54)
    try:
        renderer = Renderer(surface.ctx, 96, 54)
        show, inputs = glided(ROUTED, "Left", "Right", tmp_path, 31)
        other = kept_frame(ROUTED, show, tmp_path, 42)

        def drawn(given: FrameInputs) -> UInt8:
            renderer.restart()
            renderer.render(replace(given, dt_s=1.0 / FPS))
            return renderer.read_pixels().copy()

        assert np.array_equal(drawn(inputs), drawn(other))
        renderer.release()
    finally:
        surface.close()
