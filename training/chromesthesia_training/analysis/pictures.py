"""A few features of a picture that a painter would name: light, colour, contrast, edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32, UInt8

Float64 = NDArray[np.float64]
NAMED: dict[str, str] = {
    "lightness": "light",
    "contrast": "light",
    "dark share": "light",
    "saturation": "colour",
    "saturation varying": "colour",
    "red over green": "hue",
    "yellow over blue": "hue",
    "warm share": "hue",
    "number of hues": "hue",
    "edges": "form",
    "fine over coarse": "form",
    "upright over level": "form",
}
"""Name of a feature -> its family."""
PICTURE_FEATURES = tuple(NAMED)
WARM_DEGREES = (-45.0, 105.0)
"""Hues of CIELAB from red through orange to yellow."""
COLOURED = 8.0
"""Chroma from which a place has a hue at all."""
HUES = 12
COARSE = 8


def describe_pictures(pictures: UInt8) -> Float32:
    """Features of every picture as `PICTURE_FEATURES` names them: uint8 [n, h, w, 3] -> float32 [n, features].

    Lightness, a and b are CIELAB's of sRGB under D65. Sides of 16 or more.
    """
    return np.stack([_describe(picture) for picture in pictures])


def _describe(picture: UInt8) -> Float32:
    light, green_red, blue_yellow = lab(picture)
    chroma = np.hypot(green_red, blue_yellow)
    hue = np.degrees(np.arctan2(blue_yellow, green_red))
    weight = np.where(chroma > COLOURED, chroma, 0.0)
    total = max(float(weight.sum()), 1e-9)
    warm = (hue > WARM_DEGREES[0]) & (hue < WARM_DEGREES[1])
    shares = (
        np.bincount(((hue.ravel() + 180.0) / 360.0 * HUES).astype(int) % HUES, weight.ravel(), HUES) / total
    )
    present = shares[shares > 0.0]
    down, across = np.gradient(light)
    coarse = _shrunk(light)
    coarse_down, coarse_across = np.gradient(coarse)
    fine = float(np.hypot(down, across).mean())
    large = float(np.hypot(coarse_down, coarse_across).mean())
    upright, level = float(np.abs(across).mean()), float(np.abs(down).mean())
    return np.array(
        [
            light.mean(),
            light.std(),
            (light < 25.0).mean(),
            chroma.mean(),
            chroma.std(),
            green_red.mean(),
            blue_yellow.mean(),
            float(weight[warm].sum()) / total,
            float(np.exp(-(present * np.log(present)).sum())) if len(present) else 0.0,
            fine,
            float(np.log((fine + 0.1) / (large + 0.1))),
            float(np.log((upright + 0.05) / (level + 0.05))),
        ],
        dtype=np.float32,
    )


def lab(picture: UInt8) -> tuple[Float64, Float64, Float64]:
    """CIELAB of sRGB: uint8 [h, w, 3] -> lightness 0 to 100, green to red, blue to yellow, each [h, w]."""
    coded = picture.astype(np.float64) / 255.0
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    relative = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    bent = np.where(
        relative > 216.0 / 24_389.0, np.cbrt(relative), (24_389.0 / 27.0 * relative + 16.0) / 116.0
    )
    return (
        116.0 * bent[..., 1] - 16.0,
        500.0 * (bent[..., 0] - bent[..., 1]),
        200.0 * (bent[..., 1] - bent[..., 2]),
    )


def _shrunk(light: Float64) -> Float64:
    """Means of squares of eight by eight, what is left over at the sides cut off."""
    rows, columns = light.shape[0] // COARSE, light.shape[1] // COARSE
    if min(rows, columns) < 2:
        return light
    kept = light[: rows * COARSE, : columns * COARSE]
    return np.asarray(kept.reshape(rows, COARSE, columns, COARSE).mean(axis=(1, 3)))
