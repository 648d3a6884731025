"""Does the shared space fall into emotions by itself: clusters against labels, and how near like lies to like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

from chromesthesia.core.records import Float32

Int64 = NDArray[np.int64]


def cluster_accuracy(vectors: Float32, labels: Int64, seed: int = 0) -> tuple[float, float]:
    """k-means into as many clusters as there are labels: share of rows that lie in their label's cluster, clusters
    named so that this is most (Kuhn 1955), and normalised mutual information. vectors [n, d], labels [n] from 0.
    """
    kinds = int(labels.max()) + 1
    found = KMeans(kinds, n_init=10, random_state=seed).fit_predict(vectors)
    counts = np.zeros((kinds, kinds), np.int64)
    np.add.at(counts, (labels, found), 1)
    rows, columns = linear_sum_assignment(-counts)
    return float(counts[rows, columns].sum() / len(labels)), float(
        normalized_mutual_info_score(labels, found)
    )


def similarity(
    sounds: Float32, sound_labels: Int64, pictures: Float32, picture_labels: Int64
) -> dict[str, float]:
    """Mean cosine of sounds and pictures of the same emotion and of different ones, and how often the first is more.

    same_is_nearer: how often a picture of the sound's emotion lies nearer to it than one of another; 0.5 is by luck.
    """
    cosine = sounds @ pictures.T
    same = sound_labels[:, None] == picture_labels[None, :]
    shares = []
    for row, alike in zip(cosine, same, strict=True):
        near, far = row[alike], np.sort(row[~alike])
        shares.append(float(np.searchsorted(far, near).mean() / max(len(far), 1)))
    return {
        "same": float(cosine[same].mean()),
        "different": float(cosine[~same].mean()),
        "same_is_nearer": float(np.mean(shares)),
    }
