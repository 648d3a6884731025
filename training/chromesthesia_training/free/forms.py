"""What a picture's colours and forms measure, and the rules that make a proxy of feeling of them: nobody rated them.

Colour: pleasure and dominance after Valdez and Mehrabian (1994), from brightness and saturation. Form: arousal is edges
and contrast; straight and cornered forms are read as threat (Bar and Neta 2006), warm against cold, and a picture that
is neither bright nor dark, neither busy nor calm, is only looked at. `docs/decisions/0024-a-free-painter.md` holds them
against what people rated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, sobel

from chromesthesia.core.records import UInt8
from chromesthesia_training.analysis.pictures import lab

Float64 = NDArray[np.float64]
MEASURES = ("brightness", "saturation", "warmth", "contrast", "edge_density", "straightness", "symmetry")
EDGE = 0.05
"""Change of L* / 100 a pixel from which a place is an edge."""
WINDOW = 3.0
"""Of the structure tensor, in pixels."""
SMALL = 32
MIDDLE = 0.5
"""Deviations within which a picture says neither this nor that."""
SPREAD = 0.15
"""Of a rating of 0 to 1, a deviation."""


@dataclass(frozen=True)
class Maps:
    """Of one picture [h, w]: light 0..1, chroma 0..1, warmth -1..1, whether an edge, energy and coherence of edges."""

    light: Float64
    chroma: Float64
    warmth: Float64
    edge: Float64
    energy: Float64
    coherent: Float64

    def cut(self, top: int, left: int, side: int) -> Maps:
        """The same of a square of it."""
        square = slice(top, top + side), slice(left, left + side)
        return Maps(*(getattr(self, name)[square] for name in self.__dataclass_fields__))


def maps_of(picture: UInt8) -> Maps:
    """Maps of a picture uint8 [h, w, 3], sRGB."""
    lightness, green_red, blue_yellow = lab(picture)
    light = lightness / 100.0
    across, down = sobel(light, 1) / 8.0, sobel(light, 0) / 8.0
    xx, yy, xy = (gaussian_filter(one, WINDOW) for one in (across * across, down * down, across * down))
    energy = xx + yy
    warm = (green_red * 0.5 + blue_yellow * np.sqrt(0.75)) / 40.0
    return Maps(
        light,
        np.hypot(green_red, blue_yellow) / 100.0,
        np.clip(warm, -1.0, 1.0),
        (np.hypot(across, down) > EDGE).astype(np.float64),
        energy,
        np.hypot(xx - yy, 2.0 * xy),
    )


def measures_of(maps: Maps) -> Float64:
    """As `MEASURES` names them: float64 [7].

    straightness: how far edges keep their direction within a few pixels, 0..1, weighed by their strength; symmetry: r
    of the picture's light with its mirror image.
    """
    light = maps.light
    small = _shrunk(light)
    about = small - small.mean()
    return np.array(
        [
            light.mean(),
            maps.chroma.mean(),
            maps.warmth.mean(),
            2.0 * light.std(),
            maps.edge.mean(),
            maps.coherent.sum() / max(float(maps.energy.sum()), 1e-9),
            float((about * about[:, ::-1]).sum() / max(float((about**2).sum()), 1e-9)),
        ]
    )


def _shrunk(light: Float64) -> Float64:
    rows, columns = (np.linspace(0, size, SMALL + 1).astype(int)[:-1] for size in light.shape)
    sums = np.add.reduceat(np.add.reduceat(light, rows, 0), columns, 1)
    counts = np.add.reduceat(np.add.reduceat(np.ones_like(light), rows, 0), columns, 1)
    return np.asarray(sums / counts)


@dataclass(frozen=True)
class Labels:
    """Proxies: `vad` float64 [n, 3] in 0..1, an emotion of the eight for each."""

    vad: Float64
    emotions: tuple[str, ...]


def labels_of(measures: Float64) -> Labels:
    """Labels of a collection, from its measures [n, 7]: each picture against the others."""
    z = (measures - measures.mean(0)) / np.maximum(measures.std(0), 1e-6)
    bright, colourful, warm, contrast, edges, straight, _ = z.T
    pleasure = _standard(0.69 * bright + 0.22 * colourful)
    arousal = _standard(edges + contrast)
    dominance = _standard(-0.76 * bright + 0.32 * colourful)
    vad = np.clip(0.5 + SPREAD * np.stack([pleasure, arousal, dominance], 1), 0.0, 1.0)
    return Labels(vad, tuple(map(_emotion, pleasure, arousal, straight, warm)))


def _standard(values: Float64) -> Float64:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-6))


def _emotion(pleasure: float, arousal: float, straight: float, warm: float) -> str:
    """By quadrant of the circumplex (Russell 1980), and by form and colour where pleasure is low."""
    if np.hypot(pleasure, arousal) < MIDDLE:
        return "awe"
    if pleasure > 0.0:
        return "excitement" if arousal > MIDDLE else "contentment" if arousal < -MIDDLE else "amusement"
    if arousal < -MIDDLE:
        return "sadness"
    if straight > 0.0:
        return "anger"
    return "disgust" if warm > 0.0 else "fear"
