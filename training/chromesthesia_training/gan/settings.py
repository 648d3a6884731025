"""Settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from chromesthesia_training.data.art import STORED_SIDE
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.model import WIDTHS

Loss = Literal["hinge", "relativistic"]


@dataclass(frozen=True)
class GanSettings:
    """One run. It ends after `minutes`, or after `steps` where given; schedules follow whichever ends it.

    Attributes:
        art_dir: folder of paintings, see `chromesthesia_training.data.art`.
        feature_weights: SqueezeNet 1.1 weights, `.npz`.
        run_dir: as `fit` keeps it, and sheets; a run found there is resumed unless `fresh`.
        cache_dir: decoded paintings are kept here; None keeps none.
        grow_from: another run's folder, whose narrower generator this one begins with.
        minutes: time spent training, summed over resumed parts.
        widths: of the generator's stages; their number sets the side of its pictures, see `model.image_side`.
        keep_borrowed: leave what was taken from `grow_from` as it is: only new stages learn.
        rebuild_steps: steps of rebuilding paintings before the adversarial ones.
        anchored: share of a batch made from the latents of paintings, which have to come out like them.
        anchor_pull: weight of that likeness, of small pictures and of frozen features.
        rating_pull, emotion_pull: weight of reading the asked ratings and emotions back from the picture.
        saturation_pull: weight of keeping the picture's values before tanh inside +-`saturation_limit`.
        centre_pull, spread_pull: weight of the pictures' mean features being the paintings', and of their covariance.
        slope_pull: weight of the R1 penalty on the pixel heads, with the relativistic loss of R1 and R2; every
            `rare_every` steps.
        steady_pull: weight of moving evenly along a short latent path; every `rare_every` steps.
        loss: "hinge", or "relativistic": each painting's score against a picture's (Huang et al. 2024), which leaves
            fewer kinds of paintings out.
        mixed_share: share of painted conditions that are mixtures.
        smallest_crop: smallest random square of a painting, as a share of its side.
        feature_sides: the frozen net sees pictures at one of these sizes, drawn each step.
        decay_share: both learning rates fall to a tenth over this last share of the run.
        accelerator, devices, precision: as in Lightning; under torchrun every process draws rows of its own.
    """

    art_dir: Path
    feature_weights: Path
    run_dir: Path = Path("runs/gan")
    cache_dir: Path | None = Path("runs/cache")
    grow_from: Path | None = None
    keep_borrowed: bool = False
    minutes: float = 95.0
    steps: int | None = None
    fresh: bool = False
    seed: int = 0
    threads: int = 1
    accelerator: str = "auto"
    devices: int | str = "auto"
    precision: str = "32-true"
    batch: int = 16
    stored_side: int = STORED_SIDE
    widths: tuple[int, ...] = WIDTHS
    rebuild_steps: int = 100
    anchored: float = 0.25
    anchor_pull: float = 1.0
    generator_rate: float = 4e-4
    discriminator_rate: float = 8e-4
    decay_share: float = 0.4
    average: float = 0.995
    late_average: float = 0.999
    rating_pull: float = 0.6
    emotion_pull: float = 0.2
    saturation_pull: float = 0.3
    saturation_limit: float = 2.2
    centre_pull: float = 60.0
    spread_pull: float = 15.0
    slope_pull: float = 0.1
    steady_pull: float = 0.2
    rare_every: int = 8
    loss: Loss = "hinge"
    jitter: float = 0.15
    mixed_share: float = 0.4
    smallest_crop: float = 0.75
    feature_sides: tuple[int, ...] = (80, 88, 96, 104, 112)
    reader_side: int = 112
    log_every: int = 50
    checkpoint_every_s: float = 180.0

    def check(self) -> None:
        """Raises TrainingError on a value that cannot work, naming it."""
        for name in ("minutes", "batch", "threads", "log_every", "stored_side", "rare_every"):
            value = getattr(self, name)
            if value <= 0:
                raise TrainingError(f"{name} is {value}", "give a number above 0")
        if self.batch < 4:
            raise TrainingError(
                f"batch is {self.batch}", "half of a batch is anchored: it needs at least 4 pictures"
            )
        if self.steps is not None and self.steps <= 0:
            raise TrainingError(f"steps is {self.steps}", "give a number above 0, or none")
        if self.loss not in get_args(Loss):
            raise TrainingError(f"loss is {self.loss!r}", f"give one of {', '.join(get_args(Loss))}")
        if not 0.2 <= self.smallest_crop <= 1.0:
            raise TrainingError(f"smallest_crop is {self.smallest_crop:g}", "give a share from 0.2 to 1")
        if not 0.0 <= self.anchored < 1.0:
            raise TrainingError(f"anchored is {self.anchored:g}", "give a share from 0 to below 1")
