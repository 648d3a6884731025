"""What the room hears: the étude, something like speech, silence. All made here or bundled."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import chromesthesia

RATE_HZ = 48_000
ETUDE = Path(chromesthesia.__file__).parent / "assets" / "etude.ogg"


def speech_like(seconds: float, seed: int) -> NDArray[np.float64]:
    """A voice that says nothing: a buzz with a moving pitch through two moving formants, in syllables."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    knots = np.arange(0.0, seconds + 0.25, 0.25)
    pitch_hz = np.interp(times_s, knots, rng.uniform(110.0, 240.0, len(knots)))
    phase = 2.0 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    sound = np.zeros_like(times_s)
    formants = [
        np.interp(times_s, knots, rng.uniform(*span, len(knots))) for span in ((300, 900), (900, 2500))
    ]
    for harmonic in range(1, 20):
        near = sum(np.exp(-(((harmonic * pitch_hz - formant) / 150.0) ** 2)) for formant in formants)
        sound += near * np.sin(harmonic * phase) / harmonic**0.5
    syllables = np.interp(times_s, knots, rng.choice([0.0, 0.4, 1.0], len(knots), p=[0.3, 0.2, 0.5]))
    spoken: NDArray[np.float64] = sound * syllables * 0.3 / max(1e-9, float(np.abs(sound).max()))
    return spoken


def programme(folder: Path, seed: int) -> list[Path]:
    """Files to be played one after the other, again and again."""
    files = [ETUDE]
    for name, sound in (("speech", speech_like(20.0, seed)), ("silence", np.zeros(8 * RATE_HZ))):
        path = folder / f"{name}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes((np.clip(sound, -1.0, 1.0) * 32767).astype("<i2").tobytes())
        files.append(path)
    return files
