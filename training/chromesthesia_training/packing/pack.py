"""Builds a model pack: checked ONNX models, a manifest with times and checksums, a card. Whole or not at all."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.core.emotions import condition_size
from chromesthesia.core.records import EMBEDDING_SIZE, ENCODER_HOPS
from chromesthesia.core.user_files import one_line
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.art_index import ART_INDEX_NAME, ArtIndex
from chromesthesia.packs.manifest import (
    MANIFEST_NAME,
    SHORT_NAMES,
    ArtIndexSpec,
    DataSource,
    Parity,
    Tier,
    Timing,
    manifest_text,
)
from chromesthesia_training.encoder.batches import LABEL_GAIN
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.machine import runtime_name, thread_times_ms
from chromesthesia_training.metrics.metrics_file import describe_machine
from chromesthesia_training.packing.card import CARD_NAME, CardFacts, card_text
from chromesthesia_training.packing.manifest import Measured, make_manifest
from chromesthesia_training.packing.quantize import Int8Result
from chromesthesia_training.safe_write import disk_errors

logger = logging.getLogger(__name__)

LARGEST_PACK_BYTES = 32_000_000
GENERATOR_FIGURES = ("asked_and_read", "frechet", "kernel_distance", "three_emotions", "copies", "motion")
"""Parts of the generator's metrics.json that go into the manifest and the card."""
TIMED_STEPS = 300
TIMED_PICTURES = 60


@dataclass(frozen=True)
class PackParts:
    """What a pack is made of.

    encoder_metrics, generator_metrics: content of the runs' metrics.json, may be empty. parity: of both exports.
    int8: what came of quantising; only results that were kept are shipped. art_index: the file, where there is one.
    notes: points for the card.
    """

    encoder_onnx: Path
    generator_onnx: Path
    parity: Parity
    sources: Sequence[DataSource]
    encoder_metrics: Mapping[str, Any]
    generator_metrics: Mapping[str, Any]
    int8: Sequence[Int8Result] = ()
    art_index: Path | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class PackReport:
    """What was built: folder, size in bytes, numbers of the manifest, times of both models."""

    folder: Path
    size_bytes: int
    metrics: dict[str, float]
    timing: Timing


def build_pack(
    parts: PackParts, out_dir: Path, version: str | None = None, created: date | None = None
) -> PackReport:
    """Write the pack `out_dir` (its name is the pack's), replacing an earlier one only when everything succeeded.

    The finished pack is timed by the engine's own sessions and passes `chromesthesia packs check`. Where `out_dir` is a
    link, the folder that it leads to is replaced. Raises TrainingError for a model that does not fit, a pack over 32 MB
    or one with a fault, or where something other than a pack is there; DataError when the disk is full.
    """
    created = created or date.today()
    version = version or f"{created:%Y.%m}"
    with disk_errors(out_dir):
        # A link stays; what it leads to is replaced, and gives the pack its name.
        out_dir = Path(os.path.realpath(out_dir))
        name = out_dir.name
        check_place(out_dir)
        out_dir.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=out_dir.parent))
        try:
            staging.chmod(0o755)
            _fill(staging, parts)
            return _finish(staging, out_dir, name, version, created, parts)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def check_place(out_dir: Path) -> None:
    """Raise TrainingError for anything there that is neither an earlier pack nor an empty folder: it would be lost."""
    if not os.path.lexists(out_dir):
        return
    if not out_dir.is_dir():
        raise TrainingError(
            f"{one_line(out_dir)} is there and is no folder", "give another place for the pack"
        )
    if any(out_dir.iterdir()) and not (out_dir / MANIFEST_NAME).is_file():
        raise TrainingError(
            f"{one_line(out_dir)} holds files and is no pack",
            "give a new folder, or an earlier pack to replace",
        )


def _fill(staging: Path, parts: PackParts) -> None:
    """The models and the index."""
    for source, target in ((parts.encoder_onnx, "encoder.onnx"), (parts.generator_onnx, "generator.onnx")):
        if not source.is_file():
            raise TrainingError(f"there is no model {source}", "train and export it first")
        shutil.copyfile(source, staging / target)
    for result in parts.int8:
        if result.content is not None:
            (staging / f"{result.model}.int8.onnx").write_bytes(result.content)
    if parts.art_index is not None:
        shutil.copyfile(parts.art_index, staging / ART_INDEX_NAME)


def _finish(
    staging: Path, out_dir: Path, name: str, version: str, created: date, parts: PackParts
) -> PackReport:
    chosen = {
        key: parts.generator_metrics[key] for key in GENERATOR_FIGURES if key in parts.generator_metrics
    }
    of_generator = flat_numbers(chosen, "generator")
    metrics = {
        **{key: float(value) for key, value in parts.encoder_metrics.get("flat", {}).items()},
        **of_generator,
    }
    measured = Measured(parts.parity, art_index=_index_spec(staging))

    def write_manifest() -> None:
        manifest = make_manifest(
            staging, name, version, created.isoformat(), metrics, parts.sources, measured
        )
        (staging / MANIFEST_NAME).write_text(manifest_text(manifest), encoding="utf-8")

    write_manifest()
    timing, side = time_models(staging)
    measured = replace(measured, timing=timing, tiers=_tiers(timing, parts.int8))
    facts = CardFacts(
        name, version, parts.sources, parts.encoder_metrics, of_generator, LABEL_GAIN, timing, parts.parity,
        measured.tiers, side, measured.art_index, parts.generator_metrics, parts.notes,
    )  # fmt: skip
    (staging / CARD_NAME).write_text(card_text(facts), encoding="utf-8")
    write_manifest()
    size = sum(path.stat().st_size for path in staging.iterdir())
    if size > LARGEST_PACK_BYTES:
        raise TrainingError(
            f"the pack takes {size / 1e6:.1f} MB, allowed are {LARGEST_PACK_BYTES / 1e6:g}",
            "train a smaller generator",
        )
    faults = find_faults(staging)
    if faults:
        raise TrainingError(
            f"the pack would be refused: {'; '.join(fault.message for fault in faults)}", "see each of these"
        )
    _swap(staging, out_dir)
    logger.info("wrote the pack %s, %.1f MB", out_dir, size / 1e6)
    return PackReport(out_dir, size, metrics, timing)


def time_models(folder: Path) -> tuple[Timing, int]:
    """Times of both fp32 models of the pack in `folder` as the engine runs them, on one thread; the picture's side."""
    pack = load_pack(folder)
    encoder, generator = OnnxEncoder(pack), OnnxGenerator(pack, "cpu")
    rng = np.random.default_rng(0)
    log_mel = rng.normal(-8.0, 2.0, (ENCODER_HOPS, pack.manifest.sound.mels)).astype(np.float32)
    condition = np.zeros(condition_size(generator.condition_labels), np.float32)
    noise = rng.standard_normal(generator.noise_size).astype(np.float32)
    step: Callable[[], object] = lambda: encoder.step(log_mel, 0, 0.0)  # noqa: E731
    step_ms = thread_times_ms({"step": step}, TIMED_STEPS)["step"]
    image_ms = thread_times_ms({"image": lambda: generator.paint(condition, noise)}, TIMED_PICTURES)["image"]
    timing = Timing(describe_machine(), runtime_name(), 1, step_ms, image_ms, 1_000.0 / image_ms)
    return timing, pack.manifest.generator.image_size[0]


def _tiers(timing: Timing, int8: Sequence[Int8Result]) -> tuple[Tier, ...]:
    """A line for fp32 and one for int8 where it was tried; both times of one model are of the same run."""
    tried = {result.model: result for result in int8}
    tiers = []
    for model, own_ms in (("encoder", timing.encoder_step_ms), ("generator", timing.generator_image_ms)):
        result = tried.get(model)
        fp32_ms = own_ms if result is None else result.fp32_ms
        role = SHORT_NAMES[model]
        own = Tier(
            model=role, precision="fp32", kept=True, file=f"{model}.onnx", ms=fp32_ms, why="as trained"
        )
        tiers.append(own)
        if result is not None:
            file = f"{model}.int8.onnx" if result.kept else ""
            tiers.append(
                Tier(
                    model=role,
                    precision="int8",
                    kept=result.kept,
                    file=file,
                    ms=result.int8_ms,
                    why=result.why,
                )
            )
    return tuple(tiers)


def _index_spec(staging: Path) -> ArtIndexSpec | None:
    path = staging / ART_INDEX_NAME
    if not path.is_file():
        return None
    count = len(ArtIndex.load(path))
    return ArtIndexSpec(ART_INDEX_NAME, hashlib.sha256(path.read_bytes()).hexdigest(), count, EMBEDDING_SIZE)


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
