"""A room that can be made to sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from chromesthesia.core.records import EmotionState, FeatureFrame, Heard

FRAME = FeatureFrame(
    index=0,
    end_sample=240,
    entered_s=0.0,
    log_mel=np.zeros(64, np.float32),
    encoder_mel=np.zeros(64, np.float32),
    rms_dbfs=-120.0,
    lufs_momentary=-120.0,
    bands=np.zeros(8, np.float32),
    centroid_hz=0.0,
    flux=0.0,
    onset=0.0,
)
EMOTION = EmotionState(
    end_sample=240,
    entered_s=0.0,
    valence=0.0,
    arousal=0.0,
    probabilities=np.array([0.2, 0.3, 0.5], np.float32),
    confidence=0.5,
    embedding=np.zeros(128, np.float32),
    activity=1.0,
)


@pytest.fixture
def hear() -> Callable[..., Heard]:
    """Makes a `Heard`; keyword arguments replace fields of the frame or the emotion."""

    def make(onset_envelope: float = 0.0, onset_count: int = 0, **changes: object) -> Heard:
        frame = {name: value for name, value in changes.items() if hasattr(FRAME, name)}
        emotion = {name: value for name, value in changes.items() if hasattr(EMOTION, name)}
        return Heard(
            replace(FRAME, **frame),  # type: ignore[arg-type]
            replace(EMOTION, **emotion),  # type: ignore[arg-type]
            onset_count,
            onset_envelope,
        )

    return make
