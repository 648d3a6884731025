"""A live show under a manual clock, its score, and the same frames painted again from it: equal byte for byte."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pytest
from tests.engine.show.scored import (
    OTHER_SIZE,
    SIZE,
    Room,
    Script,
    again,
    assert_equal,
    hearing,
    load,
    painted_again,
    with_band,
    write,
)

from chromesthesia.control.commands import (
    AddParameters,
    LoadPreset,
    NextPreset,
    NextScene,
    RemoveParameters,
)
from chromesthesia.core.errors import ScoreError
from chromesthesia.core.protocols import Generator
from chromesthesia.core.records import Heard
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.declaration import Number
from chromesthesia.params.sound import GENERATOR_RATE_HZ, HUD_VISIBLE, MASTER_FREEZE, MASTER_MORPH_S
from chromesthesia.render.renderer import Renderer
from chromesthesia.score.blocks import Kind
from chromesthesia.score.events import HeededMusician, Later
from chromesthesia.score.reader import open_score
from chromesthesia.score.writer import ScoreWriter
from chromesthesia.show import score_live
from chromesthesia.show.score_paint import Repainter
from chromesthesia.testing.models import PlainGenerator, RaisingGenerator

pytestmark = pytest.mark.gl

GLOW = Number("/isf/ripples/glow", 0.3, "For a shader that came", low=0.0, high=1.0)


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
