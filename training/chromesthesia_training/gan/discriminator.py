"""The discriminator: trained heads on frozen features (Projected GANs, Sauer et al. 2021), two on pixels.

One pixel head sees a random patch of 128 x 128, one the whole picture at 32 x 32 in its true colours: the features are
blind to a palette that is slightly off.


Each head judges every location, once as such and once against the condition (projection, Miyato and Koyama
2018), and sees how much each location varies across the batch, so that the same mark at the same place in
every picture shows. No normalisation: with it the palette collapsed on this data.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.data.condition import VAD_SIZE

PROJECTION_SIZE = 48
PIXELS = "pixels"
COARSE = "coarse"
DEVIATION_GROUP = 8
DEVIATION_MAPS = 4


class ConditionEmbedding(nn.Module):
    """Inner condition (batch, 11) to (batch, 48): linear in the emotions, so a mixture scores as its parts do."""

    def __init__(self) -> None:
        super().__init__()
        self.of_vad = nn.Sequential(
            nn.Linear(VAD_SIZE, 64), nn.LeakyReLU(0.2), nn.Linear(64, PROJECTION_SIZE)
        )
        self.of_emotion = nn.Linear(len(EMOTIONS), PROJECTION_SIZE, bias=False)

    def forward(self, condition: Tensor) -> Tensor:
        embedded: Tensor = self.of_vad(condition[:, :VAD_SIZE]) + self.of_emotion(condition[:, VAD_SIZE:])
        return embedded


def batch_deviation(x: Tensor) -> Tensor:
    """Deviation across groups of 8 pictures at each location, by quarters of the channels: (batch, 4, h, w)."""
    batch, width, height, breadth = x.shape
    group = DEVIATION_GROUP if batch % DEVIATION_GROUP == 0 else batch
    grouped = x.view(batch // group, group, DEVIATION_MAPS, width // DEVIATION_MAPS, height, breadth)
    variance = (grouped - grouped.mean(1, keepdim=True)).square().mean(1)
    deviation = (variance + 1e-6).sqrt().mean(2)
    repeated: Tensor = deviation.repeat_interleave(group, 0)
    return repeated


def common_relief(image: Tensor) -> Tensor:
    """What groups of 8 pictures have in common at each pixel: mean relief and strength of relief, (batch, 2, h, w).

    Relief is the grey picture less its 5-pixel blur, over its own deviation. Independent pictures give noise; a mark
    that the generator leaves at the same place in every picture stands out.
    """
    batch, _, height, breadth = image.shape
    group = DEVIATION_GROUP if batch % DEVIATION_GROUP == 0 else batch
    grey = image.mean(1, keepdim=True)
    relief = grey - F.avg_pool2d(F.pad(grey, (2, 2, 2, 2), mode="replicate"), 5, 1)
    relief = relief / (relief.square().mean((1, 2, 3), keepdim=True) + 1e-4).sqrt()
    maps = torch.cat([relief, relief.abs() - relief.abs().mean((2, 3), keepdim=True)], 1)
    common = maps.view(batch // group, group, 2, height, breadth).mean(1) * group**0.5
    repeated: Tensor = common.repeat_interleave(group, 0)
    return repeated


class ProjectionHead(nn.Module):
    """Convolutions given as (width, stride), then a logit per location: (batch, h * w)."""

    def __init__(self, width_in: int, layers: tuple[tuple[int, int], ...]) -> None:
        super().__init__()
        convolutions: list[nn.Module] = []
        width = width_in
        for width_out, stride in layers:
            conv = nn.Conv2d(width, width_out, 4 if stride == 2 else 3, stride, 1)
            nn.init.kaiming_normal_(conv.weight, 0.2)
            assert conv.bias is not None
            nn.init.zeros_(conv.bias)
            convolutions += [conv, nn.LeakyReLU(0.2)]
            width = width_out
        self.body = nn.Sequential(*convolutions)
        self.logit = nn.Conv2d(width + DEVIATION_MAPS, 1, 1)
        self.key = nn.Conv2d(width, PROJECTION_SIZE, 1)
        self.embedding = ConditionEmbedding()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        x = self.body(x)
        embedded = self.embedding(condition)[:, :, None, None]
        plain = self.logit(torch.cat([x, batch_deviation(x)], 1))[:, 0]
        projected = (self.key(x) * embedded).sum(1) / PROJECTION_SIZE**0.5
        logits: Tensor = (plain + projected).flatten(1)
        return logits


class FrozenMix(nn.Module):
    """A fixed random 1 x 1 mixing of standardised features, so that no few channels carry the judgement."""

    def __init__(self, mean: Tensor, deviation: Tensor, width: int, rng: torch.Generator) -> None:
        super().__init__()
        weight = torch.randn(width, len(mean), generator=rng) * len(mean) ** -0.5 / deviation
        self.register_buffer("weight", weight[:, :, None, None])
        self.register_buffer("bias", -weight @ mean)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.get_buffer("weight"), self.get_buffer("bias"))


FEATURE_HEADS: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (48, ((96, 2), (96, 2))),
    (96, ((128, 2), (128, 1))),
    (128, ((128, 1), (128, 1))),
)
"""Mixed width and convolutions of the head on each feature map, finest first."""

PIXEL_HEAD = ((16, 2), (32, 2), (48, 2))
PATCH_SIDE = 128
COARSE_HEAD = ((32, 2), (64, 2), (96, 2))
COARSE_SIDE = 32


@dataclass(frozen=True)
class Views:
    """What the discriminator sees of a batch: frozen feature maps, patches (batch, 5, p, p), small pictures.

    `patches` are RGB and `common_relief`, `small` is (batch, 3, 32, 32) without any change of colour.
    """

    features: dict[str, Tensor]
    patches: Tensor
    small: Tensor

    def detach(self) -> Views:
        detached = {name: values.detach() for name, values in self.features.items()}
        return Views(detached, self.patches.detach(), self.small.detach())


def shrink(images: Tensor, side: int) -> Tensor:
    """Area average of square `images` to `side`."""
    return F.adaptive_avg_pool2d(images, side) if images.shape[2] != side else images


class Discriminator(nn.Module):
    """Views of a batch to a tensor of logits per head, those on features first.

    `statistics` holds each map's channel means and deviations over real paintings, (channels,) each.
    """

    def __init__(self, statistics: dict[str, tuple[Tensor, Tensor]], rng: torch.Generator) -> None:
        super().__init__()
        self.names = tuple(statistics)
        self.mixes = nn.ModuleDict()
        self.heads = nn.ModuleDict()
        for (name, (mean, deviation)), (width, layers) in zip(statistics.items(), FEATURE_HEADS, strict=True):
            self.mixes[name] = FrozenMix(mean, deviation, width, rng)
            self.heads[name] = ProjectionHead(width, layers)
        self.heads[PIXELS] = ProjectionHead(5, PIXEL_HEAD)
        self.heads[COARSE] = ProjectionHead(3, COARSE_HEAD)

    def forward(self, views: Views, condition: Tensor) -> list[Tensor]:
        logits = [self.heads[name](self.mixes[name](views.features[name]), condition) for name in self.names]
        return [
            *logits,
            self.heads[PIXELS](views.patches, condition),
            self.heads[COARSE](views.small, condition),
        ]

    def pixel_slope(self, views: Views, condition: Tensor) -> Tensor:
        """Mean squared gradient of the pixel heads at real paintings (R1, Mescheder et al. 2018), a scalar."""
        patches = views.patches.detach().requires_grad_(True)
        small = views.small.detach().requires_grad_(True)
        judged = (
            self.heads[PIXELS](patches, condition).mean(1).sum()
            + self.heads[COARSE](small, condition).mean(1).sum()
        )
        slopes = torch.autograd.grad(judged, [patches, small], create_graph=True)
        return sum((slope.square().sum((1, 2, 3)).mean() for slope in slopes), torch.zeros(()))


def feature_statistics(net: FeatureNet, images: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Channel means and deviations of each feature map over `images` (N, 3, h, w) in [-1, 1]."""
    with torch.no_grad():
        maps = net(images)
    return {
        name: (values.mean((0, 2, 3)), values.std((0, 2, 3)).clamp_min(1e-3 * float(values.std()) + 1e-6))
        for name, values in maps.items()
    }
