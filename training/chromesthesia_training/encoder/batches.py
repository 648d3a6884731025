"""Training rows: clips one after the other, as a room hears them, with a target and a weight for every 80 ms step."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS, LEARNED
from chromesthesia.core.records import ENCODER_HOPS, HOP_SAMPLES, SAMPLE_RATE_HZ, Float32
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia_training.data.cache import Float16
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.augment import recolour, room_noise, roughen, stretch
from chromesthesia_training.encoder.model import STEP_S as STEP_S
from chromesthesia_training.errors import DataError

HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
SCORE_FROM_S = 0.5
"""Nothing is asked of steps earlier in a clip than this; its score is the mean over as long a time at its end."""
FULL_WEIGHT_FROM_S = 1.5
LABEL_GAIN = 1.8
"""Mean ratings of many listeners crowd around zero (VGMIDI: deviation 0.23 and 0.25); training stretches them so that
the answers use the range. Figures against the ratings undo it."""
PROXY_WEIGHT = 0.15
EMOTION_PROXY_WEIGHT = 0.25
EMOTION_PLACES = np.array(list(LEARNED.by_name().values()))
UNLABELLED_SHARE = 0.25
AT_REST = (0.0, -0.3)


@dataclass
class Row:
    """Targets of one row, all per step: segment -1 is silence between clips."""

    mel: Float32
    emotion: Float32
    emotion_weight: Float32
    valence_arousal: Float32
    valence_arousal_weight: Float32
    labelled: NDArray[np.bool_]
    segment: NDArray[np.int64]
    segments: int = field(default=0)

    @staticmethod
    def empty(steps: int) -> Row:
        """A row in which nothing is asked yet."""
        return Row(
            mel=np.full(
                (steps * ENCODER_HOPS, ENCODER_MEL.mels), np.log(ENCODER_MEL.floor), dtype=np.float32
            ),
            emotion=np.full((steps, len(EMOTIONS)), 1.0 / len(EMOTIONS), dtype=np.float32),
            emotion_weight=np.zeros(steps, dtype=np.float32),
            valence_arousal=np.zeros((steps, 2), dtype=np.float32),
            valence_arousal_weight=np.zeros(steps, dtype=np.float32),
            labelled=np.zeros(steps, dtype=np.bool_),
            segment=np.full(steps, -1, dtype=np.int64),
        )


class Sampler:
    """Draws clips of one kind so that classes, and within reason corpora, come up evenly."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.clips = list(clips)
        counts = Counter((clip.corpus, clip.emotion) for clip in clips)
        corpora: dict[tuple[str, bool], int] = defaultdict(int)
        classes: dict[tuple[str, bool], int] = defaultdict(int)
        for (corpus, emotion), count in counts.items():
            corpora[corpus, emotion is None] += count
            classes[corpus, emotion is None] += 1
        weights = np.array(
            [
                corpora[clip.corpus, clip.emotion is None] ** 0.6
                / (classes[clip.corpus, clip.emotion is None] * counts[clip.corpus, clip.emotion])
                for clip in clips
            ]
        )
        unlabelled = np.array([clip.emotion is None for clip in clips])
        if unlabelled.any() and not unlabelled.all():
            weights[unlabelled] *= UNLABELLED_SHARE / weights[unlabelled].sum()
            weights[~unlabelled] *= (1.0 - UNLABELLED_SHARE) / weights[~unlabelled].sum()
        self.cumulative = np.cumsum(weights / weights.sum())

    def draw(self, rng: np.random.Generator) -> Clip:
        """One clip."""
        return self.clips[min(int(np.searchsorted(self.cumulative, rng.random())), len(self.clips) - 1)]


def check_classes(clips: Sequence[Clip]) -> None:
    """Raise DataError naming an emotion of which the training split has no clip."""
    for split in ("train", "val"):
        present = {clip.emotion for clip in clips if clip.split == split}
        for emotion in EMOTIONS:
            if emotion not in present:
                raise DataError(
                    f"the {split} split has no clip of {emotion!r}",
                    "add sounds of that emotion; 20 or more of each, of several speakers, are needed",
                )


def ramp(since_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of a step by its time since the onset of its clip: 0 before 0.5 s, rising to 1 at 1.5 s."""
    rising = 0.15 + 0.85 * (since_s - SCORE_FROM_S) / (FULL_WEIGHT_FROM_S - SCORE_FROM_S)
    return np.where(since_s < SCORE_FROM_S, 0.0, np.minimum(rising, 1.0))


def points_at(clip: Clip, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Valence and arousal that hold at each time: [n, 2]."""
    starts = np.array([point.time_s for point in clip.points])
    values = np.array([(point.valence, point.arousal) for point in clip.points])
    return values[np.clip(np.searchsorted(starts, times_s, side="right") - 1, 0, None)]


def emotion_proxy(valence_arousal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Soft angry, happy, sad from the place on the plane: nearer to an emotion's place, likelier. [n, 2] -> [n, 3]."""
    distance = np.square(valence_arousal[:, None, :] - EMOTION_PLACES).sum(axis=2)
    likelihood = np.exp(-distance / 0.5)
    return np.asarray(likelihood / likelihood.sum(axis=1, keepdims=True))


def music_row(clip: Clip, spectra: Mapping[Path, Float16], steps: int, rng: np.random.Generator) -> Row:
    """A stretch from anywhere in a piece; like the start of listening, nothing is asked of the first half second."""
    row = Row.empty(steps)
    mel = spectra[clip.path]
    length = min(len(mel) // ENCODER_HOPS, steps)
    offset = int(rng.integers(0, len(mel) - length * ENCODER_HOPS + 1))
    row.mel[: length * ENCODER_HOPS] = mel[offset : offset + length * ENCODER_HOPS]
    row.mel[: length * ENCODER_HOPS] = recolour(row.mel[: length * ENCODER_HOPS], rng)
    _ask(row, clip, slice(0, length), offset * HOP_S)
    row.mel = roughen(row.mel, rng)
    return row


def speech_row(
    sampler: Sampler, spectra: Mapping[Path, Float16], steps: int, rng: np.random.Generator
) -> Row:
    """Clips of changing speakers and emotions with short pauses, until the row is full."""
    row = Row.empty(steps)
    at = int(rng.integers(0, 5))
    while steps - at > FULL_WEIGHT_FROM_S / STEP_S:
        clip = sampler.draw(rng)
        mel = stretch(spectra[clip.path].astype(np.float32), rng, (steps - at) * ENCODER_HOPS)
        length = len(mel) // ENCODER_HOPS
        row.mel[at * ENCODER_HOPS : (at + length) * ENCODER_HOPS] = recolour(
            mel[: length * ENCODER_HOPS], rng
        )
        _ask(row, clip, slice(at, at + length), 0.0)
        at += length + int(rng.integers(1, 5))
    row.mel = roughen(row.mel, rng)
    return row


def room_row(steps: int, rng: np.random.Generator) -> Row:
    """Nothing but the noise of a room: no emotion is likelier than another, and the plane is at rest."""
    row = Row.empty(steps)
    row.mel = room_noise(steps * ENCODER_HOPS, rng)
    weight = ramp(np.linspace(STEP_S, steps * STEP_S, steps))
    row.segment[:] = 0
    row.segments = 1
    row.emotion_weight[:] = weight
    row.valence_arousal[:] = AT_REST
    row.valence_arousal_weight[:] = weight
    return row


def _ask(row: Row, clip: Clip, where: slice, offset_s: float) -> None:
    """Write targets and weights of one clip into the steps `where`."""
    since_s = (np.arange(where.stop - where.start) + 1) * STEP_S
    weight = ramp(since_s)
    row.segment[where] = row.segments
    row.segments += 1
    if clip.points:
        rated = points_at(clip, since_s + offset_s)
        label = clip.annotation == "label"
        stretched = np.clip(rated * (LABEL_GAIN if label else 1.0), -1.0, 1.0)
        row.valence_arousal[where] = stretched
        row.valence_arousal_weight[where] = weight * (1.0 if label else PROXY_WEIGHT)
        row.labelled[where] = label
        if clip.role == "music":
            row.emotion[where] = emotion_proxy(stretched)
            row.emotion_weight[where] = weight * EMOTION_PROXY_WEIGHT
    if clip.emotion is not None:
        row.emotion[where] = np.eye(len(EMOTIONS), dtype=np.float32)[EMOTIONS.index(clip.emotion)]
        row.emotion_weight[where] = weight


class RowMaker:
    """Makes the rows of a batch from the training clips: two thirds speech, a third music (mostly rated), one of noise.

    Without speech or without music the other takes its place.
    """

    def __init__(self, clips: Sequence[Clip], spectra: Mapping[Path, Float16], steps: int) -> None:
        self.spectra = spectra
        self.steps = steps
        speech = [clip for clip in clips if clip.role == "speech"]
        self.speech = Sampler(speech) if speech else None
        self.rated = [clip for clip in clips if clip.role == "music" and clip.annotation == "label"]
        self.proxied = [clip for clip in clips if clip.role == "music" and clip.annotation == "proxy"]
        shares = np.array([0.66 * bool(speech), 0.21 * bool(self.rated), 0.13 * bool(self.proxied)])
        self.edges = np.cumsum(shares / shares.sum())

    def rows(self, count: int, rng: np.random.Generator) -> list[Row]:
        """`count` rows, always with the same number of each kind."""
        kinds = np.searchsorted(self.edges, (np.arange(count - 1) + 0.5) / max(count - 1, 1))
        return [*(self._row(int(kind), rng) for kind in kinds), room_row(self.steps, rng)]

    def _row(self, kind: int, rng: np.random.Generator) -> Row:
        if kind == 0 and self.speech is not None:
            return speech_row(self.speech, self.spectra, self.steps, rng)
        pool = self.rated if kind == 1 else self.proxied
        return music_row(pool[int(rng.integers(len(pool)))], self.spectra, self.steps, rng)
