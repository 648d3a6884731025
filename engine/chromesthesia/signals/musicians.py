"""What each musician who is heard by himself plays: the features of the room, of one channel or a few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chromesthesia.core.records import MOST_MUSICIANS, Heard
from chromesthesia.signals.declaration import Signal
from chromesthesia.signals.features import FEATURES, LOUDNESS, LUFS
from chromesthesia.signals.music import PITCH, PITCH_CONFIDENCE


def _level(heard: Heard) -> float:
    """As routes take the room's loudness."""
    source = LOUDNESS.source
    assert source is not None
    return source.level(LOUDNESS.read(heard))


LEVEL = Signal(
    "features/level",
    "How loud it is: 0 at -60 dBFS, 1 at -10 dBFS",
    _level,
    low=0.0,
    high=1.0,
)
PLAYED: tuple[Signal, ...] = (
    LEVEL,
    *(signal for signal in FEATURES if signal not in (LOUDNESS, LUFS)),
    PITCH,
    PITCH_CONFIDENCE,
)
"""What is told of each of them."""


def _read(signal: Signal, number: int) -> Callable[[Heard], float]:
    def read(heard: Heard) -> float:
        musicians = heard.musicians
        return signal.read(musicians[number - 1]) if number <= len(musicians) else signal.rest

    return read


def _of(number: int, signal: Signal) -> Signal:
    def named(path: str) -> str:
        return f"musician/{number}/{path.partition('/')[2]}"

    scaled = signal.scaled
    return replace(
        signal,
        path=named(signal.path),
        description=f"Musician {number}: {signal.description[0].lower()}{signal.description[1:]}",
        read=_read(signal, number),
        scaled=None if scaled is None else replace(scaled, path=named(scaled.path)),
        musician=number,
    )


MUSICIANS: tuple[Signal, ...] = tuple(
    _of(number, signal) for number in range(1, MOST_MUSICIANS + 1) for signal in PLAYED
)
