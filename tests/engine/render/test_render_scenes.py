"""Scenes and filters: off they cost and change nothing, on they change the picture, and they go on from a state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.declaration import Number, Value
from chromesthesia.params.scenes import BLOOM_HALATION, SCENES, TILING_WALLS
from chromesthesia.render.graph import SCREEN, Buffer, Graph, Pass
from chromesthesia.render.passes import Drawer
from chromesthesia.render.renderer import Renderer
from chromesthesia.render.running_graph import RunningGraph
from chromesthesia.render.shaders import ShaderLibrary

Draw = Callable[..., UInt8]
pytestmark = pytest.mark.gl
AMOUNTS = [param for param in SCENES if param.path.endswith("/amount") or param is BLOOM_HALATION]
HEIGHT = 90
LIVING = ("fluid", "reaction", "sparks", "echo", "mosh", "ink")


@pytest.fixture
def fresh(surface: HeadlessSurface) -> Iterator[Renderer]:
    renderer = Renderer(surface.ctx, 96, 54)
    yield renderer
    renderer.release()


def test_there_are_at_least_twelve() -> None:
    assert len({param.path.split("/")[2] for param in AMOUNTS}) >= 12
    assert all(isinstance(param, Number) and param.default == 0.0 for param in AMOUNTS)


def test_what_is_off_is_not_made(fresh: Renderer, draw: Draw) -> None:
    draw(fresh, frames=2)
    before = set(fresh.state()["buffers"])
    assert before == {"scene", "frame"}
    draw(fresh, {"/look/fluid/amount": 0.8, "/look/oil/amount": 0.8})
    assert {"fluid velocity", "fluid pressure", "fluid dye"} == set(fresh.state()["buffers"]) - before


@pytest.mark.parametrize("amount", AMOUNTS, ids=lambda param: param.path)
def test_each_changes_the_picture(renderer: Renderer, draw: Draw, amount: Number) -> None:
    bright: dict[str, Value] = {"/look/grade/exposure": 1.5}  # film halates around lights only
    on: dict[str, Value] = {**bright, amount.path: 1.0}
    plain = draw(renderer, bright, frames=6)
    renderer.restart()
    worked = draw(renderer, on, frames=6)
    assert np.abs(worked.astype(int) - plain.astype(int)).mean() > 0.1
    assert worked.std() > 4.0
    renderer.restart()
    assert np.array_equal(draw(renderer, on, frames=6), worked), "the same again"
    renderer.restart()
    assert np.array_equal(draw(renderer, bright, frames=6), plain), "off again"


@pytest.mark.parametrize("walls", TILING_WALLS.choices)
def test_a_kaleidoscope_repeats(renderer: Renderer, draw: Draw, walls: str) -> None:
    """One cell further the picture is much more like itself than the plain one is."""
    values: dict[str, Value] = {"/look/grade/palette": "mono", "/look/finish/grain": 0.0}
    cell = 60

    def unlike(pixels: UInt8) -> float:
        grey = pixels[10:80].mean(axis=2)
        return float(np.abs(grey[:, cell:] - grey[:, :-cell]).mean())

    plain = unlike(draw(renderer, values))
    renderer.restart()
    tiled = {
        **values,
        "/look/tiling/amount": 1.0,
        "/look/tiling/walls": walls,
        "/look/tiling/size": cell / HEIGHT,
    }
    assert unlike(draw(renderer, tiled)) < 0.5 * plain


@pytest.mark.parametrize("scene", LIVING)
def test_what_lives_on_goes_on_from_a_state(surface: HeadlessSurface, draw: Draw, scene: str) -> None:
    values = {f"/look/{scene}/amount": 0.9}
    one, other = Renderer(surface.ctx, 96, 54), Renderer(surface.ctx, 96, 54)
    draw(one, values, frames=5)
    other.restore(one.state())
    assert np.array_equal(draw(one, values, frames=3), draw(other, values, frames=3))
    one.release()
    other.release()


@pytest.mark.parametrize("scene", ["fluid", "echo", "mosh"])
def test_what_holds_the_picture_comes_on_without_a_dark_frame(
    fresh: Renderer, draw: Draw, scene: str
) -> None:
    plain = draw(fresh, frames=4)
    assert draw(fresh, {f"/look/{scene}/amount": 1.0}).mean() > 0.8 * plain.mean()


@pytest.mark.parametrize("scene", ["reaction", "ink"])
def test_what_grows_does_not_feed_on_its_own_trails(surface: HeadlessSurface, draw: Draw, scene: str) -> None:
    """Shown half or wholly, it grows alike: the trails are of what lies under it."""
    grown = []
    for amount in (0.5, 1.0):
        renderer = Renderer(surface.ctx, 96, 54)
        shown = draw(renderer, {f"/look/{scene}/amount": amount, "/look/trails/amount": 0.9}, frames=20)
        grown.append((shown, renderer.state()["buffers"]))
        renderer.release()
    (half, one), (whole, other) = grown
    assert not np.array_equal(half, whole)
    for buffer in (scene, "scene"):
        assert one[buffer].any()
        assert np.array_equal(one[buffer], other[buffer])


def test_a_scene_that_is_broken_is_left_out_and_told(
    surface: HeadlessSurface, draw: Draw, tmp_path: Path
) -> None:
    folder = tmp_path / "scenes"
    folder.mkdir()
    (folder / "wash.frag").write_text("out vec4 o; void main() { o = nothing; }")
    renderer = Renderer(surface.ctx, 96, 54, resource_dirs("shaders", tmp_path))
    plain = draw(renderer, frames=2)
    assert renderer.library.error is None
    renderer.restart()
    assert np.array_equal(draw(renderer, {"/look/wash/amount": 1.0}, frames=2), plain)
    assert "wash.frag:1" in (renderer.library.error or "")
    (folder / "wash.frag").write_text("out vec4 o; void main() { o = vec4(0.9, 0.1, 0.1, 1.0); }")
    renderer.restart()
    assert renderer.reload_changed_shaders() is None
    assert not np.array_equal(draw(renderer, {"/look/wash/amount": 1.0}, frames=2), plain)
    renderer.release()


MARK = """void main() {
    int corner = gl_VertexID % 6;
    vec2 at = vec2((corner == 1 || corner == 2 || corner == 4) ? 0.0 : -1.0, (corner >= 2 && corner != 3) ? 1.0 : -1.0);
    gl_Position = vec4(at, 0.0, 1.0);
}"""
FILL = "out vec4 o; void main() { o = vec4(0.5, 0.0, 0.0, 1.0); }"
RED = "out vec4 o; void main() { o = vec4(0.25, 0.25, 0.25, 0.5); }"
TWICE = """uniform sampler2D u_self; out vec4 o;
void main() { o = texelFetch(u_self, ivec2(gl_FragCoord.xy), 0) * 0.5; }"""


@pytest.mark.parametrize(("adds", "left"), [(False, 0.375), (True, 0.75)])
def test_marks_are_laid_over_what_is_there_or_added(
    surface: HeadlessSurface, tmp_path: Path, adds: bool, left: float
) -> None:
    for name, text in {"mark.vert": MARK, "fill.frag": FILL, "red.frag": RED}.items():
        (tmp_path / name).write_text(text)
    drawer = Drawer(surface.ctx, ShaderLibrary(surface.ctx, resource_dirs("shaders", tmp_path)))
    graph: Graph[Any] = Graph(
        (
            Pass("fill", "fill.frag", "a"),
            Pass("marks", "red.frag", "a", vertex="mark.vert", marks=lambda frame: 1, adds=adds),
            Pass("none", "red.frag", "a", vertex="mark.vert", marks=lambda frame: 0),
        ),
        (Buffer("a", dtype="f4"),),
        "a",
    )
    running = RunningGraph(drawer, graph, {SCREEN: (4, 2)})
    running.run(None)
    pixels = np.frombuffer(running.target("a").texture.read(), np.float32).reshape(2, 4, 4)
    assert pixels[0, :, 0].tolist() == [left, left, 0.5, 0.5]
    running.release()


def test_a_pass_may_draw_a_buffer_over_within_a_frame(surface: HeadlessSurface, tmp_path: Path) -> None:
    for name, text in {"fill.frag": FILL, "twice.frag": TWICE}.items():
        (tmp_path / name).write_text(text)
    drawer = Drawer(surface.ctx, ShaderLibrary(surface.ctx, resource_dirs("shaders", tmp_path)))
    halve = {"u_self": "a"}
    graph: Graph[Any] = Graph(
        (
            Pass("fill", "fill.frag", "a"),
            Pass("one", "twice.frag", "a", halve),
            Pass("two", "twice.frag", "a", halve),
        ),
        (Buffer("a", dtype="f4", again=True),),
        "a",
    )
    running = RunningGraph(drawer, graph, {SCREEN: (2, 2)})
    for _ in range(2):
        running.run(None)
        pixels = np.frombuffer(running.target("a").texture.read(), np.float32).reshape(2, 2, 4)
        assert pixels[0, 0, 0] == 0.125
    assert running.state() == {}
    running.release()
