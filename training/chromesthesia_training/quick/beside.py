"""Is the pupil as good as its teacher? Both measured alike, in one run, on paintings that neither has seen."""

from __future__ import annotations

from dataclasses import dataclass

from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.measuring.controllability import (
    agreement,
    engine_conditions,
    fit_rating_readers,
    inner_conditions_of,
)
from chromesthesia_training.measuring.evaluate import SAMPLES, Reference
from chromesthesia_training.measuring.frechet import spaces
from chromesthesia_training.measuring.looks import look_at
from chromesthesia_training.measuring.painters import Painter, normal_latents

LARGEST_LOSS = 0.1
"""Share of its teacher's figures that a pupil may lose."""


@dataclass(frozen=True)
class Figures:
    """Frechet distance in fire9; r of the valence asked for by five values and read from the picture."""

    frechet: float
    valence_r: float


@dataclass(frozen=True)
class Beside:
    """Both, of `samples` pictures each."""

    pupil: Figures
    teacher: Figures
    samples: int

    @property
    def as_good(self) -> bool:
        """Whether the pupil loses no more than a tenth of either."""
        return (
            self.pupil.frechet <= (1 + LARGEST_LOSS) * self.teacher.frechet
            and self.pupil.valence_r >= (1 - LARGEST_LOSS) * self.teacher.valence_r
        )

    @property
    def line(self) -> str:
        """In words."""
        return (
            f"Frechet on fire9 {self.pupil.frechet:.1f} beside {self.teacher.frechet:.1f}, valence asked and read r "
            f"{self.pupil.valence_r:.3f} beside {self.teacher.valence_r:.3f} ({self.samples} pictures)"
        )


def beside(
    pupil: Painter,
    teacher: Painter,
    reference: Reference,
    net: FeatureNet,
    samples: int = SAMPLES,
    seed: int = 1,
) -> Beside:
    """Measure both by the same latents and requests."""
    count = min(samples, len(reference.held_out))
    ours, theirs = (_figures(one, reference, net, count, samples, seed) for one in (pupil, teacher))
    return Beside(ours, theirs, samples)


def _figures(
    painter: Painter, reference: Reference, net: FeatureNet, count: int, samples: int, seed: int
) -> Figures:
    space = spaces(reference.fitted.looks, reference.train_only.looks)["fire9"]
    inner = inner_conditions_of(reference.held_out, reference.space)[:count]
    looks = look_at(net, painter.paint_inner(inner, normal_latents(count, painter.latent_size, seed)))
    asked = engine_conditions(samples, seed)
    reader = fit_rating_readers(reference.fitted, reference.space)["deep"]
    answered = look_at(net, painter.paint(asked, normal_latents(samples, painter.latent_size, seed + 1000)))
    return Figures(space.distance(looks), agreement(asked[:, :2], reader.read(answered))["valence"])
