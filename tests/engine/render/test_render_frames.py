"""What the passes together put on the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import chromesthesia.render.look
from chromesthesia.core.errors import RenderError
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.look import LOOK, PALETTES
from chromesthesia.render.hud import HudPainter
from chromesthesia.render.inputs import FLASH_LIMITER_OFF, FrameInputs, HudInfo
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture, plain_picture

pytestmark = pytest.mark.gl
Draw = Callable[..., UInt8]

EVERYTHING: dict[str, Value] = {
    "/look/painting/lines": 0.3,
    "/look/view/fold": "kaleidoscope",
    "/look/view/facet": "glass",
    "/look/view/spin": 5.0,
    "/look/flow/amount": 0.4,
    "/look/trails/amount": 0.6,
    "/look/trails/zoom": 0.3,
    "/look/trails/flow": 0.5,
    "/look/grade/palette": "ember",
    "/look/finish/split": 0.3,
}
INFO = HudInfo(fps=59.9, latency_ms=41.0, source="mic: test", pack="default", preset="Gallery")


def difference(one: UInt8, other: UInt8) -> float:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


CLOSE: dict[str, Value] = {
    "/look/trails/amount": 0.55, "/look/trails/zoom": 0.2, "/look/trails/flow": 0.5, "/look/flow/amount": 0.4,
    "/look/view/zoom": 3.0, "/look/painting/canvas": 0.5,
}  # fmt: skip
NEEDED: dict[str, dict[str, Value]] = {
    "/look/view/segments": {"/look/view/fold": "kaleidoscope"},
    "/look/view/facet_size": {"/look/view/facet": "glass"},
    "/look/grade/amount": {"/look/grade/palette": "ember"},
}


def another_value(param: Param, values: dict[str, Value]) -> Value:
    """A value of `param` far from the one in `values`."""
    now = values.get(param.path, param.default)
    if param.choices:
        return next(choice for choice in param.choices if choice != now)
    assert param.low is not None
    assert param.high is not None
    farthest = max((param.low, param.high), key=lambda end: abs(end - float(now)))
    return type(param.default)(farthest)


@pytest.mark.parametrize("param", LOOK, ids=lambda param: param.path)
def test_every_look_parameter_changes_pixels(
    renderer: Renderer, draw: Draw, param: Param, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromesthesia.render.look, "BRUSH_LINES", 1)
    dark = {"current": plain_picture(0, 0, 0)} if param.path.endswith("floor") else {}
    base = CLOSE | NEEDED.get(param.path, {})
    frames = []
    for values in (base, {**base, param.path: another_value(param, base)}):
        renderer.restart()
        frames.append(draw(renderer, values, frames=6, dt_s=0.1, **dark))
    assert difference(*frames) > 0.25


def test_same_inputs_give_the_same_bytes(surface: HeadlessSurface, renderer: Renderer, draw: Draw) -> None:
    used = draw(renderer, EVERYTHING, frames=8, hud=INFO)
    renderer.restart()
    again = draw(renderer, EVERYTHING, frames=8, hud=INFO)
    other = Renderer(surface.ctx, 160, 90)
    fresh = draw(other, EVERYTHING, frames=8, hud=INFO)
    other.release()
    assert np.array_equal(used, again)
    assert np.array_equal(used, fresh)


def test_a_renderer_made_again_after_a_lost_context_shows_the_same(draw: Draw) -> None:
    frames: list[UInt8] = []
    for _ in range(2):
        surface = HeadlessSurface(160, 90)
        renderer = Renderer(surface.ctx, 160, 90)
        frames.append(draw(renderer, frames=2))
        renderer.release()
        surface.close()
    assert np.array_equal(frames[0], frames[1])


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize(("valence", "arousal"), [(-0.8, 0.8), (-0.8, -0.8), (0.8, 0.8)])
def test_a_black_painting_is_lifted(
    renderer: Renderer, draw: Draw, palette: str, valence: float, arousal: float
) -> None:
    values: dict[str, Value] = {
        "/look/grade/palette": palette,
        "/look/grade/exposure": -2.0,
        "/look/grade/adapt": 0.0,
        "/look/finish/vignette": 1.0,
    }
    pixels = draw(renderer, values, current=plain_picture(0, 0, 0), heard=heard(valence, arousal))
    assert pixels.mean() > 14
    assert pixels.std() > 1.0


def test_a_white_painting_does_not_burn_out(renderer: Renderer, draw: Draw) -> None:
    values: dict[str, Value] = {
        "/look/grade/exposure": 2.0,
        "/look/grade/adapt": 0.0,
        "/look/finish/glow": 1.0,
    }
    pixels = draw(renderer, values, current=plain_picture(255, 255, 255), frames=3)
    assert pixels.mean() < 240
    assert pixels.max() < 255 or (pixels == 255).mean() < 0.02


def test_without_a_generator_something_is_shown(renderer: Renderer, draw: Draw) -> None:
    pixels = draw(renderer, current=None, previous=None, heard=None)
    assert pixels.mean() > 30
    assert pixels.std() > 8


def test_only_the_master_fader_takes_the_light_away(renderer: Renderer, draw: Draw) -> None:
    assert draw(renderer, {"/master/brightness": 0.0}).max() == 0
    assert draw(renderer, {"/master/brightness": 1.0}).mean() > 30


def test_trails_fade_and_are_gone_without_amount(renderer: Renderer) -> None:
    plain: dict[str, Value] = {
        "/look/grade/adapt": 0.0, "/look/grade/emotion": 0.0, "/look/finish/grain": 0.0, "/look/finish/glow": 0.0,
    }  # fmt: skip

    def brightness_after_a_flash(amount: float) -> list[float]:
        renderer.restart()
        values = {**plain, "/look/trails/amount": amount}
        white, grey = plain_picture(180, 180, 180), plain_picture(60, 60, 60)
        means = []
        for number in range(40):
            shown, serial = (white, 1) if number < 5 else (grey, 2)
            renderer.render(
                FrameInputs(number / 30, 1 / 30, values, current=shown, previous=shown, current_serial=serial,
                            previous_serial=serial)
            )  # fmt: skip
            means.append(float(renderer.read_pixels().mean()))
        return means[5:]

    fading = brightness_after_a_flash(0.35)
    at_once = brightness_after_a_flash(0.0)
    assert at_once[0] == pytest.approx(at_once[-1], abs=1.0)
    assert fading[0] > at_once[0] + 40
    assert all(later <= earlier + 0.5 for earlier, later in pairwise(fading))
    assert fading[-1] == pytest.approx(at_once[-1], abs=2.0)


def test_mix_moves_from_the_previous_picture_to_the_current(renderer: Renderer, draw: Draw) -> None:
    one, two = picture(1), picture(2)
    shown = []
    for mix in (0.0, 0.5, 1.0):
        renderer.restart()
        shown.append(draw(renderer, previous=one, current=two, previous_serial=1, current_serial=2, mix=mix))
    whole = difference(shown[0], shown[2])
    assert difference(shown[0], shown[1]) < whole
    assert difference(shown[1], shown[2]) < whole


def test_a_picture_is_taken_once_per_serial(renderer: Renderer, draw: Draw) -> None:
    values: dict[str, Value] = {"/look/trails/amount": 0.0}
    first = draw(renderer, values, current=picture(1), current_serial=7, dt_s=0.0)
    same_serial = draw(renderer, values, current=picture(2), current_serial=7, dt_s=0.0)
    new_serial = draw(renderer, values, current=picture(2), current_serial=8, dt_s=0.0)
    assert difference(first, same_serial) < difference(first, new_serial) / 4


@pytest.mark.parametrize("shape", [(64, 64), (128, 128), (256, 256), (96, 160)])
def test_pictures_of_any_size(renderer: Renderer, draw: Draw, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    assert draw(renderer, current=pixels, current_serial=shape[0]).std() > 3


def test_freeze_holds_the_frame(renderer: Renderer, draw: Draw) -> None:
    held = draw(renderer, frames=3)
    frozen = draw(renderer, {"/master/freeze": True}, frames=3, current=picture(5), current_serial=5)
    assert np.array_equal(held, frozen)
    assert difference(held, draw(renderer, frames=1, current=picture(5), current_serial=5)) > 1


def test_the_rooms_light_moves_a_picture_that_is_held_still(renderer: Renderer, draw: Draw) -> None:
    held = draw(renderer, frames=3)
    frozen: dict[str, Value] = {"/master/freeze": True}
    dark = draw(renderer, {**frozen, "/master/brightness": 0.0}, frames=2)
    assert held.mean() > 5
    assert dark.max() == 0, "a blackout is one, whatever is frozen"
    back = draw(renderer, {**frozen, "/master/brightness": 1.0}, frames=1)
    assert back.mean() > 5
    assert np.array_equal(back, draw(renderer, frozen, frames=2, current=picture(5), current_serial=5))


def test_rows_run_from_the_top(renderer: Renderer, draw: Draw) -> None:
    half = plain_picture(30, 30, 30)
    half[:64] = 220
    values: dict[str, Value] = {"/look/view/drift": 0.0, "/look/flow/amount": 0.0, "/look/flow/bass": 0.0}
    pixels = draw(renderer, values, current=half, heard=None)
    assert pixels[:30].mean() > pixels[-30:].mean() + 60


def test_resize_draws_at_the_new_size(renderer: Renderer, draw: Draw) -> None:
    draw(renderer)
    renderer.resize(200, 120)
    assert renderer.size == (200, 120)
    pixels = draw(renderer)
    assert pixels.shape == (120, 200, 3)
    assert pixels.std() > 8
    with pytest.raises(RenderError, match="picture size 0 x 120"):
        renderer.resize(0, 120)
    assert draw(renderer).shape == (120, 200, 3)


def test_pixels_are_written_into_the_array_given(renderer: Renderer, draw: Draw) -> None:
    shown = draw(renderer)
    out = np.zeros((90, 160, 3), np.uint8)
    assert renderer.read_pixels(out) is out
    assert np.array_equal(out, shown)


def test_a_frame_is_drawn_onto_a_target_the_right_way_up(renderer: Renderer, draw: Draw) -> None:
    screen = renderer.ctx.framebuffer([renderer.ctx.texture((160, 90), 3)])
    one = picture(1)
    renderer.render(FrameInputs(0.0, 0.0, {}, current=one, previous=one, current_serial=1), screen)
    shown = np.frombuffer(screen.read(components=3, alignment=1), np.uint8).reshape(90, 160, 3)[::-1]
    assert difference(shown, renderer.read_pixels()) < 1.0


def test_the_display_covers_only_its_corner(renderer: Renderer, draw: Draw) -> None:
    frames = []
    renderer.resize(640, 360)
    for info in (
        None,
        INFO,
        HudInfo(60, 41, "mic: test", "default", "Gallery", 3, "shader finish.frag:12: error"),
    ):
        renderer.restart()
        frames.append(draw(renderer, hud=info))
    plain, shown, message = frames
    changed = np.abs(plain.astype(int) - shown.astype(int)).sum(axis=2) > 12
    assert changed[270:350, 20:330].mean() > 0.5
    assert not changed[:230].any()
    assert not changed[:, 360:].any()
    assert difference(shown[240:262, :350], message[240:262, :350]) > 5


def test_the_display_follows_what_is_heard(renderer: Renderer, draw: Draw) -> None:
    renderer.resize(640, 360)
    quiet = draw(renderer, hud=INFO, heard=heard(-0.8, -0.8, 0.0, rms_dbfs=-60.0))
    loud = draw(
        renderer, {"/master/freeze": True}, frames=6, hud=INFO, heard=heard(0.8, 0.8, 1.0, rms_dbfs=-1.0)
    )
    panel = np.s_[270:350, 10:346]
    assert difference(quiet[panel], loud[panel]) > 3
    assert np.array_equal(quiet[:230], loud[:230])


UGLY = [
    "Two\nlines", "\r\n\t", "\x1b[2J\x07", "a" * 100_000, "\udcff\udc80", "\u202eright to left", "\0", "雨の夜 🌧", "",
]  # fmt: skip


@pytest.mark.parametrize("text", UGLY, ids=range(len(UGLY)))
def test_no_text_keeps_the_display_of_figures_from_being_painted(
    renderer: Renderer, draw: Draw, text: str
) -> None:
    info = HudInfo(59.9, 41.0, source=text, pack=text, preset=text, overruns=3, message=text)
    renderer.resize(640, 360)
    assert difference(draw(renderer, hud=info), draw(renderer)) > 1.0


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), -float("inf")])
def test_no_figure_keeps_the_display_of_figures_from_being_painted(
    renderer: Renderer, draw: Draw, broken: float
) -> None:
    hearing = heard(0.1, 0.1, broken, probabilities=(broken,) * 3, rms_dbfs=broken)
    info = replace(INFO, fps=broken, latency_ms=broken)
    assert HudPainter().paint((640, 360), 0.0, hearing, info).pixels.std() > 5
    hearing = replace(hearing, emotion=replace(hearing.emotion, valence=broken, arousal=broken))
    assert HudPainter().paint((640, 360), 0.0, hearing, info).pixels.std() > 5


def test_a_display_of_figures_that_cannot_be_painted_is_left_out(
    renderer: Renderer, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = draw(renderer)
    renderer.restart()

    def fail(*_: object) -> None:
        raise ValueError("no such font")

    monkeypatch.setattr(HudPainter, "paint", fail)
    assert np.array_equal(draw(renderer, hud=INFO), plain)


def test_a_warning_stays_when_the_display_is_hidden(renderer: Renderer, draw: Draw) -> None:
    renderer.resize(640, 360)
    hidden = replace(INFO, warning=FLASH_LIMITER_OFF).hidden()
    assert hidden is not None
    assert INFO.hidden() is None
    frames = []
    for info in (None, hidden):
        renderer.restart()
        frames.append(draw(renderer, hud=info))
    changed = np.abs(frames[0].astype(int) - frames[1].astype(int)).sum(axis=2) > 12
    assert changed[334:349, 12:112].mean() > 0.5
    assert not changed[:330].any()
    assert not changed[:, 120:].any()


def test_a_warning_is_part_of_the_display(renderer: Renderer, draw: Draw) -> None:
    renderer.resize(640, 360)
    frames = []
    for info in (INFO, replace(INFO, warning=FLASH_LIMITER_OFF)):
        renderer.restart()
        frames.append(draw(renderer, hud=info))
    assert difference(frames[0][322:344, 210:340], frames[1][322:344, 210:340]) > 5


@pytest.mark.parametrize("text", ["Two\nlines", "\x1b[2Jcleared", "tab\tand\rreturn", "\u202egnirts"])
def test_names_with_line_breaks_and_control_characters_are_shown(
    renderer: Renderer, draw: Draw, text: str
) -> None:
    info = HudInfo(30.0, 40.0, source=text, pack=text, preset=text, message=text, warning=text)
    assert draw(renderer, hud=info).std() > 1.0
