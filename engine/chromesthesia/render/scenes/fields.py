"""Scenes with a law of their own, which lives on from frame to frame: fluid, reaction, particles, motion, ink."""

from __future__ import annotations

import math

from chromesthesia.params.live import Values
from chromesthesia.params.look import TRAILS_AMOUNT
from chromesthesia.params.scenes import (
    ECHO_AMOUNT,
    ECHO_REACH,
    FLUID_AMOUNT,
    FLUID_DYE,
    FLUID_PUSH,
    FLUID_SWIRL,
    INK_AMOUNT,
    INK_SPREAD,
    MOSH_AMOUNT,
    MOSH_SIZE,
    REACTION_AMOUNT,
    REACTION_FEED,
    REACTION_RELIEF,
    SPARKS_AMOUNT,
    SPARKS_PULL,
    SPARKS_SIZE,
    SPARKS_SPEED,
    SPARKS_TAIL,
)
from chromesthesia.render.frame import LEAST, Frame
from chromesthesia.render.graph import Buffer, Fixed, Part, Pass
from chromesthesia.render.scenes.common import Rows, Uniforms, chance, scene_pass, sound, step_s

_FLUID, _DYE, _REACTION, _INK, _SEEN = Rows(96), Rows(300), Rows(250), Rows(300), Rows(90)
_SPARKS = 72
"""Particles: this squared."""
_PRESSURE_STEPS = 6
_REACTION_STEPS = 4

BUFFERS: tuple[Buffer, ...] = (
    Buffer("fluid velocity", _FLUID, "f2", linear=True, keeps=True, spare=True),
    Buffer("fluid pressure", _FLUID, "f2", keeps=True, spare=True),
    Buffer("fluid dye", _DYE, "f2", linear=True, keeps=True, spare=True),
    Buffer("ground", Part("scene"), "f2", spare=True),
    Buffer("reaction", _REACTION, "f4", linear=True, keeps=True, spare=True),
    Buffer("sparks before", Fixed(_SPARKS, _SPARKS), "f4", spare=True),
    Buffer("sparks", Fixed(_SPARKS, _SPARKS), "f4", keeps=True, spare=True),
    Buffer("spark traces", Part("scene"), "f2", keeps=True, spare=True),
    Buffer("seen", _SEEN, "f2", keeps=True, spare=True),
    Buffer("moves", _SEEN, "f2", linear=True, keeps=True, spare=True),
    Buffer("echo", Part("scene"), "f2", linear=True, keeps=True, spare=True),
    Buffer("mosh", Part("scene"), "f2", linear=True, keeps=True, spare=True),
    Buffer("ink", _INK, "f2", linear=True, keeps=True, spare=True),
)


def _fluid(frame: Frame) -> Uniforms:
    return {
        **sound(frame),
        "u_dt": step_s(frame),
        "u_push": frame.values[FLUID_PUSH],
        "u_swirl": frame.values[FLUID_SWIRL],
    }


def _dye(frame: Frame) -> Uniforms:
    rate = 4.0 * frame.values[FLUID_DYE] ** 2
    return {"u_dt": step_s(frame), "u_anew": 1.0 - math.exp(-rate * frame.inputs.dt_s)}


def grows(values: Values) -> bool:
    """True where the trails are to be without what grows over them."""
    return max(values[REACTION_AMOUNT], values[INK_AMOUNT]) > LEAST and values[TRAILS_AMOUNT] > LEAST


def _grows(frame: Frame) -> bool:
    return frame.grows


def _reaction(frame: Frame) -> Uniforms:
    return {
        **sound(frame),
        "u_feed": frame.values[REACTION_FEED],
        "u_seed": chance(frame),
        "u_drop": frame.moved.bands[2],
    }


def _sparks(frame: Frame) -> Uniforms:
    return {
        **sound(frame),
        "u_dt": step_s(frame),
        "u_pull": frame.values[SPARKS_PULL],
        "u_speed": 0.04 + 0.5 * frame.values[SPARKS_SPEED] ** 2,
        "u_seed": chance(frame),
    }


def _kept(frame: Frame, longest_s: float, share: float) -> float:
    return math.exp(-frame.inputs.dt_s / (0.02 + longest_s * share**2))


def _ink(frame: Frame) -> Uniforms:
    return {
        **sound(frame),
        "u_dt": step_s(frame),
        "u_spread": frame.values[INK_SPREAD],
        "u_seed": chance(frame),
    }


def _mosh(frame: Frame) -> Uniforms:
    heard = frame.inputs.heard
    return {
        "u_size": frame.values[MOSH_SIZE],
        "u_amount": frame.values[MOSH_AMOUNT],
        "u_beat": float(frame.moved.beat),
        "u_shake": min(1.0, 0.25 + heard.onset_envelope) if heard is not None else 0.25,
        "u_rate": step_s(frame) * 30.0,
    }


def _lay(amount: float) -> Uniforms:
    return {"u_amount": amount}


PASSES: tuple[Pass[Frame], ...] = (
    scene_pass(
        "fluid moves",
        "fluid_move.frag",
        "fluid velocity",
        {"u_velocity": "fluid velocity", "u_picture": "scene"},
        _fluid,
        FLUID_AMOUNT,
    ),
    scene_pass(
        "fluid swirls",
        "fluid_swirl.frag",
        "fluid velocity",
        {"u_velocity": "fluid velocity"},
        _fluid,
        FLUID_AMOUNT,
    ),
    *(
        scene_pass(
            f"fluid presses {number}",
            "fluid_press.frag",
            "fluid pressure",
            {"u_velocity": "fluid velocity", "u_pressure": "fluid pressure"},
            lambda frame: {},
            FLUID_AMOUNT,
        )
        for number in range(_PRESSURE_STEPS)
    ),
    scene_pass(
        "fluid is free",
        "fluid_free.frag",
        "fluid velocity",
        {"u_velocity": "fluid velocity", "u_pressure": "fluid pressure"},
        lambda frame: {},
        FLUID_AMOUNT,
    ),
    scene_pass(
        "fluid dye",
        "fluid_dye.frag",
        "fluid dye",
        {"u_velocity": "fluid velocity", "u_dye": "fluid dye", "u_picture": "scene"},
        _dye,
        FLUID_AMOUNT,
    ),
    scene_pass(
        "fluid",
        "lay.frag",
        "scene",
        {"u_picture": "scene", "u_over": "fluid dye"},
        lambda frame: _lay(frame.values[FLUID_AMOUNT]),
        FLUID_AMOUNT,
    ),
    scene_pass(
        "seen",
        "echo_seen.frag",
        "seen",
        {"u_picture": "scene", "u_seen": "seen"},
        lambda frame: {},
        ECHO_AMOUNT,
    ),
    scene_pass(
        "moves",
        "echo_moves.frag",
        "moves",
        {"u_seen": "seen", "u_moves": "moves"},
        lambda frame: {},
        ECHO_AMOUNT,
    ),
    scene_pass(
        "echo goes on",
        "echo.frag",
        "echo",
        {"u_picture": "scene", "u_echo": "echo", "u_moves": "moves"},
        lambda frame: {
            "u_reach": 1.0 + 3.0 * frame.values[ECHO_REACH],
            "u_keep": 0.0 if frame.first else _kept(frame, 2.5, frame.values[ECHO_AMOUNT]),
        },
        ECHO_AMOUNT,
    ),
    scene_pass(
        "echo",
        "lay.frag",
        "scene",
        {"u_picture": "scene", "u_over": "echo"},
        lambda frame: _lay(min(1.0, 1.5 * frame.values[ECHO_AMOUNT])),
        ECHO_AMOUNT,
    ),
    scene_pass(
        "mosh goes on",
        "mosh.frag",
        "mosh",
        {"u_picture": "scene", "u_last": "mosh", "u_flow": "flow"},
        _mosh,
        MOSH_AMOUNT,
    ),
    scene_pass(
        "mosh",
        "lay.frag",
        "scene",
        {"u_picture": "scene", "u_over": "mosh"},
        lambda frame: _lay(min(1.0, 3.0 * frame.values[MOSH_AMOUNT])),
        MOSH_AMOUNT,
    ),
    scene_pass("ground", "copy.frag", "ground", {"u_picture": "scene"}, lambda frame: {}, _grows),
    *(
        scene_pass(
            f"reaction {number}",
            "reaction.frag",
            "reaction",
            {"u_state": "reaction", "u_picture": "scene"},
            _reaction,
            REACTION_AMOUNT,
        )
        for number in range(_REACTION_STEPS)
    ),
    scene_pass(
        "reaction",
        "reaction_show.frag",
        "scene",
        {"u_picture": "scene", "u_state": "reaction"},
        lambda frame: {
            "u_amount": frame.values[REACTION_AMOUNT],
            "u_relief": frame.values[REACTION_RELIEF],
        },
        REACTION_AMOUNT,
    ),
    scene_pass(
        "ink runs",
        "ink_run.frag",
        "ink",
        {"u_ink": "ink", "u_picture": "scene"},
        _ink,
        INK_AMOUNT,
    ),
    scene_pass(
        "ink",
        "ink_show.frag",
        "scene",
        {"u_picture": "scene", "u_ink": "ink"},
        lambda frame: _lay(frame.values[INK_AMOUNT]),
        INK_AMOUNT,
    ),
    scene_pass(
        "sparks before",
        "copy.frag",
        "sparks before",
        {"u_picture": "sparks"},
        lambda frame: {},
        SPARKS_AMOUNT,
    ),
    scene_pass(
        "sparks move",
        "sparks_move.frag",
        "sparks",
        {"u_sparks": "sparks", "u_picture": "scene", "u_flow": "flow"},
        _sparks,
        SPARKS_AMOUNT,
    ),
    scene_pass(
        "sparks fade",
        "fade.frag",
        "spark traces",
        {"u_layer": "spark traces"},
        lambda frame: {"u_keep": _kept(frame, 1.6, frame.values[SPARKS_TAIL])},
        SPARKS_AMOUNT,
    ),
    scene_pass(
        "sparks are drawn",
        "sparks.frag",
        "spark traces",
        {"u_sparks": "sparks", "u_before": "sparks before", "u_picture": "scene"},
        lambda frame: {"u_size": 0.0012 + 0.006 * frame.values[SPARKS_SIZE] ** 2},
        SPARKS_AMOUNT,
        vertex="sparks.vert",
        marks=lambda frame: _SPARKS * _SPARKS,
        adds=True,
    ),
    scene_pass(
        "sparks",
        "sparks_show.frag",
        "scene",
        {"u_picture": "scene", "u_traces": "spark traces"},
        lambda frame: _lay(frame.values[SPARKS_AMOUNT]),
        SPARKS_AMOUNT,
    ),
)
TRAIL = scene_pass("trail", "copy.frag", "scene", {"u_picture": "ground"}, lambda frame: {}, _grows)
"""Once the scene was shown, what lies under reaction and ink is what leaves trails. Both grow by how light the picture
is: with marks of theirs in the trails they would feed on themselves, and ring."""
