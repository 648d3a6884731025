"""OpenGL that fails in mid-show is made again, without an exception reaching the frame loop."""

from __future__ import annotations

from typing import Any, cast

import moderngl
import numpy as np

from chromesthesia.clock import ManualClock
from chromesthesia.errors import RenderError
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.runtime.light import FIRST_PAUSE_S, GlSurface, Light
from chromesthesia.seams import UInt8

INPUTS = FrameInputs(time_s=0.0, dt_s=0.0, values={})
PIXELS = np.full((4, 4, 3), 7, dtype=np.uint8)


class FakeSurface:
    def __init__(self) -> None:
        self.ctx: Any = None
        self.screen: moderngl.Framebuffer | None = None
        self.size = (4, 4)
        self.presented = 0
        self.closed = False

    def present(self) -> None:
        self.presented += 1

    def close(self) -> None:
        self.closed = True


class FakeRenderer:
    def __init__(self, failing: bool) -> None:
        self.failing = failing
        self.released = False
        self.size = (4, 4)

    def render(self, inputs: FrameInputs, target: object) -> None:
        if self.failing:
            raise moderngl.Error("context lost")

    def read_pixels(self) -> UInt8:
        return PIXELS

    def reload_changed_shaders(self) -> str | None:
        return "finish.frag:12: no such thing"

    def release(self) -> None:
        self.released = True


class Maker:
    """Makes surfaces and renderers as scripted: the n-th one fails to open, fails to draw, or works."""

    def __init__(self, *script: str) -> None:
        self._script = list(script)
        self.surfaces: list[FakeSurface] = []

    def surface(self) -> GlSurface:
        if self._script[0] == "refuse":
            self._script.pop(0)
            raise RenderError("no OpenGL today")
        self.surfaces.append(FakeSurface())
        return cast(GlSurface, self.surfaces[-1])

    def renderer(self, surface: GlSurface) -> Renderer:
        return cast(Renderer, FakeRenderer(failing=self._script.pop(0) == "fail"))


def test_a_lost_context_is_made_again_after_a_pause() -> None:
    clock, maker = ManualClock(), Maker("fail", "good")
    light = Light(maker.surface, maker.renderer, clock)
    assert light.draw(INPUTS, want_pixels=True) is None
    assert "context lost" in light.message
    assert light.draw(INPUTS, want_pixels=True) is None
    assert light.recoveries == 0
    clock.advance(FIRST_PAUSE_S)
    pixels = light.draw(INPUTS, want_pixels=True)
    assert pixels is PIXELS
    assert light.recoveries == 1
    assert light.message == ""
    assert maker.surfaces[0].closed
    assert maker.surfaces[1].presented == 1


def test_it_keeps_trying_when_the_driver_refuses_for_a_while() -> None:
    clock, maker = ManualClock(), Maker("fail", "refuse", "refuse", "good")
    light = Light(maker.surface, maker.renderer, clock)
    drawn = []
    for _ in range(100):
        drawn.append(light.draw(INPUTS, want_pixels=True) is not None)
        clock.advance(0.05)
    assert light.recoveries == 1
    assert drawn[-1]
    assert drawn.index(True) < 40


def test_a_shader_error_is_shown_and_polled_at_a_low_rate() -> None:
    clock, maker = ManualClock(), Maker("good")
    light = Light(maker.surface, maker.renderer, clock)
    light.poll_shaders()
    assert light.message == "finish.frag:12: no such thing"
    light.close()
    assert maker.surfaces[0].closed
