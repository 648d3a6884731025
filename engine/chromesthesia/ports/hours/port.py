"""Opening hours by a fader, and a look of its own for a room that is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chromesthesia.control.commands import LoadPreset, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.wall import Fade
from chromesthesia.params.sound import MASTER_FADE
from chromesthesia.ports.port import Readings

STEP_S, FADING_STEP_S = 0.5, 0.05
LEAST_STEP = 1e-4
ACTIVITY = "/emotion/activity"
AWAKE_S = 0.5
"""So long sound has to be heard before a room counts as awake: a door that falls shut is none."""


class HoursPort:
    """Moves `/master/fade` as the opening hours have it. Control thread."""

    name = "hours"

    def __init__(self, controller: Controller, fade: Fade) -> None:
        self._controller = controller
        self._fade = fade
        self.next_s = float("-inf")
        self.moves = 0

    def start(self) -> None:
        """The level is there with the first frame."""
        self._set(self._fade.level)

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Follow the clock; what somebody else did to the fader is undone."""
        if now_s < self.next_s:
            return
        before = self._fade.level
        level = self._fade.step(now_s)
        self.next_s = now_s + (FADING_STEP_S if level != before else STEP_S)
        if abs(level - self._controller.current[1][MASTER_FADE]) > LEAST_STEP:
            self._set(level)

    def health(self) -> Mapping[str, int]:
        """How often the fader was moved."""
        return {"failures": 0, "moves": self.moves}

    def stop(self) -> None:
        """Nothing to give back."""

    def _set(self, level: float) -> None:
        self.moves += 1
        self._controller.post(SetParameter(MASTER_FADE.path, round(level, 5), "opening hours"))


class SilencePort:
    """Loads a preset when nothing was heard for `after_s`, and the one before when there is sound. Control thread.

    A look that somebody chooses in the silence stays.
    """

    name = "silence"

    def __init__(self, controller: Controller, preset: str, after_s: float) -> None:
        self._controller = controller
        self._preset = preset
        self._after_s = after_s
        self._quiet_since_s: float | None = None
        self._awake_since_s: float | None = None
        self._before: str | None = None
        self._sleeping = ""
        self._chosen = False
        self.next_s = float("-inf")
        self.changes = 0

    def start(self) -> None:
        """Nothing to open."""

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Look twice a second."""
        if now_s < self.next_s:
            return
        self.next_s = now_s + STEP_S
        told = readings().get(ACTIVITY, 1.0)
        awake = not isinstance(told, int | float) or told > 0.5
        self._chosen = self._chosen and not awake
        self._quiet_since_s = None if awake else self._quiet_since_s or now_s
        self._awake_since_s = (self._awake_since_s or now_s) if awake else None
        name = self._controller.current[0].name
        if self._before is None:
            quiet_s = self._quiet_since_s
            if quiet_s is not None and not self._chosen and now_s - quiet_s >= self._after_s:
                self._before = name
                self._load(self._preset)
                self._sleeping = ""
        elif not self._sleeping:
            self._sleeping = name  # its own name, whatever it was called by
        elif name != self._sleeping:
            self._before, self._chosen = None, True
        elif self._awake_since_s is not None and now_s - self._awake_since_s >= AWAKE_S:
            self._load(self._before)
            self._before = None

    def health(self) -> Mapping[str, int]:
        """How often the look was changed."""
        return {"failures": 0, "changes": self.changes}

    def stop(self) -> None:
        """Nothing to give back."""

    def _load(self, preset: str) -> None:
        self.changes += 1
        self._controller.post(LoadPreset(preset, "silence"))
