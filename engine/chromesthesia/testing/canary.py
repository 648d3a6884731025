"""A sound that is known sample by sample, and a search for it in whatever a show wrote or sent."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 24_000
RATES_HZ = (8_000, 12_000, 16_000, 24_000, 44_100, 48_000)
"""It is looked for at all of these."""
EXACT = 6
"""So many samples in a row, byte for byte, are no chance."""
EVERY = 240
"""An exact run is looked for from so many samples to so many: whatever keeps 20 ms of sound has one of them."""
WINDOW = 2048
SIZE = 16 * WINDOW
NOISE_LIKE, VOICE_LIKE = 0.2, 0.7
"""Likeness of a window to a part of the sound from which it counts, 0 to 1. To noise by chance 0.02, and 0.13 at most
over millions of places; a voice is like anything that comes again and again, lines of a table say."""
PARTS = 6
"""Windows of each kind that are looked for."""
LARGEST_BLOB = 8 << 20

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """Where the sound was found: the name of what was searched, and as what."""

    where: str
    what: str


def canary(seconds: float, seed: int = 7) -> NDArray[np.float32]:
    """Noise, then a chirp in syllables as of a sentence, again and again: mono float32 at 24 kHz on 16 bits."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    times_s = np.arange(count) / RATE_HZ
    noise = rng.uniform(-0.5, 0.5, count)
    sweep = np.sin(2.0 * np.pi * (200.0 * times_s + 600.0 * (times_s % 0.5) ** 2))
    syllables = np.abs(np.sin(2.0 * np.pi * 2.0 * times_s)) * 0.6
    sound = np.where(times_s % 2.0 < 1.0, noise, sweep * syllables)
    # Of 16 bits: what a WAV file holds is then exactly what is heard.
    return (np.round(sound * 32767.0) / 32768.0).astype(np.float32)


class Search:
    """Looks for one sound. blobs: what a show left, by name."""

    def __init__(self, sound: NDArray[np.float32]) -> None:
        self._patterns = dict(_patterns(sound))
        self._windows = [
            (rate_hz, like, _windows(_at_rate(sound, rate_hz), rate_hz, begin_s))
            for rate_hz in RATES_HZ
            for like, begin_s in ((NOISE_LIKE, 0.0), (VOICE_LIKE, 1.0))
        ]

    def __call__(self, blobs: Mapping[str, bytes]) -> list[Found]:
        """Every blob in which the sound is, and as what."""
        return [found for name, blob in blobs.items() for found in self._in(name, blob[:LARGEST_BLOB])]

    def _in(self, name: str, blob: bytes) -> Iterator[Found]:
        for view, content in _views(blob):
            for what, pattern in self._patterns.items():
                if pattern in content:
                    yield Found(name, f"{view}{what}")
                    return
        for what, series in _series(blob):
            for rate_hz, like, spectra in self._windows:
                if len(series) >= WINDOW and _likeness(series, spectra, SIZE) > like:
                    yield Found(name, f"{what}, like the sound at {rate_hz} Hz")
                    return


def _patterns(sound: NDArray[np.float32]) -> Iterator[tuple[str, bytes]]:
    kinds: tuple[tuple[str, NDArray[np.generic]], ...] = (
        ("float32", sound.astype("<f4")),
        ("float32, big end first", sound.astype(">f4")),
        ("float64", sound.astype("<f8")),
        ("int16", np.round(sound * 32768.0).astype("<i2")),
        ("int16, big end first", np.round(sound * 32768.0).astype(">i2")),
    )
    for what, samples in kinds:
        for begin in range(0, len(samples) - EXACT, EVERY):
            pattern = samples[begin : begin + EXACT].tobytes()
            if len(set(pattern)) > EXACT:  # silence is everywhere
                yield f"{what} from sample {begin}", pattern


def _views(blob: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes as they are, and what long words of base64 in them stand for."""
    yield "", blob
    for word in re.findall(rb"[A-Za-z0-9+/_-]{64,}", blob):
        plain = word.translate(bytes.maketrans(b"-_", b"+/"))
        for cut in range(4):
            piece = plain[cut:]
            yield "base64 of ", base64.b64decode(piece[: len(piece) // 4 * 4])


def _series(blob: bytes) -> Iterator[tuple[str, Array]]:
    """The bytes read as numbers, in every way that sound is kept in."""
    for what, kind, width in (("float32", "<f4", 4), ("int16", "<i2", 2), ("bytes", "u1", 1)):
        for shift in range(width):
            piece = blob[shift : shift + (len(blob) - shift) // width * width]
            with np.errstate(all="ignore"):
                numbers = np.frombuffer(piece, kind).astype(np.float64)
            sane = np.isfinite(numbers) & (np.abs(numbers) < 1e6)
            yield what, np.where(sane, numbers, 0.0)
    decimals = re.findall(rb"-?\d+\.\d+(?:e-?\d+)?|-?\d+", blob)
    if len(decimals) >= WINDOW:
        yield "decimal numbers", np.clip(np.array(decimals, dtype="S24").astype(np.float64), -1e6, 1e6)


def _at_rate(sound: NDArray[np.float32], rate_hz: int) -> Array:
    if rate_hz == RATE_HZ:
        return sound.astype(np.float64)
    # By spectrum: what lies above half the lower rate is gone, as in any resampler.
    spectrum = np.fft.rfft(sound.astype(np.float64))
    count = round(len(sound) * rate_hz / RATE_HZ)
    kept = np.zeros(count // 2 + 1, complex)
    both = min(len(kept), len(spectrum))
    kept[:both] = spectrum[:both]
    return np.asarray(np.fft.irfft(kept, count) * rate_hz / RATE_HZ)


def _windows(sound: Array, rate_hz: int, begin_s: float) -> NDArray[np.complex128]:
    """Spectra of windows in every other second from `begin_s`, each without its mean and of length 1."""
    seconds = np.arange(begin_s, len(sound) / rate_hz - 0.999, 2.0)
    begins = [
        int(begin)
        for second in seconds
        for begin in np.linspace(second * rate_hz, (second + 1.0) * rate_hz - WINDOW, PARTS // len(seconds))
    ]
    windows = np.stack([sound[begin : begin + WINDOW] for begin in begins])
    windows = windows - windows.mean(1, keepdims=True)
    windows /= np.linalg.norm(windows, axis=1, keepdims=True) + 1e-12
    return np.asarray(np.conj(np.fft.rfft(windows, SIZE)))


def _likeness(series: Array, spectra: NDArray[np.complex128], size: int) -> float:
    """The greatest normalised correlation of any window with any place of the series."""
    greatest = 0.0
    step = size - WINDOW
    for begin in range(0, max(1, len(series) - WINDOW + 1), step):
        block = series[begin : begin + size]
        if len(block) < WINDOW:
            break
        places = len(block) - WINDOW + 1
        whole = np.concatenate([[0.0], np.cumsum(block)])
        squares = np.concatenate([[0.0], np.cumsum(block * block)])
        mean = (whole[WINDOW:] - whole[:-WINDOW]) / WINDOW
        energy = squares[WINDOW:] - squares[:-WINDOW] - WINDOW * mean * mean
        matched = np.fft.irfft(np.fft.rfft(block, size)[None] * spectra, size)[:, :places]
        loud = energy > 1e-9 * (squares[-1] + 1e-30)
        if loud.any():
            greatest = max(greatest, float((np.abs(matched[:, loud]) / np.sqrt(energy[loud])).max()))
    return greatest
