"""Scores of one protocol over its folds, and the metrics file they are kept in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.metrics.metrics_file import over_folds, write_metrics
from chromesthesia_training.metrics.scores import macro_f1

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

REFERENCE: dict[str, dict[str, object]] = {
    name: {
        "row": row,
        "figures": {"accuracy": accuracy, "macro_f1": f1, "parameters": parameters, "minutes": minutes},
        "same_work": False,
        "why": "theirs: about 6,500 clips of CREMA-D, RAVDESS, SAVEE and TESS, random 80/20 split, best epoch on "
        "the validation clips; ours: other corpora",
    }
    for name, row, accuracy, f1, parameters, minutes in (
        ("cnn", "CNN", 0.8254, 0.8277, 455_400, 24.6),
        ("cnn_lstm_attention", "CNN-LSTM-Attention", 0.8146, 0.8157, 1_020_800, 18.0),
        ("resnet", "ResNet", 0.8115, 0.8119, 2_862_000, 114.4),
        ("cnn_gru", "CNN-GRU", 0.7946, 0.7950, 822_600, 16.8),
        ("cnn_lstm", "CNN-LSTM", 0.7869, 0.7861, 1_002_030, 18.2),
        ("ann", "ANN", 0.7700, 0.7701, 17_700_400, 7.5),
        ("transformer", "Transformer", 0.6731, 0.6773, 476_200, 21.4),
    )
}


@dataclass(frozen=True)
class FoldAnswers:
    """What an encoder said of the test rows of one fold: probabilities float64 [rows, 3]."""

    name: str
    rows: Int64
    probabilities: Float64
    minutes: float = 0.0
    curve: Sequence[Mapping[str, float]] = field(default=())


def confusion_matrix(targets: Int64, predictions: Int64) -> list[list[int]]:
    """Rows: the target, columns: the prediction, counts."""
    return [
        [int(np.sum((targets == row) & (predictions == column))) for column in range(len(EMOTIONS))]
        for row in range(len(EMOTIONS))
    ]


def per_class(targets: Int64, predictions: Int64) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of each emotion."""
    report = {}
    for label, emotion in enumerate(EMOTIONS):
        hits = int(np.sum((targets == label) & (predictions == label)))
        support, predicted = int(np.sum(targets == label)), int(np.sum(predictions == label))
        report[emotion] = {
            "precision": round(hits / max(1, predicted), 4),
            "recall": round(hits / max(1, support), 4),
            "f1": round(2.0 * hits / max(1, support + predicted), 4),
            "support": support,
        }
    return report


def fold_figures(
    clips: Sequence[Clip], labels: Int64, folds: Sequence[FoldAnswers], leave_out: Sequence[str] = ()
) -> dict[str, dict[str, object]]:
    """Accuracy and macro-F1 of every fold with their mean and deviation, without the clips of corpora left out."""
    kept = np.array([clip.corpus not in leave_out for clip in clips])
    accuracies, scores = [], []
    for answers in folds:
        inside = kept[answers.rows]
        if not inside.any():
            continue
        targets, predictions = labels[answers.rows][inside], answers.probabilities.argmax(axis=1)[inside]
        accuracies.append(float(np.mean(targets == predictions)))
        scores.append(macro_f1(targets.tolist(), predictions.tolist()))
    return {"accuracy": over_folds(accuracies), "macro_f1": over_folds(scores)}


def by_corpus(clips: Sequence[Clip], labels: Int64, folds: Sequence[FoldAnswers]) -> dict[str, float]:
    """Macro-F1 over all test clips of each corpus together."""
    rows = np.concatenate([answers.rows for answers in folds])
    predictions = np.concatenate([answers.probabilities.argmax(axis=1) for answers in folds])
    corpora = np.array([clips[row].corpus for row in rows])
    return {
        corpus: round(
            macro_f1(labels[rows][corpora == corpus].tolist(), predictions[corpora == corpus].tolist()), 4
        )
        for corpus in dict.fromkeys(corpora.tolist())
    }


def write_encoder_metrics(
    name: str,
    clips: Sequence[Clip],
    labels: Int64,
    folds: Sequence[FoldAnswers],
    *,
    root: Path,
    command: str,
    protocol: str,
    split: str,
    seeds: Sequence[int],
    settings: Mapping[str, object],
    parameters: int,
    trained_with_tess: bool,
    reference: str | None = None,
    notes: Sequence[str] = (),
    more_figures: Mapping[str, object] | None = None,
) -> Path:
    """Write `encoders/<name>.json`: the figures without TESS lead, those with TESS stand beside where it was scored.

    Confusion and per-class report are over the test clips of all folds, TESS left out in the speaker protocol.
    """
    random_split = protocol == "random"
    left_out = () if random_split else ("tess",)
    figures: dict[str, object] = dict(fold_figures(clips, labels, folds, left_out))
    scored_corpora = {clips[row].corpus for answers in folds for row in answers.rows}
    if not random_split and "tess" in scored_corpora:
        with_tess = fold_figures(clips, labels, folds)
        figures["accuracy_with_tess"], figures["macro_f1_with_tess"] = (
            with_tess["accuracy"],
            with_tess["macro_f1"],
        )
    figures["macro_f1_by_corpus"] = by_corpus(clips, labels, folds)
    figures["parameters"] = parameters
    figures["minutes"] = round(sum(answers.minutes for answers in folds), 3)
    figures |= dict(more_figures or {})
    rows = np.concatenate([answers.rows for answers in folds])
    predictions = np.concatenate([answers.probabilities.argmax(axis=1) for answers in folds])
    kept = np.array([clips[row].corpus not in left_out for row in rows])
    content: dict[str, object] = {
        "command": command,
        "data": {
            "what": "acted speech, three emotions: RAVDESS, EMO-DB, URDU, nEMO"
            + (", TESS" if random_split or trained_with_tess or "tess" in scored_corpora else ""),
            "clips": int(kept.sum()),
            "corpora": sorted({clips[row].corpus for row in rows[kept]}),
            "tess": bool(random_split),
            "trained_with_tess": trained_with_tess,
        },
        "protocol": protocol,
        "split": split,
        "seeds": list(seeds),
        "settings": dict(settings),
        "figures": figures,
        "curves": [
            {"fold": answers.name, "points": [dict(point) for point in answers.curve]}
            for answers in folds
            if answers.curve
        ],
        "confusion": confusion_matrix(labels[rows][kept], predictions[kept]),
        "per_class": per_class(labels[rows][kept], predictions[kept]),
        "notes": list(notes),
    }
    if reference is not None:
        content["reference"] = REFERENCE[reference]
    return write_metrics("encoders", name, content, root)
