"""Fingerprints that survive another encoding, size or loudness: 256 bits for a sound, 256 for a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chromesthesia.core.records import Float32

Bits = NDArray[np.bool_]
SIDE = 16
SIZE_BITS = SIDE * SIDE
BANDS_HZ = np.geomspace(300.0, 3_400.0, SIDE + 2)
QUIET_DB, FLOOR_DB = 30.0, 40.0
CLEAR_STEP = 3  # of 255: what compression adds to an even surface stays below


def sound_fingerprint(samples: Float32, rate_hz: int) -> Bits:
    """How energy changes over time and frequency at once, in 16 x 16 places: bool [256].

    The signs of Haitsma and Kalker (2002), over sixteenths of what sounds instead of fixed frames, so that padding
    at the ends, level and rate do not matter. samples: float32 [n], at least one window long.
    """
    window = 1 << max(6, round(np.log2(0.046 * rate_hz)))
    padded = np.pad(samples, (0, max(0, window - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[:: window // 4]
    bins_hz = np.fft.rfftfreq(window, 1.0 / rate_hz)
    band_of_bin = np.searchsorted(BANDS_HZ, bins_hz) - 1
    membership = (band_of_bin[:, None] == np.arange(SIDE + 1)).astype(np.float32)
    hann = np.hanning(window).astype(np.float32)
    energy = np.concatenate(
        [
            np.square(np.abs(np.fft.rfft(frames[start : start + 512] * hann))).astype(np.float32) @ membership
            for start in range(0, len(frames), 512)
        ]
    ).astype(np.float64)
    total = energy.sum(axis=1)
    loud = np.flatnonzero(total > total.max() * 10.0 ** (-QUIET_DB / 10.0))
    sounding = energy[loud[0] : loud[-1] + 1] if len(loud) else energy
    summed = np.concatenate([np.zeros((1, SIDE + 1)), np.cumsum(sounding, axis=0)])
    edges = np.linspace(0.0, len(sounding), SIDE + 2)
    at_edges = np.stack([np.interp(edges, np.arange(len(summed)), band) for band in summed.T], axis=1)
    mean = np.diff(at_edges, axis=0)
    level = np.log(mean + 10.0 ** (-FLOOR_DB / 10.0) * mean.mean() + 1e-30)
    return np.asarray(np.diff(np.diff(level, axis=1), axis=0) > 0.0).reshape(-1)


def picture_fingerprint(picture: Image.Image) -> Bits:
    """Whether brightness rises clearly from each place to its right neighbour, in 16 x 16 places: bool [256]."""
    grey = picture.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    return np.asarray(np.diff(np.asarray(grey, np.int16), axis=1) > CLEAR_STEP).reshape(-1)


def to_hex(bits: Bits) -> str:
    """Bits as text, for the cache."""
    return np.packbits(bits).tobytes().hex()


def words(fingerprints: list[str]) -> NDArray[np.uint64]:
    """Fingerprints as numbers that can be compared fast: uint64 [n, 4]."""
    return np.frombuffer(bytes.fromhex("".join(fingerprints)), np.uint64).reshape(-1, SIZE_BITS // 64)


def near_pairs(fingerprints: NDArray[np.uint64], most_bits: int) -> NDArray[np.int64]:
    """Pairs of rows that differ in at most `most_bits` of 256 bits: int64 [pairs, 2], lower row first."""
    found = []
    for start in range(0, len(fingerprints), 256):
        block = fingerprints[start : start + 256]
        differing = np.zeros((len(block), len(fingerprints) - start), np.uint16)
        for word in range(fingerprints.shape[1]):
            differing += np.bitwise_count(block[:, word, None] ^ fingerprints[None, start:, word])
        first, second = np.nonzero(differing <= most_bits)
        later = second > first
        found.append(np.stack([first[later], second[later]], axis=1) + start)
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)
