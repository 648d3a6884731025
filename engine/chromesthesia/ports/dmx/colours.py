"""What lamps take of the picture: mean colours of its parts, and its chief colours. Linear light, 0..1."""

from __future__ import annotations

import numpy as np

from chromesthesia.core.records import Float32, UInt8
from chromesthesia.ports.dmx.patch import PALETTE_SIZE

_LEVELS = np.arange(256) / 255.0
LINEAR: Float32 = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
"""Linear light of the 256 levels of sRGB."""
_PULL = 0.3
"""So far a chief colour goes towards its own part of a new picture: colours do not change places."""


def mean_colour(linear: Float32, region: tuple[float, float, float, float]) -> Float32:
    """Mean of a part of the picture, float32 [3]. linear: float32 [H, W, 3]; region: left, top, width, height, 0..1."""
    height, width = linear.shape[:2]
    left, top = min(int(region[0] * width), width - 1), min(int(region[1] * height), height - 1)
    right = max(left + 1, round((region[0] + region[2]) * width))
    bottom = max(top + 1, round((region[1] + region[3]) * height))
    return np.asarray(linear[top:bottom, left:right].mean(axis=(0, 1)), np.float32)


class ChiefColours:
    """Five colours that stand for a picture, from dark to bright in the first one and each followed from then on."""

    def __init__(self) -> None:
        self._centres: Float32 | None = None

    def step(self, linear: Float32) -> Float32:
        """The colours of the newest picture, float32 [5, 3]."""
        points = linear.reshape(-1, 3)
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
