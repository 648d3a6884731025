"""Moments of sounds as rooms hand them on, for the read-out's fit: voices that change, music, what feels nothing."""

from __future__ import annotations

import copy
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import ENCODER_HOPS, Float32
from chromesthesia.features.mel import ENCODER_MEL, log_mel
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.augment import recolour
from chromesthesia_training.encoder.batches import (
    AT_REST,
    EMOTION_PROXY_WEIGHT,
    LABEL_GAIN,
    STEP_S,
    emotion_proxy,
    points_at,
)
from chromesthesia_training.encoder.losses import smoothed
from chromesthesia_training.encoder.model import StreamingEncoder
from chromesthesia_training.encoder.read_out import Points
from chromesthesia_training.encoder.spoiled import Surroundings, pink_noise, spoiled, with_noise
from chromesthesia_training.scenes.unfelt import unfelt_sound

logger = logging.getLogger(__name__)

STEPS = 80
FIRST_STEPS = 35
"""Of a pair of voices: the first has 2.8 s at most, the second the rest of 6.4 s."""
ASKED_AFTER = (6, 10, 15, 25)
"""Steps after a voice began at which it is asked for, and where it ends: 0.5, 0.8, 1.2, 2 s."""
FULL_AFTER = 20
END_STEPS, BEFORE_END = 60, 4
"""Of a whole clip: how much of it is heard, and how long before its end it is asked for the first time."""
ONSET_DB = 25.0
MUSIC_STEPS, MUSIC_EVERY = 160, 8
BATCH = 16
SPEECH_PROXY, MUSIC_PROXY = 1.0, 0.3
"""Weights of valence and arousal that nobody rated, beside 1 of a rating."""
TAUGHT_SHARE = 0.5
"""Of a teacher's word in what rated music is asked; unrated music is asked it alone, at the weight of a proxy."""
PROXY_GAIN = 1.4
"""Places of acted categories are stretched by this: answers lie nearer to the middle than what they were taught."""
UNLABELLED = 0.25
Spectra = Mapping[Path, NDArray[np.generic]]
Taught = Mapping[Path, Sequence[tuple[float, float, float]]]
"""What a teacher says of music: (time in s, valence, arousal), unstretched, by the path of its clip."""


@dataclass(frozen=True)
class Mark:
    """A step of a sequence at which an answer is asked: of which clip, after how many steps of it, how far into it.

    weight: of its emotion in the fit, beside 1 of any other.
    """

    step: int
    clip: Clip | None
    since: int
    at_s: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True)
class Heard:
    """One sound from silence, log-mel [hops, mels], and where it is asked."""

    mel: Float32
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Moments:
    """Statistics of marked moments, float16 [N, values], and the marks."""

    statistics: NDArray[np.float16]
    marks: tuple[Mark, ...]


def pairs_of_voices(
    clips: Sequence[Clip], spectra: Spectra, around: Surroundings, rng: np.random.Generator
) -> Iterator[Heard]:
    """Every clip once, two after each other in one room; both of one split and fold."""
    groups: dict[tuple[str, int], list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.split, clip.fold].append(clip)
    pairs = []
    for group in groups.values():
        order = [group[place] for place in rng.permutation(len(group))]
        pairs += [(order[at], order[(at + 1) % len(order)]) for at in range(0, len(order), 2)]
    for place in rng.permutation(len(pairs)):
        first, second = pairs[place]
        yield _pair(first, second, spectra, around, rng)


def _pair(
    first: Clip, second: Clip, spectra: Spectra, around: Surroundings, rng: np.random.Generator
) -> Heard:
    mel = np.full((STEPS * ENCODER_HOPS, ENCODER_MEL.mels), np.log(ENCODER_MEL.floor), np.float32)
    marks: list[Mark] = []
    at = int(rng.integers(0, 3))
    for clip, room in ((first, FIRST_STEPS), (second, STEPS)):
        heard = spectra[clip.path].astype(np.float32)
        begun = _onset(heard)
        if clip is first and len(heard) - begun > FIRST_STEPS * ENCODER_HOPS and rng.random() < 0.5:
            begun = len(heard) - FIRST_STEPS * ENCODER_HOPS
        heard = heard[begun:]
        count = min(len(heard) // ENCODER_HOPS, room if clip is first else STEPS - at)
        mel[at * ENCODER_HOPS : (at + count) * ENCODER_HOPS] = heard[: count * ENCODER_HOPS] + _level(rng)
        since = sorted({*(step for step in ASKED_AFTER if step < count), count})
        marks += [Mark(at + step - 1, clip, step) for step in since if step >= ASKED_AFTER[0]]
        at += count
    return Heard(spoiled(mel, around, rng), tuple(marks))


def ends_of_clips(
    clips: Sequence[Clip], spectra: Spectra, weight: float = 1.0, below_db: float | None = None
) -> Iterator[Heard]:
    """Whole clips as they are scored: from silence, asked where they end and a little before.

    below_db: how far pink noise is below each voice; None leaves it as recorded. Of long clips the last 4.8 s.
    """
    pink = pink_noise() if below_db is not None else None
    for number, clip in enumerate(clips):
        mel = np.full((END_STEPS * ENCODER_HOPS, ENCODER_MEL.mels), np.log(ENCODER_MEL.floor), np.float32)
        whole = spectra[clip.path]
        steps = min(len(whole) // ENCODER_HOPS, END_STEPS)
        if not steps:
            continue
        last = len(whole) // ENCODER_HOPS * ENCODER_HOPS
        heard = np.array(whole[last - steps * ENCODER_HOPS : last], np.float32)
        if pink is not None and below_db is not None:
            heard = with_noise(heard, pink, below_db, np.random.default_rng([number]))
        mel[: len(heard)] = heard
        asked = sorted({steps, max(1, steps - BEFORE_END)})
        yield Heard(mel, tuple(Mark(step - 1, clip, FULL_AFTER, weight=weight) for step in asked))


def _level(rng: np.random.Generator) -> np.float32:
    """Voices are up to 6 dB apart: natural log of power."""
    return np.float32(rng.uniform(-0.7, 0.7))


def _onset(mel: Float32) -> int:
    """The hop shortly before a sound begins."""
    loudness = np.log(np.exp(mel).mean(axis=1) + ENCODER_MEL.floor)
    loud = loudness > loudness.max() - ONSET_DB * np.log(10.0) / 10.0
    return max(0, int(np.argmax(loud)) - 3)


def stretches_of_music(
    clips: Sequence[Clip],
    spectra: Spectra,
    around: Surroundings | None,
    rng: np.random.Generator,
    starts_s: Sequence[float] | None = None,
) -> Iterator[Heard]:
    """A stretch of 12.8 s of every piece, from anywhere or from `starts_s`; in a room where there is one."""
    for number, clip in enumerate(clips):
        mel = spectra[clip.path]
        hops = min(len(mel) // ENCODER_HOPS, MUSIC_STEPS) * ENCODER_HOPS
        last = len(mel) - hops
        start = int(rng.integers(last + 1)) if starts_s is None else min(last, round(starts_s[number] * 100))
        heard = np.array(mel[start : start + hops], np.float32)
        heard = recolour(heard, rng) if around is None else spoiled(heard, around, rng)
        padded = np.full((MUSIC_STEPS * ENCODER_HOPS, heard.shape[1]), np.log(ENCODER_MEL.floor), np.float32)
        padded[: len(heard)] = heard
        steps = range(MUSIC_EVERY, hops // ENCODER_HOPS + 1, MUSIC_EVERY)
        yield Heard(padded, tuple(Mark(step - 1, clip, step, 0.01 * start + step * STEP_S) for step in steps))


def unfelt_sequences(count: int, rng: np.random.Generator) -> Iterator[Heard]:
    """Sounds that feel nothing, asked from 0.8 s on."""
    for _ in range(count):
        mel = log_mel(unfelt_sound(rng, STEPS * STEP_S), ENCODER_MEL)[: STEPS * ENCODER_HOPS]
        yield Heard(mel, tuple(Mark(step - 1, None, step) for step in (10, 20, 35, 50, 65, 80)))


@torch.no_grad()
def collect(encoder: StreamingEncoder, sequences: Iterator[Heard], floors: Sequence[float] = ()) -> Moments:
    """Statistics at every mark; floors: of the input, every sequence is heard with each (none: the encoder's own)."""
    ears = [_with_floor(encoder, floor) for floor in floors] or [encoder]
    found: list[NDArray[np.float16]] = []
    marks: list[Mark] = []
    waiting: list[Heard] = []

    def flush() -> None:
        mel = torch.from_numpy(np.stack([one.mel for one in waiting]))
        for ear in ears:
            statistics, _ = ear.statistics(mel)
            for row, one in enumerate(waiting):
                places = [mark.step for mark in one.marks]
                found.append(statistics[row, places].numpy().astype(np.float16))
                marks.extend(one.marks)
        waiting.clear()

    for one in sequences:
        waiting.append(one)
        if len(waiting) == BATCH:
            flush()
    if waiting:
        flush()
    return Moments(np.concatenate(found), tuple(marks))


def _with_floor(encoder: StreamingEncoder, floor: float) -> StreamingEncoder:
    """The same layers and read-out, heard through another floor."""
    other = copy.copy(encoder)
    other.sizes = replace(encoder.sizes, input_floor=floor)
    return other


def points_of(moments: Moments, taught: Taught | None = None) -> Points:
    """What is asked at each moment; of music that is taught, what its teacher says."""
    counts = Counter((mark.clip.corpus, mark.clip.emotion) for mark in moments.marks if mark.clip is not None)
    rows = [_target(mark, counts, taught or {}) for mark in moments.marks]
    points = Points(
        torch.from_numpy(moments.statistics),
        smoothed(torch.tensor(np.array([row.emotion for row in rows]), dtype=torch.float32)),
        torch.tensor([row.emotion_weight for row in rows]),
        torch.tensor(np.array([row.plane for row in rows]), dtype=torch.float32),
        torch.tensor([row.plane_weight for row in rows]),
        torch.tensor([float(mark.clip is None) for mark in moments.marks]),
        torch.tensor([row.unfelt_weight for row in rows]),
    )
    return _balanced(points, moments)


def _place_of(clip: Clip) -> NDArray[np.float64]:
    """The stretched proxy of a voice; the middle where its category has none."""
    if not clip.points:
        return np.zeros(2)
    return np.clip(PROXY_GAIN * np.array([clip.points[0].valence, clip.points[0].arousal]), -1.0, 1.0)


@dataclass(frozen=True)
class _Target:
    emotion: NDArray[np.float64]
    emotion_weight: float
    plane: NDArray[np.float64]
    plane_weight: float
    unfelt_weight: float


def _target(
    mark: Mark, counts: Counter[tuple[str, str | None]],
    taught: Taught,
) -> _Target:  # fmt: skip
    even = np.full(len(EMOTIONS), 1.0 / len(EMOTIONS))
    if mark.clip is None:
        return _Target(even, 0.0, np.array(AT_REST), 0.5, 1.0)
    clip = mark.clip
    ripe = min(1.0, 0.2 + 0.8 * mark.since / FULL_AFTER)
    if clip.role == "speech":
        place = _place_of(clip)
        known = SPEECH_PROXY * ripe if clip.points else 0.0
        rare = counts[clip.corpus, clip.emotion] ** -0.4
        if clip.emotion is None:
            return _Target(even, 0.0, place, UNLABELLED * known * rare, UNLABELLED * ripe * rare)
        emotion = np.eye(len(EMOTIONS))[EMOTIONS.index(clip.emotion)]
        return _Target(emotion, mark.weight * ripe * rare, place, known * rare, ripe * rare)
    label = clip.annotation == "label"
    place = points_at(clip, np.array([mark.at_s]))[0]
    weight = 1.0 if label else MUSIC_PROXY
    if clip.path in taught:
        told = min(taught[clip.path], key=lambda one: abs(one[0] - mark.at_s))
        said = np.array(told[1:])
        place = (1.0 - TAUGHT_SHARE) * place + TAUGHT_SHARE * said if label else said
        label = True
    place = np.clip(place * (LABEL_GAIN if label else 1.0), -1.0, 1.0)
    return _Target(
        emotion_proxy(place[None])[0], EMOTION_PROXY_WEIGHT * ripe, place, weight * ripe, 0.5 * ripe
    )


SHARES = {"speech": 0.62, "music": 0.22, "unfelt": 0.16}
"""Of the draws of the fit."""


def _balanced(points: Points, moments: Moments) -> Points:
    """Weights scaled so that each kind has its share of all draws."""
    kinds = np.array(["unfelt" if mark.clip is None else mark.clip.role for mark in moments.marks])
    assert points.unfelt_weight is not None
    total = (points.emotion_weight + points.plane_weight + points.unfelt_weight).numpy()
    scale = np.ones(len(kinds), np.float32)
    for kind, share in SHARES.items():
        here = kinds == kind
        if here.any():
            scale[here] = share * len(kinds) / total[here].sum()
    by = torch.from_numpy(scale)
    return replace(
        points,
        emotion_weight=points.emotion_weight * by,
        plane_weight=points.plane_weight * by,
        unfelt_weight=points.unfelt_weight * by,
    )


def joined(parts: Sequence[Moments]) -> Moments:
    """Moments of several passes as one."""
    marks: list[Mark] = []
    for part in parts:
        marks.extend(part.marks)
    return Moments(np.concatenate([part.statistics for part in parts]), tuple(marks))
