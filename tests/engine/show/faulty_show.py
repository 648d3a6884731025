"""A frame loop whose every part can be made to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.guard import Guard
from chromesthesia.core.protocols import FrameWatcher
from chromesthesia.core.records import Float32, Heard, PaintedImage, UInt8
from chromesthesia.core.slot import LatestSlot
from chromesthesia.display.light import Light
from chromesthesia.display.surface import Surface
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.render.inputs import FrameInputs, HudInfo, Later
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.frame_loop import FrameLoop, FrameParts
from chromesthesia.show.frames import FrameSchedule
from chromesthesia.show.ladder import Ladder
from chromesthesia.show.stage import Stage
from chromesthesia.testing.render import NullRenderer, NullSurface, heard

FPS = 10.0
INFO = HudInfo(10.0, 40.0, "mic", "default", "Gallery")
SILENCE = replace(heard(), frame=replace(heard().frame, index=-1))
Fault = Callable[[str], object]
STEPS = ("stage", "draw", "hearing again")


class Show:
    """A frame loop whose every part asks `fault` before it does its work."""

    def __init__(self, fault: Fault, sink: bool = True, preview: FrameWatcher | None = None) -> None:
        self.fault = fault
        self.clock = ManualClock(100.0)
        self.stop = threading.Event()
        self.kept: list[float] = []
        self.polls = 0
        self.inputs: list[FrameInputs] = []
        self.drawn: list[FrameInputs] = []
        self.shows_later = True
        self.image_waits = False
        self.events: list[str] = []
        self.meter = LatencyMeter()
        self.schedule = FrameSchedule(FPS)
        self.ladder = Ladder()
        self.guard = Guard(self.clock)
        self.opened = 0
        self.heard: LatestSlot[Heard] = LatestSlot()
        self.light = Light(self._open, self._make, self.clock, self.guard)
        self.loop = FrameLoop(
            FrameParts(
                cast(Stage, self),
                self.light,
                self.heard,
                self._image,
                self._hud,
                self._window,
                self if sink else None,
                preview=preview,
                image_waits=lambda: self.image_waits,
                paints=self._paints,
            ),
            self.clock,
            self.guard,
            self.schedule,
            self.ladder,
            self.meter,
            SILENCE,
        )

    def run(self, seconds: float) -> None:
        """Play on for so long; the first call begins the show."""
        until = self.schedule.due_s + seconds
        self.loop.run(100.0, self.stop, lambda: self.schedule.due_s >= until)

    # the parts

    def take(self, time_s: float, image: PaintedImage) -> None:
        raise AssertionError("no picture comes")

    def step(
        self,
        time_s: float,
        dt_s: float,
        hearing: Heard,
        painted: Callable[[], PaintedImage | None],
        hud: HudInfo | None = None,
        factor: float = 1.0,
    ) -> FrameInputs:
        self.fault("stage")
        self.events.append("decided")
        assert painted() is None
        return FrameInputs(time_s, dt_s, {}, hearing, hud=hud)

    def hear_again(self, inputs: FrameInputs, hearing: Heard) -> FrameInputs:
        self.fault("hearing again")
        return replace(inputs, later=Later(inputs.values, hearing))

    def _image(self) -> PaintedImage | None:
        self.fault("image")
        self.events.append("image")
        return None

    def _paints(self) -> None:
        self.fault("painting")
        self.events.append("paints")

    def _hud(self) -> HudInfo:
        self.fault("hud")
        return INFO

    def _window(self) -> None:
        self.fault("window")
        self.polls += 1

    def frame(self, pixels: UInt8, time_s: float) -> None:
        self.fault("outputs")
        self.kept.append(time_s)

    def sound(self, samples: Float32, start_s: float) -> None:
        raise AssertionError("no sound comes this way")

    def close(self) -> None:
        """Nothing to close."""

    def _open(self) -> Surface:
        self.fault("open")
        self.opened += 1
        show = self

        class Shown(NullSurface):
            def present(self) -> None:
                show.fault("flip")
                super().present()

            def close(self) -> None:
                show.fault("close")

        return cast(Surface, Shown())

    def _make(self, surface: Surface) -> Renderer:
        self.fault("make")
        show = self

        class Drawing(NullRenderer):
            def render(self, inputs: FrameInputs, target: Any = None, late: Any = None) -> None:
                show.fault("draw")
                show.events.append("drawn")
                show.inputs.append(inputs)
                super().render(inputs, target, late if show.shows_later else None)
                assert self.inputs is not None
                show.drawn.append(self.inputs)

            def read_pixels(self, out: UInt8 | None = None) -> UInt8:
                show.fault("read-back")
                return super().read_pixels(out)

            def reload_changed_shaders(self) -> str | None:
                show.fault("reload")
                return None

            def release(self) -> None:
                show.fault("close")

        return cast(Renderer, Drawing())


class Faults:
    """Raises `error` in the parts named, as long as it is `on`."""

    def __init__(self, *parts: str, error: type[BaseException] = ValueError) -> None:
        self.parts = parts
        self.error = error
        self.on = False

    def __call__(self, part: str) -> None:
        if self.on and part in self.parts:
            raise self.error("injected")
