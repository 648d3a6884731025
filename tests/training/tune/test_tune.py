"""A search: shared by processes, gone on with, pruned, reported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.tune import (
    Attempt,
    Choice,
    Number,
    Space,
    draw_search,
    open_study,
    tune,
    write_search,
)

SPACE: Space = {"x": Number(-3, 3), "rate": Number(1e-4, 1e-1, log=True), "kind": Choice(("flat", "steep"))}


def bowl(attempt: Attempt) -> float:
    """Best at x = 1; the rate hardly matters."""
    attempt.note(twice=2.0)
    return -((float(attempt.values["x"]) - 1.0) ** 2) - float(attempt.values["rate"])


def worker(repository: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(repository / "tests/training/tune/worker.py"), *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_two_workers_share_one_study(tmp_path: Path, repository: Path) -> None:
    storage = tmp_path / "study.journal"
    pair = [worker(repository, storage, 40) for _ in range(2)]
    for process in pair:
        _, shown = process.communicate(timeout=1_200)
        assert process.returncode == 0, shown
    trials = open_study("bowl", storage, "min").trials
    numbers = [trial.number for trial in trials if trial.value is not None]
    assert len(numbers) == len(set(numbers))
    assert 40 <= len(numbers) <= 41  # the second may have begun its last one as the first ended its own
    assert len({trial.params["x"] for trial in trials}) == len(trials)
    assert {int(trial.user_attrs["process"]) for trial in trials} <= {process.pid for process in pair}


def test_a_trial_of_a_killed_worker_is_repeated_with_its_values(tmp_path: Path, repository: Path) -> None:
    storage = tmp_path / "study.journal"
    process = worker(repository, storage, 6, "kill", 3)
    process.communicate(timeout=1_200)
    assert process.returncode == -signal.SIGKILL
    left = open_study("bowl", storage, "min").trials[3]
    assert left.value is None

    report = tune(
        lambda attempt: float(attempt.values["x"]) ** 2, {"x": Number(-3, 3)}, "bowl", storage, 6, mode="min"
    )
    assert len(report.trials) == 6
    assert left.params in [dict(row.values) for row in report.trials]


def test_a_search_goes_on_where_it_ended_and_counts_what_is_there(tmp_path: Path) -> None:
    whole = tune(bowl, SPACE, "bowl", tmp_path / "whole.journal", 8)
    tune(bowl, SPACE, "bowl", tmp_path / "parts.journal", 3)
    parts = tune(bowl, SPACE, "bowl", tmp_path / "parts.journal", 8)
    assert [row.values for row in parts.trials] == [row.values for row in whole.trials]
    assert parts.best == whole.best
    assert tune(bowl, SPACE, "bowl", tmp_path / "parts.journal", 8).trials == parts.trials


def test_an_interrupted_trial_is_repeated(tmp_path: Path) -> None:
    seen: list[dict[str, object]] = []

    def interrupted(attempt: Attempt) -> float:
        seen.append(dict(attempt.values))
        if len(seen) == 3:
            raise KeyboardInterrupt
        return bowl(attempt)

    with pytest.raises(KeyboardInterrupt):
        tune(interrupted, SPACE, "bowl", tmp_path / "study.journal", 5)
    report = tune(interrupted, SPACE, "bowl", tmp_path / "study.journal", 5)
    assert len(report.trials) == 5
    assert seen[3] == seen[2]
    assert seen[2] in [dict(row.values) for row in report.trials]


def test_a_trial_far_behind_is_pruned(tmp_path: Path) -> None:
    def slow(attempt: Attempt) -> float:
        good = attempt.number < 6
        for step in range(5):
            attempt.report(step, 1.0 + step if good else 0.0)
        return 5.0 if good else 0.0

    report = tune(slow, SPACE, "slow", tmp_path / "study.journal", 8)
    assert [row.state for row in report.trials] == ["complete"] * 6 + ["pruned"] * 2


def test_a_failing_trial_is_passed_over_and_a_search_of_failures_is_named(tmp_path: Path) -> None:
    def touchy(attempt: Attempt) -> float:
        if attempt.number == 1:
            raise TrainingError("the loss is nan", "lower the rate")
        return float("nan") if attempt.number == 2 else bowl(attempt)

    report = tune(touchy, SPACE, "touchy", tmp_path / "study.journal", 5)
    assert [row.state for row in report.trials].count("fail") == 2

    def hopeless(attempt: Attempt) -> float:
        raise TrainingError("the loss is nan", "lower the rate")

    with pytest.raises(TrainingError, match="none of 3 trials of hopeless ended well"):
        tune(hopeless, SPACE, "hopeless", tmp_path / "study.journal", 3)


def test_the_search_finds_what_matters_and_is_written_and_drawn(tmp_path: Path) -> None:
    report = tune(bowl, SPACE, "bowl", tmp_path / "study.journal", 25)
    assert abs(float(report.best["x"]) - 1.0) < 1.0
    assert max(report.importance, key=lambda name: report.importance[name]) == "x"
    about = {
        "command": "chromesthesia-train tune encoder",
        "data": {"what": "a bowl"},
        "protocol": "none",
        "split": "none",
        "seeds": [0],
        "settings": {"epochs": 1},
    }
    path = write_search(report, SPACE, "encoders", "bowl", about, tmp_path / "metrics")
    content = json.loads(path.read_text())
    assert content["settings"]["best"]["kind"] in ("flat", "steep")
    assert content["figures"]["trials"] == 25
    assert content["figures"]["best_twice"] == 2.0
    assert len(content["curves"]["trials"]) == 25
    with Image.open(draw_search(report, tmp_path / "search.png", "bowl")) as picture:
        assert picture.width > 400
        assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "empty"),
        ({"x": Choice(())}, "x has no options"),
        ({"x": Number(2, 1)}, "x goes from 2 to 1"),
        ({"x": Number(0, 1, log=True)}, "logarithmic from 0"),
    ],
)
def test_a_space_without_anything_to_search_is_named(space: Space, message: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=message):
        tune(bowl, space, "bowl", tmp_path / "study.journal", 1)


def test_a_damaged_storage_is_named(tmp_path: Path) -> None:
    (tmp_path / "study.journal").write_text("no journal\n" * 3)
    with pytest.raises(TrainingError, match=r"study.journal cannot be used"):
        tune(bowl, SPACE, "bowl", tmp_path / "study.journal", 1)


def test_a_study_that_looks_the_other_way_is_refused(tmp_path: Path) -> None:
    tune(bowl, SPACE, "bowl", tmp_path / "study.journal", 1)
    with pytest.raises(TrainingError, match="looks the other way"):
        tune(bowl, SPACE, "bowl", tmp_path / "study.journal", 2, mode="min")
    assert os.listdir(tmp_path) == ["study.journal"]
