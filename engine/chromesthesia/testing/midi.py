"""MIDI without devices: ports by script that a test plugs in, unplugs, plays into and listens to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from chromesthesia.core.clock import ManualClock
from chromesthesia.ports.midi.devices import VIRTUAL, Heard, MidiError, MidiLine

Timed = tuple[float, tuple[int, ...]]
"""A message and when it comes, in seconds from the start."""


def with_clock(file: Any) -> list[Timed]:
    """The messages of a MIDI file (`mido.MidiFile`), and the start and clock that a player sends beside them."""
    messages: list[Timed] = [(0.0, (0xFA,))]
    now_s = pulse_s = 0.0
    tempo_us = 500_000
    for message in file:
        now_s += message.time
        while pulse_s <= now_s:
            messages.append((pulse_s, (0xF8,)))
            pulse_s += tempo_us / 24e6
        if message.type == "set_tempo":
            pulse_s = now_s + (pulse_s - now_s) * message.tempo / tempo_us if pulse_s > 0.0 else 0.0
            tempo_us = message.tempo
        if not message.is_meta:
            messages.append((now_s, tuple(message.bytes())))
    return messages


class FakeMidi:
    """`MidiBackend` in memory. `devices` are the names that are plugged in, both ways; `refusing`: they do not open.

    `sent` holds what went out, (name, message) each; `broken`: the system's MIDI does not answer.
    """

    def __init__(self, *devices: str) -> None:
        self.devices = list(devices)
        self.refusing: set[str] = set()
        self.broken = False
        self.sent: list[tuple[str, tuple[int, ...]]] = []
        self.opened: list[str] = []
        self._heard: dict[str, Heard] = {}

    def inputs(self) -> Sequence[str]:
        """See `MidiBackend`."""
        if self.broken:
            raise MidiError("this system has no MIDI: the script says so")
        return tuple(self.devices)

    def outputs(self) -> Sequence[str]:
        """See `MidiBackend`."""
        return self.inputs()

    def open_input(self, name: str, heard: Heard) -> MidiLine:
        """See `MidiBackend`."""
        line = self._open(name)
        self._heard[name] = heard
        return line

    def open_output(self, name: str) -> MidiLine:
        """See `MidiBackend`."""
        return self._open(name)

    def unplug(self, name: str) -> None:
        """The device is gone; what is open of it gives and takes no more."""
        self.devices.remove(name)
        self._heard.pop(name, None)

    def play(self, name: str, *message: int) -> None:
        """The device `name` sends one message; into `virtual` other programs do."""
        self._heard[name](message)

    def play_file(
        self,
        messages: Iterable[tuple[float, Sequence[int]]],
        name: str,
        clock: ManualClock,
        each: Callable[[float], object] = lambda now_s: None,
    ) -> None:
        """Play (time in seconds, message) pairs under `clock`; `each` is called after every message with the time."""
        begin_s = clock.now_s()
        for at_s, message in messages:
            clock.set(max(clock.now_s(), begin_s + at_s))
            self.play(name, *message)
            each(clock.now_s())

    def _open(self, name: str) -> _FakeLine:
        if name in self.refusing or (name != VIRTUAL and name not in self.devices):
            raise MidiError(f"MIDI port {name} cannot be opened: the script says so")
        self.opened.append(name)
        return _FakeLine(self, name)


class _FakeLine:
    def __init__(self, midi: FakeMidi, name: str) -> None:
        self._midi = midi
        self._name = name

    def send(self, message: Sequence[int]) -> None:
        if self._name != VIRTUAL and self._name not in self._midi.devices:
            raise MidiError(f"MIDI port {self._name} does not take: it is gone")
        self._midi.sent.append((self._name, tuple(message)))

    def close(self) -> None:
        self._midi._heard.pop(self._name, None)
