"""Whatever is asked for, the picture flashes at most three times a second; what does not flash is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.presets import load_preset
from chromesthesia.recording.flash_analyser import FlashAnalyser
from chromesthesia.render.flash_limiter import FlashLimiter, SlowSwitch
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.passes import Target
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.hostile import SCENES, STROBE_SHADER, Asked, Beat, looks_in_turn, play

pytestmark = pytest.mark.gl

EIGHT_HZ = 1  # the seed of a steady beat of 8 Hz
FPS = 30.0
WIDTH, HEIGHT = 120, 72
PRESETS = sorted((Path(__file__).resolve().parents[3] / "presets").glob("*.toml"))


@pytest.fixture(scope="module")
def compiled_without(shared_surface: HeadlessSurface) -> Iterator[Renderer]:
    shared_surface.make_current()
    renderer = Renderer(shared_surface.ctx, 160, 90, flash_limiter=False)
    yield renderer
    shared_surface.make_current()
    renderer.release()


@pytest.fixture
def without(surface: HeadlessSurface, compiled_without: Renderer) -> Renderer:
    """A renderer whose limiter is off."""
    compiled_without.restart()
    return compiled_without


def analysed(renderer: Renderer, frames: Iterable[FrameInputs]) -> FlashAnalyser:
    analyser = FlashAnalyser()
    for inputs in frames:
        renderer.render(inputs)
        analyser.frame(renderer.read_pixels(), inputs.time_s)
    return analyser


class Feed:
    """The limiter by itself: frames go in as pixels and come out as pixels."""

    def __init__(
        self,
        surface: HeadlessSurface,
        width: int = WIDTH,
        height: int = HEIGHT,
        wary: bool = False,
        puts_off: bool | None = None,
    ) -> None:
        self.limiter = FlashLimiter(surface.ctx, width, height, wary=wary, puts_off=puts_off)
        self._frame, self._last = (Target.create(surface.ctx, (width, height), linear=True) for _ in range(2))

    def __call__(self, pixels: UInt8, dt_s: float = 1 / FPS) -> UInt8:
        self._frame, self._last = self._last, self._frame
        alpha = np.full((*pixels.shape[:2], 1), 255, np.uint8)
        self._frame.texture.write(np.ascontiguousarray(np.concatenate([pixels, alpha], axis=2)))
        self.limiter.limit(self._frame, self._last, dt_s)
        shown = np.frombuffer(self._frame.frame.read(components=3, alignment=1), np.uint8)
        return shown.reshape(pixels.shape)


@pytest.fixture
def feed(surface: HeadlessSurface) -> Feed:
    return Feed(surface)


def plain(level: int) -> UInt8:
    return np.full((HEIGHT, WIDTH, 3), level, np.uint8)


def strobe(hz: float, fps: float = FPS, dark: int = 0, light: int = 255) -> Callable[[int], UInt8]:
    return lambda number: plain(light if int(number / fps * 2 * hz + 1e-9) % 2 else dark)


# -- what is held --


@pytest.mark.parametrize("name", [*SCENES, "presets"])
def test_hostile_settings_are_held_and_would_flash_without(
    renderer: Renderer, without: Renderer, name: str
) -> None:
    scene = SCENES[name] if name in SCENES else looks_in_turn([load_preset(path).params for path in PRESETS])
    assert analysed(without, play(scene, EIGHT_HZ, 2.2, 24.0)).violations
    assert analysed(renderer, play(scene, EIGHT_HZ, 2.2, 24.0)).violations == []


def test_a_shader_of_the_users_that_strobes_is_held(surface: HeadlessSurface, tmp_path: Path) -> None:
    (tmp_path / "finish.frag").write_text(STROBE_SHADER, encoding="utf-8")
    # Nor can one go round it: these are no passes of the shader folder.
    for name in ("present.frag", "overlay.frag", "flash_limiter.frag"):
        (tmp_path / name).write_text("no shader", encoding="utf-8")
    found = []
    for limiter in (False, True):
        renderer = Renderer(surface.ctx, 96, 54, tmp_path, flash_limiter=limiter)
        frames = play(SCENES["brightness"], EIGHT_HZ, 6.0, 24.0)
        found.append(analysed(renderer, frames).violations)
        renderer.release()
    assert {one.kind for one in found[0]} == {"general", "red"}
    assert found[1] == []


@pytest.mark.parametrize("fps", [10.0, 24.0, 60.0, 144.0])
def test_it_holds_at_any_frame_rate(feed: Feed, fps: float) -> None:
    asked, shown = FlashAnalyser(), FlashAnalyser()
    picture = strobe(5.0, fps)
    for number in range(round(1.8 * fps)):
        asked.frame(picture(number), number / fps)
        shown.frame(feed(picture(number), 1 / fps), number / fps)
    assert asked.violations
    assert shown.violations == []


def test_it_holds_through_uneven_time_and_jumps(feed: Feed) -> None:
    rng = np.random.default_rng(4)
    analyser, time_s = FlashAnalyser(), 0.0
    for number in range(160):
        dt_s = float(rng.uniform(0.005, 0.06))
        told_s = {40: 3600.0, 70: -5.0, 90: float("nan"), 100: float("inf")}.get(number, dt_s)
        time_s += dt_s
        analyser.frame(feed(plain(255 * (number // 2 % 2)), told_s), time_s)
    assert analyser.violations == []


def test_bursts_that_wait_for_the_release_are_held(feed: Feed) -> None:
    analyser = FlashAnalyser()
    for number in range(240):
        since = number / FPS % 1.6
        lit = since < 0.9 and number % 4 < 2
        analyser.frame(feed(plain(255 if lit else 0)), number / FPS)
    assert analyser.violations == []


def test_unfrozen_moments_count_the_time_between(renderer: Renderer) -> None:
    """Two flashes a second are allowed, however few frames are not frozen."""
    shown = []
    for number in range(120):
        values = {"/master/freeze": number % 8 > 0, "/master/brightness": float(number // 8 % 2)}
        renderer.render(FrameInputs(number / FPS, 1 / FPS, values))
        shown.append(int(renderer.read_pixels().max()))
    assert max(shown[::16]) == 0
    assert min(shown[8::16]) > 200


def test_what_is_held_goes_on_at_another_size(renderer: Renderer) -> None:
    means = []
    for number, inputs in enumerate(play(SCENES["pictures"], EIGHT_HZ, 3.0, FPS)):
        if number % 20 == 0:
            renderer.resize(160 - number, 90 + number // 2)
        renderer.render(inputs)
        means.append(float(renderer.read_pixels().mean()))
    late = np.array(means[45:])
    assert np.abs(np.diff(late)).max() < 4.0
    assert np.ptp(late) < 60.0


def test_restart_forgets_everything(renderer: Renderer) -> None:
    frames = []
    for _ in range(2):
        renderer.restart()
        for inputs in play(SCENES["brightness"], EIGHT_HZ, 1.5, FPS):
            renderer.render(inputs)
        frames.append(renderer.read_pixels().copy())
    assert np.array_equal(frames[0], frames[1])


def test_after_a_lost_context_it_holds_from_the_first_frame(surface: HeadlessSurface) -> None:
    analyser, feed = FlashAnalyser(), Feed(surface)
    for number in range(150):
        lost = 50 <= number < 110 and number % 10 == 0
        if lost:
            feed = Feed(surface, wary=True)
        shown = feed(strobe(6.0)(number))
        if lost:
            assert shown[0, 0, 0] == strobe(6.0)(number)[0, 0, 0]
        analyser.frame(shown, number / FPS)
    assert analyser.violations == []


def test_letting_go_and_holding_again_is_no_jump(feed: Feed) -> None:
    """What is shown while it lets go is what stands still when it flashes again."""
    rng = np.random.default_rng(5)
    analyser = FlashAnalyser()
    number = 0
    for pause in rng.integers(24, 52, 14):
        for _ in range(10):
            number += 1
            analyser.frame(feed(plain(255 * (number % 2))), number / FPS)
        for _ in range(pause):
            number += 1
            analyser.frame(feed(plain(20)), number / FPS)
    assert analyser.violations == []


def test_what_is_held_is_calm(feed: Feed) -> None:
    shown = [int(feed(strobe(8.0)(number))[0, 0, 0]) for number in range(240)]
    assert max(abs(one - other) for one, other in pairwise(shown[40:])) <= 6
    # It drifts to the mean of what is asked.
    assert 90 < shown[-1] < 165


def test_slow_shades_have_no_bands(feed: Feed) -> None:
    x = np.linspace(0.0, 1.0, WIDTH)
    dark, light = (np.broadcast_to(row[None, :, None], (HEIGHT, WIDTH, 3)) for row in (9 * x, 120 + 10 * x))
    for number in range(90):
        shown = feed(np.asarray(light if number // 2 % 2 else dark, np.uint8))
    # Without dither every column is of one level.
    assert (shown[..., 0].std(axis=0) > 0.1).mean() > 0.5


def seldom_calm(seed: int) -> Iterator[tuple[UInt8, float]]:
    """Frames and the time between: rests, slow waves and parts that flash at some rate, one after the other."""
    rng = np.random.default_rng(seed)
    for _ in range(12):
        picture = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        top, left = int(rng.integers(0, HEIGHT - 12)), int(rng.integers(0, WIDTH - 12))
        hz, red, steady = rng.uniform(1.5, 12.0), rng.random() < 0.3, rng.random() < 0.5
        time_s, length_s = 0.0, rng.uniform(0.5, 2.5)
        while time_s < length_s:
            asked = picture.copy()
            if rng.random() > 0.2 and not steady:
                lit = int(2 * hz * time_s) % 2
                asked[top:, left:] = (255 * lit, 0, 0) if red else 255 * lit
            dt_s = float(rng.choice([1 / 60, 1 / 30, 1 / 25, 0.3, 5.0], p=[0.3, 0.4, 0.25, 0.04, 0.01]))
            time_s += min(dt_s, 0.3)
            yield asked, dt_s


@pytest.mark.parametrize("seed", range(6))
def test_judging_later_what_cannot_be_held_shows_the_same(surface: HeadlessSurface, seed: int) -> None:
    at_once, later = (Feed(surface, puts_off=puts_off) for puts_off in (False, True))
    held = 0
    put_off = []
    for number, (asked, dt_s) in enumerate(seldom_calm(seed), start=1):
        shown = at_once(asked, dt_s)
        assert np.array_equal(later(asked, dt_s), shown), number
        held += not np.array_equal(shown, asked)
        put_off.append(later.limiter.puts_off_now)
        if number % 37 == 0:
            one, other = at_once.limiter.state(), later.limiter.state()
            for part in ("points", "fields"):
                # The last channel tells whether five turns or seven were seen, whichever was asked for.
                assert np.array_equal(one[part][0][..., :3], other[part][0][..., :3]), (number, part)
                assert np.array_equal(one[part][1], other[part][1]), (number, part)
    assert number // 10 < held < number
    assert any(put_off)
    assert not all(put_off)
    assert not at_once.limiter.puts_off_now


# -- what is left alone --


def test_three_flashes_a_second_are_shown_as_they_are(feed: Feed) -> None:
    for _ in range(45):
        feed(plain(0))
    for number in range(120):
        asked = strobe(3.0)(number)
        assert np.array_equal(feed(asked), asked), number


def test_a_small_area_may_flash(feed: Feed) -> None:
    for number in range(60):
        asked = plain(20)
        if number // 2 % 2:
            asked[30:36, 40:48] = 255  # a twelfth of a field
        assert np.array_equal(feed(asked), asked), number


def test_a_faint_flicker_may_flash(feed: Feed) -> None:
    for number in range(60):
        asked = plain(120 if number // 2 % 2 else 105)
        assert np.array_equal(feed(asked), asked), number


def test_only_the_place_that_flashes_is_held(feed: Feed) -> None:
    for number in range(60):
        asked = plain(60)
        asked[:, -30:] = 40 + number
        if number // 2 % 2:
            asked[:30, :40] = 255
        shown = feed(asked)
    assert np.array_equal(shown[:, -30:], asked[:, -30:])
    assert not np.array_equal(shown[:30, :40], asked[:30, :40])


def test_a_fourth_flash_right_behind_the_third_is_held_at_once(feed: Feed) -> None:
    # Two places of one field: one falls dark in the frame before the other lights up, so that within 50 ms as much fell
    # as half of what rose. That is told apart when the fall is over, a frame after the light was shown.
    dark, small, large = plain(0), plain(0), plain(0)
    small[24:40, 40:56] = 255
    large[25:46, 58:78] = 255
    frames = (
        [plain(255)] * 40 + [dark] * 5 + [small, *[dark] * 8, small, *[dark] * 6, small, dark] + [large] * 20
    )
    asked, shown = FlashAnalyser(), FlashAnalyser()
    for number, pixels in enumerate(frames):
        asked.frame(pixels, number / FPS)
        shown.frame(feed(pixels), number / FPS)
    assert [one.kind for one in asked.violations] == ["general"]
    assert shown.violations == []


def test_the_picture_is_itself_again_when_the_flashing_is_over(feed: Feed) -> None:
    for number in range(60):
        feed(plain(0 if number // 2 % 2 else 255))
    after = [feed(plain(200)) for _ in range(90)]
    away = [abs(float(one.mean()) - 200.0) for one in after]
    assert away[0] > 20.0
    assert np.array_equal(after[-1], plain(200))
    assert all(later <= earlier for earlier, later in pairwise(away))
    assert max(earlier - later for earlier, later in pairwise(away)) < 25.0


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_an_ordinary_show_has_the_same_bytes(renderer: Renderer, without: Renderer, path: Path) -> None:
    values = dict(load_preset(path).params)
    # At this size a grain is as large as half a degree, and strong grain does flash.
    values["/look/finish/grain"] = min(float(values.get("/look/finish/grain", 0.0)), 0.3)
    for inputs in play(looks_in_turn([values]), EIGHT_HZ, 0.8, FPS):
        frames = []
        for one in (renderer, without):
            one.render(replace(inputs, values=values))
            frames.append(one.read_pixels().copy())
        assert np.array_equal(frames[0], frames[1])


# -- the display --


def test_a_switch_turns_at_most_once_a_second() -> None:
    switch = SlowSwitch[str]()
    shown = [switch.step("on" if number % 2 else None, 0.1, lambda: True) for number in range(60)]
    turns = sum(one != other for one, other in pairwise(shown))
    assert shown[:2] == [None, "on"]
    assert 3 <= turns <= 6


def test_what_is_shown_on_a_switch_may_change_at_any_time() -> None:
    switch = SlowSwitch[str]()
    assert [switch.step(text, 0.01, lambda: False) for text in ("a", "b", "c")] == ["a", "b", "c"]


def test_a_switch_waits_for_room_but_in_its_first_step() -> None:
    there, away = SlowSwitch[str](), SlowSwitch[str]()
    assert [there.step("on", 0.0, lambda: False), there.step(None, 9.0, lambda: False)] == ["on", "on"]
    assert [away.step(None, 0.0, lambda: False), away.step("on", 9.0, lambda: False)] == [None, None]
    assert away.step("on", 0.1, lambda: True) == "on"


def shown_over(renderer: Renderer, light: Callable[[float], bool], on_s: float, off_s: float) -> list[UInt8]:
    """Frames of 4 s of a picture that is bright while it is `light`, under the display from `on_s` to `off_s`."""

    def scene(time_s: float, beat: Beat) -> Asked:
        return Asked(
            {"/master/brightness": 2.0 if light(time_s) else 0.3}, hud=on_s - 1e-6 <= time_s < off_s - 1e-6
        )

    renderer.restart()
    shown = []
    for inputs in play(scene, EIGHT_HZ, 4.0, FPS):
        renderer.render(inputs)
        shown.append(renderer.read_pixels().copy())
    return shown


@pytest.mark.parametrize("after_s", [0.4, 0.5, 0.6, 0.7])
def test_the_display_makes_no_fourth_flash(renderer: Renderer, after_s: float) -> None:
    def light(time_s: float) -> bool:
        """Three flashes in the first third of every second and a bit, which may pass."""
        within_s = time_s % 1.1
        return within_s > 0.299 or within_s * 10.0 % 1.0 > 0.499

    # It lies over nearly all of a picture as small as this.
    analyser = FlashAnalyser()
    for number, pixels in enumerate(shown_over(renderer, light, 1.1 + after_s, 1.6 + after_s)):
        analyser.frame(pixels, number / FPS)
    assert analyser.violations == []


@pytest.mark.parametrize(("hz", "latest_frames"), [(0.4, 0), (3.0, 31), (8.0, 31)])
def test_the_display_is_there_at_once_over_a_calm_picture_and_soon_over_any(
    renderer: Renderer, hz: float, latest_frames: int
) -> None:
    def light(time_s: float) -> bool:
        return time_s * hz % 1.0 < 0.5

    pairs = zip(shown_over(renderer, light, 2.0, 3.2), shown_over(renderer, light, 9.0, 9.0), strict=True)
    first = [not np.array_equal(*pair) for pair in pairs].index(True) - round(2.0 * FPS)
    assert 0 <= first <= latest_frames
