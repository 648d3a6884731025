"""The graph of passes: what it refuses, what its buffers keep, and nodes of a user's in a running picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import moderngl
import numpy as np
import pytest
from numpy.typing import NDArray

from chromesthesia.core.errors import RenderError
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.render.graph import SCREEN, Buffer, Fixed, Graph, Part, Pass
from chromesthesia.render.look_graph import FRAME, Frame, look_graph
from chromesthesia.render.passes import Drawer, Target
from chromesthesia.render.renderer import Renderer
from chromesthesia.render.running_graph import RunningGraph
from chromesthesia.render.shaders import ShaderLibrary, UniformCache
from chromesthesia.testing.render import plain_picture

Draw = Callable[..., UInt8]
COUNT = """uniform sampler2D u_self; out vec4 o;
void main() { o = texelFetch(u_self, ivec2(gl_FragCoord.xy), 0) + 0.75; }"""
FILTER = """uniform sampler2D u_frame, u_count; uniform float u_scale; out vec4 o;
void main() {
    float count = texelFetch(u_count, ivec2(0), 0).r;
    o = vec4(count * u_scale, vec2(textureSize(u_count, 0)) / 255.0, 1.0);
}"""
ADD = "uniform sampler2D u_one; out vec4 o; void main() { o = texelFetch(u_one, ivec2(0), 0) + vec4(0.25); }"


def one(name: str, output: str, inputs: dict[str, str] | None = None) -> Pass[Any]:
    return Pass(name, "add.frag", output, inputs or {})


def graph(*passes: Pass[Any], result: str = "a", **given: Any) -> Graph[Any]:
    return Graph(passes, given.pop("buffers", (Buffer("a"), Buffer("b"))), result, **given)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: graph(one("p", "a"), one("p", "b")), "two passes are called p"),
        (lambda: graph(one("p", "a"), buffers=(Buffer("a"), Buffer("a"))), "two buffers are called a"),
        (lambda: graph(one("p", "a"), imports=("a",)), "two buffers are called a"),
        (
            lambda: graph(one("p", "a"), buffers=(Buffer("a"), Buffer(SCREEN))),
            "two buffers are called screen",
        ),
        (lambda: graph(one("p", "nowhere")), "pass p draws into nowhere"),
        (lambda: graph(one("p", "picture"), imports=("picture",)), "pass p draws into picture"),
        (lambda: graph(one("p", "a", {"u": "nothing"})), "pass p reads nothing as u"),
        (lambda: graph(one("p", "a", {"u": "b"}), one("q", "b")), "pass p reads b as u"),
        (lambda: graph(one("p", "a", {"u": "a"})), "pass p reads a as u"),
        (
            lambda: graph(one("p", "a", {f"u{n}": "i" for n in range(17)}), imports=("i",)),
            "reads 17 textures",
        ),
        (lambda: graph(one("p", "a"), result="b"), "the result of a graph is b"),
        (lambda: graph(one("p", "a"), buffers=(Buffer("a", dtype="u1"),)), "buffer a is of type u1"),
        (lambda: graph(*(one(f"p{n}", "a") for n in range(129))), "a graph of 129 passes"),
        (lambda: graph(one("p", "a")).adding(one("q", "b"), after="x"), "added behind x"),
    ],
)
def test_a_graph_that_cannot_be_drawn_is_refused(make: Callable[[], Graph[Any]], said: str) -> None:
    with pytest.raises(RenderError, match=said):
        make()


def test_what_comes_behind_an_added_pass_reads_it_instead() -> None:
    first = look_graph(1.0)
    more = first.adding(
        Pass("user", "user.frag", "user", {"u_scene": "scene"}),
        buffers=[Buffer("user", Part("scene"))],
        after="scene",
        instead_of="scene",
    )
    reads = {one.name: set(one.inputs.values()) for one in more.passes}
    assert reads["user"] == {"scene"}
    assert "scene" in reads["scene"]
    assert "user" in reads["small"] & reads["light"]
    assert not {"scene"} & (reads["small"] | reads["light"])
    assert more.result == FRAME
    assert "user" not in {one.output for one in first.passes}


@pytest.fixture
def make(surface: HeadlessSurface, tmp_path: Path) -> Iterator[Callable[..., RunningGraph[Any]]]:
    """Makes running graphs of the shaders above."""
    for name, text in (("count.frag", COUNT), ("add.frag", ADD)):
        (tmp_path / name).write_text(text)
    library = ShaderLibrary(surface.ctx, [tmp_path, *resource_dirs("shaders")])
    made: list[RunningGraph[Any]] = []

    def running(graph: Graph[Any], width: int = 8, height: int = 4) -> RunningGraph[Any]:
        surface.ctx.disable(moderngl.BLEND)
        made.append(RunningGraph(Drawer(surface.ctx, library), graph, {SCREEN: (width, height)}))
        return made[-1]

    yield running
    for one in made:
        one.release()
    library.release()


def values(running: RunningGraph[Any], name: str, dtype: str = "f4") -> NDArray[np.float32]:
    texture = running.target(name).texture
    raw = np.frombuffer(texture.read(), {"f4": np.float32, "f2": np.float16, "f1": np.uint8}[dtype])
    return raw.reshape(texture.height, texture.width, 4).astype(np.float32)


COUNTING: Graph[Any] = Graph(
    (Pass("count", "count.frag", "count", {"u_self": "count"}),),
    (Buffer("count", Part(by=2), "f4", keeps=True),),
    "count",
)


@pytest.mark.gl
def test_a_buffer_that_keeps_is_read_by_the_pass_that_draws_into_it(make: Callable[..., Any]) -> None:
    running = make(COUNTING)
    for _ in range(4):
        running.run(None)
    assert values(running, "count").shape == (2, 4, 4)
    assert (values(running, "count") == 3.0).all(), "a float target holds more than 1"
    assert np.frombuffer(running.last("count").texture.read(), np.float32)[0] == 2.25
    running.forget()
    running.run(None)
    assert (values(running, "count") == 0.75).all()


@pytest.mark.gl
@pytest.mark.parametrize(("dtype", "expected"), [("f4", 1.5), ("f2", 1.5), ("f1", 255.0)])
def test_formats_are_those_declared(make: Callable[..., Any], dtype: str, expected: float) -> None:
    running = make(Graph(COUNTING.passes, (Buffer("count", Fixed(3, 1), dtype, keeps=True),), "count"))
    running.run(None)
    running.run(None)
    assert (values(running, "count", dtype) == expected).all()


@pytest.mark.gl
def test_what_a_buffer_keeps_lives_through_a_new_size_and_another_graph(make: Callable[..., Any]) -> None:
    running = make(COUNTING)
    running.run(None)
    running.lay_out({SCREEN: (20, 10)})
    running.run(None)
    assert values(running, "count").shape == (5, 10, 4)
    assert (values(running, "count") == 1.5).all()
    more = COUNTING.adding(
        one("add", "sum", {"u_one": "count"}), buffers=[Buffer("sum", Fixed(1, 1), "f4")], after="count"
    )
    running.change(more)
    running.run(None)
    assert (values(running, "sum") == 2.5).all()
    running.change(COUNTING)
    running.run(None)
    assert (values(running, "count") == 3.0).all()


@pytest.mark.gl
def test_another_result_goes_on_from_what_was_shown(make: Callable[..., Any]) -> None:
    """The flash limiter holds a field by the frame before: a change of graph must not make that black."""
    running = make(COUNTING)
    running.run(None)
    running.change(
        COUNTING.adding(
            one("add", "more", {"u_one": "count"}),
            buffers=[Buffer("more", Fixed(2, 2), "f4", keeps=True)],
            after="count",
            instead_of="count",
        )
    )
    assert running.graph.result == "more"
    assert (values(running, "more") == 0.75).all()
    running.run(None)
    assert (values(running, "more") == 1.75).all()
    assert np.frombuffer(running.last("more").texture.read(), np.float32)[0] == 0.75


@pytest.mark.gl
def test_a_size_or_shader_that_cannot_be_leaves_the_graph_as_it_was(make: Callable[..., Any]) -> None:
    running = make(COUNTING)
    running.run(None)
    with pytest.raises(RenderError, match="0 x 4 pixels"):
        running.change(COUNTING.adding(one("add", "b"), buffers=[Buffer("b", Fixed(0, 4))], after="count"))
    with pytest.raises(RenderError, match="part of 'late'"):
        running.change(COUNTING.adding(one("add", "b"), buffers=[Buffer("b", Part("late"))], after="count"))
    with pytest.raises(RenderError, match=r"no shader gone\.frag"):
        running.change(COUNTING.adding(Pass("gone", "gone.frag", "b"), buffers=[Buffer("b")], after="count"))
    with pytest.raises(RenderError, match="buffer count"):
        running.lay_out({SCREEN: (10**6, 4)})
    running.run(None)
    assert running.graph is COUNTING
    assert (values(running, "count") == 1.5).all()


@pytest.mark.gl
def test_a_pass_left_out_leaves_its_buffer(make: Callable[..., Any]) -> None:
    running = make(
        Graph(
            (Pass("count", "count.frag", "count", {"u_self": "count"}, when=bool),), COUNTING.buffers, "count"
        )
    )
    for runs in (True, False, True, False):
        running.run(runs)
    assert (values(running, "count") == 1.5).all()


@pytest.mark.gl
def test_an_export_is_read_by_the_passes_behind_it(
    make: Callable[..., Any], surface: HeadlessSurface
) -> None:
    running = make(
        Graph(
            (one("first", "out"), one("second", "a", {"u_one": "out"})),
            (Buffer("a", dtype="f4"),),
            "a",
            exports=("out",),
        )
    )
    target = Target.create(surface.ctx, (8, 4), "f4")
    running.run(None, exports={"out": target})
    assert (values(running, "a")[..., :3] == 0.5).all()
    target.release()


@pytest.mark.gl
def test_a_late_pass_and_all_behind_it_take_what_is_newest_then(make: Callable[..., Any]) -> None:
    seen: list[tuple[str, str]] = []

    def noting(name: str, late: bool = False) -> Pass[Any]:
        def uniforms(frame: str, size: object) -> dict[str, float]:
            seen.append((name, frame))
            return {}

        return Pass(name, "count.frag", "count", {"u_self": "count"}, uniforms=uniforms, late=late)

    passes = noting("one"), noting("two", late=True), noting("three"), noting("four", late=True)
    running = make(Graph(passes, COUNTING.buffers, "count"))
    asked: list[int] = []

    def newest() -> str:
        asked.append(len(seen))
        return "new"

    running.run("old", late=newest)
    assert seen == [("one", "old"), ("two", "new"), ("three", "new"), ("four", "new")]
    assert asked == [1]
    seen.clear()
    running.run("old")
    assert {frame for _, frame in seen} == {"old"}
    running.change(COUNTING)
    running.run("old", late=newest)
    assert len(asked) == 1, "nobody waits for what nothing would show"


@pytest.mark.gl
def test_a_variant_asked_for_by_yes_or_no_is_that_variant(make: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "loud.frag").write_text("out vec4 o; void main() { o = vec4(float(LOUD) * 0.5); }")
    running = make(
        Graph((Pass("a", "loud.frag", "a", defines={"LOUD": bool}),), (Buffer("a", dtype="f4"),), "a")
    )
    for loud, expected in ((False, 0.0), (True, 0.5)):
        running.run(loud)
        assert (values(running, "a") == expected).all()


@pytest.mark.gl
def test_smaller_copies_follow_every_pass(make: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "ramp.frag").write_text("out vec4 o; void main() { o = vec4(gl_FragCoord.x - 0.5); }")
    (tmp_path / "mean.frag").write_text(
        "uniform sampler2D u_ramp; out vec4 o; void main() { o = textureLod(u_ramp, vec2(0.5), 9.0); }"
    )
    running = make(
        Graph(
            (Pass("ramp", "ramp.frag", "ramp"), Pass("mean", "mean.frag", "mean", {"u_ramp": "ramp"})),
            (Buffer("ramp", dtype="f4", mips=True), Buffer("mean", Fixed(1, 1), "f4")),
            "mean",
        )
    )
    running.run(None)
    assert values(running, "mean")[0, 0, 0] == pytest.approx(3.5)


@pytest.fixture
def user(surface: HeadlessSurface, tmp_path: Path) -> Iterator[Renderer]:
    """A renderer with a folder of the user's."""
    (tmp_path / "count.frag").write_text(COUNT)
    (tmp_path / "filter.frag").write_text(FILTER)
    renderer = Renderer(surface.ctx, 160, 90, shader_dir=tmp_path, flash_limiter=False)
    yield renderer
    surface.make_current()
    renderer.release()


def with_user_nodes(graph: Graph[Frame]) -> Graph[Frame]:
    """A counter in a small float buffer that persists, and a filter over the finished picture that shows it."""
    return graph.adding(
        Pass("user.count", "count.frag", "user.count", {"u_self": "user.count"}),
        Pass(
            "user.filter",
            "filter.frag",
            "user.filtered",
            {"u_frame": FRAME, "u_count": "user.count"},
            uniforms=lambda frame, size: {"u_scale": 16.0 / 255.0, "u_size": size},
        ),
        buffers=[
            Buffer("user.count", Part(by=10), "f4", keeps=True),
            Buffer("user.filtered", linear=True, keeps=True),
        ],
        after="finish",
        instead_of=FRAME,
    )


@pytest.mark.gl
def test_a_users_nodes_come_into_the_picture_and_go_again(user: Renderer, draw: Draw) -> None:
    today = user.graph
    before = draw(user, frames=2)
    user.change_graph(with_user_nodes(today))
    for frames in (1, 4):
        pixels = draw(user, frames=frames)
    assert (pixels == (60, 16, 9)).all(), "5 frames of 0.75 in a float buffer of 16 x 9 pixels"
    user.resize(320, 180)
    assert (draw(user) == (72, 32, 18)).all()
    user.resize(160, 90)
    user.change_graph(today)
    user.restart()
    assert np.array_equal(draw(user, frames=2), before)


@pytest.mark.gl
def test_nodes_that_cannot_be_drawn_leave_the_picture(user: Renderer, draw: Draw) -> None:
    today = user.graph
    for broken, said in (
        (today.adding(Pass("user", "finish.frag", "flow"), imports=["photo"], after="flow"), "photo"),
        (today.adding(Pass("user", "none.frag", "flow"), after="flow"), r"no shader none\.frag"),
        (
            today.adding(
                Pass("user", "count.frag", "small", {"u_self": FRAME}), after="finish", instead_of=FRAME
            ),
            "the result of a graph is small",
        ),
    ):
        with pytest.raises(RenderError, match=said):
            user.change_graph(broken)
    assert user.graph is today
    assert draw(user).std() > 1.0


@pytest.mark.gl
def test_an_import_of_the_users_is_read(user: Renderer, draw: Draw, tmp_path: Path) -> None:
    (tmp_path / "photo.frag").write_text(
        "uniform sampler2D u_photo; out vec4 o; void main() { o = texelFetch(u_photo, ivec2(0), 0); }"
    )
    photo = user.ctx.texture((2, 2), 4, bytes([10, 20, 30, 255] * 4))
    node: Pass[Frame] = Pass("photo", "photo.frag", FRAME, {"u_photo": "photo"})
    user.change_graph(user.graph.adding(node, imports=["photo"], after="finish"), {"photo": photo})
    assert (draw(user, current=plain_picture(0, 0, 0)) == (10, 20, 30)).all()
    photo.release()


@pytest.mark.gl
def test_a_pass_is_waited_for_before_the_next_is_drawn_and_never_left_behind(
    make: Callable[..., RunningGraph[Any]],
) -> None:
    running = make(
        Graph(
            (
                Pass("count", "count.frag", "count", {"u_self": "count"}),
                Pass("add", "add.frag", "added", {"u_one": "count"}),
            ),
            (Buffer("count", Part(by=2), "f4", keeps=True), Buffer("added", Part(by=2), "f4")),
            "added",
        )
    )
    order: list[str] = []
    drawer = running._drawer
    drawer.start = lambda: order.append("start")
    drawer.after_pass = lambda: order.append("wait")
    running.run(None)
    assert order == ["start", "wait", "start"], "what is asked for last is drawn meanwhile"
    drawer.settle()
    drawer.settle()
    assert order == ["start", "wait", "start", "wait"]


@pytest.mark.gl
def test_with_fences_two_passes_are_ordered_ahead_and_all_are_waited_for_in_the_end(
    make: Callable[..., RunningGraph[Any]],
) -> None:
    counts: list[Pass[Any]] = [
        Pass(f"count {number}", "count.frag", "count", {"u_self": "count"}) for number in range(4)
    ]
    running = make(Graph(tuple(counts), (Buffer("count", Part(by=2), "f4", keeps=True),), "count"))
    order: list[str] = []
    drawer = running._drawer
    drawer.after_pass = lambda: order.append("wait for all")

    def fence() -> Callable[[], object]:
        number = sum(name.startswith("ordered") for name in order)
        order.append(f"ordered {number}")
        return lambda: order.append(f"drawn {number}")

    drawer.fence = fence
    running.run(None)
    drawer.settle()
    assert order == [
        *("ordered 0", "ordered 1", "drawn 0", "ordered 2", "drawn 1", "ordered 3"),
        *("wait for all", "drawn 2", "drawn 3"),
    ]


@pytest.mark.gl
def test_what_vertices_read_is_known_or_taken_for_granted(renderer: Renderer) -> None:
    assert renderer.library.reads_in_vertices("light.vert")
    assert not renderer.library.reads_in_vertices("place.vert")
    assert renderer.library.reads_in_vertices("of-somebody-else.vert")


@pytest.mark.gl
def test_a_frame_with_fences_is_the_one_that_is_waited_for_pass_by_pass(
    renderer: Renderer, draw: Draw
) -> None:
    fence = renderer.drawer.fence
    assert fence is not None, "OpenGL 3.2 has fences"
    ahead = draw(renderer, {"/look/oil/amount": 0.8}, frames=3)
    renderer.restart()
    renderer.drawer.fence = None
    try:
        assert (draw(renderer, {"/look/oil/amount": 0.8}, frames=3) == ahead).all()
    finally:
        renderer.drawer.fence = fence


@pytest.mark.gl
def test_a_uniform_is_set_again_only_when_its_value_is_another(surface: HeadlessSurface) -> None:
    program: Any = surface.ctx.program(
        vertex_shader="#version 330\nvoid main() { gl_Position = vec4(0.0); }",
        fragment_shader="#version 330\nuniform float a; uniform vec2 b; out vec4 o; void main() { o = vec4(a, b, 1); }",
    )
    cache = UniformCache(program)
    cache.set({"a": 1.0, "b": (1.0, 2.0), "not there": 3.0})
    program["a"].value = 5.0
    cache.set({"a": 1.0, "b": (1.0, 3.0)})
    assert program["a"].value == 5.0, "the same value is not set again"
    assert program["b"].value == (1.0, 3.0)
    with pytest.raises(RenderError, match="uniform b"):
        cache.set({"b": "none"})  # type: ignore[dict-item]
    cache.set({"b": (1.0, 3.0)})
    assert program["b"].value == (1.0, 3.0)
    program.release()
