"""A score painted again: the same steps as in the show, from what the score tells instead of from a room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from chromesthesia.core.emotions import condition_size
from chromesthesia.core.errors import ChromesthesiaError, ScoreError
from chromesthesia.core.protocols import Generator
from chromesthesia.core.records import Beat, Heard, PaintedImage, PaintRequest, UInt8
from chromesthesia.core.user_files import one_line
from chromesthesia.inference.generator import check_picture
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Choice, Number, Param, Switch, Value, Whole
from chromesthesia.params.presets import Preset
from chromesthesia.params.routes import CURVES, MODES, Route
from chromesthesia.params.tree import Declared, Snapshot
from chromesthesia.params.values import check_declarations, coerce
from chromesthesia.render.inputs import FrameInputs, HudInfo
from chromesthesia.render.renderer import Renderer
from chromesthesia.score.events import (
    AnyEvent,
    Asked,
    Beaten,
    Begun,
    Drawn,
    Heeded,
    Key,
    Looked,
    Paced,
    ParamTold,
    Requested,
    Reshaded,
    RouteTold,
    Sized,
    Told,
    Torn,
    Untold,
)
from chromesthesia.score.hearing import Levels, heard_of
from chromesthesia.score.reader import Score, clock_of
from chromesthesia.show.assembly import make_stage
from chromesthesia.show.score_live import MOST_PENDING, time_of

_KINDS: Mapping[str, type[Param]] = {kind.__name__: kind for kind in (Param, Number, Whole, Switch, Choice)}
_FAULTS = (
    ValueError, KeyError, TypeError, IndexError, OverflowError, ArithmeticError, AttributeError, msgspec.MsgspecError,
)  # fmt: skip
"""What reading a score raises that is whole and still makes no sense: made by hand, or by another engine."""


@dataclass(frozen=True, slots=True)
class Repainted:
    """One frame of the show again. pixels: uint8 [H, W, 3], row 0 at the top, valid until the next; None for one before
    the time that was asked for."""

    time_us: int
    pixels: UInt8 | None


class Desk:
    """Stands for the controller: the parameters as the score tells them."""

    def __init__(self) -> None:
        params = {param.path: param for param in PARAMETERS}
        self._declared = Declared(MappingProxyType(params))
        values = {path: param.default for path, param in params.items() if param.writable}
        self.current: tuple[Preset, Snapshot] = (Preset(""), Snapshot(values, self._declared))

    def take(self, told: Looked) -> None:
        """Go on from what is told. Raises ValueError or ParameterError for what no parameter takes."""
        preset, before = self.current
        values: dict[str, Value] = dict(before)
        if told.namespaces is not None:
            self._declared = _declared(told.namespaces, before.declared)
            values = {path: one.default for path, one in self._declared.params.items() if one.writable}
        for path, raw in told.values.items():
            param = self._declared.params.get(path)
            if param is None or not param.writable:
                raise ValueError(f"no parameter {one_line(path, 80)!r}")
            values[path] = coerce(param, raw)
        routes = preset.routes if told.routes is None else tuple(map(_route, told.routes))
        if told.routes is not None or told.preset != preset.name:
            preset = Preset(one_line(told.preset), routes=routes)
        self.current = preset, Snapshot(values, self._declared, told.version, told.look_version, told.morph_s)


class Repainter:
    """Draws a score's frames again, one after the other. Use on the thread that owns the renderer's context.

    size: of the pictures, None for that of the show. `torn` counts stretches that could not be painted, `notes` says
    why. Raises ScoreError for what a score cannot have told, or a picture that does not come again.
    """

    def __init__(
        self, score: Score, generator: Generator, renderer: Renderer, size: tuple[int, int] | None = None
    ) -> None:
        self._score = score
        self._generator = generator
        self._renderer = renderer
        self._own_size = size if size != score.head.size else None
        self._desk = Desk()
        self._pending: dict[int, PaintRequest] = {}
        self._stage = make_stage(self._desk, generator, score.head.seed, self._ask)
        self._heard: Heard = heard_of(Levels())
        self._factor = 1.0
        self._hud: HudInfo | None = None
        self._time_us = 0
        self._last_s: float | None = None
        self._lost = False
        self._size: tuple[int, int] | None = None
        self.notes: list[str] = []
        self.torn = 0
        self.asked: list[Asked] = []
        """Commands since the last frame."""
        self.reshaded = False

    def frames(self, from_us: int, to_us: int) -> Iterator[Repainted]:
        """Every frame from the newest key before `from_us` on, with pixels from `from_us` to before `to_us`."""
        begun = False
        for passage in self._score.passages(from_us):
            if passage.key is not None and (self._lost or not begun):
                self._guarded(passage.time_us, self._restore, passage.key)
            begun = True
            for event in passage.events:
                if isinstance(event, Drawn):
                    self._time_us += event.after_us
                    if self._time_us >= to_us:
                        return
                    if not self._lost:
                        wanted = self._time_us >= from_us
                        yield Repainted(
                            self._time_us, self._guarded(self._time_us, self._draw, event, wanted)
                        )
                    self.asked.clear()
                elif isinstance(event, Torn):
                    self._lost = True
                    self.torn += 1
                    frames = f" ({event.frames} frames)" if event.frames else ""
                    self.notes.append(one_line(f"{clock_of(self._time_us)}: {event.why}{frames}"))
                elif not self._lost:
                    self._guarded(self._time_us, self._take, event)

    def _take(self, event: AnyEvent) -> None:
        match event:
            case Begun(image):
                self._stage.step(0.0, 0.0, self._heard, lambda: self._painted(image), None, self._factor)
            case Sized(width, height):
                self._size = width, height
                if self._own_size is None:
                    self._renderer.resize(width, height)
            case Looked():
                self._desk.take(event)
            case Heeded(levels):
                self._heard = replace(heard_of(Levels.unpacked(levels)), beat=self._heard.beat)
            case Beaten():
                self._heard = replace(self._heard, beat=Beat(**msgspec.structs.asdict(event)))
            case Paced(factor):
                self._factor = factor
            case Told(fields):
                self._hud = msgspec.convert(fields, HudInfo)
            case Untold():
                self._hud = None
            case Asked():
                self.asked.append(event)
            case Requested(serial, condition, noise):
                self._pending[serial] = PaintRequest(
                    serial,
                    0,
                    0.0,
                    _floats(condition, condition_size(self._generator.condition_labels)),
                    _floats(noise, self._generator.noise_size),
                )
            case Reshaded():
                self.reshaded = True
                self.notes.append(
                    f"{clock_of(self._time_us)}: shaders were changed; painted with those of now"
                )
            case _:
                raise ValueError(f"{type(event).__name__} where it cannot be")

    def _draw(self, event: Drawn, wanted: bool) -> UInt8 | None:
        time_s = time_of(self._time_us)
        dt_s = 1.0 / self._score.head.fps if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        inputs = self._stage.step(
            time_s, dt_s, self._heard, lambda: self._painted(event.image), None, self._factor
        )
        if event.shown:
            self._renderer.render(_with_hud(inputs, self._hud))
        return self._renderer.read_pixels() if wanted and event.shown else None

    def _ask(self, request: PaintRequest) -> None:
        self._pending[request.serial] = request
        if len(self._pending) > MOST_PENDING:
            del self._pending[next(iter(self._pending))]

    def _painted(self, serial: int) -> PaintedImage | None:
        if serial == 0:
            return None
        request = self._pending.get(serial)
        if request is None:
            raise ValueError(f"picture {serial} was never asked for")
        self._pending = {number: one for number, one in self._pending.items() if number > serial}
        try:
            pixels = self._generator.paint(request.condition, request.noise)
            check_picture(pixels)
        except Exception as error:  # whatever a model's runtime throws
            raise ScoreError(
                f"picture {serial} does not come again: {one_line(error)}", "paint with the pack of the show"
            ) from error
        pixels.flags.writeable = False
        return PaintedImage(serial, 0, 0.0, 0.0, 0.0, pixels)

    def _restore(self, key: Key) -> None:
        self._lost = False
        for event in key.before:
            if not isinstance(event, Drawn | Begun | Torn):
                self._take(event)
        if self._size is None:
            raise ValueError("a key without a size")
        self._time_us = key.time_us
        self._last_s = time_of(key.time_us)
        self._pending.clear()
        self._stage.restore(_part(key, "stage"))
        self._renderer.resize(*self._size)
        self._renderer.restore(_part(key, "renderer"))
        if self._own_size is not None:
            self._renderer.resize(*self._own_size)

    def _guarded(self, time_us: int, step: Any, *arguments: Any) -> Any:
        try:
            return step(*arguments)
        except ChromesthesiaError as error:
            raise ScoreError(f"{clock_of(time_us)}: {error.message}", error.remedy) from error
        except _FAULTS as error:
            raise ScoreError(
                f"{clock_of(time_us)}: the score tells what cannot be: {type(error).__name__}: {one_line(error)}",
                "paint from a later moment",
            ) from error


def _with_hud(inputs: FrameInputs, hud: HudInfo | None) -> FrameInputs:
    """The display as it was told: the stage has no figures to decide on."""
    return inputs if hud is None else replace(inputs, hud=hud)


def _part(key: Key, name: str) -> Mapping[str, Any]:
    part = key.parts.get(name)
    if not isinstance(part, dict):
        raise ValueError(f"a key without {name}")
    return part


def _floats(content: bytes, count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    floats = np.frombuffer(content, dtype=np.float32)
    if floats.shape != (count,):
        raise ValueError(f"expected {count} numbers, got {len(content)} bytes")
    return floats


def _route(told: RouteTold) -> Route:
    if told.curve not in CURVES or told.mode not in MODES or told.low == told.high:
        raise ValueError(f"a route from {one_line(told.signal, 60)} that no preset can have")
    return Route(**msgspec.structs.asdict(told))


def _declared(namespaces: Mapping[str, tuple[ParamTold, ...]], before: Declared) -> Declared:
    own = {
        name: tuple(msgspec.convert(told.fields, _KINDS[told.kind]) for told in params)
        for name, params in namespaces.items()
    }
    params = (*PARAMETERS, *(param for added in own.values() for param in added))
    check_declarations(params)
    return Declared(
        MappingProxyType({param.path: param for param in params}), MappingProxyType(own), before.version + 1
    )
