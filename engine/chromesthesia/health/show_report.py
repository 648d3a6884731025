"""What a show says of itself when it is over."""

from __future__ import annotations

import platform
from collections.abc import Mapping

import numpy as np

from chromesthesia.core.records import Float32, UInt8
from chromesthesia.core.version import __version__

FLAT_BELOW = 2.0
"""Standard deviation of pixel values (0..255) below which a frame counts as flat."""
BLACK_BELOW = 4.0
"""Mean of pixel values below which a frame counts as black."""


class PictureWatch:
    """Looks at a thin grid of pixels of every frame: is it black, flat, or the same as the one before?"""

    def __init__(self) -> None:
        self.black_frames = 0
        self.flat_frames = 0
        self._seen = 0
        self._change = 0.0
        self._mean = 0.0
        self._last: Float32 | None = None

    def frame(self, pixels: UInt8) -> None:
        """Take pixels uint8 [H, W, 3]."""
        grid = pixels[::16, ::16].astype(np.float32)
        self._seen += 1
        self.black_frames += bool(grid.mean() < BLACK_BELOW)
        self.flat_frames += bool(grid.std() < FLAT_BELOW)
        self._mean += float(grid.mean())
        if self._last is not None and self._last.shape == grid.shape:
            self._change += float(np.abs(grid - self._last).mean())
        self._last = grid

    def counts(self) -> dict[str, int]:
        """How many pictures showed nothing."""
        return {"black": self.black_frames, "flat": self.flat_frames}

    def summary(self) -> Mapping[str, float | int | None]:
        """Counts, the mean pixel value and the mean change between frames (0..255); None without frames."""
        pairs = max(1, self._seen - 1)
        return {
            "seen": self._seen,
            "black_frames": self.black_frames,
            "flat_frames": self.flat_frames,
            "mean": round(self._mean / self._seen, 2) if self._seen else None,
            "mean_change": round(self._change / pairs, 3) if self._seen else None,
        }


def machine() -> Mapping[str, object]:
    """Which engine on which machine."""
    return {
        "engine": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
    }
