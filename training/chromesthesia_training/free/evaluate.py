"""A free encoder on corpora that trained nothing: each a running room, speaker after speaker, and without a room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import ENCODER_HOPS, Float32
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.export import StreamedEncoder
from chromesthesia_training.encoder.offline import ClipAnswer, emotion_score
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.metrics.scores import macro_f1

MelOf = Callable[[Clip], Float32]
Advance = Callable[[], None]
PAUSE_S = 1.0
"""Silence between clips, where a sound goes on from one to the next."""
ORDERS = 2
"""Orders of speakers and clips in a running room; its figures are their mean."""
SILENCE = float(np.log(ENCODER_MEL.floor))
WAYS = {
    "in_room": "the corpus as one running room; every clip begins from silence, what the room sounds like goes on",
    "alone": "every clip from silence, nothing known of the room",
    "on_and_on": f"one sound without an end: {PAUSE_S:g} s of silence between clips, nothing ever begins anew",
}


def in_order(clips: Sequence[Clip], seed: int) -> list[Clip]:
    """Speaker after speaker, by lot, and the clips of each by lot: as if each had the stage for a while."""
    rng = np.random.default_rng([seed, 31])
    speakers = sorted({clip.group for clip in clips})
    found: list[Clip] = []
    for place in rng.permutation(len(speakers)):
        own = [clip for clip in clips if clip.group == speakers[place]]
        found += [own[one] for one in rng.permutation(len(own))]
    return found


def room_state(encoder: StreamedEncoder) -> str | None:
    """The state that holds the room: twice as long as the statistics before it, and one; None where there is none."""
    names = list(encoder.state_shapes)
    last, before = (encoder.state_shapes[name] for name in (names[-1], names[-2]))
    return names[-1] if last == [1, 2 * before[-1] + 1] else None


def answers_in(
    model: Path | bytes, clips: Sequence[Clip], mel_of: MelOf, way: str, advance: Advance = lambda: None
) -> list[ClipAnswer]:
    """Answers to clips in the order given, in one of `WAYS`. Raises TrainingError for an encoder that keeps no room."""
    encoder = StreamedEncoder(model)
    room = room_state(encoder)
    if room is None and way != "alone":
        raise TrainingError("this encoder keeps nothing of the room", "train it with --room above 0")
    answers = []
    pause = np.full(
        (round(PAUSE_S * 100) // ENCODER_HOPS * ENCODER_HOPS, ENCODER_MEL.mels), SILENCE, np.float32
    )
    for clip in clips:
        kept = encoder.state
        if way == "on_and_on":
            _steps(encoder, pause)
        else:
            encoder.reset()
            if way == "in_room" and room is not None:
                encoder.state[room] = kept[room]
        said = _steps(encoder, mel_of(clip))
        answers.append(
            ClipAnswer(
                clip,
                np.array([[one["valence"], one["arousal"]] for one in said], np.float64).reshape(-1, 2),
                np.log(np.maximum(np.array([one["probabilities"] for one in said], np.float64), 1e-9)),
            )
        )
        advance()
    return answers


def _steps(encoder: StreamedEncoder, mel: Float32) -> list[dict[str, Float32]]:
    hops = np.ascontiguousarray(mel, np.float32)
    return [
        encoder.step(hops[at : at + ENCODER_HOPS])
        for at in range(0, len(hops) - ENCODER_HOPS + 1, ENCODER_HOPS)
    ]


def unseen_figures(
    model: Path | bytes,
    clips: Sequence[Clip],
    mel_of: MelOf,
    ways: Sequence[str] = tuple(WAYS),
    orders: int = ORDERS,
    advance: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> dict[str, Any]:
    """Macro-F1 by way and corpus over all its clips, and the mean of the corpora; confusion of the first way.

    In a running room the mean over `orders` of them, with the least and the greatest.
    """
    corpora = list(dict.fromkeys(clip.corpus for clip in clips))
    figures: dict[str, Any] = {}
    confusions: dict[str, list[list[int]]] = {}
    for way in ways:
        count = orders if way == "in_room" else 1
        by_corpus: dict[str, float] = {}
        spread: dict[str, list[float]] = {}
        for corpus in corpora:
            own = [clip for clip in clips if clip.corpus == corpus]
            scores = []
            for seed in range(count):
                answers = answers_in(model, in_order(own, seed), mel_of, way)
                scores.append(emotion_score(answers))
                if way == ways[0] and seed == 0:
                    confusions[corpus] = _confusion(answers)
                advance(f"{way} {corpus}", seed + 1, count)
            by_corpus[corpus] = round(float(np.mean(scores)), 4)
            spread[corpus] = [round(min(scores), 4), round(max(scores), 4)]
        figures[way] = {
            "macro_f1": round(float(np.mean(list(by_corpus.values()))), 4),
            "by_corpus": by_corpus,
            **({"least_and_greatest": spread} if count > 1 else {}),
        }
    figures["confusion"] = confusions
    return figures


def _confusion(answers: Sequence[ClipAnswer]) -> list[list[int]]:
    """Rows: what it was, columns: what it was called."""
    was = [EMOTIONS.index(answer.clip.emotion or "") for answer in answers]
    called = [int(np.argmax(answer.clip_logits())) for answer in answers]
    rows: list[list[int]] = confusion_matrix(was, called, labels=range(len(EMOTIONS))).tolist()
    return rows


def majority(clips: Sequence[Clip]) -> float:
    """Macro-F1 of always naming the commonest emotion, the mean of the corpora."""
    scores = []
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        was = [EMOTIONS.index(clip.emotion or "") for clip in clips if clip.corpus == corpus]
        commonest = max(set(was), key=was.count)
        scores.append(macro_f1(was, [commonest] * len(was)))
    return float(np.mean(scores))
