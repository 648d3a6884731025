"""Holds the flashes of the finished picture under WCAG 2.3.1, whatever asked for them.

Four small passes a frame, all on the GPU:
- watch: 42 x 24 points of the picture, each once for its luminance and once for its red, remember the last eight times
  that they turned by 10 % (red: 20 / 320) or more;
- judge: each of 25 fields of a third of the picture, half over one another, looks whether too many of its points
  turned eight times within a second (four flashes), or whether a large part of it turned at once that often;
- hold: where a field is too lively, the picture stands still for a second and then follows what is asked with a time
  constant of 4 s, so slowly that no input makes a fourth flash; it lets go within a second once less than three and a
  half flashes a second are asked for, and is stricter for one second more;
- put: what is held is laid over the frame.
A picture that does not flash is left as it is, bit by bit: the last two passes then draw nothing.

The bounds are stricter than the definition's, because points stand for areas: see docs/flashing-light.md. What is
remembered is time in frames' own steps, so the same frames give the same pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import moderngl
import numpy as np

from chromesthesia.core.records import Float32, UInt8
from chromesthesia.render.fixed import FixedPass
from chromesthesia.render.flash_shaders import (
    COLUMNS,
    FIELDS,
    HOLD,
    JUDGE,
    PUT,
    ROWS,
    TILE_GEOMETRY,
    TILE_VERTEX,
    TILES,
    WATCH,
)
from chromesthesia.render.gl import clear
from chromesthesia.render.passes import Target

_LONGEST_STEP_S = 0.25
"""A longer gap between frames counts as this: too short a time errs on the safe side."""


_ROUND_S = 4.096
"""The shaders' clock goes round after so long."""
_FINE_WIDTH = 600
"""From this width on two pixels are finer than a tenth of a degree."""
_SWITCH_S = 0.5
Shown = TypeVar("Shown")


class FlashLimiter:
    """Changes finished frames in place. Use from the thread that owns `ctx`; see the module.

    detail: held pixels per pixel of the picture, each way, where the picture is fine enough. wary: others drew before,
    and what they showed is not known: the first frame stands still for a second.
    """

    def __init__(
        self, ctx: moderngl.Context, width: int, height: int, detail: float = 1.0, wary: bool = False
    ) -> None:
        self._ctx = ctx
        self._detail = detail
        self._watch = FixedPass(ctx, WATCH, ("u_frame", "u_points", "u_ages"))
        self._judge = FixedPass(ctx, JUDGE, ("u_found", "u_fields", "u_ages"))
        self._hold = FixedPass(
            ctx, HOLD, ("u_fields", "u_frame", "u_last", "u_held"), TILE_VERTEX, TILE_GEOMETRY
        )
        self._put = FixedPass(ctx, PUT, ("u_fields", "u_held"), TILE_VERTEX, TILE_GEOMETRY)
        self._found = ctx.texture((2 * COLUMNS, ROWS), 4)
        self._found.repeat_x = self._found.repeat_y = False
        self._points = _Pair(ctx, (2 * COLUMNS, ROWS), self._found)
        self._fields = _Pair(ctx, (2 * FIELDS, FIELDS))
        self._now_s = 0.0
        self._held = self._held_pair(width, height)
        self._first = self._fresh = True
        self._waited_s = 0.0
        self._judge.set("u_first_hold", 2.0 if wary else 0.0)

    def resize(self, width: int, height: int) -> None:
        """Go on at another size: what was seen is remembered. The next `last` is the old frame at the new size."""
        for target in self._held:
            target.release()
        self._held = self._held_pair(width, height)
        self._fresh = True

    def restart(self) -> None:
        """Forget everything."""
        self._points.clear()
        self._fields.clear()
        self._first = self._fresh = True
        self._waited_s = self._now_s = 0.0
        self._judge.set("u_first_hold", 0.0)

    @property
    def floats(self) -> tuple[moderngl.Texture, ...]:
        """What it judges by, as it was written last."""
        return self._fields.newest

    def wait(self, dt_s: float) -> None:
        """The frame shown last stays for `dt_s` more."""
        self._waited_s += _step_s(dt_s)

    def limit(self, frame: Target, last: Target, dt_s: float) -> None:
        """Hold back what flashes in `frame`; last: the frame shown before it, dt_s: how long before."""
        if self._first:
            last = frame
        step_s = min(self._waited_s + _step_s(dt_s), _LONGEST_STEP_S)
        self._waited_s = 0.0
        # Whole milliseconds, going round: an age has no time to grow inexact.
        self._now_s = (self._now_s + step_s) % _ROUND_S
        now = round(self._now_s * 1000.0)
        self._watch.set("u_now", now)
        self._judge.set("u_now", now)
        self._judge.set("u_dt", step_s)
        before, points = self._points.step()
        self._watch.draw(points.frame, (frame.texture, *before.textures))
        fields_before, fields = self._fields.step()
        self._judge.draw(fields.frame, (self._found, *fields_before.textures))
        judged = fields.textures[0]
        self._hold.set("u_dt", step_s)
        self._hold.set("u_fresh", int(self._fresh))
        held_before, held = self._held
        self._hold.draw(held.frame, (judged, frame.texture, last.texture, held_before.texture), TILES)
        self._ctx.enable(moderngl.BLEND)
        self._ctx.blend_func = (moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA)
        self._put.draw(frame.frame, (judged, held.texture), TILES)
        self._ctx.disable(moderngl.BLEND)
        self._held = held, held_before
        self._first = self._fresh = False

    def state(self) -> dict[str, Any]:
        """All that later frames depend on, as plain values; `restore` takes it. Held pixels only while some are."""
        fields = self._fields.read()
        held = bool((fields[0][:, :, 0] > 0.0).any())
        return {
            "now_s": self._now_s,
            "waited_s": self._waited_s,
            "first": self._first,
            "fresh": self._fresh,
            "points": self._points.read(),
            "fields": fields,
            "held": _read_halves(self._held[0].texture) if held else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`, of a limiter of the same size. Raises ValueError for one of another."""
        self.restart()
        self._now_s, self._waited_s = float(state["now_s"]), float(state["waited_s"])
        self._first, self._fresh = bool(state["first"]), bool(state["fresh"])
        self._points.write(state["points"])
        self._fields.write(state["fields"])
        if state["held"] is not None:
            _write_checked(self._held[0].texture, state["held"])

    def release(self) -> None:
        """Free everything on the GPU."""
        for part in (
            self._watch, self._judge, self._hold, self._put, self._points, self._fields, self._found,
            *self._held,
        ):  # fmt: skip
            part.release()

    def _held_pair(self, width: int, height: int) -> tuple[Target, Target]:
        # Single pixels of a small picture are large enough to flash by losing their detail.
        detail = self._detail if width >= _FINE_WIDTH else 1.0
        size = max(1, round(width * detail)), max(1, round(height * detail))
        # Sixteen bits: a step of 1/240 of a difference of one level must not be lost.
        return (
            Target.create(self._ctx, size, "nu2", linear=True),
            Target.create(self._ctx, size, "nu2", linear=True),
        )


class SlowSwitch(Generic[Shown]):
    """Lets something appear or go at most twice a second, so that switching it does not flash."""

    def __init__(self) -> None:
        self._shown: Shown | None = None
        self._since_s = math.inf

    def step(self, asked: Shown | None, dt_s: float) -> Shown | None:
        """What to show now: what is asked for, unless it appeared or went less than half a second ago."""
        self._since_s += _step_s(dt_s)
        if (asked is None) != (self._shown is None):
            if self._since_s < _SWITCH_S:
                return self._shown
            self._since_s = 0.0
        self._shown = asked
        return asked

    def state(self) -> tuple[Shown | None, float]:
        """What is shown and for how long; `restore` takes it."""
        return self._shown, self._since_s

    def restore(self, shown: Shown | None, since_s: float) -> None:
        """Go on from there."""
        self._shown, self._since_s = shown, since_s


class _Memory:
    """Two textures of floats, written together; extra: one more that is written with them."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], extra: moderngl.Texture | None) -> None:
        self.textures = tuple(ctx.texture(size, 4, dtype="f4") for _ in range(2))
        for texture in self.textures:
            texture.repeat_x = texture.repeat_y = False
        written = self.textures if extra is None else (*self.textures, extra)
        self.frame = ctx.framebuffer(color_attachments=written)
        clear(self.frame)

    def release(self) -> None:
        self.frame.release()
        for texture in self.textures:
            texture.release()


class _Pair:
    """Two memories: one is read while the other is written."""

    def __init__(
        self, ctx: moderngl.Context, size: tuple[int, int], extra: moderngl.Texture | None = None
    ) -> None:
        self._before, self._after = _Memory(ctx, size, extra), _Memory(ctx, size, extra)

    def step(self) -> tuple[_Memory, _Memory]:
        """The one written last, to read, and the other one, to write."""
        self._before, self._after = self._after, self._before
        return self._before, self._after

    @property
    def newest(self) -> tuple[moderngl.Texture, ...]:
        """The textures of the one written last."""
        return self._after.textures

    def read(self) -> list[Float32]:
        """Both textures of the one written last: float32 [height, width, 4]."""
        return [
            np.frombuffer(texture.read(), dtype=np.float32).reshape(texture.height, texture.width, 4)
            for texture in self._after.textures
        ]

    def write(self, contents: Sequence[object]) -> None:
        """What `read` gave, as the one written last."""
        for texture, content in zip(self._after.textures, contents, strict=True):
            _write_checked(texture, content)

    def clear(self) -> None:
        for memory in (self._before, self._after):
            clear(memory.frame)

    def release(self) -> None:
        self._before.release()
        self._after.release()


def _read_halves(texture: moderngl.Texture) -> UInt8:
    """The bytes of a texture of two bytes a channel: uint8 [height, width, 8]."""
    return np.frombuffer(texture.read(), dtype=np.uint8).reshape(texture.height, texture.width, 8)


def _write_checked(texture: moderngl.Texture, content: object) -> None:
    if not isinstance(content, np.ndarray) or content.shape[:2] != (texture.height, texture.width):
        raise ValueError(f"expected a memory of {texture.width} x {texture.height}")
    data = content.tobytes()
    if len(data) != len(texture.read()):
        raise ValueError(f"expected a memory of {texture.width} x {texture.height} of another depth")
    texture.write(data)


def _step_s(dt_s: float) -> float:
    return min(max(dt_s, 0.0), _LONGEST_STEP_S) if math.isfinite(dt_s) else 0.0
