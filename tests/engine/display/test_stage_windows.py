"""Windows of a stage on two virtual screens: bent, blended, killed, and back again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.records import UInt8
from chromesthesia.display.frame_share import FrameWriter
from chromesthesia.display.stage_file import OutputSpec, Place
from chromesthesia.display.stage_keeper import StageKeeper
from chromesthesia.display.window_link import ProcessLink, screen_answers
from chromesthesia.display.window_words import Order
from chromesthesia.render.cards import Card, colour_of
from chromesthesia.render.mesh import Mesh
from chromesthesia.render.output import OutputShape
from chromesthesia.testing.stage import start_xvfb

pytestmark = [pytest.mark.gl, pytest.mark.xvfb]
PATIENCE_S = 90.0
WIDTH, HEIGHT = 160, 120


class Xvfb:
    """A server of virtual screens that keeps what they show in files."""

    def __init__(self, folder: Path, screens: int) -> None:
        shown = [part for n in range(screens) for part in ("-screen", str(n), f"{WIDTH}x{HEIGHT}x24")]
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.process, self.name = start_xvfb([*shown, "-fbdir", str(folder)])

    def pixels(self, screen: int) -> UInt8:
        """What a screen shows, uint8 [H, W, 3], from the X window dump that the server keeps."""
        dump = (self.folder / f"Xvfb_screen{screen}").read_bytes()
        head = int.from_bytes(dump[:4], "big")
        colours = int.from_bytes(dump[76:80], "big")
        start = head + 12 * colours
        rows = np.frombuffer(dump, np.uint8, WIDTH * HEIGHT * 4, start).reshape(HEIGHT, WIDTH, 4)
        return np.ascontiguousarray(rows[..., 2::-1])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def xvfb(tmp_path: Path) -> Iterator[Callable[[int], Xvfb]]:
    servers: list[Xvfb] = []

    def start(screens: int) -> Xvfb:
        servers.append(Xvfb(tmp_path / f"x{len(servers)}", screens))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def memory() -> Iterator[FrameWriter]:
    """A canvas of two screens side by side: the left half red, the right half blue, white in the middle fifth."""
    writer = FrameWriter(2 * WIDTH, HEIGHT)
    canvas = np.zeros((HEIGHT, 2 * WIDTH, 3), np.uint8)
    canvas[:, :WIDTH] = (200, 0, 0)
    canvas[:, WIDTH:] = (0, 0, 200)
    canvas[:, WIDTH - 32 : WIDTH + 32] = 200
    writer.put(canvas)
    yield writer
    writer.close()


def until(keeper: StageKeeper, holds: Callable[[], bool], what: str) -> None:
    """Step until it holds; a machine under load may take long."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up_s, f"{what}: {keeper.trouble or keeper.counts()}"
        keeper.step()
        time.sleep(0.02)


def seen(server: Xvfb, screen: int, at: tuple[float, float]) -> tuple[int, ...]:
    pixels = server.pixels(screen)
    return tuple(int(x) for x in pixels[int(at[1] * HEIGHT), int(at[0] * WIDTH)])


def near(one: tuple[int, ...], other: tuple[int, ...], off: int = 3) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= off


def test_two_screens_show_one_picture_bent_and_blended(
    xvfb: Callable[[int], Xvfb], memory: FrameWriter
) -> None:
    server = xvfb(2)
    places = Place(f"{server.name}.0"), Place(f"{server.name}.1")
    overlap = 64 / (WIDTH + 32)
    crops = (0.0, 0.0, 0.6, 1.0), (0.4, 0.0, 0.6, 1.0)
    bent = Mesh.even(3, 3).moved(1, (0.5, 0.25))
    left = OutputSpec(
        "left", place=places[0], fullscreen=True,
        shape=OutputShape(crop=crops[0], fade=(0, 0, overlap, 0), mesh=bent),
    )  # fmt: skip
    right = OutputSpec(
        "right", place=places[1], fullscreen=True,
        shape=OutputShape(crop=crops[1], fade=(overlap, 0, 0, 0), corners=((0, 0), (1, 0), (1, 1), (0, 0.5))),
    )  # fmt: skip
    keeper = StageKeeper((left, right), ProcessLink, SystemClock())
    keeper.show(memory.name)
    try:
        until(keeper, lambda: keeper.visible == 2, "two windows")
        until(keeper, lambda: near(seen(server, 0, (0.2, 0.5)), (200, 0, 0)), "the left picture")
        until(keeper, lambda: near(seen(server, 1, (0.9, 0.5)), (0, 0, 200)), "the right picture")
        assert seen(server, 0, (0.5, 0.1)) == (0, 0, 0), "the upper edge is pulled down in its middle"
        assert seen(server, 1, (0.02, 0.9)) == (0, 0, 0), "below the corner that is pinned up"
        # In the middle of the overlap both give half the light of 200.
        middle = 1.0 - overlap / 2
        half = round(200 * 0.5 ** (1 / 2.2))
        assert near(seen(server, 0, (middle, 0.6)), (half,) * 3, 8)
        keeper.change(2, replace(right, card=Card.IDENTIFY, shape=OutputShape()))
        until(keeper, lambda: near(seen(server, 1, (0.001, 0.5)), colour_of(2)), "the card of output 2")
        assert keeper.trouble == ""
    finally:
        keeper.close()


def test_a_display_that_dies_is_announced_shown_elsewhere_and_comes_back(
    xvfb: Callable[[int], Xvfb], memory: FrameWriter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here, there = xvfb(1), xvfb(1)
    monkeypatch.setenv("DISPLAY", here.name)
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    wall = OutputSpec(
        "wall", place=Place(there.name, 0), fullscreen=True, shape=OutputShape(crop=(0, 0, 0.4, 1))
    )
    keeper = StageKeeper((wall,), ProcessLink, SystemClock(), answers=screen_answers)
    keeper.show(memory.name)
    again: Xvfb | None = None
    try:
        until(keeper, lambda: keeper.where(1) == wall.place, "the window on its display")
        until(keeper, lambda: near(seen(there, 0, (0.5, 0.5)), (200, 0, 0)), "the picture")
        there.kill()
        until(keeper, lambda: keeper.where(1) == Place("", 0), "the window elsewhere")
        assert f"no display 0 of {there.name}, shown on display 0" in keeper.trouble
        until(
            keeper,
            lambda: bool((here.pixels(0)[..., 0] > 190).any()),
            "the picture on the display that is left",
        )
        again = Xvfb.__new__(Xvfb)
        again.folder, again.name = tmp_path / "again", there.name
        again.folder.mkdir()
        shown = ["-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", str(again.folder)]
        again.process = subprocess.Popen(
            ["Xvfb", there.name, *shown, "-nolisten", "tcp"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(keeper, lambda: keeper.where(1) == wall.place, "the window back on its display")
        assert keeper.trouble == ""
        assert keeper.counts()["returns"] >= 1
    finally:
        keeper.close()
        if again is not None:
            again.kill()


def test_a_show_that_dies_leaves_its_last_picture_for_a_while(
    xvfb: Callable[[int], Xvfb], memory: FrameWriter
) -> None:
    """The window process outlives its orders by some seconds, then ends by itself."""
    server = xvfb(1)
    order = Order(fullscreen=True, size=(WIDTH, HEIGHT), memory=memory.name, hold_s=0.5)
    link = ProcessLink(server.name, order)
    give_up_s = time.monotonic() + PATIENCE_S
    while not near(seen(server, 0, (0.1, 0.5)), (200, 0, 0)):
        assert time.monotonic() < give_up_s, link.words()
        # A server under load may refuse a client; who keeps a stage tries again, too.
        if link.ended() is not None:
            link = ProcessLink(server.name, order)
        time.sleep(0.02)
    assert link._process.stdin is not None
    link._process.stdin.close()
    assert link.ended() is None
    assert link._process.wait(PATIENCE_S) == 0
