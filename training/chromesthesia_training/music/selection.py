"""Which features carry valence and arousal: by Pearson, by SHAP of XGBoost, both together, and PCA instead."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.music.answers import FoldAnswers, by_fold
from chromesthesia_training.music.regressors import CLIP, REGRESSORS, Chosen, fit_chosen
from chromesthesia_training.music.scores import pearson

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Numbers = NDArray[Any]
TOP = 15
PCA_SHARE = 0.95
"""Share of the variance that the kept components explain."""
TREES: Mapping[str, Any] = {"max_depth": 3, "reg_lambda": 3.0}
SETS = ("all", "pearson_top", "shap_top", "union", "intersection", "pca")


@dataclass(frozen=True)
class Importance:
    """Of every feature for one target: Pearson's r [values], and the mean size of its SHAP values [values]."""

    pearson: Float64
    shap: Float64

    def best(self, which: str) -> Int64:
        """Features of one of `SETS` that choose, best first."""
        by_pearson = np.argsort(-np.abs(self.pearson))[:TOP]
        by_shap = np.argsort(-self.shap)[:TOP]
        if which == "pearson_top":
            return by_pearson
        if which == "shap_top":
            return by_shap
        if which == "union":
            return np.union1d(by_pearson, by_shap)
        return np.array([one for one in by_pearson if one in set(by_shap.tolist())], np.int64)


def importance(features: Numbers, wanted: Float64, seed: int = 0) -> Importance:
    """Correlation of each feature, and SHAP values (Lundberg et al. 2020) of boosted trees on all of them."""
    import shap

    model = fit_chosen(REGRESSORS["xgboost"], TREES, features, wanted, seed)
    scaled = np.clip((features - model.middle) / model.spread, -CLIP, CLIP)
    values = np.asarray(shap.TreeExplainer(model.model).shap_values(scaled))
    each = np.array([pearson(np.asarray(column, np.float64), wanted) for column in features.T])
    return Importance(each, np.abs(values).mean(axis=0).astype(np.float64) * model.target[1])


def selection_folds(
    features: Numbers,
    labels: Float64,
    folds: Int64,
    run_dir: Path,
    key: Mapping[str, Any],
    fresh: bool = False,
    seed: int = 0,
    wanted: Sequence[int] = range(5),
) -> dict[str, list[FoldAnswers]]:
    """XGBoost on each of `SETS`, chosen on the training songs of each fold and target. `chosen` tells how many."""

    def one(which: str, fold: int, train: Int64, test: Int64) -> FoldAnswers:
        begun_s = time.process_time()
        said, chosen = [], {}
        for target in range(labels.shape[1]):
            known, rated, asked = features[train], labels[train, target], features[test]
            if which == "pca":
                known, asked = principal_components(known, asked, seed)
            elif which != "all":
                best = importances(fold, target, train).best(which)
                known, asked = known[:, best], asked[:, best]
            chosen[str(target)] = known.shape[1]
            if not known.shape[1]:
                said.append(np.full(len(test), rated.mean()))
                continue
            model: Chosen = fit_chosen(REGRESSORS["xgboost"], TREES, known, rated, seed)
            said.append(model(asked))
        return FoldAnswers(
            fold, test, np.stack(said, axis=1), minutes=(time.process_time() - begun_s) / 60.0, chosen=chosen
        )

    known_importances: dict[tuple[int, int], Importance] = {}

    def importances(fold: int, target: int, train: Int64) -> Importance:
        if (fold, target) not in known_importances:
            known_importances[fold, target] = importance(features[train], labels[train, target], seed)
        return known_importances[fold, target]

    def answer(which: str) -> list[FoldAnswers]:
        return by_fold(
            folds,
            None,
            wanted,
            run_dir / which,
            {"set": which, "top": TOP, "trees": dict(TREES), "seed": seed, **key},
            fresh,
            lambda fold, train, test, folder: one(which, fold, train, test),
        )

    return {which: answer(which) for which in SETS}


def principal_components(known: Numbers, asked: Numbers, seed: int = 0) -> tuple[Numbers, Numbers]:
    """Both in the components of `known` that explain `PCA_SHARE` of its variance."""
    from sklearn.decomposition import PCA

    middle, spread = known.mean(axis=0), known.std(axis=0) + 1e-6
    turn = PCA(PCA_SHARE, random_state=seed).fit(np.clip((known - middle) / spread, -CLIP, CLIP))
    return (
        turn.transform(np.clip((known - middle) / spread, -CLIP, CLIP)),
        turn.transform(np.clip((asked - middle) / spread, -CLIP, CLIP)),
    )
