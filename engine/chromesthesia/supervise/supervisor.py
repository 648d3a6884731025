"""Keeps one engine playing: starts it, watches it, starts it again. One step about ten times a second."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chromesthesia.supervise.child import Engine
from chromesthesia.supervise.crash import LOG_S, Crash, CrashReports, signal_name
from chromesthesia.supervise.escalation import LEVELS, Escalation, Plan
from chromesthesia.supervise.events import EventLog
from chromesthesia.supervise.notify import Notifier
from chromesthesia.supervise.watch import ENDING_S, Ceilings, Fault, Watch, machine_slack
from chromesthesia.supervise.wire import First, LogLine

log = logging.getLogger(__name__)

TICK_S = 0.1
POLITE_S = 15.0
"""So long a restart waits for the show to end in order before it is made to."""
STACK_S = 0.5
"""So long a hung engine has to write its stacks."""
MOST_LOG_LINES = 2000
PATIENT_AFTER_S, MOST_PATIENCE = 60.0, 8.0
"""An engine that hangs within so long of its first frame has twice the time in its next life, eight times at most."""
USAGE = 2
FINAL_AT_FIRST = frozenset({USAGE, 4, 6, 8, 10})
"""Exit codes of errors that a person has to mend (a pack, a preset, a file); final when the show never played."""
OUTSIDE = frozenset({3, 5, 7})
"""Exit codes of what may come back by itself: a sound device, a display, a port."""
FAILED = 1
DIED, FAULTY, RISING, NIGHTLY, STOPPED = "died", "fault", "calm again", "nightly restart", "stopped"


class Due(Protocol):
    """Asked once a step whether a restart is due by the clock on the wall."""

    def due(self, uptime_s: float) -> bool: ...


@dataclass(slots=True)
class _Life:
    """One engine, from its start to its end."""

    engine: Engine
    watch: Watch
    started_s: float
    level: int
    why: str = ""
    reason: str = ""
    polite_until_s: float | None = None
    kill_at_s: float | None = None
    killed: bool = False


class Supervisor:
    """Call `step` until it answers an exit code. Everything on one thread.

    start: starts an engine on a level of `LEVELS`, raising OSError. state: reads the file of the live state, for crash
    reports. nightly: says when a restart is due.
    """

    def __init__(
        self,
        start: Callable[[int], Engine],
        ceilings: Ceilings,
        events: EventLog,
        reports: CrashReports,
        notifier: Notifier,
        wall: Callable[[], datetime],
        state: Callable[[], bytes] = bytes,
        nightly: Due | None = None,
        slack: Callable[[], float] = machine_slack,
    ) -> None:
        """slack: see `Watch`."""
        self._slack = slack
        self._start = start
        self._ceilings = ceilings
        self._events = events
        self._reports = reports
        self._notifier = notifier
        self._wall = wall
        self._state = state
        self._nightly = nightly
        self._escalation = Escalation()
        self._life: _Life | None = None
        self._plan_at: tuple[float, Plan] | None = (float("-inf"), Plan())
        self._log: deque[tuple[float, str]] = deque(maxlen=MOST_LOG_LINES)
        self._shown_s: float | None = None
        self._played = False
        self._alive_s = float("-inf")
        self._patience = 1.0
        self.restarts = 0

    def step(self, now_s: float, stop: bool = False) -> int | None:
        """One look at the engine, waiting at most `TICK_S` for what it tells; the exit code when all is over.

        stop: end it in order, and do not start it again.
        """
        if self._notifier.watchdog_s is not None and now_s - self._alive_s >= self._notifier.watchdog_s:
            self._notifier.alive()
            self._alive_s = now_s
        if self._life is None:
            return self._begin(now_s, stop)
        return self._look(self._life, now_s, stop)

    @property
    def watching(self) -> bool:
        """True while there is an engine."""
        return self._life is not None

    def playing_s(self, now_s: float) -> float:
        """For how long the present engine has shown frames; 0 before its first."""
        first_s = None if self._life is None else self._life.watch.first_s
        return 0.0 if first_s is None else now_s - first_s

    def abandon(self) -> None:
        """Leave no engine behind, whatever happened."""
        if self._life is not None:
            self._life.engine.kill()
            self._life.engine.close()
            self._life = None

    # -- between two engines ----------------------------------------------------------------------------------

    def _begin(self, now_s: float, stop: bool) -> int | None:
        if stop:
            return 0
        assert self._plan_at is not None
        at_s, plan = self._plan_at
        if now_s < at_s:
            return None
        try:
            engine = self._start(plan.level)
        except OSError as error:
            log.error("the engine cannot be started: %s", error)
            if not self._played and self.restarts == 0:
                return FAILED
            self._plan(now_s, self._escalation.failed(None, outside=True))
            return None
        watch = Watch(self._ceilings, now_s, self._patience, self._slack)
        self._life = _Life(engine, watch, now_s, plan.level)
        told = "" if plan.level == 0 else f", {LEVELS[plan.level]}"
        log.info("started the engine, pid %d%s", engine.pid, told)
        self._events.write("start", now_s, pid=engine.pid, level=LEVELS[plan.level])
        self._notifier.status(f"starting{told}")
        return None

    def _plan(self, now_s: float, plan: Plan) -> None:
        self._plan_at = now_s + plan.delay_s, plan

    # -- while one lives --------------------------------------------------------------------------------------

    def _look(self, life: _Life, now_s: float, stop: bool) -> int | None:
        for message in life.engine.messages(TICK_S):
            life.watch.take(message)
            if isinstance(message, First):
                self._first(life, message)
            elif isinstance(message, LogLine):
                self._log.append((message.at_s, f"{message.at_s:.3f} {message.level} {message.text}"))
        beat = life.watch.beat
        if beat is not None and beat.shown_s is not None:
            self._shown_s = beat.shown_s
        code = life.engine.exit_code()
        if code is not None:
            return self._gone(life, code, now_s, stop)
        if life.engine.stopped():
            log.warning("something stopped the engine: it goes on")
            self._events.write("stopped", now_s, pid=life.engine.pid)
            life.engine.go_on()
        if stop and life.why != STOPPED:
            self._notifier.stopping()
            self._ask_to_end(life, now_s, STOPPED, "asked to stop", ENDING_S)
        elif life.kill_at_s is not None:
            if now_s >= life.kill_at_s and not life.killed and not self._spared(life, now_s):
                life.engine.kill()
                life.killed = True
        elif life.polite_until_s is not None:
            if now_s >= life.polite_until_s:
                self._ask_stack(life, now_s)
        else:
            self._judge(life, now_s)
        return None

    def _judge(self, life: _Life, now_s: float) -> None:
        fault = life.watch.fault(now_s)
        first_s = life.watch.first_s
        playing_s = self.playing_s(now_s)
        if fault is not None:
            self._answer(life, fault, now_s)
        elif first_s is not None and self._escalation.calm(playing_s):
            self._ask_to_end(life, now_s, RISING, "calm again: one level up", POLITE_S)
        elif first_s is not None and self._nightly is not None and self._nightly.due(playing_s):
            self._ask_to_end(life, now_s, NIGHTLY, "the nightly restart", POLITE_S)

    def _answer(self, life: _Life, fault: Fault, now_s: float) -> None:
        log.warning("the engine is started again: %s", fault.reason)
        if fault.hangs:
            life.why, life.reason = FAULTY, fault.reason
            self._ask_stack(life, now_s)
        else:
            self._ask_to_end(life, now_s, FAULTY, fault.reason, POLITE_S)

    def _spared(self, life: _Life, now_s: float) -> bool:
        """One that was stopped, and plays again since it was asked for its stacks, is well: another start takes longer.

        Not one that was first asked politely to end.
        """
        if life.polite_until_s is not None or life.watch.fault(now_s) is not None:
            return False
        log.warning("the engine goes on by itself (%s)", life.reason)
        self._events.write("went on", now_s, pid=life.engine.pid, reason=life.reason)
        life.why, life.reason, life.kill_at_s = "", "", None
        return True

    def _ask_to_end(self, life: _Life, now_s: float, why: str, reason: str, patience_s: float) -> None:
        life.why, life.reason = why, reason
        life.polite_until_s = now_s + patience_s
        life.engine.end()

    def _ask_stack(self, life: _Life, now_s: float) -> None:
        life.engine.ask_stack()
        life.kill_at_s = now_s + STACK_S

    def _first(self, life: _Life, first: First) -> None:
        gap_s = None if self._shown_s is None else round(first.at_s - self._shown_s, 3)
        self._played = True
        self._shown_s = first.at_s
        self._events.write(
            "first frame",
            first.at_s,
            pid=life.engine.pid,
            start_s=round(first.at_s - life.started_s, 3),
            gap_s=gap_s,
        )
        if gap_s is not None:
            log.info("the picture goes on after %.2f s", gap_s)
        self._notifier.ready()
        self._notifier.status("playing" if life.level == 0 else f"playing, {LEVELS[life.level]}")

    # -- when it is gone --------------------------------------------------------------------------------------

    def _gone(self, life: _Life, code: int, now_s: float, stop: bool) -> int | None:
        first_s = life.watch.first_s
        lived_s = None if first_s is None else max(0.0, now_s - first_s)
        if not life.why:
            life.why = DIED
            life.reason = signal_name(code) or f"exit code {code}"
        self._events.write(
            "end" if code == 0 and life.why == DIED else "death",
            now_s,
            pid=life.engine.pid,
            why=life.why,
            reason=life.reason,
            exit_code=code,
            signal=signal_name(code),
            lived_s=None if lived_s is None else round(lived_s, 3),
            level=LEVELS[life.level],
        )
        crash = self._crash(life, code, lived_s)
        life.engine.close()
        self._life = None
        if life.why == STOPPED or stop:
            return max(code, 0)
        if life.why == DIED and (code == 0 or (code in FINAL_AT_FIRST and not self._played)):
            return code
        if life.why == RISING:
            plan = self._escalation.rise()
        elif life.why == NIGHTLY:
            plan = Plan(self._escalation.level)
        else:
            outside = life.why == DIED and code in OUTSIDE and lived_s is None
            plan = self._escalation.failed(lived_s, outside)
            log.warning(
                "the engine is gone (%s); again %s",
                life.reason,
                f"in {plan.delay_s:g} s" if plan.delay_s else "now",
            )
        # A machine that is too busy for a second of patience is not mended by starting it again every two.
        hung_again = life.why == FAULTY and life.killed and (lived_s or 0.0) < PATIENT_AFTER_S
        self._patience = min(MOST_PATIENCE, 2.0 * self._patience) if hung_again else 1.0
        self.restarts += 1
        self._plan(now_s, plan)
        result = self._begin(now_s, stop)
        # Only now: nothing stands between a death and the next start.
        if crash is not None:
            self._reports.write(crash)
        return result

    def _crash(self, life: _Life, code: int, lived_s: float | None) -> Crash | None:
        told = life.why == DIED and (code == 0 or code in FINAL_AT_FIRST or code in OUTSIDE)
        if told or life.why in (RISING, NIGHTLY) or (life.why == STOPPED and not life.killed):
            return None
        at = self._wall()
        beat = life.watch.beat
        facts: dict[str, object] = {
            "level": LEVELS[life.level],
            "phase": life.watch.phase,
            "lived_s": lived_s,
            "memory_mib": None if beat is None else beat.rss_mib,
            "handles": None if beat is None else beat.handles,
            "threads": None if beat is None else beat.threads,
            "frames": None if beat is None else beat.frames,
            "loops": None if beat is None else {name: loop.state for name, loop in beat.loops.items()},
        }
        since_s = at.timestamp() - LOG_S
        lines = [line for at_s, line in self._log if at_s >= since_s]
        return Crash(life.reason, code, life.engine.pid, at, facts, life.engine.stack(), self._state(), lines)
