"""OpenGL that fails in mid-show is made again, without an exception reaching the frame loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import moderngl
import numpy as np

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import RenderError
from chromesthesia.core.guard import Guard
from chromesthesia.core.records import UInt8
from chromesthesia.display.light import FIRST_PAUSE_S, Light
from chromesthesia.display.outputs import Output
from chromesthesia.display.surface import Surface
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.output import PLAIN
from chromesthesia.render.renderer import Renderer

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
        self.shader_generation = 0

    def render(self, inputs: FrameInputs, target: object, late: object = None) -> None:
        if self.failing:
            raise moderngl.Error("context lost")

    def show(self, target: object, shape: object, upright: bool) -> None:
        assert isinstance(target, FakeOutput)
        target.shown += 1

    def finish(self) -> None: ...

    def read_pixels(self) -> UInt8:
        return PIXELS

    def reload_changed_shaders(self) -> str | None:
        return "finish.frag:12: no such thing"

    def release(self) -> None:
        self.released = True


class FakeOutput:
    name = "wall"
    shape = PLAIN
    upright = True

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.shown = 0
        self.presented = 0
        self.closed = False

    @property
    def target(self) -> Any:
        return self

    def present(self) -> None:
        self.presented += 1

    def close(self) -> None:
        assert not cast(FakeSurface, self.surface).closed, "its context is gone"
        self.closed = True


class Maker:
    """Makes surfaces and renderers as scripted: the n-th one fails to open, fails to draw, or works."""

    def __init__(self, *script: str) -> None:
        self._script = list(script)
        self.surfaces: list[FakeSurface] = []

    def surface(self) -> Surface:
        if self._script[0] == "refuse":
            self._script.pop(0)
            raise RenderError("no OpenGL today")
        self.surfaces.append(FakeSurface())
        return cast(Surface, self.surfaces[-1])

    def renderer(self, surface: Surface) -> Renderer:
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


def test_a_light_that_is_made_again_says_that_it_goes_on() -> None:
    """Its frame loop comes round only when all of it is there: meanwhile nobody should think that it hangs."""
    clock, maker = ManualClock(), Maker("fail", "good")
    light = Light(maker.surface, maker.renderer, clock)
    told: list[int] = []
    light.progress = lambda: told.append(len(maker.surfaces))
    light.draw(INPUTS, want_pixels=True)
    assert told == []
    clock.advance(FIRST_PAUSE_S)
    light.draw(INPUTS, want_pixels=True)
    assert told == [1, 2, 2]


def test_outputs_are_opened_again_with_the_context_they_live_in() -> None:
    clock, maker = ManualClock(), Maker("good", "fail", "good")
    opened: list[FakeOutput] = []

    def open_outputs(surface: Surface) -> list[Output]:
        opened.append(FakeOutput(surface))
        return [opened[-1]]

    light = Light(maker.surface, maker.renderer, clock, open_outputs=open_outputs)
    assert light.draw(INPUTS, want_pixels=True) is PIXELS
    light.reopen()
    assert light.draw(INPUTS, want_pixels=True) is None
    clock.advance(FIRST_PAUSE_S)
    assert light.draw(INPUTS, want_pixels=True) is PIXELS
    light.close()
    assert [output.surface for output in opened] == maker.surfaces
    assert [(output.shown, output.presented, output.closed) for output in opened] == [
        (1, 1, True),
        (0, 0, True),
        (1, 1, True),
    ]


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


class Scripted(FakeRenderer):
    """Raises what `next_error` gives for each frame."""

    def __init__(self, next_error: Callable[[], Exception | None]) -> None:
        super().__init__(failing=False)
        self._next_error = next_error

    def render(self, inputs: FrameInputs, target: object, late: object = None) -> None:
        if (error := self._next_error()) is not None:
            raise error


def play(
    seconds: float, next_error: Callable[[float], Exception | None]
) -> tuple[Light, list[float], list[float]]:
    """Draw at 20 frames a second; the light, when it was opened, and when frames were drawn."""
    clock = ManualClock()
    opened: list[float] = []
    drawn: list[float] = []

    def surface() -> Surface:
        opened.append(clock.now_s())
        return cast(Surface, FakeSurface())

    light = Light(surface, lambda _: cast(Renderer, Scripted(lambda: next_error(clock.now_s()))), clock)
    for _ in range(round(seconds * 20)):
        if light.draw(INPUTS, want_pixels=True) is not None:
            drawn.append(clock.now_s())
        clock.advance(0.05)
    return light, opened, drawn


def test_what_fails_twice_for_the_same_reason_is_no_lost_context() -> None:
    light, opened, drawn = play(60.0, lambda now_s: moderngl.Error("the array has another size"))
    assert drawn == []
    assert len(opened) < 7
    assert np.diff(opened)[1:].min() > 4.9
    assert "another size" in light.message


def test_a_fault_of_our_own_opens_no_window_again() -> None:
    _, opened, drawn = play(4.0, lambda now_s: TypeError("an int, please") if now_s < 2.0 else None)
    assert opened == [0.0]
    assert len(drawn) == 40


def test_reasons_that_differ_every_time_open_windows_seldom() -> None:
    count = iter(range(10_000))
    _, opened, _ = play(600.0, lambda now_s: moderngl.Error(f"failure {next(count)}"))
    assert len(opened) < 600 / 4


def test_a_context_lost_once_an_hour_is_back_at_once_every_time() -> None:
    lost = iter([10.0, 20.0, 30.0, 1e9])
    due = [next(lost)]

    def error(now_s: float) -> Exception | None:
        if now_s < due[0]:
            return None
        due[0] = next(lost)
        return moderngl.Error("context lost")

    light, opened, drawn = play(40.0, error)
    assert light.recoveries == 3
    assert len(opened) == 4
    assert np.diff(drawn).max() < 3 * FIRST_PAUSE_S


def test_a_surface_that_cannot_be_closed_is_made_again_all_the_same() -> None:
    clock, maker = ManualClock(), Maker("fail", "good")
    light = Light(maker.surface, maker.renderer, clock)
    maker.surfaces[0].close = lambda: (_ for _ in ()).throw(OSError("gone"))  # type: ignore[method-assign]
    light.draw(INPUTS, want_pixels=True)
    clock.advance(FIRST_PAUSE_S)
    assert light.draw(INPUTS, want_pixels=True) is PIXELS
    light.close()


def test_while_there_is_no_surface_the_last_size_is_told() -> None:
    clock, maker = ManualClock(), Maker("fail", "refuse", "good")
    light = Light(maker.surface, maker.renderer, clock)
    for _ in range(2):
        light.draw(INPUTS, want_pixels=True)
        clock.advance(FIRST_PAUSE_S)
    assert light.surface is None
    assert light.size == (4, 4)


def test_a_size_that_cannot_be_drawn_at_leaves_the_last() -> None:
    class Choosy(FakeRenderer):
        def resize(self, width: int, height: int) -> None:
            if width < 16:
                raise RenderError("picture size")
            self.size = (width, height)

    light = Light(
        lambda: cast(Surface, FakeSurface()), lambda _: cast(Renderer, Choosy(False)), ManualClock()
    )
    light.resize(320, 200)
    light.resize(15, 300)
    assert light.size == (320, 200)


def test_a_surface_is_moved_without_being_counted_as_lost() -> None:
    clock, maker = ManualClock(), Maker("good", "good")
    light = Light(maker.surface, maker.renderer, clock)
    light.reopen()
    assert light.draw(INPUTS, want_pixels=True) is PIXELS
    assert maker.surfaces[0].closed
    assert light.recoveries == 0


class ReloadingRenderer(FakeRenderer):
    """Takes over edited shaders at every look."""

    def __init__(self) -> None:
        super().__init__(False)
        self.said: list[str] = []

    def reload_changed_shaders(self) -> str | None:
        self.shader_generation += 1
        return None

    def fade(self, length_s: float) -> None:
        self.said.append(f"fade {length_s:g}")

    def take_back_shaders(self, why: str) -> None:
        self.said.append(f"back: {why}")

    def keep_shaders(self) -> None:
        self.said.append("kept")

    def draw_share(self, share: float) -> None:
        self.said.append(f"share {share:g}")


def test_edited_shaders_fade_in_are_told_and_can_be_taken_back() -> None:
    clock, renderer = ManualClock(10.0), ReloadingRenderer()
    light = Light(
        lambda: cast(Surface, FakeSurface()), lambda _: cast(Renderer, renderer), clock, Guard(clock)
    )
    told: list[float] = []
    light.reloaded = lambda: told.append(clock.now_s())
    light.poll_shaders()
    assert (told, renderer.said) == ([10.0], ["fade 0.6"])
    light.take_back_shaders("too slow")
    assert renderer.said[1:] == ["fade 0.6", "back: too slow"]
    assert light.message == "too slow"
    light.keep_shaders()
    assert renderer.said[-1] == "kept"


def test_opengl_made_again_goes_on_with_as_few_pixels() -> None:
    clock = ManualClock(10.0)
    made: list[ReloadingRenderer] = []

    def make(_: Surface) -> Renderer:
        made.append(ReloadingRenderer())
        return cast(Renderer, made[-1])

    light = Light(lambda: cast(Surface, FakeSurface()), make, clock, Guard(clock))
    light.draw_share(0.5)
    assert made[0].said == ["fade 0.6", "share 0.5"]
    light.reopen()
    clock.advance(1.0)
    light.draw(INPUTS, False)
    assert made[1].said == ["share 0.5"]
