"""The bundled étude: what plays when there is no microphone. Made by `examples/make_etude.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chromesthesia.core.emotions import COMPOSED

ETUDE = Path(__file__).resolve().parent.parent / "assets" / "etude.ogg"
"""Path of the étude in this installation."""


@dataclass(frozen=True, slots=True)
class Section:
    """One stretch of the étude and what it is meant to sound like.

    emotion: `calm` or one of `core.emotions.EMOTIONS`; valence, arousal: the intention, -1..1, not a measurement.
    """

    emotion: str
    start_s: float
    end_s: float
    valence: float
    arousal: float


SECTIONS = (
    Section("calm", 0.0, 12.0, 0.4, -0.5),
    Section("sad", 12.0, 24.0, *COMPOSED.sad),
    Section("angry", 24.0, 34.0, *COMPOSED.angry),
    Section("happy", 34.0, 46.0, *COMPOSED.happy),
)
"""What the étude passes through; the last section ends in a fade-out of 2 s."""
DURATION_S = SECTIONS[-1].end_s
