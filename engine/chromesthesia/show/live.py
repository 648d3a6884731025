"""The live show: every stage on its thread, and the frame loop on this one."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from chromesthesia.audio.ring import Ring
from chromesthesia.audio.select import open_source
from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.config import ShowConfig, check_numbers
from chromesthesia.core.guard import Guard
from chromesthesia.core.priority import give_way
from chromesthesia.core.protocols import AudioSource, Clock, FrameSink
from chromesthesia.core.records import HOP_SAMPLES, AudioBlock, Heard, PaintedImage, PaintRequest
from chromesthesia.core.slot import LatestSlot
from chromesthesia.core.user_files import one_line
from chromesthesia.display.light import Light
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.health.show_report import machine
from chromesthesia.mapping.readings import Status, readings
from chromesthesia.params.declaration import Value
from chromesthesia.ports.osc.endpoints import open_osc
from chromesthesia.recording.outputs import Outputs, close_and_report, open_outputs
from chromesthesia.render.inputs import FLASH_LIMITER_OFF, HudInfo
from chromesthesia.show.analysis import Analysis, silent_heard
from chromesthesia.show.assembly import Models, make_stage, open_controller, open_models
from chromesthesia.show.control_loop import ControlLoop
from chromesthesia.show.frame_loop import FrameLoop, FrameParts
from chromesthesia.show.frames import CountRate, FrameSchedule
from chromesthesia.show.governor import PaintGovernor
from chromesthesia.show.sound import Capture, Listening
from chromesthesia.show.step_loop import StepLoop
from chromesthesia.show.stop_signals import stop_on_signals
from chromesthesia.show.surfaces import HEADLESS_FPS, WINDOW_FPS, RendererMaker, SurfaceOpener, draws_small

log = logging.getLogger(__name__)

ANALYSIS_PAUSE_S = 0.002
PAINT_WAIT_S = 0.1
NOTICE_S = 4.0
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
    """Play until the sound ends, `duration_s` is over, the window is closed, a signal comes, or `stop` is set.

    Returns the report (also written to `config.report`, even when a film or still could not be). Everything that can
    be wrong is checked before the show begins and raises a ChromesthesiaError; what goes wrong afterwards is logged,
    counted and survived. Call from the main thread. sinks: take frames and sound beside the files that `config` names.
    """
    check_numbers(config)
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
        osc_input, osc_output = open_osc(config, tree, controller, clock, opened)
        source = _open_sound(config, clock)
        opened.callback(source.close)
        guard = Guard(clock)
        light = Light(SurfaceOpener(config), RendererMaker(config, guard), clock, guard)
        opened.callback(light.close)
        width, height = light.size
        slow = config.headless or (light.renderer is not None and light.renderer.software)
        fps = config.fps or (HEADLESS_FPS if slow else WINDOW_FPS)
        # From here on there are files to finish: a signal ends the show in order.
        opened.enter_context(stop_on_signals(stop))
        files = open_outputs(
            width, height, fps, True, config.record, config.stills, config.sheet, config.report
        )
        outputs = Outputs(files.sinks + sinks, live=True)
        show = Show(config, clock, controller, models, source, light, outputs, fps, stop, guard)
        control = ControlLoop(controller, clock, osc_input, osc_output, show.readings)
        try:
            show.run(control)
        finally:
            report = close_and_report(outputs, config.report, show.report)
    return report


class Show:
    """One live show; `run` returns when it is over. The constructor starts nothing."""

    def __init__(
        self,
        config: ShowConfig,
        clock: Clock,
        controller: Controller,
        models: Models,
        source: AudioSource,
        light: Light,
        outputs: Outputs,
        fps: float,
        stop: threading.Event,
        guard: Guard,
    ) -> None:
        self._config = config
        self._clock = clock
        self._controller = controller
        self._models = models
        self._source = source
        self._light = light
        self._outputs = outputs
        self._stop = stop
        self._guard = guard
        self._tap_guard = Guard(clock)
        self._recording = bool(outputs.sinks)
        self._wires = Wires(Ring(), LatestSlot(), LatestSlot(), LatestSlot())
        self._meter = LatencyMeter()
        self._schedule = FrameSchedule(fps)
        software = light.renderer is not None and light.renderer.software
        self._worker = GeneratorWorker(models.generator, clock, self._wires.requests, self._wires.images)
        self._paint_rate = CountRate()
        silence = silent_heard(controller.current[1])
        self._loop = FrameLoop(
            FrameParts(
                stage=make_stage(controller, models.generator, config.seed, self._wires.requests.put),
                light=light,
                heard=self._wires.heard,
                image=self._new_image,
                hud=self._hud_info,
                window=self._handle_window,
                sink=outputs if self._recording else None,
            ),
            clock,
            guard,
            self._schedule,
            PaintGovernor(SOFTWARE_PAINT_FACTOR if software else 1.0),
            self._meter,
            silence,
        )
        surface = light.surface
        self._may_resize = config.record is None and surface is not None and not draws_small(config, surface)
        self._start_s = 0.0
        self._end_s = 0.0
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
        self._loop.first_picture(self._painted_now)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        # What lives now lives for the whole show: the garbage collector need not walk through it between two frames.
        gc.collect()
        gc.freeze()
        self._start_s = self._clock.now_s()
        controlling.start()
        for loop in loops:
            loop.start()
        log.info("the show begins: %s, pack %s", self._source_name, self._models.pack.name)
        try:
            self._loop.run(self._start_s, self._stop, self._over)
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
            with self._tap_guard.part("outputs"):
                self._outputs.sound(block.samples, block.entered_s - self._start_s)

    def _listen(self) -> bool:
        if not self._listening.step():
            self._stop.wait(ANALYSIS_PAUSE_S)
        return True

    def _paint(self) -> bool:
        self._worker.step(PAINT_WAIT_S)
        return True

    # -- what the frame loop asks for ---------------------------------------------------------------------------

    def _painted_now(self) -> PaintedImage | None:
        self._worker.step(0.0)
        return self._wires.images.take()

    def _new_image(self) -> PaintedImage | None:
        image = self._wires.images.take()
        if image is not None:
            self._meter.add("generator", image.paint_s)
        return image

    def _handle_window(self) -> None:
        if self._config.headless:
            return
        # pygame is slow to import and not needed headless.
        from chromesthesia.show.keys import handle_window

        handle_window(self._light, self._controller, self._stop, self._may_resize, self._guard)

    def _hud_info(self) -> HudInfo:
        notice = self._controller.notice
        shown = notice.text if self._clock.now_s() - notice.at_s < NOTICE_S else ""
        return HudInfo(
            fps=self._loop.fps,
            latency_ms=self._loop.latency_ms,
            source=self._source_name,
            pack=self._models.pack.name,
            preset=self._controller.current[0].name,
            overruns=self._overruns,
            message=self._light.message or shown,
            warning="" if self._config.flash_limiter else FLASH_LIMITER_OFF,
        )

    def _over(self) -> bool:
        if self._config.duration_s is not None:
            return self._schedule.due_s >= self._config.duration_s
        return self._capture.ended and self._wires.ring.available < HOP_SAMPLES

    # -- what is told about it ------------------------------------------------------------------------------

    @property
    def _source_name(self) -> str:
        """Name of the device or file on one line: files and drivers may call themselves anything."""
        return one_line(self._source.name)

    @property
    def _overruns(self) -> int:
        """Blocks that the driver lost, and hops that the ring lost."""
        return self._source.overruns + self._wires.ring.lost_samples // HOP_SAMPLES

    def readings(self) -> Mapping[str, Value]:
        """Every reading for partners, now. Control thread."""
        status = Status(
            fps=self._loop.fps,
            latency_ms=self._loop.latency_ms,
            overruns=self._overruns,
            late_frames=self._schedule.late_frames,
            generator_fps=self._paint_rate.per_second(self._worker.painted, self._clock.now_s()),
            source=self._source_name,
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
            "lost_frames": self._schedule.lost_frames,
            "duration_s": round(elapsed_s, 3),
            "overruns": self._overruns,
            "source": self._source_name,
            "pack": self._models.pack.name,
            "preset": self._controller.current[0].name,
            "latency_ms": self._meter.summary(),
            "size": [width, height],
            "flash_limiter": self._config.flash_limiter,
            "dropped_film_frames": self._outputs.dropped_frames,
            "generator_failures": self._worker.failures,
            "encoder_failures": self._analysis.encoder_failures,
            "gl_recoveries": self._light.recoveries,
            "frame_failures": dict(
                self._guard.failures + self._tap_guard.failures + Counter(outputs=self._outputs.failures)
            ),
            "pictures": self._loop.watch.summary(),
            "machine": machine(),
        }


def _open_sound(config: ShowConfig, clock: Clock) -> AudioSource:
    # A demo in a window, or a file with a duration longer than itself, begins again; otherwise the end is the end.
    loop = config.duration_s is not None or not config.headless
    return open_source(config.source, config.device, config.host_api, clock, loop=loop)
