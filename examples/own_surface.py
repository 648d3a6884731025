"""A show on a surface of one's own: a wall of 32 by 18 lamps."""

from typing import Any

import moderngl
import numpy as np

from chromesthesia import Show, ShowConfig

EGL: Any = {"backend": "egl"}  # on Linux; {} elsewhere


class Wall:
    def __init__(self) -> None:
        self.ctx = moderngl.create_context(standalone=True, **EGL)
        self.size, self.screen = (32, 18), self.ctx.simple_framebuffer((32, 18))

    def present(self) -> None:
        lamps = np.frombuffer(self.screen.read(), np.uint8).reshape(18, 32, 3)[::-1]
        print(f"the brightest lamp is at {lamps.sum(axis=2).argmax()}, send all of them here")

    def close(self) -> None:
        self.ctx.release()


Show(ShowConfig(source="demo", duration_s=1, osc_in_port=0), surface=Wall).run()
