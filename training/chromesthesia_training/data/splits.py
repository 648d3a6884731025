"""Which clips train, choose and score: by speaker, song, game or artist, or the reference's random split by clip."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import DataError

Indexes = NDArray[np.int64]
Protocol = Literal["group", "random", "leave_one_corpus_out"]
PROTOCOLS: tuple[Protocol, ...] = ("group", "random", "leave_one_corpus_out")
FEWEST_PER_CLASS = 2


@dataclass(frozen=True)
class Split:
    """Row numbers, int64 and ascending: `train` fits, `val` chooses the epoch, `test` is only scored.

    name: the fold (`fold 0`) or what is left out (`tess`). In the reference's protocol `val` is `test`.
    """

    name: str
    train: Indexes
    val: Indexes
    test: Indexes


def grouped_folds(
    groups: Sequence[str], labels: Sequence[str], folds: int = 5, seed: int = 0
) -> NDArray[np.int64]:
    """Fold 0..folds-1 of each row: no group in two folds, labels spread as evenly as groups allow; int64 [rows].

    Greedy as in scikit-learn's StratifiedGroupKFold. Raises DataError where there are fewer groups than folds.
    """
    if len(set(groups)) < folds:
        raise DataError(
            f"{len(set(groups))} groups cannot make {folds} folds",
            "give more speakers, songs or artists, or ask for fewer folds",
        )
    fold_of = np.empty(len(groups), np.int64)
    dealer = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with (
        warnings.catch_warnings()
    ):  # a label with few rows cannot be in every fold; `require_classes` says so
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, rows) in enumerate(dealer.split(np.zeros(len(groups)), _safe(labels, folds), groups)):
            fold_of[rows] = fold
    return fold_of


def grouped_split(
    groups: Sequence[str],
    labels: Sequence[str],
    val_share: float = 0.15,
    test_share: float = 0.15,
    seed: int = 0,
) -> Split:
    """Train, val and test whose groups are apart; shares are of rows, and met as closely as whole groups allow."""
    rows = np.arange(len(groups))
    rest, test = _one_part(rows, groups, labels, test_share, seed)
    train, val = _one_part(rest, groups, labels, val_share / (1.0 - test_share), seed + 1)
    return Split("split", train, val, test)


def random_folds(labels: Sequence[str], folds: int = 5, seed: int = 0, val_share: float = 0.1) -> list[Split]:
    """The reference's protocol: random by clip, 80/20 for five folds, labels balanced, speakers shared.

    Its figures flatter: a speaker, often even the sentence, is in train and test. With `val_share` 0 the epoch is
    chosen on the test rows, as the reference did; otherwise on that share of the training rows. Raises DataError
    for a class with one row.
    """
    require_classes(labels)
    dealer = StratifiedKFold(folds, shuffle=True, random_state=seed)
    splits = []
    for fold, (rest, test) in enumerate(dealer.split(np.zeros(len(labels)), _safe(labels, folds))):
        if val_share == 0.0:
            splits.append(Split(f"fold {fold}", np.sort(rest), np.sort(test), np.sort(test)))
            continue
        inner = StratifiedKFold(max(2, round(1.0 / val_share)), shuffle=True, random_state=seed)
        part = _safe([labels[row] for row in rest], inner.n_splits)
        train, val = next(iter(inner.split(np.zeros(len(rest)), part)))
        splits.append(Split(f"fold {fold}", np.sort(rest[train]), np.sort(rest[val]), np.sort(test)))
    return splits


def protocol_splits(
    clips: Sequence[Clip],
    protocol: Protocol,
    folds: int = 5,
    seed: int = 0,
    val_share: float | None = None,
    given_folds: bool = True,
) -> list[Split]:
    """Every split of a protocol over `clips`; rows without an emotion count as a label of their own.

    group: fold `k` of the data (`Clip.fold`, or dealt anew with `given_folds` False) is the test; val is about a
    sixth of the other rows, of speakers (songs, games) that are in neither of the others. random: see
    `random_folds`. leave_one_corpus_out: a whole corpus is the test. Labels are balanced within each corpus. A
    corpus with fewer than three groups left gives none to val. Raises DataError for a class with one clip or too
    few groups.
    """
    labels = [clip.emotion or "other" for clip in clips]
    require_classes(labels)
    strata = [f"{clip.corpus} {label}" for clip, label in zip(clips, labels, strict=True)]
    groups = [f"{clip.corpus} {clip.group}" for clip in clips]
    if protocol == "random":
        return random_folds(
            strata_with_two(strata, labels), folds, seed, 0.1 if val_share is None else val_share
        )
    if protocol == "group":
        of_fold = (
            np.array([clip.fold for clip in clips], np.int64)
            if given_folds
            else grouped_folds(groups, strata, folds, seed)
        )
        tests = {f"fold {fold}": of_fold == fold for fold in np.unique(of_fold).tolist()}
    elif protocol == "leave_one_corpus_out":
        corpora = np.array([clip.corpus for clip in clips])
        tests = {str(name): corpora == name for name in dict.fromkeys(corpora.tolist())}
    else:
        raise DataError(f"protocol {protocol!r} is not known", f"use one of {', '.join(PROTOCOLS)}")
    if len(tests) < 2:
        raise DataError(
            f"protocol {protocol!r} needs two parts, the data are of one ({', '.join(tests)})",
            "give more groups or corpora",
        )
    splits = []
    for name, is_test in tests.items():
        rest = np.flatnonzero(~is_test)
        train, val = _one_part(rest, groups, strata, 1 / 6 if val_share is None else val_share, seed, clips)
        splits.append(Split(name, train, val, np.flatnonzero(is_test)))
    return splits


def require_classes(labels: Sequence[str], fewest: int = FEWEST_PER_CLASS) -> None:
    """Raise DataError naming every class with fewer than `fewest` rows: it cannot be both learned and scored."""
    counts = Counter(labels)
    if small := sorted(label for label, count in counts.items() if count < fewest):
        raise DataError(
            f"too few clips of {', '.join(f'{label!r} ({counts[label]})' for label in small)}",
            f"give each class at least {fewest} clips, or leave it out",
            "small class",
        )


def strata_with_two(strata: Sequence[str], labels: Sequence[str]) -> list[str]:
    """`strata`, with those of a single row merged into their label: a random split needs two of each."""
    counts = Counter(strata)
    return [stratum if counts[stratum] > 1 else label for stratum, label in zip(strata, labels, strict=True)]


def _one_part(
    rows: Indexes,
    groups: Sequence[str],
    strata: Sequence[str],
    share: float,
    seed: int,
    clips: Sequence[Clip] | None = None,
) -> tuple[Indexes, Indexes]:
    """`rows` without a part of about `share`, and that part, dealt by group; from corpora of three groups or more."""
    candidates = rows
    if clips is not None:
        left: dict[str, set[str]] = {}
        for row in rows:
            left.setdefault(clips[row].corpus, set()).add(groups[row])
        many = np.array([len(left[clips[row].corpus]) >= 3 for row in rows], bool)
        candidates = rows[many] if many.any() else rows
    group_list = [groups[row] for row in candidates]
    parts = min(max(2, round(1.0 / share)), len(set(group_list)))
    if parts < 2:
        raise DataError(
            f"one group ({group_list[0]!r}) cannot be in train and val",
            "give more speakers, songs or artists",
        )
    chosen = grouped_folds(group_list, [strata[row] for row in candidates], parts, seed) == 0
    part = np.sort(candidates[chosen])
    return np.setdiff1d(rows, part), part


def _safe(labels: Sequence[str], parts: int) -> list[str]:
    """Labels that scikit-learn can deal into `parts`: it refuses when every class is smaller than that."""
    counts = Counter(labels)
    return list(labels) if max(counts.values()) >= parts else ["all"] * len(labels)
