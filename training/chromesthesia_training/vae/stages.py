"""The `vae` stages of `reproduce`: tokenizers, floors, every version, generation both ways, sheets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia_training.backbones.encodec import encodec_file
from chromesthesia_training.backbones.vit_base import vit_file
from chromesthesia_training.errors import DataError
from chromesthesia_training.metrics.metrics_file import tables_over_folds, write_metrics
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.stage import Context, Settings, Stage
from chromesthesia_training.vae.categories import CATEGORIES, category_numbers
from chromesthesia_training.vae.generation_stage import run_generation, run_sheets
from chromesthesia_training.vae.material import KINDS
from chromesthesia_training.vae.pack_stage import run_pack
from chromesthesia_training.vae.runs import (
    BEST,
    FOLD,
    FOLDED,
    RUNS,
    Run,
    folds_of,
    recipe_of,
    sizes_of,
    trained,
)
from chromesthesia_training.vae.scoring import figures_of, floors
from chromesthesia_training.vae.training import settings_said
from chromesthesia_training.vae.versions import TokenFusionVae
from chromesthesia_training.vae.worlds import TokenSet, open_world
from chromesthesia_training.vae.worlds import recipe_of as tokenizer_recipe_of
from chromesthesia_training.vae.writing import EVERY_FOLD, FIRST_FOLD, content

logger = logging.getLogger(__name__)

PARTS = 256
QUICK_PARTS = 4
MOST, ASKED = 1500, 300


def run_tokenizers(context: Context) -> None:
    """Fit both sets of tokenizers, compute every token, count the labels; `vae/tokenizers`."""
    made: dict[str, Any] = {}
    worlds = {name: open_world(context, name, FOLD) for name in ("unified", "specific")}
    for name, world in worlds.items():
        made[name] = {
            "fit": {key: round(float(value), 6) for key, value in world.told.items()},
            **{
                kind: {
                    "tokens": world.inputs[kind][0],
                    "values": world.inputs[kind][1],
                    "items": len(world.tokens[kind]),
                    "learned_from": len(world.learn[kind].rows),
                    "scored": len(world.score[kind].rows),
                }
                for kind in KINDS
            },
        }
    world = worlds["unified"]
    made["categories"] = {}
    for kind in KINDS:
        counts = np.bincount(category_numbers(world.items[kind].va), minlength=len(CATEGORIES))
        made["categories"][kind] = dict(zip(CATEGORIES, counts.tolist(), strict=True))
    notes = [
        "unified: 16 x 16 patches of pictures and of spectra of 5 s (224 bands x 224 frames) through one small vision "
        "transformer of width 192, two blocks in, one back, that begins as principal components and learns to fill in "
        "patches not shown",
        "specific: 28 x 28 patches as 2,048 components; 46 s of sound as 32 values at 75 frames a second, by a small "
        "codec of log-mel (EnCodec's layout, 32 x 3,450)",
        "kept: share of the patches' variance that the components keep; loss: mean square error of pixels in 0..1 at "
        "the end of the training, for the transformer of pictures most of whose patches it is not shown",
        "ViT-base-patch16-224 and EnCodec by adapter where their files are given: docs/training.md",
        "categories: items of each of twelve emotions of the plane, by slope",
    ]
    settings = _tokenizer_settings(context)
    write_metrics("vae", "tokenizers", content(context, world, settings, made, notes), context.metrics_dir)


def run_floors(context: Context) -> None:
    """What the tokens allow without a net; `vae/floors`."""
    world = open_world(context, "unified", FOLD)
    parts, most, asked = (QUICK_PARTS, 40, 20) if context.quick else (PARTS, MOST, ASKED)
    made = floors(world, parts, most, asked)
    notes = [
        "mean square error of standardised tokens of unseen artists and series, without any net; mean: one token for "
        "all; place: the mean at each place; item: the true mean token of each item at all its places, a bound for "
        "V1 to V3, which repeat one token; linear_n: n principal components of whole items; cls_linear: ridge from "
        "the CLS token to all tokens",
    ]
    write_metrics(
        "vae", "floors", content(context, world, {"parts": parts}, made, notes), context.metrics_dir
    )


def run_version(context: Context, run: Run) -> None:
    """Train and score one version on its folds; `vae/<run>`."""
    folds = folds_of(run, context)
    recipe = recipe_of(run, context)
    made = []
    for fold in folds:
        logger.info("%s, fold %d of %d", run.name, fold + 1, len(folds))
        world = open_world(context, run.token_set, fold)
        sizes = sizes_of(run, world, context)
        found = trained(run, world, context, fold)
        figures = figures_of(world, found.net, recipe.kl)
        made.append({**figures, "minutes": round(found.minutes, 2), "epochs": found.epochs})
        if fold == FOLD:
            history = found.history
    same = {
        "parameters": parameter_count(TokenFusionVae(sizes)),
        "tokens": world.inputs["image"][0],
        "values": world.inputs["image"][1],
    }
    names = ("epoch", "loss", "image_square", "sound_square", "val_recon", "val_va", "val_kl", "val_total")
    curve = [{name: round(float(row[name]), 5) for name in names if name in row} for row in history]
    notes = [
        "recon: mean square error of standardised tokens (1 is predicting the mean token), all places, mean of the "
        "latent, decoder told the predicted labels; va_loss: mean square error on a scale of -1 to 1; each the mean "
        "of pictures and sounds, and of each kind",
        f"{49 if run.version == 'v32' else recipe.encode_tokens} places go in and {recipe.decode_tokens} are rebuilt "
        "at each step, drawn anew; all are used when scored",
        "the epoch with the lowest total loss on every eighth artist and series of the other folds counts",
    ]
    if run.version == "v32":
        notes.append(
            "the decoder is told the item's own CLS token"
            if run.bypass
            else "the decoder is told a CLS token made from the latent: nothing goes round it"
        )
    split, figures = FIRST_FOLD, made[0]
    if len(folds) > 1:
        split, figures = EVERY_FOLD, tables_over_folds(made)
        notes.append("the curve is the first fold's")
    settings = {**settings_said(recipe, sizes), **_folds_said(folds)}
    whole = content(context, world, settings, {**figures, **same}, notes, split)
    whole["curves"] = {"epochs": curve}
    write_metrics("vae", run.name, whole, context.metrics_dir)


def run_pretrained(context: Context) -> None:
    """The versions on tokens of ViT-base and of EnCodec, for who has their files in `weights/`; else says so and ends.

    Writes `vae/<version>_vit.<labels>` and `vae/<version>_encodec.<labels>`.
    """
    weights = context.data_dir / "weights"
    sets: tuple[tuple[TokenSet, TokenSet, Callable[[Path], Path]], ...] = (
        ("vit", "unified", vit_file),
        ("encodec", "specific", encodec_file),
    )
    for token_set, instead, find in sets:
        try:
            logger.info("%s is there: the versions on its tokens", find(weights))
        except DataError as missing:
            logger.info("%s: the versions stay on the tokenizers fitted here", missing.message)
            continue
        for run in RUNS:
            if run.token_set == instead and run != FOLDED and not run.key.endswith("_unified"):
                run_version(context, replace(run, key=f"{run.key}_{token_set}", token_set=token_set))


def _tokenizer_settings(context: Context) -> Settings:
    return asdict(tokenizer_recipe_of(context))


def _run_settings(context: Context, run: Run) -> Settings:
    return {**asdict(recipe_of(run, context)), **_folds_said(folds_of(run, context))}


def _folds_said(folds: range) -> Settings:
    return {"folds": len(folds)} if len(folds) > 1 else {}


def stages() -> tuple[Stage, ...]:
    """All of section D."""
    tokenizers = Stage(
        "vae.tokenizers", "vae", run_tokenizers, ("vae/tokenizers",), settings=_tokenizer_settings
    )
    versions = [
        Stage(
            f"vae.{run.name}",
            "vae",
            partial(run_version, run=run),
            (f"vae/{run.name}",),
            ("vae.tokenizers",),
            partial(_run_settings, run=run),
            (f"vae/{run.name}-{FOLD}/checkpoints/best.ckpt",),
        )
        for run in RUNS
    ]
    first = [one for one in versions if one.name == f"vae.{BEST.name}"]
    rest = [one for one in versions if one not in first]
    return (
        tokenizers,
        Stage("vae.floors", "vae", run_floors, ("vae/floors",), ("vae.tokenizers",)),
        *first,
        Stage("vae.generation", "vae", run_generation, ("vae/generation",), (first[0].name,)),
        *rest,
        Stage("vae.sheets", "vae", run_sheets, ("vae/sheets",), (first[0].name,)),
        Stage("vae.pack", "vae", run_pack, ("vae/pack",), (first[0].name,)),
        Stage("vae.pretrained", "vae", run_pretrained, (), ("vae.tokenizers",)),
    )
