"""What a viewer could tell an emotion by, measured on frames: colour, motion, edges."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import UInt8
from chromesthesia.render.grade import to_oklab

MEASURES = ("light", "warmth", "tint", "chroma", "contrast", "motion", "edges", "roundness")
"""In the order of `measured`: all but motion are means over the frames.

light: OKLab lightness. warmth: OKLab b, from blue below 0 to yellow above. tint: OKLab a, from green below 0 to red
above. chroma: distance from grey. contrast: deviation of lightness. motion: mean change of lightness a second. edges:
mean slope of lightness, of its deviation. roundness: how much of the slopes turns slowly from pixel to pixel, 0..1.
"""


def measured(frames: Sequence[UInt8], fps: float, step: int = 2) -> NDArray[np.float64]:
    """`MEASURES` of frames uint8 [H, W, 3]; step: every so many pixels are looked at, after a mean over them."""
    labs = [_lab(pixels, step) for pixels in frames]
    light = [lab[..., 0] for lab in labs]
    stills = np.array([_still(lab) for lab in labs]).mean(axis=0)
    changes = [float(np.abs(after - before).mean()) for before, after in pairwise(light)]
    motion = float(np.mean(changes)) * fps if changes else 0.0
    return np.array([*stills[:5], motion, *stills[5:]])


def _lab(pixels: UInt8, step: int) -> NDArray[np.float64]:
    height, width = (side // step * step for side in pixels.shape[:2])
    blocks = pixels[:height, :width].reshape(height // step, step, width // step, step, 3)
    small = blocks.mean(axis=(1, 3)) / 255.0
    return to_oklab(small.reshape(-1, 3)).reshape(small.shape)


def _still(lab: NDArray[np.float64]) -> list[float]:
    light = lab[..., 0]
    down, across = np.gradient(light)
    slope = np.hypot(across, down)
    spread = float(light.std())
    turn = np.exp(1j * 2.0 * np.arctan2(down, across)) * slope
    kept = np.abs(turn[:-1, :-1] + turn[1:, :-1] + turn[:-1, 1:] + turn[1:, 1:]).sum()
    of = (slope[:-1, :-1] + slope[1:, :-1] + slope[:-1, 1:] + slope[1:, 1:]).sum()
    return [
        float(light.mean()),
        float(lab[..., 2].mean()),
        float(lab[..., 1].mean()),
        float(np.hypot(lab[..., 1], lab[..., 2]).mean()),
        spread,
        float(slope.mean()) / max(spread, 1e-3),
        float(kept / max(of, 1e-9)),
    ]
