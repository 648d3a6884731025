"""Builds a model pack: two checked ONNX models, a manifest with checksums, a card. Whole or not at all."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chromesthesia.packs.pack import load_pack
from chromesthesia_training.card import card_text
from chromesthesia_training.encoder.batches import LABEL_GAIN
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.manifest import manifest_text
from chromesthesia_training.sources import DataSource

logger = logging.getLogger(__name__)

LARGEST_PACK_BYTES = 12_000_000
GENERATOR_FIGURES = ("asked_and_read", "frechet", "three_emotions", "motion")
"""Parts of the generator's metrics.json that go into the manifest and the card."""


@dataclass(frozen=True)
class PackReport:
    """What was built: folder, size in bytes, numbers of the manifest."""

    folder: Path
    size_bytes: int
    metrics: dict[str, float]


def build_pack(
    encoder_onnx: Path,
    generator_onnx: Path,
    out_dir: Path,
    encoder_metrics: Mapping[str, Any],
    generator_metrics: Mapping[str, Any],
    sources: Sequence[DataSource],
    version: str | None = None,
    created: date | None = None,
    notes: Sequence[str] = (),
) -> PackReport:
    """Write the pack `out_dir` (its name is the pack's), replacing an earlier one only when everything succeeded.

    encoder_metrics, generator_metrics: content of the runs' metrics.json, may be empty. notes: points for the
    card. Raises TrainingError for a model that does not fit or a pack over 12 MB, and whatever the engine's
    own check of the finished pack raises.
    """
    created = created or date.today()
    version = version or f"{created:%Y.%m}"
    name = out_dir.name
    chosen = {key: generator_metrics[key] for key in GENERATOR_FIGURES if key in generator_metrics}
    of_generator = flat_numbers(chosen, "generator")
    metrics = {
        **{key: float(value) for key, value in encoder_metrics.get("flat", {}).items()},
        **of_generator,
    }
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=out_dir.parent))
    try:
        staging.chmod(0o755)
        for source, target in ((encoder_onnx, "encoder.onnx"), (generator_onnx, "generator.onnx")):
            if not source.is_file():
                raise TrainingError(f"there is no model {source}", "train and export it first")
            shutil.copyfile(source, staging / target)
        card = card_text(name, version, sources, encoder_metrics, of_generator, LABEL_GAIN, notes)
        (staging / "MODEL_CARD.md").write_text(card, encoding="utf-8")
        manifest = manifest_text(staging, name, version, created.isoformat(), metrics, sources)
        (staging / "manifest.toml").write_text(manifest, encoding="utf-8")
        size = sum(path.stat().st_size for path in staging.iterdir())
        if size > LARGEST_PACK_BYTES:
            raise TrainingError(
                f"the pack takes {size / 1e6:.1f} MB, allowed are {LARGEST_PACK_BYTES / 1e6:g}",
                "train a smaller generator",
            )
        load_pack(staging)
        _swap(staging, out_dir)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    logger.info("wrote the pack %s, %.1f MB", out_dir, size / 1e6)
    return PackReport(out_dir, size, metrics)


def read_metrics(run_dir: Path) -> dict[str, Any]:
    """Content of a run's metrics.json; empty, with a warning, when it was not evaluated."""
    path = run_dir / "metrics.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        logger.warning("%s is missing: the pack will carry no figures of that model", path)
        return {}
    except ValueError as error:
        raise TrainingError(f"{path} is damaged: {error}", "evaluate that run again") from error
    return content


def flat_numbers(nested: Mapping[str, Any], prefix: str) -> dict[str, float]:
    """Numbers of a nested report by their path, joined with underscores."""
    flat: dict[str, float] = {}
    for key, value in nested.items():
        name = f"{prefix}_{key}"
        if isinstance(value, Mapping):
            flat.update(flat_numbers(value, name))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            flat[name] = float(value)
    return flat


def _swap(staging: Path, out_dir: Path) -> None:
    """Put `staging` in the place of `out_dir`; on failure the earlier pack is put back."""
    if not out_dir.exists():
        os.replace(staging, out_dir)
        return
    earlier = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}-earlier-", dir=out_dir.parent))
    os.replace(out_dir, earlier / "pack")
    try:
        os.replace(staging, out_dir)
    except OSError:
        os.replace(earlier / "pack", out_dir)
        raise
    finally:
        shutil.rmtree(earlier, ignore_errors=True)
