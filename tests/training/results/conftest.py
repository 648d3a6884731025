"""Folders of made-up metrics, for the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.training.results.made_up import Write, made_up

from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.results.rows import ENCODER_ROWS, ROWS


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes made-up metrics files below a results folder."""

    def one(section: str, name: str, **changed: Any) -> None:
        content = {
            "command": f"chromesthesia-train reproduce --only {section}",
            "created": "2026-01-02",
            "machine": "a made-up machine",
            "data": {"what": "made-up data"},
            "protocol": "artist",
            "split": "five folds",
            "seeds": [0],
            "settings": {"epochs": 3},
            **made_up(section, name),
            **changed,
        }
        write_metrics(section, name, content, tmp_path / "metrics")

    return one


@pytest.fixture
def whole(write: Write, tmp_path: Path) -> Path:
    """A results folder with a run for every row."""
    names = [name for row in ENCODER_ROWS for name in row.needs]
    names += [choice[0] for row in ROWS for choice in row.needs]
    for name in dict.fromkeys(names):
        write(*name.split("/", 1))
    write("music", "emotify.ensemble")
    write("analysis", "shared_space")
    write("encoders", "robust.default")
    write("encoders", "adaptation.default")
    write("encoders", "free")
    write("generator", "free")
    return tmp_path
