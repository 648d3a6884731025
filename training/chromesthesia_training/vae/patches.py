"""Linear patch tokens: pictures cut into squares, each described by its largest principal components."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIDE = 224
CHANNELS = 3


def components(centred: Tensor, count: int) -> tuple[Tensor, float]:
    """The largest principal components [values, count] of rows [n, values], and the share of variance in them."""
    rows = centred.double()
    if len(rows) < rows.shape[1]:  # few rows: their products with each other say the same, and are fewer
        values, vectors = torch.linalg.eigh(rows @ rows.T)
        values, vectors = values.flip(0).clamp_min(0.0), vectors.flip(1)
        basis, _ = torch.linalg.qr(rows.T @ vectors[:, :count])
    else:
        values, vectors = torch.linalg.eigh(rows.T @ rows)
        values, basis = values.flip(0).clamp_min(0.0), vectors.flip(1)[:, :count]
    return basis.float().contiguous(), float(values[:count].sum() / values.sum().clamp_min(1e-12))


def cut(pictures: Tensor, patch: int) -> Tensor:
    """[B, 3, 224, 224] into patches, row by row: [B, (224 / patch) ** 2, 3 * patch * patch]."""
    count, channels, height, width = pictures.shape
    rows, columns = height // patch, width // patch
    parts = pictures.reshape(count, channels, rows, patch, columns, patch)
    return parts.permute(0, 2, 4, 1, 3, 5).reshape(count, rows * columns, channels * patch * patch)


def join(patches: Tensor, patch: int, side: int = SIDE) -> Tensor:
    """What `cut` was given."""
    rows = side // patch
    parts = patches.reshape(-1, rows, rows, CHANNELS, patch, patch)
    return parts.permute(0, 3, 1, 4, 2, 5).reshape(-1, CHANNELS, side, side)


class PatchCodec(nn.Module):
    """Pictures [B, 3, 224, 224] in 0..1 to tokens [B, n, width] and back, by an orthogonal basis fitted to patches."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        self.patch = patch
        values = CHANNELS * patch * patch
        if width > values:
            raise ValueError(f"{width} components of {values} values")
        self.middle: Tensor
        self.basis: Tensor
        self.register_buffer("middle", torch.full((values,), 0.5))
        self.register_buffer("basis", torch.eye(values)[:, :width].contiguous())

    @property
    def tokens(self) -> int:
        return (SIDE // self.patch) ** 2

    @property
    def width(self) -> int:
        return int(self.basis.shape[1])

    def fit(self, patches: Tensor) -> float:
        """Find the basis of patches [n, values], n above `width`; the share of their variance that it keeps."""
        self.middle = patches.mean(dim=0)
        self.basis, kept = components(patches - self.middle, self.width)
        return kept

    def forward(self, pictures: Tensor) -> Tensor:
        return (cut(pictures, self.patch) - self.middle) @ self.basis

    def decode(self, tokens: Tensor) -> Tensor:
        """Tokens [B, n, width] to pictures [B, 3, 224, 224], not clipped."""
        return join(tokens @ self.basis.T + self.middle, self.patch)
