"""The streaming emotion encoder: causal throughout, with every bit of memory an explicit state tensor.

A sound is heard against its own running level, so gain and distance change nothing. Seven causal convolutional layers
(MobileNet's, as in YAMNet) describe what sounds in the last half second; running means and deviations of two of them
over a few seconds say how somebody speaks or plays, and two small layers read the emotion from those. Statistics over
time are what carries from one voice to another: networks with a recurrent unit knew their training speakers better and
new ones worse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import EMBEDDING_SIZE, ENCODER_HOPS, HOP_SAMPLES, SAMPLE_RATE_HZ
from chromesthesia.features.mel import ENCODER_MEL

State = tuple[Tensor, ...]

STEP_S = ENCODER_HOPS * HOP_SAMPLES / SAMPLE_RATE_HZ
TIME_STRIDES = (2, 1, 2, 1, 2, 1, 1)
BAND_STRIDES = (2, 1, 2, 1, 2, 1, 2)
MIDDLE, LAST = 4, 6
"""Layers of which statistics are kept: mean and deviation of one, mean of the other."""
RUNNING_S = 3.0
"""Time in which the running level forgets to a third, and so do statistics where sizes say nothing else."""
QUICK_S = 0.8
"""The shorter memory beside it: what was said a moment ago, so that a change is heard soon."""
LOUDER_COUNTS = 0.5
"""A step weighs in the running level by its power to the half of this: pauses hardly count."""
INPUT_LEVEL = -0.5
"""Mean log magnitude of the louder steps that the layers are given, and were first trained on."""
INPUT_FLOOR = 1e-3
"""Magnitude that is added to every band: what is fainter is not told apart from silence."""
KEEP_LEVEL = math.exp(-STEP_S / RUNNING_S)
LATER_SIZES = ("memories_s", "unfelt", "input_floor", "room_s", "room_prior_s")
"""What the first encoders had no choice of."""
ROOM_PRIOR_S = 10.0
"""How much sound of the room counts as much as all that training heard."""
STILL = 1e-4
"""Variance below which a feature does not move."""
LEAST_DEVIATION = 0.05
"""Of a statistic over training sounds: what moves less is not blown up."""
FURTHEST = 4.0
SUM_STEPS = 256


@dataclass(frozen=True)
class EncoderSizes:
    """Shape of the network; the defaults are those of the first encoders (about 0.8 M parameters).

    memories_s: over which times the statistics run, one set of each. unfelt: whether it also says how likely a sound
    is one that feels nothing. input_floor: magnitude that is added to every band of a sound at its running level.
    room_s: time over which statistics are held against what this room has sounded like so far; 0 holds them against the
    training sounds alone, as does a room of which little was heard beside room_prior_s.
    """

    widths: tuple[int, ...] = (32, 64, 128, 128, 256, 256, 512)
    hidden: int = EMBEDDING_SIZE
    dropout: float = 0.4
    memories_s: tuple[float, ...] = (RUNNING_S,)
    unfelt: bool = False
    input_floor: float = INPUT_FLOOR
    room_s: float = 0.0
    room_prior_s: float = ROOM_PRIOR_S

    def told(self) -> dict[str, Any]:
        """For what is recorded of a run: names and values, those that came later only where they are not as before."""
        later = {field.name: field.default for field in fields(self) if field.name in LATER_SIZES}
        return {
            name: value for name, value in asdict(self).items() if name not in later or later[name] != value
        }


DEFAULT_SIZES = EncoderSizes()
ROOM_FLOOR = 1e-2
"""The input's floor in rooms: recordings with silent pauses and such with some hiss come nearer to each other."""
ROOM_SIZES = EncoderSizes(memories_s=(QUICK_S, RUNNING_S), unfelt=True, input_floor=ROOM_FLOOR)
"""Of an encoder whose read-out is fitted in rooms (`refit.py`)."""
NEVER = -30.0
"""Logit of `feels nothing` of an encoder that does not say."""


class Reading(NamedTuple):
    """One answer per step: valence_arousal [B, S, 2] in -1..1, logits [B, S, 3], embedding [B, S, 128].

    unfelt [B, S]: logit of a sound that feels nothing; `NEVER` from an encoder that does not say.
    """

    valence_arousal: Tensor
    logits: Tensor
    embedding: Tensor
    unfelt: Tensor


class FirstLayer(nn.Module):
    """3 x 3 convolution that halves time and bands: [B, 1, T, bands] -> [B, C, T / 2, bands / 2]; state as input."""

    def __init__(self, width: int, bands: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, width, 3, stride=(TIME_STRIDES[0], BAND_STRIDES[0]))
        self.state_shape = (1, 3 - TIME_STRIDES[0], bands)

    def forward(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        joined, kept = _joined(inputs, state)
        return functional.relu(self.conv(functional.pad(joined, (0, 1)))), kept


class SeparableLayer(nn.Module):
    """Depthwise 3 x 3 over time and bands, then 1 x 1: [B, C, T, bands]; remembers what of the past it still needs."""

    def __init__(self, place: int, width_in: int, width_out: int, bands: int) -> None:
        super().__init__()
        strides = (TIME_STRIDES[place], BAND_STRIDES[place])
        self.depthwise = nn.Conv2d(width_in, width_in, 3, strides, groups=width_in)
        self.pointwise = nn.Conv2d(width_in, width_out, 1)
        self.state_shape = (width_in, 3 - strides[0], bands)
        self.padding = (1, 1) if strides[1] == 1 else (0, 1)

    def forward(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        joined, kept = _joined(inputs, state)
        hidden = functional.relu(self.depthwise(functional.pad(joined, self.padding)))
        return functional.relu(self.pointwise(hidden)), kept


def _joined(inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Past and present along time, and what the next call needs of them."""
    joined = torch.cat([state, inputs], dim=2)
    return joined, joined[:, :, joined.shape[2] - state.shape[2] :]


class StreamingEncoder(nn.Module):
    """Log-mel of 10 ms hops (`ENCODER_MEL`) in, emotion out at every step of 80 ms, with carried state.

    A state of zeros is the start of a sound; a whole sound at once and the same sound in pieces give the same answers.
    """

    statistics_mean: Tensor
    statistics_deviation: Tensor

    def __init__(self, sizes: EncoderSizes = DEFAULT_SIZES) -> None:
        super().__init__()
        self.sizes = sizes
        widths, bands = sizes.widths, ENCODER_MEL.mels
        self.first = FirstLayer(widths[0], bands)
        bands //= BAND_STRIDES[0]
        layers = []
        bands_of = {}
        for place in range(1, len(widths)):
            layers.append(SeparableLayer(place, widths[place - 1], widths[place], bands))
            bands //= BAND_STRIDES[place]
            bands_of[place] = bands
        self.layers = nn.ModuleList(layers)
        self.middle_size = widths[MIDDLE] * bands_of[MIDDLE] // 2
        self.last_size = widths[LAST] * bands_of[LAST]
        self.keeps = tuple(math.exp(-STEP_S / memory_s) for memory_s in sizes.memories_s)
        self.each_size = 2 * self.middle_size + self.last_size
        count = len(self.keeps) * self.each_size
        self.room_keep = math.exp(-STEP_S / sizes.room_s) if sizes.room_s > 0.0 else None
        self.room_prior = sizes.room_prior_s / STEP_S
        self.register_buffer("statistics_mean", torch.zeros(count))
        self.register_buffer("statistics_deviation", torch.ones(count))
        self.embed = nn.Linear(count, sizes.hidden)
        self.dropout = nn.Dropout(sizes.dropout)
        self.to_logits = nn.Linear(sizes.hidden, len(EMOTIONS))
        self.to_valence_arousal = nn.Linear(sizes.hidden, 2)
        self.to_unfelt = nn.Linear(sizes.hidden, 1) if sizes.unfelt else None

    def state_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the states for a batch of one: sums of level and presence, the layers' past, sums of values."""
        past = [self.first.state_shape, *(cast(SeparableLayer, layer).state_shape for layer in self.layers)]
        count = len(self.statistics_mean)
        room = [] if self.room_keep is None else [(1, 2 * count + 1)]
        return [(1, 2 + len(self.keeps)), *((1, *shape) for shape in past), (1, count), *room]

    def initial_state(self, batch: int = 1) -> State:
        """Zeros: the start of a sound."""
        return tuple(torch.zeros(batch, *shape[1:]) for shape in self.state_shapes())

    def forward(self, log_mel: Tensor, state: State | None = None) -> tuple[Reading, State]:
        """log_mel [B, hops, mels], hops a multiple of 8 -> Reading of hops / 8 steps, state after them."""
        statistics, after = self.statistics(log_mel, state)
        return self.read(statistics), after

    def statistics(self, log_mel: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Running statistics [B, S, values], held against the room, and the state after them; see `forward`."""
        state = self.initial_state(len(log_mel)) if state is None else state
        if self.room_keep is None:
            moments, _, after = self.moments(log_mel, state)
            return moments, after
        moments, weight, after = self.moments(log_mel, state[:-1])
        placed, room = self._in_room(moments, weight, state[-1], self.room_keep)
        return placed, (*after, room)

    def moments(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Statistics as they are [B, S, values], how much each counts for the room [B, S, 1], and the state after.

        state: as of `state_shapes`, without the room's.
        """
        loudness = log_mel.reshape(len(log_mel), -1, ENCODER_HOPS, log_mel.shape[2]).mean(dim=(2, 3))
        level_sums = _decayed_sums(_weighed(loudness), state[0][:, :2], KEEP_LEVEL)
        level = level_sums[..., 0] / level_sums[..., 1].clamp_min(1e-9)
        heard = self._input(log_mel, level.repeat_interleave(ENCODER_HOPS, dim=1).unsqueeze(2))
        middle, last, past = self.layers_of(heard, state[1:-1])
        weight = _presence(loudness, level)
        values = self._values(middle, last) * weight
        weights, sums, moments = [], [], []
        for number, keep in enumerate(self.keeps):
            own = slice(number * self.each_size, (number + 1) * self.each_size)
            weights.append(_decayed_sums(weight, state[0][:, 2 + number : 3 + number], keep))
            sums.append(_decayed_sums(values, state[-1][:, own], keep))
            moments.append(self._moments(sums[-1], weights[-1]))
        after = (
            torch.cat([level_sums, *weights], dim=2)[:, -1],
            *past,
            torch.cat([part[:, -1] for part in sums], dim=1),
        )
        # A sound that has just begun says little of itself, and what is faint is the room's noise.
        ripe = weights[-1] * (1.0 - self.keeps[-1])
        return torch.cat(moments, dim=2), weight * ripe, after

    def _in_room(self, moments: Tensor, weight: Tensor, before: Tensor, keep: float) -> tuple[Tensor, Tensor]:
        """Statistics as training sounds would have them that stood where these stand in their room; the room after."""
        count = moments.shape[2]
        said = torch.cat([moments * weight, moments.square() * weight, weight], dim=2)
        sums = _decayed_sums(said, before, keep)
        heard = sums[..., 2 * count :] + self.room_prior
        mean = (sums[..., :count] + self.room_prior * self.statistics_mean) / heard
        known = self.statistics_mean.square() + self.statistics_deviation.square()
        square = (sums[..., count : 2 * count] + self.room_prior * known) / heard
        deviation = (square - mean.square()).clamp_min(LEAST_DEVIATION**2).sqrt()
        placed = (moments - mean) / deviation * self.statistics_deviation + self.statistics_mean
        return placed, sums[:, -1]

    def layers_of(self, heard: Tensor, before: Sequence[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Features of both layers of which statistics are kept [B, C, S, bands], and the layers' past after them."""
        hidden, kept = self.first(heard.unsqueeze(1), before[0])
        past, middle = [kept], hidden
        for place, (layer, own) in enumerate(zip(self.layers, before[1:], strict=True), start=1):
            hidden, kept = layer(hidden, own)
            past.append(kept)
            if place == MIDDLE:
                middle = hidden
        return middle, hidden, past

    @torch.no_grad()
    def standardise(self, log_mel: Tensor, batch: int = 50) -> None:
        """Take mean and deviation of the statistics from sounds [N, hops, mels], of their later halves."""
        found = [self.statistics(part)[0] for part in torch.split(log_mel, batch)]
        self.standardise_on(torch.cat([part[:, part.shape[1] // 2 :].flatten(0, 1) for part in found]))

    @torch.no_grad()
    def standardise_on(self, statistics: Tensor) -> None:
        """Take mean and deviation of the statistics from kept ones [N, values]."""
        self.statistics_mean.copy_(statistics.mean(dim=0))
        self.statistics_deviation.copy_(statistics.std(dim=0).clamp_min(LEAST_DEVIATION))

    def parts(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Parameters of the convolutional layers, and of what reads the statistics."""
        layers = [*self.first.parameters(), *self.layers.parameters()]
        known = set(layers)
        return layers, [parameter for parameter in self.parameters() if parameter not in known]

    def read(self, statistics: Tensor) -> Reading:
        """Statistics [B, S, values] -> Reading."""
        places = (statistics - self.statistics_mean) / self.statistics_deviation
        embedding = functional.relu(self.embed(places.clamp(-FURTHEST, FURTHEST)))
        dropped = self.dropout(embedding)
        unfelt = torch.full_like(dropped[..., 0], NEVER)
        if self.to_unfelt is not None:
            unfelt = self.to_unfelt(dropped)[..., 0]
        return Reading(
            torch.tanh(self.to_valence_arousal(dropped)), self.to_logits(dropped), embedding, unfelt
        )

    def _input(self, log_mel: Tensor, level: Tensor) -> Tensor:
        """Log magnitudes at one level, with a floor."""
        magnitude = torch.exp(0.5 * (log_mel - level) + INPUT_LEVEL)
        return torch.log(magnitude + self.sizes.input_floor)

    def _values(self, middle: Tensor, last: Tensor) -> Tensor:
        """What is summed over time, of features [B, C, S, bands]: [B, S, values]."""
        pairs = middle.reshape(*middle.shape[:3], -1, 2).mean(dim=4)
        narrow, wide = (values.transpose(1, 2).flatten(2) for values in (pairs, last))
        return torch.cat([narrow, narrow * narrow, wide], dim=2)

    def _moments(self, sums: Tensor, weights: Tensor) -> Tensor:
        """Sums [..., values] and [..., 1] -> moments of the middle layer, mean of the last: [..., values]."""
        means = sums / weights.clamp_min(1e-9)
        narrow, square, wide = torch.split(
            means, [self.middle_size, self.middle_size, self.last_size], dim=-1
        )
        deviation = ((square - narrow * narrow).clamp_min(0.0) + STILL).sqrt()
        return torch.cat([narrow, deviation, wide], dim=-1)


def _weighed(loudness: Tensor) -> Tensor:
    """Loudness (mean log-mel) of steps [...] times its weight, and the weight: [..., 2]."""
    weight = torch.exp(LOUDER_COUNTS * loudness)
    return torch.stack([loudness * weight, weight], dim=-1)


def _presence(loudness: Tensor, level: Tensor) -> Tensor:
    """Weight of steps in the statistics, 1 as loud as the running level or louder, little in pauses: [..., 1]."""
    return torch.exp(LOUDER_COUNTS * (loudness - level).clamp_max(0.0)).unsqueeze(-1)


def _decayed_sums(values: Tensor, start: Tensor, keep: float) -> Tensor:
    """Sums of values [B, S, W] of which each step forgets a little, going on from `start` [B, W]: [B, S, W]."""
    if values.shape[1] == 1:  # what is exported
        return values + keep * start.unsqueeze(1)
    parts = []
    for chunk in torch.split(values, SUM_STEPS, dim=1):
        age = torch.arange(chunk.shape[1], device=values.device)
        decay = torch.where(
            age[:, None] >= age[None, :], keep ** (age[:, None] - age[None, :]).clamp_min(0), 0.0
        ).to(values.dtype)
        fading = (keep ** (age + 1.0)).to(values.dtype)
        sums = decay @ chunk + fading[None, :, None] * start.unsqueeze(1)
        start = sums[:, -1]
        parts.append(sums)
    return torch.cat(parts, dim=1)
