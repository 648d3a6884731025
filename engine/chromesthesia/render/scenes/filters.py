"""Filters of one frame: what bends the view once more, washes, and what is done with the light."""

from __future__ import annotations

import math

from chromesthesia.params.scenes import (
    BLOOM_AMOUNT,
    BLOOM_HALATION,
    BUBBLES_AMOUNT,
    BUBBLES_SIZE,
    DROSTE_AMOUNT,
    DROSTE_TWIST,
    RAYS_AMOUNT,
    RAYS_LENGTH,
    TILING_AMOUNT,
    TILING_SIZE,
    TILING_WALLS,
    WASH_AMOUNT,
    WASH_SIZE,
)
from chromesthesia.render.frame import LEAST, Frame
from chromesthesia.render.graph import Buffer, Part, Pass
from chromesthesia.render.scenes.common import Uniforms, scene_pass, sound

_SHORT = 5
"""Scene pixels per pixel of the rays."""

BUFFERS: tuple[Buffer, ...] = (
    Buffer("moments", Part("scene"), "f2", linear=True, spare=True),
    Buffer("rays across", Part("scene", _SHORT), "f2", linear=True, spare=True),
    Buffer("rays", Part("scene", _SHORT), "f2", linear=True, spare=True),
    Buffer("bright", Part("scene", 2), "f2", linear=True, mips=True, spare=True),
)


def _tiling(frame: Frame) -> Uniforms:
    turn = math.tau * (frame.moved.flow_time_s / 200.0 % 1.0)
    return {
        "u_size": frame.values[TILING_SIZE],
        "u_amount": frame.values[TILING_AMOUNT],
        "u_angle": turn,
        "u_wander": (0.22 * math.sin(2.0 * turn), 0.16 * math.sin(3.0 * turn + 1.0)),
    }


def _droste(frame: Frame) -> Uniforms:
    return {
        "u_arms": frame.values[DROSTE_TWIST],
        "u_fallen": frame.moved.fallen,
        "u_amount": frame.values[DROSTE_AMOUNT],
    }


def _rays(frame: Frame) -> Uniforms:
    x, y = frame.moved.fog
    return {
        "u_from": (0.5 + 0.55 * x / frame.aspect, 0.25 + 0.5 * y),
        "u_length": 0.25 + 0.7 * frame.values[RAYS_LENGTH],
    }


def _shine(frame: Frame) -> Uniforms:
    red, green, blue = frame.colors.ambient
    most = max(red, green, blue, 1e-3)
    return {
        "u_tint": (0.5 + 0.5 * red / most, 0.5 + 0.5 * green / most, 0.5 + 0.5 * blue / most),
        "u_amount": frame.values[RAYS_AMOUNT],
    }


def _blooms(frame: Frame) -> bool:
    return max(frame.values[BLOOM_AMOUNT], frame.values[BLOOM_HALATION]) > LEAST


ON_SCENE: tuple[Pass[Frame], ...] = (
    scene_pass(
        "tiling",
        "tiling.frag",
        "scene",
        {"u_picture": "scene"},
        _tiling,
        TILING_AMOUNT,
        {"WALLS": lambda frame: frame.values.index(TILING_WALLS)},
    ),
    scene_pass("droste", "droste.frag", "scene", {"u_picture": "scene"}, _droste, DROSTE_AMOUNT),
    scene_pass(
        "moments",
        "moments.frag",
        "moments",
        {"u_picture": "scene"},
        lambda frame: {"u_step": max(1.0, 0.35 * frame.values[WASH_SIZE] * frame.size[1])},
        WASH_AMOUNT,
    ),
    scene_pass(
        "wash",
        "wash.frag",
        "scene",
        {"u_picture": "scene", "u_moments": "moments"},
        lambda frame: {"u_reach": frame.values[WASH_SIZE], "u_amount": frame.values[WASH_AMOUNT]},
        WASH_AMOUNT,
    ),
)
ON_LIGHT: tuple[Pass[Frame], ...] = (
    scene_pass(
        "bubbles",
        "bubbles.frag",
        "lit",
        {"u_picture": "lit"},
        lambda frame: {
            **sound(frame),
            "u_size": frame.values[BUBBLES_SIZE],
            "u_amount": frame.values[BUBBLES_AMOUNT],
        },
        BUBBLES_AMOUNT,
        vertex="bubbles.vert",
    ),
    scene_pass(
        "rays across",
        "rays.frag",
        "rays across",
        {"u_picture": "lit"},
        _rays,
        RAYS_AMOUNT,
        {"FIRST": lambda frame: 1},
    ),
    scene_pass(
        "rays",
        "rays.frag",
        "rays",
        {"u_picture": "rays across"},
        _rays,
        RAYS_AMOUNT,
        {"FIRST": lambda frame: 0},
    ),
    scene_pass("shine", "shine.frag", "lit", {"u_picture": "lit", "u_rays": "rays"}, _shine, RAYS_AMOUNT),
    scene_pass("bright", "bright.frag", "bright", {"u_picture": "lit"}, lambda frame: {}, _blooms),
    scene_pass(
        "bloom",
        "bloom.frag",
        "lit",
        {"u_picture": "lit", "u_bright": "bright"},
        lambda frame: {
            "u_amount": frame.values[BLOOM_AMOUNT],
            "u_halation": frame.values[BLOOM_HALATION],
        },
        _blooms,
    ),
)
