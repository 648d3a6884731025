"""`chromesthesia-train sonify`: a picture becomes a sound, and what cannot be is named."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from tests.training.tiny_painters import tiny_vae
from typer.testing import CliRunner

from chromesthesia_training.cli.app import app
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.vae.painter_file import load_painter, save_painter
from chromesthesia_training.vae.sonify import Wish, joined, sonify_picture


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_painter(tiny_vae(centre=0.1), tmp_path / "painter.pt")
    return tmp_path / "painter.pt"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    ramp = np.linspace(0, 255, 60 * 80 * 3).reshape(60, 80, 3).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def test_a_picture_becomes_a_sound_of_the_length_asked_for(
    model: Path, picture: Path, tmp_path: Path
) -> None:
    arguments = ["sonify", str(picture), str(tmp_path / "out.wav"), "--model", str(model), "--seconds", "6"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    samples, rate_hz = soundfile.read(tmp_path / "out.wav")
    assert rate_hz == 22_050
    assert len(samples) == 6 * rate_hz
    assert 0.0 < np.abs(samples).max() <= 0.91
    assert "valence" in found.output


def test_the_same_wish_gives_the_same_sound_and_another_emotion_another(
    model: Path, picture: Path, tmp_path: Path
) -> None:
    made = []
    for name, wish in (("a", Wish()), ("b", Wish()), ("c", Wish(valence=-0.9, arousal=0.9))):
        found = sonify_picture(picture, tmp_path / f"{name}.flac", model, wish)
        made.append(soundfile.read(found.path)[0])
    assert found.emotion == "tense"
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_the_example_makes_a_sound_and_a_picture_of_that_sound(
    repository: Path,
    model: Path,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, back = tmp_path / "out.wav", tmp_path / "back.png"
    words = ["sonify.py", str(picture), str(out), str(back), "--model", str(model)]
    monkeypatch.setattr(sys, "argv", words)
    runpy.run_path(str(repository / "examples/sonify.py"), run_name="__main__")
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{out}: valence ")
    assert said[1].startswith(f"{back}: valence ")
    samples, rate_hz = soundfile.read(out)
    assert rate_hz == 22_050
    assert samples.shape == (5 * rate_hz,)
    assert np.isfinite(samples).all()
    assert 0.0 < np.abs(samples).max() <= 1.0
    assert samples.std() > 1e-3
    with Image.open(back) as made:
        assert made.size == (224, 224)
        assert np.asarray(made).std() > 1.0


def test_what_was_saved_is_read_back(model: Path) -> None:
    painter = load_painter(model)
    assert painter.net.sizes.widths == (12,)
    assert painter.scales["sound"][0].spread == 0.5
    save_painter(painter, model)
    again = load_painter(model)
    assert torch.equal(again.net.mean.weight, painter.net.mean.weight)


def test_a_missing_or_damaged_model_is_named(model: Path, picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    with pytest.raises(TrainingError, match="there is no model") as caught:
        sonify_picture(picture, out, tmp_path / "none.pt", Wish())
    assert "reproduce --only vae" in caught.value.remedy
    torch.save({"state_dict": {}, "sizes": {"version": "v32"}}, model)
    with pytest.raises(TrainingError, match="is no model of the VAE"):
        sonify_picture(picture, out, model, Wish())
    assert not out.exists()


def test_a_file_that_is_no_picture_and_an_ending_that_is_no_sound_are_named(
    model: Path, picture: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"\.mp3"):
        sonify_picture(picture, tmp_path / "out.mp3", model, Wish())
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(DataError, match=r"text\.png"):
        sonify_picture(tmp_path / "text.png", tmp_path / "out.wav", model, Wish())
    assert not (tmp_path / "out.wav").exists()


def test_parts_are_joined_without_a_jump() -> None:
    parts = [np.ones(100, np.float32), np.ones(100, np.float32)]
    whole = joined(parts, 20)
    assert len(whole) == 180
    assert whole.min() >= 1.0
    assert np.abs(np.diff(whole)).max() < 0.2
