"""The live show: every stage on its thread, and the frame loop on this one."""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from chromesthesia.audio.files import FileSource
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.audio.ring import Ring
from chromesthesia.audio.select import open_source
from chromesthesia.clock import SystemClock
from chromesthesia.config import ShowConfig
from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.control.loop import ControlLoop
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.mapping.readings import Status, readings
from chromesthesia.osc.input import OscInput
from chromesthesia.osc.output import OscOutput
from chromesthesia.osc.udp import open_input, open_output, parse_target
from chromesthesia.out.outputs import Outputs, open_outputs
from chromesthesia.out.report import write_report
from chromesthesia.params.declaration import Value
from chromesthesia.params.tree import ParameterTree
from chromesthesia.priority import give_way
from chromesthesia.render.context import HeadlessSurface
from chromesthesia.render.gl_wait import is_software
from chromesthesia.render.inputs import FLASH_LIMITER_OFF, HudInfo
from chromesthesia.render.renderer import Renderer
from chromesthesia.runtime.analysis import Analysis, silent_heard
from chromesthesia.runtime.assembly import Models, make_stage, open_controller, open_models
from chromesthesia.runtime.frames import CountRate, FrameSchedule
from chromesthesia.runtime.governor import PaintGovernor
from chromesthesia.runtime.latency import LatencyMeter
from chromesthesia.runtime.light import GlSurface, Light
from chromesthesia.runtime.loop import StepLoop
from chromesthesia.runtime.show_report import PictureWatch, machine
from chromesthesia.runtime.sound import HOP_S, Capture, Listening
from chromesthesia.seams import HOP_SAMPLES, AudioBlock, Clock, FrameSink, Heard, PaintedImage, PaintRequest
from chromesthesia.slot import LatestSlot

log = logging.getLogger(__name__)

HEADLESS_SIZE, HEADLESS_FPS = (640, 360), 30.0
SOFTWARE_SIZE = HEADLESS_SIZE
WINDOW_SIZE, WINDOW_FPS = (1280, 720), 60.0
ANALYSIS_PAUSE_S = 0.002
PAINT_WAIT_S = 0.1
HUD_PERIOD_S = 0.1
WARM_UP_FRAMES = 3
SOFTWARE_PAINT_FACTOR = 1 / 3
"""Where the processor that paints also draws: a third of the pictures, cross-faded, leaves time for every frame."""
SWITCH_INTERVAL_S = 0.001
"""Python threads give way after this long: a hop or a frame waits at most that for each thread that computes."""


@dataclass(frozen=True, slots=True)
class Wires:
    """The latest-wins slots and the ring between the threads of one show."""

    ring: Ring
    heard: LatestSlot[Heard]
    requests: LatestSlot[PaintRequest]
    images: LatestSlot[PaintedImage]


def run_show(
    config: ShowConfig, stop: threading.Event | None = None, sinks: tuple[FrameSink, ...] = ()
) -> dict[str, object]:
    """Play until the sound ends, `duration_s` is over, the window is closed, Ctrl-C, or `stop` is set.

    Returns the report (also written to `config.report`). Everything that can be wrong is checked before the show
    begins and raises a ChromesthesiaError; what goes wrong afterwards is logged, counted and survived. Call from the
    main thread. sinks: take frames and sound beside the files that `config` names.
    """
    clock = SystemClock()
    stop = stop or threading.Event()
    with ExitStack() as opened:
        tree, controller = open_controller(config.preset)
        if config.hud:
            controller.post(SetParameter("/hud/visible", True, "command line"))
        if not config.flash_limiter:
            log.warning("the flash limiter is off: the picture may flash without limit")
        controller.begin(clock.now_s())
        models = open_models(config.pack, config.provider)
        osc_input, osc_output = _open_osc(config, tree, controller, clock, opened)
        source = _open_sound(config, clock)
        opened.callback(source.close)
        light = Light(_surface_opener(config), partial(_make_renderer, config), clock)
        opened.callback(light.close)
        width, height = light.size
        slow = config.headless or (light.renderer is not None and light.renderer.software)
        fps = config.fps or (HEADLESS_FPS if slow else WINDOW_FPS)
        files = open_outputs(
            width, height, fps, True, config.record, config.stills, config.sheet, config.report
        )
        outputs = Outputs(files.sinks + sinks)
        show = Show(config, clock, controller, models, source, light, outputs, fps, stop)
        control = ControlLoop(controller, clock, osc_input, osc_output, show.readings)
        with _signals(stop):
            try:
                show.run(control)
            finally:
                outputs.close()
    report = show.report()
    if config.report is not None:
        write_report(config.report, report)
    return report


class Show:
    """One live show; `run` returns when it is over. The constructor starts nothing."""

    def __init__(
        self,
        config: ShowConfig,
        clock: Clock,
        controller: Controller,
        models: Models,
        source: MicrophoneSource | FileSource,
        light: Light,
        outputs: Outputs,
        fps: float,
        stop: threading.Event,
    ) -> None:
        self._config = config
        self._clock = clock
        self._controller = controller
        self._models = models
        self._source = source
        self._light = light
        self._outputs = outputs
        self._stop = stop
        self._recording = bool(outputs.sinks)
        self._wires = Wires(Ring(), LatestSlot(), LatestSlot(), LatestSlot())
        self._meter = LatencyMeter()
        self._schedule = FrameSchedule(fps)
        software = light.renderer is not None and light.renderer.software
        self._governor = PaintGovernor(SOFTWARE_PAINT_FACTOR if software else 1.0)
        self._watch = PictureWatch()
        self._worker = GeneratorWorker(models.generator, clock, self._wires.requests, self._wires.images)
        self._paint_rate = CountRate()
        self._handle_window = _window_handler(config, light, controller, stop)
        self._stage = make_stage(controller, models.generator, config.seed, self._wires.requests.put)
        self._heard: Heard = silent_heard(controller.current[1])
        self._shown_index = -1
        self._start_s = 0.0
        self._end_s = 0.0
        self._last_frame_s: float | None = None
        self._hud: HudInfo | None = None
        self._hud_due_s = 0.0
        self._capture = Capture(source, self._wires.ring, clock, self._meter, self._tap)
        self._analysis = Analysis(models.encoder, clock, self._meter)
        self._listening = Listening(
            self._wires.ring, self._analysis, clock, lambda: controller.current[1], self._wires.heard.put
        )

    def run(self, control: ControlLoop) -> None:
        """Start the threads, play, and stop them again."""
        controlling = threading.Thread(target=control.run, args=(self._stop,), name="control", daemon=True)
        loops = [
            StepLoop("capture", self._capture.step),
            StepLoop("analysis", self._listen),
            StepLoop("generator", self._paint, give_way),
        ]
        self._first_picture()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        # What lives now lives for the whole show: the garbage collector need not walk through it between two frames.
        gc.collect()
        gc.freeze()
        self._start_s = self._clock.now_s()
        controlling.start()
        for loop in loops:
            loop.start()
        log.info("the show begins: %s, pack %s", self._source.name, self._models.pack.name)
        try:
            while not self._stop.is_set() and not self._over():
                self._frame()
                self._clock.wait_until(self._start_s + self._schedule.due_s, self._stop)
        finally:
            self._end_s = self._clock.now_s()
            self._stop.set()
            self._source.close()
            for loop in loops:
                if not loop.stop():
                    log.warning("the %s thread did not stop in time", loop.name)
            controlling.join(5.0)
            gc.unfreeze()

    # -- steps of the threads -------------------------------------------------------------------------------

    def _tap(self, block: AudioBlock) -> None:
        if self._recording:
            self._outputs.sound(block.samples, block.entered_s - self._start_s)

    def _listen(self) -> bool:
        if not self._listening.step():
            self._stop.wait(ANALYSIS_PAUSE_S)
        return True

    def _paint(self) -> bool:
        self._worker.step(PAINT_WAIT_S)
        return True

    # -- the frame loop -------------------------------------------------------------------------------------

    def _first_picture(self) -> None:
        """Paint and draw once before the show: it begins with a picture, and with every shader compiled."""
        inputs = self._stage.step(0.0, 0.0, self._heard, self._painted_now)
        for _ in range(WARM_UP_FRAMES):
            self._light.draw(inputs, want_pixels=self._recording)
        self._light.restart()

    def _painted_now(self) -> PaintedImage | None:
        self._worker.step(0.0)
        return self._wires.images.take()

    def _frame(self) -> None:
        begin_s = self._clock.now_s()
        time_s = begin_s - self._start_s
        dt_s = time_s - self._last_frame_s if self._last_frame_s is not None else self._schedule.period_s
        self._last_frame_s = time_s
        self._heard = self._wires.heard.take() or self._heard
        inputs = self._stage.step(
            time_s, dt_s, self._heard, self._new_image, self._hud_info(time_s), self._governor.factor
        )
        pixels = self._light.draw(inputs, want_pixels=self._recording)
        end_s = self._clock.now_s()
        self._meter.add("render", end_s - begin_s)
        self._measure_light(end_s)
        late = self._schedule.finished(end_s - self._start_s)
        self._governor.frame(late, (end_s - begin_s) / self._schedule.period_s)
        if pixels is not None:
            self._watch.frame(pixels)
            if self._recording:
                self._outputs.frame(pixels, time_s)
        self._light.poll_shaders()
        self._handle_window()

    def _new_image(self) -> PaintedImage | None:
        image = self._wires.images.take()
        if image is not None:
            self._meter.add("generator", self._worker.paint_times_ms[-1] / 1000.0)
        return image

    def _measure_light(self, end_s: float) -> None:
        frame = self._heard.frame
        if frame.index <= self._shown_index or frame.index < 0:
            return
        # Hops that were overtaken between two frames are first shown by this frame too, and they waited longer.
        waited = min(frame.index - self._shown_index, 100)
        for hops_before in range(waited):
            self._meter.add("sound_to_light", end_s - (frame.entered_s - hops_before * HOP_S))
        self._shown_index = frame.index

    def _hud_info(self, time_s: float) -> HudInfo:
        if self._hud is None or time_s >= self._hud_due_s:
            self._hud_due_s = time_s + HUD_PERIOD_S
            notice = self._controller.notice
            shown = notice.text if self._clock.now_s() - notice.at_s < 4.0 else ""
            self._hud = HudInfo(
                fps=self._schedule.recent_fps,
                latency_ms=self._meter.recent_ms("sound_to_light"),
                source=self._source.name,
                pack=self._models.pack.name,
                preset=self._controller.current[0].name,
                overruns=self._overruns,
                message=self._light.message or shown,
                warning="" if self._config.flash_limiter else FLASH_LIMITER_OFF,
            )
        return self._hud

    def _over(self) -> bool:
        if self._config.duration_s is not None:
            return self._schedule.due_s >= self._config.duration_s
        return self._capture.ended and self._wires.ring.available < HOP_SAMPLES

    # -- what is told about it ------------------------------------------------------------------------------

    @property
    def _overruns(self) -> int:
        """Blocks that the driver lost, and hops that the ring lost."""
        return self._source.overruns + self._wires.ring.lost_samples // HOP_SAMPLES

    def readings(self) -> Mapping[str, Value]:
        """Every reading for partners, now. Control thread."""
        status = Status(
            fps=self._schedule.recent_fps,
            latency_ms=self._meter.recent_ms("sound_to_light"),
            overruns=self._overruns,
            late_frames=self._schedule.late_frames,
            generator_fps=self._paint_rate.per_second(self._worker.painted, self._clock.now_s()),
            source=self._source.name,
            pack=self._models.pack.name,
            preset=self._controller.current[0].name,
            preset_index=self._controller.preset_index,
        )
        return readings(self._wires.heard.peek(), status)

    def report(self) -> dict[str, object]:
        """The report of the whole show."""
        elapsed_s = max(1e-9, self._end_s - self._start_s)
        width, height = self._light.size
        return {
            "fps": round(self._schedule.frames / elapsed_s, 2),
            "frames": self._schedule.frames,
            "late_frames": self._schedule.late_frames,
            "duration_s": round(elapsed_s, 3),
            "overruns": self._overruns,
            "source": self._source.name,
            "pack": self._models.pack.name,
            "preset": self._controller.current[0].name,
            "latency_ms": self._meter.summary(),
            "size": [width, height],
            "flash_limiter": self._config.flash_limiter,
            "dropped_film_frames": self._outputs.dropped_frames,
            "generator_failures": self._worker.failures,
            "encoder_failures": self._analysis.encoder_failures,
            "gl_recoveries": self._light.recoveries,
            "pictures": self._watch.summary(),
            "machine": machine(),
        }


def _open_osc(
    config: ShowConfig, tree: ParameterTree, controller: Controller, clock: Clock, opened: ExitStack
) -> tuple[OscInput | None, OscOutput | None]:
    if config.osc_in_port == 0:
        return None, None
    host, port = parse_target(config.osc_out)
    incoming = open_input(config.osc_in_port, config.lan)
    opened.callback(incoming.close)
    outgoing = open_output(host)
    opened.callback(outgoing.close)
    return (
        OscInput(incoming, tree, controller.post, clock),
        OscOutput(outgoing, host, port, tree),
    )


def _open_sound(config: ShowConfig, clock: Clock) -> MicrophoneSource | FileSource:
    # A demo in a window, or a file with a duration longer than itself, begins again; otherwise the end is the end.
    loop = config.duration_s is not None or not config.headless
    return open_source(config.source, config.device, config.host_api, clock, loop=loop)


def _surface_opener(config: ShowConfig) -> Callable[[], GlSurface]:
    width, height = HEADLESS_SIZE if config.headless else WINDOW_SIZE
    width, height = config.width or width, config.height or height
    if config.headless:
        return partial(HeadlessSurface, width, height)
    from chromesthesia.render.window import WindowSurface  # pygame is slow to import and not needed headless

    return partial(WindowSurface, width, height, config.fullscreen, config.display, "Chromesthesia")


def _window_handler(
    config: ShowConfig, light: Light, controller: Controller, stop: threading.Event
) -> Callable[[], None]:
    if config.headless:
        return lambda: None
    from chromesthesia.runtime.keys import handle_window

    may_resize = config.record is None and not _draws_small(config, light.surface)
    return partial(handle_window, light, controller, stop, may_resize)


def _make_renderer(config: ShowConfig, surface: GlSurface) -> Renderer:
    size = SOFTWARE_SIZE if _draws_small(config, surface) else surface.size
    return Renderer(surface.ctx, *size, flash_limiter=config.flash_limiter)


def _draws_small(config: ShowConfig, surface: GlSurface) -> bool:
    """True where the processor draws and nobody asked for a size: the picture is then stretched to the window."""
    return config.width is None and surface.screen is not None and is_software(surface.ctx)


@contextlib.contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and a polite kill end the show as its end does: the film is finished, the report written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
