"""Search for the generator's settings: short trainings, each judged by the emotions read from its pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.evaluate import evaluate
from chromesthesia_training.gan.settings import GanSettings
from chromesthesia_training.gan.train import train
from chromesthesia_training.tune.space import Number, Space
from chromesthesia_training.tune.study import Attempt, TuneReport, tune

SPACE: Space = {
    "generator_rate": Number(5e-5, 2e-3, log=True),
    "discriminator_rate": Number(5e-5, 2e-3, log=True),
    "rating_pull": Number(0.05, 1.0, log=True),
    "emotion_pull": Number(0.02, 0.5, log=True),
}
FIGURE = ("three_emotions", "made")


def search_generator(common: GanSettings, trials: int, folder: Path, samples: int = 200) -> TuneReport:
    """Train `common` with points of `SPACE` in folders below `folder`; the figure is emotion consistency of three.

    Every process given the same `folder` takes part. Raises TrainingError when a run cannot start.
    """
    if common.steps is None:
        raise TrainingError(
            "a search without steps", "give the steps of a trial: trials of one length compare"
        )

    def objective(attempt: Attempt) -> float:
        values = {name: float(value) for name, value in attempt.values.items()}
        run_dir = folder / attempt.key
        train(replace(common, run_dir=run_dir, **cast(dict[str, Any], values)))
        metrics: Any = evaluate(
            run_dir, common.art_dir, common.feature_weights, common.cache_dir, samples=samples
        )
        for name in FIGURE:
            metrics = metrics[name]
        return float(metrics)

    return tune(objective, SPACE, "generator", folder / "study.journal", trials, seed=common.seed)
