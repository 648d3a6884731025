"""Outputs: part, corners, fade and gamma of a frame, seen in pixels; one frame on two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import RenderError
from chromesthesia.core.guard import Guard
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.display.outputs import OffscreenOutput, Output
from chromesthesia.display.surface import Surface
from chromesthesia.render.cards import Card, card_picture
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.mesh import Mesh
from chromesthesia.render.output import OutputPass, OutputShape
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import picture

W, H = 48, 32
Show = Callable[..., UInt8]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"crop": (0.5, 0.0, 0.6, 1.0)}, "shows the part"),
        ({"crop": (0.0, 0.0, 0.0, 1.0)}, "shows the part"),
        ({"crop": (-0.1, 0.0, 0.5, 1.0)}, "shows the part"),
        ({"fade": (0.0, 1.5, 0.0, 0.0)}, "fades over"),
        ({"light": 0.0}, "gammas"),
        ({"gamma": (1.0, 9.0, 1.0)}, "gammas"),
        ({"gamma": (1.0, float("nan"), 1.0)}, "no number"),
        ({"corners": ((0, 0), (1, 0), (0.2, 0.2), (0, 1))}, "corners"),
        ({"corners": ((0, 0), (1, 1), (1, 0), (0, 1))}, "corners"),
        ({"corners": ((0, 0), (0.5, 0), (1, 0), (0, 1))}, "corners"),
        ({"corners": ((0, 0), (99, 0), (1, 1), (0, 1))}, "corners"),
    ],
)
def test_a_shape_that_shows_nothing_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(RenderError, match=said):
        OutputShape(**given)


@pytest.fixture
def show(surface: HeadlessSurface) -> Iterator[Show]:
    """Shows pixels uint8 [H, W, 3] on an output of a size and shape, and reads what is there."""
    output_pass = OutputPass(surface.ctx)

    def shown(
        pixels: UInt8, shape: OutputShape, width: int = W, height: int = H, upright: bool = True
    ) -> UInt8:
        frame = surface.ctx.texture((pixels.shape[1], pixels.shape[0]), 3, pixels.tobytes(), alignment=1)
        frame.repeat_x = frame.repeat_y = False
        output = OffscreenOutput(surface.ctx, "test", width, height, shape)
        output_pass.draw(frame, output.target, shape, upright)
        read = output.read_pixels(np.empty((height, width, 3), np.uint8))
        output.close()
        frame.release()
        return read

    yield shown
    output_pass.release()


def wave() -> UInt8:
    return picture(3, W)[:H]


@pytest.mark.gl
@pytest.mark.parametrize("shape", [OutputShape(), OutputShape(light=1.8)])
def test_a_plain_output_is_the_frame(show: Show, shape: OutputShape) -> None:
    assert np.array_equal(show(wave(), shape), wave())
    assert np.array_equal(show(wave(), shape, upright=False), wave()[::-1])


@pytest.mark.gl
def test_a_crop_is_that_part_of_the_frame(show: Show) -> None:
    read = show(wave(), OutputShape(crop=(0.25, 0.5, 0.5, 0.25)), W // 2, H // 4)
    assert np.array_equal(read, wave()[H // 2 : H * 3 // 4, W // 4 : W * 3 // 4])


@pytest.mark.gl
def test_corners_move_turn_and_mirror(show: Show) -> None:
    quarter = OutputShape(corners=((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5)))
    read = show(wave(), quarter, 2 * W, 2 * H)
    assert np.array_equal(read[:H, W:], wave())
    assert not read[:H, :W].any()
    assert not read[H:].any()
    upside_down = OutputShape(corners=((1.0, 1.0), (0.0, 1.0), (0.0, 0.0), (1.0, 0.0)))
    assert np.abs(show(wave(), upside_down).astype(int) - wave()[::-1, ::-1]).max() <= 1
    mirrored = OutputShape(corners=((1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0)))
    assert np.abs(show(wave(), mirrored).astype(int) - wave()[:, ::-1]).max() <= 1


@pytest.mark.gl
def test_a_pinned_picture_lies_where_a_projector_would_put_it(show: Show) -> None:
    """The diagonals of a picture stay straight: its middle lies where those of the corners cross."""
    corners = ((0.1, 0.2), (0.8, 0.0), (1.0, 1.0), (0.0, 0.7))
    marked = np.full((H, W, 3), 90, np.uint8)
    marked[H // 2 - 2 : H // 2 + 2, W // 2 - 2 : W // 2 + 2] = 255
    read = show(marked, OutputShape(corners=corners), 200, 200)[..., 0].astype(float)
    bright = np.argwhere(read > 170)
    middle = bright.mean(axis=0)[::-1] + 0.5
    (a, b, c, d) = (np.array(point) * 200 for point in corners)
    t, _ = np.linalg.solve(np.stack([c - a, b - d], axis=1), b - a)
    assert np.linalg.norm(middle - (a + t * (c - a))) < 1.5
    for corner, (x, y) in zip((a, b, c, d), ((1, 1), (-1, 1), (-1, -1), (1, -1)), strict=True):
        inner = np.clip(corner + 12 * np.array([x, y]), 0, 199).astype(int)
        assert read[inner[1], inner[0]] == 90
    assert read[5, 5] == read[195, 5] == read[5, 195] == 0


@pytest.mark.gl
def test_overlapping_fades_add_up_to_even_light(show: Show) -> None:
    grey = np.full((H, W, 3), 200, np.uint8)
    left = show(grey, OutputShape(crop=(0.0, 0.0, 0.6, 1.0), fade=(0, 0, 1 / 3, 0)), 60, 10)
    right = show(grey, OutputShape(crop=(0.4, 0.0, 0.6, 1.0), fade=(1 / 3, 0, 0, 0)), 60, 10)
    light = np.zeros(100)
    light[:60] += (left[5, :, 0] / 255.0) ** 2.2
    light[40:] += (right[5, :, 0] / 255.0) ** 2.2
    assert np.abs(light / (200 / 255) ** 2.2 - 1.0).max() < 0.03
    assert left[5, 59, 0] < 40
    assert left[5, 30, 0] == right[5, 30, 0] == 200
    top = show(grey, OutputShape(fade=(0, 0.5, 0, 0.25)))[:, W // 2, 0]
    assert top[0] < 60 < top[H // 4] < top[H // 2] == 200 > top[-1]


@pytest.mark.gl
def test_gamma_bends_each_colour_by_itself(show: Show) -> None:
    read = show(np.full((H, W, 3), 128, np.uint8), OutputShape(gamma=(1.0, 2.0, 0.5)))
    expected: NDArray[np.float64] = 255.0 * (128 / 255) ** np.array([1.0, 0.5, 2.0])
    assert np.abs(read.astype(float) - expected).max() <= 1.0


@pytest.mark.gl
def test_a_mesh_that_bends_nothing_changes_nothing(show: Show) -> None:
    corners = ((0.1, 0.2), (0.8, 0.0), (1.0, 1.0), (0.0, 0.7))
    for mesh in (Mesh.even(2, 2), Mesh.even(5, 3), Mesh.even(4, 4, smooth=False)):
        assert np.array_equal(show(wave(), OutputShape(mesh=mesh)), wave())
        assert np.array_equal(show(wave(), OutputShape(mesh=mesh), upright=False), wave()[::-1])
        pinned = show(wave(), OutputShape(corners=corners), 200, 200).astype(int)
        bent = show(wave(), OutputShape(corners=corners, mesh=mesh), 200, 200).astype(int)
        assert np.abs(bent - pinned).max() <= 3


@pytest.mark.gl
@pytest.mark.parametrize("smooth", [True, False])
def test_the_points_of_a_mesh_land_where_they_are_pulled(show: Show, smooth: bool) -> None:
    """Red tells where a place is across the picture, green where down: read at each point, within a pixel."""
    mesh = Mesh.even(4, 3, smooth).moved(5, (0.42, 0.4)).moved(6, (0.6, 0.62)).moved(1, (0.3, 0.1))
    side = 255
    down, across = np.mgrid[0:side, 0:side]
    told = np.stack([across, down, 0 * down], axis=-1).astype(np.uint8)
    read = show(told, OutputShape(mesh=mesh), side, side).astype(float)
    for number, (x, y) in enumerate(mesh.points):
        column, row = (min(int(share * side), side - 1) for share in (x, y))
        if number == 1:
            row += 2  # it lies on the edge, which is drawn smooth
        u, v, _ = read[row, column]
        wanted = number % 4 / 3 * side - 0.5, number // 4 / 2 * side - 0.5
        assert np.abs(np.array([u, v]) - wanted).max() < (4.0 if number == 1 else 2.0)
    assert read[5, round(0.3 * side)].sum() == 0, "above the point that was pulled down nothing is shown"
    assert not np.array_equal(read, show(told, OutputShape(), side, side))


@pytest.mark.gl
def test_a_pinned_corner_is_where_it_is_pinned_within_a_pixel(show: Show) -> None:
    corners = ((0.125, 0.25), (0.75, 0.0625), (0.9375, 0.875), (0.0625, 0.75))
    white = np.full((H, W, 3), 255, np.uint8)
    for shape in (OutputShape(corners=corners), OutputShape(corners=corners, mesh=Mesh.even(3, 3))):
        lit = np.argwhere(show(white, shape, 320, 320)[..., 0] > 127)[:, ::-1] + 0.5
        for x, y in corners:
            assert np.linalg.norm(lit - np.array((x, y)) * 320, axis=1).min() < 1.0
        # Nothing beyond: the area is that of the figure.
        xs, ys = np.array(corners).T * 320
        area = 0.5 * abs(np.dot(xs, np.roll(ys, 1)) - np.dot(ys, np.roll(xs, 1)))
        assert abs(len(lit) - area) < 0.01 * area


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((1, 3, ((0.0, 0.0),) * 3), "1 x 3 points"),
        ((18, 2, ((0.0, 0.0),) * 36), "18 x 2 points"),
        ((2, 2, ((0.0, 0.0),) * 3), "has 3 points"),
        ((2, 2, ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (float("nan"), 1.0))), "point 2 of row 2"),
        ((2, 2, ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 99.0))), "point 2 of row 2"),
        ((2, 2, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))), "folded"),
        ((2, 2, ((0.0, 0.0),) * 4), "folded"),
    ],
)
def test_a_mesh_that_shows_nothing_is_refused(given: tuple[int, int, Any], said: str) -> None:
    with pytest.raises(RenderError, match=said):
        Mesh(*given)


def test_a_mirrored_mesh_is_no_folded_one() -> None:
    even = Mesh.even(3, 3)
    mirrored = Mesh(3, 3, tuple((1.0 - x, y) for x, y in even.points))
    assert not mirrored.is_even
    assert even.is_even


@pytest.mark.gl
def test_meshes_edited_live_keep_only_a_few_nets(surface: HeadlessSurface) -> None:
    output_pass = OutputPass(surface.ctx)
    frame = surface.ctx.texture((W, H), 3, wave().tobytes(), alignment=1)
    output = OffscreenOutput(surface.ctx, "test", W, H)
    for step in range(12):
        mesh = Mesh.even(2, 2).moved(0, (step / 100, 0.0))
        output_pass.draw(frame, output.target, OutputShape(mesh=mesh), upright=True)
    assert len(output_pass._nets) == 4
    output.close()
    frame.release()
    output_pass.release()


def test_every_card_fills_its_size_and_numbers_differ_in_colour() -> None:
    for card in Card:
        picture_of = card_picture(
            card, 96, 54, 2, "a name that is far too long for so small a picture, really"
        )
        assert picture_of.shape == (54, 96, 3)
        assert picture_of.max() > 180
    bars = card_picture(Card.BARS, 70, 40)
    assert [tuple(int(x) for x in bars[3, 5 + 10 * n]) for n in (0, 1, 6)] == [
        (191, 191, 191), (191, 191, 0), (0, 0, 191),
    ]  # fmt: skip
    ramp = bars[26, :, 0].astype(int)
    assert ramp[0] == 0
    assert ramp[-1] == 255
    assert (np.diff(ramp) > 0).all()
    one, two = (card_picture(Card.IDENTIFY, 96, 54, number)[0, 0] for number in (1, 2))
    assert not np.array_equal(one, two)


@pytest.fixture
def two() -> tuple[OutputShape, OutputShape]:
    """The left part as it is, the right one upside down and darker."""
    return (
        OutputShape(crop=(0.0, 0.0, 0.5, 1.0)),
        OutputShape(
            crop=(0.5, 0.0, 0.5, 1.0),
            corners=((1.0, 1.0), (0.0, 1.0), (0.0, 0.0), (1.0, 0.0)),
            gamma=(0.5, 0.5, 0.5),
        ),
    )


@pytest.mark.gl
def test_a_frame_is_drawn_once_and_shown_on_two_outputs(two: tuple[OutputShape, OutputShape]) -> None:
    drawn: list[str] = []
    opened: list[OffscreenOutput] = []

    def make_renderer(surface: Surface) -> Renderer:
        renderer = Renderer(surface.ctx, *surface.size)
        renderer.drawer.on_pass = drawn.append
        return renderer

    def open_outputs(surface: Surface) -> list[Output]:
        opened[:] = [OffscreenOutput(surface.ctx, f"wall {n}", 80, 90, shape) for n, shape in enumerate(two)]
        return list(opened)

    clock = ManualClock()
    guard = Guard(clock)
    light = Light(lambda: HeadlessSurface(160, 90), make_renderer, clock, guard, open_outputs)
    one = picture(1)
    for number in range(3):
        drawn.clear()
        inputs = FrameInputs(
            number / 30, 1 / 30, {}, current=one, previous=one, current_serial=1, previous_serial=1
        )
        frame = light.draw(inputs, want_pixels=True)
    assert frame is not None
    assert drawn.count("finish.frag") == 1
    left, right = (output.read_pixels(np.empty((90, 80, 3), np.uint8)) for output in opened)
    assert np.array_equal(left, frame[:, :80])
    darker = np.rint(255.0 * (frame[::-1, :79:-1] / 255.0) ** 2.0)
    assert np.abs(right - darker).max() <= 2
    assert left.std() > 1.0

    def broken() -> None:
        raise OSError("unplugged")

    opened[0].present = broken  # type: ignore[method-assign]
    inputs = FrameInputs(0.2, 1 / 30, {}, current=one, previous=one, current_serial=1, previous_serial=1)
    assert light.draw(inputs, want_pixels=True) is not None
    assert guard.failures == {"output wall 0": 1}
    light.close()
    assert light.outputs == ()
