"""What lamps take of the picture: mean colours of its parts, and its chief colours. Linear light, 0..1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32, UInt8
from chromesthesia.ports.dmx.patch import PALETTE_SIZE

Region = tuple[float, float, float, float]
_LEVELS = np.arange(256) / 255.0
LINEAR: Float32 = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
"""Linear light of the 256 levels of sRGB."""
_EVERY = 2
"""Every second point each way is looked at."""
_PULL = 0.3
"""So far a chief colour goes towards its own part of a new picture: colours do not change places."""


class MeanColours:
    """Mean colours of parts of a picture, all at once. regions: left, top, width, height, 0..1 each."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._regions = np.array(regions, np.float64).reshape(-1, 4)
        self._shape: tuple[int, ...] = ()
        self._bounds: tuple[NDArray[np.intp], ...] = ()

    def of(self, linear: Float32) -> NDArray[np.float64]:
        """float64 [regions, 3]. linear: float32 [H, W, 3]."""
        height, width = linear.shape[:2]
        if self._shape != linear.shape:
            self._shape = linear.shape
            left = np.minimum((self._regions[:, 0] * width).astype(np.intp), width - 1)
            top = np.minimum((self._regions[:, 1] * height).astype(np.intp), height - 1)
            right = np.rint((self._regions[:, 0] + self._regions[:, 2]) * width).astype(np.intp)
            bottom = np.rint((self._regions[:, 1] + self._regions[:, 3]) * height).astype(np.intp)
            self._bounds = (left, top, np.maximum(right, left + 1), np.maximum(bottom, top + 1))
        left, top, right, bottom = self._bounds
        sums = np.zeros((height + 1, width + 1, 3))
        sums[1:, 1:] = linear.cumsum(0, dtype=np.float64).cumsum(1)
        inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return np.asarray(inside / ((right - left) * (bottom - top))[:, None])


class ChiefColours:
    """Five colours that stand for a picture, from dark to bright in the first one and each followed from then on."""

    def __init__(self) -> None:
        self._centres: Float32 | None = None

    def step(self, linear: Float32) -> Float32:
        """The colours of the newest picture, float32 [5, 3]."""
        points = linear[::_EVERY, ::_EVERY].reshape(-1, 3)
        # Distances as the eye has them, not as light has.
        seen = np.sqrt(points)
        if self._centres is None:
            order = np.argsort(seen.sum(axis=1), kind="stable")
            parts = np.array_split(order, PALETTE_SIZE)
            self._centres = np.stack([seen[part].mean(axis=0) for part in parts]).astype(np.float32)
        for _ in range(2):
            distances = ((seen[:, None, :] - self._centres[None]) ** 2).sum(axis=2)
            nearest = distances.argmin(axis=1)
            for index in range(PALETTE_SIZE):
                own = seen[nearest == index]
                if len(own):
                    self._centres[index] += _PULL * (own.mean(axis=0) - self._centres[index])
        return np.asarray(self._centres**2, np.float32)


def linear_of(pixels: UInt8) -> Float32:
    """Linear light of sRGB pixels uint8 [H, W, 3]."""
    return np.asarray(LINEAR[pixels], np.float32)
