"""Holds the flashes of the finished picture under WCAG 2.3.1, whatever asked for them.

Four small steps a frame, all on the GPU:
- watch: 36 x 24 points of the picture, each once for its luminance and once for its red, remember the last eight times
  that they turned by 10 % (red: 20 / 320) or more;
- judge: each of 81 fields of a third of the picture, a quarter of one apart, looks whether too many of its points
  turned eight times within a second (four flashes), or whether a large part of it turned at once that often;
- hold: where a field is too lively, the picture stands still for a second and then follows what is asked with a time
  constant of 4 s, so slowly that no input makes a fourth flash; it lets go within a second once less than three and a
  half flashes a second are asked for, and is stricter for one second more;
- put: what is held is laid over the frame.
A picture that does not flash is left as it is, bit by bit: the last two passes then draw nothing. Where the processor
draws, each pass wakes threads, which takes longer than the pass: there a frame that cannot be held whatever it shows,
because too few turns were seen before it, is judged in one pass with the watch over the next one. The pictures are
the same.

The bounds are stricter than the definition's, because points stand for areas: see docs/flashing-light.md. What is
remembered is time in frames' own steps, so the same frames give the same pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import moderngl
import numpy as np

from chromesthesia.core.records import Float32, UInt8
from chromesthesia.render.fixed import FixedPass
from chromesthesia.render.flash_shaders import (
    CARRY,
    COLUMNS,
    FIELDS,
    FIELDS_LEFT,
    HEIGHT,
    HOLD,
    JUDGE,
    POINTS_LEFT,
    PUT,
    ROWS,
    SECOND_MS,
    TILE_GEOMETRY,
    TILE_VERTEX,
    TILES,
    WATCH,
    WIDTH,
)
from chromesthesia.render.gl import clear, is_software
from chromesthesia.render.passes import Target

_LONGEST_STEP_S = 0.25
"""A longer gap between frames counts as this: too short a time errs on the safe side."""


_ROUND_S = 4.096
"""The shaders' clock goes round after so long."""
_FINE_WIDTH = 600
"""From this width on two pixels are finer than a tenth of a degree."""
_SECOND_S = SECOND_MS / 1000.0
_POINTS = (POINTS_LEFT, 0, 2 * COLUMNS, ROWS)
_FIELDS = (FIELDS_LEFT, ROWS, 2 * FIELDS, FIELDS)
"""Where points and fields lie in what is remembered: left, bottom, width, height."""
_CALM = 3
"""The channel of a field that tells that it is calm."""
_CALM_FRAMES = 3
"""Where points turned less than five times, so many more frames cannot make it eight."""
Shown = TypeVar("Shown")


class FlashLimiter:
    """Changes finished frames in place. Use from the thread that owns `ctx`; see the module.

    detail: held pixels per pixel of the picture, each way, where the picture is fine enough. wary: others drew before,
    and what they showed is not known: the first frame stands still for a second. puts_off: judge frames that cannot be
    held along with the next; None: where the processor draws, because a GPU would have to be waited for.
    """

    def __init__(
        self,
        ctx: moderngl.Context,
        width: int,
        height: int,
        detail: float = 1.0,
        wary: bool = False,
        puts_off: bool | None = None,
    ) -> None:
        self._ctx = ctx
        self._detail = detail
        self._puts_off = is_software(ctx) if puts_off is None else puts_off
        self._watch = FixedPass(ctx, WATCH, ("u_frame", "u_memory", "u_ages"))
        self._carry = FixedPass(ctx, CARRY, ("u_memory", "u_ages", "u_found", "u_turning"))
        self._judge = FixedPass(ctx, JUDGE, ("u_memory", "u_ages", "u_found", "u_turning"))
        self._hold = FixedPass(
            ctx, HOLD, ("u_memory", "u_frame", "u_last", "u_held"), TILE_VERTEX, TILE_GEOMETRY
        )
        self._put = FixedPass(ctx, PUT, ("u_memory", "u_held"), TILE_VERTEX, TILE_GEOMETRY)
        self._before, self._memory = _Memory(ctx), _Memory(ctx)
        self._unjudged: _Moment | None = None
        self._calm = self._asks = False
        self._until_read_frames = 0
        self._room_for_s = self._room_left_s = 0.0
        self._now_s = 0.0
        self._held = self._held_pair(width, height)
        self._first = self._fresh = True
        self._waited_s = 0.0
        self._judge.set("u_first_hold", 2.0 if wary else 0.0)

    @property
    def puts_off_now(self) -> bool:
        """True while the frame shown last waits to be judged."""
        return self._unjudged is not None

    def resize(self, width: int, height: int) -> None:
        """Go on at another size: what was seen is remembered. The next `last` is the old frame at the new size."""
        for target in self._held:
            target.release()
        self._held = self._held_pair(width, height)
        self._fresh = True

    def restart(self) -> None:
        """Forget everything."""
        self._unjudged = None
        self._calm = self._asks = False
        self._until_read_frames = 0
        for memory in (self._before, self._memory):
            clear(memory.frame)
        self._first = self._fresh = True
        self._waited_s = self._now_s = 0.0
        self._room_for_s = self._room_left_s = 0.0
        self._judge.set("u_first_hold", 0.0)

    @property
    def floats(self) -> tuple[moderngl.Texture, ...]:
        """What it judges by, as it was written last."""
        return self._memory.floats

    def asks_room(self) -> bool:
        """Keep one turn free for what is laid over the picture, until a second after the last call.

        True when it may be made: at once over a picture that turns seldom, within a second over any. Where the frame
        shown last was not judged yet, that is done now. Waits for the GPU when room is asked for first.
        """
        if self._room_left_s <= 0.0:
            self._judge_now()
            self._calm = self._asks = False
            self._room_for_s = _SECOND_S if self._memory.is_calm() else 0.0
        self._room_left_s = _SECOND_S
        return self._room_for_s >= _SECOND_S

    def wait(self, dt_s: float) -> None:
        """The frame shown last stays for `dt_s` more."""
        self._waited_s += _step_s(dt_s)
        self._keep_room(dt_s)

    def limit(self, frame: Target, last: Target, dt_s: float) -> None:
        """Hold back what flashes in `frame`; last: the frame shown before it, dt_s: how long before."""
        if self._first:
            last = frame
        room = self._keep_room(dt_s)
        step_s = min(self._waited_s + _step_s(dt_s), _LONGEST_STEP_S)
        self._waited_s = 0.0
        # Whole milliseconds, going round: an age has no time to grow inexact.
        self._now_s = (self._now_s + step_s) % _ROUND_S
        moment = _Moment(round(self._now_s * 1000.0), step_s)
        # Whether seven turns or five are told makes a difference only to what is held or on guard.
        self._watch.set("u_few", int(self._calm or self._asks))
        self._watch.set("u_room", int(room))
        self._judge.set("u_room", int(room))
        self._step(frame.texture, moment, self._unjudged)
        if self._calm and self._reads():
            self._calm = self._memory.is_calm()
        if self._calm:
            self._unjudged = moment
        else:
            self._step(None, moment, moment)
            self._hold_back(frame, last, step_s)
            if self._asks:
                self._asks, self._calm = False, self._memory.is_calm()
            elif self._puts_off and not room and self._reads():
                self._asks = self._memory.is_calm()
        self._first = self._fresh = False

    def _keep_room(self, dt_s: float) -> bool:
        """Whether one turn is to be kept free, `dt_s` later."""
        self._room_for_s += _step_s(dt_s)
        self._room_left_s -= _step_s(dt_s)
        return self._room_left_s > 0.0

    def _judge_now(self) -> None:
        if self._unjudged is not None:
            self._step(None, self._unjudged, self._unjudged)

    def _reads(self) -> bool:
        """True every few frames: drawing is waited for where something is read."""
        self._until_read_frames = (self._until_read_frames - 1) % _CALM_FRAMES
        return self._until_read_frames == 0

    def _step(self, picture: moderngl.Texture | None, now: _Moment, judged: _Moment | None) -> None:
        """One pass: watch `picture`, and judge what was found before in the frame of `judged`; None: that stays."""
        before, after = self._memory, self._before
        self._before, self._memory = before, after
        self._unjudged = None
        if picture is None:
            self._carry.draw(after.frame, before.textures, region=_POINTS, goes_on=True)
        else:
            self._watch.set("u_now", now.ms)
            self._watch.draw(after.frame, (picture, *before.floats), region=_POINTS, goes_on=True)
        if judged is None:
            self._carry.draw(after.frame, before.textures, region=_FIELDS)
        else:
            self._judge.set("u_now", judged.ms)
            self._judge.set("u_dt", judged.step_s)
            self._judge.draw(after.frame, before.textures, region=_FIELDS)

    def _hold_back(self, frame: Target, last: Target, step_s: float) -> None:
        judged = self._memory.textures[0]
        self._hold.set("u_dt", step_s)
        self._hold.set("u_fresh", int(self._fresh))
        held_before, held = self._held
        self._hold.draw(held.frame, (judged, frame.texture, last.texture, held_before.texture), TILES)
        self._ctx.enable(moderngl.BLEND)
        self._ctx.blend_func = (moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA)
        self._put.draw(frame.frame, (judged, held.texture), TILES)
        self._ctx.disable(moderngl.BLEND)
        self._held = held, held_before

    def state(self) -> dict[str, Any]:
        """All that later frames depend on, as plain values; `restore` takes it. Held pixels only while some are."""
        self._judge_now()
        memory = self._memory.read()
        points, fields = ([content[part] for content in memory] for part in _PARTS)
        held = bool((fields[0][:, :, 0] > 0.0).any())
        return {
            "now_s": self._now_s,
            "waited_s": self._waited_s,
            "room_s": [self._room_for_s, self._room_left_s],
            "first": self._first,
            "fresh": self._fresh,
            "points": points,
            "fields": fields,
            "held": _read_halves(self._held[0].texture) if held else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`, of a limiter of the same size. Raises ValueError for one of another."""
        self.restart()
        self._now_s, self._waited_s = float(state["now_s"]), float(state["waited_s"])
        self._room_for_s, self._room_left_s = map(float, state["room_s"])
        self._first, self._fresh = bool(state["first"]), bool(state["fresh"])
        self._memory.write(zip(state["points"], state["fields"], strict=True))
        if state["held"] is not None:
            _write_checked(self._held[0].texture, state["held"])

    def release(self) -> None:
        """Free everything on the GPU."""
        for part in (
            self._watch, self._carry, self._judge, self._hold, self._put, self._before, self._memory,
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
    """Lets something appear or go at most once a second, and only where it makes no fourth flash."""

    def __init__(self) -> None:
        self._shown: Shown | None = None
        self._since_s = math.inf
        self._begun = False

    def step(self, asked: Shown | None, dt_s: float, may: Callable[[], bool]) -> Shown | None:
        """What to show now: what is asked for, unless it appeared or went less than a second ago or `may` not yet.

        What is there from the first step on did not appear.
        """
        first, self._begun = not self._begun, True
        self._since_s += _step_s(dt_s)
        if (asked is None) != (self._shown is None):
            if self._since_s < _SECOND_S or not (first or may()):
                return self._shown
            self._since_s = 0.0
        self._shown = asked
        return asked

    def state(self) -> tuple[Shown | None, float]:
        """What is shown and for how long; `restore` takes it."""
        return self._shown, self._since_s

    def restore(self, shown: Shown | None, since_s: float) -> None:
        """Go on from there."""
        self._shown, self._since_s, self._begun = shown, since_s, True


@dataclass(frozen=True, slots=True)
class _Moment:
    """When a frame was shown on the shaders' clock, and how long after the one before."""

    ms: int
    step_s: float


def _rows_and_columns(left: int, bottom: int, width: int, height: int) -> tuple[slice, slice]:
    return slice(bottom, bottom + height), slice(left, left + width)


_PARTS = _rows_and_columns(*_POINTS), _rows_and_columns(*_FIELDS)
"""The same as rows and columns."""


class _Memory:
    """What is remembered of points and fields, and what was found at the points in the frame watched last."""

    def __init__(self, ctx: moderngl.Context) -> None:
        size = WIDTH, HEIGHT
        self.floats = tuple(ctx.texture(size, 4, dtype="f4") for _ in range(2))
        self.textures = (*self.floats, ctx.texture(size, 4), ctx.texture(size, 2))
        for texture in self.textures:
            texture.repeat_x = texture.repeat_y = False
        self.frame = ctx.framebuffer(color_attachments=self.textures)
        self._fields: Float32 = np.empty((FIELDS, 2 * FIELDS, 4), np.float32)
        clear(self.frame)

    def is_calm(self) -> bool:
        """True when no picture can be held now that was not judged yet: too few turns were seen until it."""
        self.frame.read_into(self._fields, viewport=_FIELDS, components=4, dtype="f4")
        return bool((self._fields[:, :, _CALM] > 0.0).all())

    def read(self) -> list[Float32]:
        """What is remembered: twice float32 [height, width, 4]."""
        return [_read_floats(texture) for texture in self.floats]

    def write(self, contents: Iterable[tuple[object, object]]) -> None:
        """What `read` gave, points and fields by themselves. Raises ValueError for a memory of another size."""
        for texture, parts in zip(self.floats, contents, strict=True):
            memory = _read_floats(texture).copy()
            for part, content in zip(_PARTS, parts, strict=True):
                if not isinstance(content, np.ndarray) or content.shape != memory[part].shape:
                    raise ValueError(f"expected a memory of {memory[part].shape}")
                memory[part] = content
            texture.write(memory.tobytes())

    def release(self) -> None:
        self.frame.release()
        for texture in self.textures:
            texture.release()


def _read_floats(texture: moderngl.Texture) -> Float32:
    return np.frombuffer(texture.read(), dtype=np.float32).reshape(texture.height, texture.width, 4)


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
