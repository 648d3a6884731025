"""The textures a frame is made in, at one size of the picture."""

from __future__ import annotations

import numpy as np

from chromesthesia.core.errors import RenderError
from chromesthesia.core.records import UInt8
from chromesthesia.render.painting import Painting
from chromesthesia.render.passes import Drawer, Target

LEAST_SIDE = 16
"""Least width and height of a picture in pixels."""
_FLOW_SHARE = 8  # picture pixels per flow pixel
_SMALL_SHARE = 4  # scene pixels per glow pixel


class SizedTargets:
    """Every texture whose size follows the size of the picture.

    detail: scene pixels per picture pixel, each way. frame, frame_last: the picture and the one before it. shown: the
    target that holds the finished frame; drawn: whether there is one yet. Raises RenderError when the size is not
    usable.
    """

    def __init__(self, drawer: Drawer, width: int, height: int, software: bool, detail: float) -> None:
        ctx = drawer.ctx
        limit = int(ctx.info["GL_MAX_TEXTURE_SIZE"])
        if not (LEAST_SIDE <= width <= limit and LEAST_SIDE <= height <= limit):
            raise RenderError(
                f"picture size {width} x {height}", f"give {LEAST_SIDE} to {limit} pixels a side"
            )
        self.size = (width, height)
        self.aspect = width / height
        inner = _shrunk(self.size, 1.0 / detail)
        small = _shrunk(inner, _SMALL_SHARE)
        self.painting = Painting(drawer, painting_size(height, software))
        self.flow = Target.create(ctx, _shrunk(self.size, _FLOW_SHARE), "f4", linear=True)
        self.scene = Target.create(ctx, inner, "f2", linear=True)
        self.last = Target.create(ctx, inner, "f2", linear=True)
        self.small = Target.create(ctx, small, "f2")
        self.halo_across = Target.create(ctx, small, "f2")
        self.halo = Target.create(ctx, small, "f2", linear=True)
        self.lit = Target.create(ctx, inner, linear=True)
        self.frame = Target.create(ctx, self.size, linear=True)
        self.frame_last = Target.create(ctx, self.size, linear=True)
        self.with_hud = Target.create(ctx, self.size, linear=True)
        self.shown = self.frame
        self.pixels: UInt8 = np.empty((height, width, 3), np.uint8)
        self.drawn = False

    def swap_scenes(self) -> None:
        """The scene just drawn becomes the last one."""
        self.scene, self.last = self.last, self.scene

    def swap_frames(self) -> None:
        """The frame just drawn becomes the last one."""
        self.frame, self.frame_last = self.frame_last, self.frame

    def release(self) -> None:
        """Free them."""
        self.painting.release()
        for target in (
            self.flow, self.scene, self.last, self.small, self.halo_across, self.halo, self.lit, self.frame,
            self.frame_last, self.with_hud,
        ):  # fmt: skip
            target.release()


def painting_size(height: int, software: bool) -> int:
    """Side of the worked-over painting in pixels for a picture `height` pixels high."""
    share, least, most = (0.62, 192, 512) if software else (1.0, 256, 1024)
    return int(min(max(32 * round(share * height / 32), least), most))


def _shrunk(size: tuple[int, int], share: float) -> tuple[int, int]:
    return max(1, round(size[0] / share)), max(1, round(size[1] / share))
