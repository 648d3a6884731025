"""The stages from data to page, quickly and on a tiny collection."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from torch import Tensor

from chromesthesia_training.errors import DataError
from chromesthesia_training.reproduce.plan import missing_figures, ordered
from chromesthesia_training.results.book import Book
from chromesthesia_training.stage import Context
from chromesthesia_training.vae.generation_stage import write_clip
from chromesthesia_training.vae.runs import RUNS
from chromesthesia_training.vae.stages import stages
from chromesthesia_training.vae.worlds import open_world

RUN = ("vae.tokenizers", "vae.floors", "vae.v32_own_cls.plain", "vae.generation", "vae.v21_unified.labels",
       "vae.v1.labels", "vae.sheets", "vae.pretrained")  # fmt: skip
"""One of each way through; the versions have tests of their own."""


@pytest.fixture
def context(data: Path, tmp_path: Path) -> Context:
    return Context(
        data,
        tmp_path / "runs",
        tmp_path / "results",
        quick=True,
        cache_dir=tmp_path / "cache",
        command="a command",
    )


@pytest.mark.slow
def test_stages_run_from_data_to_sheets(context: Context) -> None:
    for stage in stages():
        if stage.name in RUN:
            stage.run(context)
            assert missing_figures(stage, context) == "", stage.name
    book = Book.read(context.metrics_dir)
    plain = book.get("vae/v32_own_cls.plain")
    assert plain is not None
    assert plain["settings"]["labels_in_input"] is False
    assert {"recon", "va_loss", "total", "valence_r", "arousal_r", "image", "sound"} <= set(plain["figures"])
    assert plain["curves"]["epochs"]
    generated = json.loads((context.metrics_dir / "vae/generation.json").read_text())["figures"]
    for kind, other in (("image", "sound"), ("sound", "image")):
        assert {"reader_on_real", "from_labels", f"from_{other}"} == set(generated[kind])
        assert {"r", "shuffled_mean", "shuffled_95"} == set(generated[kind]["from_labels"]["told"]["valence"])
    clips = sorted((context.results_dir / "vae_clips").iterdir())
    samples, rate_hz = soundfile.read(clips[0])
    assert rate_hz == 22_050
    assert 3.0 < len(samples) / rate_hz <= 4.0
    assert 0.5 < np.abs(samples).max() <= 1.0
    with Image.open(context.results_dir / "figures/vae_sound_to_image.jpg") as sheet:
        assert sheet.size[1] == 320
    used = json.loads((context.metrics_dir / "vae/sheets.json").read_text())["figures"]
    assert {one["source"] for one in used["sound_to_image"]} == {
        "free.wav"
    }  # never what may not be redistributed


@pytest.mark.slow
def test_a_version_of_several_folds_says_mean_and_deviation(context: Context) -> None:
    (stage,) = (one for one in stages() if one.name == "vae.v32_folds.plain")
    stage.run(context)
    assert missing_figures(stage, context) == ""
    metrics = Book.read(context.metrics_dir).get("vae/v32_folds.plain")
    assert metrics is not None
    recon, sounds = metrics.figure("recon"), metrics.figure("sound.recon")
    assert recon is not None
    assert sounds is not None
    assert len(set(recon.folds)) == len(set(sounds.folds)) == 2, "nets, tokens and items of their own"
    assert recon.deviation == pytest.approx(np.std(recon.folds, ddof=1), abs=1e-5)
    parameters = metrics.figure("parameters")
    assert parameters is not None
    assert parameters.deviation is None
    assert metrics["split"].startswith("five folds")


def test_a_clip_is_raised_to_be_heard_and_says_by_how_much(tmp_path: Path) -> None:
    quiet = 1e-4 * np.sin(np.arange(5 * 22_050) * 0.1, dtype=np.float32)
    assert write_clip(tmp_path / "clip.ogg", quiet) == pytest.approx(77.0, abs=0.1)
    samples, _ = soundfile.read(tmp_path / "clip.ogg")
    assert np.abs(samples).max() == pytest.approx(0.71, abs=0.1)
    assert write_clip(tmp_path / "silent.ogg", 0.0 * quiet) == 0.0


def test_every_version_is_trained_with_and_without_labels() -> None:
    names = {run.name for run in RUNS}
    for key in ("v1", "v2", "v21", "v3", "v31", "v32", "v21_unified", "v32_own_cls"):
        assert {f"{key}.labels", f"{key}.plain"} <= names
    found = ordered(stages())
    assert {f"vae.{name}" for name in names} < {stage.name for stage in found}
    assert len({stage.metrics for stage in found}) == len(found)


def test_tokens_of_the_published_tokenizers_take_the_place_of_ours(
    context: Context, vit_state: dict[str, Tensor], encodec_state: dict[str, Tensor]
) -> None:
    folder = context.data_dir / "weights"
    with pytest.raises(DataError, match="vit_base_patch16_224"):
        open_world(context, "vit")
    folder.mkdir()
    torch.save(vit_state, folder / "vit_base_patch16_224.bin")
    world = open_world(context, "vit")
    assert world.inputs == {"image": (196, 64), "sound": (196, 64)}
    assert world.learn["image"].part([0]).cls is not None
    with pytest.raises(DataError, match="encodec_24khz"):
        open_world(context, "encodec")
    torch.save(encodec_state, folder / "encodec_24khz-d7cc33bc.th")
    coded = open_world(context, "encodec")
    assert coded.inputs["sound"] == (3, 300)
    assert (
        -1.0 <= float(coded.tokens["sound"].tokens.min()) <= float(coded.tokens["sound"].tokens.max()) <= 1.0
    )
