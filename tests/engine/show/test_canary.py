"""The search for the canary finds it however it is kept, and nothing where there is none."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable

import numpy as np
import pytest

from chromesthesia.testing.canary import RATE_HZ, Search, canary

SOUND = canary(4.0)
SEARCH = Search(SOUND)
NOISE = np.random.default_rng(1).bytes(60_000)


def int16(samples: np.ndarray) -> bytes:
    return bytes(np.round(samples * 32768.0).astype("<i2").tobytes())


def halved(samples: np.ndarray) -> np.ndarray:
    spectrum = np.fft.rfft(samples)
    return np.fft.irfft(spectrum[: len(spectrum) // 2 + 1], len(samples) // 2) / 2.0


def doubled(samples: np.ndarray) -> np.ndarray:
    return np.interp(np.arange(2 * len(samples)) / 2.0, np.arange(len(samples)), samples)


PART = SOUND[RATE_HZ // 4 : RATE_HZ]
KEPT: dict[str, Callable[[], bytes]] = {
    "float32": lambda: SOUND[5000:5480].tobytes(),
    "float32, other end": lambda: SOUND[5000:5480].astype(">f4").tobytes(),
    "int16": lambda: int16(SOUND[5000:5480]),
    "base64": lambda: base64.b64encode(SOUND[5000:5480].tobytes()),
    "base64, a byte later": lambda: base64.b64encode(b"x" + int16(SOUND[5000:5480])),
    "json": lambda: json.dumps([round(float(each), 3) for each in PART]).encode(),
    "softer, float32": lambda: (0.013 * SOUND[: RATE_HZ // 2]).astype("<f4").tobytes(),
    "softer, int16": lambda: int16(0.05 * SOUND[: RATE_HZ // 2]),
    "bytes": lambda: bytes((np.round(SOUND[: RATE_HZ // 2] * 100.0) + 128).astype("u1").tobytes()),
    "48 kHz": lambda: int16(0.5 * doubled(SOUND[: RATE_HZ // 2])),
    "12 kHz": lambda: int16(0.5 * halved(SOUND)),
    "a voice": lambda: int16(0.3 * SOUND[RATE_HZ : 2 * RATE_HZ]),
}


@pytest.mark.parametrize("kept", KEPT)
def test_the_sound_is_found_however_it_is_kept(kept: str) -> None:
    """In the midst of bytes that are none of it, at a place that is no multiple of anything."""
    assert SEARCH({"file": NOISE[:20_001] + KEPT[kept]() + NOISE[-3001:]}), kept


def test_nothing_is_found_where_there_is_none() -> None:
    other = canary(2.0, seed=8)
    numbers = json.dumps([float(each) for each in np.random.default_rng(2).normal(size=5000)])
    table = [{"name": f"line {index}", "value": index % 7, "kept": True} for index in range(4000)]
    blobs = {
        "a table": json.dumps(table, indent=2).encode(),
        "a picture": np.tile(np.sin(np.arange(640) / 40.0) * 100 + 128, 300).astype("u1").tobytes(),
        "noise": NOISE,
        "zeros": bytes(100_000),
        "packed": zlib.compress(NOISE[:20_000]),
        "other noise": other[: RATE_HZ // 2].tobytes(),
        "numbers": numbers.encode(),
        "nothing": b"",
    }
    assert SEARCH(blobs) == []
