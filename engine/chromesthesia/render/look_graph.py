"""The first graph: the look that presets set, from the painting to the finished picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chromesthesia.render.grade import Grade
from chromesthesia.render.graph import Buffer, Fixed, Graph, Part, Pass, Size
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.motion import Moved
from chromesthesia.render.shaders import UniformValue
from chromesthesia.render.values import choice, number

PAINTING, GRADIENT = "painting", "gradient"
"""Imports: the generator's picture worked over, RGBA with the strength of contours in alpha; 256 x 1 colours."""
FRAME = "frame"
"""The finished picture, at the size of the screen, and the one before it."""
_FLOW_SHARE = 8  # picture pixels per flow pixel
_SMALL_SHARE = 4  # scene pixels per glow pixel
_LEAST = 0.01  # an effect weaker than this is left out
_CEILING = 0.8
_FINEST_WEAVE = 180.0
Uniforms = Mapping[str, UniformValue]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the passes of a picture take their uniforms from. size: of the screen in pixels; first: nothing was drawn
    before, so there are no trails."""

    inputs: FrameInputs
    moved: Moved
    colors: Grade
    size: Size
    first: bool

    @property
    def aspect(self) -> float:
        """Width over height of the screen."""
        return self.size[0] / self.size[1]

    def number(self, name: str) -> float:
        """The look's parameter below `/look`."""
        return number(self.inputs.values, f"/look/{name}")


def look_graph(detail: float) -> Graph[Frame]:
    """Today's look. detail: scene pixels per screen pixel, each way; the last pass always runs at the screen's size."""
    return Graph(
        imports=(PAINTING, GRADIENT),
        buffers=(
            Buffer("flow", Part(by=_FLOW_SHARE), "f4", linear=True),
            Buffer("scene", Part(by=1.0 / detail), "f2", linear=True, keeps=True),
            Buffer("small", Part("scene", _SMALL_SHARE), "f2"),
            Buffer("levels", Fixed(1, 1), "f4"),
            Buffer("halo across", Part("small"), "f2"),
            Buffer("halo", Part("small"), "f2", linear=True),
            Buffer("meter", Fixed(1, 1), "f4"),
            Buffer("lit", Part("scene"), linear=True),
            Buffer(FRAME, linear=True, keeps=True),
        ),
        passes=(
            Pass("flow", "flow.frag", "flow", uniforms=_flow),
            Pass(
                "scene",
                "scene.frag",
                "scene",
                {"u_flow": "flow", "u_painting": PAINTING, "u_last": "scene"},
                "scene.vert",
                _scene,
                {
                    "FOLD": _chosen("view/fold"),
                    "FACET": _chosen("view/facet"),
                    "BLEND": _chosen("trails/blend"),
                },
            ),
            Pass("small", "halo.frag", "small", {"u_scene": "scene"}),
            Pass("levels", "levels.frag", "levels", {"u_small": "small"}, uniforms=_levels),
            Pass(
                "halo across",
                "halo_blur.frag",
                "halo across",
                {"u_source": "small", "u_levels": "levels"},
                uniforms=lambda frame, size: {"u_step": (1, 0)},
                defines={"FIRST": lambda frame: 1},
                when=_glows,
            ),
            Pass(
                "halo",
                "halo_blur.frag",
                "halo",
                {"u_source": "halo across"},
                uniforms=lambda frame, size: {"u_step": (0, 1)},
                defines={"FIRST": lambda frame: 0},
                when=_glows,
            ),
            Pass(
                "meter",
                "meter.frag",
                "meter",
                {"u_small": "small", "u_levels": "levels", "u_gradient": GRADIENT},
                uniforms=_meter,
            ),
            Pass(
                "light",
                "light.frag",
                "lit",
                {
                    "u_scene": "scene",
                    "u_halo": "halo",
                    "u_meter": "meter",
                    "u_levels": "levels",
                    "u_gradient": GRADIENT,
                },
                "light.vert",
                _light,
                {"GLOW": _glows},
            ),
            Pass(
                "finish",
                "finish.frag",
                FRAME,
                {"u_lit": "lit"},
                "place.vert",
                _finish,
                {"SPLIT": _seen("finish/split"), "CANVAS": _seen("painting/canvas")},
            ),
        ),
        result=FRAME,
    )


def _chosen(name: str) -> Callable[[Frame], int]:
    return lambda frame: choice(frame.inputs.values, f"/look/{name}")


def _seen(name: str) -> Callable[[Frame], bool]:
    return lambda frame: frame.number(name) > _LEAST


_glows = _seen("finish/glow")


def _flow(frame: Frame, size: Size) -> Uniforms:
    moved = frame.moved
    return {
        "u_aspect": frame.aspect,
        "u_time": moved.flow_time_s,
        "u_round": moved.flow_round,
        "u_wide": moved.wide,
        "u_fine": moved.fine,
        "u_scale": frame.number("flow/scale"),
        "u_swell": moved.swell,
        "u_ripple": moved.ripple,
        "u_rings": list(moved.rings),
    }


def _scene(frame: Frame, size: Size) -> Uniforms:
    moved = frame.moved
    return {
        "u_aspect": frame.aspect,
        "u_slide": moved.slide,
        "u_trail_turn": moved.trail_turn,
        "u_carry": moved.carry,
        "u_turn": moved.turn,
        "u_pan": moved.pan,
        "u_segments": frame.number("view/segments"),
        "u_fold_turn": moved.fold_turn,
        "u_facet": frame.number("view/facet_size"),
        "u_fall": moved.fall,
        "u_run": moved.run,
        "u_run_rounds": moved.run_rounds,
        "u_keep": 0.0 if frame.first else moved.keep,
        "u_lines": frame.number("painting/lines"),
    }


def _levels(frame: Frame, size: Size) -> Uniforms:
    colors = frame.colors
    return {"u_adapt": colors.adapt, "u_key": colors.key, "u_spread": colors.spread}


def _grade(colors: Grade) -> dict[str, UniformValue]:
    return {"u_color": tuple(float(x) for x in colors.color.T.ravel()), "u_own": colors.own}


def _meter(frame: Frame, size: Size) -> Uniforms:
    # The vignette darkens after the meter.
    floor = frame.number("finish/floor") * (1.0 + 0.5 * frame.number("finish/vignette"))
    return {**_grade(frame.colors), "u_floor": floor, "u_ceiling": _CEILING}


def _light(frame: Frame, size: Size) -> Uniforms:
    return {
        **_grade(frame.colors),
        "u_aspect": frame.aspect,
        "u_glow": frame.number("finish/glow"),
        "u_vignette": frame.number("finish/vignette"),
        "u_fog": frame.moved.fog,
        "u_ambient": frame.colors.ambient,
    }


def _finish(frame: Frame, size: Size) -> Uniforms:
    return {
        "u_aspect": frame.aspect,
        "u_split": frame.number("finish/split"),
        "u_canvas": frame.number("painting/canvas"),
        "u_weave": min(frame.size[1] / 4.0, _FINEST_WEAVE),
        "u_grain": frame.number("finish/grain"),
        "u_grain_seed": frame.moved.grain_seed,
        "u_brightness": number(frame.inputs.values, "/master/brightness"),
    }
