"""The grouped split of corpora that are published without: by speaker, song, game or artist, always the same."""

from __future__ import annotations

from collections.abc import Sequence

from chromesthesia_training.data.splits import grouped_folds

FOLDS = 5


def grouped_split(groups: Sequence[str], labels: Sequence[str]) -> list[tuple[str, int]]:
    """Split and fold of each row, no group in two: five folds (fewer where there are fewer groups), labels balanced.

    Fold 0 is the test split, fold 1 the val split, the rest trains: about 60 : 20 : 20. Of two groups one trains
    and one tests; a single group only trains.
    """
    count = len(set(groups))
    if count < 2:
        return [("train", 0)] * len(groups)
    folds = grouped_folds(groups, labels, min(FOLDS, count), seed=0).tolist()
    names = {0: "test"} if count == 2 else {0: "test", 1: "val"}
    return [(names.get(fold, "train"), fold) for fold in folds]
