"""A search with Optuna whose trials several processes share through one file, and which goes on where it was left."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import optuna
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.tune.space import Space, Value, check_space, key_of, suggest

logger = logging.getLogger(__name__)

Mode = Literal["max", "min"]
STARTUP_TRIALS = 6
OWNER = "owner"
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
INTERRUPTED = "interrupted"


class Hopeless(Exception):  # noqa: N818 - no error: how a trial is given up
    """This trial is worse than the others were at its place; raised by `Attempt.report`."""


class Attempt:
    """One trial, as the objective sees it."""

    def __init__(self, trial: Trial, values: Mapping[str, Value], prune: bool) -> None:
        self._trial = trial
        self._prune = prune
        self.values = values
        self.number = trial.number
        self.key = key_of(values)
        """Names the point searched: a run folder of this name is found again when the trial is repeated."""

    def report(self, step: int, figure: float) -> None:
        """Tell a figure on the way. Raises Hopeless when the trial is to be given up."""
        self._trial.report(figure, step)
        if self._prune and self._trial.should_prune():
            raise Hopeless

    def note(self, **figures: float) -> None:
        """Keep further figures beside the one searched for."""
        for name, figure in figures.items():
            self._trial.set_user_attr(name, float(figure))

    def callback(self, monitor: str) -> Callback:
        """For `fit(..., callbacks=...)`: reports `monitor` after each validation."""
        return _Reporting(self, monitor)


class _Reporting(Callback):
    def __init__(self, attempt: Attempt, monitor: str) -> None:
        self.attempt = attempt
        self.monitor = monitor

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        figure = trainer.callback_metrics.get(self.monitor)
        if figure is not None:
            self.attempt.report(trainer.current_epoch, float(figure))


Objective = Callable[[Attempt], float]


@dataclass(frozen=True)
class TrialRow:
    """A trial that has ended: "complete", "pruned" or "fail"; `value` is None where it did not end well."""

    number: int
    state: str
    value: float | None
    values: Mapping[str, Value]
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TuneReport:
    """What a search has found so far, by all its workers.

    `importance` is each entry's share of the variance of the figure (fANOVA, Hutter et al. 2014); empty with fewer
    than four complete trials.
    """

    study_name: str
    mode: Mode
    best: Mapping[str, Value]
    best_value: float
    best_figures: Mapping[str, float]
    trials: tuple[TrialRow, ...]
    importance: Mapping[str, float]


def tune(
    objective: Objective,
    space: Space,
    study_name: str,
    storage: Path,
    trials: int,
    *,
    mode: Mode = "max",
    seed: int = 0,
    prune: bool = True,
) -> TuneReport:
    """Search `space` until `trials` of the study have ended, counting those of other workers and of earlier calls.

    Every process that is given the same `study_name` and `storage` works on the same study; on several machines the
    file lies on a shared disk. Points are proposed by TPE (Bergstra et al. 2011), seeded by the number of the trial;
    trials that fall behind the median of the others are pruned. A trial whose worker was killed or interrupted is
    repeated, with the same values, by whoever comes next on that machine.

    Raises:
        TrainingError: an empty space, no trial that ended well, or a storage that cannot be used.
        KeyboardInterrupt: on Ctrl-C; the trial is put back.
    """
    check_space(space)
    if trials < 1:
        raise TrainingError(f"trials is {trials}", "give 1 or more")
    study = open_study(study_name, storage, mode, create=True)
    _put_back_orphans(study)
    while _ended(study) < trials:
        trial = study.ask()
        # Proposals are drawn from here on: a seed of its own for each trial, whichever worker has it.
        study.sampler = _sampler(seed, trial.number)
        trial.set_user_attr(OWNER, [socket.gethostname(), os.getpid()])
        _one(study, trial, objective, space, prune)
    return report_of(study, mode)


def _one(study: Study, trial: Trial, objective: Objective, space: Space, prune: bool) -> None:
    attempt = Attempt(trial, suggest(trial, space), prune)
    shown = ", ".join(f"{name} {_short(value)}" for name, value in attempt.values.items())
    try:
        value = float(objective(attempt))
    except Hopeless:
        study.tell(trial, state=TrialState.PRUNED)
        logger.info("trial %d pruned: %s", trial.number, shown)
    except TrainingError as error:
        study.tell(trial, state=TrialState.FAIL)
        logger.warning("trial %d failed: %s: %s", trial.number, shown, error)
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        study.set_user_attr(f"{INTERRUPTED} {trial.number}", True)
        study.enqueue_trial(dict(attempt.values))
        raise
    else:
        if not np.isfinite(value):
            study.tell(trial, state=TrialState.FAIL)
            logger.warning("trial %d gave %s: %s", trial.number, value, shown)
            return
        study.tell(trial, value)
        logger.info("trial %d gave %.4g: %s", trial.number, value, shown)


def open_study(study_name: str, storage: Path, mode: Mode, create: bool = False) -> Study:
    """The study in a journal file, which appends under a lock and so is safe for processes and shared disks.

    Raises:
        TrainingError: the file is damaged, holds a study that looks the other way, or does not hold it.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if not create and not storage.exists():
        raise TrainingError(f"there is no study in {storage}", "search first: chromesthesia-train tune")
    try:
        storage.parent.mkdir(parents=True, exist_ok=True)
        lock = JournalFileOpenLock(str(storage)) if sys.platform == "win32" else None
        journal = JournalStorage(JournalFileBackend(str(storage), lock_obj=lock))
        study = optuna.create_study(
            storage=journal,
            study_name=study_name,
            direction="maximize" if mode == "max" else "minimize",
            sampler=_sampler(0, 0),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS - 1, n_warmup_steps=1),
            load_if_exists=True,
        )
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(
            f"the study in {storage} cannot be used: {error}", "give another --storage"
        ) from error
    wanted = StudyDirection.MAXIMIZE if mode == "max" else StudyDirection.MINIMIZE
    if study.direction is not wanted:
        raise TrainingError(
            f"study {study_name} in {storage} looks the other way", "give another name or storage"
        )
    return study


def _sampler(seed: int, number: int) -> optuna.samplers.BaseSampler:
    own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=own, n_startup_trials=STARTUP_TRIALS, constant_liar=True)


def _ended(study: Study) -> int:
    return len(_rows(study))


def _rows(study: Study) -> list[FrozenTrial]:
    trials = study.get_trials(deepcopy=False, states=ENDED)
    put_back = study.user_attrs
    return [trial for trial in trials if f"{INTERRUPTED} {trial.number}" not in put_back]


def _put_back_orphans(study: Study) -> None:
    """Trials of processes of this machine that are no more are ended and put back into the queue."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        host, process = trial.user_attrs.get(OWNER, [None, 0])
        if host != socket.gethostname() or _alive(int(process)):
            continue
        with suppress(ValueError, RuntimeError):  # another worker was first
            study.tell(trial.number, state=TrialState.FAIL)
            study.set_user_attr(f"{INTERRUPTED} {trial.number}", True)
            if trial.params:
                study.enqueue_trial(trial.params)
            logger.info("trial %d was left by a worker that is no more, and is repeated", trial.number)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def report_of(study: Study, mode: Mode) -> TuneReport:
    """What a study holds. Raises TrainingError when no trial has ended well."""
    rows = tuple(
        TrialRow(
            trial.number,
            trial.state.name.lower(),
            None if trial.state is TrialState.FAIL else trial.value,
            dict(trial.params),
            {name: value for name, value in trial.user_attrs.items() if isinstance(value, float)},
        )
        for trial in _rows(study)
    )
    complete = [row for row in rows if row.state == "complete"]
    if not complete:
        raise TrainingError(
            f"none of {len(rows)} trials of {study.study_name} ended well",
            "the log says why; narrow the space",
        )
    best = (max if mode == "max" else min)(complete, key=lambda row: row.value or 0.0)
    assert best.value is not None
    return TuneReport(
        study.study_name, mode, best.values, best.value, best.figures, rows, _importance(study, len(complete))
    )


def _importance(study: Study, complete: int) -> dict[str, float]:
    if complete < 4:
        return {}
    try:
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        return {
            name: float(share)
            for name, share in optuna.importance.get_param_importances(study, evaluator=evaluator).items()
        }
    except (ValueError, RuntimeError, ZeroDivisionError) as error:
        logger.warning("no importance: %s", error)
        return {}


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
