"""Between the generator's pictures: no jump, no stall, at most one period behind."""

import numpy as np
import pytest

from chromesthesia.core.records import PaintedImage
from chromesthesia.generator.blend import FADE_S, BlendView, ImageBlend


def _image(serial: int, value: int, side: int = 4, painter: int = 0) -> PaintedImage:
    pixels = np.full((side, side, 3), value, dtype=np.uint8)
    return PaintedImage(serial, 240 * serial, 0.0, 0.0, 0.0, pixels, painter)


def _shown(view: BlendView) -> float:
    assert view.previous is not None
    assert view.current is not None
    return float((1.0 - view.mix) * view.previous[0, 0, 0] + view.mix * view.current[0, 0, 0])


def test_nothing_before_the_first_then_the_first_at_once() -> None:
    blend = ImageBlend()
    assert blend.at(0.0) == BlendView(None, None, 1.0, 0, 0)
    blend.push(_image(1, 80), 1.0)
    view = blend.at(1.0)
    assert _shown(view) == 80
    assert view.previous_serial == view.current_serial


@pytest.mark.parametrize("rate_hz", [10.0, 30.0, 60.0])
def test_a_steady_ramp_is_shown_as_a_ramp_one_period_late(rate_hz: float) -> None:
    blend = ImageBlend()
    period_s = 1.0 / rate_hz
    shown = []
    for step in range(60 * 8):
        now_s = step * period_s / 8
        if step % 8 == 0:
            blend.push(_image(step, step // 2), now_s)
        shown.append(_shown(blend.at(now_s)))
    settled = np.array(shown[240:])
    expected = (np.arange(240, 480) - 8) / 2.0
    np.testing.assert_allclose(settled, expected, atol=0.6)


def test_a_picture_before_its_time_starts_from_what_is_on_show() -> None:
    blend = ImageBlend()
    for index, value in enumerate((0, 0, 200)):
        blend.push(_image(index, value), index / 30)
    now_s = 2 / 30 + 0.5 * blend.period_s
    before = _shown(blend.at(now_s))
    blend.push(_image(3, 10), now_s)
    assert before == pytest.approx(100, abs=1)
    assert _shown(blend.at(now_s)) == pytest.approx(before, abs=1)
    assert _shown(blend.at(now_s + blend.period_s)) == 10


def test_motion_never_jumps_whatever_the_jitter() -> None:
    rng = np.random.default_rng(4)
    blend = ImageBlend()
    arrivals = np.cumsum(rng.uniform(0.005, 0.06, 200))
    values = (127 + 120 * np.sin(np.arange(200) / 7)).astype(int)
    shown, due = [], 0
    for now_s in np.arange(0.1, arrivals[-1], 0.002):
        while due < 200 and arrivals[due] <= now_s:
            blend.push(_image(due, int(values[due])), float(now_s))
            due += 1
        shown.append(_shown(blend.at(float(now_s))))
    assert np.abs(np.diff(shown)).max() < 5.0


def test_serials_change_exactly_with_the_arrays() -> None:
    rng = np.random.default_rng(2)
    blend = ImageBlend()
    seen: dict[int, bytes] = {}
    now_s = 0.0
    for index in range(100):
        now_s += float(rng.uniform(0.001, 0.08))
        blend.push(_image(index, int(rng.integers(256))), now_s)
        view = blend.at(now_s + 0.001)
        for serial, pixels in ((view.previous_serial, view.previous), (view.current_serial, view.current)):
            assert pixels is not None
            assert seen.setdefault(serial, pixels.tobytes()) == pixels.tobytes()


def test_when_pictures_stop_the_last_stays() -> None:
    blend = ImageBlend()
    blend.push(_image(1, 10), 0.0)
    blend.push(_image(2, 90), 0.1)
    view = blend.at(1e6)
    assert (_shown(view), view.mix) == (90, 1.0)
    assert blend.image is not None
    assert blend.image.end_sample == 480


@pytest.mark.parametrize("side", [2, 4, 7])
@pytest.mark.parametrize("rate_hz", [2.0, 10.0, 30.0])
def test_pictures_of_another_generator_come_up_slowly_whatever_their_size(side: int, rate_hz: float) -> None:
    blend = ImageBlend()
    for index in range(60):
        blend.push(_image(index, 40), index / rate_hz)
    began_s = 60 / rate_hz
    levels = [_shown(blend.at(began_s))]
    for frame in range(round(30 * (FADE_S + 2.0))):
        now_s = began_s + frame / 30.0
        if frame % max(1, round(30.0 / rate_hz)) == 0:
            blend.push(_image(1000 + frame, 200, side, painter=1), now_s)
        levels.append(_shown(blend.at(now_s)))
    assert levels[0] == 40
    assert levels[-1] == 200
    steps = np.diff(levels)
    assert steps.min() >= -1.0
    # 160 levels in 1.5 s of thirty frames are 3.6 a frame on the mean.
    assert steps.max() <= 12.0


def test_what_comes_up_is_laid_over_what_was_on_show_scaled_to_its_size() -> None:
    blend = ImageBlend()
    old = np.zeros((8, 8, 3), np.uint8)
    old[:, 4:] = 200
    blend.push(PaintedImage(1, 0, 0.0, 0.0, 0.0, old), 0.0)
    blend.push(_image(2, 100, side=16, painter=1), 1.0)
    view = blend.at(1.0)
    assert view.previous is not None
    assert view.previous.shape == (16, 16, 3)
    assert view.previous[:, :7].max() == 0
    assert view.previous[:, 9:].min() == 200


def test_a_change_in_the_middle_of_another_goes_on_from_there() -> None:
    blend = ImageBlend()
    blend.push(_image(1, 40), 0.0)
    for frame in range(1, 20):
        blend.push(_image(2 + frame, 240, painter=1), frame / 30.0)
    before = _shown(blend.at(20 / 30.0))
    blend.push(_image(30, 240, 6, painter=2), 20 / 30.0)
    assert abs(_shown(blend.at(20 / 30.0)) - before) < 1.0
