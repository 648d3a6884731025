"""Figures of robustness, from what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.encoder.batches import STEP_S
from chromesthesia_training.encoder.offline import SCORED_STEPS
from chromesthesia_training.metrics.scores import macro_f1
from chromesthesia_training.robust.listening import Said
from chromesthesia_training.robust.voices import Change

Float64 = NDArray[np.float64]
NAMED_FROM = 0.3
"""Confidence above which a sound counts as named: the picture takes on the emotion then."""
NAMED_OVER_S = 3.0
STAYS_STEPS = 6
"""A change is named once the right emotion has been the likeliest for half a second."""
BINS = 10


@dataclass(frozen=True)
class ClipEnd:
    """What is said at the end of a clip, over its last half second.

    logits: mean of the logs of the probabilities, as clips are scored by; probabilities, plane: means.
    """

    logits: Float64
    probabilities: Float64
    plane: Float64


def clip_end(said: Said) -> ClipEnd:
    """The end of a clip; see `ClipEnd`."""
    last = said.probabilities[-SCORED_STEPS:]
    return ClipEnd(
        np.log(np.maximum(last, 1e-9)).mean(axis=0),
        last.mean(axis=0),
        said.plane[-SCORED_STEPS:].mean(axis=0),
    )


def scene_score(emotions: Sequence[int], ends: Sequence[ClipEnd]) -> float:
    """Macro-F1 over clips."""
    return macro_f1(emotions, [int(end.logits.argmax()) for end in ends])


def mean_probabilities(ends: Sequence[ClipEnd]) -> Float64:
    """Mean over clips: float64 [3]."""
    return np.asarray(np.mean([end.probabilities for end in ends], axis=0))


def recalls(emotions: Sequence[int], ends: Sequence[ClipEnd]) -> dict[str, float]:
    """Share of the clips of each emotion that are named right."""
    named = np.array([int(end.logits.argmax()) for end in ends])
    found = np.array(emotions)
    return {
        name: float((named[found == number] == number).mean())
        for number, name in enumerate(EMOTIONS)
        if (found == number).any()
    }


def floor_shift(clean: Sequence[ClipEnd], noisy: Sequence[ClipEnd]) -> dict[str, float]:
    """How far steady noise moves the mean probability of each emotion over the same clips."""
    moved = mean_probabilities(noisy) - mean_probabilities(clean)
    return dict(zip(EMOTIONS, moved.tolist(), strict=True))


def plane_places(emotions: Sequence[int], ends: Sequence[ClipEnd]) -> dict[str, tuple[float, float]]:
    """Mean valence and arousal of the clips of each emotion."""
    found = np.array(emotions)
    planes = np.array([end.plane for end in ends])
    places = {}
    for number, name in enumerate(EMOTIONS):
        if (found == number).any():
            valence, arousal = planes[found == number].mean(axis=0)
            places[name] = (float(valence), float(arousal))
    return places


def plane_distances(places: dict[str, tuple[float, float]]) -> dict[str, float]:
    """Distance of every two mean places."""
    return {
        f"{one}_{other}": float(np.hypot(*(np.array(places[one]) - np.array(places[other]))))
        for one, other in combinations(places, 2)
    }


def named_confidence(followed: Said) -> float:
    """Confidence in a sound that goes on, mean over its last three seconds, as far as the gate is open."""
    last = round(NAMED_OVER_S / STEP_S)
    return float((followed.confidence * followed.activity)[-last:].mean())


def seconds_to_name(change: Change, followed: Said) -> float | None:
    """Time from a change until the right emotion becomes the likeliest and stays so; None where it never does.

    A voice that was called by its next emotion before it changed is not counted as quick: None is for `never`, nan for
    this.
    """
    named = followed.probabilities.argmax(axis=1) == change.after
    first = round(change.at_s / STEP_S)
    if named[first - 1]:
        return float("nan")
    stays = np.convolve(named[first:], np.ones(STAYS_STEPS), "valid") == STAYS_STEPS
    return float((np.argmax(stays) + 1) * STEP_S) if stays.any() else None


def change_figures(times_s: Sequence[float | None]) -> dict[str, float]:
    """Median and 90th percentile over all changes, never being `never`, and the share that was named at all."""
    counted = np.array([np.inf if time_s is None else time_s for time_s in times_s], np.float64)
    counted = counted[~np.isnan(counted)]
    named = counted[np.isfinite(counted)]
    if not len(named):
        return {"changes": float(len(counted)), "share_named": 0.0}
    return {
        "changes": float(len(counted)),
        "called_so_before": float(len(times_s) - len(counted)),
        "share_named": len(named) / len(counted),
        "median_s": float(np.median(named)),
        "p90_s": float(np.quantile(named, 0.9)),
    }


def calibration_error(emotions: Sequence[int], ends: Sequence[ClipEnd]) -> float:
    """Expected calibration error: how far the greatest probability is from how often it is right, by ten bins."""
    sure = np.array([end.probabilities.max() for end in ends])
    right = np.array(
        [int(end.probabilities.argmax()) == emotion for emotion, end in zip(emotions, ends, strict=True)]
    )
    places = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(
        sum(
            (places == place).mean() * abs(sure[places == place].mean() - right[places == place].mean())
            for place in np.unique(places)
        )
    )
