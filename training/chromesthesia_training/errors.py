"""Errors of the training package; like the engine's: what failed, the value seen, the remedy."""

from __future__ import annotations

from chromesthesia.errors import ChromesthesiaError


class DataError(ChromesthesiaError):
    """A data set, sound file or label that cannot be used."""

    exit_code = 9


class TrainingError(ChromesthesiaError):
    """A run that cannot start, go on or be exported."""

    exit_code = 10
