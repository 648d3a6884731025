"""What a model said of songs that it had not heard, kept so that an interrupted run goes on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class FoldAnswers:
    """Of one fold: `said` [test songs, targets] of the songs `rows`; `said_in_time` [their chunks, targets].

    chosen: what a search over settings has found, for the record; curve: figures by epoch.
    """

    fold: int
    rows: Int64
    said: Float64
    chunks: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    said_in_time: Float64 | None = None
    minutes: float = 0.0
    chosen: Mapping[str, Any] = field(default_factory=dict)
    curve: Sequence[Mapping[str, float]] = ()


def by_fold(
    folds: Int64,
    owner: Int64 | None,
    wanted: Sequence[int],
    run_dir: Path,
    key: Mapping[str, Any],
    fresh: bool,
    answer: Callable[[int, Int64, Int64, Path], FoldAnswers],
) -> list[FoldAnswers]:
    """`answer(fold, train songs, test songs, its folder)` for every fold wanted; kept answers of the same `key` count.

    folds: the fold of every song; owner: the song of every chunk, where there are chunks.
    """
    found = []
    for fold in wanted:
        test = np.flatnonzero(folds == fold)
        train = np.flatnonzero(folds != fold)
        folder = run_dir / f"fold-{fold}"
        text = json.dumps({**key, "songs": len(folds)}, sort_keys=True, default=str)
        kept = None if fresh else _read(folder / "answers.npz", text, fold, test)
        if kept is None:
            kept = answer(fold, train, test, folder)
            _write(folder / "answers.npz", text, kept)
            logger.info("%s: fold %d done", run_dir.name, fold)
        found.append(kept)
    return found


def _write(path: Path, key: str, answers: FoldAnswers) -> None:
    in_time = np.zeros((0, 0)) if answers.said_in_time is None else answers.said_in_time
    with whole_file(path) as file:
        np.savez(
            file,
            key=np.array(key),
            rows=answers.rows,
            said=answers.said,
            chunks=answers.chunks,
            said_in_time=in_time,
            minutes=np.array(answers.minutes),
            chosen=np.array(json.dumps(dict(answers.chosen), default=str)),
            curve=np.array(json.dumps(list(answers.curve))),
        )


def _read(path: Path, key: str, fold: int, test: Int64) -> FoldAnswers | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            if str(stored["key"]) != key or not np.array_equal(stored["rows"], test):
                return None
            in_time = stored["said_in_time"]
            return FoldAnswers(
                fold,
                stored["rows"],
                stored["said"],
                stored["chunks"],
                in_time if in_time.size else None,
                float(stored["minutes"]),
                json.loads(str(stored["chosen"])),
                json.loads(str(stored["curve"])),
            )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError):
        logger.warning("%s is damaged; this fold is done again", path)
        return None


def mean_of(members: Sequence[Sequence[FoldAnswers]]) -> list[FoldAnswers]:
    """An ensemble at even weights; in time only where every member answers in time."""
    blended = []
    for same in zip(*members, strict=True):
        in_time = [one.said_in_time for one in same if one.said_in_time is not None]
        blended.append(
            FoldAnswers(
                same[0].fold,
                same[0].rows,
                np.mean([one.said for one in same], axis=0),
                same[0].chunks,
                np.mean(in_time, axis=0) if len(in_time) == len(same) else None,
                sum(one.minutes for one in same),
            )
        )
    return blended


def song_means(values: Float64, owner: Int64, songs: Int64) -> Float64:
    """Mean over the chunks of each of `songs`: values [chunks, T] of the songs `owner` -> [songs, T]."""
    return np.stack([values[owner == song].mean(axis=0) for song in songs])
