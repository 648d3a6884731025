"""Strokes held to the artist's: sliced distances of patches (Elnekave and Weiss 2022), and a small critic of patches.

Neither needs a trained net, so that a pack and a folder of pictures are all that an artist must have. Both look at
patches over a whole batch: no single picture has to come out like one that was given.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 7
PROJECTIONS = 32
STRIDE = 4
SCALES = (1, 2, 4)


def patch_distance(made: Tensor, given: Tensor, rng: torch.Generator) -> Tensor:
    """Mean distance of sorted random projections of patches, over three scales; batches (n, 3, h, w) of one shape."""
    total = torch.zeros(())
    for scale in SCALES:
        if scale > 1:
            made, given = F.avg_pool2d(made, 2), F.avg_pool2d(given, 2)
        if min(made.shape[2:]) <= PATCH + STRIDE:
            break
        kernels = torch.randn(PROJECTIONS, 3, PATCH, PATCH, generator=rng)
        kernels = kernels / kernels.flatten(1).norm(dim=1)[:, None, None, None]
        down, across = torch.randint(STRIDE, (2,), generator=rng).tolist()
        ours, theirs = (
            F.conv2d(images[:, :, down:, across:], kernels, stride=STRIDE)
            .transpose(0, 1)
            .flatten(1)
            .sort(1)
            .values
            for images in (made, given)
        )
        total = total + (ours - theirs).abs().mean()
    return total


class PatchCritic(nn.Module):
    """Pictures (n, 3, h, w) in [-1, 1] to a logit for each of their patches of about 46 pixels: (n, places)."""

    def __init__(self, widths: tuple[int, ...] = (24, 48, 96, 96)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for number, width_out in enumerate(widths):
            stride = 2 if number < 3 else 1
            conv = nn.Conv2d(width, width_out, 4 if stride == 2 else 3, stride, 1)
            nn.init.kaiming_normal_(conv.weight, 0.2)
            layers += [conv, nn.LeakyReLU(0.2)]
            width = width_out
        layers.append(nn.Conv2d(width, 1, 1))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers(images).flatten(1)
        return logits


def slope_at(critic: PatchCritic, given: Tensor) -> Tensor:
    """Mean squared gradient of the critic at given pictures (R1, Mescheder et al. 2018)."""
    seen = given.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(seen).mean(1).sum(), seen, create_graph=True)
    return slope.square().sum((1, 2, 3)).mean()
