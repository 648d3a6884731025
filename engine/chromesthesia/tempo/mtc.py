"""Reading MIDI timecode: quarter frames, forwards and backwards, and full frames."""

from __future__ import annotations

from collections.abc import Sequence

from chromesthesia.tempo.timecode import Position, Rate, Timecode

RATES = (Rate.FILM, Rate.PAL, Rate.DROP, Rate.FULL)
"""By MTC's own number."""
_PIECES = 8
FULL_FRAME = (0x7F, 0x01, 0x01)
"""Begins a full frame's system exclusive data, with the device's number between the first and the second."""


class MtcReader:
    """Turns quarter and full frames into positions. One thread.

    Forwards a timecode is known with its last quarter (number 7), backwards with number 0; its position is that of the
    moment of that quarter. Quarters that come out of order are no timecode.
    """

    def __init__(self) -> None:
        self._pieces: list[int] = []
        self._values = [0] * _PIECES
        self.rejected = 0
        """Timecodes that no frame has, and full frames that were no such."""

    def quarter(self, piece: int, value: int, at_s: float) -> Position | None:
        """One quarter frame: piece 0..7, value 0..15. The position at `at_s` when a timecode is whole."""
        if not 0 <= piece < _PIECES or not 0 <= value < 16:
            self.rejected += 1
            self._pieces = []
            return None
        step = 0 if not self._pieces else (piece - self._pieces[-1]) % _PIECES
        direction = 0 if len(self._pieces) < 2 else (self._pieces[-1] - self._pieces[-2]) % _PIECES
        if step not in (1, _PIECES - 1):
            self._pieces = []
        elif direction and step != direction:
            # It turned round: the last quarter is the first of the other way.
            self._pieces = self._pieces[-1:]
        self._pieces = [*self._pieces, piece][-_PIECES:]
        self._values[piece] = value
        if len(self._pieces) < _PIECES:
            return None
        if piece == _PIECES - 1 and self._pieces[0] == 0:
            # Seven quarters after the one that the timecode names.
            return self._told(+1.0, at_s, 7 / 4)
        if piece == 0 and self._pieces[0] == _PIECES - 1:
            # Backwards the telling ends where the named frame begins.
            return self._told(-1.0, at_s, 0.0)
        return None

    def full_frame(self, data: Sequence[int], at_s: float) -> Position | None:
        """A full frame's system exclusive data without F0 and F7: a place to go to, standing."""
        if len(data) != 8 or (data[0], data[2], data[3]) != FULL_FRAME:
            return None
        hours, minutes, seconds, frames = data[4:]
        self._pieces = []
        return self._position(hours, minutes, seconds, frames, 0.0, at_s, 0.0)

    def _told(self, speed: float, at_s: float, late_frames: float) -> Position | None:
        low, high = self._values[0::2], self._values[1::2]
        frames, seconds, minutes, hours = (one | (other << 4) for one, other in zip(low, high, strict=True))
        return self._position(hours, minutes, seconds, frames, speed, at_s, late_frames)

    def _position(
        self, hours: int, minutes: int, seconds: int, frames: int, speed: float, at_s: float, late: float
    ) -> Position | None:
        rate = RATES[(hours >> 5) & 3]
        try:
            told = Timecode(hours & 31, minutes, seconds, frames, rate)
        except ValueError:
            self.rejected += 1
            return None
        return Position(at_s, told.position_s + late / rate.fps, speed, rate)


def quarter_frames(timecode: Timecode) -> list[tuple[int, int]]:
    """The eight quarters that tell `timecode`, (piece, value) each, as they come forwards over two frames."""
    rate = RATES.index(timecode.rate)
    parts = (timecode.frames, timecode.seconds, timecode.minutes, timecode.hours | rate << 5)
    return [(2 * place + half, part >> 4 * half & 15) for place, part in enumerate(parts) for half in (0, 1)]


def full_frame_data(timecode: Timecode) -> tuple[int, ...]:
    """The system exclusive data of a full frame, without F0 and F7."""
    hours = timecode.hours | RATES.index(timecode.rate) << 5
    return (0x7F, 0x7F, 0x01, 0x01, hours, timecode.minutes, timecode.seconds, timecode.frames)
