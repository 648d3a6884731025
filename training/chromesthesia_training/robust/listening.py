"""A pack's encoder as the engine runs it: its precision, its features, its smoothing and its gate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import ENCODER_HOPS, EmotionReading, Float32
from chromesthesia.features.mel import ENCODER_MEL, log_mel
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.packs.pack import Pack
from chromesthesia.show.listener import Listener

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """Answers at every step of 80 ms.

    plane: valence and arousal [S, 2]; probabilities [S, 3]; confidence [S]; activity [S], 1 while the gate is open.
    """

    plane: Float64
    probabilities: Float64
    confidence: Float64
    activity: Float64


class PackListener:
    """Hears whole sounds, each from silence, with the encoder file that the engine takes on a CPU."""

    def __init__(self, pack: Pack) -> None:
        self._encoder = OnnxEncoder(pack)

    def readings(self, samples: Float32) -> Said:
        """What the encoder itself says of a sound, float32 [n] at 24 kHz: before smoothing and gate."""
        self._encoder.reset()
        mel = log_mel(samples, ENCODER_MEL)
        steps = [
            self._encoder.step(mel[at : at + ENCODER_HOPS], 0, 0.0)
            for at in range(0, len(mel) - ENCODER_HOPS + 1, ENCODER_HOPS)
        ]
        return _said(steps, [1.0] * len(steps))

    def followed(self, samples: Float32) -> Said:
        """The emotion that the picture follows: all of the engine's way from samples to it, settings untouched."""
        self._encoder.reset()
        heard = Listener(encoder=self._encoder).hear(samples)[ENCODER_HOPS - 1 :: ENCODER_HOPS]
        states = [moment.emotion for moment in heard]
        readings = [
            EmotionReading(
                state.end_sample,
                state.entered_s,
                state.valence,
                state.arousal,
                state.probabilities,
                state.confidence,
                state.embedding,
            )
            for state in states
        ]
        return _said(readings, [state.activity for state in states])


def _said(readings: list[EmotionReading], activity: list[float]) -> Said:
    return Said(
        np.array([(reading.valence, reading.arousal) for reading in readings], np.float64).reshape(-1, 2),
        np.array([reading.probabilities for reading in readings], np.float64).reshape(-1, 3),
        np.array([reading.confidence for reading in readings], np.float64),
        np.array(activity, np.float64),
    )
