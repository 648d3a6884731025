"""One live show: its parts, and what its threads do with them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chromesthesia.audio.ring import Ring
from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.guard import Guard
from chromesthesia.core.interpreter import set_for_a_show
from chromesthesia.core.priority import give_way
from chromesthesia.core.protocols import AudioSource, Clock, Encoder, FrameWatcher
from chromesthesia.core.records import HOP_SAMPLES, AudioBlock, EmotionState, Float32, Heard, PaintedImage
from chromesthesia.core.room import read_room
from chromesthesia.core.slot import LatestSlot
from chromesthesia.display.light import Light
from chromesthesia.generator.walks.latent import LatentMotion
from chromesthesia.health.host import HostWatch, LateBlame
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.health.status import Figures, Health
from chromesthesia.health.telling import hud_of, readings_of, report_of
from chromesthesia.isf.plan import IsfPlan
from chromesthesia.mapping.standing import Standing
from chromesthesia.params.declaration import Value
from chromesthesia.recording.outputs import Outputs
from chromesthesia.render.inputs import HudInfo
from chromesthesia.score.events import Head
from chromesthesia.show.analysis import Analysis, silent_heard
from chromesthesia.show.assembly import Models, make_stage
from chromesthesia.show.control_loop import ControlLoop
from chromesthesia.show.frame_loop import FrameLoop, FrameParts
from chromesthesia.show.frames import CountRate, FrameSchedule
from chromesthesia.show.nearest import NearestPaintings
from chromesthesia.show.pacing import Arrivals
from chromesthesia.show.painter import Painter
from chromesthesia.show.performer import Performer
from chromesthesia.show.score_head import catalogue_hash, head_of
from chromesthesia.show.score_live import FrameScore
from chromesthesia.show.seen import Seen
from chromesthesia.show.show_figures import ShowParts, Wires, figures_of, register_counts
from chromesthesia.show.sound import HOP_S, Capture, Listening
from chromesthesia.show.stage import date_now, no_isf
from chromesthesia.show.step_loop import StepLoop
from chromesthesia.show.surfaces import draws_small
from chromesthesia.signals.table import FIRST, TABLE

log = logging.getLogger(__name__)

LEAD_S = 0.03
"""Until the first frame: its threads have begun by then, and it is not late for them."""
ANALYSIS_PAUSE_S = 0.01
"""Longest wait for sound: it is told when some comes, and silence stands in for sound that stays away."""
PAINT_WAIT_S = 0.1
PATIENCE_S = 1.0
"""A loop that has not come round for so long stands still; the slowest of them is to come round ten times as often."""
PAINTER_PATIENCE_S = 5.0
"""The same for the generator: a large one on a small machine paints for seconds."""


class LiveShow:
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
        preview: FrameWatcher | None = None,
        score: FrameScore | None = None,
        shown: Callable[[float], None] | None = None,
        isf: Callable[[], IsfPlan] = no_isf,
    ) -> None:
        """preview: takes frames it wants. score: is told what every frame was made of. shown: called after each.
        isf: which shaders of a user's are shown."""
        self._config = config
        self._score = score
        self._clock = clock
        self._controller = controller
        self._source = source
        self._light = light
        self._outputs = outputs
        self._stop = stop
        self._guard = guard
        self._tap_guard = Guard(clock)
        self._arrivals = Arrivals()
        self._sounded = threading.Event()
        self._recording = bool(outputs.sinks)
        self._wires = Wires(Ring(parts=len(config.musicians)), LatestSlot())
        self._meter = LatencyMeter()
        self._schedule = FrameSchedule(fps)
        host = HostWatch(clock)
        self._blame = LateBlame(host, self._schedule.period_s)
        self.performer = Performer(controller, lambda: self.emotion)
        self._analysis = Analysis(
            self._ear_of(models), clock, self._meter, controller.tempo.sound, len(config.musicians)
        )
        self._painter = Painter(
            models, config, light, clock, score, self._changed_models,
            lambda: self._analysis.counts()["encoder_failures"], self._schedule.period_s,
        )  # fmt: skip
        self._painter.ladder.watch = self._watch_frame
        room_s = read_room(config.room)
        self.seen = Seen(light, room_s, lambda: self._loop.inputs)
        silence = self._silence = silent_heard(controller.current[1])
        self.health = Health(clock, self._figures)
        self._stage = stage = make_stage(
            controller if score is None else score,
            models.generator,
            config.seed,
            self._painter.ask,
            isf,
            date_now,
        )
        if score is not None:
            score.follow(stage.state, stage.restore)
            controller.told = score.asked
        heart = self.health.heart("frame", max(PATIENCE_S, 3.0 / fps))
        self._loop = FrameLoop(
            FrameParts(
                stage=stage,
                light=light,
                heard=self._wires.heard,
                image=self._new_image,
                hud=self._hud_info,
                window=self._handle_window,
                sink=outputs if self._recording else None,
                preview=preview,
                score=score,
                beat=lambda seen_s: controller.beat(seen_s + room_s),
                arrivals=self._arrivals,
                shown=self._shown,
                image_waits=lambda: self._painter.images.waits,
                paints=self._painter.begin,
            ),
            clock,
            guard,
            self._schedule,
            self._painter.ladder,
            self._meter,
            silence,
            heart,
        )
        # A supervisor that ends a loop which makes OpenGL again would make the room wait for a whole start instead.
        light.progress = heart.beat
        surface = light.surface
        self._may_resize = config.record is None and surface is not None and not draws_small(config, surface)
        self._told_shown = shown
        self.trouble: Callable[[], str] = str
        """Tells what is wrong with the displays that the picture is shown on, and the like; empty for nothing."""
        self.unseen: Callable[[], bool] = bool
        """True while no display shows the picture that should. Any thread."""
        self.see: Callable[[PaintedImage], PaintedImage] = _as_painted
        """Makes of a picture what is shown of it. Main thread; must be quick."""
        self._start_s = 0.0
        self._end_s = 0.0
        self._capture = Capture(source, self._wires.ring, clock, self._meter, self._tap)
        self._nearest = NearestPaintings(models.art_index)
        self._listening = Listening(
            self._wires.ring, self._analysis, clock, lambda: controller.current[1], self._publish
        )
        self._loops = (
            StepLoop(self.health.heart("capture", PATIENCE_S, may_wait=True), self._capture.step),
            StepLoop(self.health.heart("analysis", PATIENCE_S), self._listen),
            StepLoop(self.health.heart("generator", PAINTER_PATIENCE_S), self._paint, give_way),
        )
        self._parts = ShowParts(
            config=config,
            clock=clock,
            controller=controller,
            source=source,
            capture=self._capture,
            wires=self._wires,
            analysis=self._analysis,
            nearest=self._nearest,
            painter=self._painter,
            paint_rate=CountRate(),
            loop=self._loop,
            schedule=self._schedule,
            light=light,
            seen=self.seen,
            outputs=outputs,
            guards=(guard, self._tap_guard),
            meter=self._meter,
            host=host,
            blame=self._blame,
        )
        register_counts(self.health, self._parts)

    def run(self, control: ControlLoop) -> None:
        """Start the threads, play, and stop them again."""
        controlling = threading.Thread(target=control.run, args=(self._stop,), name="control", daemon=True)
        self._loop.first_picture(self._painter.painted_now)
        with set_for_a_show():
            log.info("the show begins: %s, pack %s", self._parts.source_name, self._painter.models.name)
            self._start_s = self._clock.now_s() + LEAD_S
            if self._score is not None:
                self._score.start(self._start_s)
            controlling.start()
            for loop in self._loops:
                loop.start()
            try:
                self._loop.run(self._start_s, self._stop, self._over)
            finally:
                self._end_s = self._clock.now_s()
                self._stop.set()
                self._source.close()
                for loop in self._loops:
                    if not loop.stop():
                        log.warning("the %s thread did not stop in time", loop.name)
                controlling.join(5.0)

    def go_on(self, emotion: Float32 | None, walk: Mapping[str, Any] | None) -> None:
        """Feel, and walk on from, what an earlier show left. Before `run`. Raises ValueError, KeyError or TypeError for
        a walk that does not fit the generator; the emotion is taken all the same.
        """
        if emotion is not None:
            self._analysis.go_on(emotion)
        if walk is not None:
            self._stage.go_on(walk)

    def walk(self) -> Mapping[str, Any]:
        """Where the latent walk is, as plain values. Main thread."""
        return self._stage.walk()

    @property
    def emotion(self) -> EmotionState | None:
        """What is felt now; None before the first sound. Any thread."""
        heard = self._wires.heard.peek()
        return None if heard is None else heard.emotion

    @property
    def pack(self) -> str:
        """Name of the pack that is used. Any thread."""
        return self._painter.models.name

    def try_models(self, models: Models, taken_back: Callable[[str], None]) -> None:
        """See `Painter.try_models`. Any thread."""
        self._painter.try_models(models, taken_back)

    def _changed_models(self, former: Models, models: Models) -> None:
        self._analysis.change(self._ear_of(models))
        self._nearest.change(models.art_index)
        old, new = former.generator, models.generator
        if (old.noise_size, old.condition_labels) != (new.noise_size, new.condition_labels):
            self._stage.change_motion(LatentMotion(self._config.seed, new.noise_size, new.condition_labels))

    def _ear_of(self, models: Models) -> Encoder:
        return self.performer.ear(models.encoder, models.heard_by, models.name)

    # -- steps of the threads -------------------------------------------------------------------------------

    def _tap(self, block: AudioBlock) -> None:
        self._sounded.set()
        if self._recording:
            with self._tap_guard.part("outputs"):
                self._outputs.sound(block.samples, block.entered_s - self._start_s)

    def _publish(self, heard: Heard) -> None:
        self._wires.heard.put(heard)
        now_s = self._clock.now_s()
        self._arrivals.arrived(now_s)
        self._meter.add("heard", max(0.0, now_s - heard.frame.entered_s - HOP_S))
        self.seen.heard(heard)
        self._nearest.step(heard)

    def _listen(self) -> bool:
        self._sounded.clear()
        if not self._listening.step():
            self._clock.wait_until(self._clock.now_s() + ANALYSIS_PAUSE_S, self._sounded)
        return True

    def _paint(self) -> bool:
        self._painter.worker.step(PAINT_WAIT_S)
        return True

    # -- what the frame loop asks for ---------------------------------------------------------------------------

    def _watch_frame(self, late: bool, busy: float) -> None:
        self._painter.trial.frame(late, busy)
        self._blame.frame(late, busy)

    def _new_image(self) -> PaintedImage | None:
        image, painted = self._painter.newest()
        if image is not None and painted:
            self._meter.add("generator", image.paint_s)
        return None if image is None else self.see(image)

    def _handle_window(self) -> None:
        if self._config.headless:
            return
        # pygame is slow to import and not needed headless.
        from chromesthesia.show.keys import handle_window

        handle_window(self._light, self._controller, self._stop, self._may_resize, self._guard)

    def _shown(self, now_s: float) -> None:
        if self._told_shown is not None:
            self._told_shown(now_s)
        self.seen.shown(now_s)

    def _hud_info(self) -> HudInfo:
        return hud_of(self.health.status())

    def _over(self) -> bool:
        if self._config.duration_s is not None:
            return self._schedule.due_s >= self._config.duration_s
        return self._capture.ended and self._wires.ring.available < HOP_SAMPLES

    # -- what is told about it ------------------------------------------------------------------------------

    def _figures(self) -> Figures:
        elapsed_s = (self._end_s or self._clock.now_s()) - self._start_s if self._start_s else 0.0
        return figures_of(self._parts, elapsed_s, self.trouble(), self.unseen())

    def readings(self) -> Mapping[str, Value]:
        """Every reading for partners, now; before the first sound those of silence. Control thread."""
        heard = self._wires.heard.peek()
        beat = self._controller.beat(self._clock.now_s())
        return {
            **readings_of(self.health.status()),
            **self.performer.readings(),
            **TABLE.values({FIRST: replace(self._silence if heard is None else heard, beat=beat)}),
        }

    @property
    def standing(self) -> Standing | None:
        """The look drawn last as a preset, while it glides from one to another. Any thread."""
        return self._stage.standing

    def score_head(self, fps: float) -> Head:
        """What a score of this show begins with."""
        config, controller, light = self._config, self._controller, self._light
        return head_of(
            light,
            seed=config.seed,
            fps=fps,
            pack=self._painter.models.name,
            generator=self._painter.models.painter,
            provider=config.provider,
            catalogue=catalogue_hash(),
            source=self._parts.source_name,
            preset=controller.current[0].name,
            flash_limiter=config.flash_limiter,
        )

    def report(self) -> dict[str, object]:
        """The report of the whole show."""
        return report_of(
            self.health.status(),
            self._meter.summary(),
            self._loop.watch.summary(),
            self._nearest.summary(),
            self.seen.beats.summary(),
        )


def _as_painted(image: PaintedImage) -> PaintedImage:
    return image
