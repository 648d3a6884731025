"""The frame loop: what is heard, decided, drawn, shown and kept, once a frame; nothing that fails in it ends a show."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chromesthesia.core.errors import RenderError
from chromesthesia.core.guard import Guard
from chromesthesia.core.protocols import Clock, FrameSink, FrameWatcher
from chromesthesia.core.records import (
    NO_BEAT,
    SAMPLE_RATE_HZ,
    STEP_SAMPLES,
    Beat,
    Heard,
    PaintedImage,
    UInt8,
)
from chromesthesia.core.slot import LatestSlot
from chromesthesia.display.light import Light
from chromesthesia.health.heartbeat import Heart
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.health.show_report import PictureWatch
from chromesthesia.render.inputs import FrameInputs, HudInfo
from chromesthesia.show.frames import FrameSchedule
from chromesthesia.show.ladder import Ladder
from chromesthesia.show.pacing import Arrivals, DisplayRhythm, FramePacer
from chromesthesia.show.score_live import FrameScore
from chromesthesia.show.sound import HOP_S
from chromesthesia.show.stage import Stage

HUD_PERIOD_S = 0.1
WARM_UP_FRAMES = 3
BEHIND_GAIN = 0.05
"""How quickly it is learned how late frames are seen."""
STEP_S = STEP_SAMPLES / SAMPLE_RATE_HZ
WAITED_STEPS = 200
"""Most steps of 5 ms that are counted as first shown by one frame."""


def _no_beat(now_s: float) -> Beat:
    return NO_BEAT


def _none_now() -> PaintedImage | None:
    """Pictures are taken before the frame waits for sound."""
    return None


@dataclass(frozen=True, slots=True)
class FrameParts:
    """What a frame passes through. image: the newest picture not seen before. hud: figures and names for the display.
    window: does what was asked for at the window. sink: takes the frames, None where nothing is kept. score: is told
    what every frame was made of, None where no score is kept. preview: takes the frames that it wants. beat: where the
    beat is at a time of the clock. arrivals: tells when a hop was heard. shown: called after every frame that was
    drawn, with the time of the clock. image_waits: true where `image` would give one. paints: what the frame asked of
    the generator is begun, called when it is drawn."""

    stage: Stage
    light: Light
    heard: LatestSlot[Heard]
    image: Callable[[], PaintedImage | None]
    hud: Callable[[], HudInfo]
    window: Callable[[], None]
    sink: FrameSink | None
    score: FrameScore | None = None
    preview: FrameWatcher | None = None
    beat: Callable[[float], Beat] = _no_beat
    arrivals: Arrivals = field(default_factory=Arrivals)
    shown: Callable[[float], None] | None = None
    image_waits: Callable[[], bool] = bool
    paints: Callable[[], object] = bool


class FrameLoop:
    """Draws frames, each as late as can be. Main thread only; `fps` and `latency_ms` may be read from any.

    A frame is dated by when it is to be seen, so that motion is even though frames are not begun evenly. It hears
    twice: when it is begun, and when all is drawn but the last passes, which follow what was heard meanwhile.

    Every part of a frame has its guard: what raises is logged, counted in `guard.failures` and left out, and the parts
    behind it still run. Figures count only frames that were drawn.
    """

    def __init__(
        self,
        parts: FrameParts,
        clock: Clock,
        guard: Guard,
        schedule: FrameSchedule,
        ladder: Ladder,
        meter: LatencyMeter,
        silence: Heard,
        heart: Heart | None = None,
    ) -> None:
        """silence: what is heard before the first sound. heart: beats once for every frame, drawn or not."""
        self._parts = parts
        self._clock = clock
        self._guard = guard
        self._schedule = schedule
        self._ladder = ladder
        self._meter = meter
        self._heard = silence
        self._heart = heart or Heart("frame", clock, math.inf)
        self._inputs: FrameInputs | None = None
        self._told = silence
        """What the stage was told of it."""
        self._in_light = silence
        """The newest that the frame just drawn shows."""
        self._hears_again = False
        self._again: tuple[float, float] | None = None
        self._stop = threading.Event()
        self._shown_sample = 0
        self._pacer = FramePacer(schedule.period_s)
        self._rhythm = DisplayRhythm(schedule.period_s)
        self._start_s = 0.0
        self._shift_s = 0.0
        self._behind_s = 0.0
        self._draw_s = 0.0
        self._time_s = 0.0
        self._last_frame_s: float | None = None
        self._hud: HudInfo | None = None
        self._hud_due_s = 0.0
        self.watch = PictureWatch()

    def first_picture(self, painted: Callable[[], PaintedImage | None]) -> None:
        """Paint and draw once before the show: it begins with a picture, and with every shader compiled.

        Raises what the stage raises, and RenderError when a shader cannot be drawn with.
        """
        score = self._parts.score
        factor = self._ladder.factor
        heard = self._heard if score is None else score.first(self._heard, factor)
        stage = self._parts.stage
        inputs = stage.step(0.0, 0.0, heard, painted, None, factor)
        inputs = self._inputs = stage.hear_again(inputs, heard)
        if score is not None:
            score.begun()
        light = self._parts.light
        for _ in range(WARM_UP_FRAMES):
            light.draw(inputs, want_pixels=self._parts.sink is not None)
        if light.frames == 0 and light.refused is not None:
            raise RenderError(light.refused.message, light.refused.remedy) from light.refused
        light.restart()

    def run(self, start_s: float, stop: threading.Event, over: Callable[[], bool]) -> None:
        """Frames from `start_s` of the clock on, until `stop` is set or the show is `over`."""
        self._start_s = start_s
        self._stop = stop
        self._heart.begin()
        try:
            self._go_round(start_s, stop, over)
        finally:
            self._heart.end()

    def _go_round(self, start_s: float, stop: threading.Event, over: Callable[[], bool]) -> None:
        while not stop.is_set():
            self._heart.beat()
            ended = False
            with self._guard.part("the frame loop"):
                ended = over()
            if ended:
                return
            begin_s = self._clock.now_s()
            with self._guard.part("the frame loop"):
                self._prepare()
            prepare_s = self._clock.now_s() - begin_s
            self._pacer.wait(self._seen_s, self._parts.arrivals, self._clock, stop)
            with self._guard.part("the frame loop"):
                self._frame(prepare_s)
            self._clock.wait_until(self._pacer.window_s(self._seen_s), stop)

    @property
    def inputs(self) -> FrameInputs | None:
        """What was drawn last; None before the first frame."""
        return self._inputs

    @property
    def fps(self) -> float:
        """Frames a second that were drawn lately; it falls while none is."""
        return self._schedule.fps_at(self._clock.now_s() - self._start_s)

    @property
    def latency_ms(self) -> float:
        """Sound to light, median of the last frames; at least the age of the last while none is drawn."""
        recent_ms = self._meter.recent_ms("sound_to_light")
        age_s = self._schedule.age_at(self._clock.now_s() - self._start_s)
        return max(recent_ms, 1000.0 * age_s) if age_s > 2.0 * self._schedule.period_s else recent_ms

    @property
    def _seen_s(self) -> float:
        """When the next frame is to be seen, on the clock."""
        return self._start_s + self._shift_s + self._schedule.due_s + self._schedule.period_s

    def _prepare(self) -> None:
        """What the next frame shows beside sound: done before it waits for the newest sound."""
        parts = self._parts
        self._time_s = self._seen_s - self._start_s
        if parts.score is not None:
            self._time_s = parts.score.begin(self._time_s)
        self._hud_info(self._time_s)
        with self._guard.part("the stage"):
            image = None
            if not parts.image_waits() or self._pacer.takes_picture(self._seen_s, self._clock.now_s()):
                image = parts.image()
            if image is not None:
                began_s = self._clock.now_s()
                view = parts.stage.take(self._time_s, image)
                if self._inputs is not None:
                    parts.light.prepare(
                        replace(
                            self._inputs,
                            previous=view.previous,
                            current=view.current,
                            mix=view.mix,
                            previous_serial=view.previous_serial,
                            current_serial=view.current_serial,
                        )
                    )
                took_s = self._clock.now_s() - began_s
                self._meter.add("upload", took_s)
                self._pacer.prepared(took_s)

    def _frame(self, prepare_s: float) -> None:
        """Draw and show the frame that was prepared, which took `prepare_s`."""
        parts, guard = self._parts, self._guard
        begin_s = self._clock.now_s()
        seen_s, time_s = self._seen_s, self._time_s
        score = parts.score
        drawn_before = parts.light.frames
        pixels = None
        wanted = False
        if parts.preview is not None:
            with guard.part("the preview"):
                wanted = parts.preview.wants(time_s)
        with guard.part("drawing"):
            inputs = self._decide(time_s)
            if inputs is not None:
                again = self._late if self._hears_again else None
                pixels = parts.light.draw(inputs, wanted or parts.sink is not None, again)
        self._hear_again()
        if score is not None:
            with guard.part("the score"):
                score.end(parts.light.frames > drawn_before)
        done_s = self._clock.now_s()
        with guard.part("painting"):
            parts.paints()
        drawn = parts.light.frames > drawn_before
        end_s = self._ended(seen_s) if drawn else done_s
        late = self._schedule.finished(end_s - self._start_s - self._shift_s, drawn)
        if drawn:
            drawing_s = self._measure(begin_s, end_s, seen_s)
            self._ladder.frame(
                late,
                self._busy_s(prepare_s, drawing_s + done_s - parts.light.shown_s) / self._schedule.period_s,
            )
            if parts.light.waits_for_display:
                self._shift_s += self._rhythm.shown(parts.light.shown_s, seen_s)
            if parts.shown is not None:
                with guard.part("the life line"):
                    parts.shown(parts.light.shown_s)
        if pixels is not None:
            self._hand_on(pixels, time_s, wanted)
        with guard.part("reload"):
            parts.light.poll_shaders()
        with guard.part("the window"):
            parts.window()

    def _measure(self, begin_s: float, end_s: float, seen_s: float) -> float:
        """What the frame just drawn took, and how far from `seen_s` it was shown; seconds of work, without waiting."""
        light, period_s = self._parts.light, self._schedule.period_s
        self._pacer.finished(begin_s, end_s, seen_s, self._again)
        wait_s = 0.0 if self._again is None else self._again[1] - self._again[0]
        self._meter.add("passes", light.drawn_s - begin_s - wait_s)
        self._meter.add("present", light.shown_s - light.drawn_s)
        self._meter.add("render", end_s - begin_s - wait_s)
        self._measure_light(light.shown_s)
        behind_s = min(max(light.shown_s - seen_s, -period_s), period_s)
        self._behind_s += (behind_s - self._behind_s) * BEHIND_GAIN
        return end_s - begin_s - wait_s

    def _busy_s(self, prepare_s: float, draw_s: float) -> float:
        """How long the frame just drawn took. Preparing lies between two frames, and the first is drawn early where it
        needs that: it may take what both of them leave."""
        before_s, self._draw_s = self._draw_s, draw_s
        return max(draw_s, (before_s + prepare_s + draw_s) / 2)

    def _hand_on(self, pixels: UInt8, time_s: float, wanted: bool) -> None:
        """The picture just drawn, to whoever keeps it. wanted: by the preview."""
        parts, guard = self._parts, self._guard
        with guard.part("outputs"):
            self.watch.frame(pixels)
            if parts.sink is not None:
                parts.sink.frame(pixels, time_s)
        if wanted and parts.preview is not None:
            with guard.part("the preview"):
                parts.preview.frame(pixels, time_s)

    def _ended(self, seen_s: float) -> float:
        """When the work at the frame just drawn ended: one waits for a display that is in time, and does not work."""
        light, half_s = self._parts.light, self._schedule.period_s / 2
        waits = light.waits_for_display and self._rhythm.steady
        return light.drawn_s if waits and light.shown_s < seen_s + half_s else light.shown_s

    def _decide(self, time_s: float) -> FrameInputs | None:
        """What to draw; while the stage is ill, what was drawn last, moved on in time. None before the first."""
        last_s, self._last_frame_s = self._last_frame_s, time_s
        dt_s = max(0.0, time_s - last_s) if last_s is not None else self._schedule.period_s
        hud = self._hud
        self._again = None
        with self._guard.part("the stage"):
            heard = self._parts.heard.take() or self._heard
            self._heard = replace(heard, beat=self._parts.beat(self._beat_s(time_s)))
            score, factor = self._parts.score, self._ladder.factor
            self._told = self._heard if score is None else score.hear(self._heard, factor)
            self._inputs = self._parts.stage.step(time_s, dt_s, self._told, _none_now, hud, factor)
            self._in_light, self._hears_again = self._heard, True
            return self._inputs
        if self._inputs is None:
            return None
        return replace(
            self._inputs, time_s=time_s, dt_s=dt_s, hud=hud if self._inputs.hud is not None else None
        )

    def _beat_s(self, time_s: float) -> float:
        """Which moment of the beat a frame shows: the middle of the time for which it will be seen, so that a beat is
        first on the frame that is nearest to it. Frames are seen as much off their time as those before them."""
        return self._start_s + time_s + self._behind_s + self._schedule.period_s / 2.0

    def _late(self) -> FrameInputs:
        """All is drawn but the last passes: wait for the newest that they can still show. They show it."""
        wait_s = self._clock.now_s()
        self._pacer.wait_again(self._seen_s, self._parts.arrivals, self._clock, self._stop)
        self._again = wait_s, self._clock.now_s()
        self._hear_again()
        self._in_light = self._heard
        assert self._inputs is not None, "a frame that hears again was decided on"
        return self._inputs

    def _hear_again(self) -> None:
        """Once in every frame that was decided on, whether its last passes are drawn or not: what follows from frame to
        frame does not depend on that."""
        if not self._hears_again:
            return
        self._hears_again = False
        parts = self._parts
        with self._guard.part("the stage"):
            assert self._inputs is not None
            heard = parts.heard.take()
            if heard is not None:
                self._heard = replace(heard, beat=self._heard.beat)
                self._told = self._heard if parts.score is None else parts.score.hear_again(self._heard)
            self._inputs = parts.stage.hear_again(self._inputs, self._told)
            if parts.score is not None:
                parts.score.decided(self._inputs)

    def _hud_info(self, time_s: float) -> None:
        if self._hud is None or time_s >= self._hud_due_s:
            self._hud_due_s = time_s + HUD_PERIOD_S
            with self._guard.part("the display of figures"):
                self._hud = self._parts.hud()

    def _measure_light(self, end_s: float) -> None:
        frame = self._in_light.frame
        if frame.end_sample <= self._shown_sample or frame.index < 0:
            return
        # Steps that were overtaken between two frames are first shown by this frame too, and they waited longer.
        waited = min(-(-(frame.end_sample - self._shown_sample) // STEP_SAMPLES), WAITED_STEPS)
        newest_s = frame.entered_s + HOP_S - STEP_S
        for steps_before in range(waited):
            self._meter.add("sound_to_light", end_s - (newest_s - steps_before * STEP_S))
        self._shown_sample = frame.end_sample
