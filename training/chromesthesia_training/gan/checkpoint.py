"""Checkpoints: everything a run needs to go on or be exported, in one file written atomically."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chromesthesia_training.data.condition import ConditionSpace
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.model import Generator
from chromesthesia_training.safe_write import whole_file

CHECKPOINT_NAME = "state.pt"
CHECKPOINT_SCHEMA = 2


def save_checkpoint(run_dir: Path, content: dict[str, Any]) -> Path:
    """Write `content` beside the old checkpoint, then in its place: a crash leaves the old one whole."""
    path = run_dir / CHECKPOINT_NAME
    with whole_file(path) as file:
        torch.save({"schema": CHECKPOINT_SCHEMA, **content}, file)
    return path


def load_checkpoint(run_dir: Path) -> dict[str, Any]:
    """Read a run's checkpoint onto the CPU.

    Raises:
        TrainingError: no checkpoint there, a damaged one, or one of another schema.
    """
    path = run_dir / CHECKPOINT_NAME
    if not path.is_file():
        raise TrainingError(f"no checkpoint at {path}", "train first, or give the folder of a run")
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        schema = content["schema"]
    except (
        RuntimeError,
        EOFError,
        OSError,
        KeyError,
        ValueError,
        TypeError,
        pickle.UnpicklingError,
    ) as error:
        raise TrainingError(
            f"checkpoint {path} is damaged: {error}", "restore it, or train afresh"
        ) from error
    if schema != CHECKPOINT_SCHEMA:
        raise TrainingError(
            f"checkpoint {path} has schema {schema}, expected {CHECKPOINT_SCHEMA}", "train afresh"
        )
    return content


@dataclass(frozen=True)
class TrainedGenerator:
    """The averaged generator of a run in evaluation mode, its condition scale, and how far it was trained."""

    generator: Generator
    space: ConditionSpace
    step: int
    images_seen: int
    elapsed_s: float


def load_trained(run_dir: Path) -> TrainedGenerator:
    """The averaged generator of a run.

    Raises:
        TrainingError: see `load_checkpoint`.
    """
    content = load_checkpoint(run_dir)
    generator = Generator(tuple(content["widths"]))
    generator.load_state_dict(content["average"])
    generator.eval().requires_grad_(False)
    space = content["space"]
    return TrainedGenerator(
        generator,
        ConditionSpace(tuple(space["mean"]), tuple(space["deviation"]), tuple(space["dominance_slopes"])),
        content["step"],
        content["images_seen"],
        content["elapsed_s"],
    )
