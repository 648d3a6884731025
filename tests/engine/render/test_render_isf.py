"""ISF shaders of our own for every feature that the specification names, by the pixels that they give."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.paths import find_resource
from chromesthesia.core.records import Float32, Heard, UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.features.mel import power_spectrum
from chromesthesia.isf.plan import NO_ISF, IsfPlan
from chromesthesia.isf.shader import IsfShader, load_isf
from chromesthesia.isf.shelf import Shelf
from chromesthesia.params.scenes import FILM_AMOUNT
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.isf_trial import try_files
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture

pytestmark = pytest.mark.gl

WIDTH, HEIGHT = 80, 48
AT_ONCE = {"/master/morph_s": 0.0}
Write = Callable[..., IsfShader]


@pytest.fixture(scope="module")
def made(shared_surface: HeadlessSurface) -> Iterator[Renderer]:
    shared_surface.make_current()
    renderer = Renderer(shared_surface.ctx, WIDTH, HEIGHT, flash_limiter=False)
    yield renderer
    shared_surface.make_current()
    renderer.release()


@pytest.fixture
def bare(surface: HeadlessSurface, made: Renderer) -> Renderer:
    """A renderer without the flash limiter, as new."""
    made.draw_share(1.0)
    render(made, NO_ISF)
    made.restart()
    return made


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes an ISF file and reads it."""

    def written(name: str, body: str, vertex: str | None = None, **header: Any) -> IsfShader:
        path = tmp_path / name
        path.write_text(f"/*{json.dumps({'ISFVSN': '2', **header}, indent=1)}*/\n{body}", encoding="utf-8")
        if vertex is not None:
            path.with_suffix(".vs").write_text(vertex, encoding="utf-8")
        return load_isf(path)

    return written


def render(
    renderer: Renderer,
    plan: IsfPlan,
    frames: int = 1,
    first: int = 0,
    hearing: Heard | None = None,
    **values: Any,
) -> UInt8:
    """The pixels of the last of some frames, ten a second; values: of parameters, `a_b` being `/isf/a/b`."""
    one = picture(1)
    settings = {f"/isf/{name.replace('__', '/')}": value for name, value in values.items()}
    for number in range(first, first + frames):
        renderer.render(
            FrameInputs(
                time_s=2.0 + number / 10,
                dt_s=0.1,
                values={**AT_ONCE, **settings},
                heard=hearing or heard(),
                previous=one,
                current=one,
                previous_serial=1,
                current_serial=1,
                isf=plan,
                date=(2027.0, 3.0, 14.0, 5000.0),
            )
        )
    return renderer.read_pixels().copy()


def scene(shader: IsfShader, **more: Any) -> IsfPlan:
    return IsfPlan(scene=shader, **more)


def colour(pixels: UInt8) -> list[int]:
    """Of the pixel in the middle."""
    return [int(each) for each in pixels[HEIGHT // 2, WIDTH // 2]]


def near(pixels: UInt8, wanted: UInt8, most: float = 1.0) -> bool:
    return bool(np.abs(pixels.astype(int) - wanted.astype(int)).max() <= most)


def test_coordinates_begin_at_the_lower_left(bare: Renderer, write: Write) -> None:
    shader = write(
        "where.fs",
        """void main() {
            vec2 same = gl_FragCoord.xy / RENDERSIZE;
            float agrees = distance(same, isf_FragNormCoord) < 0.001 ? 1.0 : 0.0;
            gl_FragColor = vec4(isf_FragNormCoord, agrees, 1.0);
        }""",
    )
    pixels = render(bare, scene(shader))
    x = (np.arange(WIDTH) + 0.5) / WIDTH * 255
    y = (np.arange(HEIGHT)[::-1] + 0.5) / HEIGHT * 255
    assert near(pixels[..., 0], np.tile(x, (HEIGHT, 1)).round().astype(np.uint8))
    assert near(pixels[..., 1], np.tile(y[:, None], (1, WIDTH)).round().astype(np.uint8))
    assert (pixels[..., 2] == 255).all()


def test_time_date_and_frames_are_those_of_the_frame(bare: Renderer, write: Write) -> None:
    shader = write(
        "time.fs",
        """void main() {
            bool told = DATE == vec4(2027.0, 3.0, 14.0, 5000.0);
            gl_FragColor = vec4(TIME, TIMEDELTA * 5.0, float(FRAMEINDEX) / 10.0, told ? 1.0 : 0.0);
        }""",
    )
    assert colour(render(bare, scene(shader))) == [0, 0, 0]
    assert np.allclose(
        colour(render(bare, scene(shader), 5, first=1)), [0.5 * 255, 0.5 * 255, 0.5 * 255], atol=1
    )


INPUTS = [
    {"NAME": "hit", "TYPE": "event"},
    {"NAME": "on", "TYPE": "bool", "DEFAULT": True},
    {"NAME": "mode", "TYPE": "long", "VALUES": [3, 7, 5], "LABELS": ["three", "seven", "five"], "DEFAULT": 7},
    {"NAME": "level", "TYPE": "float", "MIN": -2.0, "MAX": 2.0, "DEFAULT": 0.5},
    {"NAME": "place", "TYPE": "point2D", "MIN": [0, 0], "MAX": [10, 10], "DEFAULT": [2.5, 5.0]},
    {"NAME": "tint", "TYPE": "color", "DEFAULT": [0.2, 0.4, 0.6, 0.8]},
]
SHOW_INPUTS = """void main() {
    vec2 at = isf_FragNormCoord;
    if (at.y > 0.5) gl_FragColor = vec4(hit ? 1.0 : 0.0, on ? 1.0 : 0.0, float(mode) / 10.0, 1.0);
    else if (at.x < 0.5) gl_FragColor = vec4(level, place / 10.0, 1.0);
    else gl_FragColor = vec4(tint.rgb, 1.0);
}"""


def inputs_shown(pixels: UInt8) -> list[list[float]]:
    low, high, left, right = HEIGHT * 3 // 4, HEIGHT // 4, WIDTH // 4, WIDTH * 3 // 4
    return [(pixels[y, x] / 255).round(2).tolist() for y, x in ((high, left), (low, left), (low, right))]


def test_every_type_of_input_reaches_the_shader(bare: Renderer, write: Write) -> None:
    shader = write("inputs.fs", SHOW_INPUTS, INPUTS=INPUTS)
    assert inputs_shown(render(bare, scene(shader))) == [[0, 1, 0.7], [0.5, 0.25, 0.5], [0.2, 0.4, 0.6]]
    set_to: dict[str, Any] = {
        "inputs__on": False,
        "inputs__mode": "five",
        "inputs__level": 1.0,
        "inputs__place/y": 10.0,
        "inputs__tint/r": 1.0,
    }
    assert inputs_shown(render(bare, scene(shader), **set_to)) == [
        [0, 0, 0.5],
        [1.0, 0.25, 1.0],
        [1.0, 0.4, 0.6],
    ]


def test_an_event_happens_in_one_frame(bare: Renderer, write: Write) -> None:
    plan = scene(write("inputs.fs", SHOW_INPUTS, INPUTS=INPUTS))
    hits = [inputs_shown(render(bare, plan, inputs__hit=value))[0][0] for value in (0, 0.8, 1, 0.2, 0.6)]
    assert hits == [0, 1, 0, 0, 1]


def test_a_filter_reads_the_picture_in_every_way(bare: Renderer, write: Write) -> None:
    plain = render(bare, NO_ISF)
    bare.restart()
    image = [{"NAME": "inputImage", "TYPE": "image"}]
    shader = write(
        "ways.fs",
        """void main() {
            vec2 at = isf_FragNormCoord;
            if (at.y > 0.75) gl_FragColor = IMG_THIS_PIXEL(inputImage);
            else if (at.y > 0.5) gl_FragColor = IMG_THIS_NORM_PIXEL(inputImage);
            else if (at.y > 0.25) gl_FragColor = IMG_NORM_PIXEL(inputImage, at);
            else if (at.y > 0.1) gl_FragColor = IMG_PIXEL(inputImage, at * IMG_SIZE(inputImage));
            else {
                vec4 three = IMG_NORM_PIXEL(inputImage, vec3(at, 1.0));
                gl_FragColor = mix(three, IMG_NORM_PIXEL(inputImage, at, 0.0), 0.5);
            }
        }""",
        INPUTS=image,
    )
    assert shader.header.is_filter
    assert near(render(bare, IsfPlan(filters=(shader,))), plain)
    turned = write(
        "mirror.fs",
        "void main() { gl_FragColor = texture2D(inputImage, vec2(1.0 - isf_FragNormCoord.x, isf_FragNormCoord.y)); }",
        INPUTS=image,
    )
    bare.restart()
    assert near(render(bare, IsfPlan(filters=(turned,))), plain[:, ::-1])
    bare.restart()
    both = IsfPlan(filters=(turned, shader, turned))  # a file has one place
    assert near(render(bare, both), plain[:, ::-1])


def test_passes_draw_into_buffers_of_the_size_asked_for(bare: Renderer, write: Write) -> None:
    shader = write(
        "sizes.fs",
        """void main() {
            if (PASSINDEX == 0) gl_FragColor = vec4(RENDERSIZE / 255.0, 0.0, 1.0);
            else if (PASSINDEX == 1) gl_FragColor = vec4(IMG_THIS_PIXEL(small).rg, RENDERSIZE.y / 255.0, 1.0);
            else gl_FragColor = vec4(IMG_THIS_PIXEL(row).rgb, 1.0);
        }""",
        INPUTS=[{"NAME": "parts", "TYPE": "float", "MIN": 1, "MAX": 16, "DEFAULT": 4}],
        PASSES=[
            {"TARGET": "small", "WIDTH": "floor($WIDTH/$parts)", "HEIGHT": "max(2, $HEIGHT / 8 - 1)"},
            {"TARGET": "row", "WIDTH": "$WIDTH", "HEIGHT": 1},
            {},
        ],
    )
    assert colour(render(bare, scene(shader))) == [WIDTH // 4, HEIGHT // 8 - 1, 1]
    assert colour(render(bare, scene(shader), sizes__parts=8.0)) == [WIDTH // 8, HEIGHT // 8 - 1, 1]


def test_a_persistent_buffer_holds_the_frame_before(bare: Renderer, write: Write) -> None:
    shader = write(
        "count.fs",
        """void main() {
            if (PASSINDEX == 0) gl_FragColor = vec4(IMG_THIS_PIXEL(kept).r + 0.1, IMG_THIS_PIXEL(gone).g, 0.0, 1.0);
            else if (PASSINDEX == 1) gl_FragColor = IMG_THIS_PIXEL(gone) + vec4(0.0, 0.5, 0.0, 1.0);
            else gl_FragColor = vec4(IMG_THIS_PIXEL(kept).rg, IMG_THIS_PIXEL(gone).g, 1.0);
        }""",
        PASSES=[{"TARGET": "kept", "PERSISTENT": True}, {"TARGET": "gone"}, {}],
    )
    red, green, blue = colour(render(bare, scene(shader), 4))
    assert abs(red - 102) <= 2
    assert green == 0, "nothing of a buffer that does not persist is there before it is drawn"
    assert blue == 128


def test_a_float_buffer_holds_any_number(bare: Renderer, write: Write) -> None:
    shader = write(
        "floats.fs",
        """void main() {
            if (PASSINDEX == 0) gl_FragColor = IMG_THIS_PIXEL(sum) + vec4(250.25, -3.0, 0.001, 0.0);
            else gl_FragColor = vec4(IMG_THIS_PIXEL(sum).rgb * vec3(0.001, -0.1, 100.0), 1.0);
        }""",
        PASSES=[{"TARGET": "sum", "PERSISTENT": 1, "FLOAT": 1, "WIDTH": "1", "HEIGHT": "1"}, {}],
    )
    assert np.allclose(colour(render(bare, scene(shader), 2)), [0.5005 * 255, 0.6 * 255, 0.2 * 255], atol=1)


def test_the_last_pass_with_a_target_is_the_picture(bare: Renderer, write: Write) -> None:
    shader = write(
        "last.fs",
        "void main() { gl_FragColor = PASSINDEX == 1 ? IMG_THIS_PIXEL(a) * 0.5 + vec4(0, 0, 0, 1) : vec4(1); }",
        PASSES=[{"TARGET": "a"}, {"TARGET": "b"}],
    )
    assert np.allclose(colour(render(bare, scene(shader))), [128] * 3, atol=1)


def tone(hz: float, loud: float = 0.5) -> Heard:
    wave: Float32 = (loud * np.sin(2 * np.pi * hz * np.arange(768) / 24_000)).astype(np.float32)
    hearing = heard()
    return replace(hearing, frame=replace(hearing.frame, wave=wave, power=power_spectrum(wave)))


SOUND = [
    {"NAME": "wave", "TYPE": "audio"},
    {"NAME": "peak", "TYPE": "audio", "MAX": 1},
    {"NAME": "bins", "TYPE": "audioFFT"},
    {"NAME": "four", "TYPE": "audioFFT", "MAX": 4},
]


def test_sound_comes_as_pictures(bare: Renderer, write: Write) -> None:
    shader = write(
        "sound.fs",
        """void main() {
            vec2 at = isf_FragNormCoord;
            if (at.y > 0.75) gl_FragColor = vec4(IMG_NORM_PIXEL(wave, vec2(at.x, 0.5)).rgb, 1.0);
            else if (at.y > 0.5) gl_FragColor = vec4(IMG_NORM_PIXEL(bins, vec2(at.x, 0.5)).rgb, 1.0);
            else if (at.y > 0.25) gl_FragColor = vec4(IMG_PIXEL(four, vec2(floor(at.x * 4.0) + 0.5, 0.5)).rgb, 1.0);
            else {
                vec2 columns = vec2(IMG_SIZE(peak).x, IMG_SIZE(four).x);
                gl_FragColor = vec4(IMG_NORM_PIXEL(peak, vec2(0.5)).r, columns / 255.0, 1.0);
            }
        }""",
        INPUTS=SOUND,
    )
    pixels = render(bare, scene(shader), hearing=tone(3000.0))
    wave, bins, four, peak = (pixels[HEIGHT * part // 8].astype(int) for part in (1, 3, 5, 7))
    assert wave[:, 0].min() < 80
    assert wave[:, 0].max() > 175
    assert abs(int(bins[:, 0].argmax()) - WIDTH // 4) <= 1  # 3 of 12 kHz
    assert four[WIDTH // 8, 0] != four[WIDTH // 8 * 7, 0]
    assert four[:, 0].argmax() in range(WIDTH // 2)
    assert np.allclose(peak[0], [0.75 * 255, 1, 4], atol=2) or np.allclose(
        peak[0], [0.25 * 255, 1, 4], atol=2
    )


def test_without_sound_its_pictures_are_at_rest(bare: Renderer, write: Write) -> None:
    shader = write(
        "rest.fs",
        "void main() { gl_FragColor = vec4(IMG_THIS_PIXEL(wave).r, IMG_THIS_PIXEL(bins).r, 0.0, 1.0); }",
        INPUTS=SOUND,
    )
    assert np.allclose(colour(render(bare, scene(shader), hearing=heard())), [128, 0, 0], atol=1)


def test_an_imported_picture_lies_as_it_was_painted(bare: Renderer, write: Write, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    corners = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
    Image.fromarray(corners).save(tmp_path / "pictures" / "corners.png")
    shader = write(
        "imported.fs",
        """void main() {
            vec2 at = (floor(isf_FragNormCoord * IMG_SIZE(corners)) + 0.5) / 2.0;
            gl_FragColor = IMG_NORM_PIXEL(corners, at);
        }""",
        IMPORTED={"corners": {"PATH": "./pictures/corners.png"}},
    )
    pixels = render(bare, scene(shader))
    shown = pixels[[[5, 5], [-5, -5]], [[5, -5], [5, -5]]]
    assert shown.tolist() == corners.tolist()


VERTEX = """#if __VERSION__ <= 120
varying vec2 left;
#else
out vec2 left;
#endif
void main() {
    isf_vertShaderInit();
    left = isf_FragNormCoord - vec2(1.0 / RENDERSIZE.x, 0.0) * shift;
    gl_Position.x *= 0.5;
}"""


def test_a_vertex_shader_beside_the_file_moves_the_corners(bare: Renderer, write: Write) -> None:
    shader = write(
        "moved.fs",
        """varying vec2 left;
        void main() {
            float far = (isf_FragNormCoord.x - left.x) * RENDERSIZE.x;
            gl_FragColor = vec4(isf_FragNormCoord.x, far / 10.0, 1.0, 1.0);
        }""",
        vertex=VERTEX,
        INPUTS=[{"NAME": "shift", "TYPE": "float", "MIN": 0, "MAX": 10, "DEFAULT": 5}],
    )
    pixels = render(bare, scene(shader))
    assert (pixels[:, : WIDTH // 4 - 1] == 0).all()
    assert (pixels[:, WIDTH * 3 // 4 + 1 :] == 0).all()
    assert np.allclose(colour(pixels), [128, 128, 255], atol=4)


def test_a_file_of_version_one_and_of_old_glsl(bare: Renderer, write: Write) -> None:
    """Old words, reserved words as names, a version line, a picture in pixels, buffers listed by themselves."""
    shader = write(
        "old.fs",
        """#version 120
        #extension GL_EXT_gpu_shader4 : enable
        float sample(float input) { return input; }  // gl_FragColor and texture2D in a comment
        void main() {
            float common = IMG_THIS_PIXEL(heap).r;
            if (PASSINDEX == 0) gl_FragData[0] = vec4(common + 0.25);
            else {
                float upper = vv_FragNormCoord.y > 0.5 ? 1 : 0;
                gl_FragColor = vec4(sample(texture2DRect(heap, vec2(0.5)).r), upper, filter, 1);
            }
        }""",
        ISFVSN="1",
        INPUTS=[{"NAME": "filter", "TYPE": "float", "DEFAULT": 0.5}],
        PERSISTENT_BUFFERS={"heap": {"WIDTH": "2", "HEIGHT": 2, "FLOAT": True}},
        PASSES=[{"TARGET": "heap"}, {}],
    )
    pixels = render(bare, scene(shader), 3)
    assert np.allclose(pixels[2, 2], [191, 255, 128], atol=1)
    assert np.allclose(pixels[-2, 2], [191, 0, 128], atol=1)


def test_a_transition_goes_from_the_painting_to_the_picture(bare: Renderer, write: Write) -> None:
    plain = render(bare, NO_ISF)
    shader = write(
        "across.fs",
        "void main() { gl_FragColor = mix(IMG_THIS_PIXEL(startImage), IMG_THIS_PIXEL(endImage), progress); }",
        INPUTS=[
            {"NAME": "startImage", "TYPE": "image"},
            {"NAME": "endImage", "TYPE": "image"},
            {"NAME": "progress", "TYPE": "float", "DEFAULT": 1.0, "MIN": 0.0, "MAX": 1.0},
        ],
    )
    plan = IsfPlan(filters=(shader,))
    bare.restart()
    assert near(render(bare, plan), plain)
    painting = render(bare, plan, across__progress=0.0).astype(float)
    shown = np.asarray(Image.fromarray(picture(1)).resize((WIDTH, HEIGHT)), float)
    assert np.corrcoef(painting.ravel(), shown.ravel())[0, 1] > 0.9
    assert np.corrcoef(painting.ravel(), shown[::-1].ravel())[0, 1] < 0.5


HALF = "void main() { gl_FragColor = vec4(1.0, 0.0, 0.0, isf_FragNormCoord.x < 0.5 ? 1.0 : 0.0); }"


def test_a_scene_has_its_place(bare: Renderer, write: Write) -> None:
    plain = render(bare, NO_ISF)
    shader = write("half.fs", HALF)
    for place, right in (("picture", np.zeros_like(plain)), ("over", plain)):
        bare.restart()
        pixels = render(bare, scene(shader, place=place))
        assert (pixels[:, : WIDTH // 2 - 1] == [255, 0, 0]).all(), place
        assert near(pixels[:, WIDTH // 2 + 1 :], right[:, WIDTH // 2 + 1 :]), place
    bare.restart()
    painted = render(bare, scene(shader, place="painting"), 2).astype(int)
    assert (painted.max(axis=2) > 0).mean() > 0.9, "the look lights it as it does a painting"
    assert painted[..., 0].mean() > painted[..., 2].mean() + 20


def test_what_is_no_number_is_black_and_no_fault(bare: Renderer, write: Write) -> None:
    shader = write(
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
def test_brightness_has_the_last_word(bare: Renderer, write: Write, worked: float) -> None:
    white = write("white.fs", "void main() { gl_FragColor = vec4(1.0); }")
    inverted = write(
        "invert.fs",
        "void main() { gl_FragColor = vec4(1.0 - IMG_THIS_PIXEL(inputImage).rgb, 1.0); }",
        INPUTS=[{"NAME": "inputImage", "TYPE": "image"}],
    )
    values = {FILM_AMOUNT.path: worked}  # the look has more than one way to its end
    for plan in (scene(white), IsfPlan(filters=(inverted,)), scene(white, filters=(inverted,))):
        bare.render(FrameInputs(0.0, 0.1, {**AT_ONCE, **values, "/master/brightness": 0.0}, isf=plan))
        assert bare.read_pixels().max() == 0


def test_a_broken_file_is_told_with_its_line_and_the_show_goes_on(bare: Renderer, write: Write) -> None:
    plain = render(bare, NO_ISF)
    bare.restart()
    broken = write("broken.fs", "void main() {\n    float a = 1.0;\n    gl_FragColor = vec4(a + nothing);\n}")
    line = 2 + len(json.dumps({"ISFVSN": "2"}, indent=1).splitlines()) + 1
    assert near(render(bare, scene(broken)), plain)
    error = bare.reload_changed_shaders() or ""
    assert error.startswith(f"shader broken.fs:{line}: error")
    assert "nothing" in error
    assert near(render(bare, NO_ISF), plain, most=40)
    assert bare.reload_changed_shaders() is None


def test_the_last_good_version_stays_and_goes_on_in_its_time(bare: Renderer, write: Write) -> None:
    good = write("twice.fs", "void main() { gl_FragColor = vec4(float(FRAMEINDEX) / 10.0, 1.0, 0.0, 1.0); }")
    assert colour(render(bare, scene(good), 3)) == [51, 255, 0]
    broken = write("twice.fs", "void main() { gl_FragColor = vec4( }")
    assert colour(render(bare, scene(broken), first=3)) == [76, 255, 0]
    assert "twice.fs:" in (bare.reload_changed_shaders() or "")
    mended = write(
        "twice.fs", "void main() { gl_FragColor = vec4(float(FRAMEINDEX) / 10.0, 0.0, 1.0, 1.0); }"
    )
    assert colour(render(bare, scene(mended), first=4)) == [102, 0, 255]
    assert bare.reload_changed_shaders() is None


def test_a_renderer_made_anew_draws_the_version_that_was_good(surface: HeadlessSurface, write: Write) -> None:
    good: dict[str, IsfShader] = {}
    shader = write("anew.fs", "void main() { gl_FragColor = vec4(0.0, 1.0, 0.0, 1.0); }")
    broken = write("anew.fs", "void main() { }}")
    first = Renderer(surface.ctx, 16, 16, flash_limiter=False, good_isf=good)
    first.render(FrameInputs(0.0, 0.1, AT_ONCE, isf=scene(shader)))
    first.release()
    second = Renderer(surface.ctx, 16, 16, flash_limiter=False, good_isf=good)
    second.render(FrameInputs(0.1, 0.1, AT_ONCE, isf=scene(broken)))
    assert second.read_pixels()[8, 8].tolist() == [0, 255, 0]
    second.release()


def test_a_persistent_buffer_goes_on_when_the_picture_is_drawn_smaller(bare: Renderer, write: Write) -> None:
    shader = write(
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


def test_a_strobing_scene_goes_through_the_flash_limiter(renderer: Renderer, write: Write) -> None:
    strobe = write(
        "strobe.fs", "void main() { gl_FragColor = vec4(vec3(mod(float(FRAMEINDEX), 4.0) < 2.0), 1.0); }"
    )
    seen = []
    for number in range(24):
        renderer.render(FrameInputs(number / 30, 1 / 30, AT_ONCE, heard(), isf=scene(strobe)))
        seen.append(float(renderer.read_pixels().mean()))
    late = np.array(seen[12:])
    renderer.render(FrameInputs(2.0, 1 / 30, AT_ONCE, heard()))
    assert late.max() - late.min() < 60, "7.5 flashes a second are held"


def test_the_same_frames_give_the_same_pixels(bare: Renderer, write: Write) -> None:
    shader = write(
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
    bare: Renderer, surface: HeadlessSurface, write: Write
) -> None:
    broken = write("broken.fs", "void main() { gl_FragColor = nothing; }")
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


def test_files_are_tried_one_after_another(surface: HeadlessSurface, write: Write, tmp_path: Path) -> None:
    write("a good.fs", "void main() { gl_FragColor = vec4(1.0); }")
    write("b broken.fs", "void main() { gl_FragColor = nothing; }")
    (tmp_path / "c none.fs").write_text("void main() {}")
    write("d good.fs", "void main() { gl_FragColor = vec4(1.0); }")
    tried = list(try_files(surface.ctx, Shelf([tmp_path]).files()))
    assert [(one.path.name, one.error.partition(" ")[0]) for one in tried] == [
        ("a good.fs", ""),
        ("b broken.fs", "shader"),
        ("c none.fs", "shader"),
        ("d good.fs", ""),
    ]
