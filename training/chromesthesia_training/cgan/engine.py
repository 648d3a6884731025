"""The reference cGAN as a pack's generator: what the encoder hears, by way of the shared space, to a picture.

Graph: `condition` float32 (1, 128), the embedding as a show has it; `noise` float32 (1, 128), standard normal;
`image` float32 (1, 3, side, side) in 0..1. The head that takes embeddings into the shared space is within it.
"""

from __future__ import annotations

from torch import Tensor, nn

from chromesthesia.core.emotions import EMBEDDING_LABEL
from chromesthesia_training.align.heads import ProjectionHead
from chromesthesia_training.cgan.model import LATENT_SIZE, CganGenerator
from chromesthesia_training.packing.painter import EnginePainter


class EngineCgan(nn.Module):
    """Embeddings (B, 128) and noise (B, 128) to pictures (B, 3, side, side) in 0..1."""

    def __init__(self, head: ProjectionHead, generator: CganGenerator) -> None:
        super().__init__()
        self.head = head
        self.generator = generator

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        pictures: Tensor = self.generator(noise, self.head(condition))
        return pictures * 0.5 + 0.5


def engine_cgan(head: ProjectionHead, generator: CganGenerator) -> EnginePainter:
    """The cGAN as the engine asks it, conditioned on the live embedding."""
    return EnginePainter(EngineCgan(head, generator), LATENT_SIZE, (EMBEDDING_LABEL,))
