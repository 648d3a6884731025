"""MIDI clock out: the beat clock as 24 pulses to the beat, with start, stop and song position."""

from __future__ import annotations

import math
from collections.abc import Callable

from chromesthesia.core.records import Beat
from chromesthesia.tempo.pulses import PER_BEAT

START, CONTINUE, STOP, PULSE, SONG_POSITION = 0xFA, 0xFB, 0xFC, 0xF8, 0xF2
PER_SIXTEENTH = PER_BEAT // 4
IDLE_S = 0.02
"""How soon a beat that begins is noticed."""
_MOST_LATE = 6
"""Pulses that are later than this many are left out: the clock goes on from where the beat is."""
_LAST_SONG_POSITION = 16_383


class ClockOut:
    """What is to be sent, and when to ask again. One thread; no device and no waiting in it.

    beat: where the beat is at a time. A beat that begins to run sends its place and `continue`, or `start` at the very
    beginning; then one pulse for every 24th of it. A jump is told as stop, place, continue.
    """

    def __init__(self, beat: Callable[[float], Beat]) -> None:
        self._beat = beat
        self._next: int | None = None
        """Number of the pulse that is sent next; None while nothing runs."""

    def step(self, now_s: float) -> tuple[list[tuple[int, ...]], float]:
        """The messages that are due at `now_s`, and the time of the next."""
        beat = self._beat(now_s)
        if not beat.running or beat.bpm <= 0.0:
            stopped: list[tuple[int, ...]] = [] if self._next is None else [(STOP,)]
            self._next = None
            return stopped, now_s + IDLE_S
        place = beat.beats * PER_BEAT
        messages: list[tuple[int, ...]] = []
        if self._next is None or not -PER_BEAT < place - self._next < _MOST_LATE:
            if self._next is not None:
                messages.append((STOP,))
            # A song position counts sixteenths: begin with the next of them.
            sixteenth = max(0, math.ceil((place - 1e-6) / PER_SIXTEENTH))
            self._next = sixteenth * PER_SIXTEENTH
            if sixteenth == 0:
                messages.append((START,))
            else:
                told = min(sixteenth, _LAST_SONG_POSITION)
                messages += [(SONG_POSITION, told & 127, told >> 7), (CONTINUE,)]
        while self._next <= place + 1e-6:
            messages.append((PULSE,))
            self._next += 1
        wait_s = (self._next - place) * 60.0 / beat.bpm / PER_BEAT
        return messages, now_s + min(wait_s, IDLE_S)
