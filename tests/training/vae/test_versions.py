"""The six versions: shapes, what a condition changes, which places are alike, and what is told to whom."""

from __future__ import annotations

import pytest
import torch

from chromesthesia_training.vae.layers import (
    ConditionalLayerNorm,
    GatedConditionalLayerNorm,
    GatedResidualBlock,
    PlainNorm,
)
from chromesthesia_training.vae.versions import VERSIONS, Sizes, TokenFusionVae, Version, stretch

WIDTHS = {"v1": (24, 20, 16), "v2": (24, 22, 20, 18, 17, 16), "v21": (24, 22, 20, 18, 17, 20)}
UNIFIED = {"image": (196, 6), "sound": (196, 6)}
SPECIFIC = {"image": (64, 8), "sound": (32, 30)}


def net(
    version: Version, labels: bool = False, specific: bool = False, bypass: bool = True
) -> TokenFusionVae:
    torch.manual_seed(0)
    inside = (64, 8) if specific else (196, 6)
    inputs = SPECIFIC if specific else UNIFIED
    sizes = Sizes(version, *inside, inputs, labels, bypass, hidden=16, widths=WIDTHS.get(version, (12,)))
    return TokenFusionVae(sizes).eval()


def tokens(count: int = 2, shape: tuple[int, int] = (196, 6)) -> torch.Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(1))


CLS = torch.randn(2, 6, generator=torch.Generator().manual_seed(2))
VA = torch.tensor([[0.5, -0.2], [-0.9, 0.9]])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("labels", [False, True])
def test_tokens_go_to_a_latent_and_come_back_as_either_kind(version: Version, labels: bool) -> None:
    vae = net(version, labels)
    mean, log_variance = vae.encode("image", tokens(), CLS, VA)
    assert mean.shape == log_variance.shape == (2, vae.sizes.latent)
    said = vae.va(mean)
    assert said.shape == (2, 2)
    assert float(said.abs().max()) <= 1.0
    made = {kind: vae.decode(kind, mean, said, CLS) for kind in ("image", "sound")}
    assert made["image"].shape == (2, 196, 6 + (3 if labels else 1))
    assert not torch.allclose(made["image"], made["sound"])


@pytest.mark.parametrize("version", ["v1", "v2", "v21"])
def test_tokens_of_two_tokenizers_fit_one_net(version: Version) -> None:
    vae = net(version, specific=True)
    sound = tokens(2, (32, 30))
    mean, _ = vae.encode("sound", sound, None, VA)
    assert vae.decode("sound", mean, VA).shape == (2, 32, 31)
    assert vae.decode("image", mean, VA).shape == (2, 64, 9)


@pytest.mark.parametrize("version", VERSIONS)
def test_labels_are_seen_only_where_they_are_in_the_input(version: Version) -> None:
    for labels in (False, True):
        vae = net(version, labels)
        first, _ = vae.encode("image", tokens(), CLS, VA)
        second, _ = vae.encode("image", tokens(), CLS, -VA)
        assert torch.equal(first, second) is not labels


def test_labels_told_to_the_decoder_change_what_it_makes() -> None:
    for version in VERSIONS:
        vae = net(version)
        latent = torch.zeros(2, vae.sizes.latent)
        assert not torch.allclose(vae.decode("image", latent, VA, CLS), vae.decode("image", latent, -VA, CLS))


@pytest.mark.parametrize(("version", "alike"), [("v1", True), ("v2", True), ("v21", True), ("v3", True),
                                                ("v31", False), ("v32", False)])  # fmt: skip
def test_places_differ_from_v31_on(version: Version, alike: bool) -> None:
    vae = net(version)
    made = vae.decode("image", torch.zeros(1, vae.sizes.latent), VA[:1], CLS[:1])
    assert torch.allclose(made[:, 0], made[:, 100]) is alike


@pytest.mark.parametrize("version", VERSIONS)
def test_a_part_of_the_places_is_decoded_as_all_of_them_would_be(version: Version) -> None:
    vae = net(version)
    latent, places = torch.randn(2, vae.sizes.latent), torch.tensor([3, 77, 195])
    whole = vae.decode("sound", latent, VA, CLS)
    assert torch.allclose(whole[:, places], vae.decode("sound", latent, VA, CLS, places), atol=1e-5)


def test_order_matters_to_the_encoder_from_v31_on() -> None:
    turned = tokens().flip(1)
    for version, same in (("v3", True), ("v31", False), ("v32", False)):
        vae = net(version)  # type: ignore[arg-type]
        first, second = (vae.encode("image", given, CLS, VA)[0] for given in (tokens(), turned))
        assert torch.allclose(first, second, atol=1e-5) is same


def test_the_cls_token_goes_round_the_latent_only_with_the_bypass() -> None:
    for bypass in (True, False):
        vae = net("v32", bypass=bypass)
        latent = torch.zeros(2, vae.sizes.latent)
        same = torch.allclose(vae.decode("image", latent, VA, CLS), vae.decode("image", latent, VA, -CLS))
        assert same is not bypass
        assert vae.cls_of("image", latent, VA).shape == (2, 6)


def test_one_place_of_every_four_stands_for_all_of_them() -> None:
    vae = net("v32")
    rows, columns = torch.meshgrid(torch.arange(0, 14, 2), torch.arange(0, 14, 2), indexing="ij")
    part = vae.encode("image", tokens(), CLS, VA, (rows * 14 + columns).flatten())[0]
    assert part.shape == (2, 12)


def test_sound_is_stretched_to_the_number_of_places_of_pictures() -> None:
    given = torch.tensor([[[0.0], [1.0]]])
    assert stretch(given, 4).flatten().tolist() == pytest.approx([0.0, 0.25, 0.75, 1.0])


def test_conditional_norms_begin_near_the_plain_one_and_follow_their_condition() -> None:
    torch.manual_seed(0)
    x, condition = torch.randn(3, 8), torch.randn(1, 4)
    plain = PlainNorm(8, 4)(x, condition)
    for kind in (ConditionalLayerNorm, GatedConditionalLayerNorm):
        norm = kind(8, 4)
        assert torch.allclose(norm(x, 0 * condition), plain, atol=1e-4)
        with torch.no_grad():
            norm.beta.weight.fill_(1.0)
        assert not torch.allclose(norm(x, condition), norm(x, -condition))


def test_the_gate_of_a_conditional_norm_is_nearly_shut_at_first() -> None:
    norm = GatedConditionalLayerNorm(8, 4)
    with torch.no_grad():
        norm.beta.bias.fill_(1.0)
    x = torch.randn(3, 8)
    moved = (norm(x, torch.zeros(1, 4)) - PlainNorm(8, 4)(x, x)).mean()
    assert float(moved.detach()) == pytest.approx(1.0 / (1.0 + 2.718281828), abs=1e-3)


def test_a_shut_gate_leaves_the_first_half_of_a_block() -> None:
    block = GatedResidualBlock(8).eval()
    with torch.no_grad():
        block.gate.weight.zero_()
        block.gate.bias.fill_(-50.0)
    x = torch.randn(2, 8)
    assert torch.allclose(block(x), x + block.mlp_1(block.norm_1(x)), atol=1e-6)
