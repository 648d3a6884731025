"""The rungs of the ladder that a show steps down when frames come late: their names and their order."""

from __future__ import annotations

from enum import StrEnum


class Rung(StrEnum):
    """From the best picture to the cheapest; each leaves out what those before it leave out, and more.

    FULL: all there is. PAINT_SLOWER: the generator is asked less often, and its pictures are cross-faded for longer.
    SMALLER_GENERATOR: a faster generator of the same pack paints, where there is one. FEWER_PIXELS: frames are drawn
    with fewer pixels and enlarged; pictures go on to be painted. CACHED_LATENTS: nothing is painted; the last pictures
    come again, the nearest to what is felt first. SHADERS: the generator rests, the shaders move its last picture.
    SMALL: the same, drawn with the fewest pixels.
    """

    FULL = "full"
    PAINT_SLOWER = "paint_slower"
    SMALLER_GENERATOR = "smaller_generator"
    FEWER_PIXELS = "fewer_pixels"
    CACHED_LATENTS = "cached_latents"
    SHADERS = "shaders"
    SMALL = "small"


RUNGS = tuple(Rung)
"""Best first."""
FOLLOW_FROM_SCORE = frozenset({Rung.FULL, Rung.PAINT_SLOWER, Rung.SHADERS})
"""Rungs whose frames follow from what a score tells: it tells how often the generator is asked, and nothing else."""


def below(rung: Rung, other: Rung) -> bool:
    """True when `rung` is cheaper than `other`."""
    return RUNGS.index(rung) > RUNGS.index(other)
