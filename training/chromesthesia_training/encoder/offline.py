"""Answers of the torch model over whole clips at once, for choosing on the validation split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.batches import LABEL_GAIN, SCORE_FROM_S, STEP_S, points_at
from chromesthesia_training.encoder.model import StreamingEncoder
from chromesthesia_training.encoder.whole_clips import clip_batches
from chromesthesia_training.metrics.scores import correlation, fit_temperature, macro_f1

Float64 = NDArray[np.float64]
MelOf = Callable[[Path], NDArray[np.generic]]
FIRST_SCORED_STEP = round(SCORE_FROM_S / STEP_S)
SCORED_STEPS = round(SCORE_FROM_S / STEP_S)


@dataclass(frozen=True)
class ClipAnswer:
    """Answers at every step of one clip: valence_arousal [S, 2] in -1..1, logits [S, 3]."""

    clip: Clip
    valence_arousal: Float64
    logits: Float64

    def clip_logits(self) -> Float64:
        """The clip's score: mean over its last half second, when all of it has been heard."""
        return np.asarray(self.logits[-SCORED_STEPS:].mean(axis=0))


def answer_clips(
    model: StreamingEncoder, clips: Sequence[Clip], mel_of: MelOf, batch: int = 16
) -> list[ClipAnswer]:
    """Answers for every clip in order, from torch, whole clips at once in batches of similar length."""
    model.eval()
    answers: dict[int, ClipAnswer] = {}
    for part in clip_batches([mel_of(clip.path) for clip in clips], batch):
        with torch.inference_mode():
            reading, _ = model(part.log_mel)
        for row, (place, steps) in enumerate(zip(part.places, part.steps, strict=True)):
            answers[place] = ClipAnswer(
                clips[place],
                reading.valence_arousal[row, :steps].double().numpy(),
                reading.logits[row, :steps].double().numpy(),
            )
    return [answers[place] for place in range(len(clips))]


def emotion_score(answers: Sequence[ClipAnswer]) -> float:
    """Macro-F1 over the clips that have one of the three emotions."""
    named = [(answer.clip.emotion, answer) for answer in answers if answer.clip.emotion is not None]
    targets = [EMOTIONS.index(emotion) for emotion, _ in named]
    return macro_f1(targets, [int(np.argmax(answer.clip_logits())) for _, answer in named])


def rated_steps(answer: ClipAnswer) -> tuple[Float64, Float64]:
    """Ratings and answers (in the unit of the ratings) at the scored steps of a rated piece: two arrays [S, 2]."""
    times_s = (np.arange(len(answer.valence_arousal)) + 1) * STEP_S
    late = times_s >= SCORE_FROM_S
    return points_at(answer.clip, np.asarray(times_s[late], dtype=np.float64)), answer.valence_arousal[
        late
    ] / LABEL_GAIN


def plane_scores(answers: Sequence[ClipAnswer]) -> tuple[float, float]:
    """r of valence and of arousal over the means of rated pieces; 0 without any."""
    pairs = [rated_steps(answer) for answer in answers if answer.clip.annotation == "label"]
    if not pairs:
        return 0.0, 0.0
    targets = np.array([rated.mean(axis=0) for rated, _ in pairs])
    predictions = np.array([answered.mean(axis=0) for _, answered in pairs])
    return correlation(targets[:, 0], predictions[:, 0]), correlation(targets[:, 1], predictions[:, 1])


def step_temperature(answers: Sequence[ClipAnswer], every: int = 3) -> float:
    """Temperature fitted on every third scored step of the clips with a named emotion; 1 without any."""
    logits, targets = [], []
    for answer in answers:
        if answer.clip.emotion is not None:
            steps = answer.logits[FIRST_SCORED_STEP::every]
            logits.append(steps)
            targets.append(np.full(len(steps), EMOTIONS.index(answer.clip.emotion)))
    if not logits:
        return 1.0
    return fit_temperature(np.concatenate(logits), np.concatenate(targets))
