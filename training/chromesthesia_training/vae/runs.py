"""Which versions are trained on which tokens, and how: one row of the results each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from chromesthesia_training.stage import Context
from chromesthesia_training.vae.material import FOLDS
from chromesthesia_training.vae.module import VaeRecipe
from chromesthesia_training.vae.training import Trained, train_version
from chromesthesia_training.vae.versions import Sizes, Version
from chromesthesia_training.vae.worlds import TokenSet, World

FOLD = 0
LABELS = {True: "labels", False: "plain"}


@dataclass(frozen=True)
class Run:
    """A version on a token set. labels: valence and arousal go in with every token. bypass: see `Sizes`."""

    key: str
    version: Version
    token_set: TokenSet
    labels: bool
    bypass: bool = True

    @property
    def name(self) -> str:
        """Of its metrics file and its folder."""
        return f"{self.key}.{LABELS[self.labels]}"


_KINDS: tuple[tuple[str, Version, TokenSet, bool], ...] = (
    ("v32", "v32", "unified", True),
    ("v32_own_cls", "v32", "unified", False),
    ("v21_unified", "v21", "unified", True),
    ("v31", "v31", "unified", True),
    ("v3", "v3", "unified", True),
    ("v21", "v21", "specific", True),
    ("v2", "v2", "specific", True),
    ("v1", "v1", "specific", True),
)
FOLDED = Run("v32_folds", "v32", "unified", labels=False)
"""Trained and scored on every fold, each with tokenizers of its own; the others on the first alone."""
RUNS: tuple[Run, ...] = (
    *(
        Run(key, version, tokens, labels, bypass)
        for key, version, tokens, bypass in _KINDS
        for labels in (False, True)
    ),
    FOLDED,
)
"""The latest version first; without labels in the input before with them."""
BEST = next(run for run in RUNS if run.name == "v32_own_cls.plain")
"""What makes pictures and sounds: no label and no CLS token goes round its latent."""


def folds_of(run: Run, context: Context) -> range:
    """The folds that a run is scored on; two of the five when quick."""
    if run != FOLDED:
        return range(FOLD, FOLD + 1)
    return range(2 if context.quick else FOLDS)


def recipe_of(run: Run, context: Context) -> VaeRecipe:
    """The paths of V1 to V2.1 are wide: they get gentler steps on fewer places."""
    recipe = VaeRecipe()
    if run.version in ("v1", "v2", "v21"):
        recipe = replace(recipe, learning_rate=5e-4, encode_tokens=8, weight_decay=1e-3)
    return replace(recipe, epochs=3, batches=2, batch=4) if context.quick else recipe


def sizes_of(run: Run, world: World, context: Context) -> Sizes:
    """Of the net of a run; narrow paths when quick."""
    inside = world.inputs["image"]  # a sound's tokens are led to the number and width of a picture's
    sizes = Sizes(run.version, *inside, inputs=world.inputs, labels=run.labels, bypass=run.bypass)
    if context.quick:
        narrow = {"v1": (32, 24, 16), "v2": (32, 28, 24, 20, 18, 16), "v21": (32, 28, 24, 20, 18, 24)}
        return replace(sizes, hidden=24, widths=narrow.get(run.version, (16,)))
    return sizes


def folder_of(run: Run, context: Context, fold: int = FOLD) -> Path:
    return context.runs_dir / "vae" / f"{run.name}-{fold}"


def trained(run: Run, world: World, context: Context, fold: int = FOLD) -> Trained:
    """Train it, or read what an earlier call has trained."""
    return train_version(
        sizes_of(run, world, context),
        world.learn,
        world.choose,
        recipe_of(run, context),
        folder_of(run, context, fold),
        context.seed,
        context.fresh,
        context.threads,
    )
