"""ISF shaders of our own for every feature that the specification names, by the pixels that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.engine.render.isf_drawn import HEIGHT, WIDTH, Write, colour, near, render, scene, tone

from chromesthesia.core.records import UInt8
from chromesthesia.isf.plan import NO_ISF, IsfPlan
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture

pytestmark = pytest.mark.gl


def test_coordinates_begin_at_the_lower_left(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
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


def test_time_date_and_frames_are_those_of_the_frame(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
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


def test_every_type_of_input_reaches_the_shader(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf("inputs.fs", SHOW_INPUTS, INPUTS=INPUTS)
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


def test_an_event_happens_in_one_frame(bare: Renderer, write_isf: Write) -> None:
    plan = scene(write_isf("inputs.fs", SHOW_INPUTS, INPUTS=INPUTS))
    hits = [inputs_shown(render(bare, plan, inputs__hit=value))[0][0] for value in (0, 0.8, 1, 0.2, 0.6)]
    assert hits == [0, 1, 0, 0, 1]


def test_a_filter_reads_the_picture_in_every_way(bare: Renderer, write_isf: Write) -> None:
    plain = render(bare, NO_ISF)
    bare.restart()
    image = [{"NAME": "inputImage", "TYPE": "image"}]
    shader = write_isf(
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
    turned = write_isf(
        "mirror.fs",
        "void main() { gl_FragColor = texture2D(inputImage, vec2(1.0 - isf_FragNormCoord.x, isf_FragNormCoord.y)); }",
        INPUTS=image,
    )
    bare.restart()
    assert near(render(bare, IsfPlan(filters=(turned,))), plain[:, ::-1])
    bare.restart()
    both = IsfPlan(filters=(turned, shader, turned))  # a file has one place
    assert near(render(bare, both), plain[:, ::-1])


def test_passes_draw_into_buffers_of_the_size_asked_for(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
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


def test_a_persistent_buffer_holds_the_frame_before(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
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


def test_a_float_buffer_holds_any_number(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
        "floats.fs",
        """void main() {
            if (PASSINDEX == 0) gl_FragColor = IMG_THIS_PIXEL(sum) + vec4(250.25, -3.0, 0.001, 0.0);
            else gl_FragColor = vec4(IMG_THIS_PIXEL(sum).rgb * vec3(0.001, -0.1, 100.0), 1.0);
        }""",
        PASSES=[{"TARGET": "sum", "PERSISTENT": 1, "FLOAT": 1, "WIDTH": "1", "HEIGHT": "1"}, {}],
    )
    assert np.allclose(colour(render(bare, scene(shader), 2)), [0.5005 * 255, 0.6 * 255, 0.2 * 255], atol=1)


def test_the_last_pass_with_a_target_is_the_picture(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
        "last.fs",
        "void main() { gl_FragColor = PASSINDEX == 1 ? IMG_THIS_PIXEL(a) * 0.5 + vec4(0, 0, 0, 1) : vec4(1); }",
        PASSES=[{"TARGET": "a"}, {"TARGET": "b"}],
    )
    assert np.allclose(colour(render(bare, scene(shader))), [128] * 3, atol=1)


SOUND = [
    {"NAME": "wave", "TYPE": "audio"},
    {"NAME": "peak", "TYPE": "audio", "MAX": 1},
    {"NAME": "bins", "TYPE": "audioFFT"},
    {"NAME": "four", "TYPE": "audioFFT", "MAX": 4},
]


def test_sound_comes_as_pictures(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
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


def test_without_sound_its_pictures_are_at_rest(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
        "rest.fs",
        "void main() { gl_FragColor = vec4(IMG_THIS_PIXEL(wave).r, IMG_THIS_PIXEL(bins).r, 0.0, 1.0); }",
        INPUTS=SOUND,
    )
    assert np.allclose(colour(render(bare, scene(shader), hearing=heard())), [128, 0, 0], atol=1)


def test_an_imported_picture_lies_as_it_was_painted(bare: Renderer, write_isf: Write, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    corners = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
    Image.fromarray(corners).save(tmp_path / "pictures" / "corners.png")
    shader = write_isf(
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


def test_a_vertex_shader_beside_the_file_moves_the_corners(bare: Renderer, write_isf: Write) -> None:
    shader = write_isf(
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


def test_a_file_of_version_one_and_of_old_glsl(bare: Renderer, write_isf: Write) -> None:
    """Old words, reserved words as names, a version line, a picture in pixels, buffers listed by themselves."""
    shader = write_isf(
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


def test_a_transition_goes_from_the_painting_to_the_picture(bare: Renderer, write_isf: Write) -> None:
    plain = render(bare, NO_ISF)
    shader = write_isf(
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


def test_a_scene_has_its_place(bare: Renderer, write_isf: Write) -> None:
    plain = render(bare, NO_ISF)
    shader = write_isf("half.fs", HALF)
    for place, right in (("picture", np.zeros_like(plain)), ("over", plain)):
        bare.restart()
        pixels = render(bare, scene(shader, place=place))
        assert (pixels[:, : WIDTH // 2 - 1] == [255, 0, 0]).all(), place
        assert near(pixels[:, WIDTH // 2 + 1 :], right[:, WIDTH // 2 + 1 :]), place
    bare.restart()
    painted = render(bare, scene(shader, place="painting"), 2).astype(int)
    assert (painted.max(axis=2) > 0).mean() > 0.9, "the look lights it as it does a painting"
    assert painted[..., 0].mean() > painted[..., 2].mean() + 20
