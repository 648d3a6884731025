"""A day of a show from its log of JSON lines alone: when it was open, what failed, when it was loudest. No content."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from chromesthesia.core.errors import UsageError
from chromesthesia.core.user_files import is_file, one_line, open_file

MOST_FILES = 9
"""Older files of a log beside it: `night.log.1` to `night.log.9`."""
LONGEST_LINE = 64 * 1024
LARGEST_FILE = 64 * 1024 * 1024
OPEN_FOR_S = 150.0
"""A minute's line stands for the time to the next; where none came for so long, the show was not open."""
BEGINS = "the show begins"
KEPT_REASONS = 20
QUIETEST_DBFS = -100.0


@dataclass(frozen=True, slots=True)
class Span:
    """From and to, in the machine's own time. what: the state's or the rung's name, with why."""

    begin: datetime
    end: datetime
    what: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.begin).total_seconds()


@dataclass(frozen=True, slots=True)
class Day:
    """What one day's lines say. loudest: the hour of the day and its mean level in dBFS, by energy."""

    day: date
    open: tuple[Span, ...]
    starts: int
    gl_restarts: int
    degraded: tuple[Span, ...]
    rungs: Mapping[str, int]
    warnings: int
    errors: int
    fps_mean: float | None
    fps_lowest: float | None
    latency_p95_ms: float | None
    overruns: int
    device_changes: int
    loudest: tuple[int, float] | None
    unread: int

    @property
    def open_s(self) -> float:
        """Seconds that the show was open."""
        return sum(span.seconds for span in self.open)


def files_of(log: Path) -> list[Path]:
    """The log and its older files, oldest first. Raises UsageError when it is not there."""
    if not is_file(log):
        raise UsageError(f"no log at {one_line(log)}", "give the file that `run --log-file` writes")
    older = [log.with_name(f"{log.name}.{number}") for number in range(MOST_FILES, 0, -1)]
    return [*(path for path in older if is_file(path)), log]


def read_day(log: Path, day: date | None = None) -> Day:
    """The day, else the newest that the log has. Lines that are none are counted and left out. Raises UsageError."""
    lines: list[tuple[datetime, Mapping[str, object]]] = []
    unread = 0
    for path in files_of(log):
        for raw in _lines(path):
            line = _parsed(raw)
            if line is None:
                unread += 1
            else:
                lines.append(line)
    if not lines:
        raise UsageError(
            f"no line of a show's log in {one_line(log)}", "give the file that `run --log-file` writes"
        )
    lines.sort(key=lambda line: line[0])
    wanted = day or lines[-1][0].date()
    there = [line for line in lines if line[0].date() == wanted]
    if not there:
        known = sorted({line[0].date() for line in lines})
        raise UsageError(f"nothing of {wanted} in {one_line(log)}", f"it has {known[0]} to {known[-1]}")
    return summed(wanted, there, unread)


def summed(day: date, lines: list[tuple[datetime, Mapping[str, object]]], unread: int = 0) -> Day:
    """One day's lines, in the order of their times, made into its figures."""
    status = [(at, line) for at, line in lines if line.get("text") == "status"]
    fps = [number for _, line in status if (number := _number(line.get("fps"))) is not None]
    late = sorted(number for _, line in status if (number := _number(line.get("latency_p95_ms"))) is not None)
    levels = Counter(str(line.get("level")) for _, line in lines)
    return Day(
        day,
        tuple(_open(lines)),
        sum(str(line.get("text")).startswith(BEGINS) for _, line in lines),
        sum("restarts" in line and "before" in line for _, line in lines),
        tuple(_degraded(lines)),
        dict(Counter(str(line["rung"]) for _, line in lines if "rung" in line and "before" in line)),
        levels["warning"],
        levels["error"] + levels["critical"],
        sum(fps) / len(fps) if fps else None,
        min(fps, default=None),
        late[len(late) // 2] if late else None,
        _grown(status, "overruns"),
        sum("device" in line and "before" in line for _, line in lines),
        _loudest(status),
        unread,
    )


def told(report: Day) -> list[str]:
    """The day as lines of text, for a person."""
    ill_s = sum(span.seconds for span in report.degraded)
    lines = [
        f"{report.day:%A, %d %B %Y}",
        f"open: {_duration(report.open_s)}, {_spans(report.open)}",
        f"starts: {report.starts}; OpenGL made again: {report.gl_restarts}; "
        f"other sound device: {report.device_changes}",
        f"not as it should be: {_duration(ill_s)}, {len(report.degraded)} times",
        *(
            f"  {span.begin:%H:%M:%S} to {span.end:%H:%M:%S}: {span.what}"
            for span in report.degraded[:KEPT_REASONS]
        ),
        "rungs taken: " + (", ".join(f"{rung} {count}" for rung, count in report.rungs.items()) or "none"),
        f"warnings: {report.warnings}; errors: {report.errors}; times that sound was lost: {report.overruns}",
    ]
    if report.fps_mean is not None:
        lines.append(
            f"frames a second: {report.fps_mean:.1f} on average, {report.fps_lowest:.1f} at the least"
        )
    if report.latency_p95_ms is not None:
        lines.append(f"sound to light, p95 of a usual minute: {report.latency_p95_ms:.0f} ms")
    if report.loudest is not None:
        hour, level_dbfs = report.loudest
        lines.append(f"loudest hour: {hour:02d}:00 to {hour + 1:02d}:00, {level_dbfs:.1f} dBFS on average")
    if report.unread:
        lines.append(f"{report.unread} lines could not be read")
    return lines


def as_json(report: Day) -> dict[str, object]:
    """The day for a program."""
    return {
        "day": report.day.isoformat(),
        "open_s": round(report.open_s),
        "open": [[span.begin.isoformat(), span.end.isoformat()] for span in report.open],
        "starts": report.starts,
        "gl_restarts": report.gl_restarts,
        "device_changes": report.device_changes,
        "degraded": [[span.begin.isoformat(), span.end.isoformat(), span.what] for span in report.degraded],
        "rungs": dict(report.rungs),
        "warnings": report.warnings,
        "errors": report.errors,
        "overruns": report.overruns,
        "fps_mean": report.fps_mean,
        "fps_lowest": report.fps_lowest,
        "latency_p95_ms": report.latency_p95_ms,
        "loudest_hour": None if report.loudest is None else report.loudest[0],
        "loudest_dbfs": None if report.loudest is None else report.loudest[1],
        "unread_lines": report.unread,
    }


def _lines(path: Path) -> Iterable[bytes]:
    with open_file(path, UsageError) as file:
        read = 0
        while read < LARGEST_FILE and (line := file.readline(LONGEST_LINE)):
            read += len(line)
            if line.strip():
                yield line


def _parsed(raw: bytes) -> tuple[datetime, Mapping[str, object]] | None:
    try:
        line = json.loads(raw)
        return datetime.fromtimestamp(float(line["time"])).astimezone(), line
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _open(lines: list[tuple[datetime, Mapping[str, object]]]) -> Iterable[Span]:
    begin = last = lines[0][0]
    for at, line in lines[1:]:
        again = str(line.get("text")).startswith(BEGINS) and at - last > timedelta(seconds=OPEN_FOR_S)
        if again or at - last > timedelta(seconds=OPEN_FOR_S):
            yield Span(begin, last, "open")
            begin = at
        last = at
    yield Span(begin, last, "open")


def _degraded(lines: list[tuple[datetime, Mapping[str, object]]]) -> Iterable[Span]:
    since: tuple[datetime, str] | None = None
    for at, line in lines:
        # A show that begins anew is well until it says otherwise.
        anew = str(line.get("text")).startswith(BEGINS)
        if "health" not in line and not anew:
            continue
        if since is not None:
            yield Span(since[0], at, since[1])
        state = "ok" if anew else str(line["health"])
        since = None if state == "ok" else (at, f"{state}: {one_line(line.get('reasons', ''), 200)}")
    if since is not None:
        yield Span(since[0], lines[-1][0], since[1])


def _grown(status: list[tuple[datetime, Mapping[str, object]]], name: str) -> int:
    """How much a count grew; it begins at 0 with every start."""
    grown, before = 0.0, 0.0
    for _, line in status:
        now = _number(line.get(name)) or 0.0
        grown += now - before if now >= before else now
        before = now
    return round(grown)


def _loudest(status: list[tuple[datetime, Mapping[str, object]]]) -> tuple[int, float] | None:
    by_hour: dict[int, list[float]] = {}
    for at, line in status:
        level_dbfs = _number(line.get("level_dbfs"))
        if level_dbfs is not None:
            by_hour.setdefault(at.hour, []).append(10.0 ** (max(QUIETEST_DBFS, min(20.0, level_dbfs)) / 10.0))
    means = {hour: sum(powers) / len(powers) for hour, powers in by_hour.items()}
    if not means:
        return None
    hour = max(means, key=lambda each: means[each])
    return hour, round(10.0 * math.log10(means[hour]), 1)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60.0)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _spans(spans: tuple[Span, ...]) -> str:
    return ", ".join(f"{span.begin:%H:%M} to {span.end:%H:%M}" for span in spans[:KEPT_REASONS])
