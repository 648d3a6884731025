"""What a score was told last, so that it is told only what changes."""

from __future__ import annotations

from dataclasses import asdict

import msgspec

from chromesthesia.core.records import NO_BEAT, Beat
from chromesthesia.params.declaration import Param
from chromesthesia.params.presets import Preset
from chromesthesia.params.routes import Route
from chromesthesia.params.tree import Snapshot
from chromesthesia.render.inputs import HudInfo
from chromesthesia.score.events import (
    AnyEvent,
    Beaten,
    Embedded,
    Heeded,
    HeededMusician,
    Looked,
    Paced,
    ParamTold,
    RouteTold,
    Sensed,
    SensedMusician,
    Sized,
    Told,
    Untold,
)


class Changes:
    """Each method adds to `events` what is not as it was told last. Main thread."""

    def __init__(self) -> None:
        self.pending: list[AnyEvent] = []
        """Told of the next frame, and again until one is taken."""
        self._size: tuple[int, int] | None = None
        self._look: tuple[Preset, Snapshot] | None = None
        self._sensed: dict[tuple[type[AnyEvent], int], AnyEvent] = {}
        self._factor: float | None = None
        self._beat = NO_BEAT
        self._hud: HudInfo | None = None

    def size(self, size: tuple[int, int], events: list[AnyEvent]) -> None:
        """Of the picture, in pixels."""
        if size != self._size:
            self._size = size
            events.append(Sized(*size))

    def look(self, look: tuple[Preset, Snapshot], events: list[AnyEvent]) -> None:
        """Preset and parameters: of these, too, only what changed."""
        if look is self._look:
            return
        before, self._look = self._look, look
        if before is not None and before[1] is look[1] and before[0] is look[0]:
            return
        events.append(_looked(look, before))

    def sense(
        self, sensed: Heeded | Sensed | Embedded | HeededMusician | SensedMusician, events: list[AnyEvent]
    ) -> None:
        """What is heard, of the room and of every musician."""
        of_whom = sensed.number if isinstance(sensed, HeededMusician | SensedMusician) else 0
        if sensed != self._sensed.get((type(sensed), of_whom)):
            self._sensed[type(sensed), of_whom] = sensed
            events.append(sensed)

    def beat(self, beat: Beat, events: list[AnyEvent]) -> None:
        """Where the beat is."""
        if beat != self._beat:
            self._beat = beat
            events.append(Beaten(**asdict(beat)))

    def factor(self, factor: float, events: list[AnyEvent]) -> None:
        """Of the generator's rate."""
        if factor != self._factor:
            self._factor = factor
            events.append(Paced(factor))

    def hud(self, hud: HudInfo | None, events: list[AnyEvent]) -> None:
        """The display of figures, or none."""
        if hud != self._hud:
            self._hud = hud
            events.append(_told(hud))

    def all(self) -> tuple[AnyEvent, ...]:
        """Everything that was told, for who knows nothing yet."""
        events: list[AnyEvent] = [_told(self._hud), Beaten(**asdict(self._beat))]
        if self._size is not None:
            events.append(Sized(*self._size))
        if self._look is not None:
            events.append(_looked(self._look, None))
        events += self._sensed.values()
        if self._factor is not None:
            events.append(Paced(self._factor))
        return tuple(events)


def _told(hud: HudInfo | None) -> AnyEvent:
    return Untold() if hud is None else Told(msgspec.to_builtins(hud))


def _looked(look: tuple[Preset, Snapshot], before: tuple[Preset, Snapshot] | None) -> Looked:
    preset, values = look
    added = before is None or before[1].declared is not values.declared
    return Looked(
        preset=preset.name,
        version=values.version,
        look_version=values.look_version,
        values=dict(values)
        if added or before is None
        else {path: value for path, value in values.items() if before[1].get(path) != value},
        routes=tuple(map(_route_told, preset.routes))
        if before is None or before[0].routes != preset.routes
        else None,
        namespaces={
            name: tuple(map(param_told, params)) for name, params in values.declared.namespaces.items()
        }
        if added
        else None,
        morph_s=values.morph_s,
    )


def _route_told(route: Route) -> RouteTold:
    return RouteTold(
        route.signal, route.target, route.gain, route.curve, route.low, route.high, route.attack_s,
        route.release_s, route.mode,
    )  # fmt: skip


def param_told(param: Param) -> ParamTold:
    """All that is declared of a parameter."""
    return ParamTold(type(param).__name__, msgspec.to_builtins(param))
