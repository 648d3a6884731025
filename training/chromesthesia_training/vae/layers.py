"""Parts of the six versions: residual and gated blocks, layer norms that a condition steers, paths with skips."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

DROPOUT = 0.1


class ResidualBlock(nn.Module):
    """x + F(x): two linear maps with a norm before and GELU between (V1, V2, V2.1)."""

    def __init__(self, width: int, hidden: int, dropout: float = DROPOUT) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.as_tensor(self.change(x))


class GatedResidualBlock(nn.Module):
    """Two MLPs, the second let through by a gate that sees both (V3 on). `condition`: values added before each."""

    def __init__(self, width: int, condition: int = 0, dropout: float = DROPOUT, widening: int = 1) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp_1, self.mlp_2 = (_mlp(width, widening * width, dropout) for _ in range(2))
        self.gate = nn.Linear(2 * width, width)
        self.steer = nn.Linear(condition, width) if condition else None

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """x [B, ..., width]; condition [B, condition]."""
        if self.steer is not None and condition is not None:
            steered = torch.as_tensor(self.steer(condition))
            x = x + steered.reshape(len(steered), *(1,) * (x.ndim - 2), -1)
        first = x + self.mlp_1(self.norm_1(x))
        change = self.mlp_2(self.norm_2(first))
        gate = torch.sigmoid(self.gate(torch.cat([first, change], dim=-1)))
        return torch.as_tensor(first + gate * change)


def _mlp(width: int, hidden: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width))


class PlainNorm(nn.Module):
    """Layer norm that takes no notice of the condition (V1)."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return torch.as_tensor(self.norm(x))


class ConditionalLayerNorm(nn.Module):
    """gamma(c) * norm(x) + beta(c), c the embedding of the modality (V2)."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.gamma, self.beta = nn.Linear(condition, width), nn.Linear(condition, width)
        for layer, start in ((self.gamma, 1.0), (self.beta, 0.0)):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.constant_(layer.bias, start)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return torch.as_tensor(self.gamma(condition) * self.norm(x) + self.beta(condition))


class GatedConditionalLayerNorm(nn.Module):
    """gate(c) * (gamma(c) * norm(x) + beta(c)) + (1 - gate(c)) * norm(x), gamma 1 + ..., gate bias -1 (V2.1)."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.gamma, self.beta, self.gate = (nn.Linear(condition, width) for _ in range(3))
        for layer, start in ((self.gamma, 0.0), (self.beta, 0.0), (self.gate, -1.0)):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.constant_(layer.bias, start)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        normed = torch.as_tensor(self.norm(x))
        gate = torch.sigmoid(self.gate(condition))
        steered = (1.0 + self.gamma(condition)) * normed + self.beta(condition)
        return torch.as_tensor(gate * steered + (1.0 - gate) * normed)


Norm = Callable[[int, int], nn.Module]


class Layer(nn.Module):
    """Linear, norm, GELU, dropout, then a residual block."""

    def __init__(self, inputs: int, outputs: int, hidden: int, norm: Norm, condition: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = norm(outputs, condition)
        self.rest = nn.Sequential(nn.GELU(), nn.Dropout(DROPOUT), ResidualBlock(outputs, hidden))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return torch.as_tensor(self.rest(self.norm(self.linear(x), condition)))


class SkipPath(nn.Module):
    """Layers of given widths with skips within the path: each output gets that of two layers before, adapted.

    again: the second layer sees the first one's output beside the path's own input, as V1's encoder.
    bottleneck: width over the hidden width of the residual blocks.
    """

    def __init__(
        self,
        inputs: int,
        widths: Sequence[int],
        norm: Norm,
        condition: int,
        bottleneck: int,
        again: bool = False,
    ) -> None:
        super().__init__()
        self.again = again
        given = [inputs, *widths[:-1]]
        if again:
            given[1] += inputs
        self.layers = nn.ModuleList(
            Layer(wide, narrow, max(8, narrow // bottleneck), norm, condition)
            for wide, narrow in zip(given, widths, strict=True)
        )
        ends = [inputs, *widths]
        self.adapters = nn.ModuleList(
            nn.Sequential(nn.Linear(ends[place - 1], widths[place]), nn.LayerNorm(widths[place]), nn.GELU(),
                          nn.Dropout(DROPOUT))
            for place in range(1, len(widths), 2)
        )  # fmt: skip

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        ends = [x]
        for place, layer in enumerate(self.layers):
            given = torch.cat([ends[-1], x], dim=-1) if self.again and place == 1 else ends[-1]
            hidden = layer(given, condition)
            if place % 2 == 1:
                hidden = hidden + self.adapters[place // 2](ends[place - 1])
            ends.append(hidden)
        return ends[-1]


class AttentionPool(nn.Module):
    """Tokens [B, n, width] to one [B, width]: a learned query attends to them (V3.1)."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, tokens: Tensor) -> Tensor:
        pooled, _ = self.attention(self.query.expand(len(tokens), -1, -1), tokens, tokens, need_weights=False)
        return torch.as_tensor(pooled[:, 0])


class SpatialExpansion(nn.Module):
    """One vector [B, inputs] to a row of learned patterns at each place: [B, places, width] (V3.1 on)."""

    def __init__(self, inputs: int, width: int, places: int, patterns: int = 32) -> None:
        super().__init__()
        self.patterns, self.width = patterns, width
        self.amounts = nn.Linear(inputs, patterns * width)
        self.shape = nn.Parameter(torch.randn(places, patterns) / patterns**0.5)

    def forward(self, vector: Tensor, places: Tensor) -> Tensor:
        amounts = self.amounts(vector).reshape(len(vector), self.patterns, self.width)
        return torch.as_tensor(self.shape[places] @ amounts)
