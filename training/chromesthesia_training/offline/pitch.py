"""How strongly each pitch sounds in every frame, and the voice's fundamental through time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32

RATE_HZ = 16_000
HOP = 320
WINDOW = 768
FFT = 1_024
CANDIDATES = 64
LOWEST_HZ, HIGHEST_HZ = 65.0, 600.0
OCTAVE_COST = 0.02
JUMP_COST = 0.35
VOICED_FROM = 0.45

Float64 = NDArray[np.float64]


def candidate_hz() -> Float64:
    """The pitches asked for, evenly spaced on a logarithmic scale: [64], 20 to an octave."""
    return np.asarray(np.geomspace(LOWEST_HZ, HIGHEST_HZ, CANDIDATES))


@lru_cache(maxsize=1)
def _hann() -> tuple[Float32, Float64]:
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(window, FFT)) ** 2
    own = np.fft.irfft(power)[: WINDOW // 2]
    return window, np.asarray(own / own[0])


def pitch_gram(samples: Float32) -> Float32:
    """Periodicity of every frame at 64 pitches: float32 [n] at 16 kHz -> float32 [n // 320, 64], about 0..1.

    The autocorrelation of the windowed frame over that of the window (Boersma 1993), read at the lag of each pitch.
    A frame covers the 48 ms that end with its hop.
    """
    count = len(samples) // HOP
    if count == 0:
        return np.zeros((0, CANDIDATES), dtype=np.float32)
    padded = np.concatenate([np.zeros(WINDOW - HOP, dtype=np.float32), samples[: count * HOP]])
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window, own = _hann()
    centred = (frames - frames.mean(axis=1, keepdims=True)) * window
    correlation = np.fft.irfft(np.abs(np.fft.rfft(centred, FFT)) ** 2)[:, : WINDOW // 2]
    normalised = correlation / (correlation[:, :1] + 1e-6 * WINDOW) / own
    lags = RATE_HZ / candidate_hz()
    below = lags.astype(int)
    part = lags - below
    gram = normalised[:, below] * (1.0 - part) + normalised[:, below + 1] * part
    return np.asarray(np.clip(gram, 0.0, 1.0), dtype=np.float32)


def track_pitch(gram: Float32) -> tuple[Float64, Float64]:
    """Fundamental in semitones above 65 Hz and its periodicity, per frame: [n], [n] (periodicity 0 where unvoiced).

    The path of greatest periodicity with a cost for jumps and for low octaves (Viterbi).
    """
    count = len(gram)
    if count == 0:
        return np.zeros(0), np.zeros(0)
    octave = np.log2(candidate_hz() / LOWEST_HZ)
    score = gram + OCTAVE_COST * octave
    jump = JUMP_COST * np.minimum(np.abs(octave[:, None] - octave[None, :]), 1.0)
    best = score[0].astype(np.float64)
    back = np.zeros((count, CANDIDATES), dtype=np.int64)
    for frame in range(1, count):
        arriving = best[None, :] - jump
        back[frame] = arriving.argmax(axis=1)
        best = np.take_along_axis(arriving, back[frame][:, None], axis=1)[:, 0] + score[frame]
    path = np.empty(count, dtype=np.int64)
    path[-1] = int(best.argmax())
    for frame in range(count - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    periodicity = gram[np.arange(count), path].astype(np.float64)
    return 12.0 * octave[path], np.where(periodicity >= VOICED_FROM, periodicity, 0.0)
