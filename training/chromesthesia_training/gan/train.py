"""Train the generator: a short start as a variational autoencoder, then adversarially on frozen features.

The start gives the generator palettes and layouts before it meets the discriminator (hinge loss, Lim and Ye
2017); one batch of pictures serves both players' steps. An exponential average of the generator is what is
kept and exported. All randomness comes from one generator whose state is in the checkpoint, so a resumed run
goes on as if never stopped.
"""

from __future__ import annotations

import copy
import json
import logging
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from torch import Tensor, nn

from chromesthesia_training.art import load_art
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.augment import augment, crop_paintings
from chromesthesia_training.gan.batching import batches
from chromesthesia_training.gan.checkpoint import CHECKPOINT_NAME, load_checkpoint, save_checkpoint
from chromesthesia_training.gan.condition import VAD_SIZE, ConditionSampler, ConditionSpace
from chromesthesia_training.gan.discriminator import Discriminator, feature_statistics
from chromesthesia_training.gan.model import IMAGE_SIDE, LATENT_SIZE, Encoder, Generator
from chromesthesia_training.gan.reader import Reader, fit_reader, pool, pooled_features, resize
from chromesthesia_training.gan.settings import GanSettings
from chromesthesia_training.gan.sheet import save_sheet, sweep
from chromesthesia_training.squeezenet import FeatureNet, load_squeezenet

logger = logging.getLogger(__name__)

RATING_SHARES = (1.0, 0.5, 0.25)
STATISTICS_IMAGES = 256
LOWEST_RATE = 0.1


@dataclass(frozen=True)
class Material:
    """What a run learns from: paintings uint8 (N, s, s, 3), conditions, the frozen net and its reader."""

    paintings: Tensor
    sampler: ConditionSampler
    space: ConditionSpace
    net: FeatureNet
    reader: Reader
    statistics: dict[str, tuple[Tensor, Tensor]]


@dataclass
class Run:
    """Everything that changes while training, and so everything in a checkpoint."""

    generator: Generator
    average: Generator
    encoder: Encoder
    discriminator: Discriminator
    vae_optimiser: torch.optim.Adam
    generator_optimiser: torch.optim.Adam
    discriminator_optimiser: torch.optim.Adam
    rng: torch.Generator
    step: int = 0
    elapsed_s: float = 0.0
    logged: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def modules(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "generator": self.generator,
            "average": self.average,
            "encoder": self.encoder,
            "discriminator": self.discriminator,
            "vae_optimiser": self.vae_optimiser,
            "generator_optimiser": self.generator_optimiser,
            "discriminator_optimiser": self.discriminator_optimiser,
        }

    def note(self, name: str, value: Tensor) -> None:
        self.logged[name].append(float(value.detach()))


def train(settings: GanSettings, net: FeatureNet | None = None) -> Path:
    """Train until the settings' end and return the run folder; `net` replaces SqueezeNet, for tests.

    Trains on the splits train and val; test stays unseen. Interrupting it saves a checkpoint.

    Raises:
        TrainingError: bad settings, a damaged checkpoint, or losses that are no longer numbers.
        ArtError, WeightsError: material that cannot be read.
    """
    settings.check()
    torch.set_num_threads(settings.threads)
    torch.set_flush_denormal(True)
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    material = prepare(settings, net or load_squeezenet(settings.feature_weights))
    run = start(settings, material)
    if not settings.fresh and (settings.run_dir / CHECKPOINT_NAME).is_file():
        restore(run, load_checkpoint(settings.run_dir))
        logger.info("resumed at step %d after %.1f minutes", run.step, run.elapsed_s / 60)
    with _progress() as progress:
        _loop(settings, material, run, progress)
    return settings.run_dir


def prepare(settings: GanSettings, net: FeatureNet) -> Material:
    """Read the paintings and fit the fixed parts on them."""
    art = load_art(settings.art_dir, settings.stored_side, settings.cache_dir).subset("train", "val")
    space = ConditionSpace.fit(art)
    sampler = ConditionSampler.over(art, space, settings.jitter, settings.mixed_share)
    paintings = torch.from_numpy(art.images)
    pooled = torch.cat(
        [
            pooled_features(net, part.permute(0, 3, 1, 2).float() / 127.5 - 1, settings.reader_side)
            for part in batches(paintings, 64)
        ]
    )
    some = torch.randperm(len(art), generator=torch.Generator().manual_seed(0))[:STATISTICS_IMAGES]
    sample = paintings[some].permute(0, 3, 1, 2).float() / 127.5 - 1
    return Material(
        paintings,
        sampler,
        space,
        net,
        fit_reader(pooled, sampler.vad, sampler.one_hot),
        feature_statistics(net, resize(sample, settings.reader_side)),
    )


def start(settings: GanSettings, material: Material) -> Run:
    """Fresh networks and optimisers."""
    rng = torch.Generator().manual_seed(settings.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        generator = Generator(settings.widths).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        encoder = Encoder().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        discriminator = Discriminator(material.statistics, rng).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    return Run(
        generator,
        average,
        encoder,
        discriminator,
        torch.optim.Adam(
            [*generator.parameters(), *encoder.parameters()], settings.vae_rate, (0.5, 0.99), fused=True
        ),
        torch.optim.Adam(generator.parameters(), settings.generator_rate, (0.0, 0.99), fused=True),
        torch.optim.Adam(discriminator.parameters(), settings.discriminator_rate, (0.0, 0.99), fused=True),
        rng,
    )


def restore(run: Run, content: dict[str, Any]) -> None:
    """Put a checkpoint's content into `run`.

    Raises:
        TrainingError: the checkpoint belongs to networks of another shape.
    """
    try:
        for name, module in run.modules().items():
            module.load_state_dict(content[name])
        run.rng.set_state(content["rng"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise TrainingError(
            f"the checkpoint does not fit these settings: {error}",
            "use the run's own settings, or train afresh",
        ) from error
    run.step, run.elapsed_s = content["step"], content["elapsed_s"]


def checkpoint(settings: GanSettings, material: Material, run: Run) -> Path:
    """Save `run`."""
    content: dict[str, Any] = {name: module.state_dict() for name, module in run.modules().items()}
    content |= {
        "rng": run.rng.get_state(),
        "step": run.step,
        "elapsed_s": run.elapsed_s,
        "images_seen": run.step * settings.batch,
        "widths": list(settings.widths),
        "space": material.space.to_dict(),
    }
    return save_checkpoint(settings.run_dir, content)


def _loop(settings: GanSettings, material: Material, run: Run, progress: Progress) -> None:
    task = progress.add_task("gan", total=1.0)
    last, saved_s = time.perf_counter(), run.elapsed_s
    metrics_path = settings.run_dir / "metrics.jsonl"
    try:
        while (done := _share_done(settings, run)) < 1.0:
            _set_rates(settings, run, done)
            if run.step < settings.vae_steps:
                vae_step(settings, material, run)
            else:
                adversarial_step(settings, material, run)
            follow(settings, run, done)
            run.step += 1
            now = time.perf_counter()
            run.elapsed_s, last = run.elapsed_s + now - last, now
            if run.step % settings.log_every == 0:
                _log(settings, run, metrics_path, progress, task)
            if run.elapsed_s - saved_s > settings.checkpoint_every_s:
                saved_s = run.elapsed_s
                checkpoint(settings, material, run)
                _sheets(settings, material, run)
    except KeyboardInterrupt:
        logger.warning("interrupted at step %d: the checkpoint is kept, train again to go on", run.step)
    checkpoint(settings, material, run)
    _sheets(settings, material, run)


def _share_done(settings: GanSettings, run: Run) -> float:
    return run.step / settings.steps if settings.steps else run.elapsed_s / (60 * settings.minutes)


def _set_rates(settings: GanSettings, run: Run, done: float) -> None:
    late = max(0.0, done - (1 - settings.decay_share)) / max(settings.decay_share, 1e-9)
    factor = 1 - (1 - LOWEST_RATE) * late
    for optimiser, rate in (
        (run.generator_optimiser, settings.generator_rate),
        (run.discriminator_optimiser, settings.discriminator_rate),
    ):
        for group in optimiser.param_groups:
            group["lr"] = rate * factor


def _paintings(settings: GanSettings, material: Material, run: Run) -> tuple[Tensor, Tensor]:
    rows = material.sampler.paintings(settings.batch, run.rng)
    images = crop_paintings(material.paintings[rows], IMAGE_SIDE, settings.smallest_crop, run.rng)
    return images, material.sampler.of_paintings(rows, run.rng)


def vae_step(settings: GanSettings, material: Material, run: Run) -> None:
    """One step as an autoencoder: pixels, frozen features, and a small divergence from the normal latent."""
    images, condition = _paintings(settings, material, run)
    mean, log_variance = run.encoder(images, condition)
    latent = mean + torch.randn(mean.shape, generator=run.rng) * (log_variance / 2).exp()
    rebuilt = torch.tanh(run.generator.before_tanh(latent, condition, run.rng))
    with torch.no_grad():
        wanted = material.net(resize(images, settings.reader_side))
    seen = material.net(resize(rebuilt, settings.reader_side))
    pixels = (rebuilt - images).abs().mean()
    deep = sum(
        ((seen[name] - wanted[name]).abs().mean() / material.statistics[name][1].mean() for name in seen),
        torch.zeros(()),
    )
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
    loss = 10 * pixels + deep + 0.01 * divergence
    _step(run.vae_optimiser, loss)
    for name, value in (("pixels", pixels), ("deep", deep), ("divergence", divergence)):
        run.note(name, value)


def adversarial_step(settings: GanSettings, material: Material, run: Run) -> None:
    """One step of the discriminator and one of the generator on the same pictures."""
    paintings, real_condition = _paintings(settings, material, run)
    condition = material.sampler.asked(settings.batch, run.rng)
    latent = torch.randn(settings.batch, LATENT_SIZE, generator=run.rng)
    choice = int(torch.randint(len(settings.feature_sides), (1,), generator=run.rng))
    side = settings.feature_sides[choice]

    before_tanh = run.generator.before_tanh(latent, condition, run.rng)
    pictures = augment(torch.tanh(before_tanh), run.rng)
    features = material.net(resize(pictures, side))
    with torch.no_grad():
        real_pictures = augment(paintings, run.rng)
        real_features = material.net(resize(real_pictures, side))

    detached = {name: values.detach() for name, values in features.items()}
    real_logits = run.discriminator(real_features, real_pictures, real_condition)
    fake_logits = run.discriminator(detached, pictures.detach(), condition)
    judged = sum(
        (
            F.relu(1 - real).mean() + F.relu(1 + fake).mean()
            for real, fake in zip(real_logits, fake_logits, strict=True)
        ),
        torch.zeros(()),
    )
    _step(run.discriminator_optimiser, judged)

    run.discriminator.requires_grad_(False)
    fooled = -sum((fake.mean() for fake in run.discriminator(features, pictures, condition)), torch.zeros(()))
    pooled = pool(features)
    shares = torch.tensor(RATING_SHARES)
    misread = (material.reader.ratings(pooled) - condition[:, :VAD_SIZE]).square().mean(0) @ shares
    mistaken = (
        -(F.log_softmax(material.reader.emotion_logits(pooled), 1) * condition[:, VAD_SIZE:]).sum(1).mean()
    )
    saturated = F.relu(before_tanh.abs() - settings.saturation_limit).square().mean()
    loss = (
        fooled
        + settings.rating_pull * misread
        + settings.emotion_pull * mistaken
        + settings.saturation_pull * saturated
    )
    _step(run.generator_optimiser, loss)
    run.discriminator.requires_grad_(True)

    for name, value in (
        ("discriminator", judged),
        ("misread", misread),
        ("mistaken", mistaken),
        ("saturated", saturated),
        *((f"real_{number}", logits.mean()) for number, logits in enumerate(real_logits)),
        *((f"fake_{number}", logits.mean()) for number, logits in enumerate(fake_logits)),
    ):
        run.note(name, value)


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def follow(settings: GanSettings, run: Run, done: float) -> None:
    """Move the averaged generator towards the current one, slower late in the run."""
    late = max(0.0, done - (1 - settings.decay_share)) / max(settings.decay_share, 1e-9)
    steady = settings.average + (settings.late_average - settings.average) * min(1.0, 2 * late)
    weight = 1 - min(steady, 1 - 1 / (10 + 0.1 * run.step))
    with torch.no_grad():
        torch._foreach_lerp_(list(run.average.parameters()), list(run.generator.parameters()), weight)
        for kept, current in zip(run.average.buffers(), run.generator.buffers(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(current, weight)
            else:
                kept.copy_(current)


def _log(settings: GanSettings, run: Run, path: Path, progress: Progress, task: TaskID) -> None:
    means = {name: round(sum(values) / len(values), 4) for name, values in run.logged.items()}
    if not all(torch.isfinite(torch.tensor(value)) for value in means.values()):
        raise TrainingError(
            f"losses at step {run.step} are no longer numbers: {means}",
            "lower the learning rates; the checkpoint is kept",
        )
    run.logged.clear()
    row = {
        "step": run.step,
        "images": run.step * settings.batch,
        "elapsed_s": round(run.elapsed_s, 1),
        **means,
    }
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
    done = _share_done(settings, run)
    progress.update(task, completed=min(done, 1.0), description=f"gan step {run.step}")
    if not progress.console.is_terminal:
        rate = run.step * settings.batch / max(run.elapsed_s, 1e-9)
        shown = " ".join(f"{name} {value:g}" for name, value in means.items())
        logger.info("step %d  %.0f %%  %.1f images/s  %s", run.step, 100 * done, rate, shown)


def _sheets(settings: GanSettings, material: Material, run: Run) -> None:
    rng = torch.Generator().manual_seed(11)
    latents = torch.randn(64, LATENT_SIZE, generator=rng)
    with torch.no_grad():
        random = torch.cat(
            [
                run.average(z, c)
                for z, c in zip(
                    batches(latents, 16), batches(material.sampler.asked(64, rng), 16), strict=True
                )
            ]
        )
    folder = settings.run_dir / "sheets"
    save_sheet(sweep(run.average, material.space), folder / f"sweep_{run.step:06d}.png")
    save_sheet(random, folder / f"random_{run.step:06d}.png")


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>4.1f} %"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
