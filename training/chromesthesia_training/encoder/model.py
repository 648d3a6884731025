"""The streaming emotion encoder: causal throughout, with every bit of memory an explicit state tensor."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from chromesthesia.features.mel import DEFAULT_MEL
from chromesthesia.seams import EMBEDDING_SIZE, EMOTIONS, ENCODER_HOPS, HOP_SAMPLES, SAMPLE_RATE_HZ

State = tuple[Tensor, ...]
ConvT = TypeVar("ConvT", nn.Conv1d, nn.Conv2d)


@dataclass(frozen=True)
class EncoderSizes:
    """Shape of the network; the defaults are what ships (about 0.25 M parameters)."""

    front: tuple[int, int, int] = (16, 32, 32)
    width: int = 128
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    hidden: int = EMBEDDING_SIZE
    dropout: float = 0.3
    relative: bool = False
    """Hear every sound against its own running mean: then gain, distance and the microphone's colour change nothing."""
    stride_first: bool = False
    """Halve the rate of hops in the first convolution instead of the second: half the cost of the front."""


DEFAULT_SIZES = EncoderSizes()
RELATIVE_SIZES = EncoderSizes(
    front=(8, 16, 24), width=96, dilations=(1, 3, 9), relative=True, stride_first=True
)
"""What the folds of `docs/results` and later packs use (about 0.15 M parameters)."""
RUNNING_S = 4.0
"""Time in which the running mean forgets to a third."""
RUNNING_DECAY = math.exp(-ENCODER_HOPS * HOP_SAMPLES / SAMPLE_RATE_HZ / RUNNING_S)
SUM_STEPS = 256
LOUDER_COUNTS = 0.5
"""A step weighs in the running mean by its power to the half of this: pauses hardly count."""


class Reading(NamedTuple):
    """One answer per 20 ms step: valence_arousal [B, S, 2] in -1..1, logits [B, S, 3], embedding [B, S, 128]."""

    valence_arousal: Tensor
    logits: Tensor
    embedding: Tensor


class CausalConv2d(nn.Module):
    """Convolution over hops and mel bands that remembers the hops it still needs.

    Takes [B, C, hops, bands] and state [B, C, context, bands]; bands are padded and strided by 2, hops are not padded.
    """

    def __init__(self, channels_in: int, channels_out: int, bands: int, hop_stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels_in, channels_out, (3, 5), stride=(hop_stride, 2), padding=(0, 2), bias=False
        )
        self.norm: nn.Module = nn.BatchNorm2d(channels_out)
        self.context = 3 - hop_stride
        self.state_shape = (channels_in, self.context, bands)

    def forward(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        joined = torch.cat([state, inputs], dim=2)
        return functional.relu(self.norm(self.conv(joined))), joined[:, :, joined.shape[2] - self.context :]


class DilatedBlock(nn.Module):
    """Residual depthwise-separable causal convolution over steps: [B, C, S], state [B, C, 2 * dilation]."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, 3, dilation=dilation, groups=width, bias=False)
        self.pointwise = nn.Conv1d(width, width, 1, bias=False)
        self.norm_depthwise: nn.Module = nn.BatchNorm1d(width)
        self.norm_pointwise: nn.Module = nn.BatchNorm1d(width)
        self.context = 2 * dilation
        self.state_shape = (width, self.context)

    def forward(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        joined = torch.cat([state, inputs], dim=2)
        hidden = functional.relu(self.norm_depthwise(self.depthwise(joined)))
        hidden = functional.relu(self.norm_pointwise(self.pointwise(hidden)))
        return inputs + hidden, joined[:, :, joined.shape[2] - self.context :]

    def step(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step [B, C], written as products and sums: on one column they run faster than convolutions."""
        joined = torch.cat([state, inputs.unsqueeze(2)], dim=2)
        taps = joined[:, :, :: self.context // 2] * self.depthwise.weight[:, 0]
        hidden = taps.sum(dim=2)
        if self.depthwise.bias is not None:
            hidden = hidden + self.depthwise.bias
        hidden = functional.relu(self.norm_depthwise(hidden))
        hidden = functional.linear(hidden, self.pointwise.weight[:, :, 0], self.pointwise.bias)
        return inputs + functional.relu(self.norm_pointwise(hidden)), joined[:, :, 1:]


class StreamingEncoder(nn.Module):
    """Log-mel of 10 ms hops in, emotion out at every 20 ms step, with carried state.

    Three causal convolutions over time and frequency, dilated depthwise-separable blocks, one gated recurrent unit
    whose output is the embedding, linear heads. A state of zeros is the start of a sound; a whole sound at once and the
    same sound in pieces give the same answers. Input is standardised inside with constants from the training data.
    """

    mel_mean: Tensor
    mel_deviation: Tensor

    def __init__(self, sizes: EncoderSizes = DEFAULT_SIZES) -> None:
        super().__init__()
        self.sizes = sizes
        front, width, hidden = self.sizes.front, self.sizes.width, self.sizes.hidden
        bands = DEFAULT_MEL.mels
        self.register_buffer("mel_mean", torch.full((bands,), -8.0))
        self.register_buffer("mel_deviation", torch.full((bands,), 3.0))
        self.front = nn.ModuleList(
            [
                CausalConv2d(
                    2 if self.sizes.relative else 1,
                    front[0],
                    bands,
                    hop_stride=ENCODER_HOPS if self.sizes.stride_first else 1,
                ),
                CausalConv2d(
                    front[0],
                    front[1],
                    bands // 2,
                    hop_stride=1 if self.sizes.stride_first else ENCODER_HOPS,
                ),
                CausalConv2d(front[1], front[2], bands // 4),
            ]
        )
        self.join = nn.Conv1d(front[2] * (bands // 8), width, 1)
        self.blocks = nn.ModuleList([DilatedBlock(width, dilation) for dilation in self.sizes.dilations])
        self.recurrent = nn.GRU(width, hidden, batch_first=True)
        self.dropout = nn.Dropout(self.sizes.dropout)
        self.to_logits = nn.Linear(hidden, len(EMOTIONS))
        self.to_valence_arousal = nn.Linear(hidden, 2)

    def state_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the state tensors for a batch of one, in order."""
        shapes: list[tuple[int, ...]] = [stage.state_shape for stage in self._front()]
        shapes += [block.state_shape for block in self._blocks()]
        if self.sizes.relative:
            shapes.append((DEFAULT_MEL.mels + 1,))
        return [(1, *shape) for shape in (*shapes, (self.sizes.hidden,))]

    def _front(self) -> list[CausalConv2d]:
        return cast(list[CausalConv2d], list(self.front))

    def _blocks(self) -> list[DilatedBlock]:
        return cast(list[DilatedBlock], list(self.blocks))

    def initial_state(self, batch: int = 1) -> State:
        """Zeros: the start of a sound."""
        return tuple(torch.zeros(batch, *shape[1:]) for shape in self.state_shapes())

    def standardise(self, log_mel: Tensor) -> Tensor:
        """Log-mel [..., mels] to roughly zero mean and unit deviation."""
        return (log_mel - self.mel_mean) / self.mel_deviation

    def forward(self, log_mel: Tensor, state: State | None = None) -> tuple[Reading, State]:
        """log_mel [B, hops, mels], an even number of hops -> Reading of hops / 2 steps, state after them."""
        state = self.initial_state(log_mel.shape[0]) if state is None else state
        inputs, mean = self.views(log_mel, state)
        reading, after = self.forward_views(inputs, state)
        return reading, (*after[:-1], *mean, after[-1])

    def views(self, log_mel: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """What the convolutions see, [B, 1 or 2, hops, bands], and the state of the running mean."""
        if not self.sizes.relative:
            return self.standardise(log_mel).unsqueeze(1), ()
        joined = self._weighted(log_mel.reshape(len(log_mel), -1, ENCODER_HOPS, log_mel.shape[2]).mean(dim=2))
        sums = _decayed_sums(joined, joined.new_zeros(joined[:, 0].shape) if state is None else state[-2])
        return self._relative(log_mel, sums.repeat_interleave(ENCODER_HOPS, dim=1)), (sums[:, -1],)

    def _weighted(self, steps: Tensor) -> Tensor:
        """Mean log-mel of steps [..., bands] times its weight, and the weight: [..., bands + 1]."""
        centred = steps - self.mel_mean
        weight = torch.exp(LOUDER_COUNTS * centred.mean(dim=-1, keepdim=True))
        return torch.cat([centred * weight, weight], dim=-1)

    def _relative(self, log_mel: Tensor, sums: Tensor) -> Tensor:
        """Two views [B, 2, hops, bands]: against the running mean of all bands, and of each band."""
        mean = sums[..., :-1] / sums[..., -1:].clamp_min(1e-9)
        centred = log_mel - self.mel_mean
        level = mean.mean(dim=-1, keepdim=True)
        return torch.stack([(centred - level) / 3.0, (centred - mean) / 2.0], dim=1)

    def forward_views(self, inputs: Tensor, state: State | None = None) -> tuple[Reading, State]:
        """As `forward`, for views (training masks them in between); the state lacks that of the running mean."""
        state = self.initial_state(inputs.shape[0]) if state is None else state
        hidden, kept = self._convolve(inputs, state)
        embedding, last = self.recurrent(hidden, state[-1].unsqueeze(0))
        return self.read_out(embedding), (*kept, last.squeeze(0))

    def step(self, log_mel: Tensor, state: State) -> tuple[Reading, State]:
        """One step, log_mel [B, 2, mels], with the recurrent unit written out so that it exports to plain operators."""
        kept, running = [], []
        if self.sizes.relative:
            sums = RUNNING_DECAY * state[-2] + self._weighted(log_mel.mean(dim=1))
            hidden = self._relative(log_mel, sums.unsqueeze(1))
            running.append(sums)
        else:
            hidden = self.standardise(log_mel).unsqueeze(1)
        for stage, held in zip(self.front, state, strict=False):
            hidden, new = stage(hidden, held)
            kept.append(new)
        hidden = functional.relu(
            functional.linear(hidden[:, :, 0].flatten(1), self.join.weight[:, :, 0], self.join.bias)
        )
        for block, held in zip(self._blocks(), state[len(self.front) :], strict=False):
            hidden, new = block.step(hidden, held)
            kept.append(new)
        last = self._recur(hidden, state[-1])
        return self.read_out(last.unsqueeze(1)), (*kept, *running, last)

    def read_out(self, embedding: Tensor) -> Reading:
        """Heads: embedding [B, S, 128] -> Reading."""
        dropped = self.dropout(embedding)
        return Reading(torch.tanh(self.to_valence_arousal(dropped)), self.to_logits(dropped), embedding)

    def _convolve(self, inputs: Tensor, state: State) -> tuple[Tensor, list[Tensor]]:
        """Views [B, C, hops, mels] -> [B, S, width], and the state of every convolution."""
        kept = []
        hidden = inputs
        for stage, held in zip(self.front, state, strict=False):
            hidden, new = stage(hidden, held)
            kept.append(new)
        hidden = functional.relu(self.join(hidden.transpose(2, 3).flatten(1, 2)))
        for stage, held in zip(self.blocks, state[len(self.front) :], strict=False):
            hidden, new = stage(hidden, held)
            kept.append(new)
        return hidden.transpose(1, 2), kept

    def _recur(self, inputs: Tensor, hidden: Tensor) -> Tensor:
        """One step of the gated recurrent unit (Cho et al. 2014, as in torch): [B, width], [B, 128] -> [B, 128]."""
        weight_input, weight_hidden, bias_input, bias_hidden = cast(
            list[Tensor], self.recurrent._flat_weights
        )
        from_input = functional.linear(inputs, weight_input, bias_input)
        from_hidden = functional.linear(hidden, weight_hidden, bias_hidden)
        input_reset, input_update, input_new = from_input.chunk(3, dim=1)
        hidden_reset, hidden_update, hidden_new = from_hidden.chunk(3, dim=1)
        reset = torch.sigmoid(input_reset + hidden_reset)
        update = torch.sigmoid(input_update + hidden_update)
        new = torch.tanh(input_new + reset * hidden_new)
        return (1.0 - update) * new + update * hidden


def _decayed_sums(values: Tensor, start: Tensor) -> Tensor:
    """Sums of values [B, S, W] of which each step forgets a little, going on from `start` [B, W]: [B, S, W]."""
    parts = []
    for chunk in torch.split(values, SUM_STEPS, dim=1):
        age = torch.arange(chunk.shape[1], device=values.device)
        decay = torch.where(
            age[:, None] >= age[None, :], RUNNING_DECAY ** (age[:, None] - age[None, :]).clamp_min(0), 0.0
        ).to(values.dtype)
        fading = (RUNNING_DECAY ** (age + 1.0)).to(values.dtype)
        sums = decay @ chunk + fading[None, :, None] * start.unsqueeze(1)
        start = sums[:, -1]
        parts.append(sums)
    return torch.cat(parts, dim=1)


def fold_norms(model: StreamingEncoder) -> StreamingEncoder:
    """A copy for inference whose batch norms are folded into the convolutions before them; same answers."""
    folded = copy.deepcopy(model).eval()
    for stage in folded._front():
        stage.conv, stage.norm = _folded(stage.conv, stage.norm), nn.Identity()
    for block in folded._blocks():
        block.depthwise = _folded(block.depthwise, block.norm_depthwise)
        block.pointwise = _folded(block.pointwise, block.norm_pointwise)
        block.norm_depthwise, block.norm_pointwise = nn.Identity(), nn.Identity()
    return folded


def _folded(conv: ConvT, norm: nn.Module) -> ConvT:
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    return fuse_conv_bn_eval(conv, norm)


def parameter_count(model: nn.Module) -> int:
    """Number of trained values."""
    return sum(math.prod(parameter.shape) for parameter in model.parameters())
