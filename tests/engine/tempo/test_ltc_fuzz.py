"""Whatever sound comes by the timecode's channel: no crash, no hang, and never a frame that does not follow."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzzing import growth_bytes, in_time, settings_for

from chromesthesia.core.records import Float32
from chromesthesia.tempo.ltc import LtcReader
from chromesthesia.tempo.timecode import Rate, Timecode
from chromesthesia.testing.timecode import ltc_sound

RATE_HZ = 24_000
CODE = ltc_sound(Timecode(10, 20, 30, 5, Rate.PAL), 5, RATE_HZ)


def hostile(seed: int, kind: int, at: int, level: float) -> Float32:
    """Timecode that is cut, doubled, drowned, clipped, reversed or no timecode at all."""
    source = np.random.default_rng(seed)
    sound = CODE.copy()
    match kind:
        case 0:
            sound = source.normal(0.0, max(level, 1e-9), 3000).astype(np.float32)
        case 1:
            sound = np.concatenate((sound[:at], sound[at // 2 :]))
        case 2:
            sound += source.normal(0.0, abs(level), len(sound)).astype(np.float32)
        case 3:
            sound[at : at + 50] = (np.nan, np.inf, -np.inf, 1e38, level)[seed % 5]
        case 4:
            sound = sound[::-1] * np.float32(level)
        case _:
            sound = np.sign(np.sin(np.cumsum(source.random(4000) * level))).astype(np.float32)
    return np.asarray(sound, np.float32)


@settings_for(60)
@given(
    st.integers(0, 2**31),
    st.integers(0, 5),
    st.integers(0, len(CODE)),
    st.floats(0.0, 3.0, width=32),
    st.integers(1, 5000),
)
def test_fuzz_ltc(seed: int, kind: int, at: int, level: float, block: int) -> None:
    reader = LtcReader(RATE_HZ)
    sound = hostile(seed, kind, at, level)
    with in_time():
        frames = [
            frame
            for begin in range(0, len(sound), block)
            for frame in reader.push(sound[begin : begin + block], begin / RATE_HZ)
        ]
    assert len(frames) <= 6
    assert all(math.isfinite(frame.position.position_s) for frame in frames)
    if kind == 0:
        assert frames == []


def test_hours_of_it_leave_nothing_behind() -> None:
    reader = LtcReader(RATE_HZ)
    sounds = [hostile(seed, seed % 6, 500 * seed, 0.3) for seed in range(12)]
    assert growth_bytes(lambda sound: reader.push(sound, 0.0), sounds, rounds=3) < 64 * 1024
