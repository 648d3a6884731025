"""From parameters and what is heard to the live values of one frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.easing import smooth_step
from chromesthesia.core.records import Heard
from chromesthesia.mapping.standing import STRONGEST, Standing, standing_look
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.live import Values
from chromesthesia.params.routes import CURVES, Route
from chromesthesia.params.sound import MASTER_BLACKOUT, MASTER_BRIGHTNESS, MASTER_FADE, MASTER_MORPH_S
from chromesthesia.params.tree import Snapshot
from chromesthesia.signals.table import FIRST, TABLE, Hearing, SignalTable, Tap

Array = NDArray[np.float64]
Look = Values
"""Every writable parameter's live value in one frame."""


@dataclass(slots=True)
class _Wire:
    """One route made ready to run: `level` is the smoothed 0..1 that it passes on."""

    route: Route
    tap: Tap
    column: int
    curve: Callable[[float], float]
    level: float = 0.0

    def goal(self, signal: float) -> float:
        """The bent signal, 0..1."""
        route = self.route
        return self.curve(min(max((signal - route.low) / (route.high - route.low), 0.0), 1.0))

    def follow(self, signal: float, dt_s: float | None) -> float:
        """Move `level` towards the bent signal (at once when dt_s is None) and return it."""
        route = self.route
        goal = self.goal(signal)
        tau_s = route.attack_s if goal > self.level else route.release_s
        if dt_s is None or tau_s <= 0.0:
            self.level = goal
        else:
            self.level += (goal - self.level) * -math.expm1(-dt_s / tau_s)
        return self.level


class Mapper:
    """Glides every parameter to where it is set and moves it by the routes.

    One step per frame, on one thread; the outcome depends on nothing but the steps taken since `reset`, so
    the same steps give the same looks.
    - A float with a smoothing time follows what is set with that time constant.
    - When a whole look was loaded (`Snapshot.look_version` changed), floats travel from the old look to the
      new along a smooth step of `/master/morph_s` seconds, or of as many as the snapshot says; routes cross-fade over
      the same time, and all else (choices, whole numbers, switches) changes half-way. What belongs to the room is not
      part of a look and follows as usual.
    - Routes then scale and add; routed parameters are held in their range.
    """

    def __init__(self, signals: SignalTable = TABLE) -> None:
        """signals: what routes may start from."""
        self._taps = signals.taps
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next step starts at the values set, without gliding."""
        self._snapshot: Snapshot | None = None
        self._params: Mapping[str, Param] = {}
        self._paths: tuple[str, ...] = ()
        self._columns: dict[str, int] = {}
        self._set: dict[str, Value] = {}
        self._target, self._live, self._origin = (np.zeros(0) for _ in range(3))
        self._held: dict[str, tuple[Value, Value]] = {}
        self._routes: tuple[Route, ...] = ()
        self._wires: list[_Wire] = []
        self._scale, self._add, self._old_scale, self._old_add = (np.zeros(0) for _ in range(4))
        self._progress = 1.0
        self._morph_s = 0.0
        self._alpha = np.ones(0)
        self._alpha_dt_s = -1.0

    def step(
        self, dt_s: float, snapshot: Snapshot, routes: tuple[Route, ...], heard: Heard | Hearing | None
    ) -> Look:
        """The live values `dt_s` seconds after the last step; every writable path is there, in order of
        declaration.

        heard: by one listener, or by several by their namespaces; None before the first sound. Costs some tens of
        microseconds (benchmarks/mapper.py).
        """
        first = self._snapshot is None
        self._progress = 1.0 if self._morph_s <= 0.0 else min(self._progress + dt_s / self._morph_s, 1.0)
        self._take(snapshot)
        self._connect(routes)
        blend = smooth_step(self._progress)
        self._glide(dt_s, blend, first)
        self._drive(_hearing(heard), None if first else dt_s, blend)
        moved = np.where(
            self._routable, np.clip(self._live * self._scale + self._add, self._low, self._high), self._live
        )
        look = self._set.copy()
        look.update(zip(self._paths, moved.tolist(), strict=True))
        look.update({path: self._discrete_now(path, snapshot) for path in self._held})
        return Values(look)

    def standing(self, look: Look, heard: Heard | Hearing | None) -> Standing | None:
        """The look of the last step as a preset; None unless a glide from one look to another is on its way.

        look: what that step gave, heard: what it heard.
        """
        if self._progress >= 1.0 or self._snapshot is None:
            return None
        hearing = _hearing(heard)
        goals = [(wire.route, wire.goal(wire.tap.level(hearing))) for wire in self._wires]
        share = smooth_step(self._progress)
        return standing_look(self._snapshot.look_version, look, self._params, goals, share)

    def state(self) -> dict[str, Any]:
        """All that later looks depend on beside the steps to come, as plain values; `restore` takes it."""
        return {
            "live": self._live.copy(),
            "origin": self._origin.copy(),
            "held": {path: list(pair) for path, pair in self._held.items()},
            "levels": [wire.level for wire in self._wires],
            "factors": [each.copy() for each in (self._scale, self._add, self._old_scale, self._old_add)],
            "progress": self._progress,
            "morph_s": self._morph_s,
        }

    def restore(self, state: Mapping[str, Any], snapshot: Snapshot, routes: tuple[Route, ...]) -> None:
        """Go on from `state`, taken when `snapshot` and `routes` were those of the last step. Raises ValueError."""
        self.reset()
        self._take(snapshot)
        self._connect(routes)
        arrays = [state["live"], state["origin"], *state["factors"]]
        if any(np.shape(each) != (len(self._paths),) for each in arrays) or len(arrays) != 6:
            raise ValueError(f"a look of other parameters than the {len(self._paths)} there are")
        if len(state["levels"]) != len(self._wires):
            raise ValueError(f"levels of {len(state['levels'])} routes, expected {len(self._wires)}")
        self._live, self._origin, self._scale, self._add, self._old_scale, self._old_add = (
            np.array(each, dtype=float) for each in arrays
        )
        self._held = {str(path): (old, new) for path, (old, new) in state["held"].items()}
        for wire, level in zip(self._wires, state["levels"], strict=True):
            wire.level = float(level)
        self._progress, self._morph_s = float(state["progress"]), float(state["morph_s"])

    def _take(self, snapshot: Snapshot) -> None:
        before = self._snapshot
        if snapshot is before:
            return
        self._snapshot = snapshot
        self._set = dict(snapshot)
        if before is None or snapshot.declared is not before.declared:
            self._redeclare(snapshot)
        self._target = np.array([self._set[path] for path in self._paths], dtype=float)
        if snapshot.get(MASTER_BLACKOUT.path) and MASTER_BRIGHTNESS.path in self._columns:
            self._target[self._columns[MASTER_BRIGHTNESS.path]] = 0.0
        elif MASTER_BRIGHTNESS.path in self._columns:
            fade = float(snapshot.get(MASTER_FADE.path, MASTER_FADE.default))
            self._target[self._columns[MASTER_BRIGHTNESS.path]] *= fade
        if before is None:
            self._live = self._target.copy()
        elif snapshot.look_version != before.look_version:
            self._begin_morph(before, snapshot)

    def _redeclare(self, snapshot: Snapshot) -> None:
        """Columns for the parameters that there are now; those that stay go on as they were, new ones start as set."""
        writable = [param for param in snapshot.declared.params.values() if param.writable]
        floats = [param for param in writable if param.is_float]
        columns = self._columns
        self._params = snapshot.declared.params
        self._paths = tuple(param.path for param in floats)
        self._columns = {path: column for column, path in enumerate(self._paths)}
        self._discrete = tuple(param.path for param in writable if not param.is_float)
        self._low = np.array([-np.inf if param.low is None else param.low for param in floats])
        self._high = np.array([np.inf if param.high is None else param.high for param in floats])
        self._routable = np.array([param.routable for param in floats], dtype=bool)
        self._tau_s = np.array([param.smoothing_s for param in floats])
        self._in_look = np.array([not param.room for param in floats], dtype=bool)
        self._alpha_dt_s = -1.0
        kept = [(column, columns[path]) for column, path in enumerate(self._paths) if path in columns]
        new, old = (np.array(side, dtype=int) for side in (zip(*kept, strict=True) if kept else ((), ())))
        values = np.array([snapshot.number(path) for path in self._paths])

        def moved(before: Array, fresh: Array) -> Array:
            after = fresh.copy()
            after[new] = before[old]
            return after

        ones, zeros = np.ones(len(values)), np.zeros(len(values))
        self._live, self._origin = moved(self._live, values), moved(self._origin, values)
        self._scale, self._old_scale = moved(self._scale, ones), moved(self._old_scale, ones)
        self._add, self._old_add = moved(self._add, zeros), moved(self._old_add, zeros)
        self._held = {path: pair for path, pair in self._held.items() if path in snapshot}
        self._wire(self._routes)

    def _begin_morph(self, before: Snapshot, after: Snapshot) -> None:
        shown = {path: self._discrete_now(path, before) for path in self._discrete if path in before}
        self._held = {
            path: (shown[path], after[path])
            for path in shown
            if not self._params[path].room and shown[path] != after[path]
        }
        self._origin = self._live.copy()
        self._old_scale, self._old_add = self._scale.copy(), self._add.copy()
        usual_s = after[MASTER_MORPH_S] if MASTER_MORPH_S.path in after else 0.0
        self._morph_s = usual_s if after.morph_s is None else after.morph_s
        self._progress = 0.0 if self._morph_s > 0.0 else 1.0

    def _discrete_now(self, path: str, snapshot: Snapshot) -> Value:
        old, new = self._held.get(path, (None, None))
        waiting = old is not None and self._progress < 0.5 and snapshot[path] == new
        return old if waiting and old is not None else snapshot[path]

    def _connect(self, routes: tuple[Route, ...]) -> None:
        if routes is self._routes or routes == self._routes:
            return
        self._routes = routes
        self._wire(routes)

    def _wire(self, routes: tuple[Route, ...]) -> None:
        """Make ready the routes whose ends are there; the others wait until they come."""
        levels = {wire.route: wire.level for wire in self._wires}
        self._wires = [
            _Wire(
                route,
                self._taps[route.signal],
                self._columns[route.target],
                CURVES[route.curve],
                levels.get(route, 0.0),
            )
            for route in routes
            if route.signal in self._taps and route.target in self._columns
        ]

    def _glide(self, dt_s: float, blend: float, first: bool) -> None:
        if dt_s != self._alpha_dt_s:
            with np.errstate(divide="ignore"):
                self._alpha = -np.expm1(-dt_s / self._tau_s) if dt_s > 0 else (self._tau_s <= 0).astype(float)
            self._alpha_dt_s = dt_s
        if first:
            return
        goal = self._target
        if blend < 1.0:
            goal = np.where(self._in_look, self._origin + (self._target - self._origin) * blend, self._target)
        self._live = self._live + (goal - self._live) * self._alpha

    def _drive(self, hearing: Hearing, dt_s: float | None, blend: float) -> None:
        scale, add = np.ones(len(self._paths)), np.zeros(len(self._paths))
        for wire in self._wires:
            level = wire.follow(wire.tap.level(hearing), dt_s)
            if wire.route.mode == "scale":
                product = scale[wire.column] * (1.0 + wire.route.gain * level)
                scale[wire.column] = min(max(product, -STRONGEST), STRONGEST)
            else:
                add[wire.column] += wire.route.gain * level
        if blend < 1.0:
            scale = self._old_scale + (scale - self._old_scale) * blend
            add = self._old_add + (add - self._old_add) * blend
        self._scale, self._add = scale, add


def _hearing(heard: Heard | Hearing | None) -> Hearing:
    if heard is None:
        return {}
    return {FIRST: heard} if isinstance(heard, Heard) else heard
