"""A pack with another encoder: the generator and what is known of it stay, the paintings stay reachable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from tests.training.packing.test_pack import ENCODER_METRICS, PARITY, write_generator

from chromesthesia.inference.probe import load_pack
from chromesthesia_training.align.art_index import npz_bytes
from chromesthesia_training.encoder.export import TrainedEncoder, export_onnx
from chromesthesia_training.encoder.model import EncoderSizes, StreamingEncoder
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.packing import new_encoder
from chromesthesia_training.packing.new_encoder import NewEncoder, replace_encoder
from chromesthesia_training.packing.pack import PackParts, build_pack
from chromesthesia_training.packing.sources import sources_of

TWO = EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16), memories_s=(0.8, 3.0), unfelt=True)


def write_index(path: Path, encoder: Path) -> Path:
    rng = np.random.default_rng(0)
    paintings = rng.standard_normal((5, 128))
    paintings /= np.linalg.norm(paintings, axis=1, keepdims=True)
    words = np.array([f"word {number}" for number in range(5)])
    path.write_bytes(
        npz_bytes(
            {
                "schema": np.asarray(1, np.int64),
                "encoder_sha256": np.asarray(hashlib.sha256(encoder.read_bytes()).hexdigest()),
                "paintings": paintings.astype(np.float16),
                "sound_mean": np.zeros(128, np.float32),
                "sound_deviation": np.ones(128, np.float32),
                "hidden_weight": rng.standard_normal((256, 128)).astype(np.float16),
                "hidden_bias": np.zeros(256, np.float32),
                "project_weight": rng.standard_normal((128, 256)).astype(np.float16),
                "project_bias": np.zeros(128, np.float32),
                **dict.fromkeys(("emotions", "artists", "titles", "paths"), words),
            }
        )
    )
    return path


def test_a_new_encoder_comes_into_a_pack_and_all_else_stays(
    exported: tuple[TrainedEncoder, Path],
    lively: Callable[..., StreamingEncoder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(new_encoder, "HEAD_STEPS", 60)
    parts = PackParts(
        exported[1],
        write_generator(tmp_path / "generator.onnx"),
        PARITY,
        [
            replace(one, licence="free for research", restricted=True)
            for one in sources_of(["emodb"], "encoder")
        ],
        ENCODER_METRICS,
        {"frechet": {"made": 61.5}, "step": 700},
        art_index=write_index(tmp_path / "index.npz", exported[1]),
        notes=["The encoder's layers were old.", "Trained on a Tuesday."],
    )
    folder = build_pack(parts, tmp_path / "packs" / "mine", created=date(2026, 11, 21)).folder
    before = load_pack(folder)
    paintings = before.art_index
    made = export_onnx(TrainedEncoder(lively(TWO), 1.2, 9), tmp_path / "new.onnx")
    report = {**ENCODER_METRICS, "precision": "the int8 file", "flat": {"encoder_macro_f1_test": 0.9}}
    rng = np.random.default_rng(1)
    heard = [rng.normal(-8.0, 2.0, (320, 64)).astype(np.float32) for _ in range(4)]
    done = replace_encoder(folder, folder, NewEncoder(made, None, report, ("It hears rooms.",)), heard)
    after = load_pack(folder)
    assert after.manifest.encoder.inputs[1].shape == (1, 4)
    assert after.manifest.metrics["encoder_macro_f1_test"] == 0.9
    assert after.manifest.metrics["generator_frechet_made"] == 61.5
    assert after.generator_bytes == before.generator_bytes
    assert after.manifest.parity is not None
    assert after.manifest.parity.generator_torch_onnx == PARITY.generator_torch_onnx
    assert after.art_index is not None
    assert paintings is not None
    assert np.array_equal(after.art_index.paintings, paintings.paintings)
    assert done.likeness is not None
    card = (folder / "MODEL_CARD.md").read_text()
    assert [(one.licence, one.restricted) for one in after.manifest.data] == [("CC0-1.0", False)]
    assert "None of the data below restricts" in card
    assert "free for research" not in card
    assert "- EMO-DB (CC0-1.0): Felix Burkhardt" in card
    assert card.count("## May I use it?") == card.count("## What it cannot do") == 1
    assert "- It hears rooms.\n" in card
    assert "layers were old" not in card
    assert "- Trained on a Tuesday." in card
    assert "the int8 file" in " ".join(card.split())
    assert card.count("## Generator") == card.count("## Encoder") == card.count("## Speed and parity") == 1
    assert "Trained for 700 steps" in card
    assert {path.name for path in folder.parent.iterdir()} == {"mine"}
    elsewhere = tmp_path / "not" / "there" / "yet"
    replace_encoder(folder, elsewhere, NewEncoder(made, None, report, ()), heard)
    assert load_pack(elsewhere).manifest.metrics["encoder_macro_f1_test"] == 0.9
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("dear")
    with pytest.raises(TrainingError, match="holds files and is no pack"):
        replace_encoder(folder, taken, NewEncoder(made, None, report, ()), heard)
    assert [path.name for path in taken.iterdir()] == ["letter.txt"]


def test_a_sound_head_is_led_to_where_the_old_one_put_sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(new_encoder, "HEAD_STEPS", 150)
    torch.manual_seed(2)
    embeddings = torch.randn(400, 128)
    wanted = torch.nn.functional.normalize(embeddings @ torch.randn(128, 128), dim=-1)
    _, likeness = new_encoder._fit_head(embeddings, wanted)
    assert likeness > 0.6
