"""Everything a run needs, from data to standardised tokens on three sides of a split: made once, then read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from chromesthesia_training.backbones.encodec import HOP, RATE_HZ, encodec_file, load_encodec
from chromesthesia_training.backbones.vit_base import load_vit_base, vit_file
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.data.walking import sha256_of
from chromesthesia_training.stage import Context
from chromesthesia_training.vae.batches import Side
from chromesthesia_training.vae.codec import CHANNELS
from chromesthesia_training.vae.inputs import content_key, pictures, whole_spectra
from chromesthesia_training.vae.material import (
    KINDS,
    WHOLE_S,
    Items,
    Kind,
    chunks,
    paintings,
    songs_of,
    wholes,
)
from chromesthesia_training.vae.spectra import CODEC_MEL, Mel
from chromesthesia_training.vae.tokenizers import (
    TO_ONE,
    TokenizerRecipe,
    as_pictures,
    fingerprint,
    trained_codec,
    trained_vit,
    trained_wide,
)
from chromesthesia_training.vae.tokens import Scale, Tokens, scale_of, tokens_of
from chromesthesia_training.vae.vit import TOKENS

Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]
TokenSet = Literal["unified", "specific", "vit", "encodec"]
SCALED_BY = 400
CHOOSING = 48
"""Items of each kind that choose the epoch, spread over those that may."""
QUICK_ITEMS = 20
QUICK_MEL = Mel(CODEC_MEL.rate_hz, CODEC_MEL.window, CODEC_MEL.hop, CODEC_MEL.bands, 300)


@dataclass(frozen=True)
class World:
    """Items, their tokens, and the tokenizers that made them; sides of the split by kind.

    told: what fitting the tokenizers gave. rest: items of the split that are learned from.
    """

    token_set: TokenSet
    items: dict[Kind, Items]
    tokens: dict[Kind, Tokens]
    tokenizers: dict[Kind, nn.Module]
    learn: dict[Kind, Side]
    choose: dict[Kind, Side]
    score: dict[Kind, Side]
    told: dict[str, float]

    @property
    def inputs(self) -> dict[str, tuple[int, int]]:
        """Tokens of an item, and values of a token, by kind."""
        return {kind: self.tokens[kind].shape for kind in KINDS}


def recipe_of(context: Context) -> TokenizerRecipe:
    """The tokenizers' recipe; a few steps when quick."""
    recipe = TokenizerRecipe()
    return (
        replace(recipe, steps=2, batch=4, fit_patches=400, wide=64, codec_steps=2)
        if context.quick
        else recipe
    )


def open_world(context: Context, token_set: TokenSet, fold: int = 0) -> World:
    """Fit what is not fitted, compute what is not computed. The tokenizers never see the items of `fold`.

    Raises DataError naming what is wrong with the data; TrainingError for a damaged checkpoint.
    """
    most = QUICK_ITEMS if context.quick else None
    songs = songs_of(context.data_dir)
    items: dict[Kind, Items] = {
        "image": paintings(context.data_dir / "art", most),
        "sound": chunks(songs, most) if token_set in ("unified", "vit") else wholes(songs, most),
    }
    folder = context.runs_dir / "vae" / f"tokenizers-{fold}"
    cache = context.cache_dir / "vae"
    if token_set == "unified":
        tokens, tokenizers, told = _unified(context, items, folder, cache, fold)
    elif token_set == "vit":
        tokens, tokenizers, told = _pretrained(context, items, cache)
    else:
        tokens, tokenizers, told = _specific(context, items, folder, cache, fold)
        if token_set == "encodec":
            tokens["sound"] = _coded(context, items["sound"], cache)
    sides = {kind: _sides(items[kind], tokens[kind], fold) for kind in KINDS}
    return World(
        token_set,
        items,
        tokens,
        tokenizers,
        {kind: sides[kind][0] for kind in KINDS},
        {kind: sides[kind][1] for kind in KINDS},
        {kind: sides[kind][2] for kind in KINDS},
        told,
    )


def _known(items: Items, fold: int) -> Int64:
    return np.flatnonzero(items.split(fold)[0])


Made = tuple[dict[Kind, Tokens], dict[Kind, nn.Module], dict[str, float]]


def _unified(context: Context, items: dict[Kind, Items], folder: Path, cache: Path, fold: int) -> Made:
    rows = {kind: pictures(items[kind], context.cache_dir) for kind in KINDS}
    sources = [(rows[kind], _known(items[kind], fold)) for kind in KINDS]
    net, told = trained_vit(sources, recipe_of(context), folder / "vit.pt", context.seed)
    mark = fingerprint(net)
    tokens: dict[Kind, Tokens] = {}
    for kind in KINDS:

        def tokenize(start: int, end: int, source: UInt8 = rows[kind]) -> tuple[Tensor, Tensor]:
            return net(as_pictures(source[start:end]))  # type: ignore[no-any-return]

        where = cache / f"tokens-{kind}-{content_key(items[kind], kind)}-{mark}"
        tokens[kind] = tokens_of(items[kind], where, (TOKENS, net.width), True, tokenize)
    return tokens, {"image": net, "sound": net}, told


def _pretrained(context: Context, items: dict[Kind, Items], cache: Path) -> Made:
    """Tokens of ViT-base, whose file is in `weights/` of the data; there is no way back to pixels."""
    path = vit_file(context.data_dir / "weights")
    net = load_vit_base(path)
    tokens: dict[Kind, Tokens] = {}
    for kind in KINDS:
        rows = pictures(items[kind], context.cache_dir)

        def tokenize(start: int, end: int, source: UInt8 = rows) -> tuple[Tensor, Tensor]:
            return net(as_pictures(source[start:end]))

        where = cache / f"tokens-{kind}-{content_key(items[kind], kind)}-{sha256_of(path)[:12]}"
        tokens[kind] = tokens_of(items[kind], where, (TOKENS, net.width), True, tokenize)
    return tokens, {}, {}


def _specific(context: Context, items: dict[Kind, Items], folder: Path, cache: Path, fold: int) -> Made:
    recipe = recipe_of(context)
    mel = QUICK_MEL if context.quick else CODEC_MEL
    images, sounds = (
        pictures(items["image"], context.cache_dir),
        whole_spectra(items["sound"], context.cache_dir, mel),
    )
    wide, told_wide = trained_wide(
        images, _known(items["image"], fold), recipe, folder / "wide.pt", context.seed
    )
    codec, told_codec = trained_codec(
        sounds, _known(items["sound"], fold), recipe, folder / f"codec-{mel.frames}.pt", context.seed
    )

    def of_pictures(start: int, end: int) -> tuple[Tensor, None]:
        return wide(as_pictures(images[start:end])), None

    def of_sounds(start: int, end: int) -> tuple[Tensor, None]:
        return codec(torch.from_numpy(np.array(sounds[start:end])).float() * TO_ONE), None

    names = {kind: f"tokens-{kind}-{content_key(items[kind], 'specific')}" for kind in KINDS}
    tokens: dict[Kind, Tokens] = {
        "image": tokens_of(items["image"], cache / f"{names['image']}-{fingerprint(wide)}",
                           (wide.tokens, wide.width), False, of_pictures),
        "sound": tokens_of(items["sound"], cache / f"{names['sound']}-{fingerprint(codec)}",
                           (CHANNELS, mel.frames), False, of_sounds),
    }  # fmt: skip
    told = {f"patches_{name}": value for name, value in told_wide.items()}
    told |= {f"codec_{name}": value for name, value in told_codec.items()}
    return tokens, {"image": wide, "sound": codec}, told


def _coded(context: Context, items: Items, cache: Path) -> Tokens:
    """EnCodec's codes of 46 s as 32 tokens of 3,450 values in -1..1, as the thesis takes them."""
    path = encodec_file(context.data_dir / "weights")
    codec = load_encodec(path)
    seconds = 4.0 if context.quick else WHOLE_S
    length, most = round(seconds * RATE_HZ), codec.books[0].shape[0] - 1

    def tokenize(start: int, end: int) -> tuple[Tensor, None]:
        sounds = [read_sound(item.path, RATE_HZ)[:length] for item in items.items[start:end]]
        padded = np.stack([np.pad(sound, (0, length - len(sound))) for sound in sounds])
        return codec.encode(torch.from_numpy(padded)).float() * (2.0 / most) - 1.0, None

    where = cache / f"tokens-sound-{content_key(items, f'encodec {seconds:g}')}-{sha256_of(path)[:12]}"
    return tokens_of(items, where, (len(codec.books), -(-length // HOP)), False, tokenize)


def _sides(items: Items, tokens: Tokens, fold: int) -> tuple[Side, Side, Side]:
    learn, choose, score = (np.flatnonzero(mask) for mask in items.split(fold))
    spread = learn[np.linspace(0, len(learn) - 1, min(SCALED_BY, len(learn))).astype(np.int64)]
    scale = scale_of(tokens.tokens, spread)
    told = None if tokens.cls is None else scale_of(tokens.cls, spread)
    if len(choose) == 0:
        choose = learn[: max(1, len(learn) // 8)]
    chosen = choose[np.linspace(0, len(choose) - 1, min(CHOOSING, len(choose))).astype(np.int64)]
    return tuple(  # type: ignore[return-value]
        Side(tokens, scale, told, rows) for rows in (learn, chosen, score)
    )


def scales(world: World) -> dict[Kind, tuple[Scale, Scale | None]]:
    """How tokens and CLS tokens of each kind are standardised."""
    return {kind: (world.learn[kind].scale, world.learn[kind].cls_scale) for kind in KINDS}
