"""The best offline encoder: an ensemble of a kernel machine and a fine-tuned pretrained net, at even weights."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32
from chromesthesia_training.data.splits import Split
from chromesthesia_training.offline.folds import Task, read_answers, write_answers
from chromesthesia_training.offline.kernel import KernelSettings, kernel_answers
from chromesthesia_training.offline.scoring import FoldAnswers

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


def kernel_folds(
    task: Task,
    descriptions: Mapping[str, Float32],
    splits: Sequence[Split],
    settings: KernelSettings,
    run_dir: Path,
    fresh: bool = False,
) -> list[FoldAnswers]:
    """The kernel machine through every split."""
    done = []
    for split in splits:
        key = json.dumps([asdict(settings), sorted(descriptions), len(split.train), int(split.train.sum())])
        path = run_dir / split.name.replace(" ", "-") / "answers.npz"
        answers = None if fresh else read_answers(path, key, split)
        if answers is None:
            begun_s = time.perf_counter()
            said = kernel_answers(descriptions, task.labels, task.groups, split.train, split.test, settings)
            answers = FoldAnswers(split.name, split.test, said, (time.perf_counter() - begun_s) / 60.0)
            write_answers(path, key, answers)
        done.append(answers)
    return done


def blend(members: Sequence[Sequence[FoldAnswers]]) -> list[FoldAnswers]:
    """Geometric mean of the members' probabilities, fold by fold: no weight is fitted to anything."""
    blended = []
    for parts in zip(*members, strict=True):
        logs = np.mean([np.log(np.maximum(part.probabilities, 1e-6)) for part in parts], axis=0)
        raised = np.exp(logs)
        blended.append(
            FoldAnswers(
                parts[0].name,
                parts[0].rows,
                raised / raised.sum(axis=1, keepdims=True),
                sum(part.minutes for part in parts),
                next((part.curve for part in parts if part.curve), ()),
            )
        )
    return blended


def crossed_targets(
    task: Task,
    descriptions: Mapping[str, Float32],
    splits: Sequence[Split],
    outer: Split,
    settings: KernelSettings,
) -> Float64:
    """The teacher's view of the training rows of `outer`: float64 [n, 3], rows of `outer.test` stay 0.

    Each training fold is answered by a kernel machine that trained on the other training folds, so neither the test
    speakers nor a clip's own speaker are among those that taught it.
    """
    targets = np.zeros((len(task.clips), 3))
    for inner in splits:
        if inner.name == outer.name:
            continue
        asked = np.intersect1d(outer.train, inner.test)
        train = np.setdiff1d(outer.train, asked)
        targets[asked] = kernel_answers(descriptions, task.labels, task.groups, train, asked, settings)
    return targets
