"""How much of the shared space named features tell, and which: held-out trees, permutation, SHAP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from chromesthesia.core.records import Float32
from chromesthesia_training.errors import DataError

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
AXES = 6
FOLDS = 5
SHUFFLES = 3
TREES: Mapping[str, Any] = {"n_estimators": 150, "max_depth": 4, "learning_rate": 0.08, "subsample": 0.8}


@dataclass(frozen=True)
class Drivers:
    """told: R2 of the shared space by the features, of groups that did not train, one value a fold.

    alone, family: how much of it is lost where a feature, or all of its family at once, is shuffled among the held-out
    rows; shap: share of each feature in the SHAP values, 0 to 1. axes: variance of the space that was looked at.
    """

    told: list[float]
    alone: dict[str, float]
    family: dict[str, float]
    shap: dict[str, float]
    axes: float


def principal_axes(vectors: Float32, count: int = AXES) -> tuple[Float64, float]:
    """Unit vectors [n, d] on their `count` strongest axes, [n, count], and the share of the variance these hold."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    left, strengths, _ = np.linalg.svd(centred, full_matrices=False)
    share = float((strengths[:count] ** 2).sum() / max((strengths**2).sum(), 1e-12))
    return np.asarray(left[:, :count] * strengths[:count]), share


def find_drivers(
    features: Float32,
    vectors: Float32,
    groups: Sequence[str],
    names: Sequence[str],
    families: Mapping[str, str],
    seed: int = 0,
) -> Drivers:
    """Fit boosted trees from features [n, f] to the space's axes in five folds by group, and ask what they use.

    Raises DataError for fewer groups than folds.
    """
    if len(set(groups)) < FOLDS:
        raise DataError(
            f"{len(set(groups))} groups cannot make {FOLDS} folds", "give more speakers, songs or artists"
        )
    wanted, axes = principal_axes(vectors)
    rng = np.random.default_rng(seed)
    of_family = {
        family: [place for place, name in enumerate(names) if families[name] == family]
        for family in dict.fromkeys(families[name] for name in names)
    }
    told: list[float] = []
    lost_alone, lost_family = np.zeros(len(names)), dict.fromkeys(of_family, 0.0)
    weighed = np.zeros(len(names))
    for train, test in GroupKFold(FOLDS).split(features, groups=list(groups)):
        models = [_trees(features[train], wanted[train, axis], seed) for axis in range(wanted.shape[1])]
        spread = ((wanted[test] - wanted[train].mean(axis=0)) ** 2).sum()

        def score(asked: Float32) -> float:
            said = np.stack([model.predict(asked) for model in models], axis=1)  # noqa: B023
            return 1.0 - float(((wanted[test] - said) ** 2).sum() / max(spread, 1e-12))  # noqa: B023

        whole = score(features[test])
        told.append(whole)
        for place in range(len(names)):
            lost_alone[place] += whole - _shuffled(score, features[test], [place], rng)
        for family, places in of_family.items():
            lost_family[family] += whole - _shuffled(score, features[test], places, rng)
        for model in models:
            weighed += _shap(model, features[test])
    return Drivers(
        told=told,
        alone={name: float(lost_alone[place] / FOLDS) for place, name in enumerate(names)},
        family={family: lost / FOLDS for family, lost in lost_family.items()},
        shap={name: float(weighed[place] / weighed.sum()) for place, name in enumerate(names)},
        axes=axes,
    )


def _trees(features: Float32, wanted: Float64, seed: int) -> Any:
    from xgboost import XGBRegressor

    return XGBRegressor(**TREES, random_state=seed, n_jobs=1, tree_method="hist").fit(features, wanted)


def _shuffled(score: Any, features: Float32, places: Sequence[int], rng: np.random.Generator) -> float:
    """Mean score with the columns `places` of other rows, the same other row for all of them."""
    found = []
    for _ in range(SHUFFLES):
        moved = features.copy()
        order = rng.permutation(len(features))
        moved[:, list(places)] = features[order][:, list(places)]
        found.append(score(moved))
    return float(np.mean(found))


def _shap(model: Any, features: Float32) -> Float64:
    """Mean size of the SHAP values (Lundberg et al. 2020) of each feature, in units of the axis: [f]."""
    import xgboost

    values = model.get_booster().predict(xgboost.DMatrix(features, nthread=1), pred_contribs=True)
    return np.asarray(np.abs(values[:, :-1]).mean(axis=0), dtype=np.float64)
