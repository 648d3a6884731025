"""The two players and their steps, as a Lightning module with manual optimisation.

A few steps of rebuilding paintings from their latents settle the new parts before the generator meets the
discriminator (hinge loss, Lim and Ye 2017). Half of every later batch goes on being rebuilt, coarsely: it keeps every
layout reachable, where an adversary alone lets most of them go. One batch of pictures serves both players' steps. An
exponential average of the generator is what is kept and exported. All randomness comes from one generator whose state
is in the checkpoint, so a run that `fit` resumes goes on as if never stopped.
"""

from __future__ import annotations

import copy
import math
from typing import Any, cast

import lightning
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chromesthesia_training.data.condition import VAD_SIZE
from chromesthesia_training.fit import checkpoint_callback_of, follow
from chromesthesia_training.fit.randomness import Draw, seed_of
from chromesthesia_training.fit.settings import plain_settings
from chromesthesia_training.gan.augment import Changes, augment
from chromesthesia_training.gan.checkpoint import ABOUT, GanRun
from chromesthesia_training.gan.discriminator import (
    COARSE_SIDE,
    PATCH_SIDE,
    Discriminator,
    Views,
    common_relief,
    shrink,
)
from chromesthesia_training.gan.layout import LATENT_SIZE
from chromesthesia_training.gan.material import Material
from chromesthesia_training.gan.model import Generator
from chromesthesia_training.gan.moments import RunningMoments
from chromesthesia_training.gan.settings import GanSettings
from chromesthesia_training.measuring.reader import pool_each, resize

RATING_SHARES = (1.0, 0.5, 0.25)
LIKENESS_SIDES = (8, 16, 32)
LIKENESS_WEIGHT = 30.0
LATENT_NOISE = 0.1
"""Deviation of noise on the latents of paintings, so that their neighbours are painted like them."""
COARSE_WEIGHT = 2.0
"""How much the whole picture's colours count for the generator beside each head on features."""
FEATURE_ENTRY_SIDE = 128
PATH_PICTURES = 4
PATH_STEP = 0.08
"""Angle on the latent sphere between two pictures of a path whose evenness is trained, in rad."""
LOWEST_RATE = 0.1


class GanModule(lightning.LightningModule):
    """Generator, its average and discriminator; one training step moves each of them once.

    Rates and averaging follow how far the run is.
    """

    def __init__(self, settings: GanSettings, material: Material) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.settings, self.material = settings, material
        self.randomness = torch.Generator().manual_seed(settings.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.generator = _laid_out(Generator(settings.widths))
            self.generator.prior.fit(
                material.paintings, torch.cat([material.sampler.vad, material.sampler.one_hot], 1)
            )
            self.discriminator = _laid_out(Discriminator(material.statistics, self.randomness))
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.shares = torch.tensor(RATING_SHARES)
        self.steps_done = 0
        self.moments = RunningMoments(material.axes)
        self.borrowed: tuple[str, ...] = ()

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        return [
            torch.optim.Adam(self.generator.parameters(), self.settings.generator_rate, (0.0, 0.99)),
            torch.optim.Adam(self.discriminator.parameters(), self.settings.discriminator_rate, (0.0, 0.99)),
        ]

    def on_fit_start(self) -> None:
        self.material = self.material.to(self.device)
        self.moments.to(self.material.axes)
        if self.trainer.world_size > 1:  # one seed for all would show every process the same paintings
            self.randomness.manual_seed(
                seed_of(self.settings.seed, Draw.STEP, self.steps_done, self.global_rank)
            )

    def training_step(self, _batch: object, _index: int) -> None:
        """Autoencoding at first, then both players; then the average follows."""
        self._set_rates()
        images, condition = self.material.draw(
            self.settings, self.generator.side, self.randomness, self.device
        )
        if self.steps_done < self.settings.rebuild_steps:
            self._hold_borrowed(True)
            self._rebuild(images, condition)
        else:
            self._hold_borrowed(self.settings.keep_borrowed)
            self._compete(images, condition)
        self._follow()
        self.steps_done += 1

    def _optimisers(self) -> list[torch.optim.Optimizer]:
        return cast("list[torch.optim.Optimizer]", self.optimizers())

    def _step(self, optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
        optimiser.zero_grad()
        self.manual_backward(loss)
        optimiser.step()

    def _normal(self, count: int) -> Tensor:
        return torch.randn(count, LATENT_SIZE, generator=self.randomness).to(self.device)

    def _latent_of(self, images: Tensor, condition: Tensor) -> Tensor:
        """Latents of paintings, with a little noise."""
        exact: Tensor = self.generator.prior.latent_of(images, condition)
        return exact + LATENT_NOISE * self._normal(len(images))

    def _likeness(self, made: Tensor, paintings: Tensor) -> Tensor:
        """Mean absolute difference of small versions, whose mean over sizes is weighted as a whole."""
        parts = [(shrink(made, side) - shrink(paintings, side)).abs().mean() for side in LIKENESS_SIDES]
        return sum(parts, torch.zeros((), device=made.device)) / len(parts)

    def _deep_likeness(self, made: dict[str, Tensor], wanted: dict[str, Tensor]) -> Tensor:
        return sum(
            (
                (made[name] - wanted[name]).abs().mean() / self.material.statistics[name][1].mean().item()
                for name in made
            ),
            torch.zeros((), device=self.device),
        )

    def _rebuild(self, images: Tensor, condition: Tensor) -> None:
        """One step of painting paintings again: pixels and frozen features."""
        latent = self._latent_of(images, condition)
        rebuilt = torch.tanh(self.generator.before_tanh(latent, condition, self.randomness))
        with torch.no_grad():
            wanted = self._features(images, self.settings.reader_side)
        deep = self._deep_likeness(self._features(rebuilt, self.settings.reader_side), wanted)
        likeness = self._likeness(rebuilt, images) + 0.5 * (rebuilt - images).abs().mean()
        self._step(self._optimisers()[0], LIKENESS_WEIGHT * likeness + deep)
        self._note(likeness=likeness, deep=deep)

    def _features(self, images: Tensor, side: int) -> dict[str, Tensor]:
        if (
            images.shape[2] > FEATURE_ENTRY_SIDE
        ):  # halve before resizing: bilinear alone would leave out pixels
            images = shrink(images, FEATURE_ENTRY_SIDE)
        return self.material.net(resize(images, side))

    def _views(self, images: Tensor, changes: Changes, side: int, place: tuple[int, int]) -> Views:
        changed = augment(images, changes)
        top, left = place
        patches = changed[:, :, top : top + PATCH_SIDE, left : left + PATCH_SIDE]
        return Views(
            self._features(changed, side),
            torch.cat([patches, common_relief(patches)], 1),
            shrink(images, COARSE_SIDE),
        )

    def _compete(self, paintings: Tensor, real_condition: Tensor) -> None:
        """One step of the discriminator and one of the generator on the same pictures."""
        settings, rng = self.settings, self.randomness
        anchored = round(settings.anchored * len(paintings))
        free = len(paintings) - anchored
        asked = self.material.sampler.asked(free, rng).to(self.device)
        condition = torch.cat([real_condition[:anchored], asked])
        known = self._latent_of(paintings[:anchored], real_condition[:anchored])
        latent = torch.cat([known, self._normal(free)])

        sides = settings.feature_sides
        side = sides[int(torch.randint(len(sides), (1,), generator=rng))]
        room = max(0, self.generator.side - PATCH_SIDE) + 1
        top, left = torch.randint(room, (2,), generator=rng).tolist()
        real_changes = Changes.draw(len(paintings), rng)
        changes = Changes.draw(len(paintings), rng).begin_with(real_changes, anchored)

        before_tanh = self.generator.before_tanh(latent, condition, rng)
        pictures = torch.tanh(before_tanh)
        views = self._views(pictures, changes, side, (top, left))
        with torch.no_grad():
            real_views = self._views(paintings, real_changes, side, (top, left))

        real_logits = self.discriminator(real_views, real_condition)
        fake_logits = self.discriminator(views.detach(), condition)
        judged = self._judged(real_logits, fake_logits)
        rare = self.steps_done % settings.rare_every == 0
        if rare and settings.slope_pull > 0:
            slope = self.discriminator.pixel_slope(real_views, real_condition)
            if settings.loss == "relativistic":
                slope = slope + self.discriminator.pixel_slope(views, condition)
            self._note(slope=slope)
            judged = judged + settings.slope_pull * slope
        self._step(self._optimisers()[1], judged)

        self.discriminator.requires_grad_(False)
        fooled = self._fooled(real_views, real_condition, self.discriminator(views, condition))
        pooled_maps = pool_each(views.features)
        pooled = torch.cat(list(pooled_maps.values()), 1)
        ratings = self.material.reader.ratings(pooled)
        misread = (ratings - condition[:, :VAD_SIZE]).square().mean(0) @ self.shares.to(self.device)
        emotions = F.log_softmax(self.material.reader.emotion_logits(pooled), 1)
        mistaken = -(emotions * condition[:, VAD_SIZE:]).sum(1).mean()
        # anchored pictures are near the paintings' features as they are, and would hide what free ones are like
        to_centre, to_spread = self.moments.pulls(
            {name: values[anchored:] for name, values in pooled_maps.items()}, pool_each(real_views.features)
        )
        self.generator.steering.follow(latent[anchored:], ratings[anchored:].detach(), self.steps_done)
        saturated = F.relu(before_tanh.abs() - settings.saturation_limit).square().mean()
        loss = (
            fooled
            + settings.rating_pull * misread
            + settings.emotion_pull * mistaken
            + settings.saturation_pull * saturated
            + settings.centre_pull * to_centre
            + settings.spread_pull * to_spread
        )
        if anchored:
            likeness = self._likeness(pictures[:anchored], paintings[:anchored])
            deep = self._deep_likeness(
                {name: values[:anchored] for name, values in views.features.items()},
                {name: values[:anchored] for name, values in real_views.features.items()},
            )
            loss = loss + settings.anchor_pull * (LIKENESS_WEIGHT * likeness + deep)
            self._note(likeness=likeness, deep=deep)
        if rare and settings.steady_pull > 0:
            unsteady = self._unsteadiness(condition[-PATH_PICTURES:])
            self._note(unsteady=unsteady)
            loss = loss + settings.steady_pull * unsteady
        self._step(self._optimisers()[0], loss)
        self.discriminator.requires_grad_(True)

        self._note(discriminator=judged, misread=misread, mistaken=mistaken, saturated=saturated)
        off_centre, off_spread = self.moments.off()
        self.log("off_centre", off_centre, batch_size=settings.batch)
        self.log("off_spread", off_spread, batch_size=settings.batch)
        for number, (real, fake) in enumerate(zip(real_logits, fake_logits, strict=True)):
            self._note(**{f"real_{number}": real.mean(), f"fake_{number}": fake.mean()})

    def _judged(self, real: list[Tensor], fake: list[Tensor]) -> Tensor:
        """The discriminator's loss, summed over its heads."""
        heads = zip(real, fake, strict=True)
        if self.settings.loss == "relativistic":
            return torch.stack([F.softplus(made - painted).mean() for painted, made in heads]).sum()
        return torch.stack(
            [F.relu(1 - painted).mean() + F.relu(1 + made).mean() for painted, made in heads]
        ).sum()

    def _fooled(self, views: Views, condition: Tensor, fake: list[Tensor]) -> Tensor:
        """The generator's: what its pictures score, or score beyond paintings, with the discriminator as it is now."""
        if self.settings.loss == "hinge":
            return -torch.stack([made.mean() for made in fake]).sum()
        with torch.no_grad():
            real = self.discriminator(views, condition)
        heads = zip(real, fake, strict=True)
        return torch.stack([F.softplus(painted - made).mean() for painted, made in heads]).sum()

    def _unsteadiness(self, condition: Tensor) -> Tensor:
        """Second over first difference of three pictures along a latent path: 0 where they change evenly."""
        count = len(condition)
        start = F.normalize(self._normal(count), dim=1) * math.sqrt(LATENT_SIZE)
        other = self._normal(count)
        other = other - (other * start).sum(1, keepdim=True) * start / LATENT_SIZE
        other = F.normalize(other, dim=1) * math.sqrt(LATENT_SIZE)
        path = torch.cat(
            [start * math.cos(angle) + other * math.sin(angle) for angle in (0.0, PATH_STEP, 2 * PATH_STEP)]
        )
        first, middle, last = self.generator(path, condition.repeat(3, 1)).chunk(3)
        change = (last - first).abs().mean((1, 2, 3))
        bend = (last - 2 * middle + first).abs().mean((1, 2, 3))
        unevenness: Tensor = (bend / (change + 1e-3)).mean()
        return unevenness

    def _late(self) -> float:
        keeper = checkpoint_callback_of(self.trainer)
        done = keeper.share_done() if keeper is not None else 0.0
        share = self.settings.decay_share
        return min(1.0, max(0.0, done - (1 - share)) / max(share, 1e-9))

    def _set_rates(self) -> None:
        factor = 1 - (1 - LOWEST_RATE) * self._late()
        rates = (self.settings.generator_rate, self.settings.discriminator_rate)
        for optimiser, rate in zip(self._optimisers(), rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor

    def _follow(self) -> None:
        """Move the averaged generator towards the current one, slower late in the run."""
        settings = self.settings
        steady = settings.average + (settings.late_average - settings.average) * min(1.0, 2 * self._late())
        weight = 1 - min(steady, 1 - 1 / (10 + 0.1 * self.steps_done))
        follow(self.average, self.generator, weight)
        self.average.steering.settle()

    def _note(self, **values: Tensor) -> None:
        for name, value in values.items():
            self.log(name, value.detach(), batch_size=self.settings.batch)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[ABOUT] = {
            "rng": self.randomness.get_state(),
            "moments": self.moments.content(),
            "step": self.steps_done,
            "images_seen": self.steps_done * self.settings.batch * self.trainer.world_size,
            "borrowed": list(self.borrowed),
            "widths": list(self.settings.widths),
            "space": self.material.space.to_dict(),
            "settings": plain_settings(self.settings),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        about = checkpoint[ABOUT]
        self.randomness.set_state(about["rng"])
        self.moments.put(about["moments"])
        self.steps_done = int(about["step"])
        self.borrowed = tuple(about["borrowed"])

    def begin_with(self, run: GanRun) -> None:
        """Take from another run every part of the same shape, the head only of a generator as wide.

        What is taken rests while the new parts learn to rebuild paintings, and for good with `keep_borrowed`.
        """
        other = () if run.widths == tuple(self.settings.widths) else ("head.",)
        for name in ("generator", "average", "discriminator"):
            own = getattr(self, name).state_dict()
            source = getattr(run, "average" if name == "generator" else name)
            fitting = {
                key: value
                for key, value in source.items()
                if key in own and own[key].shape == value.shape and not key.startswith((*other, "prior."))
            }
            getattr(self, name).load_state_dict({**own, **fitting})
            if name == "generator":
                self.borrowed = tuple(key for key, _ in self.generator.named_parameters() if key in fitting)

    def _hold_borrowed(self, held: bool) -> None:
        for name in self.borrowed:
            self.generator.get_parameter(name).requires_grad_(not held)


def _laid_out(module: nn.Module) -> Any:
    """The module with channels last in memory, which convolutions on a CPU want."""
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
