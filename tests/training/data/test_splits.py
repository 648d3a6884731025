"""Splits: groups apart, labels balanced, every row once; the random protocol shares speakers and says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.splits import (
    Split,
    grouped_folds,
    grouped_split,
    protocol_splits,
    random_folds,
    require_classes,
)
from chromesthesia_training.errors import DataError

LABELS = ("angry", "happy", "sad")


def corpus(name: str, speakers: int, clips: int = 9) -> list[Clip]:
    return [
        Clip(
            path=Path(f"{name}/{speaker}/{number}.wav"),
            corpus=name,
            role="speech",
            group=f"speaker{speaker}",
            split="train",
            fold=speaker % 5,
            emotion=LABELS[number % 3],
            points=(),
            annotation="proxy",
        )
        for speaker in range(speakers)
        for number in range(clips)
    ]


CLIPS = [*corpus("one", 10), *corpus("two", 8), *corpus("pair", 2, clips=60)]


def groups_of(clips: list[Clip], rows: np.ndarray) -> set[tuple[str, str]]:
    return {(clips[row].corpus, clips[row].group) for row in rows}


def assert_apart(clips: list[Clip], split: Split) -> None:
    parts = [groups_of(clips, rows) for rows in (split.train, split.val, split.test)]
    assert all(parts)
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


def all_rows(split: Split) -> list[int]:
    return sorted(np.concatenate([split.train, split.val, split.test]).tolist())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 11), st.sampled_from(LABELS)), min_size=30, max_size=120),
    st.integers(2, 5),
    st.integers(0, 5),
)
def test_grouped_folds_never_share_a_group(rows: list[tuple[int, str]], folds: int, seed: int) -> None:
    groups = [f"g{group}" for group, _ in rows]
    labels = [label for _, label in rows]
    if len(set(groups)) < folds:
        return
    fold_of = grouped_folds(groups, labels, folds, seed)
    assert set(fold_of.tolist()) <= set(range(folds))
    assert all(len(set(fold_of[[g == group for g in groups]].tolist())) == 1 for group in set(groups))


def test_grouped_folds_balance_the_labels() -> None:
    clips = corpus("even", 20)
    fold_of = grouped_folds([clip.group for clip in clips], [str(clip.emotion) for clip in clips])
    for fold in range(5):
        counts = Counter(clips[row].emotion for row in np.flatnonzero(fold_of == fold))
        assert max(counts.values()) - min(counts.values()) <= 3
        assert sum(counts.values()) == 36


def test_the_seed_decides_the_folds() -> None:
    groups, labels = [f"g{number % 15}" for number in range(60)], [LABELS[number % 3] for number in range(60)]
    first, again, other = (grouped_folds(groups, labels, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_grouped_split_meets_its_shares() -> None:
    clips = corpus("many", 40)
    split = grouped_split([clip.group for clip in clips], [str(clip.emotion) for clip in clips], 0.2, 0.1)
    assert_apart(clips, split)
    assert all_rows(split) == list(range(len(clips)))
    assert len(split.test) / len(clips) == pytest.approx(0.1, abs=0.03)
    assert len(split.val) / len(clips) == pytest.approx(0.2, abs=0.06)


def test_the_group_protocol_tests_each_given_fold_once() -> None:
    splits = protocol_splits(CLIPS, "group")
    assert [split.name for split in splits] == [f"fold {fold}" for fold in range(5)]
    for fold, split in enumerate(splits):
        assert_apart(CLIPS, split)
        assert all_rows(split) == list(range(len(CLIPS)))
        assert {CLIPS[row].fold for row in split.test} == {fold}
        assert {CLIPS[row].corpus for row in split.val} == {"one", "two"}


def test_the_group_protocol_can_deal_folds_anew() -> None:
    splits = protocol_splits(CLIPS, "group", folds=4, seed=3, given_folds=False)
    assert len(splits) == 4
    assert sorted(np.concatenate([split.test for split in splits]).tolist()) == list(range(len(CLIPS)))
    for split in splits:
        assert_apart(CLIPS, split)


def test_leaving_a_corpus_out_tests_all_of_it_and_nothing_else() -> None:
    splits = protocol_splits(CLIPS, "leave_one_corpus_out")
    assert [split.name for split in splits] == ["one", "two", "pair"]
    for split in splits:
        assert_apart(CLIPS, split)
        assert {CLIPS[row].corpus for row in split.test} == {split.name}
        assert split.name not in {CLIPS[row].corpus for row in (*split.train, *split.val)}


def test_the_random_protocol_is_80_to_20_by_clip_and_shares_speakers() -> None:
    splits = protocol_splits(CLIPS, "random", val_share=0.0)
    assert sorted(np.concatenate([split.test for split in splits]).tolist()) == list(range(len(CLIPS)))
    for split in splits:
        assert len(split.test) == pytest.approx(0.2 * len(CLIPS), abs=3)
        np.testing.assert_array_equal(split.val, split.test)
        assert not set(split.train.tolist()) & set(split.test.tolist())
        assert groups_of(CLIPS, split.train) & groups_of(CLIPS, split.test)


def test_random_folds_can_choose_the_epoch_on_rows_of_their_own() -> None:
    for split in random_folds([str(clip.emotion) for clip in CLIPS], val_share=0.1):
        assert all_rows(split) == list(range(len(CLIPS)))
        assert len(split.val) == pytest.approx(0.08 * len(CLIPS), abs=3)


def test_a_class_with_one_clip_is_named() -> None:
    lonely = [*CLIPS, *corpus("more", 1, clips=1)]
    lonely[-1] = Clip(**{**{name: getattr(lonely[-1], name) for name in Clip.__slots__}, "emotion": "bored"})
    for protocol in ("group", "random", "leave_one_corpus_out"):
        with pytest.raises(DataError, match=r"too few clips of 'bored' \(1\)"):
            protocol_splits(lonely, protocol)
    require_classes(["a", "a", "b", "b"])


def test_too_few_groups_are_an_error() -> None:
    with pytest.raises(DataError, match="2 groups cannot make 5 folds"):
        grouped_folds(["a", "b", "a"], ["x", "x", "x"])
    with pytest.raises(DataError, match="needs two parts"):
        protocol_splits(corpus("only", 6), "leave_one_corpus_out")
    with pytest.raises(DataError, match="not known"):
        protocol_splits(CLIPS, "by heart")  # type: ignore[arg-type]


@pytest.mark.parametrize("clips", [[*corpus("pair", 2), *corpus("solo", 1)]])
def test_one_group_left_cannot_be_train_and_val(clips: list[Clip]) -> None:
    with pytest.raises(DataError, match="cannot be in train and val"):
        protocol_splits(clips, "leave_one_corpus_out")
