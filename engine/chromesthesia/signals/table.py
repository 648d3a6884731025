"""Every signal there is, by the name under which a route starts from it or a partner is told it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from chromesthesia.core.records import MOST_MUSICIANS, Heard
from chromesthesia.signals.declaration import Signal, Source
from chromesthesia.signals.emotion import EMOTION
from chromesthesia.signals.features import FEATURES
from chromesthesia.signals.music import MUSIC
from chromesthesia.signals.musicians import MUSICIANS
from chromesthesia.signals.tempo import TEMPO

SIGNALS: tuple[Signal, ...] = (*EMOTION, *FEATURES, *MUSIC, *TEMPO, *MUSICIANS)
FIRST = ""
"""Namespace of the listener that every show has."""

Hearing = Mapping[str, Heard]
"""What each listener hears now, by its namespace; one that has heard nothing yet is not there."""


@dataclass(frozen=True, slots=True)
class Tap:
    """Where a route starts: one listener's signal on its source's scale."""

    listener: str
    signal: Signal
    source: Source

    def level(self, hearing: Hearing) -> float:
        """The level now, in the source's range; that of rest while the listener has heard nothing."""
        heard = hearing.get(self.listener)
        return self.source.level(self.signal.rest if heard is None else self.signal.read(heard))


class SignalTable:
    """The declared signals under the namespace of each listener. Does not change."""

    def __init__(self, listeners: Iterable[str] = (FIRST,), signals: Sequence[Signal] = SIGNALS) -> None:
        """listeners: namespaces, empty for the first, else e.g. `/violin`. Raises ValueError for a name used twice."""
        self.signals = tuple(signals)
        self.listeners = tuple(listeners)
        addresses = [signal.address(listener) for listener in self.listeners for signal in self.signals]
        taps = [
            (f"{listener}/{signal.source.path}".removeprefix("/"), Tap(listener, signal, signal.source))
            for listener in self.listeners
            for signal in self.signals
            if signal.source is not None
        ]
        for names in (addresses, [name for name, _ in taps]):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"signals declared twice: {', '.join(sorted(twice))}")
        self.addresses = tuple(addresses)
        # Those of the room, then those of each musician.
        self._reads = {
            listener: [
                [
                    (signal.address(listener), signal.read)
                    for signal in self.signals
                    if signal.musician == number
                ]
                for number in range(MOST_MUSICIANS + 1)
            ]
            for listener in self.listeners
        }
        self.taps: Mapping[str, Tap] = MappingProxyType(dict(taps))

    def values(self, hearing: Hearing) -> dict[str, float]:
        """The value of every signal by its address, of the listeners that have heard something and the musicians that
        they hear by themselves; counts are integers."""
        return {
            address: read(hearing[listener])
            for listener, groups in self._reads.items()
            if listener in hearing
            for reads in groups[: 1 + len(hearing[listener].musicians)]
            for address, read in reads
        }


TABLE = SignalTable()
"""The signals of a show with one listener."""
