"""Checkpoint files: whole or not written at all, and read as tensors and plain values only."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from lightning.pytorch.plugins.io import CheckpointIO
from torch import nn

from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.fit.settings import FitReport
from chromesthesia_training.safe_write import whole_file

Module = TypeVar("Module", bound=nn.Module)
_UNSAVED = ("hyper_parameters", "hparams_name", "hparams_type", "datamodule_hyper_parameters")


def write_whole(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all. Raises DataError when the disk is full; what was there stays."""
    try:
        with whole_file(path) as file:
            file.write(content)
    except DataError as error:
        raise DataError(
            error.message,
            "make room or choose another folder; what was saved before is whole, and the same command goes on from it",
            error.kind,
        ) from error


def save(content: dict[str, Any], path: Path) -> None:
    """torch.save, whole or not at all. Raises DataError as `write_whole`."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_whole(path, buffer.getvalue())


def load(
    path: Path,
    needs: Sequence[str] = ("state_dict",),
    what: str = "checkpoint",
    missing: str = "train first, or give the folder of a run",
    damaged: str = "delete it and train again; best.ckpt beside it may still be whole",
) -> dict[str, Any]:
    """Read a file of tensors and plain values onto the CPU. This is the only reader of what training writes.

    needs: keys without which it is no such file; what: the file in words; missing, damaged: the remedies.

    Raises:
        TrainingError: no file there, a damaged one, or one without these keys.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TrainingError(f"there is no {what} {path}", missing) from error
    except (
        RuntimeError,
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        pickle.UnpicklingError,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(f"the {what} {path} is damaged: {reason}", damaged) from error
    if not isinstance(content, dict) or any(key not in content for key in needs):
        raise TrainingError(f"{path} is no {what} of a run", "give the folder of a run")
    return content


def load_weights(module: Module, state: dict[str, Any], path: Path) -> Module:
    """Put weights into a module. Raises TrainingError when they are of another network."""
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise TrainingError(
            f"{path} is of another network: {'; '.join(line.strip() for line in str(error).splitlines()[1:3])}",
            "use another run folder, or train anew",
        ) from error
    return module


def load_best(module: Module, report_or_run_dir: FitReport | Path) -> Module:
    """Put the best weights of a run (averaged, where it averaged) into `module`, in evaluation mode, and return it.

    Raises:
        TrainingError: no best checkpoint there, a damaged one, or one of another network.
    """
    if isinstance(report_or_run_dir, FitReport):
        path = report_or_run_dir.best_path
    else:
        path = Path(report_or_run_dir) / "checkpoints" / "best.ckpt"
    return load_weights(module, load(path)["state_dict"], path).eval()


def part(state: dict[str, Any], name: str) -> dict[str, Any]:
    """The weights of the submodule `name` among those of a module."""
    return {key[len(name) + 1 :]: value for key, value in state.items() if key.startswith(f"{name}.")}


class WholeCheckpoints(CheckpointIO):
    """Lightning's checkpoints through `save` and `load`, without hyperparameters: the caller builds the module."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        save({name: value for name, value in checkpoint.items() if name not in _UNSAVED}, Path(path))

    def load_checkpoint(
        self, path: str | Path, map_location: Any | None = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        return load(Path(path))

    def remove_checkpoint(self, path: str | Path) -> None:
        Path(path).unlink(missing_ok=True)
