"""Optuna over what the reference searched: both learning rates, the base channels, both betas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from chromesthesia_training.cgan.train import CganData, CganSettings, train_cgan
from chromesthesia_training.tune import Attempt, Choice, Number, Space, TuneReport, tune
from chromesthesia_training.tune.space import Value

STUDY = "cgan"
SPACE: Space = {
    "lr_g": Number(1e-5, 1e-3, log=True),
    "lr_d": Number(5e-5, 1e-3, log=True),
    "base_channels": Choice((32, 64)),
    "beta1": Number(0.0, 0.5),
    "beta2": Number(0.9, 0.999),
}
Score = Callable[[Path], dict[str, float]]


def settings_with(common: CganSettings, values: Mapping[str, Value]) -> CganSettings:
    """The settings with values of `SPACE`."""
    return replace(
        common,
        lr_g=float(values["lr_g"]),
        lr_d=float(values["lr_d"]),
        base_channels=int(values["base_channels"]),
        beta1=float(values["beta1"]),
        beta2=float(values["beta2"]),
    )


def search(
    data: CganData, common: CganSettings, score: Score, folder: Path, trials: int, seed: int = 0
) -> TuneReport:
    """Train `trials` generators, each in a folder of its own; `score` measures the `generator.pt` that it is given.

    The figure searched for is `consistency_k5`, the balanced vote; the others are kept beside it.
    """

    def objective(attempt: Attempt) -> float:
        settings = settings_with(common, attempt.values)
        run_dir = folder / attempt.key
        train_cgan(data, settings, run_dir)
        figures = score(run_dir / "generator.pt")
        attempt.note(**figures)
        return figures["consistency_k5"]

    return tune(objective, SPACE, STUDY, folder / "study.journal", trials, seed=seed, prune=False)
