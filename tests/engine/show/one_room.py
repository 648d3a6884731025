"""An ear, its lights and their network without threads or sockets, under one true clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.guard import Guard
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import Heard, PaintedImage, PaintRequest, UInt8
from chromesthesia.core.slot import LatestSlot
from chromesthesia.display.light import Light
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.routes import Route
from chromesthesia.params.tree import ParameterTree
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.score.events import Head
from chromesthesia.show.assembly import Models, make_stage
from chromesthesia.show.many.ear import EarDesk
from chromesthesia.show.many.follower import Due, Follower
from chromesthesia.show.many.light import LightLoop
from chromesthesia.show.many.open_ear import ear_on
from chromesthesia.show.score_live import FrameScore
from chromesthesia.testing.bus import FakeNet
from chromesthesia.testing.models import PlainGenerator
from chromesthesia.testing.render import NullRenderer, NullSurface, heard

FPS = 20.0
STEP_S = 0.01
PRESETS = PresetLibrary(
    (
        Preset("Calm", {"/look/trails/amount": 0.0}),
        Preset("Wild", {"/look/view/zoom": 1.2}),
        Preset(
            "Band",
            routes=(
                Route("musician/1/band/2", "/look/flow/amount", 0.5),
                Route("musician/2/pitch", "/look/grade/hue", 90.0),
            ),
        ),
    )
)


def hearing(frame: int) -> Heard:
    one = heard(
        valence=float(0.8 * np.sin(0.02 * frame)),
        bands=[0.5 + 0.5 * np.sin(0.3 * frame * (1 + 0.2 * band)) for band in range(8)],
        onset_count=frame // 6,
        end_sample=1200 * frame,
    )
    embedding = np.sin(np.arange(128) * (1.0 + 0.01 * (frame // 2))).astype(np.float32)
    return replace(one, emotion=replace(one.emotion, embedding=embedding))


class Ear:
    """A show without threads, its desk, and what it drew."""

    def __init__(
        self,
        stage: Stage,
        name: str,
        standby: bool = False,
        clock: Clock | None = None,
        light: Light | None = None,
        delay_s: float | None = 0.1,
        hears: Callable[[int], Heard] = hearing,
    ) -> None:
        self.room = stage
        self.hears = hears
        self.name = name
        self.clock = clock or stage.clock
        self.tree = ParameterTree(PARAMETERS)
        self.controller = Controller(self.tree, PRESETS, PRESETS.presets[0])
        self.bus = stage.net.node(name)
        config = ShowConfig(ear="room", standby=standby, delay_s=delay_s, seed=5)
        generator = PlainGenerator()
        models = Models("own", cast(Any, None), generator)
        self.desk: EarDesk = ear_on(self.bus, config, models, self.controller, self.clock, name)
        self.light = light or null_light(self.clock)
        self.requests: LatestSlot[PaintRequest] = LatestSlot()
        self.images: LatestSlot[PaintedImage] = LatestSlot()
        self.worker = GeneratorWorker(generator, self.clock, self.requests, self.images)
        self.score = FrameScore(None, self.controller, self.light, self.desk)
        self.stage = make_stage(self.score, generator, 5, self._ask)
        self.score.follow(self.stage.state, self.stage.restore)
        self.desk.begin_show(HEAD)
        for topic in ("probe", "ask", "status", "lease"):
            self.bus.subscribe(topic, self.desk._came)
        self.desk.next_s = 0.0
        self.begin_s = self.clock.now_s()
        self.score.start(self.begin_s)
        self.last_s: float | None = None
        self.number = 0
        self.due_s = self.begin_s
        self.drawn: list[tuple[int, FrameInputs]] = []
        self.pixels: list[UInt8] = []
        self.led_at_s: float | None = None
        stage.ears.append(self)

    def step(self) -> None:
        """What its threads would do."""
        now_s = self.clock.now_s()
        self.controller.step(now_s)
        self.desk.publish(now_s, (), dict)
        self.desk.step()
        if now_s >= self.due_s:
            self.due_s += 1.0 / FPS
            self._frame(now_s)

    def _frame(self, now_s: float) -> None:
        time_s = self.score.begin(now_s - self.begin_s)
        dt_s = 1.0 / FPS if self.last_s is None else max(0.0, time_s - self.last_s)
        self.last_s = time_s
        told = self.score.hear(self.hears(self.number), 1.0)
        inputs = self.stage.step(time_s, dt_s, told, self._image)
        if self.number % 3 != 0:  # a hop came while the frame was drawn
            told = self.score.hear_again(self.hears(self.number + 7))
        inputs = self.stage.hear_again(inputs, told)
        self.score.decided(inputs)
        pixels = self.light.draw(inputs, want_pixels=True)
        assert pixels is not None
        self.score.end(True)
        if self.desk.leads:
            if self.led_at_s is None:
                self.led_at_s = self.room.clock.now_s()
            self.drawn.append((round(time_s * 1e6), inputs))
            self.pixels.append(pixels.copy())
        if self.number % 3 == 1:
            self.worker.step(0.0)
        self.number += 1

    def _ask(self, request: PaintRequest) -> None:
        self.score.asking(request)
        self.requests.put(request)

    def _image(self) -> PaintedImage | None:
        return self.score.taking(self.images.take())


class Lamp:
    """A light without threads, and what it showed: when, and of what time."""

    def __init__(
        self,
        stage: Stage,
        name: str,
        clock: Clock | None = None,
        generator: Any = None,
        light: Light | None = None,
    ) -> None:
        self.room = stage
        self.name = name
        self.clock = clock or stage.clock
        self.bus = stage.net.node(name)
        self.follower = Follower(self.bus, name, self.clock, generator or PlainGenerator(), seed=5, fps=FPS)
        self.light = light or null_light(self.clock)
        self.loop = LightLoop(
            name, self.follower, self.light, self.bus, Standing(self.clock), Guard(self.clock), (self,)
        )
        self.shown: list[tuple[float, Due]] = []
        self.pixels: list[tuple[int, UInt8]] = []
        stage.lamps.append(self)

    def step(self) -> None:
        self.follower.step()
        for _ in range(4):
            due, before = self.follower.next_due(), self.loop.frames
            self.loop.step(self.room.stop)
            if self.loop.frames > before and due is not None:
                self.shown.append((self.room.clock.now_s(), due))

    def frame(self, pixels: UInt8, time_s: float) -> None:
        self.pixels.append((round(time_s * 1e6), pixels.copy()))

    def sound(self, *_: object) -> None:
        """None comes."""

    def close(self) -> None:
        """Nothing to close."""

    @property
    def follows(self) -> bool:
        return self.follower.follows

    def time_at(self, at_s: float) -> int:
        """Time of the frame that was to be seen then."""
        return [due.time_us for shown_s, due in self.shown if shown_s <= at_s][-1]


class Standing:
    """A clock whose waits are over at once: the test moves the time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now_s(self) -> float:
        return self._clock.now_s()

    def wait_until(self, deadline_s: float, stop: threading.Event) -> bool:
        return stop.is_set()


class Stage:
    """The whole room under one true clock."""

    def __init__(self, takes_s: float = 0.004) -> None:
        self.clock = ManualClock(1000.0)
        self.net = FakeNet(self.clock, lambda sender, receiver: takes_s)
        self.stop = threading.Event()
        self.ears: list[Ear] = []
        self.lamps: list[Lamp] = []

    def run(self, seconds: float) -> None:
        until_s = self.clock.now_s() + seconds
        while self.clock.now_s() < until_s:
            self.clock.advance(STEP_S)
            self.net.deliver()
            for ear in self.ears:
                ear.step()
            self.net.deliver()
            for lamp in self.lamps:
                lamp.step()

    def kill(self, ear: Ear) -> None:
        """As by SIGKILL."""
        self.net.remove(ear.name)
        self.ears.remove(ear)


HEAD = Head(
    show="own",
    engine="0",
    began_s=0.0,
    utc_offset_s=0,
    seed=5,
    fps=FPS,
    size=(64, 36),
    pack="own",
    generator="",
    provider="cpu",
    shaders="",
    catalogue="",
    opengl="",
    source="script",
    preset="Calm",
    flash_limiter=True,
)


def null_light(clock: Clock) -> Light:
    return Light(cast(Any, NullSurface), cast(Any, lambda surface: NullRenderer()), clock)


def assert_same(one: FrameInputs, other: FrameInputs) -> None:
    """Everything that a frame is drawn from, bit by bit."""
    assert (one.time_s, one.mix) == (other.time_s, other.mix)
    assert dict(one.values) == dict(other.values)
    for mine, yours in ((one.previous, other.previous), (one.current, other.current)):
        assert mine is not None
        assert yours is not None
        assert np.array_equal(mine, yours)
    assert one.heard is not None
    assert other.heard is not None
    assert np.array_equal(one.heard.frame.bands, other.heard.frame.bands)
    assert np.array_equal(one.heard.emotion.embedding, other.heard.emotion.embedding)
    assert one.heard.onset_count == other.heard.onset_count
    assert one.later is not None
    assert other.later is not None
    assert dict(one.later.values) == dict(other.later.values)
    assert np.array_equal(one.later.heard.frame.bands, other.later.heard.frame.bands)


def assert_in_step(room: Stage, begin_s: float, end_s: float, frames: int = 1) -> None:
    """What lights show at one moment is at most so many frames apart."""
    for at_s in np.arange(begin_s, end_s, 0.007):
        times = [lamp.time_at(at_s) for lamp in room.lamps]
        assert max(times) - min(times) <= 1.01 * frames * 1e6 / FPS, f"at {at_s}: {times}"
