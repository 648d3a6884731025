"""The environment that torchrun started this process in, and what it trains on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from chromesthesia_training.errors import TrainingError

_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "TORCHELASTIC_RUN_ID")
_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16", "arm_bf16", "sve_bf16")
"""As torch calls what multiplies in bfloat16, on x86 and ARM."""


@dataclass(frozen=True)
class Environment:
    """This process: `rank` of `world`, of which `local_world` run on this machine."""

    rank: int = 0
    world: int = 1
    local_world: int = 1

    @property
    def first(self) -> bool:
        """Whether this one writes for all."""
        return self.rank == 0


def environment() -> Environment:
    """Read torchrun's environment; one process alone when it is not there.

    Raises:
        TrainingError: an environment that is only half there, or holds no numbers.
    """
    if "WORLD_SIZE" not in os.environ:
        return Environment()
    try:
        world, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
        return Environment(rank, world, int(os.environ.get("LOCAL_WORLD_SIZE", world)))
    except (KeyError, ValueError) as error:
        raise TrainingError(
            f"WORLD_SIZE is set, but RANK and the like do not fit it ({error})",
            "start several processes with torchrun, or unset WORLD_SIZE",
        ) from error


@contextmanager
def alone() -> Iterator[None]:
    """Within the block this process trains as if torchrun had not started it with others."""
    kept = {name: os.environ.pop(name) for name in _VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


@dataclass(frozen=True)
class Devices:
    """What Lightning's Trainer is given."""

    accelerator: str
    devices: int | str
    num_nodes: int = 1

    @property
    def on_gpu(self) -> bool:
        return self.accelerator != "cpu"


def fast_precision() -> str:
    """The precision in which a step takes least: "bf16-mixed" on a GPU and on processors that multiply in bfloat16
    (a step of the cGAN 2.4 s there, 4.9 in 32 bits), else "32-true": without, bfloat16 is converted to and fro."""
    if torch.cuda.is_available():
        return "bf16-mixed"
    can = torch.cpu.get_capabilities()
    return "bf16-mixed" if any(can.get(name) for name in _BFLOAT16) else "32-true"


def choose_devices(accelerator: str, devices: int | str, precision: str) -> Devices:
    """One device, or one for each of torchrun's processes.

    Raises:
        TrainingError: several devices without torchrun, another number than torchrun's, a GPU where there is none,
            or a precision that the device cannot do.
    """
    here = environment()
    if accelerator == "auto":
        accelerator = "cuda" if torch.cuda.is_available() else "cpu"
        if accelerator == "cpu" and torch.backends.mps.is_available() and here.world == 1:
            accelerator = "mps"
    if accelerator in ("cuda", "gpu") and not torch.cuda.is_available():
        raise TrainingError(
            "a GPU was asked for, and torch finds none",
            "leave accelerator at auto, or install a torch built for this GPU's driver",
        )
    if precision == "16-mixed" and accelerator == "cpu":
        raise TrainingError("precision 16-mixed on a CPU", "give bf16-mixed or 32-true, or train on a GPU")
    if isinstance(devices, str) and devices != "auto" and not devices.isdigit():
        raise TrainingError(f"devices is {devices!r}", 'give a number or "auto"')
    asked = None if devices == "auto" else int(devices)
    if here.world > 1:
        if asked is not None and asked != here.local_world:
            raise TrainingError(
                f"devices is {asked}, but torchrun started {here.local_world} processes on this machine",
                'leave devices at "auto"',
            )
        if accelerator in ("cuda", "gpu") and here.local_world > torch.cuda.device_count():
            raise TrainingError(
                f"torchrun started {here.local_world} processes, but there are {torch.cuda.device_count()} GPUs",
                f"torchrun --nproc-per-node {torch.cuda.device_count()}",
            )
        return Devices(accelerator, here.local_world, max(1, here.world // here.local_world))
    if asked is not None and asked > 1:
        raise TrainingError(
            f"devices is {asked}, but one process was started",
            f"torchrun --nproc-per-node {asked} -m chromesthesia_training.cli ...",
        )
    return Devices(accelerator, 1)
