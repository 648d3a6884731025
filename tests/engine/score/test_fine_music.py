"""What the ear for music hears reaches lights on other machines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chromesthesia.core.records import Music
from chromesthesia.score.fine import embedding_of, heard_of, signals_of
from chromesthesia.signals.music import MUSIC
from chromesthesia.testing.render import heard as heard_in_test

PLAYED = Music(
    bpm=128.0,
    beats=33.25,
    beat_confidence=0.9,
    pitch_hz=440.0,
    pitch_confidence=0.8,
    chroma=np.linspace(0.0, 1.0, 12, dtype=np.float32),
    key=21,
    key_confidence=0.5,
    harmonic=0.7,
    percussive=0.3,
    rolloff_hz=4000.0,
    spread_hz=900.0,
    contrast=0.6,
    lufs_short_term=-20.0,
    lufs_integrated=-23.0,
    loudness_range_lu=6.0,
    kinds=np.array([0.1, 0.6, 0.3, 0.0], np.float32),
)


def test_every_signal_of_music_survives_the_way() -> None:
    before = replace(heard_in_test(), music=PLAYED)
    after = heard_of(signals_of(before), embedding_of(before))
    for signal in MUSIC:
        assert signal.read(after) == pytest.approx(signal.read(before), abs=0.003, rel=1e-4), signal.path


def test_numbers_that_are_none_count_as_nothing_and_are_refused_on_the_way_in() -> None:
    broken = replace(heard_in_test(), music=replace(PLAYED, bpm=float("nan"), chroma=np.full(12, np.nan)))
    content = signals_of(broken)
    assert heard_of(content, embedding_of(broken)).music.bpm == 0.0
    with pytest.raises(ValueError, match="no numbers"):
        heard_of(content[: -17 - 4] + b"\x00\x00\xc0\x7f" + content[-17:], embedding_of(broken))
