"""Settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.model import WIDTHS


@dataclass(frozen=True)
class GanSettings:
    """One run. It ends after `minutes`, or after `steps` where given; schedules follow whichever ends it.

    Attributes:
        art_dir: folder of paintings, see `chromesthesia_training.art`.
        feature_weights: SqueezeNet 1.1 weights, `.npz`.
        run_dir: checkpoints, metrics.jsonl and sheets; a run found there is resumed unless `fresh`.
        cache_dir: decoded paintings are kept here; None keeps none.
        minutes: time spent training, summed over resumed parts.
        vae_steps: steps as a variational autoencoder before the adversarial ones.
        rating_pull, emotion_pull: weight of reading the asked ratings and emotions back from the picture.
        saturation_pull: weight of keeping the picture's values before tanh inside +-`saturation_limit`.
        mixed_share: share of painted conditions that are mixtures.
        smallest_crop: smallest random square of a painting, as a share of its side.
        feature_sides: the frozen net sees pictures at one of these sizes, drawn each step.
        decay_share: both learning rates fall to a tenth over this last share of the run.
    """

    art_dir: Path
    feature_weights: Path
    run_dir: Path = Path("runs/gan")
    cache_dir: Path | None = Path("runs/cache")
    minutes: float = 95.0
    steps: int | None = None
    fresh: bool = False
    seed: int = 0
    threads: int = 1
    batch: int = 16
    stored_side: int = 176
    widths: tuple[int, ...] = WIDTHS
    vae_steps: int = 500
    vae_rate: float = 4e-4
    generator_rate: float = 4e-4
    discriminator_rate: float = 8e-4
    decay_share: float = 0.4
    average: float = 0.995
    late_average: float = 0.999
    rating_pull: float = 0.25
    emotion_pull: float = 0.1
    saturation_pull: float = 0.05
    saturation_limit: float = 2.2
    jitter: float = 0.15
    mixed_share: float = 0.4
    smallest_crop: float = 0.75
    feature_sides: tuple[int, ...] = (80, 88, 96, 104, 112)
    reader_side: int = 112
    log_every: int = 50
    checkpoint_every_s: float = 180.0

    def check(self) -> None:
        """Raises TrainingError on a value that cannot work, naming it."""
        for name in ("minutes", "batch", "threads", "log_every", "stored_side"):
            value = getattr(self, name)
            if value <= 0:
                raise TrainingError(f"{name} is {value}", "give a number above 0")
        if self.batch < 2:
            raise TrainingError(f"batch is {self.batch}", "batch norm needs at least 2 pictures")
        if self.steps is not None and self.steps <= 0:
            raise TrainingError(f"steps is {self.steps}", "give a number above 0, or none")
        if not 0.2 <= self.smallest_crop <= 1.0:
            raise TrainingError(f"smallest_crop is {self.smallest_crop:g}", "give a share from 0.2 to 1")
