"""What the training of a free encoder is asked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chromesthesia_training.encoder.model import QUICK_S, ROOM_FLOOR, RUNNING_S, EncoderSizes
from chromesthesia_training.encoder.read_out import ReadOutRecipe

FREE_SIZES = EncoderSizes(
    memories_s=(QUICK_S, RUNNING_S), unfelt=True, input_floor=ROOM_FLOOR, room_s=120.0, room_prior_s=10.0
)
"""Two memories, a class for what feels nothing, and statistics held against the running room."""


@dataclass(frozen=True)
class FreeRecipe:
    """speech_passes, burst_passes: how often voices are heard spoiled, beside once as recorded; unfelt: sounds that
    feel nothing. bursts: weight of all bursts beside 1 of all speech. plane_pull: of valence and arousal.
    """

    speech_passes: int = 5
    burst_passes: int = 1
    unfelt: int = 240
    bursts: float = 0.1
    plane_pull: float = 1.0
    sizes: EncoderSizes = FREE_SIZES
    read_out: ReadOutRecipe = field(default_factory=lambda: ReadOutRecipe(steps=800, noise=0.3))

    def told(self) -> dict[str, Any]:
        """For what is recorded of a run."""
        return {
            "speech_passes": self.speech_passes,
            "burst_passes": self.burst_passes,
            "unfelt": self.unfelt,
            "bursts": self.bursts,
            "plane_pull": self.plane_pull,
            "sizes": self.sizes.told(),
            "read_out": asdict(self.read_out),
        }


@dataclass(frozen=True)
class FreeSettings:
    """One run. `data_dir`, `sounds`: as of `free_sets`. Everything random follows from `seed`."""

    run_dir: Path = Path("runs/free")
    data_dir: Path | None = None
    sounds: Path | None = None
    cache_dir: Path = Path("runs/cache")
    pretrained: Path | None = None
    recipe: FreeRecipe = field(default_factory=FreeRecipe)
    seed: int = 3
    fresh: bool = False
