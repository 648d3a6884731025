"""How far pictures and paintings lie among each other: precision, recall, density, coverage, and a judge of both.

A Frechet distance is small for pictures that are all alike and in the middle. Here a painting counts as reached when a
picture lies within the distance to its own neighbours.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from chromesthesia_training.measuring.measures import square_distances

Float64 = npt.NDArray[np.float64]
NEIGHBOURS = 3
JUDGE_STRENGTH = 0.01
JUDGE_FOLDS = 5


@dataclass(frozen=True)
class Overlap:
    """precision: share of the made that lie among the real; recall: share of the real among the made (Kynkäänniemi et
    al. 2019). density, coverage: the same, steadier against single far ones (Naeem et al. 2020)."""

    precision: float
    recall: float
    density: float
    coverage: float

    def figures(self) -> dict[str, float]:
        """As a table."""
        return asdict(self)


def overlap(real: Float64, made: Float64, neighbours: int = NEIGHBOURS) -> Overlap:
    """Of two sets of vectors (N, d), (M, d) of about the same size, by balls that reach to the k-th neighbour.

    Raises ValueError where a set has no more than k vectors.
    """
    if min(len(real), len(made)) <= neighbours:
        raise ValueError(f"{len(real)} and {len(made)} vectors: give more than {neighbours} of each")
    apart = _distances(real, made)
    reach_real, reach_made = (
        np.partition(_distances(one, one), neighbours, axis=1)[:, neighbours] for one in (real, made)
    )
    within_real = apart <= reach_real[:, None]
    within_made = apart <= reach_made[None]
    return Overlap(
        float(within_real.any(axis=0).mean()),
        float(within_made.any(axis=1).mean()),
        float(within_real.sum() / (neighbours * len(made))),
        float(within_real.any(axis=1).mean()),
    )


def _distances(first: Float64, second: Float64) -> Float64:
    return np.asarray(np.sqrt(np.maximum(square_distances(first, second), 0.0)))


def judged(real: Float64, made: Float64, seed: int = 0) -> float:
    """How well a linear judge who saw four fifths of both tells the last fifth apart: area under the ROC, 0.5 to 1."""
    vectors = np.concatenate([real, made])
    labels = np.repeat([1, 0], [len(real), len(made)])
    scores = np.zeros(len(labels))
    for learn, ask in StratifiedKFold(JUDGE_FOLDS, shuffle=True, random_state=seed).split(vectors, labels):
        scaler = StandardScaler().fit(vectors[learn])
        judge = LogisticRegression(C=JUDGE_STRENGTH, max_iter=500)
        judge.fit(scaler.transform(vectors[learn]), labels[learn])
        scores[ask] = judge.decision_function(scaler.transform(vectors[ask]))
    return float(roc_auc_score(labels, scores))
