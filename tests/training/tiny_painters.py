"""Tiny networks that paint as the big ones do, never trained: the VAE's and the cGAN's."""

from __future__ import annotations

import torch

from chromesthesia.core.records import EMBEDDING_SIZE
from chromesthesia_training.align.heads import ProjectionHead
from chromesthesia_training.cgan.engine import engine_cgan
from chromesthesia_training.cgan.model import CganGenerator, CganSizes
from chromesthesia_training.packing.painter import EnginePainter
from chromesthesia_training.vae.generating import Painter
from chromesthesia_training.vae.material import KINDS
from chromesthesia_training.vae.tokens import Scale
from chromesthesia_training.vae.versions import Sizes, TokenFusionVae
from chromesthesia_training.vae.vit import PatchTokenizer


def tiny_vae(centre: float = 0.0) -> Painter:
    """V3.2 of a latent of 12; the middle of its tokens is `centre`."""
    torch.manual_seed(0)
    tokenizer = PatchTokenizer(192, 3, 1, 1).eval()
    inputs: dict[str, tuple[int, int]] = {kind: (196, 192) for kind in KINDS}
    net = TokenFusionVae(Sizes("v32", 196, 192, inputs, bypass=False, hidden=16, widths=(12,))).eval()
    scale = Scale(torch.full((192,), centre), 0.5)
    return Painter(
        net,
        tokenizer,
        {kind: (scale, scale) for kind in KINDS},
        {kind: torch.zeros(12) for kind in KINDS},
        {kind: torch.ones(12) for kind in KINDS},
    )


def tiny_cgan() -> EnginePainter:
    """Pictures of 16 x 16 that follow the embedding of what is heard."""
    torch.manual_seed(0)
    head, generator = ProjectionHead(EMBEDDING_SIZE), CganGenerator(CganSizes(16, 4))
    for block in generator.blocks:
        for norm in (block.norm1, block.norm2):
            torch.nn.init.normal_(norm.affine.weight, std=0.3)  # type: ignore[union-attr,arg-type]
    return engine_cgan(head.eval(), generator.eval())
