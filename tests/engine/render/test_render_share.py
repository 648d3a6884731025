"""Fewer pixels shown enlarged, and what was shown before going slowly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from chromesthesia.core.records import UInt8
from chromesthesia.render.inputs import HudInfo
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import picture, plain_picture

pytestmark = pytest.mark.gl
Draw = Callable[..., UInt8]
WIDTH, HEIGHT = 160, 90


def difference(one: UInt8, other: UInt8) -> float:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


def blurred(frame: UInt8) -> UInt8:
    """Means of squares of ten pixels."""
    return frame.reshape(9, 10, 16, 10, 3).mean(axis=(1, 3)).astype(np.uint8)


def test_fewer_pixels_are_shown_at_the_same_size(renderer: Renderer, draw: Draw) -> None:
    whole = draw(renderer, frames=3, current=picture(1), current_serial=1).copy()
    renderer.draw_share(0.5)
    try:
        small = draw(renderer, frames=3, current=picture(1), current_serial=1).copy()
        drawn = renderer._result.texture.size
        assert (renderer.size, drawn) == ((WIDTH, HEIGHT), (WIDTH // 2, HEIGHT // 2))
        assert small.shape == whole.shape
        assert difference(blurred(small), blurred(whole)) < 12.0
    finally:
        renderer.draw_share(1.0)
    again = draw(renderer, frames=3, current=picture(1), current_serial=1)
    assert again.shape == whole.shape
    assert renderer.framebuffer.size == (WIDTH, HEIGHT)


def test_the_display_of_figures_stays_sharp_over_fewer_pixels(renderer: Renderer, draw: Draw) -> None:
    info = HudInfo(30.0, 20.0, "source", "pack", "preset")
    plain = draw(renderer, frames=20, hud=info, current=picture(1), current_serial=1).copy()
    renderer.draw_share(0.5)
    try:
        small = draw(renderer, frames=20, hud=info, current=picture(1), current_serial=1)
        # The letters are the same pixels, not enlarged ones.
        light = plain.min(axis=2).astype(np.int16)
        bright = light >= np.quantile(light, 0.995)
        assert light[bright].mean() > light.mean() + 40
        assert np.abs(small.min(axis=2).astype(np.int16) - light)[bright].mean() < 8
    finally:
        renderer.draw_share(1.0)


def test_a_share_that_leaves_no_picture_is_drawn_as_small_as_can_be(renderer: Renderer, draw: Draw) -> None:
    renderer.draw_share(0.001)
    try:
        draw(renderer)
        assert renderer._result.texture.size == (16, 16)
    finally:
        renderer.draw_share(1.0)


def test_what_was_shown_goes_slowly_when_it_is_told_to(renderer: Renderer, draw: Draw) -> None:
    old = draw(renderer, frames=2, current=plain_picture(200, 40, 40), current_serial=1).copy()
    renderer.fade(0.3)
    distances = []
    for _ in range(12):
        frame = draw(renderer, dt_s=0.03, current=plain_picture(40, 40, 200), current_serial=2)
        distances.append(difference(frame, old))
    assert distances[0] < 0.25 * distances[-1]
    assert max(np.diff(distances)) < 0.5 * distances[-1]
