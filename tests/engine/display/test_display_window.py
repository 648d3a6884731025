"""The window under a virtual X server: it opens, shows the frame, and hears keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chromesthesia.testing.stage import start_xvfb

pytestmark = [pytest.mark.gl, pytest.mark.xvfb]
SHOW = Path(__file__).with_name("window_show.py")
UNSEEN_SHOW = Path(__file__).with_name("unseen_show.py")
PATIENCE_S = 60


@contextmanager
def x_server(name: str | None = None) -> Iterator[str]:
    """A virtual screen of its own; without a name the server picks a free number. Gives the name."""
    server, told = start_xvfb(["-screen", "0", "800x600x24"], name)
    yield told
    server.terminate()
    server.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def x_display() -> Iterator[str]:
    with x_server() as name:
        yield name


@pytest.fixture
def environment(x_display: str) -> dict[str, str]:
    return {**os.environ, "DISPLAY": x_display, "SDL_VIDEODRIVER": "x11", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}


@pytest.fixture
def show(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(SHOW), "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.wait(PATIENCE_S)


def heard_from(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line that the window's process says."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the window's process ended"
    said: dict[str, Any] = json.loads(line)
    return said


def until_event(process: subprocess.Popen[str], wanted: str) -> dict[str, Any]:
    while True:
        said = heard_from(process)
        if said.get("event") == wanted:
            return said


@pytest.fixture
def xdotool(environment: dict[str, str]) -> Callable[..., None]:
    def run(*arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=environment, check=True, timeout=PATIENCE_S)

    return run


def test_a_window_shows_the_frame_and_hears_every_key(
    show: subprocess.Popen[str], xdotool: Callable[..., None]
) -> None:
    opened = heard_from(show)
    assert opened["size"] == [320, 180]
    assert opened["std"] > 8
    assert opened["off"] < 1.0
    window = str(opened["window"])
    xdotool("windowfocus", "--sync", window)
    keys = {
        "Right": "NEXT_PRESET", "n": "NEXT_PRESET", "Left": "PREVIOUS_PRESET", "p": "PREVIOUS_PRESET",
        "h": "TOGGLE_HUD", "s": "SCREENSHOT", "space": "NEXT_SCENE",
        "r": "RESET_ROOM", "Home": "RESET_ROOM",
    }  # fmt: skip
    for key, event in keys.items():
        xdotool("key", key)
        until_event(show, event)
    xdotool("windowsize", window, "400", "200")
    assert until_event(show, "RESIZED")["size"] == [400, 200]
    xdotool("key", "f")
    assert until_event(show, "TOGGLE_FULLSCREEN")["size"] == [800, 600]
    xdotool("key", "Escape")
    until_event(show, "QUIT")
    assert show.wait(PATIENCE_S) == 0


def test_a_display_that_is_not_there_yet_is_waited_for_on_display_0(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, str(SHOW), "1", "comes"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert heard_from(process)["title"] == "Chromesthesia test"
        assert until_event(process, "DISPLAY_CAME")["size"] == [320, 180]
    finally:
        process.kill()
        _, said = process.communicate()
    assert "no display 1, there are 0 to 0" in said


def test_without_vertical_sync_the_window_has_its_title_too(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, str(SHOW), "0", "no-vsync"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        title = heard_from(process)["window"]
        named = subprocess.run(
            ["xdotool", "getwindowname", str(title)],
            env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=True,
        )  # fmt: skip
        assert named.stdout.strip() == "Chromesthesia test"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("driver", ["x11", ""], ids=["x11", "any"])
def test_without_a_desktop_the_error_says_what_to_do(environment: dict[str, str], driver: str) -> None:
    """SDL left to itself opens a window that nobody can see."""
    nowhere = {**environment, "DISPLAY": ":4097", "SDL_VIDEODRIVER": driver}
    if not driver:
        del nowhere["SDL_VIDEODRIVER"]
    said = subprocess.run(
        [sys.executable, str(SHOW), "0"],
        env=nowhere,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    error = json.loads(said.stdout)["error"]
    assert error.startswith("no window with OpenGL: ")
    assert "--headless" in error
    if not driver:
        assert "DISPLAY=:4097" in error


def test_a_show_that_goes_on_without_a_desktop_takes_its_window_when_one_answers() -> None:
    with x_server() as free:
        pass
    environment = {**os.environ, "DISPLAY": free, "SDL_VIDEODRIVER": "x11", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    show = subprocess.Popen(
        [sys.executable, str(UNSEEN_SHOW)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        unseen = heard_from(show)
        assert "no window with OpenGL" in unseen["unseen"]
        assert unseen["std"] > 4.0
        with x_server(free):
            seen = heard_from(show)
            assert (seen["message"], seen["failures"]) == ("", {})
            assert seen["std"] > 4.0
            assert show.wait(PATIENCE_S) == 0
    finally:
        show.kill()
        show.wait(PATIENCE_S)
