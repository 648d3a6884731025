"""Bad data through the command line: each fault named, a non-zero exit, nothing half-written."""

from __future__ import annotations

import errno
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image

from chromesthesia_training import safe_write
from chromesthesia_training.cli import app as cli
from chromesthesia_training.encoder import evaluate as encoder_evaluate
from chromesthesia_training.encoder import export as encoder_export
from chromesthesia_training.encoder import settings as encoder_settings
from chromesthesia_training.encoder.export import EncoderExport
from chromesthesia_training.encoder.model import EncoderSizes
from chromesthesia_training.fit.checkpoint import load

SMALL = functools.partial(
    encoder_settings.EncoderSettings,
    rows=4,
    row_steps=80,
    warm_up=2,
    evaluate_every=5,
    sizes=EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16)),
)


@pytest.fixture(autouse=True)
def _small_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network; export and scoring, which are tested elsewhere, take no time."""
    monkeypatch.setattr(encoder_settings, "EncoderSettings", SMALL)
    monkeypatch.setattr(encoder_export, "export_onnx", lambda trained, out: EncoderExport(out, 0, 0, 0, 0))
    monkeypatch.setattr(encoder_evaluate, "evaluate", lambda *arguments: {"flat": {}})


@pytest.fixture
def train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs a command of `chromesthesia-train` on the run folder `run`: its exit code and what it said as one line."""

    def call(*arguments: str) -> tuple[int, str]:
        options = ["--run", str(tmp_path / "run"), "--cache", str(tmp_path / "cache")]
        monkeypatch.setattr(sys, "argv", ["chromesthesia-train", *arguments, *options])
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        return code, " ".join(capsys.readouterr().err.split())

    return call


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twelve small pictures in label folders."""
    folder = tmp_path / "pictures"
    for emotion in ("anger", "contentment", "sadness"):
        for artist in ("klee", "moran", "okada", "diaz"):
            path = folder / emotion / f"{artist}_1.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(path)
    return folder


def test_a_corrupt_wav(train: Callable[..., tuple[int, str]], own_sounds: Path, tmp_path: Path) -> None:
    broken = own_sounds / "happy" / "speaker1" / "one.wav"
    broken.write_bytes(broken.read_bytes()[:30])
    code, said = train("encoder", "--sounds", str(own_sounds), "--steps", "5")
    assert code == 9
    assert str(broken) in said
    assert files_in(tmp_path / "run") + files_in(tmp_path / "cache") == []


def test_a_class_with_one_clip(
    train: Callable[..., tuple[int, str]], own_sounds: Path, tmp_path: Path
) -> None:
    for speaker in ("speaker1", "speaker2", "speaker3"):
        (own_sounds / "sad" / speaker / "one.wav").unlink()
    code, said = train("encoder", "--sounds", str(own_sounds), "--steps", "5")
    assert code == 9
    assert "'sad'" in said
    assert files_in(tmp_path / "run") == []


def test_a_picture_of_zero_bytes(
    train: Callable[..., tuple[int, str]], pictures: Path, tmp_path: Path
) -> None:
    empty = pictures / "sadness" / "moran_1.png"
    empty.write_bytes(b"")
    code, said = train("gan", "--pictures", str(pictures), "--features", "random", "--steps", "2")
    assert code == 9
    assert str(empty) in said
    assert "0 bytes" in said
    assert files_in(tmp_path / "run") + files_in(tmp_path / "cache") == []


@pytest.mark.parametrize(
    ("cell", "message"),
    [("1.7", "valence is 1.7 (give a number from 0 to 1)"), ("pleasant", "valence is 'pleasant'")],
)
def test_a_label_outside_the_scale(
    train: Callable[..., tuple[int, str]], pictures: Path, tmp_path: Path, cell: str, message: str
) -> None:
    rows = ["path,artist,emotion,valence,arousal,dominance,split"]
    rows += [f"anger/{name}_1.png,{name},anger,0.3,0.6,0.5,train" for name in ("klee", "moran", "okada")]
    rows += [f"anger/diaz_1.png,diaz,anger,{cell},0.6,0.5,test"]
    (pictures / "index.csv").write_text("\n".join(rows) + "\n")
    code, said = train("gan", "--pictures", str(pictures), "--features", "random", "--steps", "2")
    assert code == 9
    assert "index.csv line 5" in said
    assert message in said
    assert files_in(tmp_path / "run") + files_in(tmp_path / "cache") == []


def fill_disk(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The disk is full for every file whose name begins with `name`; a half-written one is left to be removed."""
    opened = safe_write.open_partial

    def open_or_fail(path: Path) -> BinaryIO:
        if not path.name.startswith(name):
            return opened(path)
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(safe_write, "open_partial", open_or_fail)


def test_a_disk_that_is_full_from_the_start(
    train: Callable[..., tuple[int, str]], own_sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, "mel-")
    code, said = train("encoder", "--sounds", str(own_sounds), "--steps", "5")
    assert code == 9
    assert "No space left on device" in said
    assert "free space" in said
    assert files_in(tmp_path / "run") + files_in(tmp_path / "cache") == []


def test_a_disk_that_fills_up_keeps_the_last_checkpoint(
    train: Callable[..., tuple[int, str]], own_sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("encoder", "--sounds", str(own_sounds), "--steps")
    assert train(*command, "5")[0] == 0
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    before = checkpoint.read_bytes()
    with monkeypatch.context() as patched:
        fill_disk(patched, "last.ckpt")
        code, said = train(*command, "10")
    assert code == 9
    assert "last.ckpt: No space left on device" in said
    assert checkpoint.read_bytes() == before
    assert not [name for name in files_in(tmp_path) if name.endswith(".part")]
    assert train(*command, "10")[0] == 0
    assert steps_done(checkpoint) == 10


def steps_done(checkpoint: Path) -> int:
    steps: int = load(checkpoint)["callbacks"]["Keeper"]["steps"]
    return steps


DRIVER = """
import functools, sys
from chromesthesia_training import cli
from chromesthesia_training.encoder import settings
from chromesthesia_training.encoder.model import EncoderSizes
settings.EncoderSettings = functools.partial(
    settings.EncoderSettings, rows=4, row_steps=80, warm_up=2, evaluate_every=5,
    sizes=EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16)),
)
sys.argv = ["chromesthesia-train", *sys.argv[1:]]
cli.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT to one process")
def test_an_interrupted_run_keeps_its_checkpoint_and_goes_on(
    train: Callable[..., tuple[int, str]], own_sounds: Path, tmp_path: Path
) -> None:
    options = ["--run", str(tmp_path / "run"), "--cache", str(tmp_path / "cache")]
    arguments = ["encoder", "--sounds", str(own_sounds), "--steps", "100000", *options]
    running = subprocess.Popen(
        [sys.executable, "-c", DRIVER, *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert running.stderr is not None
    said = ""
    for line in running.stderr:
        said += line
        if "step 5:" in line:
            running.send_signal(signal.SIGINT)
            break
    said += running.communicate(timeout=600)[1]
    assert running.returncode == 130, said
    told = " ".join(said.split())
    assert "interrupted at step" in told
    assert "the same command goes on from there" in told
    assert "Traceback" not in said
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    step = steps_done(checkpoint)
    assert step >= 5
    assert not [name for name in files_in(tmp_path) if name.endswith(".part")]
    assert train("encoder", "--sounds", str(own_sounds), "--steps", str(step + 5))[0] == 0
    assert steps_done(checkpoint) == step + 5
