"""ISF shaders that are broken, saved anew, too bright or too quick, and those that are shipped: the show goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engine.render.isf_drawn import AT_ONCE, Write, colour, near, render, scene, tone

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.paths import find_resource
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.isf.plan import NO_ISF, IsfPlan
from chromesthesia.isf.shader import IsfShader, load_isf
from chromesthesia.isf.shelf import Shelf
from chromesthesia.params.scenes import FILM_AMOUNT
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.isf_trial import try_files
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard

pytestmark = pytest.mark.gl


def test_what_is_no_number_is_black_and_no_fault(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
        "nan.fs",
        """void main() {
            vec4 none = vec4(log(-1.0 - TIME));
            gl_FragColor = PASSINDEX == 0 ? none : vec4(IMG_THIS_PIXEL(kept).rg, 1.0, 1.0);
        }""",
        PASSES=[{"TARGET": "kept", "PERSISTENT": True, "FLOAT": True}, {"TARGET": "shown", "FLOAT": True}],
    )
    pixels = render(bare, scene(shader), 2)
    assert (pixels == [0, 0, 255]).all()
    assert all(np.isfinite(np.frombuffer(texture.read(), "f2")).all() for texture in bare.floats)


@pytest.mark.parametrize("worked", [0.0, 1.0])
def test_brightness_has_the_last_word(bare: Renderer, write_isf: Write, worked: float) -> None:
    white = write_isf("white.fs", "void main() { gl_FragColor = vec4(1.0); }")
    inverted = write_isf(
        "invert.fs",
        "void main() { gl_FragColor = vec4(1.0 - IMG_THIS_PIXEL(inputImage).rgb, 1.0); }",
        INPUTS=[{"NAME": "inputImage", "TYPE": "image"}],
    )
    values = {FILM_AMOUNT.path: worked}  # the look has more than one way to its end
    for plan in (scene(white), IsfPlan(filters=(inverted,)), scene(white, filters=(inverted,))):
        bare.render(FrameInputs(0.0, 0.1, {**AT_ONCE, **values, "/master/brightness": 0.0}, isf=plan))
        assert bare.read_pixels().max() == 0


def test_a_broken_file_is_told_with_its_line_and_the_show_goes_on(bare: Renderer, write_isf: Write) -> None:
    plain = render(bare, NO_ISF)
    bare.restart()
    broken = write_isf(
        "broken.fs", "void main() {\n    float a = 1.0;\n    gl_FragColor = vec4(a + nothing);\n}"
    )
    line = 2 + len(json.dumps({"ISFVSN": "2"}, indent=1).splitlines()) + 1
    assert near(render(bare, scene(broken)), plain)
    error = bare.reload_changed_shaders() or ""
    assert error.startswith(f"shader broken.fs:{line}: error")
    assert "nothing" in error
    assert near(render(bare, NO_ISF), plain, most=40)
    assert bare.reload_changed_shaders() is None


def test_the_last_good_version_stays_and_goes_on_in_its_time(bare: Renderer, write_isf: Write) -> None:
    good = write_isf(
        "twice.fs", "void main() { gl_FragColor = vec4(float(FRAMEINDEX) / 10.0, 1.0, 0.0, 1.0); }"
    )
    assert colour(render(bare, scene(good), 3)) == [51, 255, 0]
    broken = write_isf("twice.fs", "void main() { gl_FragColor = vec4( }")
    assert colour(render(bare, scene(broken), first=3)) == [76, 255, 0]
    assert "twice.fs:" in (bare.reload_changed_shaders() or "")
    mended = write_isf(
        "twice.fs", "void main() { gl_FragColor = vec4(float(FRAMEINDEX) / 10.0, 0.0, 1.0, 1.0); }"
    )
    assert colour(render(bare, scene(mended), first=4)) == [102, 0, 255]
    assert bare.reload_changed_shaders() is None


def test_a_renderer_made_anew_draws_the_version_that_was_good(
    surface: HeadlessSurface, write_isf: Write
) -> None:
    good: dict[str, IsfShader] = {}
    shader = write_isf("anew.fs", "void main() { gl_FragColor = vec4(0.0, 1.0, 0.0, 1.0); }")
    broken = write_isf("anew.fs", "void main() { }}")
    first = Renderer(surface.ctx, 16, 16, flash_limiter=False, good_isf=good)
    first.render(FrameInputs(0.0, 0.1, AT_ONCE, isf=scene(shader)))
    first.release()
    second = Renderer(surface.ctx, 16, 16, flash_limiter=False, good_isf=good)
    second.render(FrameInputs(0.1, 0.1, AT_ONCE, isf=scene(broken)))
    assert second.read_pixels()[8, 8].tolist() == [0, 255, 0]
    second.release()


def test_a_persistent_buffer_goes_on_when_the_picture_is_drawn_smaller(
    bare: Renderer, write_isf: Write
) -> None:
    shader = write_isf(
        "shrunk.fs",
        """void main() {
            vec4 here = IMG_THIS_PIXEL(kept);
            gl_FragColor = PASSINDEX == 0 ? here + vec4(0.2) : vec4(here.rgb, 1.0);
        }""",
        PASSES=[{"TARGET": "kept", "PERSISTENT": True}, {}],
    )
    render(bare, scene(shader), 2)
    bare.draw_share(0.5)
    assert abs(colour(render(bare, scene(shader), 1, first=2))[0] - 153) <= 2


def test_a_strobing_scene_goes_through_the_flash_limiter(renderer: Renderer, write_isf: Write) -> None:
    strobe = write_isf(
        "strobe.fs", "void main() { gl_FragColor = vec4(vec3(mod(float(FRAMEINDEX), 4.0) < 2.0), 1.0); }"
    )
    seen = []
    for number in range(24):
        renderer.render(FrameInputs(number / 30, 1 / 30, AT_ONCE, heard(), isf=scene(strobe)))
        seen.append(float(renderer.read_pixels().mean()))
    late = np.array(seen[12:])
    renderer.render(FrameInputs(2.0, 1 / 30, AT_ONCE, heard()))
    assert late.max() - late.min() < 60, "7.5 flashes a second are held"


def test_the_same_frames_give_the_same_pixels(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
        "same.fs",
        """void main() {
            float n = fract(sin(dot(gl_FragCoord.xy, vec2(12.98, 78.2)) + TIME) * 43758.5);
            vec4 here = IMG_THIS_PIXEL(kept);
            gl_FragColor = PASSINDEX == 0 ? mix(here, vec4(n), 0.5) : vec4(here.rgb, 1.0);
        }""",
        PASSES=[{"TARGET": "kept", "PERSISTENT": True, "FLOAT": True}, {}],
    )
    first = render(bare, scene(shader), 4)
    bare.restart()
    assert (render(bare, scene(shader), 4) == first).all()


SHIPPED = find_resource("shaders", "isf")


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.fs")), ids=lambda path: path.stem)
def test_a_shipped_shader_is_drawn_and_moves_with_the_sound(bare: Renderer, path: Path) -> None:
    shader = load_isf(path)
    plan = IsfPlan(filters=(shader,)) if shader.header.is_filter else scene(shader)
    loud = tone(400.0)
    told: dict[str, Any] = {"rain__drop": 0.0}
    quiet = render(bare, plan, 3, hearing=heard(), **told)
    bare.restart()
    render(bare, plan, hearing=loud, **told)
    moved = render(bare, plan, 2, first=1, hearing=loud, rain__drop=1.0)
    assert bare.reload_changed_shaders() is None
    assert quiet.mean() > 8
    assert np.abs(moved.astype(int) - quiet).max() > 8


def test_an_error_is_told_to_whoever_shows_messages(
    bare: Renderer, surface: HeadlessSurface, write_isf: Write
) -> None:
    broken = write_isf("broken.fs", "void main() { gl_FragColor = nothing; }")
    clock = ManualClock()
    light = Light(lambda: surface, lambda opened: bare, clock)
    frame = FrameInputs(0.0, 0.1, AT_ONCE, heard(), isf=scene(broken))
    light.draw(frame, want_pixels=False)
    light.poll_shaders()
    assert light.message.startswith("shader broken.fs:")
    assert light.frames == 1
    clock.set(1.0)
    light.draw(replace(frame, isf=NO_ISF), want_pixels=False)
    light.poll_shaders()
    assert light.message == ""


def test_files_are_tried_one_after_another(
    surface: HeadlessSurface, write_isf: Write, tmp_path: Path
) -> None:
    write_isf("a good.fs", "void main() { gl_FragColor = vec4(1.0); }")
    write_isf("b broken.fs", "void main() { gl_FragColor = nothing; }")
    (tmp_path / "c none.fs").write_text("void main() {}")
    write_isf("d good.fs", "void main() { gl_FragColor = vec4(1.0); }")
    tried = list(try_files(surface.ctx, Shelf([tmp_path]).files()))
    assert [(one.path.name, one.error.partition(" ")[0]) for one in tried] == [
        ("a good.fs", ""),
        ("b broken.fs", "shader"),
        ("c none.fs", "shader"),
        ("d good.fs", ""),
    ]
