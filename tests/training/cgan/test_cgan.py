"""The reference cGAN: its parts, and what a step of training changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from chromesthesia_training.cgan.diffaugment import diff_augment
from chromesthesia_training.cgan.evaluate import save_sheet, thin
from chromesthesia_training.cgan.model import (
    LATENT_SIZE,
    CganDiscriminator,
    CganGenerator,
    CganSizes,
    ConditionalBatchNorm,
    hinge_discriminator,
    hinge_generator,
)
from chromesthesia_training.cgan.train import (
    CganData,
    CganModule,
    CganSettings,
    load_generator,
    paint,
    train_cgan,
)
from chromesthesia_training.errors import DataError, TrainingError

TINY = CganSettings(side=16, base_channels=4, batch=6, epochs=2, snapshots=(1,))


def unit(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 128)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def data() -> CganData:
    rng = np.random.default_rng(0)
    paintings = rng.integers(0, 255, (13, 20, 20, 3), np.uint8)
    return CganData(paintings, np.arange(13) % 3, unit(9), np.repeat(np.arange(3), 3))


@pytest.mark.parametrize("side", [8, 16, 64])
def test_shapes_and_range(side: int) -> None:
    sizes = CganSizes(side, 4)
    generator, discriminator = CganGenerator(sizes), CganDiscriminator(sizes)
    condition = torch.from_numpy(unit(3))
    images = generator(torch.randn(3, LATENT_SIZE), condition)
    assert images.shape == (3, 3, side, side)
    assert float(images.detach().abs().max()) <= 1.0
    assert discriminator(images, condition).shape == (3,)


def test_it_is_of_the_references_size_where_nothing_else_is_said() -> None:
    settings = CganSettings()
    with torch.device("meta"):
        generator, discriminator = CganGenerator(settings.sizes()), CganDiscriminator(settings.sizes())
        images = generator(torch.zeros(2, LATENT_SIZE), torch.zeros(2, 128))
    assert images.shape == (2, 3, 64, 64)
    assert (settings.epochs, settings.snapshots) == (100, (20, 40, 100))
    assert generator.norm.num_features == 64
    assert generator.start.out_features == 512 * 4 * 4
    assert discriminator.score.in_features == 512


@pytest.mark.parametrize("side", [4, 12, 48, 100])
def test_other_sides_are_refused(side: int) -> None:
    with pytest.raises(TrainingError, match=f"side {side}"):
        CganGenerator(CganSizes(side, 4))


def test_hinge_by_hand() -> None:
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, 0.0, 1.0])
    assert float(hinge_discriminator(real, fake)) == pytest.approx((0 + 0.5 + 2) / 3 + (0 + 1 + 2) / 3)
    assert float(hinge_generator(fake)) == pytest.approx(1 / 3)


def test_conditional_norm_scales_by_the_condition() -> None:
    norm = ConditionalBatchNorm(2, 3)
    with torch.no_grad():
        norm.affine.weight.zero_()
        norm.affine.weight[0, 0] = 1.0  # gain of channel 0 from the first number
        norm.affine.weight[3, 1] = 1.0  # offset of channel 1 from the second
    x = torch.randn(4, 2, 5, 5)
    plain = norm(x, torch.zeros(4, 3))
    asked = norm(x, torch.tensor([[1.0, 3.0, 0.0]]).expand(4, -1))
    torch.testing.assert_close(asked[:, 0], 2.0 * plain[:, 0])
    torch.testing.assert_close(asked[:, 1], plain[:, 1] + 3.0)


def test_discriminator_hears_the_condition_by_projection() -> None:
    """Its score is linear in the condition: the projection's part of a sum is the sum of the parts."""
    discriminator = CganDiscriminator(CganSizes(16, 4)).eval()
    image = torch.randn(1, 3, 16, 16)
    first, second = torch.from_numpy(unit(2)).split(1)
    with torch.no_grad():
        nothing, one, two, both = (
            discriminator(image, condition) for condition in (0 * first, first, second, first + second)
        )
    assert float((one - nothing).abs()) > 0
    torch.testing.assert_close(both - nothing, (one - nothing) + (two - nothing), atol=1e-4, rtol=1e-4)


def test_spectral_norm_holds_every_layer_of_the_discriminator() -> None:
    discriminator = CganDiscriminator(CganSizes(16, 4)).train()
    for _ in range(30):
        discriminator(torch.randn(2, 3, 16, 16), torch.from_numpy(unit(2)))
    layers = [
        module for module in discriminator.modules() if isinstance(module, torch.nn.Conv2d | torch.nn.Linear)
    ]
    assert len(layers) == 11
    for layer in layers:
        assert float(torch.linalg.matrix_norm(layer.weight.flatten(1), 2)) == pytest.approx(1.0, abs=0.05)


def test_augmentation_changes_pictures_one_by_one_and_lets_gradients_through() -> None:
    images = torch.rand(1, 3, 16, 16).expand(5, -1, -1, -1).clone().requires_grad_()
    seen = diff_augment(images, torch.Generator().manual_seed(0))
    assert seen.shape == images.shape
    assert not any(torch.equal(seen[0], other) for other in seen[1:])
    seen.sum().backward()
    assert images.grad is not None
    assert (images.grad.abs().sum((1, 2, 3)) > 0).all()
    torch.testing.assert_close(diff_augment(images, torch.Generator().manual_seed(0)), seen)


def test_a_step_changes_all_of_both_networks_and_the_average(data: CganData, tmp_path: Path) -> None:
    before = CganModule(data, TINY)
    start = {name: value.clone() for name, value in before.state_dict().items()}
    train_cgan(data, replace(TINY, epochs=1), tmp_path)
    stored = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    same = {name for name, value in stored.items() if torch.equal(value, start[name])}
    assert not {name for name in same if name.startswith("generator.") and name.endswith("weight")}
    assert not {name for name in same if name.startswith("discriminator.") and "weight.original" in name}
    assert not {name for name in same if name.startswith("average.") and name.endswith("weight")}
    assert int(stored["steps_done"]) == 2


def test_the_generators_loss_leaves_the_discriminator_alone(data: CganData) -> None:
    module = CganModule(data, TINY)
    condition = torch.from_numpy(unit(2))
    module.discriminator.requires_grad_(False)
    score = module.discriminator(module.generator(torch.randn(2, LATENT_SIZE), condition), condition)
    hinge_generator(score).backward()
    assert all(parameter.grad is None for parameter in module.discriminator.parameters())
    assert all(parameter.grad is not None for parameter in module.generator.parameters())


def test_an_epoch_shows_every_painting_once_with_a_voice_of_its_emotion(data: CganData) -> None:
    module = CganModule(data, replace(TINY, batch=13, smallest_crop=1.0))
    real, condition = module.draw(0, torch.Generator().manual_seed(0))
    assert real.shape == (13, 3, 16, 16)
    rows = [int(np.flatnonzero((data.conditions == one.numpy()).all(1))[0]) for one in condition]
    drawn = np.bincount(data.emotions[rows], minlength=3)
    np.testing.assert_array_equal(drawn, np.bincount(data.kinds, minlength=3))
    again, _ = module.draw(0, torch.Generator().manual_seed(0))
    torch.testing.assert_close(again, real)
    other, _ = module.draw(1, torch.Generator().manual_seed(0))
    assert not torch.equal(other, real)


def test_interrupted_and_uninterrupted_runs_end_alike(data: CganData, tmp_path: Path) -> None:
    train_cgan(data, TINY, tmp_path / "whole")
    train_cgan(data, replace(TINY, epochs=1), tmp_path / "parts")
    train_cgan(data, TINY, tmp_path / "parts")
    whole, parts = (
        torch.load(tmp_path / name / "generator.pt", weights_only=True)["weights"]
        for name in ("whole", "parts")
    )
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value)


def test_snapshots_paint_what_the_run_painted(data: CganData, tmp_path: Path) -> None:
    train_cgan(data, TINY, tmp_path)
    generator, epoch = load_generator(tmp_path / "snapshot-001.pt")
    assert epoch == 1
    images: Tensor = paint(generator, unit(5), seed=1, batch=2)
    assert images.shape == (5, 3, 16, 16)
    torch.testing.assert_close(paint(generator, unit(5), seed=1, batch=5), images, atol=1e-5, rtol=1e-4)
    assert load_generator(tmp_path / "generator.pt")[1] == 2


def test_bad_data_and_files_are_named(data: CganData, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="13 paintings"):
        CganModule(data, replace(TINY, batch=14))
    with pytest.raises(DataError, match="no clip of 'sad'"):
        CganModule(replace(data, emotions=np.zeros(9, np.int64) + np.arange(9) % 2), TINY)
    with pytest.raises(TrainingError, match="there is no generator"):
        load_generator(tmp_path / "generator.pt")
    (tmp_path / "generator.pt").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="is damaged"):
        load_generator(tmp_path / "generator.pt")


def test_sheet_shows_every_picture_in_its_place(tmp_path: Path) -> None:
    red, blue = np.zeros((2, 2, 8, 8, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    path = save_sheet({"epoch 1": {"angry": red, "sad": blue}}, tmp_path / "sheet.jpg", side=40)
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet).astype(int)
    reds = (pixels[..., 0] > 200) & (pixels[..., 1] < 60) & (pixels[..., 2] < 60)
    blues = (pixels[..., 2] > 200) & (pixels[..., 1] < 60) & (pixels[..., 0] < 60)
    assert reds.sum() == pytest.approx(2 * 40 * 40, rel=0.1)
    assert blues.sum() == pytest.approx(2 * 40 * 40, rel=0.1)
    assert np.flatnonzero(reds.any(1)).max() < np.flatnonzero(blues.any(1)).min() + 8


def test_thin_keeps_the_last() -> None:
    rows = [{"epoch": number} for number in range(250)]
    kept = thin(rows, 100)
    assert len(kept) <= 100
    assert kept[-1] == rows[-1]
    assert thin(rows[:3]) == rows[:3]
