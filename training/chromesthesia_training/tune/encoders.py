"""The `encoders` stages of the search: learning rate, weight decay, batch and embedding of an offline encoder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit import FitSettings, fit
from chromesthesia_training.offline.folds import Int64, clip_inputs
from chromesthesia_training.offline.loading import Rows, scoring_loader, training_loader
from chromesthesia_training.offline.material import Material
from chromesthesia_training.offline.module import ClipClassifier, Recipe, draw_weights, one_hot
from chromesthesia_training.offline.stages import (
    RECIPE,
    material_of,
    recipe_of,
    reference_net,
    run_net,
    splits_of,
)
from chromesthesia_training.stage import Context, Settings, Stage
from chromesthesia_training.tune.export import write_search
from chromesthesia_training.tune.space import Choice, Number, Space, Value
from chromesthesia_training.tune.study import Attempt, Mode, TuneReport, tune

SPACE: Space = {
    "learning_rate": Number(3e-4, 2e-2, log=True),
    "weight_decay": Number(1e-4, 0.1, log=True),
    "batch": Choice((16, 32, 64)),
    "embedding": Choice((32, 64, 128, 256)),
}
TRIALS, QUICK_TRIALS = 20, 3
TRIAL_EPOCHS = 6
ENCODER = "cnn"
MODE: Mode = "max"
SPLIT = "random by clip, 80/20, as the reference; a fifth of the training clips, by lot, chooses, the rest is learned"


def search_encoder(context: Context, name: str, trials: int, folder: Path) -> TuneReport:
    """Search for the recipe and embedding of offline encoder `name`; every process given `folder` takes part.

    The figure is macro-F1 of the clips that choose; the test clips are not looked at.
    """
    material = material_of(context)
    learned, choosing = _choosing(material, context)
    common = replace(recipe_of(context, RECIPE), epochs=1 if context.quick else TRIAL_EPOCHS)

    def objective(attempt: Attempt) -> float:
        return _trial(attempt, material, learned, choosing, common, name, folder, context)

    return tune(
        objective, SPACE, f"{name}-random", folder / "study.journal", trials, mode=MODE, seed=context.seed
    )


def _choosing(material: Material, context: Context) -> tuple[Int64, Int64]:
    train = splits_of(context, material, "random")[0].train
    dealt = np.random.default_rng(context.seed).permutation(train)
    fifth = len(train) // 5
    return np.sort(dealt[fifth:]), np.sort(dealt[:fifth])


def _trial(
    attempt: Attempt,
    material: Material,
    learned: Int64,
    choosing: Int64,
    common: Recipe,
    name: str,
    folder: Path,
    context: Context,
) -> float:
    recipe, embedding = recipe_with(common, attempt.values)
    task = material.task
    torch.manual_seed(context.seed)
    encoder = reference_net(context, name, embedding)()
    train = Rows(*clip_inputs(encoder, task.views, learned, learned), one_hot(task.labels[learned]))
    choose = Rows(*clip_inputs(encoder, task.views, choosing, learned), one_hot(task.labels[choosing]))
    weights = draw_weights([task.groups[row] for row in learned], recipe.balance)
    loader = training_loader(train, weights, recipe.batch, context.seed)
    module = ClipClassifier(encoder, recipe, len(loader) * recipe.epochs, context.seed)
    settings = FitSettings(
        folder / attempt.key,
        max_epochs=recipe.epochs,
        ema_decay=recipe.average,
        seed=context.seed,
        threads=context.threads,
    )
    report = fit(
        module, loader, scoring_loader(choose), settings, callbacks=(attempt.callback("val_macro_f1"),)
    )
    best = max(report.history, key=lambda row: row["val_macro_f1"])
    attempt.note(
        macro_f1=best["val_macro_f1"], accuracy=best["val_accuracy"], minutes=round(report.minutes, 3)
    )
    return best["val_macro_f1"]


def recipe_with(recipe: Recipe, values: Mapping[str, Value]) -> tuple[Recipe, int]:
    """The recipe with values of `SPACE`, and the size of the embedding."""
    tuned = replace(
        recipe,
        learning_rate=float(values["learning_rate"]),
        weight_decay=float(values["weight_decay"]),
        batch=int(values["batch"]),
    )
    return tuned, int(values["embedding"])


def run_search(context: Context) -> None:
    """Search for the CNN's settings; `encoders/optuna` and its drawing."""
    folder = context.runs_dir / "encoders" / "optuna"
    trials = QUICK_TRIALS if context.quick else TRIALS
    report = search_encoder(context, ENCODER, trials, folder)
    material = material_of(context)
    learned, choosing = _choosing(material, context)
    about: dict[str, Any] = {
        "command": context.command,
        "data": {
            "what": "acted speech, three emotions: RAVDESS, EMO-DB, URDU, nEMO, TESS",
            "clips": len(learned) + len(choosing),
            "corpora": sorted({clip.corpus for clip in material.task.clips}),
            "tess": True,
        },
        "protocol": "random",
        "split": SPLIT,
        "seeds": [context.seed],
        "settings": dict(_search_settings(context)),
        "notes": [
            "the figure is macro-F1 of the best epoch on the clips that choose; the test clips were not looked at"
        ],
        "reference": {
            "row": "Optuna, best trial",
            "figures": {"accuracy": 0.7846},
            "same_work": False,
            "why": "other corpora",
        },
    }
    write_search(report, SPACE, "encoders", "optuna", about, context.metrics_dir)


def run_tuned(context: Context) -> None:
    """Train the CNN with what the search found on all training clips; `encoders/cnn_tuned.random`."""
    path = context.metrics_dir / "encoders" / "optuna.json"
    try:
        best = json.loads(path.read_text(encoding="utf-8"))["settings"]["best"]
        recipe, embedding = recipe_with(RECIPE, best)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} holds no best trial", "reproduce --only encoders.optuna --fresh"
        ) from error
    run_net(
        context,
        ENCODER,
        f"{ENCODER}_tuned.random",
        "random",
        reference_net(context, ENCODER, embedding),
        recipe,
        1,
        notes=("learning rate, weight decay, batch and embedding of the best trial of encoders/optuna",),
    )


def _search_settings(context: Context) -> Settings:
    recipe = asdict(replace(recipe_of(context, RECIPE), epochs=1 if context.quick else TRIAL_EPOCHS))
    for searched in SPACE:
        recipe.pop(searched, None)
    return {"encoder": ENCODER, **recipe}


def _tuned_settings(context: Context) -> Settings:
    return {"encoder": ENCODER, "epochs": recipe_of(context, RECIPE).epochs}


def stages() -> tuple[Stage, ...]:
    """The search, and the encoder trained with what it found."""
    return (
        Stage("encoders.optuna", "encoders", run_search, ("encoders/optuna",), settings=_search_settings),
        Stage(
            "encoders.tuned",
            "encoders",
            run_tuned,
            (f"encoders/{ENCODER}_tuned.random",),
            needs=("encoders.optuna",),
            settings=_tuned_settings,
        ),
    )
