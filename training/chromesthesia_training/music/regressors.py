"""The reference's six regressors on hand-made features, and a kernel machine of our own, each chosen by inner folds.

Every choice is made inside the training songs: their own folds, grouped as the outer ones, are left out in turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.music.answers import FoldAnswers, by_fold

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Numbers = NDArray[Any]
CLIP = 4.0
"""Deviations from the mean of the training songs beyond which a feature is cut."""
QUICK_TREES = 4
TRAIN_EVERY = 3
"""For answers in time every third chunk of the training songs is learnt: neighbours differ little."""


@dataclass(frozen=True)
class Regressor:
    """A model of scikit-learn's kind; `grid` holds the values that are tried."""

    title: str
    make: Callable[[int], Any]
    grid: Mapping[str, tuple[Any, ...]]

    def quick(self) -> Regressor:
        """The same with one point of its grid and a few trees: for runs whose figures mean nothing."""
        few: dict[str, tuple[Any, ...]] = {name: values[:1] for name, values in self.grid.items()}
        if "n_estimators" in self.make(0).get_params():
            few["n_estimators"] = (QUICK_TREES,)
        return Regressor(self.title, self.make, few)


def _ridge(seed: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge()


def _lasso(seed: int) -> Any:
    from sklearn.linear_model import Lasso

    return Lasso(max_iter=3_000, tol=1e-3)


def _svr(seed: int) -> Any:
    from sklearn.svm import SVR

    return SVR()


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(120, random_state=seed, n_jobs=1)


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(
        n_estimators=120, learning_rate=0.08, subsample=0.7, max_features=0.1, random_state=seed
    )


def xgboost(seed: int) -> Any:
    """Boosted trees as the reference's best model, on one thread."""
    from xgboost import XGBRegressor

    return XGBRegressor(
        n_estimators=150, learning_rate=0.08, subsample=0.7, colsample_bytree=0.3, min_child_weight=3,
        tree_method="hist", max_bin=64, random_state=seed, n_jobs=1,
    )  # fmt: skip


REGRESSORS: dict[str, Regressor] = {
    "ridge": Regressor("ridge", _ridge, {"alpha": (10.0, 100.0, 1_000.0, 10_000.0)}),
    "lasso": Regressor("lasso", _lasso, {"alpha": (0.01, 0.03, 0.1, 0.3)}),
    "svr": Regressor("SVR", _svr, {"C": (0.3, 1.0, 3.0), "gamma": (0.0003, 0.001)}),
    "random_forest": Regressor(
        "random forest", _forest, {"min_samples_leaf": (2, 5), "max_features": (0.1, 0.3)}
    ),
    "gradient_boosting": Regressor("gradient boosting", _boosting, {"max_depth": (2, 4)}),
    "xgboost": Regressor("XGBoost", xgboost, {"max_depth": (2, 4), "reg_lambda": (1.0, 10.0)}),
}


@dataclass(frozen=True)
class Chosen:
    """A fitted model with the scaling of its inputs and targets, and what the search chose."""

    model: Any
    middle: Numbers
    spread: Numbers
    target: tuple[float, float]
    parameters: Mapping[str, Any]

    def __call__(self, features: Numbers) -> Float64:
        """Ratings of rows [n, values]: [n]."""
        scaled = np.clip((features - self.middle) / self.spread, -CLIP, CLIP)
        return np.asarray(
            self.model.predict(scaled).reshape(-1) * self.target[1] + self.target[0], np.float64
        )


def search(regressor: Regressor, features: Numbers, wanted: Float64, folds: Int64, seed: int = 0) -> Chosen:
    """The model whose grid point has the least squared error over the inner folds, fitted on all rows.

    features [n, values], wanted [n], folds [n]: which inner fold each row is in, grouped by song or series.
    """
    if all(len(values) == 1 for values in regressor.grid.values()):
        only = {name: values[0] for name, values in regressor.grid.items()}
        return fit_chosen(regressor, only, features, wanted, seed)
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    target = (float(wanted.mean()), float(wanted.std()) + 1e-9)
    scaled = np.clip((features - middle) / spread, -CLIP, CLIP)
    standard = (wanted - target[0]) / target[1]
    inner = np.unique(folds, return_inverse=True)[1]
    found = GridSearchCV(
        regressor.make(seed),
        {name: list(values) for name, values in regressor.grid.items()},
        scoring="neg_mean_squared_error",
        cv=PredefinedSplit(inner),
    ).fit(scaled, standard)
    return Chosen(found.best_estimator_, middle, spread, target, dict(found.best_params_))


def fit_chosen(
    regressor: Regressor, parameters: Mapping[str, Any], features: Numbers, wanted: Float64, seed: int
) -> Chosen:
    """The model at given parameters, fitted on rows."""
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    target = (float(wanted.mean()), float(wanted.std()) + 1e-9)
    scaled = np.clip((features - middle) / spread, -CLIP, CLIP)
    model = regressor.make(seed).set_params(**parameters).fit(scaled, (wanted - target[0]) / target[1])
    return Chosen(model, middle, spread, target, parameters)


def regress_folds(
    regressor: Regressor,
    features: Numbers,
    labels: Float64,
    folds: Int64,
    run_dir: Path,
    key: Mapping[str, Any],
    fresh: bool = False,
    seed: int = 0,
    wanted: Sequence[int] = range(5),
    in_time: tuple[Numbers, Float64, Int64] | None = None,
) -> list[FoldAnswers]:
    """One model a target and fold, chosen by search on the songs of the other folds.

    features [songs, values], labels [songs, T], folds [songs]. in_time: features, labels and songs of the chunks;
    then a model of the chosen parameters learns every third chunk and answers those of the test songs.
    """

    def one(fold: int, train: Int64, test: Int64, folder: Path) -> FoldAnswers:
        begun_s = time.process_time()
        said, timed, chosen = [], [], {}
        chunks = np.zeros(0, np.int64)
        for target in range(labels.shape[1]):
            model = search(regressor, features[train], labels[train, target], folds[train], seed)
            said.append(model(features[test]))
            chosen[str(target)] = dict(model.parameters)
            if in_time is not None:
                of_chunks, rated, owner = in_time
                learn = np.flatnonzero(np.isin(owner, train))[::TRAIN_EVERY]
                chunks = np.flatnonzero(np.isin(owner, test))
                later = fit_chosen(regressor, model.parameters, of_chunks[learn], rated[learn, target], seed)
                timed.append(later(of_chunks[chunks]))
        minutes = (time.process_time() - begun_s) / 60.0
        return FoldAnswers(
            fold, test, np.stack(said, axis=1), chunks, np.stack(timed, axis=1) if timed else None,
            minutes, chosen,
        )  # fmt: skip

    whole_key = {"grid": dict(regressor.grid), "seed": seed, **key}
    return by_fold(folds, None, wanted, run_dir, whole_key, fresh, one)


RIDGES = (0.05, 0.2, 0.8, 3.0)
WIDTHS = (0.1, 0.3, 1.0)


def kernel_folds(
    features: Numbers,
    labels: Float64,
    folds: Int64,
    run_dir: Path,
    key: Mapping[str, Any],
    fresh: bool = False,
    wanted: Sequence[int] = range(5),
    in_time: tuple[Numbers, Float64, Int64] | None = None,
    weights: Float64 | None = None,
) -> list[FoldAnswers]:
    """Kernel ridge with a Gaussian kernel whose width is told in median distances; ridge and width by inner folds.

    weights [values]: how much a standardised feature counts in the distance; all alike without.
    """

    def one(fold: int, train: Int64, test: Int64, folder: Path) -> FoldAnswers:
        begun_s = time.process_time()
        said = np.empty((len(test), labels.shape[1]))
        chosen: dict[str, Any] = {}
        timed = None
        chunks = np.zeros(0, np.int64)
        if in_time is not None:
            of_chunks, rated, owner = in_time
            learn = np.flatnonzero(np.isin(owner, train))[::TRAIN_EVERY]
            chunks = np.flatnonzero(np.isin(owner, test))
            timed = np.empty((len(chunks), labels.shape[1]))
        losses = {(ridge, width): np.zeros(labels.shape[1]) for ridge in RIDGES for width in WIDTHS}
        for left in np.unique(folds[train]):
            known, asked = train[folds[train] != left], train[folds[train] == left]
            apart = distances(features[known], features[asked], weights)
            for ridge, width in losses:
                heard = kernel_answers(apart, labels[known], ridge, width)
                losses[ridge, width] += ((heard - labels[asked]) ** 2).sum(axis=0)
        tried = list(losses)
        least = np.stack([losses[setting] for setting in tried]).argmin(axis=0)
        best = [tried[place] for place in least.tolist()]
        apart = distances(features[train], features[test], weights)
        in_chunks = None if timed is None else distances(of_chunks[learn], of_chunks[chunks], weights)
        for target, (ridge, width) in enumerate(best):
            chosen[str(target)] = {"ridge": ridge, "width": width}
            column = slice(target, target + 1)
            said[:, column] = kernel_answers(apart, labels[train, column], ridge, width)
            if in_chunks is not None and timed is not None:
                timed[:, column] = kernel_answers(in_chunks, rated[learn, column], ridge, width)
        minutes = (time.process_time() - begun_s) / 60.0
        return FoldAnswers(fold, test, said, chunks, timed, minutes, chosen)

    whole_key = {"ridges": RIDGES, "widths": WIDTHS, **key}
    return by_fold(folds, None, wanted, run_dir, whole_key, fresh, one)


@dataclass(frozen=True)
class Distances:
    """Squared distances between the known rows [n, n], and of the asked from the known [m, n]; computed once for all
    ratings, ridges and widths."""

    known: Float64
    asked: Float64
    median: float


def distances(features: Numbers, asked: Numbers, weights: Float64 | None = None) -> Distances:
    """Of rows [n, values] and [m, values], each feature standardised on the known ones."""
    from scipy.spatial.distance import cdist

    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    known = np.clip((features - middle) / spread, -CLIP, CLIP)
    new = np.clip((asked - middle) / spread, -CLIP, CLIP)
    if weights is not None:
        known, new = known * np.sqrt(weights), new * np.sqrt(weights)
    apart = cdist(known, known, "sqeuclidean")
    return Distances(apart, cdist(new, known, "sqeuclidean"), max(float(np.median(apart)), 1e-9))


def kernel_answers(apart: Distances, wanted: Float64, ridge: float, width: float) -> Float64:
    """Kernel ridge regression: learns ratings [n, T] of the known rows, answers the asked ones [m, T]."""
    from scipy.linalg import solve

    scale = width / apart.median
    mean = wanted.mean(axis=0)
    dual = solve(np.exp(-scale * apart.known) + ridge * np.eye(len(wanted)), wanted - mean, assume_a="pos")
    return np.asarray(np.exp(-scale * apart.asked) @ dual + mean)
