"""What a show is shown on, opened and made again; and what a person does there."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import RenderError, WindowError
from chromesthesia.core.guard import Guard
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.display.surface import Surface
from chromesthesia.display.window import LOOK_EVERY_POLLS, UnseenSurface, WindowEvent
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.show import surfaces
from chromesthesia.show.keys import handle_window
from chromesthesia.show.surfaces import RendererMaker, SurfaceOpener
from chromesthesia.testing.render import NullRenderer, NullSurface


class FakeWindow(NullSurface):
    """Gives the events it was told."""

    def __init__(self, *events: WindowEvent) -> None:
        super().__init__(640, 360)
        self.events = list(events)

    def poll(self) -> list[WindowEvent]:
        events, self.events = self.events, []
        return events


class Posted:
    """A controller that refuses the first command."""

    def __init__(self) -> None:
        self.commands: list[object] = []

    def post(self, command: object) -> None:
        self.commands.append(command)
        if len(self.commands) == 1:
            raise ValueError("refused")


def lit(window: FakeWindow) -> Light:
    return Light(
        lambda: cast(Surface, window), lambda _: cast(Renderer, NullRenderer(640, 360)), ManualClock()
    )


def test_one_event_that_fails_does_not_take_the_next_with_it(tmp_path: Path) -> None:
    window = FakeWindow(WindowEvent.NEXT_PRESET, WindowEvent.NEXT_SCENE, WindowEvent.QUIT)
    controller, stop, guard = Posted(), threading.Event(), Guard(ManualClock())
    handle_window(lit(window), cast(Controller, controller), stop, True, guard, tmp_path)
    assert len(controller.commands) == 2
    assert stop.is_set()
    assert guard.failures == {"the window": 1}


def test_a_window_made_too_small_leaves_the_picture_its_size(tmp_path: Path) -> None:
    class Choosy(NullRenderer):
        def resize(self, width: int, height: int) -> None:
            if min(width, height) < 16:
                raise RenderError("picture size")
            super().resize(width, height)

    window, guard = FakeWindow(), Guard(ManualClock())
    light = Light(lambda: cast(Surface, window), lambda _: cast(Renderer, Choosy(640, 360)), ManualClock())
    sizes = []
    for size in ((400, 200), (15, 300), (0, 0), (320, 180)):
        window.size, window.events = size, [WindowEvent.RESIZED]
        handle_window(light, cast(Controller, Posted()), threading.Event(), True, guard, tmp_path)
        sizes.append(light.size)
    assert sizes == [(400, 200), (400, 200), (400, 200), (320, 180)]
    assert not guard.failures


def test_while_there_is_no_window_nothing_is_asked(tmp_path: Path) -> None:
    light = lit(FakeWindow())
    light.surface = None
    handle_window(light, cast(Controller, Posted()), threading.Event(), True, Guard(ManualClock()), tmp_path)


def test_the_window_moves_when_the_display_asked_for_comes(tmp_path: Path) -> None:
    window = FakeWindow(WindowEvent.DISPLAY_CAME)
    light = lit(window)
    handle_window(light, cast(Controller, Posted()), threading.Event(), True, Guard(ManualClock()), tmp_path)
    assert light.renderer is None
    light.draw(FrameInputs(0.0, 0.0, {}), want_pixels=True)
    assert light.frames == 1
    assert light.recoveries == 0


def test_a_window_opened_again_has_the_size_and_the_full_screen_it_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[tuple[object, ...]] = []

    def window(*given: object) -> SimpleNamespace:
        opened.append(given)
        return SimpleNamespace(fullscreen=True, window_size=(500, 400))

    monkeypatch.setattr("chromesthesia.display.window.WindowSurface", window)
    opener = SurfaceOpener(ShowConfig(display=1))
    opener()
    opener()
    assert opened == [(1280, 720, False, 1, surfaces.TITLE), (500, 400, True, 1, surfaces.TITLE)]


@pytest.mark.gl
def test_only_a_show_that_goes_on_or_had_its_window_does_without_a_desktop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    windows: list[object] = []

    def window(*given: object) -> object:
        if not windows:
            raise WindowError("no desktop answers", "log in")
        return windows.pop()

    monkeypatch.setattr("chromesthesia.display.window.WindowSurface", window)
    with pytest.raises(WindowError):
        SurfaceOpener(ShowConfig())()
    windows.append(SimpleNamespace(fullscreen=False, window_size=(500, 400)))
    opener = SurfaceOpener(ShowConfig())
    opener()
    for unseen, size in ((opener(), (500, 400)), (SurfaceOpener(ShowConfig(), goes_on=True)(), (1280, 720))):
        assert isinstance(unseen, UnseenSurface)
        assert (unseen.unseen, unseen.size, unseen.screen) == ("no desktop answers", size, None)
        unseen.close()


def test_an_unseen_show_looks_for_a_desktop_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def count() -> int:
        asked.append(len(asked))
        if len(asked) < 2:
            raise WindowError("no desktop answers", "log in")
        return 1

    monkeypatch.setattr("chromesthesia.display.window.count_displays", count)
    monkeypatch.setattr(HeadlessSurface, "__init__", lambda self, width, height: None)
    unseen = UnseenSurface(640, 360, "no desktop answers")
    polled = [unseen.poll() for _ in range(2 * LOOK_EVERY_POLLS)]
    assert polled == [[]] * (2 * LOOK_EVERY_POLLS - 1) + [[WindowEvent.DISPLAY_CAME]]
    assert len(asked) == 2


@pytest.mark.gl
def test_a_film_keeps_its_size_and_a_tiny_window_has_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surfaces, "draws_small", lambda config, surface: False)
    surface = HeadlessSurface(160, 90)
    seen = cast(Surface, SimpleNamespace(ctx=surface.ctx, screen=surface.screen, size=(160, 90)))
    tiny = cast(Surface, SimpleNamespace(ctx=surface.ctx, screen=object(), size=(15, 300)))

    def sizes(config: ShowConfig) -> list[tuple[int, int]]:
        maker, sizes = RendererMaker(config, Guard(ManualClock())), []
        for shown in (seen, tiny):
            renderer = maker(shown)
            sizes.append(renderer.size)
            renderer.release()
        return sizes

    config = ShowConfig(headless=True)
    assert sizes(config) == [(160, 90), (16, 300)]
    assert sizes(replace(config, record=Path("film.mp4"))) == [(160, 90), (160, 90)]
    surface.close()
