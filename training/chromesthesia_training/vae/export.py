"""The VAE as a pack's generator: the live emotion and a walk through the latents of pictures, to a picture.

Graph: `condition` float32 (1, 5) = valence, arousal in -1..1, p_angry, p_happy, p_sad; `noise` float32 (1, latent),
standard normal; `image` float32 (1, 3, 224, 224) in 0..1: what the engine asks of any generator.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from chromesthesia.generator.walks.latent import NAMED_PLACES
from chromesthesia_training.packing.painter import EnginePainter
from chromesthesia_training.vae.generating import Painter, decoded
from chromesthesia_training.vae.vit import PatchTokenizer

NAMED_PULL = 0.4
"""How far a certain named emotion draws valence and arousal to its place, which is all that the decoder knows."""
CALM = 0.7
"""Share of the spread of real latents that the noise covers: near the edge the decoder has seen little."""


class EngineVae(nn.Module):
    """condition (B, 5) and noise (B, latent) to pictures (B, 3, 224, 224) in 0..1."""

    def __init__(self, painter: Painter) -> None:
        super().__init__()
        self.net = painter.net
        self.tokenizer: PatchTokenizer = painter.tokenizer
        self.middle: Tensor
        self.spread: Tensor
        self.register_buffer("middle", painter.middles["image"])
        self.register_buffer("spread", painter.spreads["image"])
        self.places: Tensor
        self.register_buffer("places", torch.from_numpy(NAMED_PLACES.astype(np.float32)))
        self.scales = painter.scales["image"]

    @property
    def latent(self) -> int:
        return self.net.sizes.latent

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        heard, named = condition[:, :2], condition[:, 2:]
        sure = named.sum(dim=1, keepdim=True)
        va = (heard + NAMED_PULL * (named @ self.places - sure * heard)).clamp(-1.0, 1.0)
        latent = self.middle + CALM * self.spread * noise
        return decoded(self.net, self.tokenizer, self.scales, "image", latent, va).clamp(0.0, 1.0)


def engine_vae(painter: Painter) -> EnginePainter:
    """The VAE as the engine asks it."""
    module = EngineVae(painter)
    return EnginePainter(module, module.latent)
