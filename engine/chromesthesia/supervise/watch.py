"""Is the engine well? Judged from what it tells, by the supervisor's own time."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from chromesthesia.supervise.wire import Beat, First, LogLine, Message, Phase

LONGEST_TICK_S = 0.25
"""When the supervisor itself stood still, the whole machine did: no more than this counts as the engine's silence."""
SILENT_S = 1.0
"""A playing engine that tells nothing for so long hangs."""
FRAME_S = 1.5
"""So long the frame loop may not come round."""
FIRST_PATIENCE = 8.0
"""So many times longer than `SILENT_S`, `FRAME_S` and `DARK_S` until the first frame is shown."""
LOOP_S = 10.0
"""So long any other loop may stand still beyond its patience."""
DARK_S = 6.0
"""So long no frame may be drawn, though the loop comes round: OpenGL was lost and did not come back."""
PICTURE_S = 5.0
"""So long the picture may be wrong while sound is heard."""
OVER_S = 3.0
"""So long a ceiling may be passed: a moment's peak is none."""
SILENT_START_S, START_S = 30.0, 900.0
"""An engine that starts may be still for so long (libraries are loaded), and take so long (an engine is built)."""
ENDING_S = 60.0
"""So long a show may take to end: a film is finished."""
FRAME_LOOP = "frame"
STALLED = "stalled"


MOST_SLACK = 8.0


def machine_slack() -> float:
    """How much more patience a machine needs that has too much to do: 1 up to two waiting for each core, 8 at most."""
    try:
        waiting = os.getloadavg()[0] / (2.0 * (os.cpu_count() or 1))
    except (OSError, AttributeError):  # Windows has no such figure
        return 1.0
    return min(MOST_SLACK, max(1.0, waiting))


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The most that an engine may take; None for no limit."""

    rss_mib: float | None = None
    vram_mib: float | None = None
    handles: int | None = None
    threads: int | None = None

    def passed_by(self, beat: Beat) -> str:
        """What is over its ceiling, with the value seen; empty when nothing is."""
        for what, unit, seen, most in (
            ("memory", " MiB", beat.rss_mib, self.rss_mib),
            ("video memory", " MiB", beat.vram_mib, self.vram_mib),
            ("file handles", "", beat.handles, self.handles),
            ("threads", "", beat.threads, self.threads),
        ):
            if seen is not None and most is not None and seen > most:
                return f"{what}: {seen:.0f}{unit}, at most {most:.0f}{unit}"
        return ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an engine is to be started again. hangs: it would not hear a polite request."""

    reason: str
    hangs: bool = False


class Watch:
    """One engine's life. Times are monotonic seconds of the supervisor."""

    def __init__(
        self,
        ceilings: Ceilings,
        now_s: float,
        patience: float = 1.0,
        slack: Callable[[], float] = lambda: 1.0,
    ) -> None:
        """patience: how much longer than usual it may hang; more where it was ended for hanging just before. slack: the
        same for what may be starved rather than stuck, asked again and again.
        """
        self._slack = slack
        self.phase: Phase = "starting"
        self.beat: Beat | None = None
        self.first_s: float | None = None
        """When its first frame was shown."""
        self._ceilings = ceilings
        self._patience = patience
        self._now_s = now_s
        self._quiet_s = 0.0
        self._phase_s = 0.0
        self._frame_s = 0.0
        self._frames: int | None = None
        self._drawn = -1
        self._dark_s = 0.0
        self._wrong_s = 0.0
        self._over_s = 0.0
        self._stalled_s: dict[str, float] = {}

    def take(self, message: Message) -> None:
        """The engine told something."""
        match message:
            case First(at_s):
                self.first_s = at_s
                # A beat that was made before may still be on its way, and the engine may stop before the next.
                if self.phase == "starting":
                    self._enter("playing")
            case Beat():
                if message.phase != "starting" or self.first_s is None:
                    self._enter(message.phase)
                self._quiet_s = 0.0
                self.beat = message
                frame = message.loops.get(FRAME_LOOP)
                beats = None if frame is None else frame.beats
                if message.frames != self._drawn:
                    self._drawn, self._dark_s = message.frames, 0.0
                # Counted rather than timed: a machine that slept has not stood still.
                if beats is None or beats != self._frames:
                    self._frames, self._frame_s = beats, 0.0
            case LogLine():
                pass

    def _enter(self, phase: Phase) -> None:
        if phase != self.phase:
            # Nothing was to be drawn before: a start of a minute is no minute of darkness.
            self._quiet_s = self._phase_s = self._dark_s = self._frame_s = 0.0
            self.phase = phase

    def fault(self, now_s: float) -> Fault | None:
        """What is wrong at `now_s`; call about ten times a second."""
        tick_s = min(LONGEST_TICK_S, max(0.0, now_s - self._now_s))
        self._now_s = now_s
        self._quiet_s += tick_s
        self._phase_s += tick_s
        self._frame_s += tick_s
        self._dark_s += tick_s
        if self.phase == "playing":
            return self._playing(tick_s)
        silent_s, whole_s = (SILENT_START_S, START_S) if self.phase == "starting" else (ENDING_S, ENDING_S)
        if self._quiet_s > silent_s * self._slack() or self._phase_s > whole_s:
            return Fault(f"{self.phase} takes longer than {min(self._phase_s, whole_s):.0f} s", hangs=True)
        return None

    def _playing(self, tick_s: float) -> Fault | None:
        beat = self.beat
        patience = self._patience * self._slack()
        if self.first_s is None:
            # Its first frame takes longest, and another start would take longer still.
            patience = max(patience, FIRST_PATIENCE)
        if self._quiet_s > SILENT_S * patience:
            return Fault(f"no sign of life for {self._quiet_s:.1f} s", hangs=True)
        if beat is None:
            return None
        if self._frame_s > FRAME_S * patience:
            return Fault(f"the frame loop stands still for {self._frame_s:.1f} s", hangs=True)
        if self._dark_s > DARK_S * patience:
            return Fault(f"no frame could be drawn for {self._dark_s:.0f} s")
        stalled = {name for name, loop in beat.loops.items() if loop.state == STALLED and name != FRAME_LOOP}
        self._stalled_s = {name: self._stalled_s.get(name, 0.0) + tick_s for name in stalled}
        for name, stalled_s in self._stalled_s.items():
            if stalled_s > LOOP_S:
                return Fault(f"the {name} loop stands still", hangs=True)
        self._wrong_s = self._wrong_s + tick_s if beat.picture else 0.0
        if self._wrong_s > PICTURE_S:
            return Fault(f"the picture is {beat.picture}")
        passed = self._ceilings.passed_by(beat)
        self._over_s = self._over_s + tick_s if passed else 0.0
        return Fault(passed) if self._over_s > OVER_S else None
