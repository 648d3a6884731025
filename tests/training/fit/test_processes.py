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

from chromesthesia_training.fit import alone, environment, fit
from chromesthesia_training.fit import checkpoint as checkpoint_module

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "CUDA_VISIBLE_DEVICES": ""}


def run_worker(repository: Path, *arguments: object, processes: int = 1) -> subprocess.CompletedProcess[str]:
    launcher = [sys.executable]
    if processes > 1:
        launcher += ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
        launcher += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1"]
    worker = repository / "tests" / "training" / "fit" / "worker.py"
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(repository)}
    return subprocess.run(
        [*launcher, str(worker), *map(str, arguments)],
        env=environment,
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=1_200,
        check=False,
    )


@pytest.mark.parametrize("name", ["classifier", "duel"])
def test_two_steps_on_two_processes_are_two_steps_on_one(name: str, tmp_path: Path, repository: Path) -> None:
    """The generator of a duel draws latents of its own in each process, so only its agreement with itself is held."""
    done = run_worker(repository, tmp_path / "two", name, 8, 2, processes=2)
    assert done.returncode == 0, done.stderr
    one = run_worker(repository, tmp_path / "one", name, 8, 2)
    assert one.returncode == 0, one.stderr

    expected = torch.load(tmp_path / "one" / "rank0.pt", weights_only=True)
    beginning = (Classifier(dropout=0.0) if name == "classifier" else Duel()).state_dict()
    for rank in (0, 1):
        got = torch.load(tmp_path / "two" / f"rank{rank}.pt", weights_only=True)
        for weight, value in expected.items():
            if name == "classifier":
                torch.testing.assert_close(got[weight], value, atol=1e-5, rtol=1e-4)
            assert not torch.equal(got[weight], beginning[weight])
    first, second = (torch.load(tmp_path / "two" / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(first[weight], second[weight]) for weight in first)


def test_a_killed_process_resumes_to_the_same_figures(tmp_path: Path, repository: Path) -> None:
    whole = fit(
        module := Classifier(dropout=0.0),
        *loaders(),
        settings_in(tmp_path / "whole", max_epochs=None, max_steps=11, checkpoint_every_steps=2),
    )
    killed = run_worker(repository, tmp_path / "killed", "classifier", 4, 11, "kill", 9)
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
    done = run_worker(repository, tmp_path, "classifier", 4, 11, "ctrl-c", 9)
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
