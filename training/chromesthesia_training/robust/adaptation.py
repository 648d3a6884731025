"""What some marked moments are worth with unseen performers, into a metrics file: `encoders/adaptation.<pack>`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.emotion.head import LEAST_PROBABILITY, SETTINGS, HeadSettings, features, fit_head
from chromesthesia_training.corpora.datasets import DEFAULT_CACHE_DIR
from chromesthesia_training.errors import DataError
from chromesthesia_training.robust.measurement import DIGITS, Measurement, Progress, quiet
from chromesthesia_training.robust.performers import (
    LEFT,
    MOST_DRAWN,
    Drawn,
    Speaker,
    draw,
    named_clips,
    said_of,
    speakers_of,
)

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

COUNTS = (0, 1, 3, MOST_DRAWN)
"""Marks of each mood."""
DRAWS, DRAWS_TO_CHOOSE = 200, 40
GRID = tuple(
    HeadSettings(reach, ridge, level)
    for reach, ridge, level in product((2.0, 3.0, 4.0), (0.3, 1.0, 3.0, 6.0), (0.3, 1.0))
)
INTERVAL = (2.5, 97.5)
FULL_CLIP = 1.0


@dataclass(frozen=True)
class Scores:
    """Macro-F1 by draw and number of marks: of all clips together [draws, counts], of each speaker.

    by_speaker: [speakers, draws, counts].
    """

    together: Float64
    by_speaker: Float64

    def gain(self) -> Float64:
        """Of all clips together, over no marks: [draws, counts]."""
        return self.together - self.together[:, :1]

    def worth(self) -> float:
        """What settings are chosen by: mean gain at every number of marks, half by clip and half by speaker."""
        by_speaker = (self.by_speaker - self.by_speaker[..., :1]).mean(axis=(0, 1))
        return float(0.5 * (self.gain().mean(axis=0)[1:].mean() + by_speaker[1:].mean()))


def score(
    speakers: Sequence[Speaker],
    settings: HeadSettings,
    draws: int,
    seed: int,
    at_the_end: bool = True,
    tell: Callable[[int], None] = lambda done: None,
) -> Scores:
    """Marks by lot, the same for every number and setting; what is marked is never scored.

    at_the_end: a mark is the last second of its clip, else one anywhere in it.
    """
    heard = [_described(speaker) for speaker in speakers]
    together = np.empty((draws, len(COUNTS)))
    by_speaker = np.empty((len(speakers), draws, len(COUNTS)))
    for number in range(draws):
        drawn = [draw(speaker, number, seed) for speaker in speakers]
        targets = [speaker.moods[one.scored] for speaker, one in zip(speakers, drawn, strict=True)]
        for place, count in enumerate(COUNTS):
            named = [
                _named(speaker, one, said, count, settings, at_the_end)
                for speaker, one, said in zip(speakers, drawn, heard, strict=True)
            ]
            by_speaker[:, number, place] = [
                _macro_f1(right, said) for right, said in zip(targets, named, strict=True)
            ]
            together[number, place] = _macro_f1(np.concatenate(targets), np.concatenate(named))
        tell(number + 1)
    return Scores(together, by_speaker)


@dataclass(frozen=True)
class _Described:
    """Clips at their ends, over the last half second: mean log probability [n, 3], mean features [n, 129].

    What a head adds is linear in the features, so that the mean says all.
    """

    said: Float64
    features: Float64


def _described(speaker: Speaker) -> _Described:
    embedding, probabilities = speaker.scored()
    said = np.log(np.maximum(probabilities.astype(np.float64), LEAST_PROBABILITY))
    return _Described(said.mean(axis=1), features(embedding).mean(axis=1))


def _named(
    speaker: Speaker,
    drawn: Drawn,
    heard: _Described,
    count: int,
    settings: HeadSettings,
    at_the_end: bool,
) -> Int64:
    """The mood that each scored clip is called, by the mean log probability of its last half second."""
    marks = [
        speaker.mark(int(place), FULL_CLIP if at_the_end else float(moment))
        for places, moments in zip(drawn.marked, drawn.moments, strict=True)
        for place, moment in zip(places[:count], moments[:count], strict=True)
    ]
    head = fit_head(marks, settings)
    added = 0.0 if head is None else heard.features[drawn.scored] @ head.weights
    return np.asarray((heard.said[drawn.scored] + added).argmax(axis=1))


def _macro_f1(right: Int64, said: Int64) -> float:
    """As `metrics.scores.macro_f1`, which takes a millisecond for each of a hundred thousand."""
    moods = np.arange(len(EMOTIONS))
    both = (moods[:, None] == right) & (moods[:, None] == said)
    counts = np.bincount(right, minlength=len(moods)) + np.bincount(said, minlength=len(moods))
    return float((2.0 * both.sum(axis=1) / np.maximum(counts, 1)).mean())


def choose(
    speakers: Sequence[Speaker], draws: int, seed: int, tell: Progress = quiet
) -> tuple[HeadSettings, dict[str, float]]:
    """The settings that are worth most to these speakers, and what each of the grid is worth."""
    worth = {}
    for place, settings in enumerate(GRID):
        worth[settings] = score(speakers, settings, draws, seed).worth()
        tell("settings", place + 1, len(GRID))
    return max(worth, key=lambda settings: worth[settings]), {
        "reach {:g} ridge {:g} level {:g}".format(*settings): round(value, DIGITS)
        for settings, value in worth.items()
    }


def figures_of(speakers: Sequence[Speaker], scores: Scores) -> dict[str, Any]:
    """Macro-F1 and gain by number of marks, with an interval over draws, and by speaker."""
    gain = scores.gain()
    low, high = np.percentile(gain, INTERVAL, axis=0)
    mean = scores.by_speaker.mean(axis=1)
    return {
        "macro_f1": _by_count(scores.together.mean(axis=0)),
        "gain": _by_count(gain.mean(axis=0)),
        "gain_low": _by_count(low),
        "gain_high": _by_count(high),
        "gain_by_speaker": _by_count((mean - mean[:, :1]).mean(axis=0)),
        "better_draws": _by_count((gain > 0.0).mean(axis=0)),
        "speakers": {speaker.name: _by_count(row) for speaker, row in zip(speakers, mean, strict=True)},
    }


def _by_count(values: Float64) -> dict[str, float]:
    return {str(count): round(float(value), DIGITS) for count, value in zip(COUNTS, values, strict=True)}


def evaluate_adaptation(
    asked: Measurement,
    tell: Progress = quiet,
    cache_dir: Path = DEFAULT_CACHE_DIR,
    draws: int = DRAWS,
    draws_to_choose: int = DRAWS_TO_CHOOSE,
) -> Path:
    """Choose on validation speakers, score the engine's own settings on test speakers, write the metrics file.

    Raises:
        PackError: a pack that does not load.
        DataError: no unseen speaker with clips enough, or a sound that cannot be read.
    """
    pack, found = asked.read()
    clips, seed = named_clips(found), asked.seed
    if not clips:
        raise DataError("no unseen voice of the three moods", "add sounds of more speakers", "missing")
    steps = said_of(pack, clips, cache_dir, lambda done: tell("clips", done, len(clips)))
    speakers = speakers_of(clips, steps)
    val = [speaker for speaker in speakers if speaker.split == "val"]
    test = [speaker for speaker in speakers if speaker.split == "test" and speaker.corpus != "tess"]
    tess = [speaker for speaker in speakers if speaker.split == "test" and speaker.corpus == "tess"]
    if not test:
        raise DataError(
            "no unseen speaker with clips enough to mark and to score",
            f"give {MOST_DRAWN + LEFT} clips of each mood and speaker",
            "missing",
        )
    chosen, grid = choose(val, draws_to_choose, seed, tell) if val else (SETTINGS, {})

    def told(what: str) -> Callable[[int], None]:
        return lambda done: tell(what, done, draws)

    figures = figures_of(test, score(test, SETTINGS, draws, seed, tell=told("test speakers")))
    figures["anywhere"] = figures_of(
        test, score(test, SETTINGS, draws, seed, at_the_end=False, tell=told("marks anywhere"))
    )
    if tess:
        figures["with_tess"] = figures_of(
            [*test, *tess], score([*test, *tess], SETTINGS, draws, seed, tell=told("with TESS"))
        )
    if val:
        figures["validation"] = figures_of(
            val, score(val, SETTINGS, draws, seed, tell=told("validation speakers"))
        )
    return asked.write(
        pack,
        "adaptation",
        split="test: speakers that neither training nor selection heard, without TESS; settings chosen on "
        "validation speakers",
        data={
            "what": "named voices of unseen speakers with clips enough of each mood",
            "clips": int(sum(len(speaker.rows) for speaker in test)),
            "speakers": len(test),
            "corpora": sorted({speaker.corpus for speaker in test}),
            "validation_speakers": [speaker.name for speaker in val],
            "test_speakers": [speaker.name for speaker in test],
        },
        settings={
            "draws": draws,
            "marks": list(COUNTS),
            "head": SETTINGS._asdict(),
            "chosen": chosen._asdict(),
            "grid": grid,
        },
        figures=figures,
        notes=[
            f"marks of {MOST_DRAWN} clips of each of {', '.join(EMOTIONS)} by lot; scored on the speaker's other "
            "clips, the same ones for every number of marks; every clip from silence",
            "a mark is the last second of its clip, `anywhere`: a second anywhere in it; a clip's score is of its "
            "last half second",
            "gain: macro-F1 of all clips together over that without marks; low and high: 2.5 and 97.5 % of the "
            "draws; better_draws: share of the draws that gain",
            "few speakers, of which one has three clips in four: the interval is over marks, not over speakers",
        ],
    )
