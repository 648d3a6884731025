"""Tokenizers and spectra: what goes in comes back, and training improves it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.vae.codec import MelCodec
from chromesthesia_training.vae.patches import PatchCodec, components, cut, join
from chromesthesia_training.vae.readback import agreement, fit_linear
from chromesthesia_training.vae.spectra import PICTURE_MEL, Mel, as_picture, of_picture, sound_of, spectrum
from chromesthesia_training.vae.tokenizers import (
    TokenizerRecipe,
    as_pictures,
    load_vit,
    trained_codec,
    trained_vit,
)
from chromesthesia_training.vae.vit import PatchTokenizer, draw_shown

SMALL_MEL = Mel(8_000, 512, 128, 40, 60)


def test_patches_are_cut_and_joined() -> None:
    pictures = torch.rand(2, 3, 224, 224)
    assert cut(pictures, 16).shape == (2, 196, 768)
    assert torch.equal(join(cut(pictures, 28), 28), pictures)
    assert torch.equal(cut(pictures, 16)[0, 1].reshape(3, 16, 16), pictures[0, :, :16, 16:32])


@pytest.mark.parametrize("rows", [200, 30])
def test_components_are_orthogonal_and_keep_what_there_is(rows: int) -> None:
    torch.manual_seed(0)
    given = torch.randn(rows, 3) @ torch.randn(3, 40)
    basis, kept = components(given, 3)
    assert torch.allclose(basis.T @ basis, torch.eye(3), atol=1e-4)
    assert kept == pytest.approx(1.0, abs=1e-4)
    assert torch.allclose(given @ basis @ basis.T, given, atol=1e-3)


def test_the_transformer_begins_as_the_components_it_is_given() -> None:
    torch.manual_seed(0)
    pictures = torch.rand(3, 3, 224, 224)
    codec = PatchCodec(16, 192)
    codec.fit(cut(pictures, 16).flatten(0, 1))
    net = PatchTokenizer()
    net.begin(codec)
    with torch.no_grad():
        tokens, cls = net(pictures)
        assert torch.allclose(tokens, codec(pictures), atol=1e-4)
        assert torch.allclose(net.decode(tokens, cls), codec.decode(codec(pictures)), atol=1e-4)


def test_places_shown_are_drawn_without_repeating() -> None:
    shown = draw_shown(5, 0.4, torch.Generator().manual_seed(0))
    assert shown.shape == (5, 78)
    assert all(len(set(row)) == 78 for row in shown.tolist())


def test_training_goes_on_from_its_checkpoint_and_helps(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = np.kron(rng.integers(0, 255, (6, 4, 4, 3)), np.ones((1, 56, 56, 1))).astype(np.uint8)
    recipe = TokenizerRecipe(steps=2, batch=2, fit_patches=400)
    source = [(rows, np.arange(6)), (rows[:, :, :, 0], np.arange(6))]
    net, told = trained_vit(source, recipe, tmp_path / "vit.pt")
    again, told_again = trained_vit(source, recipe, tmp_path / "vit.pt")
    assert told == told_again
    assert torch.equal(again.cls, net.cls)
    assert torch.equal(load_vit(tmp_path / "vit.pt").cls, net.cls)
    assert 0.9 < told["kept"] <= 1.0
    (tmp_path / "vit.pt").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="damaged"):
        load_vit(tmp_path / "vit.pt")


def test_the_codec_brings_spectra_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    slow = np.kron(rng.integers(0, 255, (4, 40, 8)), np.ones((1, 1, 8))).astype(np.uint8)
    recipe = TokenizerRecipe(codec_steps=3, crop=32, codec_batch=2)
    net, told = trained_codec(slow, np.arange(4), recipe, tmp_path / "codec.pt")
    spectra = torch.from_numpy(slow).float() / 255.0
    assert net(spectra).shape == (4, 32, 64)
    off = float((net.decode(net(spectra)) - spectra).square().mean())
    assert off < 0.5 * float(spectra.var())
    assert 0.0 < told["kept"] <= 1.0
    assert MelCodec(40).channels == 32


def tone(pitch_hz: float, level: float = 0.3) -> np.ndarray:
    time_s = np.arange(SMALL_MEL.samples) / SMALL_MEL.rate_hz
    return (level * np.sin(2.0 * np.pi * pitch_hz * time_s)).astype(np.float32)


def test_a_tone_survives_its_spectrum() -> None:
    shown = spectrum(tone(1_000.0), SMALL_MEL)
    assert shown.shape == (40, 60)
    back = sound_of(shown, SMALL_MEL, rounds=16)
    assert len(back) == SMALL_MEL.samples
    strength = np.abs(np.fft.rfft(back * np.hanning(len(back))))
    pitch_hz = np.fft.rfftfreq(len(back), 1.0 / SMALL_MEL.rate_hz)[strength.argmax()]
    assert pitch_hz == pytest.approx(1_000.0, abs=80.0)
    assert np.sqrt((back**2).mean()) == pytest.approx(0.3 / np.sqrt(2.0), rel=0.5)
    assert np.array_equal(back, sound_of(shown, SMALL_MEL, rounds=16))


def test_silence_stays_silent_and_a_louder_sound_is_brighter() -> None:
    assert spectrum(np.zeros(100, np.float32), SMALL_MEL).max() == 0.0
    assert np.abs(sound_of(np.zeros((40, 60), np.float32), SMALL_MEL, rounds=2)).max() == 0.0
    assert spectrum(tone(500.0, 0.5), SMALL_MEL).mean() > spectrum(tone(500.0, 0.05), SMALL_MEL).mean()


def test_a_spectrum_is_a_picture_with_low_bands_at_the_bottom() -> None:
    shown = np.zeros((PICTURE_MEL.bands, PICTURE_MEL.frames), np.float32)
    shown[3] = 1.0
    picture = as_picture(shown)
    assert picture[-4].min() == 255
    back = of_picture(picture.astype(np.float32) / 255.0)
    assert np.array_equal(back, shown)
    rows = np.round(shown * 255.0).astype(np.uint8)[None]
    assert np.array_equal((as_pictures(rows)[0].permute(1, 2, 0).numpy() * 255.0).round(), picture)


def test_a_reader_finds_what_is_there_and_shuffling_takes_it_away() -> None:
    rng = np.random.default_rng(0)
    va = rng.uniform(-1, 1, (120, 2))
    features = np.concatenate([va @ rng.normal(size=(2, 6)), rng.normal(size=(120, 4))], axis=1)
    found = agreement(va, fit_linear(features, va, 0.01).read(features))
    assert found["valence"]["r"] > 0.95
    assert abs(found["valence"]["shuffled_mean"]) < 0.05
    assert found["arousal"]["shuffled_95"] < 0.3
