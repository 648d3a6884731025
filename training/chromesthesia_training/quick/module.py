"""One lesson of the quick painter: it paints what its teacher paints of the same latent and condition.

What is asked is drawn as the engine asks, as a painting asks that is of one emotion, and mixed; the pictures have no
end, and none comes twice. A picture is held to the teacher's as it is, in its differences of neighbours, and in frozen
features; the maps after each block are held to the teacher's through a 1 x 1 convolution that is thrown away.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import lightning
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chromesthesia_training.backbones.squeezenet import FeatureNet, on_device
from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.data.condition import VAD_SIZE, EngineCondition, random_engine_conditions
from chromesthesia_training.fit import checkpoint_callback_of, follow
from chromesthesia_training.fit.settings import plain_settings
from chromesthesia_training.gan.checkpoint import TrainedGenerator
from chromesthesia_training.gan.model import LATENT_SIZE, Generator
from chromesthesia_training.quick.beginning import pupil_of
from chromesthesia_training.quick.model import QuickGenerator, QuickShape
from chromesthesia_training.quick.settings import QuickSettings

ABOUT = "quick"
"""What a checkpoint holds of the run beside weights and optimiser."""
COARSE_SHARE = 16
LOWEST_RATE = 0.05
BEGUN_ON = 16
"""Pictures of the teacher that tell which axes of its maps matter."""


class Asked:
    """What is asked of a painter in training: steered latents (n, 64) and inner conditions (n, 11)."""

    def __init__(self, trained: TrainedGenerator) -> None:
        self.translate = EngineCondition(trained.space)
        self.steering = trained.generator.steering

    def draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Of three requests one is the engine's, one a painting's, one blends the two."""
        engine = self.translate(random_engine_conditions(count, rng))
        emotions = F.one_hot(torch.randint(len(EMOTIONS), (count,), generator=rng), len(EMOTIONS)).float()
        painting = torch.cat([torch.randn(count, VAD_SIZE, generator=rng), emotions], 1)
        blended = engine.lerp(painting, torch.rand(count, 1, generator=rng))
        kind = torch.randint(3, (count, 1), generator=rng)
        condition = torch.where(kind == 0, engine, torch.where(kind == 1, painting, blended))
        latent = torch.randn(count, LATENT_SIZE, generator=rng)
        return self.steering(latent, condition), condition


class QuickModule(lightning.LightningModule):
    """The pupil, its average, and the adaptors of its maps; teacher and frozen net are not in the checkpoint."""

    def __init__(self, settings: QuickSettings, trained: TrainedGenerator, net: FeatureNet) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.settings = settings
        self.randomness = torch.Generator().manual_seed(settings.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            asked = Asked(trained)
            latent, condition = asked.draw(BEGUN_ON, torch.Generator().manual_seed(settings.seed))
            inner = tuple(map(min, settings.inner, trained.generator.widths[1:]))
            pupil = pupil_of(trained.generator, inner, settings.head, latent, condition)
            self.pupil = _laid_out(pupil)
            self.adaptors = nn.ModuleList(_adaptor(width) for width in trained.generator.widths[1:])
        self.average = copy.deepcopy(self.pupil).eval().requires_grad_(False)
        teacher = _laid_out(copy.deepcopy(trained.generator).eval().requires_grad_(False))
        teacher.head.up.train()  # the same picture, in the form that torch computes sooner
        self._others = (teacher, asked, net, trained.space)  # in a tuple they are no submodules
        self.steps_done = 0

    @property
    def teacher(self) -> Generator:
        teacher: Generator = self._others[0]
        return teacher

    @property
    def asked(self) -> Asked:
        return self._others[1]

    def on_fit_start(self) -> None:
        teacher, asked, net, space = self._others
        self._others = (teacher.to(self.device), asked, on_device(net, self.device), space)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        new = [*self.pupil.head.parameters(), *self.adaptors.parameters()]
        begun = [one for name, one in self.pupil.named_parameters() if not name.startswith("head.")]
        groups = [
            {"params": new, "lr": self.settings.rate},
            {"params": begun, "lr": self.settings.begun_rate},
        ]
        return torch.optim.Adam(groups, betas=(0.9, 0.99))

    def training_step(self, _batch: object, _index: int) -> None:
        settings = self.settings
        done = self._share_done()
        optimiser: Any = self.optimizers()
        for group, rate in zip(optimiser.param_groups, (settings.rate, settings.begun_rate), strict=True):
            group["lr"] = rate * self._rate_factor(done)
        latent, condition = (
            part.to(self.device) for part in self.asked.draw(settings.batch, self.randomness)
        )
        with torch.no_grad(), _maps_of(self.teacher) as wanted_maps:
            wanted = torch.tanh(self.teacher.before_tanh(latent, condition))
        maps, cells = self.pupil.stages(latent, condition)
        made = F.pixel_shuffle(torch.tanh(cells), 2)
        losses = {
            "pixels": (made - wanted).abs().mean(),
            "coarse": (F.avg_pool2d(made, COARSE_SHARE) - F.avg_pool2d(wanted, COARSE_SHARE)).abs().mean(),
            "edges": _edges(made, wanted),
            "deep": self._deep(made, wanted),
            "hints": sum(
                (adapt(ours) - theirs).square().mean() / theirs.var().clamp_min(1e-6)
                for adapt, ours, theirs in zip(self.adaptors, maps, wanted_maps, strict=True)
            ),
        }
        loss = (
            settings.pixel_pull * losses["pixels"]
            + settings.coarse_pull * losses["coarse"]
            + settings.edge_pull * losses["edges"]
            + settings.deep_pull * losses["deep"]
            + settings.hint_pull * (1 - done) * losses["hints"]
        )
        optimiser.zero_grad()
        self.manual_backward(loss)
        nn.utils.clip_grad_norm_(self.pupil.parameters(), 1.0)
        optimiser.step()
        follow(self.average, self.pupil, 1 - min(settings.average, 1 - 1 / (4 + 0.1 * self.steps_done)))
        self.steps_done += 1
        for name, value in losses.items():
            self.log(name, value.detach(), batch_size=settings.batch)

    def _deep(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Mean difference of frozen maps over the teacher's own size, in turns of the shrunk picture and a square."""
        side, whole = self.settings.feature_side, made.shape[2]
        if side < whole:
            if self.steps_done % 2:
                made, wanted = (F.adaptive_avg_pool2d(one, side) for one in (made, wanted))
            else:
                top, left = torch.randint(whole - side + 1, (2,), generator=self.randomness).tolist()
                made, wanted = (one[:, :, top : top + side, left : left + side] for one in (made, wanted))
        net: FeatureNet = self._others[2]
        made, wanted = (one.contiguous(memory_format=torch.channels_last) for one in (made, wanted))
        with torch.no_grad():
            theirs = net(wanted)
        ours = net(made)
        parts = [
            (ours[name] - theirs[name]).abs().mean() / theirs[name].abs().mean().clamp_min(1e-6)
            for name in theirs
        ]
        return torch.stack(parts).mean()

    def _share_done(self) -> float:
        keeper = checkpoint_callback_of(self.trainer)
        return min(1.0, keeper.share_done()) if keeper is not None else 0.0

    def _rate_factor(self, done: float) -> float:
        share = self.settings.decay_share
        late = min(1.0, max(0.0, done - (1 - share)) / max(share, 1e-9))
        return (1 - (1 - LOWEST_RATE) * late) * min(1.0, (self.steps_done + 1) / 50)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[ABOUT] = {
            "rng": self.randomness.get_state(),
            "step": self.steps_done,
            "shape": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in asdict(self.pupil.shape).items()
            },
            "space": self._others[3].to_dict(),
            "settings": plain_settings(self.settings),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        about = checkpoint[ABOUT]
        self.randomness.set_state(about["rng"])
        self.steps_done = int(about["step"])


def _adaptor(width: int) -> nn.Conv2d:
    adaptor = nn.Conv2d(width, width, 1)
    with torch.no_grad():
        adaptor.weight.copy_(torch.eye(width)[:, :, None, None])
        adaptor.bias.zero_()  # type: ignore[union-attr]  # there is one
    return adaptor


def _edges(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean difference of the changes from pixel to pixel, down and across."""
    left = made - wanted
    return (left[:, :, 1:] - left[:, :, :-1]).abs().mean() + (
        left[:, :, :, 1:] - left[:, :, :, :-1]
    ).abs().mean()


@contextmanager
def _maps_of(generator: Generator) -> Iterator[list[Tensor]]:
    """What each block makes while the generator paints within."""
    seen: list[Tensor] = []
    hooks = [
        block.register_forward_hook(lambda _module, _given, made: seen.append(made))
        for block in generator.blocks
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _laid_out(module: nn.Module) -> Any:
    """The module with channels last in memory, which convolutions on a CPU want."""
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def quick_of(content: dict[str, Any]) -> QuickGenerator:
    """The pupil's empty network, of a checkpoint's own shape."""
    shape = content[ABOUT]["shape"]
    return QuickGenerator(QuickShape(tuple(shape["widths"]), tuple(shape["inner"]), int(shape["head"])))
