"""Pages for monitors, lines for the night, alerts: out of the one status of the show."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chromesthesia.audio.soundness import Soundness
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.core.json_log import JsonLog
from chromesthesia.core.rungs import Rung
from chromesthesia.health.alerts import Alerts, Way
from chromesthesia.health.heartbeat import LoopState, LoopStatus
from chromesthesia.health.host import HostLoad
from chromesthesia.health.status import Figures, ShowStatus
from chromesthesia.show.health_watch import HealthWatch, open_alerts, pages, quadrant
from chromesthesia.testing.oscquery import ask, served

FIGURES = Figures(
    elapsed_s=60.0, fps=30.0, latency_ms=20.0, latency_p95_ms=31.0, source='a "mic"\n', pack="default",
    preset="Ember", sound=Soundness(clipped=7, drift_ppm=-12.5), host=HostLoad(steal=0.25),
)  # fmt: skip


class Show:
    """A status that a test changes."""

    def __init__(self) -> None:
        self.figures = FIGURES
        self.loop = LoopState.BEATS

    def status(self) -> ShowStatus:
        counts = {
            "frames": {"drawn": 1800, "late": 3},
            "ladder": {"down": 1, "up": 0},
            "port osc": {"lost": -1},
        }
        return ShowStatus(self.figures, counts, (LoopStatus("frame", self.loop, 1800, 0, 0.0),))


@pytest.fixture
def show() -> Show:
    return Show()


def test_healthz_is_200_while_the_show_goes_on_and_503_when_it_does_not(show: Show) -> None:
    healthz = pages(show.status)["/healthz"]

    def answer() -> tuple[int, dict[str, Any]]:
        reply = healthz()
        assert reply.media_type == "application/json"
        return reply.status, json.loads(reply.body)

    status, body = answer()
    assert (status, body["state"], body["reasons"], body["rung"]) == (200, "ok", [], "full")
    show.figures = replace(FIGURES, rung=Rung.SMALL)
    status, body = answer()
    assert (status, body["state"], body["reasons"]) == (200, "degraded", ["on the rung small"])
    show.loop = LoopState.STALLED
    status, body = answer()
    assert (status, body["state"], body["reasons"][0]) == (503, "failing", "frame stands still")


def test_metrics_are_read_by_prometheus_own_parser(show: Show) -> None:
    reply = pages(show.status)["/metrics"]()
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }
    assert reply.media_type.startswith("text/plain")
    assert found["chromesthesia_fps",] == 30.0
    assert found["chromesthesia_up",] == 1.0
    assert found["chromesthesia_rung",] == 0.0
    assert found["chromesthesia_sound_to_light_p95_seconds",] == pytest.approx(0.031)
    assert found["chromesthesia_sound_drift_ppm",] == -12.5
    assert found["chromesthesia_sound_clipped_samples_total",] == 7.0
    assert found["chromesthesia_host_steal",] == 0.25
    assert ("chromesthesia_host_throttled",) not in found, "what is not known is not told as 0"
    assert found["chromesthesia_count_total", ("group", "frames"), ("name", "late")] == 3.0
    assert not any(("group", "port osc") in name for name in found), "-1 is no count"
    assert found["chromesthesia_loop_stalled", ("loop", "frame")] == 0.0
    (info,) = (name for name in found if name[0] == "chromesthesia_show_info")
    assert ("source", 'a "mic"\n') in info


def test_both_are_served_beside_the_tree_and_behind_the_token(show: Show) -> None:
    with served({}) as tree:
        tree.server.pages = pages(show.status)
        status, body, headers = tree.ask("/healthz")
        assert (status, json.loads(body)["state"], headers["Content-Type"]) == (200, "ok", "application/json")
        show.loop = LoopState.STALLED
        assert tree.ask("/healthz")[0] == 503
        status, body, headers = tree.ask("/metrics")
        assert status == 200
        assert b"chromesthesia_up 0.0" in body
        assert tree.ask("/healthz/more")[0] == 404
        assert tree.ask("/metrics", method="HEAD")[1] == b""
    with served({}, token="long-enough-token", lan=True) as tree:
        tree.server.pages = pages(show.status)
        assert tree.ask("/metrics")[0] == 401
        assert tree.ask("/healthz")[0] == 401
        assert tree.ask("/metrics", {"Authorization": "Bearer long-enough-token"})[0] == 200
        assert tree.ask("/healthz?token=long-enough-token")[0] == 503
        assert ask(tree.port, "/metrics", {"Host": "evil.example"})[0] == 403


def readings() -> Mapping[str, Any]:
    return {"/features/loudness_dbfs": -20.5, "/emotion/valence": 0.5, "/emotion/arousal": -0.4}


def test_a_line_a_minute_and_one_for_every_change(show: Show, tmp_path: Path) -> None:
    path = tmp_path / "night.log"
    log_file = JsonLog(path)
    log_file.open()
    watch = HealthWatch(show.status, Alerts([]), log_file)
    for second in range(150):
        if second == 100:
            show.figures = replace(FIGURES, preset="Ink", rung=Rung.SHADERS)
        watch.publish(1000.0 + second, [], readings)
        watch.publish(1000.5 + second, [], readings)
    log_file.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    minutes = [line for line in lines if line["text"] == "status"]
    assert [line["rung"] for line in minutes] == ["full", "shaders"]
    first = minutes[0]
    assert (first["fps"], first["latency_p95_ms"], first["level_dbfs"]) == (30.0, 31.0, -20.5)
    assert (first["quadrant"], first["steal"], first["clipped"]) == ("pleasant calm", 0.25, 7)
    changes = [line for line in lines if "before" in line]
    assert [(line.get("rung"), line.get("preset"), line["before"]) for line in changes] == [
        ("shaders", None, "full"),
        (None, "Ink", "Ember"),
    ]
    assert watch.health()["log_dropped"] == 0


def test_a_change_of_health_is_logged_and_told(show: Show, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "chromesthesia")
    clock, told = ManualClock(0.0), list[Mapping[str, object]]()
    watch = HealthWatch(show.status, Alerts([Way("a friend", told.append)], clock, settle_s=2.0))
    for second in range(10):
        if second == 3:
            show.figures = replace(FIGURES, rung=Rung.SHADERS)
        watch.publish(float(second), [], readings)
        clock.advance(1.0)
    watch.stop()
    assert [(alert["state"], alert["rung"], alert["preset"]) for alert in told] == [
        ("degraded", "shaders", "Ember")
    ]
    assert [record.message for record in caplog.records] == ["the show is degraded: on the rung shaders"]
    assert watch.next_s == 10.0


@pytest.mark.parametrize(
    ("valence", "arousal", "words"),
    [
        (0.0, 0.1, "neutral"),
        (0.4, 0.3, "pleasant lively"),
        (-0.4, 0.3, "unpleasant lively"),
        (-0.4, -0.3, "unpleasant calm"),
    ],
)
def test_the_quadrant_in_words(valence: float, arousal: float, words: str) -> None:
    assert quadrant(valence, arousal) == words


def test_what_cannot_be_told_is_refused_at_the_start() -> None:
    assert open_alerts(ShowConfig()).counts() == {"sent": 0, "failures": 0}
    with pytest.raises(UsageError):
        open_alerts(ShowConfig(alert_webhook="nonsense"))


def test_the_heap_is_tidied_every_ten_seconds(show: Show) -> None:
    tidied: list[float] = []
    clock = ManualClock(500.0)
    watch = HealthWatch(show.status, Alerts([]), tidy=lambda: tidied.append(clock.now_s()))
    for _ in range(250):
        watch.publish(clock.now_s(), (), dict)
        clock.advance(0.1)
    assert tidied == pytest.approx([500.0, 510.0, 520.0], abs=1.2)
