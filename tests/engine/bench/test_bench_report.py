"""What is told of a measurement: comparison, page and summary, complete and safe to open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from chromesthesia.bench.compare import Change, compare, figures, load
from chromesthesia.bench.plan import Choice, _not_measured, measure_all
from chromesthesia.bench.power import PowerMeter
from chromesthesia.bench.report_html import page
from chromesthesia.bench.summary import summary
from chromesthesia.bench.svg import bars, histogram
from chromesthesia.bench.throughput import timed
from chromesthesia.core.errors import RenderError, UsageError

STAGE = {"p50": 1.0, "p95": 2.0, "p99": 3.0, "count": 5}


def document(p50: float = 18.0, pictures: float = 20.0) -> dict[str, Any]:
    return {
        "schema": 1,
        "kind": "bench",
        "mode": "quick",
        "made": "2026-01-01 00:00 UTC",
        "machine": {"processor": "<b>CPU</b>", "cores": 2, "opengl": "none", "libraries": {"numpy": "2"}, "gpu": None},
        "clicks": {
            "paced": {
                "sound_to_light": {"p50": p50, "p95": 30.0, "p99": 33.0, "least": 9.0, "most": 40.0, "count": 3},
                "delays_ms": [9.0, p50, 40.0],
                "missed": 0,
                "stages": {"driver": STAGE, "ring": {**STAGE, "p50": None}},
                "fps": 60.0,
                "frames": 600,
                "late_frames": 1,
                "size": [640, 360],
                "asked_fps": 60.0,
            },
            "PulseAudio": {"refused": "not installed: pulseaudio"},
        },
        "models": [
            {"model": "generator", "file": "g", "provider": "cpu", "precision": "fp32", "threads": 1, "way": "bound",
             "per_second": pictures, "ms_p50": 50.0},
            {"model": "generator", "file": "g", "provider": "cuda", "precision": "fp32", "threads": 1, "way": "graph",
             "refused": "not there"},
        ],
        "frames": [{"size": [640, 360], "preset": "Plain", "per_second": 90.0}],
        "start": {"p50_s": 1.2},
        "power": {"cpu_watts": "no counter"},
        "peak_memory_mib": 300.0,
        "not_measured": [],
    }  # fmt: skip


def test_a_comparison_knows_what_is_better() -> None:
    changes = {one.name: one for one in compare(document(), document(p50=9.0, pictures=10.0))}
    light = changes["sound to light, paced, p50"]
    assert (light.before, light.after, light.ratio, light.better) == (18.0, 9.0, 0.5, True)
    assert changes["generator fp32, cpu, 1 threads, bound"].better is False
    assert changes["start to first picture"].better is None
    assert Change("x", 0.0, 1.0, "s", True).ratio is None


def test_a_figure_that_one_of_them_has_not_is_shown_all_the_same() -> None:
    less = document()
    less["start"] = {}
    (change,) = (one for one in compare(less, document()) if one.name == "start to first picture")
    assert (change.before, change.after, change.ratio) == (None, 1.2, None)
    assert "ring, paced, p50" not in {one.name for one in figures(document())}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2, "kind": "bench"}', "\0"])
def test_what_is_no_measurement_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"a\.json is no"):
        load(path)
    path.write_text(json.dumps(document()), encoding="utf-8")
    assert load(path)["mode"] == "quick"


def test_the_page_needs_nothing_else_and_foreign_text_stays_text() -> None:
    told = document()
    _not_measured(told, told["not_measured"])
    text = page(told, compare(document(), told))
    assert "http" not in text.replace("http-equiv", "")
    assert "<script" not in text
    assert "&lt;b&gt;CPU&lt;/b&gt;" in text
    assert "<b>CPU</b>" not in text
    assert "prefers-color-scheme: dark" in text
    for line in (
        "generator on cuda, graph: not there",
        "power, cpu_watts: no counter",
        "not installed: pulseaudio",
    ):
        assert line in text


def test_plots_are_well_formed_and_have_a_bar_for_each() -> None:
    chart = ElementTree.fromstring(bars([("a & <b>", 3.0, 5.0), ("c", 0.0, None)], "ms"))
    assert len([one for one in chart if one.get("class") == "bar"]) == 2
    plot = ElementTree.fromstring(histogram([1.0, 1.2, 9.0], "ms", [("p50", 1.2)]))
    assert len([one for one in plot if one.get("class") == "bar"]) == 2
    assert histogram([], "ms") == bars([], "ms") == ""


def test_the_summary_fits_one_screen() -> None:
    told = document()
    _not_measured(told, told["not_measured"])
    console = Console(width=110, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(summary(told))
    text = console.export_text()
    assert "18.0 / 30.0 / 33.0 ms" in text
    assert "Not measured: 3" in text
    assert len(text.splitlines()) < 25


def test_runs_are_counted_by_the_clock() -> None:
    ticks = iter(range(10_000))
    found = timed(lambda: None, 20.0, lambda: next(ticks) * 0.5)
    assert found["ms_p50"] == 500.0
    assert found["per_second"] == 2.0
    assert found["runs"] >= 5


def test_a_part_that_fails_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> dict[str, Any]:
        raise RenderError("no OpenGL")

    from chromesthesia.bench import machine, plan

    monkeypatch.setattr(machine, "describe", dict)
    monkeypatch.setattr(
        plan, "_parts", lambda choice: [("light", broken), ("start", lambda: {"start": {"p50_s": 1.0}})]
    )
    said: list[str] = []
    told = measure_all(Choice(), said.append)
    assert said == ["light", "start"]
    assert told["start"] == {"p50_s": 1.0}
    assert told["not_measured"] == ["light: no OpenGL"]


class Counter:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "energy_uj"

    def set(self, microjoules: int) -> None:
        self.file.write_text(str(microjoules), encoding="ascii")


def test_power_is_energy_over_time_or_the_reason_why_not(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    counter.set(1_000_000)
    with PowerMeter(tmp_path, "no GPU") as power:
        counter.set(3_000_000)
    told = power.figures()
    assert isinstance(told["cpu_watts"], float)
    assert told["cpu_watts"] > 0.0
    assert told["gpu_watts"] == "no GPU"
    with PowerMeter(tmp_path, "no GPU") as power:
        counter.set(10)
    assert power.figures()["cpu_watts"] == "the counter began anew meanwhile"
    with PowerMeter(tmp_path / "nowhere", "no GPU") as power:
        pass
    assert "no energy counter" in str(power.figures()["cpu_watts"])
