"""A small vision transformer that is a tokenizer: 196 patch tokens and a CLS token, and the way back to pixels.

It begins as the patches' principal components, exactly: positions and what its blocks add start at zero. It learns to
fill in patches that it is not shown, which is what makes the CLS token describe the whole.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia_training.vae.patches import PatchCodec, cut, join

PATCH = 16
TOKENS = 196
WIDTH, HEADS = 192, 3
ENCODER_BLOCKS, DECODER_BLOCKS = 2, 1


class Block(nn.Module):
    """Pre-norm attention and MLP; both begin by adding nothing."""

    def __init__(self, width: int, heads: int, widening: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, widening * width), nn.GELU(), nn.Linear(widening * width, width)
        )
        for last in (self.out, self.mlp[2]):
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        count, length, width = hidden.shape
        qkv = self.qkv(self.norm_1(hidden)).reshape(count, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        seen = functional.scaled_dot_product_attention(query, key, value)
        hidden = hidden + self.out(seen.transpose(1, 2).reshape(count, length, width))
        return hidden + torch.as_tensor(self.mlp(self.norm_2(hidden)))


class PatchTokenizer(nn.Module):
    """Pictures [B, 3, 224, 224] in 0..1 to tokens [B, 196, width] and CLS [B, width]; `decode` goes back."""

    def __init__(
        self,
        width: int = WIDTH,
        heads: int = HEADS,
        encoder_blocks: int = ENCODER_BLOCKS,
        decoder_blocks: int = DECODER_BLOCKS,
    ) -> None:
        super().__init__()
        start = PatchCodec(PATCH, width)
        self.middle: Tensor
        self.register_buffer("middle", start.middle)
        self.embed = nn.Linear(start.basis.shape[0], width)
        self.restore = nn.Linear(width, start.basis.shape[0])
        self.position = nn.Parameter(torch.zeros(TOKENS + 1, width))
        self.decoder_position = nn.Parameter(torch.zeros(TOKENS + 1, width))
        self.cls = nn.Parameter(torch.zeros(width))
        self.hidden = nn.Parameter(torch.zeros(width))
        self.encoder = nn.ModuleList(Block(width, heads) for _ in range(encoder_blocks))
        self.decoder = nn.ModuleList(Block(width, heads) for _ in range(decoder_blocks))
        nn.init.normal_(self.cls, std=0.02)
        self.begin(start)

    @property
    def width(self) -> int:
        return self.embed.out_features

    def begin(self, codec: PatchCodec) -> None:
        """Take over a fitted basis: from then on it is exactly that codec, until it is trained."""
        with torch.no_grad():
            self.middle.copy_(codec.middle)
            self.embed.weight.copy_(codec.basis.T)
            self.embed.bias.zero_()
            self.restore.weight.copy_(codec.basis)
            self.restore.bias.zero_()

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        whole = torch.arange(TOKENS, device=pictures.device).expand(len(pictures), -1)
        hidden = self._encode(pictures, whole)
        return hidden[:, 1:], hidden[:, 0]

    def decode(self, tokens: Tensor, cls: Tensor) -> Tensor:
        """Pictures [B, 3, 224, 224] of tokens [B, 196, width] and CLS [B, width], not clipped."""
        return join(self._patches(tokens, cls), PATCH)

    def loss(self, pictures: Tensor, shown: Tensor) -> Tensor:
        """Mean square error of all patches when only those at the places `shown` [B, n] are seen."""
        hidden = self._encode(pictures, shown)
        width = self.width
        tokens = self.hidden.expand(len(pictures), TOKENS, width)
        tokens = tokens.scatter(1, shown[:, :, None].expand(-1, -1, width), hidden[:, 1:])
        return functional.mse_loss(self._patches(tokens, hidden[:, 0]), cut(pictures, PATCH))

    def _encode(self, pictures: Tensor, shown: Tensor) -> Tensor:
        patches = cut(pictures, PATCH) - self.middle
        patches = patches.gather(1, shown[:, :, None].expand(-1, -1, patches.shape[2]))
        hidden = torch.as_tensor(self.embed(patches)) + self.position[1:][shown]
        cls = (self.cls + self.position[0]).expand(len(pictures), 1, -1)
        hidden = torch.cat([cls, hidden], dim=1)
        for block in self.encoder:
            hidden = block(hidden)
        return hidden

    def _patches(self, tokens: Tensor, cls: Tensor) -> Tensor:
        hidden = torch.cat([cls[:, None], tokens], dim=1) + self.decoder_position
        for block in self.decoder:
            hidden = block(hidden)
        return torch.as_tensor(self.restore(hidden[:, 1:])) + self.middle


def draw_shown(count: int, share: float, generator: torch.Generator) -> Tensor:
    """Places of the patches that each picture shows: int64 [count, share * 196], in order."""
    kept = max(1, round(share * TOKENS))
    order = torch.rand(count, TOKENS, generator=generator).argsort(dim=1)
    return order[:, :kept].sort(dim=1).values
