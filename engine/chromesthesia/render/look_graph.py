"""The first graph: the look that presets set, from the painting to the finished picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from chromesthesia.params.declaration import Choice
from chromesthesia.params.live import Values
from chromesthesia.params.look import (
    FINISH_FLOOR,
    FINISH_GLOW,
    FINISH_GRAIN,
    FINISH_SPLIT,
    FINISH_VIGNETTE,
    FLOW_SCALE,
    PAINTING_BRUSH,
    PAINTING_CANVAS,
    PAINTING_LINES,
    TRAILS_BLEND,
    VIEW_FACET,
    VIEW_FACET_SIZE,
    VIEW_FOLD,
    VIEW_SEGMENTS,
)
from chromesthesia.params.sound import MASTER_BRIGHTNESS
from chromesthesia.render.brushwork import REACH, TILE
from chromesthesia.render.frame import LEAST, is_seen
from chromesthesia.render.frame import Frame as Frame
from chromesthesia.render.grade import Grade
from chromesthesia.render.graph import Buffer, Fixed, Graph, Part, Pass, Size
from chromesthesia.render.scenes import fields, filters, wall
from chromesthesia.render.scenes.common import Rows
from chromesthesia.render.shaders import UniformValue

PAINTING, GRADIENT, TILES = "painting", "gradient", "brushwork"
"""Imports: the generator's picture worked over, RGBA with the strength of contours in alpha; 256 x 1 colours; strokes
and linen (`brushwork`)."""
FRAME = "frame"
"""The finished picture, at the size of the screen, and the one before it."""
_FLOW_SHARE = 8  # picture pixels per flow pixel
_SMALL_SHARE = 4  # scene pixels per glow pixel
_TILE_SHARE = 4  # picture pixels that have one tile of strokes
_CEILING = 0.8
_STROKES_HEIGHT = 900.0  # at which a texel of the tiles is a pixel
_FINEST, _COARSEST = 0.5, 1.6  # pixels of a texel
_CLOSEST, _FARTHEST = 0.7, 1.4  # zoom that strokes still follow
Uniforms = Mapping[str, UniformValue]


def look_graph(detail: float) -> Graph[Frame]:
    """Today's look. detail: scene pixels per screen pixel, each way; the last pass always runs at the screen's size.

    What moves is drawn first; exposure, colour and lens follow what was heard meanwhile.
    """
    return Graph(
        imports=(PAINTING, GRADIENT, TILES),
        buffers=(
            Buffer("flow", Part(by=_FLOW_SHARE), "f4", linear=True),
            Buffer("scene", Part(by=1.0 / detail), "f2", linear=True, keeps=True),
            Buffer("small", Part("scene", _SMALL_SHARE), "f2"),
            Buffer("levels", Fixed(1, 1), "f4"),
            Buffer("halo across", Part("small"), "f2"),
            Buffer("halo", Part("small"), "f2", linear=True),
            Buffer("meter", Fixed(1, 1), "f4"),
            Buffer("way", Rows(72), linear=True),
            Buffer("tile", Part(by=_TILE_SHARE)),
            Buffer("lit", Part("scene"), linear=True, again=True),
            *fields.BUFFERS,
            *filters.BUFFERS,
            *wall.BUFFERS,
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
                    "FOLD": _chosen(VIEW_FOLD),
                    "FACET": _chosen(VIEW_FACET),
                    "BLEND": _chosen(TRAILS_BLEND),
                },
            ),
            *fields.PASSES,
            *filters.ON_SCENE,
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
                late=True,
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
            fields.TRAIL,
            *filters.ON_LIGHT,
            Pass(
                "way",
                "way.frag",
                "way",
                {"u_small": "small"},
                "place.vert",
                _way,
                when=is_seen(PAINTING_BRUSH),
            ),
            Pass("tile", "tile.frag", "tile", {"u_way": "way"}, when=is_seen(PAINTING_BRUSH)),
            *wall.PASSES,
            _finishing("finish the wall", "wall", wall.is_worked),
            _finishing("finish", "lit", wall.is_bare),
        ),
        result=FRAME,
    )


def _finishing(name: str, source: str, when: Callable[[Frame], bool]) -> Pass[Frame]:
    return Pass(
        name,
        "finish.frag",
        FRAME,
        {"u_lit": source, "u_tile": "tile", "u_tiles": TILES},
        "place.vert",
        _finish,
        {
            "BRUSH": is_seen(PAINTING_BRUSH),
            "SPLIT": is_seen(FINISH_SPLIT),
            "CANVAS": is_seen(PAINTING_CANVAS),
        },
        when,
    )


def _chosen(choice: Choice) -> Callable[[Frame], int]:
    return lambda frame: frame.values.index(choice)


def _glows(frame: Frame) -> bool:
    return frame.glows


def glows(values: Values) -> bool:
    """True where bright places are to have a halo."""
    return values[FINISH_GLOW] > LEAST


def _flow(frame: Frame, size: Size) -> Uniforms:
    moved = frame.moved
    return {
        "u_aspect": frame.aspect,
        "u_time": moved.flow_time_s,
        "u_round": moved.flow_round,
        "u_wide": moved.wide,
        "u_fine": moved.fine,
        "u_scale": frame.values[FLOW_SCALE],
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
        "u_segments": float(frame.values[VIEW_SEGMENTS]),
        "u_fold_turn": moved.fold_turn,
        "u_facet": frame.values[VIEW_FACET_SIZE],
        "u_fall": moved.fall,
        "u_run": moved.run,
        "u_run_rounds": moved.run_rounds,
        "u_keep": 0.0 if frame.first else moved.keep,
        "u_lines": frame.values[PAINTING_LINES],
    }


def _levels(frame: Frame, size: Size) -> Uniforms:
    colors = frame.colors
    return {"u_adapt": colors.adapt, "u_key": colors.key, "u_spread": colors.spread}


def _grade(colors: Grade) -> dict[str, UniformValue]:
    return {"u_color": tuple(colors.color.T.ravel().tolist()), "u_own": colors.own}


def _meter(frame: Frame, size: Size) -> Uniforms:
    # The vignette darkens after the meter.
    floor = frame.values[FINISH_FLOOR] * (1.0 + 0.5 * frame.values[FINISH_VIGNETTE])
    return {**_grade(frame.colors), "u_floor": floor, "u_ceiling": _CEILING}


def _light(frame: Frame, size: Size) -> Uniforms:
    return {
        **_grade(frame.colors),
        "u_aspect": frame.aspect,
        "u_glow": frame.values[FINISH_GLOW],
        "u_vignette": frame.values[FINISH_VIGNETTE],
        "u_fog": frame.moved.fog,
        "u_ambient": frame.colors.ambient,
    }


def _way(frame: Frame, size: Size) -> Uniforms:
    return {
        "u_aspect": frame.aspect,
        "u_turn": frame.moved.turn,
        "u_pan": tuple(frame.aspect * part for part in frame.moved.pan),
    }


def _strokes(frame: Frame) -> dict[str, UniformValue]:
    """Strokes lie on the painting: they go with the view, and as near as it comes up to a bound."""
    moved = frame.moved
    zoom = math.hypot(*moved.turn[:2])
    texels = _texels(frame)
    lies = min(max(zoom, 1.0 / _FARTHEST), 1.0 / _CLOSEST) / zoom
    turn = [lies * texels * part for part in moved.turn]
    back = 1.0 / (turn[0] * turn[3] - turn[1] * turn[2])
    # From the tile's colours, of which a whole one stands for REACH texels.
    unturn = [REACH * back * part for part in (turn[3], -turn[1], -turn[2], turn[0])]
    return {
        "u_turn": tuple(turn),
        "u_at": tuple(lies * texels * frame.aspect * part % TILE for part in moved.pan),
        "u_unturn": (unturn[0] / frame.aspect, unturn[1], unturn[2] / frame.aspect, unturn[3]),
        "u_brush": frame.values[PAINTING_BRUSH],
    }


def _texels(frame: Frame) -> float:
    height = float(frame.size[1])
    return height / min(max(height / _STROKES_HEIGHT, _FINEST), _COARSEST)


def _finish(frame: Frame, size: Size) -> Uniforms:
    return {
        "u_aspect": frame.aspect,
        "u_split": frame.values[FINISH_SPLIT],
        "u_canvas": frame.values[PAINTING_CANVAS],
        **_strokes(frame),
        "u_grain": frame.values[FINISH_GRAIN],
        "u_grain_seed": frame.moved.grain_seed,
        "u_brightness": frame.values[MASTER_BRIGHTNESS],
    }
