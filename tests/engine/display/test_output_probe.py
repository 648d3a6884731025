"""The small copies that are looked at are what is shown, a moment later, and cost no frame its time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import moderngl
import numpy as np
import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.display.output_probe import WIDTH, OutputProbe
from chromesthesia.display.surface import Surface
from chromesthesia.params.sound import MASTER_BRIGHTNESS
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.held_picture import holding
from chromesthesia.supervise.last_picture import LARGEST_BYTES, LastPicture, PictureMemory, open_memory
from chromesthesia.testing.render import picture

pytestmark = pytest.mark.gl


def inputs(number: int, brightness: float = 1.0) -> FrameInputs:
    return FrameInputs(
        time_s=number / 30.0,
        dt_s=1 / 30.0,
        values={MASTER_BRIGHTNESS.path: brightness},
        current=picture(1),
        current_serial=1,
    )


@pytest.fixture
def light() -> Iterator[Light]:
    def renderer(surface: Surface) -> Renderer:
        return Renderer(surface.ctx, *surface.size, flash_limiter=True)

    made = Light(lambda: HeadlessSurface(320, 180), renderer, ManualClock())
    yield made
    made.close()


class Seen:
    def __init__(self) -> None:
        self.pixels: list[UInt8] = []
        self.numbers: list[bool] = []
        self.at_s: list[float] = []

    def take(self, pixels: UInt8, numbers: bool, at_s: float) -> None:
        self.pixels.append(pixels.copy())
        self.numbers.append(numbers)
        self.at_s.append(at_s)


def test_two_copies_a_second_of_what_was_shown(light: Light) -> None:
    seen = Seen()
    probe = OutputProbe(light, seen.take)
    frames: dict[float, UInt8] = {}
    for number in range(61):
        pixels = light.draw(inputs(number), want_pixels=True)
        assert pixels is not None
        frames[number / 30.0] = pixels.copy()
        probe.shown(number / 30.0)
    assert seen.at_s == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.05)
    assert all(seen.numbers)
    for at_s, copy in zip(seen.at_s, seen.pixels, strict=True):
        assert copy.shape == (90, WIDTH, 3)
        whole = frames[at_s]
        rows = whole[1::2, 1::2].astype(float), whole[::2, ::2].astype(float)
        assert min(np.abs(copy - each).mean() for each in rows) < 12.0
        assert np.abs(copy.mean() - whole.mean()) < 2.0


def test_no_light_is_seen_as_black(light: Light) -> None:
    seen = Seen()
    probe = OutputProbe(light, seen.take)
    for number in range(24):
        light.draw(inputs(number, brightness=0.0), want_pixels=False)
        probe.shown(number / 30.0)
    assert seen.pixels[-1].mean() < 1.0


def test_a_float_that_is_no_number_anywhere_behind_the_picture_is_told(light: Light) -> None:
    seen = Seen()
    probe = OutputProbe(light, seen.take)
    renderer = light.renderer
    assert isinstance(renderer, Renderer)
    light.draw(inputs(0), want_pixels=False)
    assert renderer.floats, "the flash limiter's are always there"
    ill = renderer.floats[0]
    values = np.frombuffer(ill.read(), np.float32).copy()
    values[len(values) // 2] = np.nan
    ill.write(values.tobytes())
    probe.shown(0.0)
    probe.shown(1.0)
    assert seen.numbers == [False]


def test_it_goes_on_with_a_new_renderer_and_another_size(light: Light) -> None:
    seen = Seen()
    probe = OutputProbe(light, seen.take)
    for number, do in enumerate([lambda: None, lambda: light.resize(160, 160), light.reopen, lambda: None]):
        do()
        light.draw(inputs(number), want_pixels=False)
        probe.shown(number * 1.0)
        probe.shown(number + 0.5)
    assert [copy.shape[0] for copy in seen.pixels] == [90, WIDTH, 90, 90, 90]


class WindowLike:
    """A surface with a screen, off-screen."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self.ctx = ctx
        self.size = (64, 36)
        self.screen: Any = ctx.framebuffer(color_attachments=[ctx.texture(self.size, 4)])
        self.presented = 0

    def present(self) -> None:
        self.presented += 1

    def close(self) -> None:
        pass


def test_the_last_picture_is_on_the_screen_before_anything_else(light: Light) -> None:
    assert light.surface is not None
    window = WindowLike(light.surface.ctx)
    pixels = np.zeros((9, 16, 3), np.uint8)
    pixels[:4] = (200, 100, 50)
    opened = []

    def open_window() -> Surface:
        opened.append(1)
        return cast(Surface, window)

    opener = holding(LastPicture(16, 9, pixels.tobytes()), open_window)
    assert window.presented > 0
    shown = np.frombuffer(window.screen.read(components=3, alignment=1), np.uint8).reshape(36, 64, 3)
    assert tuple(shown[30, 32]) == (200, 100, 50), "a window's row 0 is at the bottom"
    assert tuple(shown[4, 32]) == (0, 0, 0)
    assert opener() is window
    assert len(opened) == 1
    opener()
    assert len(opened) == 2, "opened anew when it was lost"


def test_a_picture_is_read_whole_or_the_one_before() -> None:
    with open_memory() as file:
        memory = PictureMemory(file.fileno())
        assert memory.read() is None
        first, second = (LastPicture(4, 2, bytes([number]) * 24) for number in (1, 2))
        memory.write(first)
        assert PictureMemory(file.fileno()).read() == first
        PictureMemory(file.fileno()).write(second)
        assert memory.read() == second
        # Killed while it wrote: the bytes of the newest are not those of its checksum.
        file.seek(40)
        file.write(b"\xff")
        assert memory.read() == first
        with pytest.raises(ValueError, match="a picture of"):
            memory.write(LastPicture(1, 1, bytes(LARGEST_BYTES + 1)))
