"""The surface and the renderer on it, made again when OpenGL fails: the output never goes dark for good."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import moderngl

from chromesthesia.core.errors import RenderError
from chromesthesia.core.guard import Guard
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import UInt8
from chromesthesia.core.user_files import one_line
from chromesthesia.display.outputs import OpenOutputs, Output, no_outputs
from chromesthesia.display.surface import Surface
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.output import PLAIN, OutputShape
from chromesthesia.render.renderer import Renderer

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
SETTLED_S = 5.0
"""After drawing for so long a failure is a new one, whatever its reason."""
FIRST_PATIENCE_S, LONGEST_PATIENCE_S = 5.0, 60.0
KEPT_REASONS = 8
SHADER_POLL_S = 0.5
CROSSFADE_S = 0.6
"""How long the frame shown last goes on to be seen when what draws the next is another."""
GL_ERRORS = (moderngl.Error, RenderError)
"""What a lost context, driver or window raises; anything else is a fault of ours that a new context would not mend."""


def _nothing() -> None:
    pass


def _nobody_waits() -> None:
    """Where nobody asks how far it is."""


class Light:
    """Draws frames, and makes the surface and the renderer again when OpenGL was lost. Nothing that fails in it raises.

    A failing OpenGL call means a lost context: both are made again after a pause of 0.1 to 5 s. What then fails for the
    same reason is no lost context, nor is any other exception: the frame is left out and drawn again with the next,
    and only when none was drawn for 5 to 60 s all is made again.

    Main thread only. `frames` counts frames that were drawn and shown, `recoveries` how often OpenGL was made again.
    `surface` and `renderer` are None while there is none.
    """

    def __init__(
        self,
        open_surface: Callable[[], Surface],
        make_renderer: Callable[[Surface], Renderer],
        clock: Clock,
        guard: Guard | None = None,
        open_outputs: OpenOutputs = no_outputs,
    ) -> None:
        """open_outputs: what else shows every frame. Raises what the first surface, renderer or output raises."""
        self._open_surface = open_surface
        self._make_renderer = make_renderer
        self._open_outputs = open_outputs
        self._clock = clock
        self._guard = guard or Guard(clock)
        self.surface: Surface | None = open_surface()
        self._size = self.surface.size
        self.renderer: Renderer | None = make_renderer(self.surface)
        self.outputs: Sequence[Output] = open_outputs(self.surface)
        self.frames = 0
        self.recoveries = 0
        self.drawn_s = self.shown_s = 0.0
        """When the last frame was finished, and when it had been handed to the display, on the clock."""
        self.shape: OutputShape = PLAIN
        """What the surface shows of the frame, and how."""
        self.progress: Callable[[], None] = _nobody_waits
        """Called when another part of OpenGL is there again: all of it may take longer than a frame may."""
        self.refused: RenderError | None = None
        """The error of our own that kept the last frame from being drawn, e.g. of a shader."""
        self._share = 1.0
        self.crossfade_s = CROSSFADE_S
        """How long the frame shown last is still seen when what draws the next was changed; 0: not at all."""
        self.reloaded: Callable[[], None] = _nothing
        """Called when edited shaders were taken over."""
        self._trouble = ""
        self._shader_error = ""
        self._lost_for: set[str] = set()
        self._moving = False
        self._good_since_s: float | None = None
        self._failing_since_s: float | None = None
        self._pause_s = FIRST_PAUSE_S
        self._patience_s = FIRST_PATIENCE_S
        self._retry_s = 0.0
        self._poll_s = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures, without a renderer of the last; a surface may show them larger."""
        if self.renderer is not None:
            self._size = self.renderer.size
        return self._size

    @property
    def message(self) -> str:
        """What a person should read about OpenGL, a window that is not there or a shader; empty when all is well."""
        return self._trouble or str(getattr(self.surface, "unseen", "")) or self._shader_error

    def draw(
        self, inputs: FrameInputs, want_pixels: bool, late: Callable[[], FrameInputs] | None = None
    ) -> UInt8 | None:
        """Draw and show one frame; its pixels uint8 [H, W, 3] when wanted (always without a screen).

        late: see `Renderer.render`.
        The array is valid until the next call. None also when this frame could not be drawn; then `frames` stays.
        """
        if self.renderer is None and not self._recover():
            return None
        assert self.renderer is not None
        assert self.surface is not None
        try:
            screen = self.surface.screen
            self.renderer.render(inputs, screen if self.shape.is_plain else None, late)
            if screen is not None and not self.shape.is_plain:
                self.renderer.show(screen, self.shape)
            for output in self.outputs:
                with self._guard.part(f"output {output.name}"):
                    self.renderer.show(output.target, output.shape, output.upright)
                    output.present()
            self.renderer.finish()
            self.drawn_s = self._clock.now_s()
            self.surface.present()
            self.shown_s = self._clock.now_s()
            # Behind the showing: whoever keeps the picture does not hold it up.
            pixels = self.renderer.read_pixels() if want_pixels or screen is None else None
        except Exception as error:  # whatever it is: the next frame may be drawn, or all is made again
            self._fail(error)
            return None
        self._succeed()
        return pixels

    def prepare(self, inputs: FrameInputs) -> None:
        """Work over pictures of the generator that `inputs` shows first, so that the frame itself need not."""
        if self.renderer is not None:
            with self._guard.part("preparing"):
                self.renderer.prepare(inputs)

    @property
    def waits_for_display(self) -> bool:
        """True where showing a frame waits for the display's own rhythm."""
        return bool(getattr(self.surface, "vsync", False))

    def counts(self) -> dict[str, int]:
        """How often OpenGL was made again."""
        return {"recoveries": self.recoveries}

    def restart(self) -> None:
        """Forget what was drawn: trails and motion begin anew."""
        if self.renderer is not None:
            self.renderer.restart()

    def resize(self, width: int, height: int) -> None:
        """Draw at another size from the next frame on; one that cannot be drawn at leaves the last."""
        if self.renderer is None:
            return
        try:
            self.renderer.resize(width, height)
        except RenderError as error:
            log.debug("the picture stays at %d x %d: %s", *self.size, error)

    def draw_share(self, share: float) -> None:
        """Draw only `share` of the pixels each way and enlarge them; OpenGL made again goes on so."""
        self._share = share
        if self.renderer is not None:
            with self._guard.part("drawing fewer pixels"):
                self.renderer.fade(self.crossfade_s)
                self.renderer.draw_share(share)

    def reopen(self) -> None:
        """Close the surface and open it anew with the next frame, as when it is to be on another display."""
        if self.renderer is not None:
            self._size = self.renderer.size
            with self._guard.part("closing"):
                self.renderer.release()
        self._close_outputs()
        self.renderer = None
        self._moving = True
        self._retry_s = self._clock.now_s()

    def poll_shaders(self) -> None:
        """Take over edited shaders twice a second; the last good ones stay while one does not compile."""
        now_s = self._clock.now_s()
        if self.renderer is None or now_s < self._poll_s:
            return
        self._poll_s = now_s + SHADER_POLL_S
        with self._guard.part("reload"):
            before = self.renderer.shader_generation
            self._shader_error = self.renderer.reload_changed_shaders() or ""
            if self.renderer.shader_generation != before:
                self.renderer.fade(self.crossfade_s)
                self.reloaded()

    def take_back_shaders(self, why: str) -> None:
        """Draw with the shaders from before the last reload again; why: told until a file is saved anew."""
        if self.renderer is not None:
            with self._guard.part("reload"):
                self.renderer.fade(self.crossfade_s)
                self.renderer.take_back_shaders(why)
                self._shader_error = why

    def keep_shaders(self) -> None:
        """Those from before the last reload are not needed any more."""
        if self.renderer is not None:
            self.renderer.keep_shaders()

    def close(self) -> None:
        """Give everything back; never raises."""
        if self.renderer is not None:
            with self._guard.part("closing"):
                self.renderer.release()
        self._close_surface()

    def _succeed(self) -> None:
        now_s = self._clock.now_s()
        self.frames += 1
        self.refused = None
        self._trouble = ""
        self._failing_since_s = None
        if self._good_since_s is None:
            self._good_since_s = now_s
        elif now_s - self._good_since_s >= SETTLED_S:
            self._lost_for.clear()
            self._pause_s, self._patience_s = FIRST_PAUSE_S, FIRST_PATIENCE_S

    def _fail(self, error: Exception) -> None:
        now_s = self._clock.now_s()
        self._guard.failed("drawing", error)
        self.refused = error if isinstance(error, RenderError) else None
        reason = f"{type(error).__name__}: {one_line(error)}"
        self._trouble = f"drawing failed: {reason}"
        self._good_since_s = None
        if self._failing_since_s is None:
            self._failing_since_s = now_s
        known = reason in self._lost_for or len(self._lost_for) >= KEPT_REASONS
        if isinstance(error, GL_ERRORS) and not known:
            self._lost_for.add(reason)
        elif now_s - self._failing_since_s >= self._patience_s:
            self._patience_s = min(LONGEST_PATIENCE_S, self._patience_s * 2)
        else:
            return
        if self.renderer is not None:
            self._size = self.renderer.size
        self.renderer = None
        self._wait(now_s)

    def _wait(self, now_s: float) -> None:
        self._failing_since_s = None
        self._retry_s = now_s + self._pause_s
        self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)

    def _recover(self) -> bool:
        now_s = self._clock.now_s()
        if now_s < self._retry_s:
            return False
        self._close_surface()
        try:
            self.progress()
            self.surface = self._open_surface()
            self.progress()
            self.outputs = self._open_outputs(self.surface)
            self.renderer = self._make_renderer(self.surface)
            self.progress()
            if self._share != 1.0:
                self.renderer.draw_share(self._share)
        except Exception as error:  # whatever a driver or a desktop answers: it is asked again
            self._guard.failed("making OpenGL again", error)
            self._trouble = f"OpenGL cannot be made again: {one_line(error)}"
            self._close_surface()
            self._wait(now_s)
            return False
        if self._moving:
            self._moving = False
        else:
            self.recoveries += 1
            log.info("OpenGL is back")
        self._trouble = ""
        return True

    def _close_outputs(self) -> None:
        outputs, self.outputs = self.outputs, ()
        for output in outputs:
            with self._guard.part("closing"):
                output.close()

    def _close_surface(self) -> None:
        self._close_outputs()
        surface, self.surface = self.surface, None
        if surface is not None:
            with self._guard.part("closing"):
                surface.close()
