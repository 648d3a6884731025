"""The networks of a run, read from the checkpoint that `fit` keeps, or from that of an earlier version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from chromesthesia_training.data.condition import ConditionSpace
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import load, load_weights, part
from chromesthesia_training.fit.checkpoint_callback import STATE_KEY
from chromesthesia_training.gan.model import Generator

ABOUT = "gan"
"""What a checkpoint holds of the run beside weights and optimisers."""
EARLIER_NAME = "state.pt"
EARLIER_SCHEMA = 2
_LAST = Path("checkpoints", "last.ckpt")

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class GanRun:
    """Weights of the generator, its average and the discriminator; the condition's scale; how far it was trained."""

    path: Path
    generator: Weights
    average: Weights
    discriminator: Weights
    widths: tuple[int, ...]
    space: ConditionSpace
    step: int
    images_seen: int
    elapsed_s: float


def read_run(run_dir: Path) -> GanRun:
    """The newest checkpoint of a run, onto the CPU; also that of an earlier version.

    Raises:
        TrainingError: no checkpoint there, a damaged one, or one of a version too old.
    """
    path, before = run_dir / _LAST, run_dir / EARLIER_NAME
    if not path.exists() and before.exists():
        return _read_earlier(before)
    content = load(path, ("state_dict", "callbacks", ABOUT))
    about, state = content[ABOUT], content["state_dict"]
    networks = {name: part(state, name) for name in ("generator", "average", "discriminator")}
    elapsed_s = 60.0 * float(content["callbacks"][STATE_KEY]["minutes"])
    return _run(path, networks, about, elapsed_s)


def _read_earlier(path: Path) -> GanRun:
    content = load(path, ("schema", "generator", "average", "discriminator", "widths", "space"))
    if content["schema"] != EARLIER_SCHEMA:
        raise TrainingError(
            f"checkpoint {path} has schema {content['schema']}, expected {EARLIER_SCHEMA}", "train afresh"
        )
    return _run(path, content, content, float(content["elapsed_s"]))


def _run(path: Path, networks: dict[str, Any], about: dict[str, Any], elapsed_s: float) -> GanRun:
    space = about["space"]
    return GanRun(
        path,
        networks["generator"],
        networks["average"],
        networks["discriminator"],
        tuple(about["widths"]),
        ConditionSpace(tuple(space["mean"]), tuple(space["deviation"]), tuple(space["dominance_slopes"])),
        int(about["step"]),
        int(about["images_seen"]),
        elapsed_s,
    )


def finished_earlier(run_dir: Path, steps: int | None, minutes: float) -> bool:
    """Whether a run of an earlier version came to its end here, and none of this version was begun.

    Raises:
        TrainingError: it was interrupted before, or its checkpoint is damaged.
    """
    path = run_dir / EARLIER_NAME
    if not path.exists() or (run_dir / _LAST).exists():
        return False
    run = _read_earlier(path)
    if run.step >= steps if steps is not None else run.elapsed_s >= 60.0 * minutes:
        return True
    raise TrainingError(
        f"{path} is of an earlier version, interrupted at step {run.step} after {run.elapsed_s / 60:.0f} minutes; "
        "this one cannot go on with it",
        "train anew with --fresh, or name another --run; the old one can still be exported",
    )


def forget_earlier(run_dir: Path) -> None:
    """Remove what a run of an earlier version left: it would be taken for this one's."""
    for name in (EARLIER_NAME, "metrics.jsonl"):
        (run_dir / name).unlink(missing_ok=True)


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
        TrainingError: see `read_run`.
    """
    run = read_run(run_dir)
    generator = load_weights(Generator(run.widths), run.average, run.path)
    generator.eval().requires_grad_(False)
    return TrainedGenerator(generator, run.space, run.step, run.images_seen, run.elapsed_s)
