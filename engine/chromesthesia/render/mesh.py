"""A mesh that a picture is bent over: points that a person pulled, and the fine net of triangles between them."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.errors import RenderError

Point = tuple[float, float]
FEWEST, MOST = 2, 17
"""Points each way."""
FARTHEST = 8.0
"""Points lie at most so far from the upper left corner, in widths and heights of the part."""
MARGIN = 0.02
"""The net reaches so far beyond the picture's edges, so that an edge can be drawn smooth."""
_FINE = 48
"""Cells of the net each way, at least."""

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mesh:
    """Where points of a picture lie, before its corners are pinned. Checked when it is made: raises RenderError.

    columns, rows: how many points each way, 2 to 17. points: row by row from the upper left, 0..1 of the picture where
    nothing is bent; beyond 0..1 reaches beyond the corners. smooth: curves run through the points, else straight lines.
    """

    columns: int
    rows: int
    points: tuple[Point, ...]
    smooth: bool = True

    def __post_init__(self) -> None:
        """Check it."""
        if not (FEWEST <= self.columns <= MOST and FEWEST <= self.rows <= MOST):
            raise RenderError(
                f"a mesh has {self.columns} x {self.rows} points", f"give {FEWEST} to {MOST} each way"
            )
        if len(self.points) != self.columns * self.rows:
            raise RenderError(
                f"a mesh of {self.columns} x {self.rows} has {len(self.points)} points",
                f"give {self.columns * self.rows}, row by row from the upper left",
            )
        for number, point in enumerate(self.points):
            if not all(math.isfinite(x) and abs(x) <= FARTHEST for x in point):
                raise RenderError(
                    f"{self._named(number)} of a mesh is at ({point[0]:g}, {point[1]:g})",
                    f"give numbers of at most {FARTHEST:g}",
                )
        place = folded(self)
        if place is not None:
            raise RenderError(
                f"a mesh is folded over itself near {self._named(place)}",
                "pull it back: cells must not turn over",
            )

    @classmethod
    def even(cls, columns: int, rows: int, smooth: bool = True) -> Mesh:
        """One that bends nothing."""
        return cls(
            columns,
            rows,
            tuple((x / (columns - 1), y / (rows - 1)) for y in range(rows) for x in range(columns)),
            smooth,
        )

    @property
    def is_even(self) -> bool:
        """Whether it bends nothing."""
        even = (
            (x / (self.columns - 1), y / (self.rows - 1))
            for y in range(self.rows)
            for x in range(self.columns)
        )
        return all(math.dist(one, other) < 1e-9 for one, other in zip(self.points, even, strict=True))

    def moved(self, number: int, point: Point) -> Mesh:
        """The same with one point elsewhere. Raises RenderError where that folds it."""
        points = list(self.points)
        points[number] = point
        return Mesh(self.columns, self.rows, tuple(points), self.smooth)

    def _named(self, number: int) -> str:
        return f"point {number % self.columns + 1} of row {number // self.columns + 1}"


def net(mesh: Mesh, margin: float = MARGIN) -> tuple[Float64, NDArray[np.uint32]]:
    """The net: float64 [N, 4] of where each knot lies (x, y) and what it shows (u, v), and triangles uint32 [M, 3]."""
    u, over_columns = _weights(mesh.columns, mesh.smooth, margin)
    v, over_rows = _weights(mesh.rows, mesh.smooth, margin)
    points = np.array(mesh.points).reshape(mesh.rows, mesh.columns, 2)
    at = np.einsum("yr,xc,rcp->yxp", over_rows, over_columns, points)
    shows = np.stack(np.meshgrid(u, v), axis=-1)
    knots = np.concatenate([at, shows], axis=-1).reshape(-1, 4)
    number = np.arange(len(knots), dtype=np.uint32).reshape(len(v), len(u))
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
    triangles = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    return knots, triangles


@functools.lru_cache(maxsize=64)
def folded(mesh: Mesh) -> int | None:
    """The point nearest to a triangle that is turned over; None where none is."""
    knots, triangles = net(mesh, margin=0.0)
    corners = knots[triangles]
    a, b, c = (corners[:, n, :2] for n in range(3))
    turned = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    signs = np.sign(turned)
    most = 1.0 if (signs > 0).sum() * 2 >= len(signs) else -1.0
    wrong = np.flatnonzero(signs != most)
    if not len(wrong):
        return None
    u, v = corners[wrong[0], :, 2:].mean(axis=0)
    return round(float(v) * (mesh.rows - 1)) * mesh.columns + round(float(u) * (mesh.columns - 1))


def _weights(count: int, smooth: bool, margin: float) -> tuple[Float64, Float64]:
    """Where the net's knots are, 0..1 and a margin, and how much of each of `count` points each is made of."""
    cells = count - 1
    per_cell = max(4, math.ceil(_FINE / cells))
    t = np.linspace(0.0, cells, cells * per_cell + 1)
    if margin:
        t = np.concatenate([[-margin * cells], t, [cells + margin * cells]])
    first = np.clip(np.floor(t), 0, cells - 1).astype(int)
    s = t - first
    weights = np.zeros((len(t), count))
    row = np.arange(len(t))
    inside = (t >= 0.0) & (t <= cells)
    # A Catmull-Rom curve; its neighbours beyond the ends lie on the straight line there, as the margin does.
    bent = inside & smooth
    straight = ~bent
    np.add.at(weights, (row[straight], first[straight]), 1.0 - s[straight])
    np.add.at(weights, (row[straight], first[straight] + 1), s[straight])
    s, row, first = s[bent], row[bent], first[bent]
    shares = (
        0.5 * (-s + 2.0 * s**2 - s**3),
        0.5 * (2.0 - 5.0 * s**2 + 3.0 * s**3),
        0.5 * (s + 4.0 * s**2 - 3.0 * s**3),
        0.5 * (-(s**2) + s**3),
    )
    for offset, share in zip((-1, 0, 1, 2), shares, strict=True):
        point = first + offset
        before, behind = point < 0, point >= count
        there = ~(before | behind)
        np.add.at(weights, (row[there], point[there]), share[there])
        np.add.at(weights, (row[before], np.zeros(before.sum(), int)), 2.0 * share[before])
        np.add.at(weights, (row[before], np.ones(before.sum(), int)), -share[before])
        np.add.at(weights, (row[behind], np.full(behind.sum(), count - 1)), 2.0 * share[behind])
        np.add.at(weights, (row[behind], np.full(behind.sum(), count - 2)), -share[behind])
    return t / cells, weights
