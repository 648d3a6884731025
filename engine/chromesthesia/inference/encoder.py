"""The streaming emotion encoder of a pack."""

from __future__ import annotations

import numpy as np

from chromesthesia.core.records import ENCODER_HOPS, EmotionReading, Float32
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia.inference.binding import BoundSession
from chromesthesia.inference.probe import check_session
from chromesthesia.inference.sessions import open_session
from chromesthesia.packs.manifest import ENCODER_ROLE
from chromesthesia.packs.pack import Pack


class OnnxEncoder:
    """Runs the pack's encoder, carrying its state from step to step. Not thread-safe.

    The state lives in two sets of arrays that change places: what one step writes the next one reads, so it is never
    copied. Always on the CPU, on one thread: a step takes a fraction of a millisecond, less than the way to a GPU.
    `recoveries` counts steps after which the state was cleared because the model answered NaN or infinity.
    Raises PackError when the model does not fit the pack's manifest.
    """

    def __init__(self, pack: Pack, threads: int = 1) -> None:
        spec = pack.manifest.encoder
        file, content = pack.model(ENCODER_ROLE)
        name = f"{pack.name}/{file}"
        session = open_session(content, "cpu", threads, name)
        check_session(session, spec.inputs, spec.outputs, name)
        shapes = {tensor.name: tensor.shape for tensor in (*spec.inputs, *spec.outputs)}
        self._log_mel: Float32 = np.zeros(shapes["log_mel"], dtype=np.float32)
        answers = [tensor.name for tensor in spec.outputs if tensor.name not in spec.state_outputs]
        self._answers: dict[str, Float32] = {
            name: np.zeros(shapes[name], dtype=np.float32) for name in answers
        }
        self._states: list[list[Float32]] = [
            [np.zeros(shapes[state], dtype=np.float32) for state in spec.state_inputs] for _ in range(2)
        ]
        self._bound = [
            BoundSession(
                session,
                {"log_mel": self._log_mel, **dict(zip(spec.state_inputs, self._states[turn], strict=True))},
                {**self._answers, **dict(zip(spec.state_outputs, self._states[1 - turn], strict=True))},
            )
            for turn in range(2)
        ]
        self._turn = 0
        self.recoveries = 0

    def step(self, encoder_mel: Float32, end_sample: int, entered_s: float) -> EmotionReading:
        """Take encoder_mel float32 [ENCODER_HOPS, 64]; answer for its newest hop; ValueError on a wrong shape."""
        if encoder_mel.shape != (ENCODER_HOPS, ENCODER_MEL.mels):
            raise ValueError(
                f"encoder_mel: expected shape {(ENCODER_HOPS, ENCODER_MEL.mels)}, got {encoder_mel.shape}"
            )
        self._log_mel[0] = encoder_mel
        self._bound[self._turn].run()
        self._turn = 1 - self._turn
        answers = self._answers
        if not np.isfinite(answers["embedding"]).all():
            # A state that has become NaN never leaves it: begin anew, and let the follower drop this reading.
            self.recoveries += 1
            self.reset()
        return EmotionReading(
            end_sample=end_sample,
            entered_s=entered_s,
            valence=float(answers["valence"][0]),
            arousal=float(answers["arousal"][0]),
            probabilities=answers["probabilities"][0].copy(),
            confidence=float(answers["confidence"][0]),
            embedding=answers["embedding"][0].copy(),
        )

    def reset(self) -> None:
        """Forget what was heard."""
        for states in self._states:
            for state in states:
                state[:] = 0.0
