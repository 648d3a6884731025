"""What moves by itself or by the sound, integrated from frame to frame: pure arithmetic, no OpenGL."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chromesthesia.core.onsets import FeltOnsets
from chromesthesia.core.records import Heard
from chromesthesia.params.declaration import Value
from chromesthesia.params.live import Values
from chromesthesia.params.look import (
    FLOW_AMOUNT,
    FLOW_BASS,
    FLOW_SHOCK,
    FLOW_TREBLE,
    TRAILS_AMOUNT,
    TRAILS_FLOW,
    TRAILS_ROTATE,
    TRAILS_SLIDE_X,
    TRAILS_SLIDE_Y,
    TRAILS_ZOOM,
    VIEW_ANGLE,
    VIEW_DRIFT,
    VIEW_SEGMENTS,
    VIEW_SPEED,
    VIEW_SPIN,
    VIEW_ZOOM,
)
from chromesthesia.params.scenes import DROSTE_PACE

RINGS = 4
_RING_SPEED = 0.85  # screen heights per second
_RING_LIFE_S = 1.6
_ATTACK_S, _RELEASE_S = 0.03, 0.22
_TRAIL_LONGEST_S = 4.0
_GRAIN_FPS = 24.0
# A shader counts in floats of 24 bits, so nothing that grows is handed to it: every phase comes as a rest and a number
# of whole rounds, and the shader joins the rounds without a seam.
FLOW_ROUND_S = 4000.0
RUN_ROUND = 1024.0
_FLOW_TILE = 8192.0  # the flow's lattice repeats after so many cells
_WIDE_ROUND = (440.0, -280.0)  # whole cells by which its two layers go on in a round
_FINE_ROUND = (-2000.0, 3200.0)
_FALL_SPEED = 0.25  # screen heights per second
# The reeds' way before the turn of the view is a lever: turned by a hair, it sweeps the picture the further the longer
# it is. From here on they run after the turn, along the direction they have at that moment.
_LONGEST_LEVER = 5.0

Ring = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Moved:
    """Geometry of one frame. Angles in radians, lengths in screen heights unless said otherwise.

    flow_time_s: 0..FLOW_ROUND_S, of round number flow_round. wide, fine: whole cells by which the
    two layers of the flow went on in the rounds before.
    turn, trail_turn: 2 x 2 matrices, column by column. pan: in painting widths. rings: (x, y, radius, strength).
    fall: way of the reeds before the turn; run: after it, 0..RUN_ROUND, of round numbers run_rounds.
    bands: low, middle and high ones, 0..1, smoothed. fallen: way into the endless spiral, 0..1, in its own rounds.
    carry: share of the flow's displacement by which trails move. keep: share of the last frame that stays, 0..1.
    beat: counts the onsets that are felt, 0..255.
    """

    flow_time_s: float
    flow_round: float
    wide: tuple[float, float]
    fine: tuple[float, float]
    turn: tuple[float, float, float, float]
    pan: tuple[float, float]
    fold_turn: float
    fall: float
    run: tuple[float, float]
    run_rounds: tuple[float, float]
    swell: float
    ripple: float
    rings: tuple[Ring, ...]
    slide: tuple[float, float]
    trail_turn: tuple[float, float, float, float]
    carry: float
    keep: float
    grain_seed: float
    fog: tuple[float, float]
    bands: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fallen: float = 0.0
    beat: int = 0


class Motion:
    """Carries the phases of everything that moves, so that a change of speed never makes the picture jump."""

    def __init__(self) -> None:
        self._flow_s = 0.0
        self._drift_s = 0.0
        self._spin_deg = 0.0
        self._odd_turn = 0.0
        self._fold_drift = 0.0
        self._fall = 0.0
        self._run = (0.0, 0.0)
        self._fallen = 0.0
        self._low = self._mid = self._high = 0.0
        self._rings: list[tuple[float, float, float, float]] = []  # x, y, age in seconds, strength
        self._felt = FeltOnsets()
        self._beat = 0

    def state(self) -> dict[str, Any]:
        """Every phase, as plain values; `restore` takes it."""
        return {
            "phases": [
                self._flow_s,
                self._drift_s,
                self._spin_deg,
                self._odd_turn,
                self._fold_drift,
                self._fall,
            ],
            "run": list(self._run),
            "fallen": self._fallen,
            "bands": [self._low, self._mid, self._high],
            "rings": [list(ring) for ring in self._rings],
            "onsets": self._felt.state(),
            "beat": self._beat,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`. Raises ValueError for one of another shape."""
        self._flow_s, self._drift_s, self._spin_deg, self._odd_turn, self._fold_drift, self._fall = map(
            float, state["phases"]
        )
        right, down = state["run"]
        self._run = (float(right), float(down))
        self._fallen = float(state.get("fallen", 0.0))
        self._low, self._mid, self._high = map(float, state["bands"])
        self._rings = [(float(x), float(y), float(age), float(one)) for x, y, age, one in state["rings"]]
        self._felt.restore(state["onsets"])
        self._beat = int(state["beat"])

    def step(self, time_s: float, dt_s: float, values: Mapping[str, Value], heard: Heard | None) -> Moved:
        """Advance by `dt_s` and give the geometry at `time_s`."""

        look = Values.of(values)
        pace = dt_s * look[VIEW_SPEED]
        self._flow_s += pace
        self._drift_s += pace
        turns, self._spin_deg = divmod(self._spin_deg + look[VIEW_SPIN] * pace, 360.0)
        self._odd_turn = (self._odd_turn + turns) % 2.0
        self._fallen = (self._fallen + look[DROSTE_PACE] * pace) % 1.0
        self._follow_bands(dt_s, heard)
        self._follow_onsets(dt_s, look[FLOW_SHOCK], heard)

        drift, t = look[VIEW_DRIFT], self._drift_s
        # A whole turn of the view is half a one of the fold, which odd wedges tell from none.
        half_turn = math.pi * self._odd_turn if look[VIEW_SEGMENTS] % 2 else 0.0
        self._fold_drift = (self._fold_drift + 0.05 * drift * pace) % (64.0 * math.tau)
        angle = math.radians(look[VIEW_ANGLE] + self._spin_deg) + drift * 0.10 * math.sin(0.083 * t)
        zoom = look[VIEW_ZOOM] * (1.0 + 0.10 * drift * (1.0 - math.cos(0.11 * t)))
        turn = _matrix(angle, 1.0 / zoom)
        self._fall_on(_FALL_SPEED * pace, turn)
        flow_round, flow_time_s = divmod(self._flow_s, FLOW_ROUND_S)
        (right_rounds, right), (down_rounds, down) = (divmod(way, RUN_ROUND) for way in self._run)
        gap_s = min(dt_s, _TRAIL_LONGEST_S)  # after a longer one no trail is left to move
        trail = math.exp(-look[TRAILS_ZOOM] * gap_s)
        trail_angle = -math.radians(look[TRAILS_ROTATE]) * gap_s
        amount = look[TRAILS_AMOUNT]
        keep = math.exp(-dt_s / (_TRAIL_LONGEST_S * amount**3)) if amount > 0.01 else 0.0
        return Moved(
            flow_time_s=flow_time_s,
            flow_round=flow_round,
            wide=_tiled(_WIDE_ROUND, flow_round),
            fine=_tiled(_FINE_ROUND, flow_round),
            turn=turn,
            pan=(0.20 * drift * math.sin(0.131 * t), 0.20 * drift * math.sin(0.097 * t + 0.6)),
            fold_turn=math.radians(self._spin_deg) * 0.5 + half_turn + self._fold_drift,
            fall=self._fall,
            run=(right, down),
            run_rounds=(right_rounds, down_rounds),
            swell=0.055 * look[FLOW_AMOUNT] + 0.085 * look[FLOW_BASS] * self._low**1.5,
            ripple=0.006 * look[FLOW_AMOUNT]
            + 0.022 * look[FLOW_TREBLE] * (0.7 * self._high + 0.3 * self._mid) ** 1.5,
            rings=tuple(self._ring(index) for index in range(RINGS)),
            slide=(look[TRAILS_SLIDE_X] * gap_s, look[TRAILS_SLIDE_Y] * gap_s),
            trail_turn=_matrix(trail_angle, trail),
            carry=-9.0 * look[TRAILS_FLOW] * gap_s,
            keep=keep,
            bands=(self._low, self._mid, self._high),
            fallen=self._fallen,
            beat=self._beat,
            fog=(0.5 * math.sin(0.31 * self._flow_s), 0.25 * math.sin(0.23 * self._flow_s + 1.0)),
            grain_seed=float(math.floor(time_s * _GRAIN_FPS) % 512) * 1.37,
        )

    def _fall_on(self, way: float, turn: tuple[float, float, float, float]) -> None:
        before = min(way, _LONGEST_LEVER - self._fall)
        self._fall += before
        after = way - before
        self._run = (self._run[0] + after * turn[2], self._run[1] + after * turn[3])

    def _follow_bands(self, dt_s: float, heard: Heard | None) -> None:
        bands = heard.frame.bands if heard is not None else None
        goals = (
            (0.0, 0.0, 0.0)
            if bands is None
            else (float(bands[:2].mean()), float(bands[2:5].mean()), float(bands[5:].mean()))
        )
        self._low = _glide(self._low, goals[0], dt_s)
        self._mid = _glide(self._mid, goals[1], dt_s)
        self._high = _glide(self._high, goals[2], dt_s)

    def _follow_onsets(self, dt_s: float, shock: float, heard: Heard | None) -> None:
        self._rings = [
            (x, y, age + dt_s, strength) for x, y, age, strength in self._rings if age + dt_s < _RING_LIFE_S
        ]
        if heard is None:
            return
        if not self._felt.step(dt_s, heard.onset_count):
            return
        self._beat = (self._beat + 1) % 256
        if shock <= 0.0:
            return
        # The golden angle spreads the centres without ever repeating.
        turn = 2.399963 * heard.onset_count
        reach = 0.12 + 0.2 * ((0.618034 * heard.onset_count) % 1.0)
        strength = shock * (0.4 + 0.6 * min(1.0, heard.onset_envelope))
        self._rings.append((1.4 * reach * math.cos(turn), reach * math.sin(turn), 0.0, strength))
        del self._rings[:-RINGS]

    def _ring(self, index: int) -> Ring:
        if index >= len(self._rings):
            return (0.0, 0.0, -9.0, 0.0)
        x, y, age, strength = self._rings[index]
        return (x, y, _RING_SPEED * age, strength * (1.0 - age / _RING_LIFE_S) ** 1.5)


def _glide(value: float, goal: float, dt_s: float) -> float:
    time_s = _ATTACK_S if goal > value else _RELEASE_S
    return goal + (value - goal) * math.exp(-dt_s / time_s)


def _tiled(cells: tuple[float, float], rounds: float) -> tuple[float, float]:
    """Cells gone in so many rounds, less whole tiles of the lattice."""
    x, y = (math.remainder(each * rounds, _FLOW_TILE) for each in cells)
    return x, y


def _matrix(angle: float, scale: float) -> tuple[float, float, float, float]:
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    return (c, s, -s, c)
