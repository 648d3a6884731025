"""Making pictures and sounds with a trained version: from labels and a drawn latent, or from the other modality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.records import Float32
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.vae.material import KINDS, Kind
from chromesthesia_training.vae.scoring import read_side
from chromesthesia_training.vae.spectra import PICTURE_MEL, of_picture, sound_of
from chromesthesia_training.vae.tokens import Scale
from chromesthesia_training.vae.versions import TokenFusionVae
from chromesthesia_training.vae.vit import PatchTokenizer
from chromesthesia_training.vae.worlds import World

BATCH = 8
POSTERIORS = 400


@dataclass(frozen=True)
class Painter:
    """A version of V3 or later with its tokenizer, and how the latents of each kind lie.

    scales: of tokens and of CLS tokens by kind; middles, spreads: of the latents, [latent], by kind.
    """

    net: TokenFusionVae
    tokenizer: PatchTokenizer
    scales: dict[Kind, tuple[Scale, Scale | None]]
    middles: dict[Kind, Tensor]
    spreads: dict[Kind, Tensor]

    @torch.inference_mode()
    def encode(self, kind: Kind, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Latents [B, latent] and the valence and arousal they speak for [B, 2], of pictures or spectra as pictures.

        Raises TrainingError for a net that wants the labels in its input.
        """
        if self.net.sizes.labels:
            raise TrainingError(
                "this version is told the labels, which are what is asked", "take one without them"
            )
        scale, cls_scale = self.scales[kind]
        tokens, cls = self.tokenizer(pictures)
        told = None if cls_scale is None else cls_scale.apply(cls)
        mean, _ = self.net.encode(kind, scale.apply(tokens), told, torch.zeros(len(pictures), 2))
        return mean, cast(Tensor, self.net.va(mean))

    @torch.inference_mode()
    def decode(self, kind: Kind, latent: Tensor, va: Tensor) -> Tensor:
        """Pictures [B, 3, 224, 224] in 0..1 of a kind."""
        return decoded(self.net, self.tokenizer, self.scales[kind], kind, latent, va).clamp(0.0, 1.0)

    def drawn(self, kind: Kind, noise: Tensor) -> Tensor:
        """Latents as those of a kind lie, from standard normal noise [B, latent]."""
        return self.middles[kind] + self.spreads[kind] * noise

    def carried(self, latent: Tensor, source: Kind, target: Kind) -> Tensor:
        """The same place among the latents of the other kind: they lie apart, and a decoder knows its own.

        A latent is moved and stretched as mean and deviation of the two kinds say.
        """
        if source == target:
            return latent
        standard = (latent - self.middles[source]) / self.spreads[source]
        return self.drawn(target, standard)


def decoded(
    net: TokenFusionVae,
    tokenizer: PatchTokenizer,
    scales: tuple[Scale, Scale | None],
    kind: Kind,
    latent: Tensor,
    va: Tensor,
) -> Tensor:
    """Pictures, not clipped; the CLS token is made from the latent where the version knows one."""
    scale, cls_scale = scales
    version = net.sizes.version
    told = net.cls_of(kind, latent, va) if version == "v32" else None
    tokens = net.decode(kind, latent, va, told)[:, :, : net.sizes.features]
    if told is not None and cls_scale is not None:
        cls = cls_scale.undo(told)
    else:
        cls = (
            torch.zeros(len(latent), tokenizer.width)
            if cls_scale is None
            else cls_scale.middle.expand(len(latent), -1)
        )
    return tokenizer.decode(scale.undo(tokens), cls)


def painter_of(world: World, net: TokenFusionVae) -> Painter:
    """With the latents of the training items measured."""
    tokenizer = world.tokenizers["image"]
    assert isinstance(tokenizer, PatchTokenizer)
    middles, spreads = {}, {}
    for kind in KINDS:
        read = read_side(net, world.learn[kind], kind, POSTERIORS)
        within = np.exp(read.log_variance).mean(axis=0)
        middles[kind] = torch.from_numpy(read.latent.mean(axis=0).astype(np.float32))
        spreads[kind] = torch.from_numpy(np.sqrt(read.latent.var(axis=0) + within).astype(np.float32))
    scales = {kind: (world.learn[kind].scale, world.learn[kind].cls_scale) for kind in KINDS}
    return Painter(net, tokenizer, scales, middles, spreads)


def pixels(pictures: Tensor) -> NDArray[np.uint8]:
    """[B, 3, h, w] in 0..1 to uint8 [B, h, w, 3]."""
    return (pictures.clamp(0.0, 1.0) * 255.0).round().permute(0, 2, 3, 1).to(torch.uint8).numpy()


def heard(picture: Tensor, seed: int = 0) -> Float32:
    """The 5 s of sound at 22,050 Hz that a spectrum shown as a picture [3, 224, 224] in 0..1 stands for."""
    return sound_of(of_picture(picture.permute(1, 2, 0).numpy()), PICTURE_MEL, seed=seed)


def translate(painter: Painter, source: Kind, target: Kind, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures of the other kind [B, 3, 224, 224], and the labels that were read and asked for [B, 2]."""
    made, asked = [], []
    for part in torch.split(pictures, BATCH):
        latent, va = painter.encode(source, part)
        made.append(painter.decode(target, painter.carried(latent, source, target), va))
        asked.append(va)
    return torch.cat(made), torch.cat(asked)
