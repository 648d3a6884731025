"""A live show under a manual clock, its score, and the same frames painted again from it: equal byte for byte."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from chromesthesia.control.commands import (
    AddParameters,
    Command,
    LoadPreset,
    NextPreset,
    NextScene,
    RemoveParameters,
    SetParameter,
)
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import ScoreError
from chromesthesia.core.guard import Guard
from chromesthesia.core.protocols import Generator
from chromesthesia.core.records import NO_BEAT, Beat, Heard, PaintedImage, PaintRequest, UInt8
from chromesthesia.core.slot import LatestSlot
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Number
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.routes import Route
from chromesthesia.params.sound import GENERATOR_RATE_HZ, HUD_VISIBLE, MASTER_FREEZE, MASTER_MORPH_S
from chromesthesia.params.tree import ParameterTree
from chromesthesia.render.inputs import HudInfo
from chromesthesia.render.renderer import Renderer
from chromesthesia.score.blocks import Kind
from chromesthesia.score.events import HeededMusician, Later
from chromesthesia.score.reader import Score, open_score
from chromesthesia.score.writer import ScoreWriter
from chromesthesia.show import score_live
from chromesthesia.show.assembly import make_stage
from chromesthesia.show.frame_loop import FrameLoop, FrameParts
from chromesthesia.show.frames import FrameSchedule
from chromesthesia.show.ladder import Ladder
from chromesthesia.show.score_head import head_of
from chromesthesia.show.score_live import FrameScore
from chromesthesia.show.score_paint import Repainter
from chromesthesia.testing.models import PlainGenerator, RaisingGenerator
from chromesthesia.testing.render import heard

pytestmark = pytest.mark.gl

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
GLOW = Number("/isf/ripples/glow", 0.3, "For a shader that came", low=0.0, high=1.0)
Script = dict[int, Callable[["Room"], object]]


@pytest.fixture(scope="module")
def surface() -> Iterator[HeadlessSurface]:
    opened = HeadlessSurface(*SIZE)
    yield opened
    opened.make_current()
    opened.close()


@pytest.fixture(scope="module")
def compiled(surface: HeadlessSurface) -> Iterator[Renderer]:
    surface.make_current()
    made = Renderer(surface.ctx, *SIZE)
    yield made
    surface.make_current()
    made.release()


@pytest.fixture
def renderer(surface: HeadlessSurface, compiled: Renderer) -> Renderer:
    """As new, without compiling again."""
    surface.make_current()
    compiled.resize(*SIZE)
    compiled.restart()
    return compiled


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


EVERYTHING: Script = {
    3: write("/look/flow/amount", 0.77),
    6: write(MASTER_MORPH_S.path, 0.8),
    8: load("Wild"),
    14: lambda room: room.post(LoadPreset("Calm", "osc:127.0.0.1:9", 0.4)),  # while it glides
    20: lambda room: room.post(NextScene("keyboard")),
    24: write(HUD_VISIBLE.path, True),
    30: lambda room: room.light.resize(*OTHER_SIZE),
    38: write(MASTER_FREEZE.path, True),
    42: write(MASTER_FREEZE.path, False),
    46: lambda room: room.post(AddParameters("/isf/ripples", (GLOW,), "program")),
    48: write(GLOW.path, 0.9),
    50: lambda room: room.post(NextPreset("keyboard")),
    56: lambda room: room.post(RemoveParameters("/isf/ripples", "program")),
    58: write(HUD_VISIBLE.path, False),
    60: lambda room: room.light.resize(*SIZE),
    64: write("/audio/gain_db", "a text"),  # refused
    66: write(GENERATOR_RATE_HZ.path, 3.0),
}


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key twice a second."""
    monkeypatch.setattr(score_live, "KEY_EVERY_S", 0.5)
    monkeypatch.setattr(score_live, "KEY_BYTES_AN_HOUR", 1 << 40)


def played(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface, frames: int = 80, **parts: object
) -> Room:
    room = Room(tmp_path / "night.score", renderer, surface, **parts)  # type: ignore[arg-type]
    room.play(frames)
    assert not room.guard.failures or "allowed" in parts, room.guard.failures
    return room


def test_every_frame_of_a_show_comes_again(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface
) -> None:
    room = played(tmp_path, renderer, surface, script=EVERYTHING)
    assert len({pixels.tobytes() for _, pixels in room.shown}) > 60
    score = open_score(room.path)
    frames, repainter = painted_again(score, renderer)
    assert repainter.notes == []
    assert_equal(frames, room.shown)


def test_what_was_heard_while_frames_were_drawn_comes_again(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface, often: None
) -> None:
    room = played(tmp_path, renderer, surface, script=EVERYTHING, hears_again=again)
    told = [event for passage in open_score(room.path).passages(0) for event in passage.events]
    assert sum(isinstance(event, Later) for event in told) > 40
    frames, repainter = painted_again(open_score(room.path), renderer)
    assert repainter.notes == []
    assert_equal(frames, room.shown)
    middle_us = room.shown[45][0]
    frames, _ = painted_again(open_score(room.path), renderer, middle_us)
    assert_equal(frames, room.shown[45:])


def test_routes_that_follow_musicians_come_again(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface, often: None
) -> None:
    def playing_again(frame: int) -> Heard | None:
        heard_again = again(frame)
        return None if heard_again is None else with_band(heard_again, frame + 9)

    (tmp_path / "alone").mkdir()
    alone = played(tmp_path / "alone", renderer, surface, script=EVERYTHING, hears_again=again)
    room = played(
        tmp_path,
        renderer,
        surface,
        script=EVERYTHING,
        hears=lambda frame: with_band(hearing(frame), frame),
        hears_again=playing_again,
    )
    differing = sum(
        not np.array_equal(one, other) for (_, one), (_, other) in zip(alone.shown, room.shown, strict=True)
    )
    assert differing > 60, "the musicians are seen"
    score = open_score(room.path)
    told = [event for passage in score.passages(0) for event in passage.events]
    assert {event.number for event in told if isinstance(event, HeededMusician)} == {1, 2}
    for number in (0, 45, 70):
        frames, repainter = painted_again(score, renderer, room.shown[number][0])
        assert repainter.notes == []
        assert_equal(frames, room.shown[number:])


def test_a_start_in_the_middle_gives_the_same_frames(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface, often: None
) -> None:
    room = played(tmp_path, renderer, surface, script=EVERYTHING)
    score = open_score(room.path)
    assert sum(block.kind is Kind.KEY for block in score.blocks) >= 5
    for number in (13, 35, 52, 75):
        from_us = room.shown[number][0]
        frames, repainter = painted_again(score, renderer, from_us)
        assert repainter.notes == []
        assert_equal(frames, room.shown[number:])


def test_silence_and_a_painter_that_stands_still_come_again(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface, often: None
) -> None:
    room = played(
        tmp_path,
        renderer,
        surface,
        frames=50,
        hears=lambda frame: hearing(frame) if frame < 10 else None,
        paints=lambda frame: frame in (2, 31),
    )
    score = open_score(room.path)
    for number in (0, 33, 40):
        assert_equal(painted_again(score, renderer, room.shown[number][0])[0], room.shown[number:])


def test_late_frames_and_the_slower_painter_come_again(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface
) -> None:
    def slow(room: Room) -> None:
        room.late_s = 0.07

    room = played(tmp_path, renderer, surface, frames=75, script={5: slow})
    assert room.schedule.late_frames > 10
    assert_equal(painted_again(open_score(room.path), renderer)[0], room.shown)


def test_pictures_that_were_not_painted_are_no_gap(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface
) -> None:
    generator = RaisingGenerator(lambda call: call % 2 == 1)
    room = played(tmp_path, renderer, surface, frames=30, generator=generator)
    assert_equal(painted_again(open_score(room.path), renderer)[0], room.shown)


def test_what_follows_a_frame_that_failed_is_painted_from_the_next_key(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface
) -> None:
    def fail(room: Room) -> None:
        step = room.stage.step
        calls = iter(range(2))

        def failing(*arguments: object, **more: object) -> object:
            if next(calls, None) is not None:
                raise ValueError("an ill stage")
            return step(*arguments, **more)  # type: ignore[arg-type]

        room.stage.step = failing  # type: ignore[method-assign,assignment]

    room = Room(tmp_path / "night.score", renderer, surface, {20: fail})
    room.play(60)
    assert room.guard.failures == {"the stage": 2}
    score = open_score(room.path)
    frames, repainter = painted_again(score, renderer)
    assert repainter.torn == 2
    assert "the stage failed" in repainter.notes[0]
    shown = dict(room.shown)
    assert len(frames) >= 55
    assert_equal(frames, [(time_us, shown[time_us]) for time_us, _ in frames])
    assert frames[-1][0] == room.shown[-1][0]


def test_a_queue_without_room_costs_the_score_and_is_told(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    take = ScoreWriter._take

    def waiting(self: ScoreWriter, item: object) -> None:
        gate.wait(30.0)
        take(self, item)  # type: ignore[arg-type]

    monkeypatch.setattr(ScoreWriter, "_take", waiting)

    def narrow(room: Room) -> None:
        room.writer._queue_bytes = 2000

    def wide(room: Room) -> None:
        gate.set()
        room.writer._queue_bytes = 1 << 26

    room = Room(tmp_path / "night.score", renderer, surface, {1: narrow, 40: wide})
    room.play(60)
    assert room.writer.counts()["score_frames_lost"] > 0
    frames, repainter = painted_again(open_score(room.path), renderer)
    assert any("the disk was too slow" in note for note in repainter.notes)
    shown = dict(room.shown)
    assert_equal(frames, [(time_us, shown[time_us]) for time_us, _ in frames])
    assert frames[-1][0] == room.shown[-1][0], "after the next key all is well"
    assert len(room.shown) == 60


def test_who_asked_for_what_is_told_without_their_address(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface
) -> None:
    room = played(tmp_path, renderer, surface, script={3: load("Wild"), 5: write("/audio/gain_db", "a text")})
    repainter = Repainter(open_score(room.path), PlainGenerator(), renderer)
    asked = []
    for _ in repainter.frames(0, 1 << 53):
        asked += repainter.asked
    assert [(one.what, one.who, one.done) for one in asked] == [
        ("LoadPreset Wild", "osc", True),
        ("/audio/gain_db a text", "osc", False),
    ]
    assert b"127.0.0.1" not in room.path.read_bytes()


def test_another_generator_is_told_at_the_picture(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface
) -> None:
    room = played(tmp_path, renderer, surface, frames=10)
    with pytest.raises(ScoreError, match="after the start"):
        painted_again(open_score(room.path), renderer, generator=cast(Generator, RaisingGenerator()))


def test_a_key_that_makes_no_sense_is_refused_by_name(
    tmp_path: Path, renderer: Renderer, surface: HeadlessSurface, often: None
) -> None:
    room = played(tmp_path, renderer, surface, frames=30, script={2: write(HUD_VISIBLE.path, True)})
    score = open_score(room.path)
    key = next(passage.key for passage in score.passages(room.shown[25][0]))
    assert key is not None
    told = []
    for parts in spoilt(key.parts):
        repainter = Repainter(score, PlainGenerator(), renderer)
        spoilt_key = msgspec.structs.replace(key, parts=parts)
        try:
            repainter._guarded(key.time_us, repainter._restore, spoilt_key)
        except ScoreError as error:
            told.append(str(error))
    assert len(told) > 60
    assert all(line.isprintable() and "after the start" in line for line in told)


def spoilt(parts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of a key with one value after another gone, or another."""
    for name, value in parts.items():
        yield {other: one for other, one in parts.items() if other != name}
        for wrong in ("text", [1], -1, np.zeros((2, 2), np.float32)):
            yield {**parts, name: wrong}
        if isinstance(value, dict):
            yield from ({**parts, name: inner} for inner in spoilt(value))
