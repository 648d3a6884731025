"""The frame: the look, flash limiter, on-screen display; and its way onto outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import moderngl
import msgspec
import numpy as np

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import RenderError
from chromesthesia.core.guard import Guard
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import UInt8
from chromesthesia.isf.shader import IsfShader
from chromesthesia.params.live import Values
from chromesthesia.params.sound import MASTER_BRIGHTNESS, MASTER_FREEZE
from chromesthesia.render.crossfade import CrossFade
from chromesthesia.render.fixed import copy_pass
from chromesthesia.render.flash_limiter import FlashLimiter, SlowSwitch
from chromesthesia.render.gl import is_software, marks_of, unlocked_finish, unlocked_flush
from chromesthesia.render.graph import Graph, Size
from chromesthesia.render.hud_layer import HudLayer
from chromesthesia.render.inputs import FrameInputs, HudInfo
from chromesthesia.render.look import Look
from chromesthesia.render.look_graph import Frame
from chromesthesia.render.output import PLAIN, OutputPass, OutputShape
from chromesthesia.render.passes import Drawer, Target
from chromesthesia.render.shader_files import ShaderFiles
from chromesthesia.render.shaders import ShaderLibrary

_SOFTWARE_DETAIL = 0.6
_SOFTWARE_HELD_DETAIL = 0.5
LEAST_LIGHT = 1.0 / 512.0
"""A picture that is held still is drawn again when its brightness moved by more than this."""
LEAST_SIDE = 16
"""Least width and height of a picture in pixels."""


class Renderer:
    """Draws frames, each once, into a texture of its own; windows and other outputs show that.

    Use from the one thread that owns `ctx`. It holds nothing that cannot be made again: after a lost context, make a
    new one and go on. shader_dir: a folder of the user's whose files win over the shipped ones; shaders: what
    an earlier renderer read there, so that this one draws from the same texts; guard: counts displays of figures that
    could not be painted and are left out. flash_limiter: hold flashes under three a second (see `flash_limiter`);
    wary: this renderer goes on for one whose context was lost; good_isf: the ISF shaders that one drew.
    Raises RenderError when a shader does not compile at the start, or when the size is not usable.
    """

    def __init__(
        self,
        ctx: moderngl.Context,
        width: int,
        height: int,
        shader_dir: Path | Sequence[Path] | None = None,
        shaders: ShaderFiles | None = None,
        guard: Guard | None = None,
        flash_limiter: bool = True,
        wary: bool = False,
        good_isf: dict[str, IsfShader] | None = None,
    ) -> None:
        if shaders is None:
            shaders = ShaderFiles(
                shader_dir if isinstance(shader_dir, Sequence) else resource_dirs("shaders", shader_dir)
            )
        self.ctx = ctx
        self.software = is_software(ctx)
        self.detail = _SOFTWARE_DETAIL if self.software else 1.0
        """Scene pixels per picture pixel, each way; the last pass always runs at the size of the picture."""
        self.library = ShaderLibrary(ctx, shaders)
        finish = unlocked_finish(ctx)
        self.drawer = Drawer(ctx, self.library, after_pass=finish if self.software else None)
        self.drawer.start = unlocked_flush()
        marks = marks_of(ctx)
        self.drawer.fence = None if marks is None else marks.put
        self._finish = finish
        self._size = _checked(ctx, width, height)
        self._share = 1.0
        self._enlarge = copy_pass(ctx)
        self._enlarged: Target | None = None
        self._fade = CrossFade(ctx)
        self._look = Look(self.drawer, self._size, self.detail, self.software, finish, good_isf)
        self._drawn = False
        self._lit = 0.0
        self._shown = self._result
        self._pixels: UInt8 = np.empty((height, width, 3), np.uint8)
        self._output = OutputPass(ctx)
        held_detail = _SOFTWARE_HELD_DETAIL if self.software else 1.0
        self._limiter = FlashLimiter(ctx, width, height, held_detail, wary) if flash_limiter else None
        self._hud = HudLayer(ctx, self._size, guard or Guard(SystemClock()))
        self._hud_switch = SlowSwitch[HudInfo]()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return self._size

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        """Holds the frame just drawn, row 0 at the top; valid until the next `resize` or `change_graph`."""
        self._shown = self._full(self._shown)
        return self._shown.frame

    @property
    def graph(self) -> Graph[Frame]:
        """What is drawn from the painting to the finished picture, without the ISF shaders that are shown."""
        return self._look.graph

    def change_graph(
        self, graph: Graph[Frame], textures: Mapping[str, moderngl.Texture] | None = None
    ) -> None:
        """Draw another graph from the next frame on; what both keep goes on.

        textures: for the graph's imports beside the painting and the gradient; whoever gives them releases them, after
        the graph was changed again. The flash limiter and the display come behind the graph's result whatever it is.
        Raises RenderError for a shader that does not compile, a size that is not usable, an import without a texture,
        or a result that cannot be shown; the old graph stays then.
        """
        self._look.change_graph(graph, {} if textures is None else dict(textures))
        self._shown = self._result

    def resize(self, width: int, height: int) -> None:
        """Draw at another size from the next frame on; trails start anew.

        Raises RenderError for a size that is not usable, and then nothing has changed.
        """
        if (width, height) == self._size:
            return
        old = self._size
        self._size = _checked(self.ctx, width, height)
        try:
            self._lay_out()
        except RenderError:
            self._size = old
            raise
        self._fade.stop()
        self._hud.resize(self._size)
        self._pixels = np.empty((height, width, 3), np.uint8)

    def draw_share(self, share: float) -> None:
        """Draw only `share` of the pixels each way from the next frame on, and stretch what comes of it to where it is
        shown, or to `size` for whoever reads it.

        The display of figures stays sharp, outputs and `read_pixels` keep their size. Raises RenderError for a share
        that leaves no picture, and then nothing has changed.
        """
        if share == self._share:
            return
        before, self._share = self._share, share
        try:
            self._lay_out()
        except RenderError:
            self._share = before
            raise

    def fade(self, length_s: float) -> None:
        """Let the frame shown last go within `length_s`, while what draws the next is changed."""
        if self._drawn and length_s > 0.0:
            self._fade.begin(self._shown.texture, self._size, length_s)

    def _lay_out(self) -> None:
        width, height = self._size
        drawn = _checked(
            self.ctx,
            min(width, max(LEAST_SIDE, round(width * self._share))),
            min(height, max(LEAST_SIDE, round(height * self._share))),
        )
        self._look.lay_out(drawn)
        if self._enlarged is not None:
            self._enlarged.release()
            self._enlarged = None
        if drawn != self._size:
            self._enlarged = Target.create(self.ctx, self._size, linear=True)
        self._drawn = False
        self._shown = self._result
        if self._limiter is not None:
            self._limiter.resize(*drawn)

    def restart(self) -> None:
        """Forget motion, trails and pictures: the next frame is drawn as the first of a new renderer's."""
        self._look.restart()
        self._hud.restart()
        self._drawn = False
        self._hud_switch = SlowSwitch[HudInfo]()
        self._fade.stop()
        if self._limiter is not None:
            self._limiter.restart()

    def state(self) -> dict[str, Any]:
        """All that later frames depend on beside their inputs, as plain values; `restore` takes it.

        Reads textures of a few frames' size back: milliseconds. The pictures of the generator are not in it.
        """
        shown, since_s = self._hud_switch.state()
        return {
            "size": list(self._size),
            "detail": self.detail,
            "drawn": self._drawn,
            "motion": self._look.motion_state(),
            "buffers": self._look.buffers(),
            "limiter": None if self._limiter is None else self._limiter.state(),
            "hud": self._hud.state(),
            "hud_shown": None if shown is None else msgspec.to_builtins(shown),
            "hud_since_s": since_s,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`, of a renderer of this size, detail and graph. Raises ValueError for another."""
        if list(state["size"]) != list(self._size) or state["detail"] != self.detail:
            raise ValueError(
                f"a picture of {state['size']} drawn at {state['detail']}, this one is {self._size}"
            )
        if (state["limiter"] is None) != (self._limiter is None):
            raise ValueError("drawn with the flash limiter on, or off, and this is the other")
        self.restart()
        self._look.restore_motion(state["motion"])
        self._look.restore_buffers(state["buffers"])
        if self._limiter is not None:
            self._limiter.restore(state["limiter"])
        self._hud.restore(state["hud"])
        shown = None if state["hud_shown"] is None else msgspec.convert(state["hud_shown"], HudInfo)
        self._hud_switch.restore(shown, float(state["hud_since_s"]))
        self._drawn = bool(state["drawn"])
        self._shown = self._result

    def motion_state(self) -> dict[str, Any]:
        """The part of `state` that no later frame would come right without: a few numbers, nothing is read back."""
        return self._look.motion_state()

    def restore_motion(self, state: Mapping[str, Any]) -> None:
        """Go on with the motion of another renderer; trails stay. Raises ValueError for another state."""
        self._look.restore_motion(state)

    def skip(self, inputs: FrameInputs) -> None:
        """A frame that there is no time to draw: what moves goes on as if it had been drawn, what is shown stays."""
        if not (inputs.values.get(MASTER_FREEZE.path) and self._drawn):
            self._look.move(inputs)
        if self._limiter is not None:
            self._limiter.wait(inputs.dt_s)

    def render(
        self,
        inputs: FrameInputs,
        target: moderngl.Framebuffer | None = None,
        late: Callable[[], FrameInputs] | None = None,
    ) -> None:
        """Draw one frame; with `target` (a window's frame buffer) also show it there, stretched to its size.

        late: asked for these inputs with their `later` when all is drawn but the passes that follow that. It may wait;
        it is not asked in a frame that draws no such pass.
        """
        values = Values.of(inputs.values)
        # A fader for the room moves the light of a picture that is held still, too.
        lit = values[MASTER_BRIGHTNESS]
        frozen = values[MASTER_FREEZE] and self._drawn and abs(lit - self._lit) < LEAST_LIGHT
        self.ctx.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        if not frozen:
            self._lit = lit
            self._look.draw(inputs, not self._drawn, self.fade, late)
            if self._limiter is not None:
                self._limiter.limit(self._result, self._look.result_before, inputs.dt_s)
            self._drawn = True
        elif self._limiter is not None:
            self._limiter.wait(inputs.dt_s)
        hud = inputs.hud
        if self._limiter is not None:
            hud = self._hud_switch.step(hud, inputs.dt_s, self._limiter.asks_room)
        frame = self._result
        if self._fade.running or hud is not None:
            frame = self._full(frame)
        frame = self._fade.draw(frame, inputs.dt_s)
        self._shown = frame if hud is None else self._hud.draw(frame, inputs, hud)
        if target is not None:
            self.show(target)

    def prepare(self, inputs: FrameInputs) -> None:
        """Work over the pictures of `inputs` that are new, as `render` would: what takes longest in a frame and does
        not depend on what is heard."""
        self.ctx.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self._look.prepare(inputs)

    def finish(self) -> None:
        """Wait until the frame is drawn, with Python's lock released."""
        self._finish()

    def show(self, target: moderngl.Framebuffer, shape: OutputShape = PLAIN, upright: bool = False) -> None:
        """Show the frame just drawn on one more output; see `OutputPass.draw`."""
        self._output.draw(self._shown.texture, target, shape, upright)
        if self.software:
            self._finish()

    def read_pixels(self, out: UInt8 | None = None) -> UInt8:
        """The frame just drawn: uint8 [H, W, 3], row 0 at the top.

        Written into `out` when given, else into a buffer of the renderer's that the next call overwrites. Waits for the
        frame with Python's lock released.
        """
        pixels = self._pixels if out is None else out
        frame = self.framebuffer
        self._finish()
        frame.read_into(pixels, components=3, alignment=1)
        return pixels

    def reload_changed_shaders(self) -> str | None:
        """Take over edited shader files. Returns what is wrong while one does not compile (the last good ones stay).

        What is wrong with an ISF shader too, which comes with the inputs of a frame.
        """
        return self.library.reload_changed() or self._look.isf_error

    @property
    def shader_generation(self) -> int:
        """Grows whenever shaders were replaced."""
        return self.library.generation

    def take_back_shaders(self, why: str) -> None:
        """Draw with the shaders from before the last reload again; see `ShaderLibrary.take_back`."""
        self.library.take_back(why)

    def keep_shaders(self) -> None:
        """Those from before the last reload are not needed any more."""
        self.library.keep()

    def release(self) -> None:
        """Free everything on the GPU."""
        self._look.release()
        if self._limiter is not None:
            self._limiter.release()
        self._output.release()
        self._enlarge.release()
        self._fade.release()
        if self._enlarged is not None:
            self._enlarged.release()
        self._hud.release()
        self.library.release()

    @property
    def floats(self) -> list[moderngl.Texture]:
        """Textures of floats behind the frame just drawn: the graph's, and what the flash limiter judges by."""
        return [*self._look.floats, *(() if self._limiter is None else self._limiter.floats)]

    @property
    def _result(self) -> Target:
        return self._look.result

    def _full(self, frame: Target) -> Target:
        """`frame` at the size of the picture: drawn with fewer pixels it is enlarged, once."""
        if self._enlarged is None or frame.texture.size == self._size:
            return frame
        self._enlarge.draw(self._enlarged.frame, (frame.texture,))
        return self._enlarged


def _checked(ctx: moderngl.Context, width: int, height: int) -> Size:
    limit = int(ctx.info["GL_MAX_TEXTURE_SIZE"])
    if not (LEAST_SIDE <= width <= limit and LEAST_SIDE <= height <= limit):
        raise RenderError(f"picture size {width} x {height}", f"give {LEAST_SIDE} to {limit} pixels a side")
    return width, height
