"""The VAE as a pack's generator: the live emotion and a walk through the latents of pictures, to a picture.

Graph: `condition` float32 (1, 5) = valence, arousal in -1..1, p_angry, p_happy, p_sad; `noise` float32 (1, latent),
standard normal; `image` float32 (1, 3, 224, 224) in 0..1: what the engine asks of any generator.
"""

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
from torch import Tensor, nn

from chromesthesia.core.emotions import CONDITION_LABELS
from chromesthesia.generator.walks.latent import NAMED_PLACES
from chromesthesia.inference.sessions import open_session
from chromesthesia.packs.manifest import DataSource, Parity
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.machine import thread_times_ms
from chromesthesia_training.onnx_file import onnx_bytes
from chromesthesia_training.packing.pack import PackParts, PackReport, build_pack
from chromesthesia_training.safe_write import whole_file
from chromesthesia_training.vae.generating import Painter, decoded
from chromesthesia_training.vae.vit import PatchTokenizer

logger = logging.getLogger(__name__)

LARGEST_DIFFERENCE = 1e-3
PARITY_DRAWS = 8
TIMED_IMAGES = 20
NAMED_PULL = 0.4
"""How far a certain named emotion draws valence and arousal to its place, which is all that the decoder knows."""
CALM = 0.7
"""Share of the spread of real latents that the noise covers: near the edge the decoder has seen little."""


class EngineVae(nn.Module):
    """condition (B, 5) and noise (B, latent) to pictures (B, 3, 224, 224) in 0..1."""

    def __init__(self, painter: Painter) -> None:
        super().__init__()
        self.net = painter.net
        self.tokenizer: PatchTokenizer = painter.tokenizer
        self.middle: Tensor
        self.spread: Tensor
        self.register_buffer("middle", painter.middles["image"])
        self.register_buffer("spread", painter.spreads["image"])
        self.places: Tensor
        self.register_buffer("places", torch.from_numpy(NAMED_PLACES.astype(np.float32)))
        self.scales = painter.scales["image"]

    @property
    def latent(self) -> int:
        return self.net.sizes.latent

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        heard, named = condition[:, :2], condition[:, 2:]
        sure = named.sum(dim=1, keepdim=True)
        va = (heard + NAMED_PULL * (named @ self.places - sure * heard)).clamp(-1.0, 1.0)
        latent = self.middle + CALM * self.spread * noise
        return decoded(self.net, self.tokenizer, self.scales, "image", latent, va).clamp(0.0, 1.0)


@dataclass(frozen=True)
class ExportReport:
    """What was written. difference: the largest from torch, of values 0..1; image_ms: of one thread's own time."""

    path: Path
    size_bytes: int
    difference: float
    image_ms: float


def export_onnx(painter: Painter, out: Path) -> ExportReport:
    """Write `out` and hold it against torch. Raises TrainingError where they differ by more than 1e-3; an earlier
    `out` then stays."""
    module = EngineVae(painter).eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    content = _onnx_bytes(module)
    difference, image_ms = _check(module, content)
    if not difference <= LARGEST_DIFFERENCE:
        raise TrainingError(
            f"ONNX and torch differ by {difference:g}, more than {LARGEST_DIFFERENCE:g}",
            "check the versions of torch and onnxruntime",
        )
    with whole_file(out) as file:
        file.write(content)
    logger.info("%s: %.1f MB, parity %.1e, %.1f ms a picture", out, len(content) / 1e6, difference, image_ms)
    return ExportReport(out, len(content), difference, image_ms)


def _onnx_bytes(module: EngineVae) -> bytes:
    example = (torch.zeros(1, len(CONDITION_LABELS)), torch.zeros(1, module.latent))
    return onnx_bytes(module, example, ("condition", "noise"), ("image",))


def _check(module: EngineVae, content: bytes) -> tuple[float, float]:
    session = open_session(content, "cpu")
    rng = torch.Generator().manual_seed(3)
    difference = 0.0
    feed: dict[str, Any] = {}
    for _ in range(PARITY_DRAWS):
        condition = torch.rand(1, len(CONDITION_LABELS), generator=rng)
        condition[:, :2] = condition[:, :2] * 2.0 - 1.0
        condition[:, 2:] = condition[:, 2:] / 3.0
        noise = torch.randn(1, module.latent, generator=rng)
        feed = {"condition": condition.numpy(), "noise": noise.numpy()}
        with torch.inference_mode():
            wanted = module(condition, noise).numpy()
        (image,) = session.run(["image"], feed)
        difference = max(difference, float(np.abs(image - wanted).max()))
    image_ms = thread_times_ms({"image": lambda: session.run(["image"], feed)}, TIMED_IMAGES)["image"]
    return difference, image_ms


def vae_pack(
    painter: Painter,
    ear: Path,
    out: Path,
    parity: tuple[float, float],
    sources: Sequence[DataSource],
    encoder_metrics: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> PackReport:
    """A pack that hears with the encoder `ear` (an ONNX file) and paints with the VAE.

    parity: of the encoder, torch to ONNX and streamed to offline, as its own export measured them.
    """
    with tempfile.TemporaryDirectory(prefix="chromesthesia-vae-") as folder:
        made = export_onnx(painter, Path(folder) / "generator.onnx")
        shutil.copyfile(ear, Path(folder) / "encoder.onnx")
        parts = PackParts(
            Path(folder) / "encoder.onnx",
            made.path,
            Parity(*parity, made.difference),
            list(sources),
            dict(encoder_metrics or {}),
            {},
            notes=tuple(notes),
        )
        return build_pack(parts, out)
