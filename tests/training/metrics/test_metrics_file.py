"""Metrics files: what is refused, what is read back, and that a failed write leaves the old file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.metrics.metrics_file import over_folds, read_metrics, write_metrics


def content(**changed: Any) -> dict[str, Any]:
    return {
        "command": "chromesthesia-train reproduce --only encoders",
        "data": {"what": "made-up clips", "clips": 12},
        "protocol": "speaker",
        "split": "five grouped folds by speaker",
        "seeds": [0],
        "settings": {"learning_rate": 1e-3},
        "figures": {
            "macro_f1": over_folds([0.5, 0.7]),
            "parameters": 455_000,
            "frechet": {"made": {"mean": 61.0, "deviation": 2.0}},
        },
        **changed,
    }


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = write_metrics("encoders", "cnn.speaker", content(curves={"loss": np.array([1.0, 0.5])}), tmp_path)
    assert path == tmp_path / "encoders" / "cnn.speaker.json"
    (metrics,) = read_metrics(tmp_path)
    assert metrics.figure("macro_f1").mean == pytest.approx(0.6)  # type: ignore[union-attr]
    assert metrics.figure("macro_f1").deviation == pytest.approx(2**0.5 * 0.1, abs=1e-6)  # type: ignore[union-attr]
    assert metrics.figure("frechet.made").mean == 61.0  # type: ignore[union-attr]
    assert metrics.figure("parameters").deviation is None  # type: ignore[union-attr]
    assert metrics.figure("accuracy") is None
    assert metrics["curves"]["loss"] == [1.0, 0.5]
    assert metrics["machine"]


@pytest.mark.parametrize(
    ("section", "name", "changed", "said"),
    [
        (
            "encoders",
            "cnn",
            {"figures": {"macro_f1": {"mean": float("nan")}}},
            "figures.macro_f1.mean is nan",
        ),
        ("encoders", "cnn", {"curves": {"loss": [1.0, float("inf")]}}, r"curves.loss\[1\] is inf"),
        ("encoders", "cnn", {"figures": {}}, "no figures"),
        ("encoders", "cnn", {"data": {"clips": 3}}, "does not say what"),
        ("encoders", "cnn", {"score": 1.0}, "unknown keys score"),
        ("encoder", "cnn", {}, "section 'encoder'"),
        ("encoders", "../cnn", {}, "name '../cnn'"),
        ("encoders", "cnn", {"settings": {"run": object()}}, "a object, which JSON"),
        ("encoders", "cnn", {"curves": {"loss": [0.123456789] * 9_000}}, "more than 60000"),
    ],
)
def test_what_is_refused(tmp_path: Path, section: str, name: str, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        write_metrics(section, name, content(**changed), tmp_path)
    assert not list(tmp_path.rglob("*.*json*"))


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    whole = content()
    del whole["split"], whole["seeds"]
    with pytest.raises(TrainingError, match="lacks split, seeds"):
        write_metrics("encoders", "cnn", whole, tmp_path)


def test_a_refused_file_leaves_the_old_one(tmp_path: Path) -> None:
    path = write_metrics("encoders", "cnn", content(), tmp_path)
    before = path.read_bytes()
    with pytest.raises(TrainingError):
        write_metrics("encoders", "cnn", content(figures={"macro_f1": float("nan")}), tmp_path)
    assert path.read_bytes() == before


def test_a_damaged_or_misplaced_file_is_named(tmp_path: Path) -> None:
    path = write_metrics("encoders", "cnn", content(), tmp_path)
    moved = path.with_name("resnet.json")
    moved.write_bytes(path.read_bytes())
    with pytest.raises(TrainingError, match="calls itself encoders/cnn"):
        read_metrics(tmp_path)
    moved.write_text(json.dumps({"schema": 1})[:-1])
    with pytest.raises(TrainingError, match=r"resnet\.json is damaged"):
        read_metrics(tmp_path)
