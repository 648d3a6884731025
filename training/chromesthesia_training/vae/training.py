"""One run: a version on given tokens, with or without labels in its input; and the trained net read back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit import FitSettings, fit
from chromesthesia_training.fit.checkpoint import load
from chromesthesia_training.vae.batches import Side, scoring_loader, training_loader
from chromesthesia_training.vae.material import Kind
from chromesthesia_training.vae.module import MONITOR, StageChange, VaeModule, VaeRecipe
from chromesthesia_training.vae.versions import Sizes, TokenFusionVae

logger = logging.getLogger(__name__)

SCORING_BATCH = 32


@dataclass(frozen=True)
class Trained:
    """The best epoch's net, minutes of training, and a row an epoch."""

    net: TokenFusionVae
    minutes: float
    epochs: int
    history: list[dict[str, float]]


def train_version(
    sizes: Sizes,
    learn: dict[Kind, Side],
    choose: dict[Kind, Side],
    recipe: VaeRecipe,
    run_dir: Path,
    seed: int = 0,
    fresh: bool = False,
    threads: int = 1,
) -> Trained:
    """Train, going on from `run_dir` where an earlier call was interrupted; the epoch with the lowest total loss of
    `choose` counts. Raises TrainingError as `fit` does."""
    torch.manual_seed(seed)
    module = VaeModule(TokenFusionVae(sizes), recipe)
    settings = FitSettings(
        run_dir,
        max_epochs=recipe.epochs,
        monitor=MONITOR,
        mode="min",
        patience=recipe.patience,
        seed=seed,
        checkpoint_every_steps=10_000,
        threads=threads,
    )
    report = fit(
        module,
        training_loader(learn, recipe.batch, recipe.batches),
        scoring_loader(choose, SCORING_BATCH),
        settings,
        resume=not fresh,
        callbacks=(StageChange(),),
    )
    return Trained(load_net(report.best_path, sizes), report.minutes, report.epochs, report.history)


def load_net(path: Path, sizes: Sizes) -> TokenFusionVae:
    """The net of a checkpoint. Raises TrainingError when it is of other sizes."""
    net = TokenFusionVae(sizes)
    stored: Mapping[str, Any] = load(path)["state_dict"]
    given = {name.removeprefix("net."): value for name, value in stored.items() if name.startswith("net.")}
    try:
        net.load_state_dict(given)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise TrainingError(f"{path} is of another net: {first}", "train anew: --fresh") from error
    return net.eval().requires_grad_(False)


def settings_said(recipe: VaeRecipe, sizes: Sizes) -> dict[str, Any]:
    """What the figures depend on, for the metrics file."""
    own = {
        "version": sizes.version,
        "labels_in_input": sizes.labels,
        "cls_bypass": sizes.bypass and sizes.version == "v32",
        "latent": sizes.latent,
        "hidden": sizes.hidden,
    }
    return {**own, **asdict(recipe)}
