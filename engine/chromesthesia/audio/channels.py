"""Which channels of a device or file are heard, and how several become one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from chromesthesia.audio.mixdown import Mixdown
from chromesthesia.core.errors import UsageError
from chromesthesia.core.records import MOST_MUSICIANS, Float32
from chromesthesia.core.user_files import shown

MOST_CHANNELS = 64
SEGMENT_S = 0.02
MEMORY = 0.9
"""Of how loud a channel was, from one segment to the next."""
LEAD = 2.0
"""So many times the power of the channel that is heard another must have to be heard instead."""


class Rule(Enum):
    """MEAN: of all, opposite phases turned round. LOUDEST: the one that is loudest now. SIDE: half the first less the
    second, what is apart in a stereo recording."""

    MEAN = "mean"
    LOUDEST = "loudest"
    SIDE = "side"


@dataclass(frozen=True, slots=True)
class Channels:
    """numbers: counted from 1; empty: of a device the first two, of a file all."""

    numbers: tuple[int, ...] = ()
    rule: Rule = Rule.MEAN

    @property
    def needed(self) -> int:
        """How many channels a device must have; 0 where any will do."""
        return max(self.numbers, default=0)

    def of(self, block: Float32) -> Float32:
        """float32 [n, channels] -> [n, chosen]; those that are not there are left out, and all taken when none is."""
        columns = [number - 1 for number in self.numbers if number <= block.shape[1]]
        return np.ascontiguousarray(block[:, columns]) if columns else block


def parse_channels(text: str, option: str = "channels") -> Channels:
    """`3`, `1,2`, `loudest:1,2,3`, `side:1,2`; empty for the usual ones. Raises UsageError naming what is wrong."""
    rule, colon, numbers = text.strip().rpartition(":")
    try:
        chosen = tuple(int(number) for number in numbers.split(",")) if numbers.strip() else ()
        found = Channels(chosen, Rule(rule.strip().lower()) if colon else Rule.MEAN)
    except ValueError as error:
        raise _refused(text, option) from error
    if any(not 1 <= number <= MOST_CHANNELS for number in chosen) or len(set(chosen)) < len(chosen):
        raise _refused(text, option)
    if found.rule is Rule.SIDE and len(chosen) not in (0, 2):
        raise _refused(text, option)
    return found


def parse_musicians(texts: Sequence[str]) -> tuple[Channels, ...]:
    """The channels of each musician, by the same grammar; here they must be named.

    Raises UsageError naming what is wrong, and for more musicians than can be heard.
    """
    if len(texts) > MOST_MUSICIANS:
        raise UsageError(f"{len(texts)} musicians", f"at most {MOST_MUSICIANS} are heard by themselves")
    found = tuple(parse_channels(text, "musician") for text in texts)
    for text, channels in zip(texts, found, strict=True):
        if not channels.numbers:
            raise _refused(text, "musician")
    return found


def needed_by(channels: Channels, musicians: Sequence[Channels]) -> int:
    """How many channels a device or file must have for all of them; 0 where any will do."""
    return max(channels.needed, *(each.needed for each in musicians), 0)


def _refused(text: str, option: str) -> UsageError:
    return UsageError(
        f"{option}: {shown(text)} names none",
        f"numbers from 1 to {MOST_CHANNELS}, and before them a rule if need be: 3 or 1,2 or loudest:1,2,3 or side:1,2",
    )


class ChannelMix:
    """Blocks of one stream to mono by a rule; no delay, the same for any chunking. Use from one thread."""

    def __init__(
        self, rate_hz: int, channels: Channels | None = None, tell: Callable[[str], None] | None = None
    ) -> None:
        self._channels = channels or Channels()
        self._mixdown = Mixdown(rate_hz, tell)
        self._segment_frames = max(1, round(rate_hz * SEGMENT_S))
        self._ramp = np.arange(1, self._segment_frames + 1, dtype=np.float32) / self._segment_frames
        self._powers = np.zeros(0)

    def push(self, block: Float32) -> Float32:
        """float32 [n, channels] -> [n]; what is no number becomes silence."""
        chosen = self._channels.of(block)
        if self._channels.rule is Rule.MEAN or chosen.shape[1] == 1:
            return self._mixdown.push(chosen)
        clean = (
            chosen if np.isfinite(chosen).all() else np.nan_to_num(chosen, nan=0.0, posinf=0.0, neginf=0.0)
        )
        if self._channels.rule is Rule.SIDE:
            return np.asarray(0.5 * (clean[:, 0] - clean[:, 1]), dtype=np.float32)
        return self._loudest(clean)

    def _loudest(self, block: Float32) -> Float32:
        count = block.shape[1]
        if len(self._powers) != count:
            self._powers, self._fresh = np.zeros(count), np.zeros(count)
            self._heard = self._before = 0
            self._place = 0
        mono = np.empty(len(block), dtype=np.float32)
        start = 0
        while start < len(block):
            stop = min(start + self._segment_frames - self._place, len(block))
            part = block[start:stop]
            ramp = self._ramp[self._place : self._place + len(part)]
            mono[start:stop] = part[:, self._heard] * ramp + part[:, self._before] * (1.0 - ramp)
            self._fresh += np.square(part, dtype=np.float64).sum(axis=0)
            self._place += len(part)
            start = stop
            if self._place == self._segment_frames:
                self._decide()
        return mono

    def _decide(self) -> None:
        self._powers = MEMORY * self._powers + self._fresh
        self._fresh = np.zeros_like(self._fresh)
        self._place = 0
        self._before = self._heard
        loudest = int(np.argmax(self._powers))
        if self._powers[loudest] > LEAD * self._powers[self._heard]:
            self._heard = loudest
