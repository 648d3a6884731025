"""The 80 bits of one frame of linear timecode, as numbers whose highest bit is the one that came first."""

from __future__ import annotations

from dataclasses import dataclass

BITS = 80
_SYNC_BITS = 16
_SYNC = 0b0011_1111_1111_1101
_SYNC_BACKWARDS = 0b1011_1111_1111_1100
_MASK = (1 << BITS) - 1
_DROP_BIT = 10
# Where the digits lie: first bit and width, units and tens.
_DIGITS = {
    "frames": ((0, 4), (8, 2)),
    "seconds": ((16, 4), (24, 3)),
    "minutes": ((32, 4), (40, 3)),
    "hours": ((48, 4), (56, 2)),
}


@dataclass(frozen=True, slots=True)
class Word:
    """What one frame said. backwards: it was read from its end. The rate is not said, but for the drop flag."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop: bool
    backwards: bool = False


def shifted(bits: int, bit: int) -> int:
    """The last 80 bits after one more."""
    return (bits << 1 | bit) & _MASK


def word_in(bits: int) -> Word | None:
    """The frame that ends with the last of these 80 bits; None when none does, or when its digits are no time."""
    if bits & (1 << _SYNC_BITS) - 1 == _SYNC:
        return _word(_turned(bits), False)
    if bits >> BITS - _SYNC_BITS == _SYNC_BACKWARDS:
        return _word(bits, True)
    return None


def bits_of(word: Word) -> int:
    """The 80 bits of a frame, the first in the highest place; the other way round for one that is read backwards."""
    bits = word.drop << _DROP_BIT
    for name, ((unit_at, _), (ten_at, _)) in _DIGITS.items():
        tens, units = divmod(getattr(word, name), 10)
        bits |= units << unit_at | tens << ten_at
    for place in range(_SYNC_BITS):
        bits |= (_SYNC >> (_SYNC_BITS - 1 - place) & 1) << BITS - _SYNC_BITS + place
    return bits if word.backwards else _turned(bits)


def _word(bits: int, backwards: bool) -> Word | None:
    """bits: the frame's bit n has the weight 2 ** n."""
    numbers = {}
    for name, digits in _DIGITS.items():
        units, tens = (bits >> place & (1 << width) - 1 for place, width in digits)
        if units > 9:
            return None
        numbers[name] = 10 * tens + units
    word = Word(**numbers, drop=bool(bits >> _DROP_BIT & 1), backwards=backwards)
    fits = word.hours < 24 and word.minutes < 60 and word.seconds < 60 and word.frames < 30
    return word if fits else None


def _turned(bits: int) -> int:
    return int(f"{bits:080b}"[::-1], 2)
