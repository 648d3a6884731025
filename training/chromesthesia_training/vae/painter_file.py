"""One file that holds all that making pictures and sounds needs: `painter.pt`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import load, save
from chromesthesia_training.vae.generating import Painter
from chromesthesia_training.vae.material import KINDS, Kind
from chromesthesia_training.vae.tokens import Scale
from chromesthesia_training.vae.versions import Sizes, TokenFusionVae
from chromesthesia_training.vae.vit import PatchTokenizer

NAME = "painter.pt"
REMEDY = "train it: chromesthesia-train reproduce --only vae"


def save_painter(painter: Painter, path: Path) -> None:
    """Write it whole or not at all."""
    scales: dict[str, Any] = {}
    for kind in KINDS:
        scale, told = painter.scales[kind]
        scales[kind] = {"middle": scale.middle, "spread": scale.spread}
        if told is not None:
            scales[kind] |= {"cls_middle": told.middle, "cls_spread": told.spread}
    sizes = asdict(painter.net.sizes)
    sizes["inputs"] = {kind: list(shape) for kind, shape in painter.net.sizes.inputs.items()}
    sizes["widths"] = list(painter.net.sizes.widths)
    tokenizer = painter.tokenizer
    shape = [tokenizer.width, tokenizer.encoder[0].heads if len(tokenizer.encoder) else 1]
    save(
        {
            "state_dict": painter.net.state_dict(),
            "tokenizer": tokenizer.state_dict(),
            "tokenizer_shape": [*shape, len(tokenizer.encoder), len(tokenizer.decoder)],
            "sizes": sizes,
            "scales": scales,
            "middles": dict(painter.middles),
            "spreads": dict(painter.spreads),
        },
        path,
    )


def load_painter(path: Path) -> Painter:
    """Read it back. Raises TrainingError naming the file where it is missing, damaged or of another kind."""
    if not path.is_file():
        raise TrainingError(f"there is no model {path}", REMEDY)
    stored = load(path)
    try:
        given = dict(stored["sizes"])
        given["inputs"] = {kind: (int(one[0]), int(one[1])) for kind, one in given["inputs"].items()}
        given["widths"] = tuple(given["widths"])
        net = TokenFusionVae(Sizes(**given))
        net.load_state_dict(stored["state_dict"])
        width, heads, encoder_blocks, decoder_blocks = (int(one) for one in stored["tokenizer_shape"])
        tokenizer = PatchTokenizer(width, heads, encoder_blocks, decoder_blocks)
        tokenizer.load_state_dict(stored["tokenizer"])
        scales: dict[Kind, tuple[Scale, Scale | None]] = {}
        for kind in KINDS:
            one = stored["scales"][kind]
            told = Scale(one["cls_middle"], float(one["cls_spread"])) if "cls_middle" in one else None
            scales[kind] = (Scale(one["middle"], float(one["spread"])), told)
        middles: dict[Kind, torch.Tensor] = {kind: stored["middles"][kind] for kind in KINDS}
        spreads: dict[Kind, torch.Tensor] = {kind: stored["spreads"][kind] for kind in KINDS}
    except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(f"{path} is no model of the VAE: {said}", REMEDY) from error
    return Painter(
        net.eval().requires_grad_(False), tokenizer.eval().requires_grad_(False), scales, middles, spreads
    )
