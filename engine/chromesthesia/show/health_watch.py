"""What is made of the status of a running show once a second: a line in the log, an alert, pages for monitors."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from socket import gethostname

from chromesthesia.control.commands import SetParameter
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.heap import give_back_free
from chromesthesia.core.json_log import JsonLog
from chromesthesia.health.alerts import Alerts, command, webhook
from chromesthesia.health.metrics import Metrics
from chromesthesia.health.status import ShowStatus
from chromesthesia.health.verdict import State, verdict_of
from chromesthesia.ports.oscquery.site import JSON, Reply
from chromesthesia.ports.port import Readings

log = logging.getLogger(__name__)

LOOK_S = 1.0
LINE_S = 60.0
TIDY_S = 10.0
"""What is free in the heap goes back to the system so often: what is to stay then lies less in pages that what went had
touched."""
HELD_S = 3.0
"""A state is logged when it has held for so long."""
_LEVELS = {State.OK: logging.INFO, State.DEGRADED: logging.WARNING, State.FAILING: logging.ERROR}


class HealthWatch:
    """`ports.port.Port` that hears nothing: its control thread's second hand. tidy: is called every ten seconds."""

    name = "health"

    def __init__(
        self,
        status: Callable[[], ShowStatus],
        alerts: Alerts,
        log_file: JsonLog | None = None,
        tidy: Callable[[], object] = give_back_free,
    ) -> None:
        self._status = status
        self._alerts = alerts
        self._log_file = log_file
        self._due_s = -math.inf
        self._line_due_s: float | None = None
        self._tidy = tidy
        self._tidy_due_s = -math.inf
        self._state = self._seen = State.OK
        self._since_s = -math.inf
        self._known: dict[str, str] = {}

    @property
    def next_s(self) -> float:
        """When it looks again."""
        return self._due_s

    def start(self) -> None:
        """Nothing to open."""

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Look, when a second is over."""
        if now_s < self._due_s:
            return
        self._due_s = now_s + LOOK_S
        if now_s >= self._tidy_due_s:
            self._tidy_due_s = now_s + TIDY_S
            self._tidy()
        status = self._status()
        verdict = verdict_of(status)
        if self._log_file is not None:
            self._keep(self._log_file, now_s, status, readings)
        if verdict.state is not self._seen:
            self._seen, self._since_s = verdict.state, now_s
        if verdict.state is not self._state and now_s - self._since_s >= HELD_S:
            self._state = verdict.state
            why = "; ".join(verdict.reasons) or "as it should be"
            log.log(
                _LEVELS[verdict.state],
                "the show is %s: %s",
                verdict.state,
                why,
                extra={"fields": {"health": verdict.state, "reasons": why}},
            )
        self._alerts.look(verdict, about(status))

    def health(self) -> Mapping[str, int]:
        """Alerts told, and that could not be; lines of the log that were not written."""
        kept = {} if self._log_file is None else self._log_file.counts()
        return {**{f"log_{name}": count for name, count in kept.items()}, **self._alerts.counts()}

    def stop(self) -> None:
        """Let the last alert be told."""
        self._alerts.close()

    def _keep(self, log_file: JsonLog, now_s: float, status: ShowStatus, readings: Readings) -> None:
        """Write down what is another than a second ago and, once a minute, how the show is."""
        figures = status.figures
        now = {
            "rung": str(figures.rung),
            "pack": figures.pack,
            "preset": figures.preset,
            "device": figures.source,
            "restarts": str(status.count("gl", "recoveries")),
        }
        for name, value in now.items():
            if name in self._known and self._known[name] != value:
                log_file.tell(f"{name}: {value}", {name: value, "before": self._known[name]})
        self._known = now
        if self._line_due_s is None:
            self._line_due_s = now_s + LINE_S
        if now_s >= self._line_due_s:
            self._line_due_s += LINE_S
            log_file.tell("status", line_of(status, readings()))


def about(status: ShowStatus) -> Mapping[str, object]:
    """What an alert and the page of health tell beside the state."""
    figures = status.figures
    return {
        "rung": str(figures.rung),
        "pack": figures.pack,
        "preset": figures.preset,
        "source": figures.source,
        "fps": round(figures.fps, 1),
        "running_s": round(figures.elapsed_s, 1),
        "machine": gethostname(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def line_of(status: ShowStatus, readings: Mapping[str, object]) -> Mapping[str, object]:
    """The fields of the line that is written once a minute."""
    figures = status.figures
    return {
        "fps": figures.fps,
        "latency_p95_ms": figures.latency_p95_ms,
        "generator_fps": figures.generator_fps,
        "rung": str(figures.rung),
        "level_dbfs": readings.get("/features/loudness_dbfs"),
        "quadrant": quadrant(
            float(str(readings.get("/emotion/valence", 0.0))),
            float(str(readings.get("/emotion/arousal", 0.0))),
        ),
        "late_frames": status.late_frames,
        "late_host": status.count("late", "host"),
        "overruns": status.overruns,
        "steal": figures.host.steal,
        "clipped": figures.sound.clipped,
        "drift_ppm": figures.sound.drift_ppm,
        "device": figures.source,
        "pack": figures.pack,
        "preset": figures.preset,
    }


def quadrant(valence: float, arousal: float) -> str:
    """Where the emotion lies, in two words; `neutral` near the middle."""
    if math.hypot(valence, arousal) < 0.15:
        return "neutral"
    return f"{'pleasant' if valence >= 0.0 else 'unpleasant'} {'lively' if arousal >= 0.0 else 'calm'}"


def pages(status: Callable[[], ShowStatus]) -> Mapping[str, Callable[[], Reply]]:
    """`/healthz` and `/metrics`, by their paths."""
    metrics = Metrics(status)

    def healthz() -> Reply:
        now = status()
        verdict = verdict_of(now)
        body = {"state": str(verdict.state), "reasons": list(verdict.reasons), **about(now)}
        return Reply(503 if verdict.state is State.FAILING else 200, json.dumps(body).encode(), JSON)

    def metrics_page() -> Reply:
        page, media_type = metrics.page()
        return Reply(200, page, media_type)

    return {"/healthz": healthz, "/metrics": metrics_page}


def open_alerts(config: ShowConfig) -> Alerts:
    """Who is told as `config` says. Raises UsageError for an address or a command that cannot be."""
    ways = []
    if config.alert_webhook is not None:
        ways.append(webhook(config.alert_webhook))
    if config.alert_command is not None:
        ways.append(command(config.alert_command))
    return Alerts(ways)


def open_log_file(config: ShowConfig, opened: ExitStack) -> JsonLog | None:
    """The file that `config` names, kept until `opened` is closed. Raises RecordError when it cannot be written."""
    if config.log_file is None:
        return None
    log_file = JsonLog(config.log_file)
    log_file.open()
    opened.callback(log_file.close)
    return log_file
