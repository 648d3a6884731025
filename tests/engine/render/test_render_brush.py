"""Strokes of the brush: what the tiles hold, that they follow the picture's edges, and what they do to a frame."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

import chromesthesia.render.look
from chromesthesia.core.records import UInt8
from chromesthesia.render.brushwork import REACH, ROW, TILE, WAYS, brushwork
from chromesthesia.render.look import BRUSH_LINES
from chromesthesia.render.renderer import Renderer

Draw = Callable[..., UInt8]
BRUSH = "/look/painting/brush"
STILL = {
    "/look/trails/amount": 0.0,
    "/look/flow/amount": 0.0,
    "/look/view/speed": 0.0,
    "/look/view/drift": 0.0,
}
BARE = {"/look/painting/canvas": 0.0, "/look/finish/grain": 0.0, **STILL}


@pytest.fixture(autouse=True)
def at_any_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures show the brush too: they are drawn sooner."""
    if "few_lines" not in request.fixturenames:
        monkeypatch.setattr(chromesthesia.render.look, "BRUSH_LINES", 1)


@pytest.fixture
def few_lines() -> int:
    """Too few for the brush."""
    return BRUSH_LINES - 2


def tile(number: int) -> UInt8:
    return brushwork()[number * ROW + 1 : number * ROW + 1 + TILE]


def way_deg(number: int) -> float:
    """Direction, modulo half a turn, in which the ways to the middles of a tile's strokes spread most."""
    ways = (tile(number)[..., :2].astype(float) - 128.0).reshape(-1, 2)
    twice = ((ways[:, 0] + 1j * ways[:, 1]) ** 2).sum()
    return math.degrees(0.5 * np.angle(twice)) % 180.0


@pytest.mark.parametrize("number", range(WAYS))
def test_the_strokes_of_a_tile_lie_in_its_direction_and_go_on_at_its_edges(number: int) -> None:
    apart = (way_deg(number) - 180.0 * number / WAYS + 90.0) % 180.0 - 90.0
    assert abs(apart) < 6.0
    assert (brushwork()[number * ROW] == tile(number)[-1]).all()
    assert (brushwork()[number * ROW + ROW - 1] == tile(number)[0]).all()


def test_a_texel_and_the_middle_of_its_stroke_have_the_same_middle() -> None:
    ways = (tile(1)[..., :2].astype(float) - 128.0) / 255.0 * REACH
    down, across = np.mgrid[0:TILE, 0:TILE]
    middle = np.stack((across + ways[..., 0], down + ways[..., 1]), axis=-1)
    # Neighbours along the way mostly lie in one stroke, so they agree on where its middle is.
    step = np.abs(middle[:, 1:] - middle[:, :-1]).max(axis=-1)
    assert np.mean(step < 0.6) > 0.6


def test_no_two_threads_of_the_linen_are_alike() -> None:
    linen = tile(0)[..., 3].astype(float) - 128.0
    assert abs(linen.mean()) < 6.0
    spectrum = np.abs(np.fft.rfft(linen.mean(axis=0)))
    # A regular weave would have all of its strength in one line of the spectrum.
    assert spectrum[1:].max() ** 2 < 0.35 * (spectrum[1:] ** 2).sum()


def edge(angle_deg: float) -> UInt8:
    """A dark half and a bright one, the line between them at this angle."""
    down, across = np.mgrid[0:64, 0:64] - 31.5
    turn = math.radians(angle_deg)
    bright = np.sin(turn) * across - np.cos(turn) * down > 0.0
    return np.where(bright[..., None], 210, 60).astype(np.uint8).repeat(3, axis=2)


@pytest.mark.gl
@pytest.mark.parametrize("angle_deg", [0.0, 35.0, 90.0, 140.0])
def test_the_brush_goes_along_the_edges_of_the_picture(
    renderer: Renderer, draw: Draw, angle_deg: float
) -> None:
    one = edge(angle_deg)
    draw(renderer, {BRUSH: 1.0, **BARE}, frames=2, current=one, previous=one)
    texture = renderer._look._running.target("way").texture
    pixels = np.frombuffer(texture.read(), np.uint8).reshape(texture.height, texture.width, 4)
    middle = pixels[texture.height // 2, texture.width // 2, :2].astype(float) - 127.5
    found = math.degrees(0.5 * math.atan2(middle[1], middle[0])) % 180.0
    # The painting is as wide as the screen: no angle is stretched.
    assert abs((found - angle_deg + 90.0) % 180.0 - 90.0) < 15.0
    texture = renderer._look._running.target("tile").texture
    tiles = np.frombuffer(texture.read(), np.uint8).reshape(texture.height, texture.width, 4)
    tile = int(tiles[texture.height // 2, texture.width // 2, 0])
    assert tile == round(WAYS * found / 180.0) % WAYS


@pytest.mark.gl
def test_strokes_make_a_soft_picture_crisp_and_keep_its_colours(renderer: Renderer, draw: Draw) -> None:
    renderer.resize(640, 360)
    plain = draw(renderer, {BRUSH: 0.0, **BARE}, frames=3).astype(float)
    renderer.restart()
    brushed = draw(renderer, {BRUSH: 0.8, **BARE}, frames=3).astype(float)
    crisp = [np.abs(np.diff(pixels.mean(axis=2), 2, axis=1)).mean() for pixels in (plain, brushed)]
    assert crisp[1] > 3.0 * crisp[0]

    def blocks(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        return pixels.reshape(9, 40, 16, 40, 3).mean(axis=(1, 3))

    assert np.abs(blocks(brushed) - blocks(plain)).mean() < 8.0


@pytest.mark.gl
def test_strokes_go_with_the_painting(renderer: Renderer, draw: Draw) -> None:
    values = {BRUSH: 1.0, "/look/view/angle": 90.0, **BARE}
    renderer.resize(256, 256)
    upright = draw(renderer, {BRUSH: 1.0, **BARE}, frames=2, heard=None).astype(float)
    renderer.restart()
    turned = draw(renderer, values, frames=2, heard=None).astype(float)

    def fine(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        grey = pixels.mean(axis=2)
        return (
            grey
            - (np.roll(grey, 2, 0) + np.roll(grey, -2, 0) + np.roll(grey, 2, 1) + np.roll(grey, -2, 1)) / 4
        )[64:192, 64:192]

    alike = max(
        np.corrcoef(np.rot90(fine(upright), turns).ravel(), fine(turned).ravel())[0, 1] for turns in (1, -1)
    )
    assert alike > 0.35


@pytest.mark.gl
def test_a_picture_of_few_lines_shows_no_brush(renderer: Renderer, draw: Draw, few_lines: int) -> None:
    for lines, shown in ((few_lines, False), (BRUSH_LINES, True)):
        renderer.resize(96, lines)
        without = draw(renderer, {BRUSH: 0.0, **BARE}, frames=2).copy()
        renderer.restart()
        brushed = draw(renderer, {BRUSH: 0.8, **BARE}, frames=2)
        assert (without != brushed).any() == shown
