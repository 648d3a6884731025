"""Sample rate conversion for a live microphone: a streaming polyphase filter with under 3 ms of look-ahead.

Files are converted with soxr. For live sound soxr's streaming mode is unfit: it works in internal blocks and was
measured 4 to 38 ms behind its input (48 kHz to 24 kHz, HQ, 5 ms blocks; see docs/decisions/0001-capture-path.md),
half of what a show may take from sound to light.
"""

from __future__ import annotations

from math import gcd

import numpy as np

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32

HALF_WIDTH = 48
"""Zero crossings of the kernel on each side, counted at the lower of the two rates: 2 ms of look-ahead at 24 kHz."""
STOPBAND_DB = 80.0
_KAISER_BETA = 0.1102 * (STOPBAND_DB - 8.7)


class PolyphaseResampler:
    """Converts mono float32 from `rate_hz` to `SAMPLE_RATE_HZ`, for any chunking, with the state inside.

    Kaiser-windowed sinc (Crochiere and Rabiner, Multirate Digital Signal Processing, 1983): stop band 80 dB from the
    lower Nyquist frequency on, flat up to 0.89 of it. Output sample n lies exactly at input time n / SAMPLE_RATE_HZ.
    """

    def __init__(self, rate_hz: int) -> None:
        if rate_hz < 1:
            raise ValueError(f"a sample rate is positive: rate_hz={rate_hz}")
        divisor = gcd(rate_hz, SAMPLE_RATE_HZ)
        self._up = SAMPLE_RATE_HZ // divisor
        self._down = rate_hz // divisor
        self._passthrough = self._up == self._down
        self._half = int(np.ceil(HALF_WIDTH * max(1.0, rate_hz / SAMPLE_RATE_HZ)))
        self._taps = _polyphase_taps(rate_hz, self._up, self._half)
        self._pending: Float32 = np.zeros(self._half - 1, np.float32)
        # Position of the next output in units of 1 / up input samples, relative to the first pending window.
        self._position = 0

    @property
    def lookahead_s(self) -> float:
        """How long an output sample must wait for input that comes after it."""
        return 0.0 if self._passthrough else self._half * self._up / self._down / SAMPLE_RATE_HZ

    def push(self, samples: Float32) -> Float32:
        """Take float32 [n] and give float32 [m], the output that has become certain (m may be 0)."""
        if self._passthrough:
            return samples
        pending = np.concatenate([self._pending, samples])
        width = 2 * self._half
        windows = pending.shape[0] - width + 1
        count = max(0, -(-(windows * self._up - self._position) // self._down))
        output: Float32 = np.zeros(0, np.float32)
        if count:
            # numpy's sliding_window_view does the same and costs more than the filter itself.
            view: Float32 = np.ndarray((windows, width), np.float32, pending, strides=2 * pending.strides)
            if self._up == 1:
                output = np.einsum("nt,t->n", view[self._position :: self._down], self._taps[0])
            else:
                first, phase = np.divmod(self._position + self._down * np.arange(count), self._up)
                output = np.einsum("nt,nt->n", view[first], self._taps[phase])
        following = self._position + self._down * count
        dropped = min(following // self._up, pending.shape[0])
        self._pending = pending[dropped:].copy()
        self._position = following - dropped * self._up
        return output


def _polyphase_taps(rate_hz: int, up: int, half: int) -> Float32:
    """Kernel rows, float32 [up, 2 * half]: row p weighs the window whose output lies p / up after its middle."""
    offsets = np.arange(1 - half, half + 1)[None, :] - np.arange(up)[:, None] / up
    # The transition band ends at the lower Nyquist frequency; its width follows from attenuation and length.
    lower_hz = min(rate_hz, SAMPLE_RATE_HZ)
    transition_hz = (STOPBAND_DB - 7.95) / 14.36 * rate_hz / (2 * half)
    cutoff = (lower_hz - transition_hz) / rate_hz
    window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(0.0, 1.0 - (offsets / half) ** 2))) / np.i0(_KAISER_BETA)
    taps = cutoff * np.sinc(cutoff * offsets) * window
    normalised: Float32 = (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised
