"""Sound files as training reads them: opposite phases are heard, as in the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.audio import files
from chromesthesia_training.corpora.facts import look_at
from chromesthesia_training.data.sound import read_sound

RATE_HZ = 24_000


@pytest.fixture
def opposite(tmp_path: Path) -> Path:
    voice = 0.1 * np.random.default_rng(5).standard_normal(RATE_HZ)
    path = tmp_path / "opposite.wav"
    soundfile.write(path, np.stack([voice, -voice], axis=1), RATE_HZ, subtype="FLOAT")
    return path


def test_opposite_phases_are_as_loud_as_in_phase(opposite: Path) -> None:
    samples = read_sound(opposite)
    assert samples[RATE_HZ // 2 :].std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_array_equal(samples, files.read_sound(opposite))


def test_opposite_phases_are_not_taken_for_silence(opposite: Path) -> None:
    assert look_at(opposite, picture=False).fault is None
