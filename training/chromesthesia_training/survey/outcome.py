"""What the answers of a survey come to: hit rate, agreement, ratings against what was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.survey.agreement import krippendorff_alpha, over_raters, wilson
from chromesthesia_training.survey.answers import Answer
from chromesthesia_training.survey.questions import CHOICES, Questions

FEWEST_PICTURES = 3
NO_ANSWERS = "no answers yet: nothing is reported"


def outcome(questions: Questions, answers: Sequence[Answer]) -> dict[str, Any]:
    """Figures by name; a part without an answer is left out, and without any all of it.

    match: hit rate beside luck, its interval over raters (by Wilson where there is one), alpha of the choices.
    rate: alpha of each scale, means by picture, r with what was asked where three pictures or more say it.
    """
    found: dict[str, Any] = {"answers": len(answers), "raters": len({one.rater for one in answers})}
    fits = {match.key: match.fits for match in questions.matches}
    chosen = [one for one in answers if one.choice is not None]
    if chosen:
        found["match"] = _match(chosen, fits)
    rated = [one for one in answers if one.pleasant is not None]
    if rated:
        found["rate"] = _rate(rated, questions)
    return found


def _match(chosen: Sequence[Answer], fits: dict[str, int]) -> dict[str, Any]:
    by_rater: dict[str, list[float]] = defaultdict(list)
    for one in chosen:
        by_rater[one.rater].append(float(one.choice == fits[one.question]))
    hits, count = int(sum(map(sum, by_rater.values()))), len(chosen)
    interval = over_raters(by_rater, lambda values: float(values.mean()))
    return {
        "answers": count,
        "hit_rate": hits / count,
        "by_luck": 1.0 / CHOICES,
        "interval": list(interval or wilson(hits, count)),
        "interval_of": "whole raters drawn again" if interval else "Wilson, one rater",
        "alpha": krippendorff_alpha(_grid(chosen, lambda one: one.choice), "nominal"),
    }


def _rate(rated: Sequence[Answer], questions: Questions) -> dict[str, Any]:
    found: dict[str, Any] = {"answers": len(rated)}
    for scale, asked in (("pleasant", "valence"), ("stirring", "arousal")):
        by_picture: dict[str, list[int]] = defaultdict(list)
        for one in rated:
            by_picture[one.question].append(getattr(one, scale))
        pairs = [
            (getattr(rate, asked), float(np.mean(by_picture[rate.key])))
            for rate in questions.rates
            if rate.key in by_picture and getattr(rate, asked) is not None
        ]
        wanted, said = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
        varies = len(pairs) >= FEWEST_PICTURES and wanted.std() > 0.0 and said.std() > 0.0
        found[scale] = {
            "mean": float(np.mean([value for values in by_picture.values() for value in values])),
            "alpha": krippendorff_alpha(_grid(rated, attrgetter(scale)), "interval"),
            "pictures": len(by_picture),
            f"r_with_{asked}_asked": float(np.corrcoef(wanted, said)[0, 1]) if varies else None,
        }
    return found


def _grid(answers: Sequence[Answer], value: Callable[[Answer], int | None]) -> NDArray[np.float64]:
    """Answers as [raters, questions], NaN where none was given."""
    raters = list(dict.fromkeys(one.rater for one in answers))
    keys = list(dict.fromkeys(one.question for one in answers))
    grid = np.full((len(raters), len(keys)), np.nan)
    for one in answers:
        said = value(one)
        if said is not None:
            grid[raters.index(one.rater), keys.index(one.question)] = said
    return grid
