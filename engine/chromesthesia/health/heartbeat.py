"""A sign of life from every loop of a show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chromesthesia.core.protocols import Clock


class LoopState(StrEnum):
    """How a loop is.

    WAITS: no beat for longer than its patience, from one that may wait for something outside, as for a device.
    STALLED: the same from one that may not.
    """

    NOT_BEGUN = "not begun"
    BEATS = "beats"
    WAITS = "waits"
    STALLED = "stalled"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class LoopStatus:
    """One loop at one moment. beats: times it came round; failures: of them, times its step raised; silent_s: seconds
    since the last beat, or since it began."""

    name: str
    state: LoopState
    beats: int
    failures: int
    silent_s: float


class Heart:
    """One loop's heartbeat: the loop's thread alone calls `begin`, `beat`, `failed` and `end`, any thread `status`."""

    def __init__(self, name: str, clock: Clock, patience_s: float, may_wait: bool = False) -> None:
        """patience_s: longest time between two beats of a healthy loop."""
        self.name = name
        self.failures = 0
        self._clock = clock
        self._patience_s = patience_s
        self._may_wait = may_wait
        self._beats = 0
        self._last_s: float | None = None
        self._ended = False

    def begin(self) -> None:
        """The loop starts now."""
        self._last_s = self._clock.now_s()

    def beat(self) -> None:
        """The loop came round once more."""
        self._beats += 1
        self._last_s = self._clock.now_s()

    def failed(self) -> None:
        """Its step raised; the loop goes on."""
        self.failures += 1

    def end(self) -> None:
        """The loop is over, as it should be."""
        self._ended = True

    def status(self, now_s: float) -> LoopStatus:
        """How it is at `now_s` of the clock."""
        last_s = self._last_s
        silent_s = 0.0 if last_s is None else max(0.0, now_s - last_s)
        if self._ended:
            state = LoopState.ENDED
        elif last_s is None:
            state = LoopState.NOT_BEGUN
        elif silent_s <= self._patience_s:
            state = LoopState.BEATS
        else:
            state = LoopState.WAITS if self._may_wait else LoopState.STALLED
        return LoopStatus(self.name, state, self._beats, self.failures, silent_s)
