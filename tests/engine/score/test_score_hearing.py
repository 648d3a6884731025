"""What a score keeps of the sound: coarse levels that come back the same, slow where speech is fast."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chromesthesia.core.records import Heard
from chromesthesia.score.hearing import (
    BAND_STEPS,
    FALL_S,
    HOLD_S,
    LEVELS_BYTES,
    SHADOWS,
    Levels,
    Softening,
    heard_of,
)
from chromesthesia.signals.table import FIRST, TABLE
from chromesthesia.testing.render import heard


def at(hop: int, bands: float, **more: float) -> Heard:
    return heard(bands=bands, end_sample=240 * hop, **more)  # type: ignore[arg-type]


def test_levels_come_back_from_their_bytes() -> None:
    levels = Softening().levels(at(0, 0.4, valence=-0.35, arousal=0.6))
    assert len(levels.packed()) == LEVELS_BYTES == 32
    assert Levels.unpacked(levels.packed()) == levels


def test_every_signal_that_a_picture_can_follow_is_near_what_was_heard() -> None:
    one = heard(
        valence=-0.35, arousal=0.62, bands=np.linspace(0.1, 0.9, 8), onset_count=9, onset_envelope=0.5
    )
    one = replace(one, frame=replace(one.frame, log_mel=np.linspace(-9.0, -3.0, 64).astype(np.float32)))
    kept = heard_of(Softening().levels(one))
    heard_values, kept_values = TABLE.values({FIRST: one}), TABLE.values({FIRST: kept})
    assert kept_values["/features/onset_count"] == 9
    for address, value in heard_values.items():
        low, high = {
            "/features/loudness_dbfs": (-120.0, 6.0),
            "/features/lufs": (-120.0, 6.0),
            "/features/centroid_hz": (0.0, 12_000.0),
        }.get(address, (0.0, 1.0))
        assert abs(kept_values[address] - value) <= 0.07 * (high - low), address


def bands_of(levels: Levels) -> np.ndarray[Any, Any]:
    return heard_of(levels).frame.bands


def test_bands_rise_at_once_and_fall_slowly() -> None:
    softening = Softening()
    softening.levels(at(0, 0.0))
    assert bands_of(softening.levels(at(1, 1.0))).tolist() == [1.0] * 8
    fallen = bands_of(softening.levels(at(2 + round(50 * FALL_S), 0.0)))
    assert fallen == pytest.approx(math.exp(-0.5), abs=1.5 / BAND_STEPS)


def test_a_syllable_of_a_tenth_of_a_second_leaves_no_gap_behind_it() -> None:
    softening = Softening()
    levels = [
        bands_of(softening.levels(at(hop, 1.0 if hop % 20 < 10 else 0.0)))[0] for hop in range(0, 200, 3)
    ]
    assert min(levels[5:]) > 0.5


def test_fast_changes_are_of_all_bands_together() -> None:
    """Two bands by turns, five times a second, as in speech: what is kept does not tell one from the other."""
    softening = Softening()
    low, high = np.array([1.0, 0, 0, 0, 0, 0, 0, 0]), np.array([0, 0, 0, 0, 0, 0, 0, 1.0])
    kept = np.array(
        [
            bands_of(softening.levels(heard(bands=low if hop % 20 < 10 else high, end_sample=240 * hop)))
            for hop in range(0, 600, 3)
        ]
    )
    tells = kept[:, 0] - kept[:, 7]
    assert np.abs(tells[100:]).max() < 0.3
    turns = np.abs(np.diff(tells[100:])) > 1e-6
    assert turns.sum() <= len(turns) * 0.03 / HOLD_S + 1, "it changes four times a second at most"


def test_of_the_embedding_only_a_few_sums_are_kept() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((400, 128)).astype(np.float32) * 2.0
    one = heard()
    kept = np.array(
        [
            heard_of(
                Softening().levels(replace(one, emotion=replace(one.emotion, embedding=each)))
            ).emotion.embedding
            for each in embeddings
        ]
    )
    assert np.linalg.matrix_rank(kept) <= SHADOWS
    lengths = np.linalg.norm(kept, axis=1) / np.linalg.norm(embeddings, axis=1)
    assert 0.7 < lengths.mean() < 1.3


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_count_as_the_lowest(bad: float) -> None:
    one = heard(valence=bad, arousal=bad, bands=bad, onset_envelope=bad, rms_dbfs=bad)
    one = replace(
        one,
        frame=replace(one.frame, centroid_hz=bad, flux=bad),
        emotion=replace(one.emotion, embedding=np.full(128, bad, np.float32), confidence=bad),
    )
    levels = Softening().levels(one)
    assert Levels.unpacked(levels.packed()) == levels
    assert all(math.isfinite(value) for value in TABLE.values({FIRST: heard_of(levels)}).values())


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_levels_of_another_length_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="bytes of levels"):
        Levels.unpacked(content)
