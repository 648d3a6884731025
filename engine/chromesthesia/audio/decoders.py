"""What both decoders share: in which pieces sound comes, and what no recording is."""

from __future__ import annotations

from collections.abc import Callable

from chromesthesia.core.errors import AudioError

DECODED_AT_ONCE_S = 0.5
MOST_AT_ONCE = 1 << 22
"""Samples of all channels together in one piece, whatever a header asks for."""
RATES_HZ = (1_000, 1_000_000)
MOST_CHANNELS = 64

Tell = Callable[[str], None]
"""Takes one line about something odd that does not keep the file from being played."""


def piece_frames(rate_hz: int, channels: int) -> int:
    """Frames that are decoded at once."""
    return max(1, min(round(rate_hz * DECODED_AT_ONCE_S), MOST_AT_ONCE // max(1, channels)))


def check_shape(where: str, rate_hz: int, channels: int) -> None:
    """Raises AudioError for a rate or a number of channels that no recording has."""
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise AudioError(
            f"{where} has a sample rate of {rate_hz} Hz",
            f"rates of {RATES_HZ[0]} to {RATES_HZ[1]} Hz are read; is its header damaged?",
        )
    if not 1 <= channels <= MOST_CHANNELS:
        raise AudioError(
            f"{where} has {channels} channels", f"up to {MOST_CHANNELS} are read; is its header damaged?"
        )
