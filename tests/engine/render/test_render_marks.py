"""Marks behind what a software OpenGL was asked to draw: kept until a later one was reached, and none forgotten."""

from __future__ import annotations

import itertools
from typing import Any

import moderngl
import pytest

from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.render import gl
from chromesthesia.render.gl import MOST_MARKS, Marks, mark, marks_of, unlocked_finish
from chromesthesia.render.inputs import HudInfo
from chromesthesia.render.renderer import Renderer

REACHED, TIMED_OUT, FAILED = 0x911C, 0x911B, 0x911D


class _Function:
    """One function of a library as ctypes gives it."""

    def __init__(self, work: Any) -> None:
        self.restype: Any = None
        self.argtypes: Any = None
        self._work = work

    def __call__(self, *arguments: int) -> Any:
        return self._work(*arguments)


class _Library:
    """OpenGL's three functions; marks are numbers from 1, and a wait lets go of its own, as Mesa's does."""

    def __init__(self) -> None:
        self.put = 0
        self.waited: list[int] = []
        self.dropped: list[int] = []
        self.answer = REACHED
        self.glFenceSync = _Function(self._put)
        self.glClientWaitSync = _Function(self._wait)
        self.glDeleteSync = _Function(self.dropped.append)

    @property
    def held(self) -> list[int]:
        """Marks that are referred to."""
        return [number for number in range(1, self.put + 1) if number not in (*self.waited, *self.dropped)]

    def _put(self, condition: int, flags: int) -> int:
        self.put += 1
        return self.put

    def _wait(self, number: int, flags: int, longest_ns: int) -> int:
        assert number not in self.dropped, "waited for what is gone"
        self.waited.append(number)
        return self.answer


def test_a_mark_is_kept_until_a_later_one_was_reached() -> None:
    library = _Library()
    marks = Marks(library)
    first, second, third = (marks.put() for _ in range(3))  # 1 and 2, 3 and 4, 5 and 6: kept, and to wait for
    first()
    assert library.held == [1, 3, 4, 5, 6]
    second()
    assert library.held == [3, 5, 6]
    third()
    assert library.held == [5]
    first()
    assert library.waited == [2, 4, 6], "what lies before one that was reached is not waited for again"
    assert sorted(library.dropped) == [1, 2, 3, 4, 6]


def test_what_lies_before_one_that_was_reached_is_dropped_with_what_would_wait_for_it() -> None:
    library = _Library()
    marks = Marks(library)
    first, second = marks.put(), marks.put()
    second()
    first()
    assert library.held == [3]
    assert library.waited == [4]


def test_when_all_is_drawn_the_last_mark_stays() -> None:
    library = _Library()
    marks = Marks(library)
    marks.all_reached()
    for _ in range(3):
        marks.keep()
    marks.all_reached()
    marks.all_reached()
    assert library.dropped == [1, 2]
    assert library.waited == []


def test_a_mark_that_was_not_reached_frees_none() -> None:
    library = _Library()
    marks = Marks(library)
    marks.put()
    second = marks.put()
    library.answer = TIMED_OUT
    second()
    assert library.dropped == [4], "what waited, and none that is kept"


@pytest.mark.parametrize("answer", [REACHED, TIMED_OUT, FAILED])
@pytest.mark.parametrize("way", ["keep", "put"])
def test_marks_that_nobody_waits_for_do_not_pile_up(answer: int, way: str) -> None:
    library = _Library()
    library.answer = answer
    marks = Marks(library)
    for number in range(3 * MOST_MARKS):
        getattr(marks, way)()
        assert library.put - len(library.dropped) <= 2 * MOST_MARKS
        assert number < MOST_MARKS or library.waited, "they are waited for, and not thrown away"


@pytest.fixture
def drawn(surface: HeadlessSurface, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Frame buffers and what else is drawn, in their order, and None for every mark."""
    marks = marks_of(surface.ctx)
    assert marks is not None, "OpenGL 3.2 has fences"
    told: list[object] = []
    used: list[object] = [None]
    use, clear, render = moderngl.Framebuffer.use, moderngl.Framebuffer.clear, moderngl.VertexArray.render
    copy, build, put = moderngl.Context.copy_framebuffer, moderngl.Texture.build_mipmaps, marks._put

    def using(self: moderngl.Framebuffer) -> None:
        used[0] = self
        use(self)

    def clearing(self: moderngl.Framebuffer, *arguments: Any, **named: Any) -> None:
        told.append(self)
        clear(self, *arguments, **named)

    def rendering(self: moderngl.VertexArray, *arguments: Any, **named: Any) -> None:
        told.append(used[0])
        render(self, *arguments, **named)

    def copying(self: moderngl.Context, onto: moderngl.Framebuffer, source: moderngl.Framebuffer) -> None:
        told.append("copied")
        copy(self, onto, source)

    def building(self: moderngl.Texture) -> None:
        told.append(self)
        build(self)

    def putting(condition: int, flags: int) -> Any:
        told.append(None)
        return put(condition, flags)

    monkeypatch.setattr(moderngl.Framebuffer, "use", using)
    monkeypatch.setattr(moderngl.Framebuffer, "clear", clearing)
    monkeypatch.setattr(moderngl.VertexArray, "render", rendering)
    monkeypatch.setattr(moderngl.Context, "copy_framebuffer", copying)
    monkeypatch.setattr(moderngl.Texture, "build_mipmaps", building)
    monkeypatch.setattr(marks, "_put", putting)
    return told


def _unmarked(told: list[object]) -> int:
    """How often another frame buffer was drawn into, which ends a pass, with no mark put between."""
    return sum(
        one is not None and two is not None and one is not two for one, two in itertools.pairwise(told)
    )


@pytest.mark.gl
def test_every_pass_that_the_processor_draws_has_its_mark(
    renderer: Renderer, draw: Any, drawn: list[object]
) -> None:
    if not renderer.software:
        pytest.skip("a card draws")
    renderer.draw_share(0.5)
    assert drawn.count(None) > 10, "targets of another size are cleared"
    values = {"/look/oil/amount": 0.8, "/look/bloom/amount": 0.8}
    draw(renderer, values, frames=4, hud=HudInfo(60.0, 20.0, "étude", "default", "Oil"))
    renderer.draw_share(1.0)
    renderer.restart()
    draw(renderer, frames=1)
    assert _unmarked(drawn) == 0


@pytest.mark.gl
def test_after_a_frame_was_read_one_mark_is_left(renderer: Renderer, draw: Any) -> None:
    if not renderer.software:
        pytest.skip("a card draws")
    draw(renderer, frames=2)
    marks = marks_of(renderer.ctx)
    assert marks is not None
    assert len(marks._kept) == 1


@pytest.mark.gl
def test_nothing_is_marked_where_a_card_draws(
    surface: HeadlessSurface, drawn: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gl, "is_software", lambda ctx: False)
    monkeypatch.setattr(gl, "_marks", {})
    mark(surface.ctx)
    assert drawn == []


@pytest.mark.gl
def test_one_context_has_one_set_of_marks(surface: HeadlessSurface) -> None:
    marks = marks_of(surface.ctx)
    assert marks is marks_of(surface.ctx)
    assert marks is not None
    unlocked_finish(surface.ctx)()
    before = len(marks._kept)
    for _ in range(3):
        marks.put()
    assert len(marks._kept) == before + 3
    unlocked_finish(surface.ctx)()
    assert len(marks._kept) == 1
