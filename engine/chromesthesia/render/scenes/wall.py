"""What is drawn at the full size of the screen, whatever the scene was drawn at: strokes, lines and grain of a wall."""

from __future__ import annotations

import math

from chromesthesia.params.scenes import (
    ENGRAVE_AMOUNT,
    ENGRAVE_PITCH,
    FILM_AMOUNT,
    OIL_AMOUNT,
    OIL_IMPASTO,
    OIL_LENGTH,
    OIL_SIZE,
    RIDGES_AMOUNT,
    RIDGES_HEIGHT,
    RIDGES_PITCH,
)
from chromesthesia.render.frame import LEAST, Frame
from chromesthesia.render.graph import Buffer, Pass
from chromesthesia.render.scenes.common import Rows, Uniforms, scene_pass

_SMALL = Rows(180)
# Breadths of strokes: spacing in widths of the broad ones.
_SPACING = (1.25, 0.66, 0.36)
_EFFECTS = (OIL_AMOUNT, ENGRAVE_AMOUNT, RIDGES_AMOUNT, FILM_AMOUNT)

BUFFERS: tuple[Buffer, ...] = (
    Buffer("wall small", _SMALL, linear=True, spare=True),
    Buffer("wall tensor", _SMALL, "f2", spare=True),
    Buffer("wall tangent", _SMALL, "f2", linear=True, spare=True),
    Buffer("wall", linear=True, again=True, spare=True),
)


def is_worked(frame: Frame) -> bool:
    """Whether the wall is drawn on."""
    return any(frame.values[effect] > LEAST for effect in _EFFECTS)


def is_bare(frame: Frame) -> bool:
    """Whether the lit picture is finished as it is."""
    return not is_worked(frame)


def _needs_small(frame: Frame) -> bool:
    return any(frame.values[effect] > LEAST for effect in (OIL_AMOUNT, ENGRAVE_AMOUNT, RIDGES_AMOUNT))


def strokes(frame: Frame) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """How many strokes of each breadth there are, and in how many columns."""
    size = frame.values[OIL_SIZE]
    columns = [max(1, round(frame.aspect / (share * size))) for share in _SPACING]
    rows = [max(1, round(1.0 / (share * size))) for share in _SPACING]
    broad, finer, finest = (across * down for across, down in zip(columns, rows, strict=True))
    return (broad, finer, finest), (columns[0], columns[1], columns[2])


def _oil(frame: Frame) -> Uniforms:
    counts, columns = strokes(frame)
    return {
        "u_size": frame.values[OIL_SIZE],
        "u_length": frame.values[OIL_LENGTH],
        "u_impasto": frame.values[OIL_IMPASTO],
        "u_amount": frame.values[OIL_AMOUNT],
        "u_counts": counts,
        "u_columns": columns,
    }


def _engrave(frame: Frame) -> Uniforms:
    return {
        "u_pitch": frame.values[ENGRAVE_PITCH],
        "u_amount": frame.values[ENGRAVE_AMOUNT],
        "u_pixel": 1.0 / frame.size[1],
    }


def _ridges(frame: Frame) -> Uniforms:
    return {
        "u_pitch": frame.values[RIDGES_PITCH],
        "u_height": min(0.05 + 0.30 * frame.values[RIDGES_HEIGHT], 10.0 * frame.values[RIDGES_PITCH]),
        "u_amount": frame.values[RIDGES_AMOUNT],
        "u_pixel": 1.0 / frame.size[1],
    }


def _film(frame: Frame) -> Uniforms:
    seed = frame.moved.grain_seed
    return {
        "u_amount": frame.values[FILM_AMOUNT],
        "u_seed": seed,
        "u_gate": (0.0012 * math.sin(2.3 * seed), 0.0016 * math.sin(3.1 * seed + 1.0)),
        "u_pixel": 1.0 / frame.size[1],
    }


PASSES: tuple[Pass[Frame], ...] = (
    scene_pass("wall", "copy.frag", "wall", {"u_picture": "lit"}, lambda frame: {}, is_worked),
    scene_pass(
        "wall small", "small.frag", "wall small", {"u_picture": "lit"}, lambda frame: {}, _needs_small
    ),
    scene_pass(
        "wall tensor", "tensor.frag", "wall tensor", {"u_picture": "wall small"}, lambda frame: {}, OIL_AMOUNT
    ),
    scene_pass(
        "wall tangent",
        "tangent.frag",
        "wall tangent",
        {"u_tensor": "wall tensor"},
        lambda frame: {},
        OIL_AMOUNT,
    ),
    scene_pass(
        "oil",
        "oil.frag",
        "wall",
        {"u_picture": "lit", "u_tangent": "wall tangent"},
        _oil,
        OIL_AMOUNT,
        vertex="oil.vert",
        marks=lambda frame: sum(strokes(frame)[0]),
    ),
    scene_pass(
        "engrave",
        "engrave.frag",
        "wall",
        {"u_picture": "wall", "u_small": "wall small"},
        _engrave,
        ENGRAVE_AMOUNT,
    ),
    scene_pass(
        "ridges",
        "ridges.frag",
        "wall",
        {"u_picture": "wall", "u_small": "wall small"},
        _ridges,
        RIDGES_AMOUNT,
    ),
    scene_pass("film", "film.frag", "wall", {"u_picture": "wall"}, _film, FILM_AMOUNT),
)
