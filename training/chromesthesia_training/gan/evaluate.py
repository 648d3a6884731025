"""Figures of a run of the generator, as it would be exported."""

from __future__ import annotations

import json
from pathlib import Path

from chromesthesia_training.backbones.squeezenet import FeatureNet, load_squeezenet
from chromesthesia_training.gan.painter import RunPainter
from chromesthesia_training.measuring.evaluate import SAMPLES, Reference, data_of, measure, only_means
from chromesthesia_training.measuring.gallery import load_gallery
from chromesthesia_training.measuring.looks import NEIGHBOUR_SIDE
from chromesthesia_training.safe_write import whole_file


def evaluate(
    run_dir: Path,
    art_dir: Path,
    feature_weights: Path,
    cache_dir: Path | None = None,
    samples: int = SAMPLES,
    seed: int = 1,
    stored_side: int = NEIGHBOUR_SIDE,
    net: FeatureNet | None = None,
    draws: int = 2,
    called: str | None = None,
) -> dict[str, object]:
    """Measure the run's averaged generator as exported; write `metrics.json` into the run folder, means only.

    called: what the figures call the paintings; else the folder's name.

    Raises:
        TrainingError, ArtError, WeightsError: nothing to measure, or nothing to measure against.
    """
    painter = RunPainter(run_dir)
    net = net or load_squeezenet(feature_weights)
    reference = Reference.of(load_gallery(art_dir, net, cache_dir, stored_side))
    figures = measure(painter, reference, net, samples, draws, seed)
    metrics: dict[str, object] = {
        "step": painter.step,
        "images_seen": painter.images_seen,
        "training_minutes": round(painter.elapsed_s / 60, 1),
        "data": {"paintings": called or str(art_dir.name), **data_of(reference, samples, draws)},
        **only_means(figures),
    }
    with whole_file(run_dir / "metrics.json") as file:
        file.write((json.dumps(metrics, indent=2) + "\n").encode())
    return metrics
