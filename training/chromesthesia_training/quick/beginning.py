"""What a quick painter begins with: its teacher, each convolution put where it is cheap, on the axes that matter."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.model import Block, ConditionalNorm, Generator
from chromesthesia_training.quick.model import SLOPE, Narrow, QuickBlock, QuickGenerator, QuickShape

COPIED = ("prior", "steering", "read_layout", "read_condition", "to_style", "start")
_THINNED = torch.tensor([[0.5, 0.0, 0.0], [0.5, 1.0, 0.5], [0.0, 0.0, 0.5]])
"""A tap beside the middle, after doubling, is half of the middle and half of the neighbour before it."""


def pupil_of(
    teacher: Generator, inner: tuple[int, ...], head: int, latent: Tensor, condition: Tensor
) -> QuickGenerator:
    """A quick painter with as much of its teacher as it can hold, on the pictures of some steered latents.

    Raises TrainingError for a number of inner channels that does not fit.
    """
    widths = teacher.widths
    if len(inner) != len(teacher.blocks) or any(
        not 0 < one <= width for one, width in zip(inner, widths[1:], strict=False)
    ):
        raise TrainingError(
            f"inner channels {inner} for a painter of the widths {widths[1:]}",
            "give one number a width, no greater than it",
        )
    pupil = QuickGenerator(QuickShape(widths, inner, head))
    for name in COPIED:
        getattr(pupil, name).load_state_dict(getattr(teacher, name).state_dict())
    with torch.no_grad():
        query = torch.cat([latent, teacher.read_condition(condition)], 1)
        style = teacher.to_style(query)
        x = F.leaky_relu(teacher.start(query), SLOPE).view(len(query), widths[0], -1)
        side = round(x.shape[2] ** 0.5)
        x = x.view(len(query), widths[0], side, side)
        for number, (ours, theirs) in enumerate(zip(pupil.blocks, teacher.blocks, strict=True)):
            assert isinstance(ours, QuickBlock)
            assert isinstance(theirs, Block)
            x = _begin(ours, theirs, x, query, style)
            if number == 0:
                x = x + teacher.read_layout(teacher.prior(latent, condition))
    return pupil


def _begin(ours: QuickBlock, theirs: Block, x: Tensor, query: Tensor, style: Tensor) -> Tensor:
    """Put into one block what its teacher's computes of `x`, and return that."""
    ours.grain.load_state_dict(theirs.grain.state_dict())
    if ours.layout is not None and theirs.layout is not None:
        ours.layout.load_state_dict(theirs.layout.state_dict())
    kernel = thinned(theirs.up.narrow.weight, theirs.up.conv.weight)
    doubled = theirs.up(x)
    if ours.whole is None or ours.style is None:
        _put(ours.narrow, kernel, doubled, theirs.norm)
        whole: Tensor = theirs(x, query, style)
        return whole
    spread, weight, bias = _folded(theirs.norm)
    ours.whole.weight.copy_(kernel * spread[:, None, None, None])
    ours.style.affine.weight.copy_(weight)
    ours.style.affine.bias.copy_(bias)
    if theirs.conv is not None and theirs.conv_norm is not None:
        seen = theirs.norm(doubled, style)
        seen = seen if theirs.layout is None else theirs.layout(seen, query)
        seen = theirs.conv(F.leaky_relu(theirs.grain(seen, style, None), SLOPE))
        _put(ours.narrow, theirs.conv.weight, seen, theirs.conv_norm)
    computed: Tensor = theirs(x, query, style)
    return computed


def _folded(norm: ConditionalNorm) -> tuple[Tensor, Tensor, Tensor]:
    """One over the deviation of each channel, and the affine map of a style that needs no means: weight, bias."""
    spread = (norm.norm.get_buffer("running_var") + norm.norm.eps).rsqrt()
    middle = norm.norm.get_buffer("running_mean") * spread
    (scales, shifts), (scale, shift) = norm.affine.weight.chunk(2), norm.affine.bias.chunk(2)
    weight = torch.cat([scales, shifts - middle[:, None] * scales])
    return spread, weight, torch.cat([scale, shift - middle * (1 + scale)])


def _put(narrow: Narrow, kernel: Tensor, made: Tensor, norm: ConditionalNorm) -> None:
    """A convolution and its norm, through the axes that explain most of what it `made`."""
    spread, weight, bias = _folded(norm)
    flat = made.transpose(0, 1).flatten(1) * spread[:, None]
    about = flat.mean(1)
    axes = torch.linalg.eigh(torch.cov(flat)).eigenvectors[:, -narrow.first.out_channels :]
    narrow.first.weight.copy_(torch.einsum("or,oiyx->riyx", axes, kernel * spread[:, None, None, None]))
    narrow.last.weight.copy_(axes[:, :, None, None])
    assert narrow.last.bias is not None
    narrow.last.bias.copy_(about - axes @ (axes.T @ about))
    narrow.style.affine.weight.copy_(weight)
    narrow.style.affine.bias.copy_(bias)


def thinned(narrow: Tensor, kernel: Tensor) -> Tensor:
    """The kernel (out, in, 3, 3) before a bilinear doubling that is nearest to `narrow`, doubling, `kernel`."""
    whole = torch.einsum("omyx,mi->oiyx", kernel, narrow[:, :, 0, 0])
    return torch.einsum("ay,bx,oiyx->oiab", _THINNED, _THINNED, whole)
