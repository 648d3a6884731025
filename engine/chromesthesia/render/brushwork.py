"""Strokes of a brush and threads of linen, made once: what a picture is finished with at the size of a wall.

Eight tiles of strokes, each in about one direction, lie below one another in one texture. A pixel of the picture takes
its colour from the middle of the stroke that it lies in, and light from the stroke's bristles: so strokes are crisp
however small the picture was painted. Beneath them all is the same linen.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import UInt8

TILE = 256
"""Side of a tile in texels; it goes on at its edges."""
WAYS = 8
"""Directions of strokes, half a turn in all."""
ROW = TILE + 2
"""Rows from a tile to the next: one above and one below it repeat it."""
REACH = 64.0
"""Texels that a whole step of red or green stands for: where in its stroke a texel lies, 0.5 in the middle."""
_STROKES = 500
_HALF_LONG, _HALF_WIDE = 16.0, 4.6
_BOX = 21  # texels around a middle in which all of its stroke lies
_TURN = 0.20  # radians by which strokes of a tile differ
_LIGHT = (-0.62, -0.78)
_BARE = -1
_THREADS = 64
_SEED = 11
_Field = NDArray[np.float32]


@functools.cache
def brushwork() -> UInt8:
    """The texture: uint8 [WAYS * ROW, TILE, 4], the same every time. Made once, which takes 0.07 s, and 0.16 s where
    every array of a tile's size comes from the system and goes back to it (`keep_heap_small`).

    Red and green: from a texel to the middle of its stroke (`REACH`); blue: light and pigment of the stroke; alpha:
    light on the linen. 128 is none.
    """
    level, rising, steep = (_laid(np.pi * way / WAYS, way) for way in range(3))
    steeper = _turned(*rising)
    strokes = (
        *(level, rising, steep, _mirrored(*steeper)),
        *(_turned(*level), steeper, _turned(*steep), _mirrored(*rising)),
    )
    linen = _linen()
    tiles = [_painted(*stroke, linen) for stroke in strokes]
    return np.concatenate([np.concatenate((tile[-1:], tile, tile[:1])) for tile in tiles])


def _laid(angle: float, number: int) -> tuple[_Field, _Field, _Field, _Field]:
    """Strokes laid one over another: to their middles (across, down), height of the paint, and pigment."""
    rng = np.random.default_rng(_SEED + number)
    top = np.full((TILE, TILE), _BARE, np.int32)
    middles = rng.uniform(0.0, TILE, (_STROKES, 2))
    turns = angle + rng.normal(0.0, _TURN, _STROKES)
    long = (_HALF_LONG * rng.uniform(0.6, 1.3, _STROKES)).astype(np.float32)
    wide = (_HALF_WIDE * rng.uniform(0.55, 1.35, _STROKES)).astype(np.float32)
    bristles = rng.uniform(0.0, 1.0, (_STROKES, 24)).astype(np.float32)
    span = np.arange(-_BOX, _BOX + 1)
    first = np.floor(middles).astype(int)
    cos, sin = np.cos(turns).astype(np.float32), np.sin(turns).astype(np.float32)
    # All strokes at once, each in a box of its own: [stroke, down, across].
    off = (first - middles).astype(np.float32)
    across, down = (span + off[:, :1]).astype(np.float32), (span + off[:, 1:]).astype(np.float32)
    u = (across * (cos / long)[:, None])[:, None, :] + (down * (sin / long)[:, None])[:, :, None]
    v = (down * (cos / wide)[:, None])[:, :, None] - (across * (sin / wide)[:, None])[:, None, :]
    which, row, column = np.nonzero((np.abs(v) < 1.0) & (np.abs(u) < 1.0))  # a tenth of all
    u, v = u[which, row, column], v[which, row, column]
    ragged = bristles[which, np.clip(v * 6.0 + 8.0, 0.0, 23.0).astype(np.int8)]
    u *= u
    inside = (np.abs(v) < 1.0 - 0.35 * u * u) & (np.sqrt(u) < 1.0 - 0.35 * ragged)
    which, row, column = which[inside], row[inside], column[inside]
    # In their order: where strokes lie over one another, the last remains.
    top[(first[which, 1] + span[row]) % TILE, (first[which, 0] + span[column]) % TILE] = which
    down, across = np.mgrid[0:TILE, 0:TILE].astype(np.float32)
    dx = _around(middles[top, 0].astype(np.float32) - across)
    dy = _around(middles[top, 1].astype(np.float32) - down)
    u = -(dx * cos[top] + dy * sin[top]) / long[top]
    v = -(dy * cos[top] - dx * sin[top]) / wide[top]
    at = np.clip(v * 6.0 + 12.0, 0.0, 22.99)
    low = at.astype(int)
    hairs = bristles[top, low] + (at - low) * (bristles[top, low + 1] - bristles[top, low])
    dry = 0.5 + 0.5 * np.clip(1.3 * u, -1.0, 1.0)
    rim = np.clip(np.abs(v) - 0.6, 0.0, 0.4)
    base = rng.uniform(0.0, 1.0, _STROKES).astype(np.float32)[top]
    height = 0.55 * hairs * (0.5 + 0.7 * dry) + 1.1 * rim + 0.5 * base + 0.35 * np.clip(-u - 0.6, 0.0, 0.4)
    bare = top == _BARE
    dx[bare] = dy[bare] = height[bare] = 0.0
    tone = 0.65 * (rng.uniform(-1.0, 1.0, _STROKES).astype(np.float32)[top]) + 0.5 * (hairs - 0.5)
    return dx, dy, height.astype(np.float32), tone.astype(np.float32)


def _turned(dx: _Field, dy: _Field, height: _Field, tone: _Field) -> tuple[_Field, _Field, _Field, _Field]:
    """The same strokes a quarter of a turn on."""
    return np.rot90(dy, -1) * -1.0, np.rot90(dx, -1), np.rot90(height, -1), np.rot90(tone, -1)


def _mirrored(dx: _Field, dy: _Field, height: _Field, tone: _Field) -> tuple[_Field, _Field, _Field, _Field]:
    """The same strokes, left and right in place of one another."""
    return np.fliplr(dx) * -1.0, np.fliplr(dy), np.fliplr(height), np.fliplr(tone)


def _painted(dx: _Field, dy: _Field, height: _Field, tone: _Field, linen: _Field) -> UInt8:
    channels = np.stack((dx / REACH, dy / REACH, 0.36 * _lit(height) + 0.15 * tone, linen), axis=-1)
    return np.asarray(np.clip(np.round(channels * 255.0) + 128.0, 0.0, 255.0), np.uint8)


def _linen() -> _Field:
    """Threads of uneven thickness and distance, over and under each other."""
    rng = np.random.default_rng(_SEED)

    def threads() -> tuple[_Field, NDArray[np.intp]]:
        """Roundness of the threads that run down, and the number of each."""
        gaps = rng.uniform(0.72, 1.28, _THREADS)
        edges = np.concatenate(([0.0], np.cumsum(gaps))) * TILE / gaps.sum()
        down = np.arange(TILE)[:, None] * (2.0 * np.pi / TILE)
        sway = sum(
            rng.uniform(0.3, 0.7) * np.sin(turns * down + rng.uniform(0.0, 6.28)) for turns in (1, 3, 7, 16)
        )
        across = (np.arange(TILE)[None, :] + 0.5 + 0.7 * sway) % TILE
        number = np.clip(np.searchsorted(edges, across, side="right") - 1, 0, _THREADS - 1)
        inside = (across - edges[number]) / (edges[number + 1] - edges[number]) * 2.0 - 1.0
        slubs = rng.uniform(0.45, 1.0, (_THREADS, 9))
        along = np.arange(TILE)[:, None] * (9.0 / TILE)
        first = along.astype(int) % 9
        slub = slubs[number, first] + (along % 1.0) * (slubs[number, (first + 1) % 9] - slubs[number, first])
        return ((1.0 - inside**2) * slub).astype(np.float32), number

    (warp, column), (weft, row) = threads(), threads()
    weft, row = weft.T, row.T
    over = (column + row) % 2 == 0
    height = np.where(over, warp, weft)
    fibre = rng.uniform(-1.0, 1.0, (TILE, TILE)).astype(np.float32)
    light = 0.5 * (height - float(height.mean())) + 0.35 * _lit(height) + 0.07 * fibre
    return np.asarray(light, np.float32)


def _lit(height: _Field) -> _Field:
    """Light from the upper left on a surface that goes on at its edges."""
    across = np.roll(height, -1, 1) - np.roll(height, 1, 1)
    down = np.roll(height, -1, 0) - np.roll(height, 1, 0)
    return np.asarray(np.clip(_LIGHT[0] * across + _LIGHT[1] * down, -1.0, 1.0), np.float32) * -1.0


def _around(way: _Field) -> _Field:
    return np.asarray(way - TILE * np.round(way / TILE), np.float32)
