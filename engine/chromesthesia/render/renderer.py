"""The frame: painting, flow and trails, glow, exposure meter, finish, flash limiter, on-screen display."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import moderngl

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.guard import Guard
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import UInt8
from chromesthesia.render.fixed import copy_pass, present_pass
from chromesthesia.render.flash_limiter import FlashLimiter, SlowSwitch
from chromesthesia.render.gl import is_software, unlocked_finish
from chromesthesia.render.grade import GRADIENT_SIZE, Grade, grade
from chromesthesia.render.hud import HudPainter, HudPicture
from chromesthesia.render.inputs import FrameInputs, HudInfo
from chromesthesia.render.motion import Motion, Moved
from chromesthesia.render.passes import Drawer, Target
from chromesthesia.render.shader_files import ShaderFiles
from chromesthesia.render.shaders import ShaderLibrary, UniformValue
from chromesthesia.render.targets import SizedTargets
from chromesthesia.render.values import choice, number

log = logging.getLogger(__name__)

_SOFTWARE_DETAIL = 0.6
_SOFTWARE_HELD_DETAIL = 0.5
_LEAST = 0.01  # an effect weaker than this is left out
_CEILING = 0.8
_PLAIN_PASSES = (
    "tensor", "tangent", "enlarge", "stroke", "relief", "blend", "flow", "halo", "levels", "meter",
)  # fmt: skip
_LOOK_CHOICES = ("view/fold", "view/facet", "trails/blend")


class Renderer:
    """Draws frames into an inner texture and, when asked, onto a window.

    Use from the one thread that owns `ctx`. It holds nothing that cannot be made again: after a lost context, make a
    new one and go on. shader_dir: a folder of the user's whose files win over the shipped ones; shaders: what
    an earlier renderer read there, so that this one draws from the same texts; guard: counts displays of figures that
    could not be painted and are left out. flash_limiter: hold flashes under three a second (see `flash_limiter`);
    wary: this renderer goes on for one whose context was lost.
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
        self._finish = finish
        self._motion = Motion()
        self._hud = HudPainter()
        self._guard = guard or Guard(SystemClock())
        self._hud_texture: moderngl.Texture | None = None
        self._hud_serial = -1
        self._gradient = ctx.texture((GRADIENT_SIZE, 1), 4)
        self._gradient.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._levels = Target.create(ctx, (1, 1), "f4")
        self._meter = Target.create(ctx, (1, 1), "f4")
        self._compile_all()
        self._present = present_pass(ctx)
        self._copy = copy_pass(ctx)
        self._at = SizedTargets(self.drawer, width, height, self.software, self.detail)
        held_detail = _SOFTWARE_HELD_DETAIL if self.software else 1.0
        self._limiter = FlashLimiter(ctx, width, height, held_detail, wary) if flash_limiter else None
        self._hud_switch = SlowSwitch[HudInfo]()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return self._at.size

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        """Holds the frame just drawn, row 0 at the top; valid until the next `resize`."""
        return self._at.shown.frame

    def resize(self, width: int, height: int) -> None:
        """Draw at another size from the next frame on; trails start anew."""
        if (width, height) != self._at.size:
            fresh = SizedTargets(self.drawer, width, height, self.software, self.detail)
            # The limiter goes on from the frame that was shown.
            self._copy.draw(fresh.frame.frame, (self._at.frame.texture,))
            self._at.release()
            self._at = fresh
            if self._limiter is not None:
                self._limiter.resize(width, height)

    def restart(self) -> None:
        """Forget motion, trails and pictures: the next frame is drawn as the first of a new renderer's."""
        self._motion = Motion()
        self._hud = HudPainter()
        self._hud_serial = -1
        self._at.drawn = False
        self._at.painting.forget()
        self._hud_switch = SlowSwitch[HudInfo]()
        if self._limiter is not None:
            self._limiter.restart()

    def render(self, inputs: FrameInputs, target: moderngl.Framebuffer | None = None) -> None:
        """Draw one frame; with `target` (a window's frame buffer) also onto it, stretched to its size."""
        frozen = bool(inputs.values.get("/master/freeze", False)) and self._at.drawn
        self.ctx.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        if not frozen:
            moved = self._motion.step(inputs.time_s, inputs.dt_s, inputs.values, inputs.heard)
            painting = self._at.painting.update(inputs, inputs.values)
            self._draw_scene(inputs, moved, painting)
            self._draw_light(inputs, moved)
            self._at.swap_frames()
            self._draw_finish(inputs, moved)
            if self._limiter is not None:
                self._limiter.limit(self._at.frame, self._at.frame_last, inputs.dt_s)
            self._at.drawn = True
        elif self._limiter is not None:
            self._limiter.wait(inputs.dt_s)
        self._at.shown = self._at.frame
        hud = inputs.hud if self._limiter is None else self._hud_switch.step(inputs.hud, inputs.dt_s)
        if hud is not None:
            self._draw_hud(inputs, hud)
        if target is not None:
            self._present.draw(target, (self._at.shown.texture,))
            if self.software:
                self._finish()

    def read_pixels(self, out: UInt8 | None = None) -> UInt8:
        """The frame just drawn: uint8 [H, W, 3], row 0 at the top.

        Written into `out` when given, else into a buffer of the renderer's that the next call overwrites. Waits for the
        frame with Python's lock released.
        """
        pixels = self._at.pixels if out is None else out
        self._finish()
        self._at.shown.frame.read_into(pixels, components=3, alignment=1)
        return pixels

    def reload_changed_shaders(self) -> str | None:
        """Take over edited shader files. Returns what is wrong while one does not compile (the last good ones stay)."""
        return self.library.reload_changed()

    def release(self) -> None:
        """Free everything on the GPU."""
        self._at.release()
        if self._limiter is not None:
            self._limiter.release()
        self._present.release()
        self._copy.release()
        self._levels.release()
        self._meter.release()
        self._gradient.release()
        if self._hud_texture is not None:
            self._hud_texture.release()
        self.library.release()

    # -- passes, in the order of the light ---------------------------------------------------------------------------

    def _draw_scene(self, inputs: FrameInputs, moved: Moved, painting: moderngl.Texture) -> None:
        values, draw = inputs.values, self.drawer.full_screen
        fold, facet, blend = (choice(values, f"/look/{name}") for name in _LOOK_CHOICES)
        draw(
            "flow.frag",
            self._at.flow.frame,
            {},
            {
                "u_aspect": self._at.aspect,
                "u_time": moved.flow_time_s,
                "u_round": moved.flow_round,
                "u_wide": moved.wide,
                "u_fine": moved.fine,
                "u_scale": number(values, "/look/flow/scale"),
                "u_swell": moved.swell,
                "u_ripple": moved.ripple,
                "u_rings": list(moved.rings),
            },
        )
        self._at.swap_scenes()
        draw(
            "scene.frag",
            self._at.scene.frame,
            {"u_flow": self._at.flow.texture, "u_painting": painting, "u_last": self._at.last.texture},
            {
                "u_aspect": self._at.aspect,
                "u_slide": moved.slide,
                "u_trail_turn": moved.trail_turn,
                "u_carry": moved.carry,
                "u_turn": moved.turn,
                "u_pan": moved.pan,
                "u_segments": number(values, "/look/view/segments"),
                "u_fold_turn": moved.fold_turn,
                "u_facet": number(values, "/look/view/facet_size"),
                "u_fall": moved.fall,
                "u_run": moved.run,
                "u_run_rounds": moved.run_rounds,
                "u_keep": moved.keep if self._at.drawn else 0.0,
                "u_lines": number(values, "/look/painting/lines"),
            },
            vertex="scene.vert",
            FOLD=fold,
            FACET=facet,
            BLEND=blend,
        )

    def _draw_light(self, inputs: FrameInputs, moved: Moved) -> None:
        values, draw = inputs.values, self.drawer.full_screen
        glow = number(values, "/look/finish/glow")
        vignette = number(values, "/look/finish/vignette")
        colors = grade(values, inputs.heard)
        self._gradient.write(colors.gradient)
        small = self._at.small.texture
        draw("halo.frag", self._at.small.frame, {"u_scene": self._at.scene.texture}, {})
        draw(
            "levels.frag",
            self._levels.frame,
            {"u_small": small},
            {"u_adapt": colors.adapt, "u_key": colors.key, "u_spread": colors.spread},
        )
        levels = self._levels.texture
        if glow > _LEAST:
            first = {"u_source": small, "u_levels": levels}
            second = {"u_source": self._at.halo_across.texture}
            draw("halo_blur.frag", self._at.halo_across.frame, first, {"u_step": (1, 0)}, FIRST=1)
            draw("halo_blur.frag", self._at.halo.frame, second, {"u_step": (0, 1)}, FIRST=0)
        shared = _grade_uniforms(colors)
        # The vignette darkens after the meter.
        floor = number(values, "/look/finish/floor") * (1.0 + 0.5 * vignette)
        draw(
            "meter.frag",
            self._meter.frame,
            {"u_small": small, "u_levels": levels, "u_gradient": self._gradient},
            {**shared, "u_floor": floor, "u_ceiling": _CEILING},
        )
        draw(
            "light.frag",
            self._at.lit.frame,
            {
                "u_scene": self._at.scene.texture,
                "u_halo": self._at.halo.texture,
                "u_meter": self._meter.texture,
                "u_levels": levels,
                "u_gradient": self._gradient,
            },
            {
                **shared,
                "u_aspect": self._at.aspect,
                "u_glow": glow,
                "u_vignette": vignette,
                "u_fog": moved.fog,
                "u_ambient": colors.ambient,
            },
            vertex="light.vert",
            GLOW=int(glow > _LEAST),
        )

    def _draw_finish(self, inputs: FrameInputs, moved: Moved) -> None:
        values = inputs.values
        split = number(values, "/look/finish/split")
        canvas = number(values, "/look/painting/canvas")
        self.drawer.full_screen(
            "finish.frag",
            self._at.frame.frame,
            {"u_lit": self._at.lit.texture},
            {
                "u_aspect": self._at.aspect,
                "u_split": split,
                "u_canvas": canvas,
                "u_weave": min(self._at.size[1] / 4.0, 180.0),
                "u_grain": number(values, "/look/finish/grain"),
                "u_grain_seed": moved.grain_seed,
                "u_brightness": number(values, "/master/brightness"),
            },
            vertex="place.vert",
            SPLIT=int(split > _LEAST),
            CANVAS=int(canvas > _LEAST),
        )

    def _draw_hud(self, inputs: FrameInputs, info: HudInfo) -> None:
        picture: HudPicture | None = None
        with self._guard.part("the display of figures"):
            picture = self._hud.paint(self._at.size, inputs.time_s, inputs.heard, info)
        if picture is None:
            return
        if self._hud_texture is None or self._hud_texture.size != picture.size:
            if self._hud_texture is not None:
                self._hud_texture.release()
            self._hud_texture = self.ctx.texture(picture.size, 4)
            self._hud_texture.repeat_x = self._hud_texture.repeat_y = False
            self._hud_texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
            self._hud_serial = -1
        if picture.serial != self._hud_serial:
            self._hud_texture.write(picture.pixels)
            self._hud_serial = picture.serial
        # A frozen frame must not collect one display over the other.
        self.ctx.copy_framebuffer(self._at.with_hud.frame, self._at.frame.frame)
        self._at.with_hud.frame.viewport = (picture.left, picture.top, *picture.size)
        self.ctx.enable(moderngl.BLEND)
        self.ctx.blend_func = (moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA)
        self._copy.draw(self._at.with_hud.frame, (self._hud_texture,))
        self.ctx.disable(moderngl.BLEND)
        self._at.shown = self._at.with_hud

    # -- what the passes draw with -----------------------------------------------------------------------------------

    def _compile_all(self) -> None:
        """Compile the plain variant of every pass now, so that a broken file fails at the start."""
        self.library.program("scene.frag", "scene.vert", FOLD=0, FACET=0, BLEND=0)
        self.library.program("halo_blur.frag", FIRST=0)
        self.library.program("light.frag", "light.vert", GLOW=0)
        self.library.program("finish.frag", "place.vert", SPLIT=0, CANVAS=0)
        for name in _PLAIN_PASSES:
            self.library.program(f"{name}.frag")


def _grade_uniforms(colors: Grade) -> dict[str, UniformValue]:
    return {"u_color": tuple(float(x) for x in colors.color.T.ravel()), "u_own": colors.own}
