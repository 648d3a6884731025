"""What is searched: named numbers and choices."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.trial import Trial

from chromesthesia_training.errors import TrainingError

Value = float | int | str | bool


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`, both possible; `log`: equally likely in every decade; `whole`: an integer."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    options: tuple[Value, ...]


Space = Mapping[str, Number | Choice]


def check_space(space: Space) -> None:
    """Raises TrainingError for a space with nothing to search, naming the entry."""
    if not space:
        raise TrainingError("the space to search is empty", "name at least one number or choice")
    for name, entry in space.items():
        if isinstance(entry, Choice):
            if not entry.options:
                raise TrainingError(f"{name} has no options", "give at least one")
        elif not (math.isfinite(entry.low) and math.isfinite(entry.high) and entry.low <= entry.high):
            raise TrainingError(f"{name} goes from {entry.low:g} to {entry.high:g}", "give low <= high")
        elif entry.log and entry.low <= 0:
            raise TrainingError(f"{name} is logarithmic from {entry.low:g}", "begin above 0")


def suggest(trial: Trial, space: Space) -> dict[str, Value]:
    """Draw a point of the space for a trial."""
    values: dict[str, Value] = {}
    for name, entry in space.items():
        if isinstance(entry, Choice):
            values[name] = trial.suggest_categorical(name, entry.options)  # type: ignore[assignment]
        elif entry.whole:
            values[name] = trial.suggest_int(name, round(entry.low), round(entry.high), log=entry.log)
        else:
            values[name] = trial.suggest_float(name, entry.low, entry.high, log=entry.log)
    return values


def as_plain(space: Space) -> dict[str, Any]:
    """The space in plain values, for a metrics file."""
    return {
        name: list(entry.options)
        if isinstance(entry, Choice)
        else [entry.low, entry.high, *(["log"] if entry.log else [])]
        for name, entry in space.items()
    }


def key_of(values: Mapping[str, Value]) -> str:
    """A short name of a point, the same for the same values: folders of trials are found again by it."""
    return hashlib.sha256(json.dumps(dict(values), sort_keys=True).encode()).hexdigest()[:12]
