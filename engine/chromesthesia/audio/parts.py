"""The room and each musician out of the same blocks of a device or file, each chosen and mixed by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from chromesthesia.audio.channels import ChannelMix, Channels
from chromesthesia.core.records import AudioBlock, Float32

Tell = Callable[[str], None]


class PartMix:
    """Blocks of one stream to mono: first what the room hears, then each musician. Use from one thread."""

    def __init__(
        self, rate_hz: int, channels: Channels | None, musicians: Sequence[Channels], tell: Tell
    ) -> None:
        self._room = ChannelMix(rate_hz, channels, tell)
        self._musicians = [
            (min(chosen.numbers, default=1), ChannelMix(rate_hz, chosen, _of_musician(number, tell)))
            for number, chosen in enumerate(musicians, start=1)
        ]

    def push(self, block: Float32) -> list[Float32]:
        """float32 [n, channels] -> the room's and each musician's float32 [n]; silence for one who is not there."""
        silence = np.zeros(len(block), dtype=np.float32)
        return [
            self._room.push(block),
            *(mix.push(block) if first <= block.shape[1] else silence for first, mix in self._musicians),
        ]


def block_of(rows: Sequence[Float32], entered_s: float) -> AudioBlock:
    """The room's and each musician's float32 [n] as a source hands them over."""
    return AudioBlock(rows[0], entered_s, np.stack(rows[1:]) if len(rows) > 1 else None)


def scaled(block: AudioBlock, gain: Float32) -> AudioBlock:
    """`block` times float32 [n], all parts of it."""
    parts = None if block.parts is None else block.parts * gain
    return AudioBlock(block.samples * gain, block.entered_s, parts)


def _of_musician(number: int, tell: Tell) -> Tell:
    return lambda line: tell(f"musician {number}: {line}")
