"""A score told to a stage: what was decided in a show is decided again, frame by frame. No OpenGL, no file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from chromesthesia.core.emotions import condition_size
from chromesthesia.core.errors import ScoreError
from chromesthesia.core.protocols import Generator
from chromesthesia.core.records import Beat, Float32, Heard, PaintedImage, PaintRequest
from chromesthesia.core.user_files import one_line
from chromesthesia.inference.generator import check_picture
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Choice, Number, Param, Switch, Value, Whole
from chromesthesia.params.presets import Preset
from chromesthesia.params.routes import CURVES, MODES, Route
from chromesthesia.params.tree import Declared, Snapshot
from chromesthesia.params.values import check_declarations, coerce
from chromesthesia.render.inputs import FrameInputs, HudInfo
from chromesthesia.score.events import (
    AnyEvent,
    Asked,
    Beaten,
    Begun,
    Drawn,
    Embedded,
    Heeded,
    HeededMusician,
    Key,
    Later,
    Looked,
    Paced,
    ParamTold,
    Requested,
    RouteTold,
    Sensed,
    SensedMusician,
    Sized,
    Told,
    Torn,
    Untold,
)
from chromesthesia.score.fine import NO_EMBEDDING
from chromesthesia.score.fine import heard_of as sensed_of
from chromesthesia.score.hearing import Levels, heard_of
from chromesthesia.show.assembly import make_stage
from chromesthesia.show.score_live import MOST_PENDING, time_of

FAULTS = (
    ValueError, KeyError, TypeError, IndexError, OverflowError, ArithmeticError, AttributeError, msgspec.MsgspecError,
)  # fmt: skip
"""What reading a score raises that is whole and still makes no sense: made by hand, or by another engine."""
_KINDS: Mapping[str, type[Param]] = {kind.__name__: kind for kind in (Param, Number, Whole, Switch, Choice)}


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


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of a retelling; see `Retelling.mark`."""

    stage: Mapping[str, Any]
    time_us: int
    last_s: float | None
    pending: Mapping[int, PaintRequest]


class Retelling:
    """The stage of a show, told its score event by event. One thread.

    Raises ScoreError for a picture that does not come again, and one of `FAULTS` for what cannot be.
    """

    def __init__(self, seed: int, fps: float, generator: Generator, hold: bool = False) -> None:
        """hold: a picture that does not come is counted in `failures`, and the one before it stays."""
        self._hold = hold
        self.failures = 0
        self._generator = generator
        self._fps = fps
        self._desk = Desk()
        self._pending: dict[int, PaintRequest] = {}
        self._stage = make_stage(self._desk, generator, seed, self._ask)
        self._heard: Heard = heard_of(Levels())
        self._before: Heard | None = None
        """What the first passes of the next frame hear, where its last ones hear something newer."""
        self._signals = b""
        self._embedding = NO_EMBEDDING
        self._factor = 1.0
        self._hud: HudInfo | None = None
        self._last_s: float | None = None
        self._newest: PaintRequest | None = None
        self.time_us = 0
        """Of the frame decided last."""
        self.size: tuple[int, int] | None = None
        self.asked: list[Asked] = []
        """Commands since whoever clears it."""

    @property
    def current(self) -> tuple[Preset, Snapshot]:
        """Preset and parameters, as told."""
        return self._desk.current

    @property
    def heard(self) -> Heard:
        """What is heard, as told."""
        return self._heard

    def take(self, event: AnyEvent) -> None:
        """Whatever stands before a frame."""
        match event:
            case Begun(image):
                self._decide(0.0, 0.0, self._heard, lambda: self._painted(image))
            case Sized(width, height):
                self.size = width, height
            case Looked():
                self._desk.take(event)
            case Heeded(levels):
                self._hear(heard_of(Levels.unpacked(levels)))
            case Sensed(signals):
                self._signals = signals
                self._hear(sensed_of(signals, self._embedding))
            case Embedded(embedding):
                self._embedding = embedding
                if self._signals:
                    self._hear(sensed_of(self._signals, embedding))
            case HeededMusician(number, levels):
                self._hear_musician(number, heard_of(Levels.unpacked(levels)))
            case SensedMusician(number, signals):
                self._hear_musician(number, sensed_of(signals, NO_EMBEDDING))
            case Later():
                self._before = self._heard
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
            case _:
                raise ValueError(f"{type(event).__name__} where it cannot be")

    def passes(self, event: Drawn) -> None:
        """The time of a frame that is not decided again."""
        self.time_us += event.after_us

    def decide(self, event: Drawn) -> FrameInputs:
        """The frame at `time_us`, as it was decided in the show."""
        time_s = time_of(self.time_us)
        dt_s = 1.0 / self._fps if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        inputs = self._decide(time_s, dt_s, self._heard, lambda: self._painted(event.image))
        # The stage has no figures to decide on: the display is as it was told.
        return inputs if self._hud is None else replace(inputs, hud=self._hud)

    def breathe(self, time_us: int, heard: Heard) -> FrameInputs:
        """A frame of which nothing was told: from what is known, with pictures asked for and painted here."""
        self.time_us = time_us
        self._newest = None
        time_s = time_of(time_us)
        dt_s = 1.0 / self._fps if self._last_s is None else max(0.0, time_s - self._last_s)
        self._last_s = time_s
        return self._decide(time_s, dt_s, heard, self._painted_own)

    def mark(self) -> Mark:
        """Where it stands, to go back to after frames that were made up."""
        return Mark(self._stage.state(), self.time_us, self._last_s, dict(self._pending))

    def go_back(self, mark: Mark) -> None:
        """As if nothing had been made up since."""
        self._stage.restore(mark.stage)
        self.time_us, self._last_s, self._pending = mark.time_us, mark.last_s, dict(mark.pending)

    def move(self, time_us: int) -> None:
        """Go on as if the frame decided last had been that of another time."""
        if self._last_s is None:  # nothing was decided yet
            self.time_us = time_us
            return
        moved_s = time_of(time_us) - time_of(self.time_us)
        state = self._stage.state()
        state["next_paint_s"] += moved_s
        state["blend"]["started_s"] += moved_s
        self._stage.restore(state)
        self.time_us, self._last_s = time_us, time_of(time_us)

    def restore(self, key: Key) -> None:
        """Go on from a key."""
        # Whoever is heard is told in the key.
        self._heard = replace(self._heard, musicians=())
        for event in key.before:
            if not isinstance(event, Drawn | Begun | Torn):
                self.take(event)
        if self.size is None:
            raise ValueError("a key without a size")
        self.time_us = key.time_us
        self._last_s = time_of(key.time_us)
        self._pending.clear()
        self._stage.restore(part_of(key, "stage"))

    def state(self) -> dict[str, Any]:
        """Of the stage; see `Stage.state`."""
        return self._stage.state()

    def _decide(
        self, time_s: float, dt_s: float, heard: Heard, painted: Callable[[], PaintedImage | None]
    ) -> FrameInputs:
        before, self._before = self._before, None
        inputs = self._stage.step(time_s, dt_s, before or heard, painted, None, self._factor)
        return self._stage.hear_again(inputs, heard)

    def _hear(self, heard: Heard) -> None:
        self._heard = replace(heard, beat=self._heard.beat, musicians=self._heard.musicians)

    def _hear_musician(self, number: int, heard: Heard) -> None:
        musicians = [*self._heard.musicians]
        # They are told in order.
        musicians[number - 1 : number] = [heard]
        self._heard = replace(self._heard, musicians=tuple(musicians))

    def _ask(self, request: PaintRequest) -> None:
        self._newest = request
        self._pending[request.serial] = request
        if len(self._pending) > MOST_PENDING:
            del self._pending[next(iter(self._pending))]

    def _painted_own(self) -> PaintedImage | None:
        return None if self._newest is None else self._painted(self._newest.serial)

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
            self.failures += 1
            if self._hold:
                return None
            raise ScoreError(
                f"picture {serial} does not come again: {one_line(error)}", "paint with the pack of the show"
            ) from error
        pixels.flags.writeable = False
        return PaintedImage(serial, 0, 0.0, 0.0, 0.0, pixels)


def part_of(key: Key, name: str) -> Mapping[str, Any]:
    """The state of one part. Raises ValueError where a key has none."""
    part = key.parts.get(name)
    if not isinstance(part, dict):
        raise ValueError(f"a key without {name}")
    return part


def _floats(content: bytes, count: int) -> Float32:
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
