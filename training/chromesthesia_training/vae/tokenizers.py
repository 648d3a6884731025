"""The tokenizers of one data set, fitted here on its training items, kept in a folder, and what they make of it.

A picture's patches of 16 x 16 go through a small vision transformer, and spectra of 5 s through the same one (V3 on);
patches of 28 x 28 become 2,048 components, and 46 s of sound 32 tokens of 3,450 values (V1 to V2.1).
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit import seeded
from chromesthesia_training.fit.checkpoint import load, save
from chromesthesia_training.vae.codec import MelCodec
from chromesthesia_training.vae.patches import PatchCodec, cut
from chromesthesia_training.vae.vit import PATCH, PatchTokenizer, draw_shown

logger = logging.getLogger(__name__)

UInt8 = NDArray[np.uint8]
Int64 = NDArray[np.int64]
WIDE_PATCH, WIDE_WIDTH = 28, 2048
TO_ONE = 1.0 / 255.0
SAY_EVERY = 50
KEEP_EVERY = 50


@dataclass(frozen=True)
class TokenizerRecipe:
    """How the transformer and the codec are trained; both begin as principal components.

    fit_patches: patches of each kind that the components are fitted to. shown: share of the patches that the
    transformer sees. crop: frames of the codec's pieces.
    """

    steps: int = 400
    batch: int = 16
    learning_rate: float = 1e-3
    shown: float = 0.4
    fit_patches: int = 20_000
    wide: int = WIDE_WIDTH
    codec_steps: int = 120
    codec_batch: int = 8
    crop: int = 256


def as_pictures(rows: UInt8) -> Tensor:
    """uint8 [n, h, w, 3], or spectra [n, bands, frames], to float32 [n, 3, h, w] in 0..1; low bands at the bottom."""
    if rows.ndim == 3:
        shown = torch.from_numpy(rows[:, ::-1].copy()).float() * TO_ONE
        return shown[:, None].expand(-1, 3, -1, -1)
    return torch.from_numpy(np.array(rows)).permute(0, 3, 1, 2).float() * TO_ONE


def fitted_patches(
    sources: list[tuple[UInt8, Int64]], patch: int, width: int, most: int, seed: int
) -> tuple[PatchCodec, float]:
    """A basis of patches drawn from every source alike, and the share of variance it keeps."""
    drawn = []
    rng = np.random.default_rng(seed)
    for rows, known in sources:
        each = max(1, most // (224 // patch) ** 2)
        chosen = np.sort(rng.choice(known, min(each, len(known)), replace=False))
        drawn.append(cut(as_pictures(rows[chosen]), patch).flatten(0, 1))
    codec = PatchCodec(patch, width)
    kept = codec.fit(torch.cat(drawn))
    return codec, kept


def trained_vit(
    sources: list[tuple[UInt8, Int64]],
    recipe: TokenizerRecipe,
    path: Path,
    seed: int = 0,
    fresh: bool = False,
) -> tuple[PatchTokenizer, dict[str, float]]:
    """The transformer of a folder, trained further where it is unfinished; what the training gave.

    sources: pictures or spectra, and which rows are learned from. Raises TrainingError for a damaged checkpoint.
    """
    net = PatchTokenizer()
    optimiser = torch.optim.AdamW(net.parameters(), recipe.learning_rate, weight_decay=0.01)
    step, told = 0, {"kept": 0.0}
    if path.is_file() and not fresh:
        kept = _checkpoint(path, net, optimiser)
        step, told = int(kept["step"]), dict(kept["told"])
    else:
        basis, share = fitted_patches(sources, PATCH, net.width, recipe.fit_patches, seed)
        net.begin(basis)
        told["kept"] = share
    for number in range(step, recipe.steps):
        with seeded(1_000_003 * seed + number):
            pictures = torch.cat(
                [as_pictures(_drawn(rows, known, recipe.batch // 2)) for rows, known in sources]
            )
            shown = draw_shown(len(pictures), recipe.shown, torch.default_generator)
        rate = recipe.learning_rate * min(1.0, (number + 1) / 20) * (1.0 - 0.95 * number / recipe.steps)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = net.loss(pictures, shown)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        told["loss"] = 0.95 * told.get("loss", float(loss.detach())) + 0.05 * float(loss.detach())
        if (number + 1) % SAY_EVERY == 0:
            logger.info("tokenizer: step %d of %d, loss %.5f", number + 1, recipe.steps, told["loss"])
        if (number + 1) % KEEP_EVERY == 0 or number + 1 == recipe.steps:
            _keep(path, net, optimiser, number + 1, told)
    if not path.is_file():
        _keep(path, net, optimiser, 0, told)
    return net.eval().requires_grad_(False), told


def trained_codec(
    spectra: UInt8, known: Int64, recipe: TokenizerRecipe, path: Path, seed: int = 0, fresh: bool = False
) -> tuple[MelCodec, dict[str, float]]:
    """The codec of a folder, as `trained_vit`. spectra uint8 [items, bands, frames]."""
    net = MelCodec(spectra.shape[1])
    optimiser = torch.optim.AdamW(net.parameters(), recipe.learning_rate, weight_decay=0.01)
    step, told = 0, {"kept": 0.0}
    if path.is_file() and not fresh:
        kept = _checkpoint(path, net, optimiser)
        step, told = int(kept["step"]), dict(kept["told"])
    else:
        frames = torch.from_numpy(np.concatenate([spectra[row][:, ::16].T for row in known])).float() * TO_ONE
        told["kept"] = net.begin(frames)
    crop = min(recipe.crop, spectra.shape[2])
    for number in range(step, recipe.codec_steps):
        rng = np.random.default_rng([seed, number])
        rows = rng.choice(known, recipe.codec_batch)
        starts = rng.integers(0, spectra.shape[2] - crop + 1, len(rows))
        pieces = np.stack([spectra[row][:, at : at + crop] for row, at in zip(rows, starts, strict=True)])
        given = torch.from_numpy(pieces).float() * TO_ONE
        loss = nn.functional.mse_loss(net.decode(net(given)), given)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        told["loss"] = 0.95 * told.get("loss", float(loss.detach())) + 0.05 * float(loss.detach())
    if step < recipe.codec_steps or not path.is_file():
        _keep(path, net, optimiser, recipe.codec_steps, told)
    return net.eval().requires_grad_(False), told


def trained_wide(
    pictures: UInt8, known: Int64, recipe: TokenizerRecipe, path: Path, seed: int = 0, fresh: bool = False
) -> tuple[PatchCodec, dict[str, float]]:
    """Patches of 28 x 28 as 2,048 components: V1 to V2.1's pictures, as the thesis changes its transformer."""
    net = PatchCodec(WIDE_PATCH, recipe.wide)
    if path.is_file() and not fresh:
        stored = load(path)
        _restore(net, stored["state_dict"], path)
        return net, dict(stored["told"])
    net, share = fitted_patches([(pictures, known)], WIDE_PATCH, recipe.wide, recipe.fit_patches, seed)
    told = {"kept": share}
    save({"state_dict": net.state_dict(), "told": told}, path)
    return net, told


def _drawn(rows: UInt8, known: Int64, count: int) -> UInt8:
    chosen = known[torch.randint(len(known), (count,)).numpy()]
    return np.stack([rows[row] for row in chosen])


def fingerprint(net: nn.Module) -> str:
    """Of the weights: what names the folder of the tokens they make."""
    digest = hashlib.sha256()
    for name, value in net.state_dict().items():
        digest.update(name.encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()[:12]


def _keep(
    path: Path, net: nn.Module, optimiser: torch.optim.Optimizer, step: int, told: dict[str, float]
) -> None:
    content = {
        "state_dict": net.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": step,
        "told": told,
    }
    save(content, path)


def _checkpoint(path: Path, net: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    stored = load(path)
    _restore(net, stored["state_dict"], path)
    optimiser.load_state_dict(stored["optimiser"])
    return stored


def _restore(net: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise TrainingError(
            f"{path} is of another tokenizer: {first}", "remove it: it is fitted again"
        ) from error


def load_vit(path: Path) -> PatchTokenizer:
    """A trained transformer. Raises TrainingError where there is none, or it is damaged."""
    net = PatchTokenizer()
    _restore(net, load(path)["state_dict"], path)
    return net.eval().requires_grad_(False)
