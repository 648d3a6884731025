"""Colour of a frame: an affine colour matrix and a gradient over brightness, from the palette and the emotion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import EmotionState, Float32, Heard, UInt8
from chromesthesia.emotion.state import decisiveness
from chromesthesia.params.declaration import Value
from chromesthesia.params.live import Values
from chromesthesia.params.look import (
    GRADE_ADAPT,
    GRADE_AMOUNT,
    GRADE_CONTRAST,
    GRADE_EMOTION,
    GRADE_EXPOSURE,
    GRADE_HUE,
    GRADE_KEY,
    GRADE_PALETTE,
    GRADE_SATURATION,
)

GRADIENT_SIZE = 256
_LUMA = np.array([0.2126, 0.7152, 0.0722])
_HEED = 0.85  # share of the named emotions in the weights when the encoder is certain
_PIVOT = 0.42  # contrast turns around this grey
_SPREAD = 0.21  # deviation of brightness that evening out aims at

# Colours from dark to bright, evenly spaced.
_STOPS: dict[str, tuple[str, ...]] = {
    "painting": ("000000", "ffffff"),
    "ember": ("070308", "2a0a10", "7c1a10", "d24a12", "f79a2e", "ffdf94", "fff6e0"),
    "tide": ("030c16", "08283f", "0f5569", "1f8f92", "77cbb2", "d5eed0", "fbfdf0"),
    "ink": ("15161c", "2c2f38", "62625f", "a39d91", "d8d0c0", "ece5d6", "f6f1e6"),
    "neon": ("05021a", "1d0850", "5f0c8e", "d3148a", "ff5a8a", "4fd8ff", "eafdff"),
    "gold": ("0b0810", "291a22", "5f3a1e", "a8722a", "dcab4c", "f5dc96", "fff8e2"),
    "herbarium": ("1a2018", "374429", "687538", "a39a56", "cdb98a", "e9dcbd", "f8f2e2"),
    "rose": ("150812", "45182f", "8f3a58", "cf7480", "eeaf9f", "fadccd", "fff6f0"),
    "mono": ("040405", "2a2b2d", "55565a", "85868a", "b5b6b8", "dededf", "fafafa"),
}
# These go from stop to stop in OKLab, where no grey lies between two colours.
_OKLAB_STOPS: dict[str, tuple[str, ...]] = {
    "aurora": ("02060f", "0a1f3c", "0d5c63", "2fb686", "a4f0a0", "f3ffd8"),
    "dusk": ("0b0a1f", "2b1f56", "743a7c", "d2606e", "f6a66a", "ffe9b8"),
    "lagoon": ("01141c", "04485c", "109aa0", "7fdcc0", "ffe3b0", "fff8e8"),
    "sakura": ("2a1420", "6d3350", "c06a86", "f0aebb", "fbdcd9", "fffaf4"),
    "cobalt": ("02030f", "081653", "1b3fb4", "4f86e8", "b9d4f6", "fdfcf2"),
    "acid": ("07040c", "33105c", "b0106c", "ff4b28", "f5d60a", "f6ffc8"),
    "terracotta": ("140a08", "4a2018", "9a452c", "cf7a4c", "e6b48a", "f7e9d4"),
    "ash": ("08090a", "20262b", "4a5054", "8a8580", "c9b9a4", "f4ead8"),
}
# Share of the painting's own chroma that stays visible through a palette.
_OWN = {"ink": 0.12, "mono": 0.0, "neon": 0.45, "gold": 0.2, "tide": 0.2, "rose": 0.2}
# How strongly an emotion, felt fully, recolours the palette.
_FELT = {"painting": 0.9, "tide": 0.15, "neon": 0.3}
_EMOTION_STOPS: dict[str, tuple[str, ...]] = {
    "angry": ("060102", "24030a", "62080b", "a8150e", "db3a14", "f47a2c", "ffc98a"),
    "happy": ("231018", "6b2f2a", "c06a32", "f0a63a", "ffd466", "ffeeb0", "fffbea"),
    "sad": ("03060d", "0a1730", "1d3658", "3f6186", "7294b0", "adc3d2", "e0eaf0"),
    "calm": ("0a1516", "1d3a3a", "3f6b64", "759a87", "b0c2a4", "dde0c6", "f7f5e8"),
}


def _gradient(stops: tuple[str, ...]) -> NDArray[np.float64]:
    colors = np.array([[int(stop[i : i + 2], 16) / 255 for i in (0, 2, 4)] for stop in stops])
    at = np.linspace(0.0, 1.0, GRADIENT_SIZE)
    knots = np.linspace(0.0, 1.0, len(stops))
    return np.stack([np.interp(at, knots, colors[:, channel]) for channel in range(3)], axis=1)


# Ottosson 2020: linear red, green and blue to cones, and their cube roots to lightness and two opponents.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def to_oklab(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """OKLab [n, 3] of sRGB colours [n, 3] in 0..1."""
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T)


def from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB [n, 3] in 0..1, held in the gamut, of OKLab [n, 3]."""
    cones = (lab @ np.linalg.inv(_TO_LAB).T) ** 3
    linear = np.clip(cones @ np.linalg.inv(_TO_CONES).T, 0.0, 1.0)
    return np.asarray(np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055))


def _oklab_gradient(stops: tuple[str, ...]) -> NDArray[np.float64]:
    colors = to_oklab(np.array([[int(stop[i : i + 2], 16) / 255 for i in (0, 2, 4)] for stop in stops]))
    at, knots = np.linspace(0.0, 1.0, GRADIENT_SIZE), np.linspace(0.0, 1.0, len(stops))
    return from_oklab(np.stack([np.interp(at, knots, colors[:, channel]) for channel in range(3)], axis=1))


_PALETTE_GRADIENTS = {name: _gradient(stops) for name, stops in _STOPS.items()} | {
    name: _oklab_gradient(stops) for name, stops in _OKLAB_STOPS.items()
}
_EMOTION_GRADIENTS = {name: _gradient(stops) for name, stops in _EMOTION_STOPS.items()}


@dataclass(frozen=True, slots=True)
class Grade:
    """color: float32 [3, 4], rows r g b of an affine map. gradient: uint8 [256, 4], alpha how strongly it replaces
    the painting's own colour. own: share of chroma kept on top. adapt: 0..1 how far brightness is evened out, key and
    spread: the mean and deviation it aims at. ambient: colour of the light that is never missing."""

    color: Float32
    gradient: UInt8
    own: float
    adapt: float
    key: float
    spread: float
    ambient: tuple[float, float, float]


def grade(values: Mapping[str, Value], heard: Heard | None) -> Grade:
    """Colour for the palette, the grade parameters and the emotion heard.

    Valence, arousal and, as far as the encoder is sure of them, the probabilities of the emotions pull
    towards one of four gradients at the corners of their square (angry, happy, sad, calm), the more the
    further they are from neutral; arousal also raises contrast and saturation, valence the exposure.
    """
    look = Values.of(values)
    strength = look[GRADE_EMOTION]
    valence = heard.emotion.valence if heard is not None else 0.0
    arousal = heard.emotion.arousal if heard is not None else 0.0
    corners, pull = _corner_weights(valence, arousal)
    if heard is not None:
        corners, pull = _heed(heard.emotion, corners, pull)
    palette = look[GRADE_PALETTE]
    laid = 0.0 if palette == "painting" else look[GRADE_AMOUNT]
    felt = strength * pull * _FELT.get(palette, 0.50)
    emotional = sum(weight * _EMOTION_GRADIENTS[name] for name, weight in corners.items())
    alpha = 1.0 - (1.0 - laid) * (1.0 - felt)
    share = felt / alpha if alpha > 1e-6 else 0.0
    tones = _PALETTE_GRADIENTS[palette] * (1.0 - share) + emotional * share
    gradient = np.empty((GRADIENT_SIZE, 4), np.uint8)
    gradient[:, :3] = np.rint(tones * 255.0)
    gradient[:, 3] = round(alpha * 255.0)
    lit = tones[GRADIENT_SIZE // 2] if alpha > 1e-6 else np.array([0.42, 0.44, 0.5])
    lit = lit / max(float(_LUMA @ lit), 0.05)
    angry = corners["angry"] * pull
    sad = corners["sad"] * pull
    color = _color_matrix(
        exposure=look[GRADE_EXPOSURE] + strength * (0.15 * valence - 0.45 * angry),
        contrast=look[GRADE_CONTRAST] * (1.0 + strength * (0.25 * angry - 0.15 * sad)),
        saturation=look[GRADE_SATURATION]
        * max(0.0, 1.0 + strength * (0.30 * arousal + 0.20 * valence - 0.25 * sad)),
        hue_deg=look[GRADE_HUE],
    )
    return Grade(
        color=color,
        gradient=gradient,
        own=(0.55 * (1.0 - laid) + _OWN.get(palette, 0.32) * laid) * (1.0 - 0.5 * strength * sad),
        adapt=look[GRADE_ADAPT],
        key=look[GRADE_KEY] * (1.0 + strength * (0.22 * valence - 0.25 * sad - 0.25 * angry)),
        spread=_SPREAD * (1.0 + strength * (0.25 * arousal - 0.10 * sad)),
        ambient=(float(lit[0]), float(lit[1]), float(lit[2])),
    )


def _corner_weights(valence: float, arousal: float) -> tuple[dict[str, float], float]:
    """Weights of the four corners, sum 1, and the pull away from neutral, 0..1."""
    v, a = 0.5 + 0.5 * valence, 0.5 + 0.5 * arousal
    # Sharper than bilinear, so that half-way to a corner already looks like it.
    v, a = _steep(v), _steep(a)
    weights = {"angry": (1 - v) * a, "happy": v * a, "sad": (1 - v) * (1 - a), "calm": v * (1 - a)}
    return weights, min(1.0, 1.25 * math.hypot(valence, arousal) ** 0.8)


def _heed(emotion: EmotionState, corners: Mapping[str, float], pull: float) -> tuple[dict[str, float], float]:
    """Move the weights towards the named emotions: angry and happy voices lie close together in valence and arousal."""
    named = dict(zip(EMOTIONS, emotion.probabilities.tolist(), strict=True))
    sure = _HEED * emotion.activity * emotion.confidence * decisiveness(max(named.values()))
    weights = {name: (1.0 - sure) * weight + sure * named.get(name, 0.0) for name, weight in corners.items()}
    return weights, max(pull, sure)


def _steep(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * x * (x * (x * 6 - 15) + 10)


def _color_matrix(exposure: float, contrast: float, saturation: float, hue_deg: float) -> Float32:
    """float32 [3, 4]: hue, saturation, exposure, then contrast around middle grey."""
    turn = math.radians(hue_deg)
    c, s = math.cos(turn), math.sin(turn)
    third, root = 1.0 / 3.0, math.sqrt(1.0 / 3.0)
    hue = np.full((3, 3), third * (1.0 - c)) + np.eye(3) * c
    hue += root * s * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    saturate = saturation * np.eye(3) + (1.0 - saturation) * np.tile(_LUMA, (3, 1))
    matrix = np.zeros((3, 4), np.float32)
    matrix[:, :3] = contrast * 2.0**exposure * (saturate @ hue)
    matrix[:, 3] = _PIVOT * (1.0 - contrast)
    return matrix
