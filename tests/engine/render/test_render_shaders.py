"""Shader files: errors with file and line, reload that keeps the last good one, a user's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.core.errors import RenderError
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import broken_shader_dir

pytestmark = pytest.mark.gl
Draw = Callable[..., UInt8]
STILL = {"/look/trails/amount": 0.0, "/look/finish/glow": 0.0}


@pytest.fixture
def shipped(repository: Path) -> Path:
    return repository / "shaders"


@pytest.fixture
def still(draw: Draw) -> Callable[[Renderer], UInt8]:
    """The same frame again and again, unless a shader changes."""
    return lambda renderer: draw(
        renderer, {"/look/trails/amount": 0.0, "/look/finish/glow": 0.0}, dt_s=0.0, heard=None
    )


def swap(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def test_the_users_folder_wins(surface: HeadlessSurface, shipped: Path, tmp_path: Path, draw: Draw) -> None:
    red = swap((shipped / "finish.frag").read_text(), "clamp(c, 0.0, 1.0)", "vec3(1.0, 0.0, 0.0)")
    (tmp_path / "finish.frag").write_text(red)
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    assert draw(renderer).reshape(-1, 3).mean(axis=0).tolist() == [255.0, 0.0, 0.0]
    renderer.release()


def test_reload_takes_good_files_and_keeps_the_last_good_one(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, still: Callable[[Renderer], UInt8]
) -> None:
    path = tmp_path / "finish.frag"
    source = (shipped / "finish.frag").read_text()
    path.write_text(source)
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    first = still(renderer)
    assert renderer.reload_changed_shaders() is None

    lines = source.splitlines()
    number = next(i for i, line in enumerate(lines, start=1) if "o_color = " in line)
    lines[number - 1] = "    o_color = vec4(broken;"
    path.write_text("\n".join(lines))
    error = renderer.reload_changed_shaders()
    assert error is not None
    assert f"finish.frag:{number}:" in error
    assert np.array_equal(still(renderer), first)
    assert renderer.reload_changed_shaders() == error

    path.write_text(swap(source, "clamp(c, 0.0, 1.0)", "1.0 - clamp(c, 0.0, 1.0)") + "\n")
    assert renderer.reload_changed_shaders() is None
    assert abs(int(still(renderer).astype(int).mean() + first.astype(int).mean()) - 255) < 6
    renderer.release()


def test_a_file_saved_as_it_was_compiles_nothing(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "common.glsl"
    source = (shipped / "common.glsl").read_text()
    path.write_text(source)
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    caplog.set_level("DEBUG", "chromesthesia.render.shaders")
    path.write_text(source + "nonsense;\n")
    assert "common.glsl:" in (renderer.reload_changed_shaders() or "")
    caplog.clear()
    path.write_text(source)
    assert renderer.reload_changed_shaders() is None
    assert "recompiling" not in caplog.text
    path.write_text(source + "\n")
    assert renderer.reload_changed_shaders() is None
    assert "recompiling" in caplog.text
    renderer.release()


def test_shaders_that_were_taken_over_can_be_taken_back(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, still: Callable[[Renderer], UInt8]
) -> None:
    path = tmp_path / "finish.frag"
    source = (shipped / "finish.frag").read_text()
    path.write_text(source)
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    first = still(renderer)
    white = swap(source, "clamp(c, 0.0, 1.0)", "vec3(1.0)")
    path.write_text(white + "\n")
    assert renderer.reload_changed_shaders() is None
    assert still(renderer).min() == 255
    renderer.take_back_shaders("too slow")
    assert np.array_equal(still(renderer), first)
    # It is told until the file is saved anew, and the same file is not taken a second time.
    assert renderer.reload_changed_shaders() == "too slow"
    assert np.array_equal(still(renderer), first)
    path.write_text(white + "\n\n")
    assert renderer.reload_changed_shaders() is None
    assert still(renderer).min() == 255
    renderer.keep_shaders()
    renderer.take_back_shaders("too late")
    assert still(renderer).min() == 255
    renderer.release()


def test_an_error_in_an_included_file_is_named_there(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, still: Callable[[Renderer], UInt8]
) -> None:
    path = tmp_path / "common.glsl"
    path.write_text((shipped / "common.glsl").read_text())
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    first = still(renderer)
    text = path.read_text()
    path.write_text(text + "\nfloat wrong() { return nothing; }\n")
    error = renderer.reload_changed_shaders()
    assert error is not None
    assert f"common.glsl:{len(text.splitlines()) + 2}:" in error
    assert np.array_equal(still(renderer), first)
    renderer.release()


def test_a_deleted_file_falls_back_to_the_shipped_one(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, still: Callable[[Renderer], UInt8]
) -> None:
    path = tmp_path / "finish.frag"
    path.write_text(swap((shipped / "finish.frag").read_text(), "clamp(c, 0.0, 1.0)", "vec3(1.0, 0.0, 0.0)"))
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    assert still(renderer)[..., 1].max() == 0
    path.unlink()
    assert renderer.reload_changed_shaders() is None
    assert still(renderer)[..., 1].max() > 0
    renderer.release()


def test_a_broken_file_at_the_start_is_refused(surface: HeadlessSurface, tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"finish\.frag:5: "):
        Renderer(surface.ctx, 160, 90, broken_shader_dir(tmp_path, "finish.frag", 5))


def test_a_broken_variant_falls_back_to_the_plain_one(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, draw: Draw
) -> None:
    source = swap((shipped / "scene.frag").read_text(), "#if FOLD == 1\n", "#if FOLD == 1\n    nonsense;\n")
    (tmp_path / "scene.frag").write_text(source)
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    plain = draw(renderer, {"/look/view/fold": "none", **STILL}, heard=None, dt_s=0.0)
    assert renderer.reload_changed_shaders() is None
    folded = draw(renderer, {"/look/view/fold": "mirror", **STILL}, heard=None, dt_s=0.0)
    assert np.array_equal(plain, folded)
    error = renderer.reload_changed_shaders()
    assert error is not None
    assert "scene.frag:" in error
    (tmp_path / "scene.frag").write_text((shipped / "scene.frag").read_text())
    assert renderer.reload_changed_shaders() is None
    assert not np.array_equal(
        plain, draw(renderer, {"/look/view/fold": "mirror", **STILL}, heard=None, dt_s=0.0)
    )
    renderer.release()


CHANGES = {
    "another type": ("finish.frag", ("uniform float u_grain;", "uniform int u_grain;"),
                     ("* u_grain;", "* float(u_grain);")),
    "another size": ("scene.frag", ("uniform vec2 u_pan; ", "uniform vec3 u_pan; "), ("+ u_pan +", "+ u_pan.xy +")),
    "a longer array": ("flow.frag", ("u_rings[4];", "u_rings[8];"), ("i < 4", "i < 8")),
    "another kind of sampler": ("finish.frag",
                                ("uniform float u_split;", "uniform float u_split;\nuniform samplerCube u_sky;"),
                                ("vec4(clamp(", "texture(u_sky, c) + vec4(clamp(")),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_shader_that_does_not_take_the_present_values_is_not_taken(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, still: Callable[[Renderer], UInt8], name: str
) -> None:
    file, *edits = CHANGES[name]
    source = changed = (shipped / file).read_text()
    (tmp_path / file).write_text(source)
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    first = still(renderer)
    for old, new in edits:
        changed = swap(changed, old, new)
    (tmp_path / file).write_text(changed)
    error = renderer.reload_changed_shaders()
    assert error is not None
    assert file in error
    assert np.array_equal(still(renderer), first)
    (tmp_path / file).write_text(source + "\n")
    assert renderer.reload_changed_shaders() is None
    assert np.array_equal(still(renderer), first)
    renderer.release()


def test_a_variant_that_does_not_take_the_present_values_falls_back_to_the_plain_one(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, draw: Draw
) -> None:
    source = swap(
        (shipped / "finish.frag").read_text(),
        "uniform float u_split;",
        "#if SPLIT\nuniform int u_split;\n#else\nuniform float u_split;\n#endif",
    )
    (tmp_path / "finish.frag").write_text(source)
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    values = {"/look/painting/canvas": 0.0, **STILL}
    plain = draw(renderer, {"/look/finish/split": 0.0, **values}, heard=None, dt_s=0.0)
    split = draw(renderer, {"/look/finish/split": 1.0, **values}, heard=None, dt_s=0.0)
    assert np.array_equal(plain, split)
    assert "u_split" in (renderer.reload_changed_shaders() or "")
    renderer.release()


def test_a_shader_that_cannot_be_drawn_with_at_the_start_is_named(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, draw: Draw
) -> None:
    (tmp_path / "flow.frag").write_text(
        swap((shipped / "flow.frag").read_text(), "uniform float u_swell;", "uniform int u_swell;")
    )
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    with pytest.raises(RenderError, match=r"flow\.frag: uniform u_swell"):
        draw(renderer)
    renderer.release()


def test_after_a_lost_context_the_last_good_texts_are_compiled(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, still: Callable[[Renderer], UInt8]
) -> None:
    (tmp_path / "finish.frag").write_text((shipped / "finish.frag").read_text())
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    first = still(renderer)
    broken_shader_dir(tmp_path)
    error = renderer.reload_changed_shaders()
    again = Renderer(surface.ctx, 160, 90, shaders=renderer.library.files)
    assert np.array_equal(still(again), first)
    assert again.reload_changed_shaders() == error is not None
    renderer.release()
    again.release()


def test_an_edit_that_needs_a_second_file_is_taken_when_that_is_saved_too(
    surface: HeadlessSurface, shipped: Path, tmp_path: Path, still: Callable[[Renderer], UInt8]
) -> None:
    for name in ("finish.frag", "common.glsl"):
        (tmp_path / name).write_text((shipped / name).read_text())
    renderer = Renderer(surface.ctx, 160, 90, tmp_path)
    still(renderer)
    (tmp_path / "finish.frag").write_text(
        swap((shipped / "finish.frag").read_text(), "clamp(c, 0.0, 1.0)", "red()")
    )
    assert renderer.reload_changed_shaders() is not None
    (tmp_path / "common.glsl").write_text(
        (shipped / "common.glsl").read_text() + "vec3 red() { return vec3(1.0, 0.0, 0.0); }\n"
    )
    assert renderer.reload_changed_shaders() is None
    assert still(renderer).reshape(-1, 3).mean(axis=0).tolist() == [255.0, 0.0, 0.0]
    renderer.release()


def test_a_missing_shader_is_named(surface: HeadlessSurface, tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"no shader [a-z_]+\.(vert|frag) "):
        Renderer(surface.ctx, 160, 90, [tmp_path])


def test_sharpening_narrows_an_edge(renderer: Renderer, draw: Draw) -> None:
    edge = np.full((128, 128, 3), 40, np.uint8)
    edge[:, 64:] = 200
    edge[:, 61:67] = np.linspace(40, 200, 6, dtype=np.uint8)[None, :, None]
    renderer.resize(640, 360)
    steepest = []
    for sharpness in (0.0, 1.0):
        values = {
            "/look/painting/sharpness": sharpness, "/look/painting/relief": 0.0, "/look/painting/canvas": 0.0,
            "/look/view/drift": 0.0, "/look/view/zoom": 2.0, "/look/flow/amount": 0.0, "/look/finish/grain": 0.0,
        }  # fmt: skip
        renderer.restart()
        row = draw(renderer, values, current=edge, heard=None)[180, :, 1].astype(int)
        steepest.append(np.diff(row).max())
    assert steepest[1] > steepest[0] * 1.2
