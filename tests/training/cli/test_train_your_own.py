"""docs/train-your-own.md, run as it stands: from two made-up folders to a film painted by their own pack."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from chromesthesia.inference.probe import load_pack
from chromesthesia_training.cli import app as cli
from chromesthesia_training.encoder import export as encoder_export
from chromesthesia_training.encoder import settings as encoder_settings
from chromesthesia_training.gan import evaluate as gan_evaluate
from chromesthesia_training.gan import export as gan_export
from chromesthesia_training.gan import painter as gan_painter

PAGE = Path("docs/train-your-own.md")
HUES = {"anger": (200, 40, 30), "contentment": (220, 190, 80), "sadness": (40, 60, 120)}
PITCH_HZ = {"angry": 1_400.0, "happy": 700.0, "sad": 220.0}


def commands_of(page: Path) -> list[str]:
    """The lines of the page's one block of shell."""
    (block,) = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for line in str(block).splitlines() if line]


def write_pictures(folder: Path) -> None:
    """Patches of a hue for each emotion, by five artists."""
    for emotion, hue in HUES.items():
        for number, artist in enumerate(("klee", "moran", "okada", "diaz", "ito")):
            rng = np.random.default_rng(number)
            patches = rng.normal(0.0, 40.0, (8, 8, 3)).repeat(12, axis=0).repeat(12, axis=1)
            path = folder / emotion / f"{artist}_1.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(np.array(hue) + patches, 0, 255).astype(np.uint8)).save(path)


def test_help_leads_the_way_of_the_page(repository: Path) -> None:
    shown = CliRunner().invoke(cli.app, ["--help"], env={"COLUMNS": "140"}).output
    assert PAGE.as_posix() in shown
    order = []
    for command in commands_of(repository / PAGE):
        words = command.split()
        if words[1] in ("render",):
            continue
        order.append(" ".join(words[:3] if words[1] == "packs" else words[:2]))
    places = [shown.rindex(f"{command} ") for command in order]
    assert places == sorted(places)


def run_here(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a console script's function as its script does, in this process: torch is loaded once for all commands."""
    (script,) = entry_points(group="console_scripts", name=words[0])
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        script.load()()
    assert not ended.value.code, words


def export_once(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[bytes, bytes]:
    """Let `module` keep what it exported, by weights: the pack is made of models that were exported before."""
    kept: dict[bytes, bytes] = {}
    export = module._onnx_bytes

    def exported(model: torch.nn.Module) -> bytes:
        digest = hashlib.sha256()
        for name, value in model.state_dict().items():
            digest.update(name.encode() + value.numpy().tobytes())
        if digest.digest() not in kept:
            kept[digest.digest()] = export(model)
        return kept[digest.digest()]

    monkeypatch.setattr(module, "_onnx_bytes", exported)
    return kept


@pytest.mark.slow
@pytest.mark.gl
def test_the_commands_of_the_page_make_a_pack_that_plays(
    repository: Path, tmp_path: Path, write_tone: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for label, pitch_hz in PITCH_HZ.items():
        for number, speaker in enumerate(("maria", "tom", "ada")):
            path = tmp_path / "sounds" / label / speaker / "1.wav"
            write_tone(path, pitch_hz * (1.0 + 0.05 * number), seed=number)
    write_pictures(tmp_path / "pictures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHROMESTHESIA_SHARED", str(tmp_path / "no-shared-data"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    # Counts of pictures, rows and steps that only make figures steadier.
    monkeypatch.setattr(
        encoder_settings, "EncoderSettings", partial(encoder_settings.EncoderSettings, rows=6)
    )
    monkeypatch.setattr(encoder_export, "_compare", partial(encoder_export._compare, steps=60))
    for module in (gan_export, gan_painter):
        monkeypatch.setattr(module, "recalibrated", partial(gan_export.recalibrated, rounds=2))
    monkeypatch.setattr(gan_evaluate, "evaluate", partial(gan_evaluate.evaluate, samples=8, draws=1))
    exported = [export_once(module, monkeypatch) for module in (encoder_export, gan_export)]
    for command in commands_of(repository / PAGE):
        words = command.split()
        if words[0] == "chromesthesia-train":
            run_here(words, monkeypatch)
            continue
        done = subprocess.run(words, capture_output=True, text=True, timeout=1_800)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert [len(kept) for kept in exported] == [1, 1]
    assert (tmp_path / "try.mp4").stat().st_size > 0
    pack = load_pack(tmp_path / "exports" / "mine")
    assert pack.name == "mine"
    assert pack.manifest.generator.image_size == (64, 64)
    assert {(source.name, source.licence) for source in pack.manifest.data} == {
        ("sounds", "the user's own, not checked"),
        ("pictures", "the user's own, not checked"),
    }
    card = (tmp_path / "exports" / "mine" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "judged by random features" in card
    assert "no others: what it makes of new" in card
    left = [path.name for path in tmp_path.rglob("*") if path.suffix in (".part", ".partial")]
    assert left == []
