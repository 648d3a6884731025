"""An encoder through every split of a protocol: trained, asked, its answers kept so that an interrupted run goes on."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.records import Float32
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.splits import Protocol, Split, protocol_splits
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit import FitReport, FitSettings, fit, load_best
from chromesthesia_training.offline.loading import Rows, scoring_loader, training_loader
from chromesthesia_training.offline.models import ClipEncoder
from chromesthesia_training.offline.module import ClipClassifier, Recipe, answer, draw_weights, one_hot
from chromesthesia_training.offline.scoring import FoldAnswers
from chromesthesia_training.offline.views import Views, network_input
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
CHOOSING_SHARE = 1 / 8
REFIT = "refit"
"""Below a fold's run: the run on the choosing rows too, where the recipe has one."""


Teacher = Callable[[Split], Float64]
"""Soft targets [n, 3] of all rows that a split trains on, each by one who did not hear its speaker or clip."""


@dataclass(frozen=True)
class Task:
    """The clips with their labels int64 [n] and views."""

    clips: Sequence[Clip]
    labels: Int64
    views: Views

    @property
    def groups(self) -> list[tuple[str, int]]:
        """(corpus, label) of every clip."""
        return [(clip.corpus, int(label)) for clip, label in zip(self.clips, self.labels, strict=True)]


def speaker_splits(clips: Sequence[Clip], protocol: Protocol = "group", tess: bool = False) -> list[Split]:
    """Splits whose training rows are all others; nothing is chosen on `val`, the test. `tess`: TESS trains too.

    Raises DataError for a class with one clip, or where a speaker would be on both sides.
    """
    splits = []
    for split in protocol_splits(clips, protocol):
        train = np.union1d(split.train, split.val)
        if not tess:
            train = np.array([row for row in train if clips[row].corpus != "tess"], dtype=np.int64)
        splits.append(Split(split.name, train, split.test, split.test))
    return splits


def choosing_splits(clips: Sequence[Clip], protocol: Protocol = "group", tess: bool = False) -> list[Split]:
    """As `speaker_splits`, with a part of the training clips set aside in `val` to end training by.

    By speaker it is of an eighth of the other speakers, else of a tenth of the other clips.
    """
    splits = []
    for split in protocol_splits(clips, protocol, val_share=None if protocol == "random" else CHOOSING_SHARE):
        train, val = (
            np.array([row for row in rows if tess or clips[row].corpus != "tess"], dtype=np.int64)
            for rows in (split.train, split.val)
        )
        splits.append(Split(split.name, train, val, split.test))
    return splits


def clip_inputs(encoder: ClipEncoder, views: Views, rows: Int64, train: Int64) -> tuple[Tensor, Tensor]:
    """What the encoder takes of `rows`, and the mask; functionals are standardised on the rows `train`."""
    if encoder.takes == "functionals":
        mean, deviation = views.described[train].mean(axis=0), views.described[train].std(axis=0) + 1e-6
        scaled: Float32 = np.clip((views.described[rows] - mean) / deviation, -4.0, 4.0).astype(np.float32)
        return torch.from_numpy(scaled), torch.ones(len(rows), 1)
    if encoder.takes == "layer7":
        steps = torch.from_numpy(views.steps7[rows])
        return torch.from_numpy(views.layer7[rows]), (
            torch.arange(views.layer7.shape[2])[None] < steps[:, None]
        ).float()
    spectra, mask = network_input(views, rows)
    return spectra.half(), mask


def train_fold(
    make: Callable[[], ClipEncoder],
    task: Task,
    split: Split,
    recipe: Recipe,
    run_dir: Path,
    seed: int,
    fresh: bool,
    teacher: Teacher | None = None,
    refit_epochs: int | None = None,
) -> FoldAnswers:
    """Train on `split.train`, end and choose the epoch by `split.val`, and answer the test rows, which choose nothing.

    A recipe without patience ends after its epochs and its last weights count; the curve is then of `split.val`, too.
    One that is taught asks `teacher` for the targets float64 [n, 3] of the rows it trains on. refit_epochs: a fresh net
    learns the rows of `split.val` too, for so many epochs along one cycle, and answers.
    """
    module, report = _fitted(make, task, split, recipe, run_dir, seed, fresh, teacher)
    minutes, heard = report.minutes, split.train
    if refit_epochs is not None:
        again = replace(recipe, patience=None, epochs=refit_epochs)
        whole = Split(split.name, np.union1d(split.train, split.val), split.val[:0], split.test)
        key = json.dumps([asdict(again), seed, len(whole.train), int(whole.train.sum())])
        anew = fresh or not _same_run(run_dir / REFIT / "key.json", key)
        module, refitted = _fitted(make, task, whole, again, run_dir / REFIT, seed, anew, teacher)
        minutes, heard = minutes + refitted.minutes, whole.train
    elif recipe.patience is not None:
        load_best(module, report)
    asked = clip_inputs(module.encoder, task.views, split.test, heard)
    probabilities = answer(module.encoder, *asked, recipe.moved_answers)
    return FoldAnswers(split.name, split.test, probabilities, minutes, _curve(report.history))


def best_epoch(curves: Sequence[Sequence[Mapping[str, float]]]) -> int:
    """The epoch at which the mean of the curves' macro-F1 is best; a curve that ended earlier stays at its last value.

    One part that is set aside may hold a single speaker of a language, and say to stop at once: all of them do not.
    """
    scores = [[point["val_macro_f1"] for point in curve] for curve in curves]
    length = max(map(len, scores))
    mean = np.mean([[*one, *[one[-1]] * (length - len(one))] for one in scores], axis=0)
    return int(mean.argmax()) + 1


def _fitted(
    make: Callable[[], ClipEncoder],
    task: Task,
    split: Split,
    recipe: Recipe,
    run_dir: Path,
    seed: int,
    fresh: bool,
    teacher: Teacher | None,
) -> tuple[ClipClassifier, FitReport]:
    """One run in `run_dir`, validated on `split.val` where it has rows; the module holds its last weights."""
    torch.manual_seed(seed)
    encoder = make()
    targets = one_hot(task.labels)
    if recipe.taught > 0.0:
        if teacher is None:
            raise TrainingError(
                f"{recipe.taught:g} of the targets are to be taught, and there is no teacher", "give one"
            )
        taught = torch.from_numpy(teacher(split)).float()
        targets = (1.0 - recipe.taught) * targets + recipe.taught * taught
    train = Rows(*clip_inputs(encoder, task.views, split.train, split.train), targets[split.train])
    weights = draw_weights([task.groups[row] for row in split.train], recipe.balance)
    loader = training_loader(train, weights, recipe.batch, seed)
    choosing = None
    if len(split.val):
        asked = clip_inputs(encoder, task.views, split.val, split.train)
        choosing = scoring_loader(Rows(*asked, one_hot(task.labels[split.val])))
    module = ClipClassifier(encoder, recipe, len(loader) * recipe.epochs, seed)
    settings = FitSettings(
        run_dir,
        max_epochs=recipe.epochs,
        patience=recipe.patience,
        ema_decay=recipe.average,
        seed=seed,
        checkpoint_every_steps=10_000,
    )
    return module, fit(module, loader, choosing, settings, resume=not fresh)


def _curve(history: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    kept = ("epoch", "loss", "val_macro_f1", "val_accuracy")
    return [{name: round(float(point[name]), 4) for name in kept if name in point} for point in history]


def run_folds(
    make: Callable[[], ClipEncoder],
    task: Task,
    splits: Sequence[Split],
    recipe: Recipe,
    run_dir: Path,
    seed: int = 0,
    fresh: bool = False,
    teacher: Teacher | None = None,
) -> list[FoldAnswers]:
    """Every split in turn; one whose answers lie in `run_dir` from the same recipe and rows is not trained again.

    A recipe that is refitted trains every split to its end first: the epochs that count are one number for all.
    """
    keys = [
        json.dumps([asdict(recipe), seed, len(split.train), int(split.train.sum()), int(split.val.sum())])
        for split in splits
    ]
    folders = [run_dir / split.name.replace(" ", "-") for split in splits]
    again = recipe.refit and recipe.patience is not None
    kept_as = [json.dumps([key, [one.name for one in splits]]) if again else key for key in keys]
    done = [
        None if fresh else read_answers(folder / "answers.npz", key, split)
        for folder, key, split in zip(folders, kept_as, splits, strict=True)
    ]
    if all(done):
        return [answers for answers in done if answers is not None]
    anew = [
        fresh or not _same_run(folder / "key.json", key) for folder, key in zip(folders, keys, strict=True)
    ]
    epochs = None
    if again:
        curves = []
        for split, folder, renew in zip(splits, folders, anew, strict=True):
            curves.append(_fitted(make, task, split, recipe, folder, seed, renew, teacher)[1].history)
            logger.info("%s %s: %d epochs to choose from", run_dir.name, split.name, len(curves[-1]))
        epochs, anew = best_epoch(curves), [False] * len(splits)
        logger.info("%s: %d epochs are best", run_dir.name, epochs)
    for place, (split, folder) in enumerate(zip(splits, folders, strict=True)):
        if done[place] is None:
            begun_s = time.process_time()
            answers = train_fold(make, task, split, recipe, folder, seed, anew[place], teacher, epochs)
            write_answers(folder / "answers.npz", kept_as[place], answers)
            done[place] = answers
            logger.info(
                "%s %s: %.0f s of processor time", run_dir.name, split.name, time.process_time() - begun_s
            )
    return [answers for answers in done if answers is not None]


def _same_run(path: Path, key: str) -> bool:
    """Whether the folder holds a run of `key`, whose checkpoints may be gone on from; else it is marked as one."""
    if path.is_file() and path.read_text(encoding="utf-8") == key:
        return True
    with whole_file(path) as file:
        file.write(key.encode())
    return False


def write_answers(path: Path, key: str, answers: FoldAnswers) -> None:
    """Keep the answers of one fold, whole or not at all."""
    with whole_file(path) as file:
        np.savez(
            file,
            key=np.array(key),
            rows=answers.rows,
            probabilities=answers.probabilities,
            minutes=np.array(answers.minutes),
            curve=np.array(json.dumps(list(answers.curve))),
        )


def read_answers(path: Path, key: str, split: Split) -> FoldAnswers | None:
    """Answers kept under the same key for the same rows; None where there are none."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            if str(stored["key"]) != key or not np.array_equal(stored["rows"], split.test):
                return None
            return FoldAnswers(
                split.name,
                stored["rows"],
                stored["probabilities"],
                float(stored["minutes"]),
                json.loads(str(stored["curve"])),
            )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError):
        logger.warning("%s is damaged; training this fold again", path)
        return None
