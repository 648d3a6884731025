"""A day's report: right from whole logs, and from what hostile or broken ones leave."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest

from chromesthesia.core.errors import UsageError
from chromesthesia.health.day import as_json, read_day, told

DAY = date(2026, 11, 26)


def at(hour: float, day: int = 26) -> float:
    return datetime(2026, 11, day, int(hour), round(hour % 1.0 * 60.0)).astimezone().timestamp()


def line(hour: float, text: str, level: str = "info", **fields: object) -> dict[str, object]:
    return {"time": at(hour), "level": level, "logger": "chromesthesia.show", "text": text, **fields}


def minutes(begin: float, end: float, **fields: object) -> list[dict[str, object]]:
    first, last = round(begin * 60), round(end * 60)
    return [line(minute / 60, "status", fps=30.0, latency_p95_ms=48.0, overruns=2, level_dbfs=-40.0) | fields
            for minute in range(first, last + 1)]  # fmt: skip


def written(path: Path, lines: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return path


def test_a_day_is_told_from_its_log_alone(tmp_path: Path) -> None:
    log = written(
        tmp_path / "night.log",
        [
            line(10.0, "the show begins: mic, pack default"),
            *minutes(10.0, 12.0),
            line(
                12.0,
                "the show is degraded: on the rung shaders",
                "warning",
                health="degraded",
                reasons="slow",
            ),
            line(12.5, "the show is ok: as it should be", health="ok", reasons="as it should be"),
            *minutes(12.0, 12.97, level_dbfs=-20.0),
            *minutes(13.0, 13.0),
            line(12.1, "rung: shaders", rung="shaders", before="all"),
            line(12.2, "restarts: 1", restarts="1", before="0"),
            line(12.3, "an output failed", "error"),
            line(15.0, "the show begins: mic, pack default"),
            *minutes(15.0, 16.0, fps=20.0, overruns=3),
        ],
    )
    found = read_day(log)

    assert found.day == DAY
    assert [(span.begin.hour, span.end.hour) for span in found.open] == [(10, 13), (15, 16)]
    assert found.open_s == pytest.approx(4 * 3600)
    assert (found.starts, found.gl_restarts, found.warnings, found.errors) == (2, 1, 1, 1)
    [degraded] = found.degraded
    assert degraded.seconds == pytest.approx(1800)
    assert degraded.what == "degraded: slow"
    assert found.overruns == 3, "a count of 2, then of 3"
    assert found.fps_lowest == 20.0
    assert found.loudest is not None
    hour, level_db = found.loudest
    assert hour == 12
    assert level_db == pytest.approx(-20.0, abs=0.2)
    text = "\n".join(told(found))
    assert "open: 4 h 00 min, 10:00 to 13:00, 15:00 to 16:00" in text
    assert "loudest hour: 12:00 to 13:00" in text
    assert "rungs taken: shaders 1" in text
    json.dumps(as_json(found), allow_nan=False)


def test_older_files_and_other_days(tmp_path: Path) -> None:
    written(tmp_path / "night.log.1", [line(9.0, "the show begins: demo"), *minutes(9.0, 9.5)])
    log = written(tmp_path / "night.log", [{**line(8.0, "status", fps=1.0), "time": at(8.0, 27)}])
    assert read_day(log).day == date(2026, 11, 27)
    assert read_day(log, DAY).open_s == pytest.approx(1800)
    with pytest.raises(UsageError, match=r"nothing of 2026-11-25.*2026-11-26 to 2026-11-27"):
        read_day(log, date(2026, 11, 25))


def test_what_is_no_line_is_counted_and_left_out(tmp_path: Path) -> None:
    log = written(tmp_path / "night.log", minutes(9.0, 9.2))
    nested = "[" * 50_000
    strange = ['{"time": "soon"}', '{"time": 1e300}', "[]", "7", "\0\0", nested, '{"time": NaN}', '{"ti']
    with log.open("a") as file:
        file.write("\n".join(strange))
    found = read_day(log)
    assert found.unread == len(strange)
    assert found.open_s == pytest.approx(720)
    wild = {"fps": "fast", "level_dbfs": 1e300, "overruns": -5, "health": ["no"], "rung": {}, "before": 1}
    log = written(log, [*minutes(9.0, 9.1), line(9.2, "status") | wild])
    json.dumps(as_json(read_day(log)), allow_nan=False)
    told(read_day(log))


@pytest.mark.parametrize("content", ["", "no log at all\n"])
def test_what_is_no_log_is_said(tmp_path: Path, content: str) -> None:
    log = tmp_path / "night.log"
    with pytest.raises(UsageError, match="no log at"):
        read_day(log)
    log.write_text(content)
    with pytest.raises(UsageError, match="no line of a show's log"):
        read_day(log)
