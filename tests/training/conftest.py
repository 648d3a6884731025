"""Small sound folders for the tests of training: tones whose pitch and pulse go with their label."""

from __future__ import annotations

import csv
import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import soundfile
import torch
from tests.training.tiny_painting import art_dir, exported_generator, tiny_net, trained_dir

from chromesthesia_training import safe_write
from chromesthesia_training.encoder.export import TrainedEncoder, export_onnx
from chromesthesia_training.encoder.model import EncoderSizes, StreamingEncoder

__all__ = ["art_dir", "exported_generator", "tiny_net", "trained_dir"]

PITCH_HZ = {"angry": 1_400.0, "happy": 700.0, "sad": 220.0}


def write_tone(
    path: Path, pitch_hz: float, seconds: float = 1.0, rate_hz: int = 24_000, seed: int = 0
) -> Path:
    """A pulsing tone with a little noise, as a wav file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    noise = np.random.default_rng(seed).normal(0.0, 0.01, len(time_s))
    tone = 0.3 * np.sin(2.0 * np.pi * pitch_hz * time_s) * (0.6 + 0.4 * np.sin(2.0 * np.pi * 3.0 * time_s))
    soundfile.write(path, (tone + noise).astype(np.float32), rate_hz)
    return path


def write_csv(path: Path, rows: Iterable[dict[str, object]]) -> Path:
    """A table whose columns are those of the first row."""
    rows = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(name="write_tone")
def write_tone_fixture() -> Callable[..., Path]:
    """`write_tone`, for test modules: they cannot import this one."""
    return write_tone


@pytest.fixture(name="write_csv")
def write_csv_fixture() -> Callable[..., Path]:
    """`write_csv`, for test modules."""
    return write_csv


SMALL = EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16))


def lively(sizes: EncoderSizes, seed: int = 0) -> StreamingEncoder:
    """A network whose statistics have means and deviations of their own, as after training."""
    torch.manual_seed(seed)
    model = StreamingEncoder(sizes)
    model.standardise(torch.randn(6, 160, 64) * 3.0 - 8.0)
    return model.eval()


@pytest.fixture(name="lively", scope="session")
def lively_fixture() -> Callable[..., StreamingEncoder]:
    """`lively`, for test modules."""
    return lively


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainedEncoder, Path]:
    """A small encoder and its ONNX file; exporting takes seconds, so once for all."""
    trained = TrainedEncoder(lively(SMALL), temperature=1.7, step=5)
    path = tmp_path_factory.mktemp("onnx") / "encoder.onnx"
    export_onnx(trained, path)
    return trained, path


@pytest.fixture
def own_sounds(tmp_path: Path) -> Path:
    """A user's folder: three labels, four speakers each, one sound a speaker."""
    folder = tmp_path / "mine"
    for label, pitch_hz in PITCH_HZ.items():
        for index in range(4):
            write_tone(
                folder / label / f"speaker{index}" / "one.wav", pitch_hz * (1.0 + 0.05 * index), seed=index
            )
    return folder


@pytest.fixture
def speech_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a speech folder; keyword arguments replace cells of the second row."""

    def write(**changed: object) -> Path:
        folder = tmp_path / "data" / "speech"
        rows: list[dict[str, object]] = [
            {
                "path": f"{emotion}-{speaker}.wav",
                "emotion": emotion,
                "emotion3": emotion if emotion in PITCH_HZ else "",
                "corpus": "tiny",
                "speaker": f"speaker{speaker}",
                "split": ("train", "val", "test")[speaker],
                "intensity": "",
                "fold": speaker,
            }
            for emotion in ("angry", "happy", "sad", "neutral")
            for speaker in range(3)
        ]
        rows[1].update(changed)
        for row in rows:
            write_tone(folder / str(row["path"]), PITCH_HZ.get(str(row["emotion"]), 440.0))
        write_csv(folder / "index.csv", rows)
        return folder

    return write


class FullDisk(io.FileIO):
    """A file that takes `room` bytes, then answers as a full disk does."""

    def __init__(self, path: Path, room: int) -> None:
        super().__init__(path, "wb")
        self.room = room

    def write(self, data: object) -> int:
        size = memoryview(data).nbytes  # type: ignore[arg-type]
        if size > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= size
        return super().write(data)  # type: ignore[arg-type]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Leaves room for the given number of bytes in every file that is written."""

    def fill(room: int) -> None:
        def opened(path: Path) -> BinaryIO:
            return io.BufferedWriter(FullDisk(path, room), buffer_size=1_024)

        monkeypatch.setattr(safe_write, "open_partial", opened)

    return fill


@pytest.fixture(scope="session")
def under_torchrun(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which `torchrun_worker.py` has run as two processes. They take seconds to start, so once for all."""
    folder = tmp_path_factory.mktemp("torchrun")
    (folder / "runs").mkdir()
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--rdzv-backend", "c10d"]
    launcher += ["--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1"]
    one_machine = {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, *launcher, str(repository / "tests/training/torchrun_worker.py"), str(folder)],
        env=os.environ | one_machine | {"PYTHONPATH": os.pathsep.join([str(repository), *sys.path])},
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=1_200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder
