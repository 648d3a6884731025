"""How tests draw ISF shaders of their own: a small picture, ten frames a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from chromesthesia.core.records import Float32, Heard, UInt8
from chromesthesia.features.mel import power_spectrum
from chromesthesia.isf.plan import IsfPlan
from chromesthesia.isf.shader import IsfShader
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture

WIDTH, HEIGHT = 80, 48
AT_ONCE = {"/master/morph_s": 0.0}
Write = Callable[..., IsfShader]


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


def tone(hz: float, loud: float = 0.5) -> Heard:
    wave: Float32 = (loud * np.sin(2 * np.pi * hz * np.arange(768) / 24_000)).astype(np.float32)
    hearing = heard()
    return replace(hearing, frame=replace(hearing.frame, wave=wave, power=power_spectrum(wave)))
