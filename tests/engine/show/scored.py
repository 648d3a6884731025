"""A live show without threads whose score is kept, and the same frames painted again from it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from chromesthesia.control.commands import (
    Command,
    LoadPreset,
    SetParameter,
)
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.guard import Guard
from chromesthesia.core.protocols import Generator
from chromesthesia.core.records import NO_BEAT, Beat, Heard, PaintedImage, PaintRequest, UInt8
from chromesthesia.core.slot import LatestSlot
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.routes import Route
from chromesthesia.params.tree import ParameterTree
from chromesthesia.render.inputs import HudInfo
from chromesthesia.render.renderer import Renderer
from chromesthesia.score.reader import Score
from chromesthesia.score.writer import ScoreWriter
from chromesthesia.show.assembly import make_stage
from chromesthesia.show.frame_loop import FrameLoop, FrameParts
from chromesthesia.show.frames import FrameSchedule
from chromesthesia.show.ladder import Ladder
from chromesthesia.show.score_head import head_of
from chromesthesia.show.score_live import FrameScore
from chromesthesia.show.score_paint import Repainter
from chromesthesia.testing.models import PlainGenerator
from chromesthesia.testing.render import heard

SIZE, OTHER_SIZE = (96, 54), (128, 72)
FPS = 20.0
SEED = 5
PRESETS = PresetLibrary(
    (
        Preset(
            "Calm",
            {"/look/trails/amount": 0.7, "/look/view/fold": "mirror"},
            (
                Route("features/band/1", "/look/flow/amount", 0.8, release_s=0.4),
                Route("musician/1/level", "/look/grade/hue", 120.0, attack_s=0.1),
            ),
        ),
        Preset(
            "Wild",
            {"/look/trails/amount": 0.9, "/look/grade/palette": "neon", "/generator/scene": 7},
            (
                Route("features/onset", "/look/view/zoom", 0.5, attack_s=0.05, release_s=0.3),
                Route("features/flatness", "/look/flow/amount", 1.2, mode="scale"),
                Route("emotion/valence", "/look/grade/hue", 90.0, low=-1.0),
                Route("tempo/pulse", "/look/finish/glow", 0.8),
                Route("musician/2/onset", "/look/grade/exposure", 0.5),
                Route("musician/2/band/3", "/look/trails/rotate", 20.0),
            ),
        ),
    )
)
Script = dict[int, Callable[["Room"], object]]


def hearing(frame: int) -> Heard:
    """A room that is never the same twice: every signal moves, and none is on the score's grid."""
    turn = 0.37 * frame
    one = heard(
        valence=0.8 * np.sin(0.05 * turn),
        arousal=0.9 * np.cos(0.11 * turn),
        bands=[0.5 + 0.5 * np.sin(turn * (1 + 0.2 * band)) for band in range(8)],
        onset_count=frame // 6,
        onset_envelope=float(np.exp(-(frame % 6) / 3.0)),
        probabilities=(0.2 + 0.1 * np.sin(turn), 0.5, 0.3 - 0.1 * np.sin(turn)),
        rms_dbfs=-30.0 + 12.0 * np.sin(0.3 * turn),
        end_sample=240 * 5 * frame,
    )
    mel = np.random.default_rng(frame).normal(-6.0, 1.0 + np.sin(turn) ** 2, 64).astype(np.float32)
    embedding = np.sin(np.arange(128) * (1.0 + 0.01 * frame)).astype(np.float32) * 2.0
    return replace(
        one,
        frame=replace(one.frame, log_mel=mel, centroid_hz=900.0 + 13.0 * frame, flux=0.31 * (frame % 5)),
        emotion=replace(one.emotion, embedding=embedding),
    )


SILENCE = replace(heard(rms_dbfs=-120.0, bands=0.0), frame=replace(heard(rms_dbfs=-120.0).frame, index=-1))


def again(frame: int) -> Heard | None:
    """In two frames of three a hop comes while they are drawn, and now and then there is an onset in it."""
    if frame % 3 == 0:
        return None
    later = hearing(frame + 31)
    return replace(
        later,
        frame=replace(later.frame, end_sample=240 * 5 * frame + 480),
        onset_count=frame // 6 + (frame % 6 == 5),
        onset_envelope=1.0 if frame % 6 == 5 else 0.4,
    )


def with_band(heard_alone: Heard, frame: int) -> Heard:
    """Two musicians beside the room, who do not play what it hears."""
    return replace(heard_alone, musicians=(hearing(3 * frame + 50), hearing(2 * frame + 80)))


class Twice(LatestSlot[Heard]):
    """A slot in which something newer lies at the second look."""

    later: Heard | None = None

    def take(self, timeout_s: float | None = 0.0) -> Heard | None:
        found = super().take(timeout_s)
        if found is None:
            found, self.later = self.later, None
        return found


@dataclass
class Room:
    """A live show without threads: every stage is stepped once a frame, and `script` says what else happens when.

    paints: in which frames the painter comes round; it is slower than the frames, as painters are. hears_again: what
    comes while a frame is drawn, if anything.
    """

    path: Path
    renderer: Renderer
    surface: HeadlessSurface
    script: Script = field(default_factory=dict)
    generator: Generator = field(default_factory=PlainGenerator)
    paints: Callable[[int], bool] = lambda frame: frame % 3 == 1
    hears: Callable[[int], Heard | None] = hearing
    hears_again: Callable[[int], Heard | None] = lambda frame: None
    queue_bytes: int = 1 << 26

    def __post_init__(self) -> None:
        self.clock = ManualClock(1000.0)
        self.stop = threading.Event()
        self.tree = ParameterTree(PARAMETERS)
        self.controller = Controller(self.tree, PRESETS, PRESETS.presets[0])
        self.requests: LatestSlot[PaintRequest] = LatestSlot()
        self.images: LatestSlot[PaintedImage] = LatestSlot()
        self.heard = Twice()
        self.worker = GeneratorWorker(self.generator, self.clock, self.requests, self.images)
        self.light = Light(lambda: self.surface, lambda _: self.renderer, self.clock)
        self.writer = ScoreWriter(self.path, 1 << 30, queue_bytes=self.queue_bytes)
        self.score = FrameScore(self.writer, self.controller, self.light)
        self.stage = make_stage(self.score, self.generator, SEED, self._ask)
        self.score.follow(self.stage.state)
        self.controller.told = self.score.asked
        self.schedule = FrameSchedule(FPS)
        self.guard = Guard(self.clock)
        self.shown: list[tuple[int, UInt8]] = []
        self.number = 0
        self.late_s = 0.0
        self.loop = FrameLoop(
            FrameParts(
                self.stage,
                self.light,
                self.heard,
                self._image,
                self._info,
                self._window,
                self,
                score=self.score,
                beat=self.beat,
            ),
            self.clock,
            self.guard,
            self.schedule,
            Ladder(),
            LatencyMeter(),
            SILENCE,
        )

    def play(self, frames: int) -> None:
        """The whole show."""
        self.loop.first_picture(self._painted)
        self.writer.begin(
            head_of(
                self.light,
                seed=SEED,
                fps=FPS,
                pack="own",
                generator="",
                provider="cpu",
                catalogue="",
                source="script",
                preset="Calm",
                flash_limiter=True,
            )
        )
        self.score.start(self.clock.now_s())
        self._step()
        self.loop.run(self.clock.now_s(), self.stop, lambda: len(self.shown) + self.lost >= frames)
        self.writer.close()

    def beat(self, now_s: float) -> Beat:
        """A clock that stands, runs, and stands again."""
        running = 10 <= self.number < 60
        return (
            Beat(120.0 + 0.1 * self.number, 2.0 * (now_s - 1000.0), 3, 0.7, running, "tap")
            if running
            else NO_BEAT
        )

    lost = 0

    def post(self, *commands: Command) -> None:
        self.controller.post(*commands)

    def _step(self) -> None:
        """What the other threads do between two frames."""
        for number, act in self.script.items():
            if number == self.number:
                act(self)
        self.controller.step(self.clock.now_s())
        one = self.hears(self.number)
        if one is not None:
            self.heard.put(one)
        self.heard.later = self.hears_again(self.number)
        if self.paints(self.number):
            self.worker.step(0.0)
        # A frame is drawn at odd times, as by a real clock; now and then it is late.
        self.clock.advance(0.0013 * (self.number % 7) + self.late_s)
        self.number += 1

    def _ask(self, request: PaintRequest) -> None:
        self.score.asking(request)
        self.requests.put(request)

    def _painted(self) -> PaintedImage | None:
        self.worker.step(0.0)
        return self.score.taking(self.images.take())

    def _image(self) -> PaintedImage | None:
        return self.score.taking(self.images.take())

    def _info(self) -> HudInfo:
        return HudInfo(19.0 + self.number % 3, 40.5, "script", "own", self.controller.current[0].name)

    def _window(self) -> None:
        self._step()

    def frame(self, pixels: UInt8, time_s: float) -> None:
        self.shown.append((round(time_s * 1e6), pixels.copy()))

    def sound(self, *_: object) -> None:
        raise AssertionError("no sound comes this way")

    def close(self) -> None:
        """Nothing to close."""


def painted_again(
    score: Score, renderer: Renderer, from_us: int = 0, generator: Generator | None = None
) -> tuple[list[tuple[int, UInt8]], Repainter]:
    renderer.resize(*SIZE)
    renderer.restart()
    repainter = Repainter(score, generator or PlainGenerator(), renderer)
    frames = [
        (frame.time_us, frame.pixels.copy())
        for frame in repainter.frames(from_us, 1 << 53)
        if frame.pixels is not None
    ]
    return frames, repainter


def assert_equal(painted: list[tuple[int, UInt8]], shown: list[tuple[int, UInt8]]) -> None:
    assert [time_us for time_us, _ in painted] == [time_us for time_us, _ in shown]
    for (time_us, one), (_, other) in zip(painted, shown, strict=True):
        assert one.shape == other.shape, f"at {time_us} us"
        assert np.array_equal(one, other), f"the frame at {time_us} us differs"


def load(which: str | int) -> Callable[[Room], object]:
    return lambda room: room.post(LoadPreset(which, "osc:127.0.0.1:9"))


def write(path: str, raw: object) -> Callable[[Room], object]:
    return lambda room: room.post(SetParameter(path, raw, "osc:127.0.0.1:9"))
