"""Several processes, and processes that are ended: torchrun on loopback, SIGKILL, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.training.fit.toys import Classifier, Duel, loaders, settings_in

from chromesthesia_training.fit import alone, environment, fast_precision, fit
from chromesthesia_training.fit import checkpoint as checkpoint_module

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def run_worker(repository: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    worker = repository / "tests" / "training" / "fit" / "worker.py"
    return subprocess.run(
        [sys.executable, str(worker), *map(str, arguments)],
        env=os.environ | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join([str(repository), *sys.path])},
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=1_200,
        check=False,
    )


@pytest.mark.parametrize(
    ("can", "precision"),
    [
        ({"avx2": True, "avx512_bf16": False}, "32-true"),
        ({"avx512_bf16": True}, "bf16-mixed"),
        ({}, "32-true"),
    ],
)
def test_bfloat16_is_for_processors_that_multiply_in_it(
    can: dict[str, bool], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: can)
    assert fast_precision() == precision


@pytest.mark.parametrize("name", ["classifier", "duel"])
def test_two_steps_on_two_processes_are_two_steps_on_one(
    name: str, under_torchrun: Path, tmp_path: Path
) -> None:
    """The generator of a duel draws latents of its own in each process, so only its agreement with itself is held."""
    one, beginning = (Classifier(dropout=0.0) if name == "classifier" else Duel() for _ in range(2))
    settings = settings_in(tmp_path, max_epochs=None, max_steps=2, checkpoint_every_steps=2)
    fit(one, *loaders(8), settings)
    ranks = [torch.load(under_torchrun / name / f"rank{rank}.pt", weights_only=True) for rank in (0, 1)]
    for got in ranks:
        for weight, value in one.state_dict().items():
            if name == "classifier":
                torch.testing.assert_close(got[weight], value, atol=1e-5, rtol=1e-4)
            assert not torch.equal(got[weight], beginning.state_dict()[weight])
    assert all(torch.equal(ranks[0][weight], ranks[1][weight]) for weight in ranks[0])


def test_a_killed_process_resumes_to_the_same_figures(tmp_path: Path, repository: Path) -> None:
    whole = fit(
        module := Classifier(dropout=0.0),
        *loaders(),
        settings_in(tmp_path / "whole", max_epochs=None, max_steps=11, checkpoint_every_steps=2),
    )
    killed = run_worker(repository, tmp_path / "killed", 11, "kill", 9)
    assert killed.returncode == -signal.SIGKILL
    stored = checkpoint_module.load(tmp_path / "killed" / "checkpoints" / "last.ckpt")
    assert stored["callbacks"]["Keeper"]["steps"] == 8

    resumed = Classifier(dropout=0.0)
    report = fit(
        resumed,
        *loaders(),
        settings_in(tmp_path / "killed", max_epochs=None, max_steps=11, checkpoint_every_steps=2),
    )
    assert report.history == whole.history
    for name, value in module.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value)


def test_ctrl_c_ends_after_its_batch_with_the_checkpoint_written(tmp_path: Path, repository: Path) -> None:
    done = run_worker(repository, tmp_path, 11, "ctrl-c", 9)
    assert "KeyboardInterrupt" in done.stderr
    assert "interrupted at step 9; the same command goes on from there" in done.stderr
    stored = checkpoint_module.load(tmp_path / "checkpoints" / "last.ckpt")
    assert stored["callbacks"]["Keeper"]["steps"] == 9


def test_a_process_of_several_can_train_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "4"), ("LOCAL_WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    assert (environment().rank, environment().world, environment().local_world, environment().first) == (
        1,
        4,
        2,
        False,
    )
    with alone():
        assert environment().world == 1
    assert environment().world == 4
