"""Any network that paints as a pack's generator: exported, held against torch, and put beside an encoder that hears."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from chromesthesia.core.emotions import CONDITION_LABELS, EMBEDDING_LABEL, condition_size
from chromesthesia.inference.sessions import open_session
from chromesthesia.packs.manifest import DataSource, Parity
from chromesthesia_training.machine import thread_times_ms
from chromesthesia_training.onnx_file import check_parity, onnx_bytes
from chromesthesia_training.packing.pack import PackParts, PackReport, build_pack
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

PARITY_DRAWS = 8
TIMED_IMAGES = 20


@dataclass(frozen=True)
class EnginePainter:
    """A network of condition (B, C) and noise (B, latent) to pictures (B, 3, H, W) in 0..1, as the engine asks.

    labels: what the condition is made of (see `core.emotions.KNOWN_LABELS`).
    """

    module: nn.Module
    latent: int
    labels: tuple[str, ...] = CONDITION_LABELS


@dataclass(frozen=True)
class ExportReport:
    """What was written. difference: the largest from torch, of values 0..1; image_ms: of one thread's own time."""

    path: Path
    size_bytes: int
    difference: float
    image_ms: float


def export_painter(painter: EnginePainter, out: Path) -> ExportReport:
    """Write `out` and hold it against torch. Raises TrainingError where they differ by more than 1e-3; an earlier
    `out` then stays."""
    module = painter.module.eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    example = (torch.zeros(1, condition_size(painter.labels)), torch.zeros(1, painter.latent))
    content = onnx_bytes(module, example, ("condition", "noise"), ("image",))
    difference, image_ms = _check(painter, content)
    check_parity(difference)
    with whole_file(out) as file:
        file.write(content)
    logger.info("%s: %.1f MB, parity %.1e, %.1f ms a picture", out, len(content) / 1e6, difference, image_ms)
    return ExportReport(out, len(content), difference, image_ms)


def _check(painter: EnginePainter, content: bytes) -> tuple[float, float]:
    session = open_session(content, "cpu")
    rng = torch.Generator().manual_seed(3)
    difference = 0.0
    feed: dict[str, Any] = {}
    for _ in range(PARITY_DRAWS):
        condition = _some_condition(painter.labels, rng)
        noise = torch.randn(1, painter.latent, generator=rng)
        feed = {"condition": condition.numpy(), "noise": noise.numpy()}
        with torch.inference_mode():
            wanted = painter.module(condition, noise).numpy()
        (image,) = session.run(["image"], feed)
        difference = max(difference, float(np.abs(image - wanted).max()))
    image_ms = thread_times_ms({"image": lambda: session.run(["image"], feed)}, TIMED_IMAGES)["image"]
    return difference, image_ms


def _some_condition(labels: Sequence[str], rng: torch.Generator) -> torch.Tensor:
    parts = []
    for label in labels:
        if label == EMBEDDING_LABEL:
            parts.append(torch.randn(1, condition_size((label,)), generator=rng))
        elif label in ("valence", "arousal"):
            parts.append(torch.rand(1, 1, generator=rng) * 2.0 - 1.0)
        else:
            parts.append(torch.rand(1, 1, generator=rng) / 3.0)
    return torch.cat(parts, 1)


def painter_pack(
    painter: EnginePainter,
    ear: Path,
    out: Path,
    parity: tuple[float, float],
    sources: Sequence[DataSource],
    encoder_metrics: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    art_index: Path | None = None,
) -> PackReport:
    """A pack that hears with the encoder `ear` (an ONNX file) and paints with `painter`.

    parity: of the encoder, torch to ONNX and streamed to offline, as its own export measured them. art_index: the
    file of paintings near to what `ear` hears.
    """
    with tempfile.TemporaryDirectory(prefix="chromesthesia-pack-") as folder:
        made = export_painter(painter, Path(folder) / "generator.onnx")
        shutil.copyfile(ear, Path(folder) / "encoder.onnx")
        parts = PackParts(
            Path(folder) / "encoder.onnx",
            made.path,
            Parity(*parity, made.difference),
            list(sources),
            dict(encoder_metrics or {}),
            {},
            art_index=art_index,
            notes=tuple(notes),
        )
        return build_pack(parts, out)
