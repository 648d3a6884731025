"""The networks: shapes, ranges, determinism, and the two ways of doubling that must agree."""

from __future__ import annotations

import pytest
import torch

from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.gan.augment import Changes, augment, crop_paintings
from chromesthesia_training.gan.discriminator import (
    Discriminator,
    Views,
    batch_deviation,
    common_relief,
    feature_statistics,
    shrink,
)
from chromesthesia_training.gan.model import (
    LATENT_SIZE,
    WIDTHS,
    ConditionalNorm,
    Generator,
    Grain,
    SharpUpsample,
    image_side,
)
from chromesthesia_training.measuring.reader import fit_reader, pool

TINY = (16, 12, 8)


def conditions(count: int, seed: int = 0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    mixture = torch.softmax(torch.randn(count, len(EMOTIONS), generator=rng), 1)
    return torch.cat([torch.randn(count, 3, generator=rng), mixture], 1)


def test_generator_makes_pictures_in_range() -> None:
    with torch.no_grad():
        pictures = Generator(TINY)(torch.randn(3, LATENT_SIZE), conditions(3))
    assert pictures.shape == (3, 3, 64, 64)
    assert float(pictures.abs().max()) <= 1.0
    assert float(pictures.std()) > 0.0


def test_the_number_of_widths_sets_the_side() -> None:
    assert image_side(WIDTHS) == 256
    assert image_side(WIDTHS[:4]) == 128
    assert Generator(TINY).side == image_side(TINY) == 64


def test_generator_at_rest_gives_one_picture_for_one_request() -> None:
    generator = Generator(TINY).eval()
    latent, condition = torch.randn(2, LATENT_SIZE), conditions(2)
    with torch.no_grad():
        first, again = generator(latent, condition), generator(latent, condition)
        alone = generator(latent[:1], condition[:1])
    assert torch.equal(first, again)
    torch.testing.assert_close(alone, first[:1], atol=1e-5, rtol=1e-4)


def test_grain_is_fresh_in_training_and_fixed_at_rest() -> None:
    layer, x, style = Grain(8, 6, 5), torch.zeros(2, 6, 8, 8), torch.randn(2, 5)
    assert torch.equal(layer(x, style, None), layer(x, style, None))
    rng = torch.Generator().manual_seed(0)
    first, second = layer(x, style, rng), layer(x, style, rng)
    assert not torch.equal(first, second)
    torch.testing.assert_close(layer(x, style, torch.Generator().manual_seed(0)), first)


def test_resting_norm_equals_batch_norm_with_its_running_statistics() -> None:
    layer = ConditionalNorm(6, 5)
    for _ in range(5):
        layer.train()(torch.randn(8, 6, 4, 4) * 3 + 2, torch.randn(8, 5))
    x, style = torch.randn(2, 6, 4, 4), torch.randn(2, 5)
    layer.eval()
    scale, shift = layer.affine(style)[:, :, None, None].chunk(2, 1)
    torch.testing.assert_close(layer(x, style), layer.norm(x) * (1 + scale) + shift)


@pytest.mark.parametrize("side", [4, 7])
def test_training_and_resting_upsample_agree(side: int) -> None:
    layer, x = SharpUpsample(6, 5), torch.randn(2, 6, side, side)
    torch.testing.assert_close(layer.train()(x), layer.eval()(x), atol=1e-5, rtol=1e-4)


def test_even_features_give_an_even_picture_without_a_pixel_grid() -> None:
    generator = Generator(TINY).eval()
    with torch.no_grad():
        generator.head.bias.normal_()
        rgb = generator.head(torch.randn(1, TINY[-1], 1, 1).expand(-1, -1, 10, 10))
    torch.testing.assert_close(rgb, rgb[:, :, :1, :1].expand_as(rgb), atol=1e-5, rtol=1e-4)


def test_discriminator_judges_mixtures_as_its_parts(tiny_net: FeatureNet) -> None:
    net = tiny_net
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    statistics = feature_statistics(net, images)
    judge = Discriminator(statistics, torch.Generator().manual_seed(0))
    views = Views(net(images), torch.cat([images, common_relief(images)], 1), shrink(images, 32))
    vad = torch.zeros(4, 3)
    one = torch.cat([vad, torch.eye(len(EMOTIONS))[[0, 1, 2, 3]]], 1)
    other = torch.cat([vad, torch.eye(len(EMOTIONS))[[4, 5, 6, 7]]], 1)
    halves = judge(views, (one + other) / 2)
    for half, first, second in zip(halves, judge(views, one), judge(views, other), strict=True):
        torch.testing.assert_close(half, (first + second) / 2, atol=1e-5, rtol=1e-4)


def test_batch_deviation_is_low_where_pictures_agree() -> None:
    x = torch.randn(8, 8, 4, 4)
    x[:, :, 0, 0] = 1.0
    deviation = batch_deviation(x)
    assert deviation.shape == (8, 4, 4, 4)
    assert float(deviation[:, :, 0, 0].max()) < 0.01 < float(deviation[:, :, 1:, 1:].min())


def test_common_relief_shows_what_pictures_share_and_not_what_they_do_not() -> None:
    rng = torch.Generator().manual_seed(0)
    apart = torch.rand(16, 3, 32, 32, generator=rng) - 0.5
    stamped = apart.clone()
    stamped[:, :, 16] += 1.0
    plain, marked = common_relief(apart), common_relief(stamped)
    assert plain.shape == (16, 2, 32, 32)
    assert float(plain[:, 0].std()) == pytest.approx(1.0, abs=0.1)
    assert float(marked[:, 0, 16].mean()) > 4 * float(plain[:, 0].std())


def test_augmentation_moves_a_batch_as_one() -> None:
    images = torch.zeros(6, 3, 32, 32)
    images[:, :, 16, 16] = 1.0
    moved = augment(images, Changes.draw(6, torch.Generator().manual_seed(5)))
    places = {int(picture.mean(0).argmax()) for picture in moved}
    assert len(places) == 1


def test_anchored_pictures_are_changed_as_their_paintings_are() -> None:
    rng = torch.Generator().manual_seed(2)
    images = torch.rand(4, 3, 32, 32, generator=rng) * 2 - 1
    of_paintings, of_pictures = Changes.draw(4, rng), Changes.draw(4, rng)
    paintings = augment(images, of_paintings)
    pictures = augment(images, of_pictures.begin_with(of_paintings, 2))
    torch.testing.assert_close(pictures[:2], paintings[:2])
    assert float((pictures[2:] - paintings[2:]).abs().max()) > 0.01


def test_slope_of_the_pixel_heads_is_their_gradient_at_paintings(tiny_net: FeatureNet) -> None:
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    judge = Discriminator(feature_statistics(tiny_net, images), torch.Generator().manual_seed(0))
    views = Views(tiny_net(images), torch.cat([images, common_relief(images)], 1), shrink(images, 32))
    slope = judge.pixel_slope(views, conditions(4))
    assert float(slope.detach()) > 0
    for parameter in judge.heads.parameters():
        torch.nn.init.zeros_(parameter)
    assert float(judge.pixel_slope(views, conditions(4)).detach()) == 0.0


def test_crops_stay_inside_the_painting_and_follow_the_seed() -> None:
    stored = torch.randint(0, 256, (5, 40, 40, 3), dtype=torch.uint8)
    first = crop_paintings(stored, 32, 0.75, torch.Generator().manual_seed(3))
    again = crop_paintings(stored, 32, 0.75, torch.Generator().manual_seed(3))
    other = crop_paintings(stored, 32, 0.75, torch.Generator().manual_seed(4))
    assert first.shape == (5, 3, 32, 32)
    assert float(first.abs().max()) <= 1.0
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_augmentation_lets_gradients_through() -> None:
    images = (torch.rand(3, 3, 32, 32) * 2 - 1).requires_grad_()
    changed = augment(images, Changes.draw(3, torch.Generator().manual_seed(0)))
    assert changed.shape == images.shape
    changed.square().sum().backward()
    assert images.grad is not None
    assert float(images.grad.abs().sum()) > 0


def test_reader_reads_back_what_features_tell() -> None:
    rng = torch.Generator().manual_seed(0)
    hidden = torch.randn(400, 3, generator=rng)
    emotions = torch.randint(0, len(EMOTIONS), (400,), generator=rng)
    one_hot = torch.eye(len(EMOTIONS))[emotions]
    pooled = torch.cat([hidden @ torch.randn(3, 30, generator=rng), one_hot * 2], 1)
    reader = fit_reader(pooled * 5 + 1, hidden, one_hot)
    read = reader.ratings(pooled * 5 + 1)
    assert torch.corrcoef(torch.stack([read[:, 0], hidden[:, 0]]))[0, 1] > 0.9
    found = reader.emotion_logits(pooled * 5 + 1).argmax(1)
    assert float((found == emotions).float().mean()) > 0.9


def test_pool_is_mean_and_deviation() -> None:
    values = torch.randn(2, 4, 6, 6)
    pooled = pool({"only": values})
    torch.testing.assert_close(pooled[:, :4], values.mean((2, 3)))
    torch.testing.assert_close(pooled[:, 4:], values.std((2, 3), correction=0), atol=1e-4, rtol=1e-4)
