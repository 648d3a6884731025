"""Errors of the training package; like the engine's: what failed, the value seen, the remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from chromesthesia.core.errors import ChromesthesiaError

Kind = Literal[
    "missing",
    "corrupt",
    "damaged",
    "empty",
    "short",
    "silent",
    "label",
    "scale",
    "split",
    "leak",
    "duplicate",
    "small class",
    "layout",
    "disk",
    "licence",
    "unusable",
]
"""What can be wrong with data."""


class DataError(ChromesthesiaError):
    """A data set, sound file, picture or label that cannot be used; `kind` names what is wrong with it."""

    exit_code = 9

    def __init__(self, message: str, remedy: str = "", kind: Kind = "unusable") -> None:
        super().__init__(message, remedy)
        self.kind: Kind = kind


class LicenceError(DataError):
    """A file whose licence does not let weights be used for anything, where only free ones may train."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy, "licence")


class TrainingError(ChromesthesiaError):
    """A run that cannot start, go on or be exported."""

    exit_code = 10


Report = Callable[[DataError], None]
"""What a reader does with each problem: `stop` for training; the validator collects them and reads on."""


def stop(problem: DataError) -> None:
    """Raise the problem."""
    raise problem
