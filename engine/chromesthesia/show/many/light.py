"""A light: shows the frames of an ear on another machine, each at the moment at which all lights show it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median

from chromesthesia.control.commands import Command
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.config import LightConfig, ShowConfig, check_numbers
from chromesthesia.core.errors import RenderError, UsageError
from chromesthesia.core.guard import Guard
from chromesthesia.core.interpreter import set_for_a_show
from chromesthesia.core.protocols import Clock, FrameSink, Generator
from chromesthesia.core.stop_signals import stop_on_signals
from chromesthesia.core.user_files import one_line
from chromesthesia.display.light import Light
from chromesthesia.display.surface import Surface
from chromesthesia.health.heartbeat import Heart
from chromesthesia.health.show_report import PictureWatch, machine
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.find import find_pack
from chromesthesia.ports.bus.bus import Bus, BusConfig, checked_name
from chromesthesia.ports.bus.wire import STATUS, Status, encode
from chromesthesia.ports.bus.zenoh_bus import ZenohBus
from chromesthesia.recording.outputs import Outputs, close_and_report, open_outputs
from chromesthesia.render.output import PLAIN, STRAIGHT, WHOLE, Corners, OutputShape
from chromesthesia.show.assembly import painter_of
from chromesthesia.show.many.follower import Due, Follower
from chromesthesia.show.many.open_ear import machine_name
from chromesthesia.show.step_loop import StepLoop
from chromesthesia.show.surfaces import HEADLESS_FPS, RendererMaker, SurfaceOpener, draws_small

log = logging.getLogger(__name__)

STATUS_EVERY_S = 0.5
STATUS_FRAMES = 64
FOLLOW_PAUSE_S = 0.004
LONGEST_WAIT_S = 0.01
LONGEST_STILL_S = 0.25
"""However late it is, so often a light draws."""
MOST_LEAD_S = 0.03


class _Nobody:
    """Nothing at a light's window is a command: the ear leads."""

    def post(self, *commands: Command) -> None:
        """Let it be."""


class LightLoop:
    """Shows what the follower has ready. Main thread.

    A frame is begun so long before its moment as drawing lately took. `late` counts frames that were seen more than a
    frame after it, `left_out` those of which there was no more time.
    """

    def __init__(
        self,
        who: str,
        follower: Follower,
        light: Light,
        bus: Bus,
        clock: Clock,
        guard: Guard,
        sinks: tuple[FrameSink, ...] = (),
        own_size: bool = False,
        window: Callable[[], None] = lambda: None,
    ) -> None:
        """own_size: the picture has the size of the surface, not that of the show."""
        self._who = who
        self._follower = follower
        self._light = light
        self._bus = bus
        self._clock = clock
        self._guard = guard
        self._sinks = sinks
        self._own_size = own_size
        self._window = window
        self._draw_s: deque[float] = deque(maxlen=STATUS_FRAMES)
        self._errors_us: deque[int] = deque(maxlen=STATUS_FRAMES)
        self._needs_s: list[float] = []
        self._status_due_s = 0.0
        self._shown_us = 0
        self._drawn_s = 0.0
        self.frames = self.late = self.left_out = 0
        self.watch = PictureWatch()

    @property
    def lead_s(self) -> float:
        """How long before its moment a frame is begun."""
        return min(median(self._draw_s), MOST_LEAD_S) if self._draw_s else 0.0

    def step(self, stop: threading.Event) -> None:
        """Show the next frame when it is time, or wait a little."""
        follower, clock = self._follower, self._clock
        now_s = clock.now_s()
        if now_s >= self._status_due_s:
            self._status_due_s = now_s + STATUS_EVERY_S
            self._tell()
            with self._guard.part("reload"):
                self._light.poll_shaders()
            with self._guard.part("the window"):
                self._window()
        due = follower.next_due()
        if due is None:
            clock.wait_until(now_s + FOLLOW_PAUSE_S, stop)
            return
        ahead_s = due.due_us / 1e6 - follower.show_s(now_s) - self.lead_s
        if ahead_s > 0.0:
            clock.wait_until(now_s + min(ahead_s, LONGEST_WAIT_S), stop)
            return
        due = follower.take()
        if due is None:
            return
        if -ahead_s > follower.period_s and self._next_is_due(now_s):
            self._skip(due)
        else:
            self._show(due)

    def counts(self) -> dict[str, int]:
        """Frames shown, late, and left out."""
        return {"drawn": self.frames, "late": self.late, "left_out": self.left_out}

    def _next_is_due(self, now_s: float) -> bool:
        """Drawing all that was missed would only make the next late, too."""
        following = self._follower.next_due()
        if following is None or now_s - self._drawn_s > LONGEST_STILL_S:
            return False
        return following.due_us / 1e6 <= self._follower.show_s(now_s) + self.lead_s

    def _skip(self, due: Due) -> None:
        self.left_out += 1
        self._needs_s.append(due.ready_s)
        renderer = self._light.renderer
        if renderer is not None and due.shown:
            with self._guard.part("the motion"):
                if due.motion is not None:
                    renderer.restore_motion(due.motion)
                renderer.skip(due.inputs)

    def _show(self, due: Due) -> None:
        light, follower, clock = self._light, self._follower, self._clock
        if not due.shown:
            return
        begun_s = clock.now_s()
        if light.renderer is not None and due.motion is not None:
            with self._guard.part("the motion"):
                light.renderer.restore_motion(due.motion)
        if due.size is not None and not self._own_size and due.size != light.size:
            light.resize(*due.size)
        before = light.frames
        pixels = light.draw(due.inputs, want_pixels=bool(self._sinks))
        end_s = clock.now_s()
        if light.frames == before:
            return
        self.frames += 1
        self._drawn_s = end_s
        self._shown_us = due.time_us
        self._draw_s.append(end_s - begun_s)
        error_s = follower.show_s(end_s) - due.due_us / 1e6
        self._errors_us.append(round(error_s * 1e6))
        if due.ready_s == due.ready_s:
            # What it took here counts too: a frame must be ready so early that it can be drawn.
            self._needs_s.append(due.ready_s + (end_s - begun_s))
        if error_s > follower.period_s:
            self.late += 1
        if pixels is not None:
            with self._guard.part("outputs"):
                self.watch.frame(pixels)
                for sink in self._sinks:
                    sink.frame(pixels, due.time_us / 1e6)

    def _tell(self) -> None:
        leader = self._follower.leader
        errors = sorted(self._errors_us)
        needs_s = [needs for needs in self._needs_s if needs == needs]
        self._needs_s.clear()
        bound_s = self._follower.clock_bound_s
        self._bus.publish(
            STATUS,
            encode(
                Status(
                    self._who,
                    0 if leader is None else leader.epoch,
                    self._shown_us,
                    errors[len(errors) // 2] if errors else 0,
                    errors[-1] - errors[0] if errors else 0,
                    round(1e6 * max(needs_s, default=0.0)),
                    round(1e6 * bound_s) if bound_s < 1e6 else 10**12,
                    self.frames,
                    self.late,
                    self._follower.follows,
                )
            ),
        )


def shape_of(config: LightConfig) -> OutputShape:
    """What the surface of a light shows. Raises RenderError or UsageError for what cannot be."""
    if config.corners is not None and len(config.corners) != 8:
        raise UsageError(f"{len(config.corners)} numbers for the corners", "give x and y of four corners")
    corners = STRAIGHT if config.corners is None else _pairs(config.corners)
    if config.crop is None and config.corners is None and config.fade is None:
        return PLAIN
    return OutputShape(config.crop or WHOLE, corners, config.fade or (0.0, 0.0, 0.0, 0.0))


def run_light(
    config: LightConfig,
    stop: threading.Event | None = None,
    sinks: tuple[FrameSink, ...] = (),
    bus: Bus | None = None,
    generator: Generator | None = None,
    surface: Callable[[], Surface] | None = None,
    clock: Clock | None = None,
) -> dict[str, object]:
    """Follow the ear of `config.room` until stopped; returns the report. Call from the main thread.

    sinks: take the frames that are shown. bus, generator, surface: in the place of the engine's own. Raises a
    ChromesthesiaError for what is wrong before it begins; afterwards it goes on whatever happens.
    """
    check_numbers(config)
    clock = clock or SystemClock()
    stop = stop or threading.Event()
    who = machine_name() if config.name is None else checked_name(config.name)
    shape = shape_of(config)
    with ExitStack() as opened:
        painter = ""
        if generator is None:
            pack = load_pack(find_pack(config.pack))
            generator, painter = OnnxGenerator(pack, config.provider), painter_of(pack, config.provider)
        guard = Guard(clock)
        show = ShowConfig(
            headless=config.headless,
            fullscreen=config.fullscreen,
            display=config.display,
            width=config.width,
            height=config.height,
            flash_limiter=config.flash_limiter,
        )
        light = Light(surface or SurfaceOpener(show), RendererMaker(show, guard), clock, guard)
        opened.callback(light.close)
        light.shape = shape
        if bus is None:
            bus = ZenohBus(
                BusConfig(config.room, (), config.connect, config.lan, config.keys), clock, ear=False
            )
        opened.callback(bus.close)
        opened.enter_context(stop_on_signals(stop))
        fps = config.fps or HEADLESS_FPS
        follower = Follower(bus, who, clock, generator, seed=config.seed, fps=fps)
        outputs = Outputs(open_outputs(*light.size, fps, True, None, None, None, config.report).sinks + sinks)
        drawn_on = light.surface
        window = drawn_on is not None and drawn_on.screen is not None
        own_size = config.width is not None or (
            window and drawn_on is not None and not draws_small(show, drawn_on)
        )
        loop = LightLoop(
            who,
            follower,
            light,
            bus,
            clock,
            guard,
            (outputs,) if outputs.sinks else (),
            own_size,
            _window_of(light, stop, own_size and config.width is None, guard) if window else lambda: None,
        )
        following = StepLoop(Heart("follower", clock, 5.0), _step_of(follower))
        follower.step()
        _first_picture(follower, light)
        begun_s = clock.now_s()
        told_painter = False

        def report() -> dict[str, object]:
            leader = follower.leader
            return {
                "frames": loop.frames,
                "fps": round(loop.frames / max(1e-9, clock.now_s() - begun_s), 2),
                "late_frames": loop.late,
                "left_out_frames": loop.left_out,
                "duration_s": round(clock.now_s() - begun_s, 3),
                "source": f"ear: {'none' if leader is None else leader.ear}",
                "pack": "own" if not painter else painter[:12],
                "size": list(light.size),
                "counts": {
                    "bus": dict(bus.counts()),
                    "follower": follower.counts(),
                    "gl": light.counts(),
                    "faults": guard.counts(),
                },
                "pictures": loop.watch.summary(),
                "machine": machine(),
            }

        following.start()
        log.info("light %s waits for the ear of %s", who, config.room)
        try:
            with set_for_a_show():
                while not stop.is_set():
                    if config.duration_s is not None and clock.now_s() - begun_s >= config.duration_s:
                        break
                    with guard.part("the frame loop"):
                        loop.step(stop)
                    head = follower.head
                    if not told_painter and head is not None:
                        told_painter = True
                        if painter and head.generator and head.generator != painter:
                            log.warning(
                                "the ear paints with pack %s, this light with another: give the same --pack",
                                one_line(head.pack, 60),
                            )
        finally:
            stop.set()
            following.stop()
            figures = close_and_report(outputs, config.report, report)
    return figures


def _step_of(follower: Follower) -> Callable[[], bool]:
    def step() -> bool:
        follower.wake.wait(FOLLOW_PAUSE_S)
        follower.wake.clear()
        follower.step()
        return True

    return step


def _first_picture(follower: Follower, light: Light) -> None:
    """Draw once before anything is heard: a light begins with a picture, and with every shader compiled."""
    due = follower.next_due()
    if due is not None:
        light.draw(due.inputs, want_pixels=False)
    if light.frames == 0 and light.refused is not None:
        raise RenderError(light.refused.message, light.refused.remedy) from light.refused


def _window_of(light: Light, stop: threading.Event, may_resize: bool, guard: Guard) -> Callable[[], None]:
    # pygame is slow to import and not needed headless.
    from chromesthesia.show.keys import handle_window

    return lambda: handle_window(light, _Nobody(), stop, may_resize, guard)


def _pairs(numbers: tuple[float, ...]) -> Corners:
    x0, y0, x1, y1, x2, y2, x3, y3 = numbers
    return (x0, y0), (x1, y1), (x2, y2), (x3, y3)
