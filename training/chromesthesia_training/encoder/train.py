"""Training of the encoder: a pure function of settings and data, stopped and resumed without a trace."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.backbones.yamnet import WEIGHTS_FILE
from chromesthesia_training.corpora.datasets import (
    DEFAULT_CACHE_DIR,
    all_clips,
    find_sound_sets,
    load_spectra,
)
from chromesthesia_training.data.cache import Float16, by_path
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.augment import mask_spans
from chromesthesia_training.encoder.batches import Row, RowMaker, check_classes
from chromesthesia_training.encoder.losses import PLANE_WEIGHT, encoder_loss, smoothed, stack_targets
from chromesthesia_training.encoder.model import DEFAULT_SIZES, EncoderSizes, StreamingEncoder
from chromesthesia_training.encoder.offline import answer_clips, emotion_score, plane_scores, step_temperature
from chromesthesia_training.encoder.pretrained import begin_with_yamnet
from chromesthesia_training.encoder.read_out import Points, ReadOutRecipe, fit_read_out
from chromesthesia_training.encoder.whole_clips import clip_batches
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.interruption import InterruptedRunError, Interruption
from chromesthesia_training.progress import progress_bar
from chromesthesia_training.safe_write import disk_errors, write_checkpoint

logger = logging.getLogger(__name__)

MOMENT_EVERY = 5
"""Steps between the kept moments of a row: neighbours say nearly the same."""
ROWS_COUNT = 0.15
"""Weight of a moment of a row beside that of a clip."""


@dataclass(frozen=True)
class EncoderSettings:
    """One training run. `data_dir` holds speech/, vgmidi/ and emotify/; `sounds` is a user's own folder; one or both.

    The convolutional layers begin with those of `pretrained`, YAMNet's weights (else with weights/yamnet.tflite of
    `data_dir`, where it is): then what reads their statistics is fitted first, on `read_out_batches` batches, and
    all is tuned at `tuning_rate`, the layers at `layer_rate` of it. From nothing, all learns at `learning_rate`.
    A step takes `rows` rows of `row_steps` steps of 80 ms. Everything random in step n comes from (seed, n).
    """

    run_dir: Path = Path("runs/encoder")
    data_dir: Path | None = None
    sounds: Path | None = None
    cache_dir: Path = DEFAULT_CACHE_DIR
    pretrained: Path | None = None
    steps: int = 500
    rows: int = 24
    row_steps: int = 80
    learning_rate: float = 1.5e-3
    tuning_rate: float = 1e-4
    layer_rate: float = 0.1
    read_out_steps: int = 1_500
    read_out_batches: int = 24
    weight_decay: float = 0.05
    warm_up: int = 50
    average_decay: float = 0.995
    evaluate_every: int = 50
    seed: int = 1
    threads: int = 1
    sizes: EncoderSizes = DEFAULT_SIZES


class Run:
    """Model, running average, optimiser and step of a run, kept in `checkpoint.pt` and `best.pt` of its folder."""

    def __init__(self, settings: EncoderSettings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.model = StreamingEncoder(settings.sizes)
        self.average = StreamingEncoder(settings.sizes)
        for model in (self.model, self.average):  # twice as fast on a CPU
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average.load_state_dict(self.model.state_dict())
        weights = pretrained_weights(settings)
        if weights is not None:
            for model in (self.model, self.average):
                begin_with_yamnet(model, weights)
        self.tuned = weights is not None
        self.optimiser = torch.optim.AdamW(
            [{"params": part} for part in self.model.parts()],
            settings.learning_rate,
            (0.9, 0.98),
            weight_decay=settings.weight_decay,
        )
        self.step = 0
        self.best_score = -math.inf

    @property
    def checkpoint(self) -> Path:
        return self.settings.run_dir / "checkpoint.pt"

    def set_standardisation(self, mel: Tensor) -> None:
        """Take the constants of the statistics from augmented training rows [n, hops, mels]."""
        self.model.standardise(mel)
        self.average.load_state_dict(self.model.state_dict())

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        write_checkpoint(
            self.checkpoint,
            {
                "sizes": dataclasses.asdict(self.settings.sizes),
                "step": self.step,
                "best_score": self.best_score,
                "model": self.model.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
            },
        )

    def resume(self) -> None:
        """Go on from the checkpoint. Raises TrainingError when it is of another network."""
        stored = load_weights(self.checkpoint)
        check_sizes(stored, self.settings.sizes, self.checkpoint)
        self.model.load_state_dict(stored["model"])
        self.average.load_state_dict(stored["average"])
        self.optimiser.load_state_dict(stored["optimiser"])
        self.step, self.best_score = stored["step"], stored["best_score"]


def pretrained_weights(settings: EncoderSettings) -> Path | None:
    """The file that the convolutional layers begin with; None where they begin at random."""
    if settings.sizes.widths != DEFAULT_SIZES.widths:
        return None
    if settings.pretrained is not None:
        return settings.pretrained
    found = settings.data_dir / WEIGHTS_FILE if settings.data_dir is not None else None
    return found if found is not None and found.is_file() else None


def load_weights(path: Path) -> dict[str, Any]:
    """Content of a checkpoint, tensors and plain values only. Raises TrainingError when it is missing or damaged."""
    try:
        stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TrainingError(
            f"there is no checkpoint {path}", "train first: chromesthesia-train encoder"
        ) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise TrainingError(f"the checkpoint {path} is damaged", "delete it and train again") from error
    return stored


def check_sizes(stored: dict[str, Any], sizes: EncoderSizes, path: Path) -> None:
    """Raise TrainingError when a checkpoint is of a network of other sizes."""
    found = dataclasses.asdict(
        EncoderSizes(**stored["sizes"])
    )  # sizes that are newer than the checkpoint are as they were
    found = {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
    if found != dataclasses.asdict(sizes):
        raise TrainingError(f"{path} is of a network of sizes {found}", "use another --run folder")


def train(settings: EncoderSettings, resume: bool = True, stop_at: int | None = None) -> Path:
    """Train and return the path of the best checkpoint, chosen on the validation split.

    Goes on from `checkpoint.pt` in the run folder unless `resume` is False; `stop_at` ends early at that step, as an
    interruption would. Raises DataError for data that cannot be used or a full disk, TrainingError for a checkpoint
    that does not fit, InterruptedRunError after Ctrl-C, with everything learned so far in the checkpoint.
    """
    torch.set_num_threads(settings.threads)
    with progress_bar() as progress:
        sets = find_sound_sets(settings.data_dir, settings.sounds)
        clips = all_clips(sets)
        check_classes(clips)
        spectra = by_path(load_spectra(sets, settings.cache_dir, progress).values())
        run = Run(settings)
        maker = RowMaker([clip for clip in clips if clip.split == "train"], spectra, settings.row_steps)
        if resume and run.checkpoint.exists():
            run.resume()
            logger.info("going on at step %d", run.step)
        else:
            rows = maker.rows(4 * settings.rows, np.random.default_rng([settings.seed, 0]))
            run.set_standardisation(torch.from_numpy(np.stack([row.mel for row in rows])))
            if run.tuned:
                fit_on_kept_moments(run, maker, [clip for clip in clips if clip.split == "train"], spectra)
        last = settings.steps if stop_at is None else min(stop_at, settings.steps)
        task = progress.add_task("training the encoder", total=settings.steps, completed=run.step)
        started_s, losses = time.perf_counter(), []
        with Interruption() as interruption:
            while run.step < last and not interruption.asked:
                losses.append(train_step(run, maker))
                progress.update(task, completed=run.step)
                if run.step % settings.evaluate_every == 0 or run.step == settings.steps:
                    per_step_s = (time.perf_counter() - started_s) / len(losses)
                    validate(run, clips, spectra, losses, per_step_s)
                    run.save()
                    started_s, losses = time.perf_counter(), []
        run.save()
        if interruption.asked:
            raise InterruptedRunError(
                f"interrupted at step {run.step} of {settings.steps}: the checkpoint is kept",
                "the same command goes on from there",
            )
    return settings.run_dir / "best.pt"


def learning_rate_at(step: int, settings: EncoderSettings) -> float:
    """Linear warm-up, then a cosine down to a fiftieth."""
    if step < settings.warm_up:
        return settings.learning_rate * (step + 1) / settings.warm_up
    done = (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.learning_rate * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0))))


def fit_on_kept_moments(
    run: Run, maker: RowMaker, clips: Sequence[Clip], spectra: Mapping[Path, Float16]
) -> None:
    """Fit the read-out of a run's networks on statistics of named clips where they end, and of training rows.

    Clips as they are teach voices best; rows, with their rooms, noise, music and changes of speaker, all else.
    """
    settings = run.settings
    kept = clip_moments(run.model, clips, spectra)
    for number in range(settings.read_out_batches):
        rows = maker.rows(settings.rows, np.random.default_rng([settings.seed, 2, number]))
        targets = stack_targets(rows)
        with torch.no_grad():
            statistics, _ = run.model.statistics(torch.from_numpy(np.stack([row.mel for row in rows])))
        asked = targets.emotion_weight + targets.valence_arousal_weight > 0.0
        asked[:, torch.arange(asked.shape[1]) % MOMENT_EVERY > 0] = False
        kept.append(
            tuple(
                values[asked]
                for values in (
                    statistics,
                    smoothed(targets.emotion),
                    ROWS_COUNT * targets.emotion_weight,
                    targets.valence_arousal,
                    ROWS_COUNT * targets.valence_arousal_weight,
                )
            )
        )
    points = Points(*(torch.cat(values) for values in zip(*kept, strict=True)))
    logger.info("fitting the read-out on %d moments", len(points.statistics))
    fit_read_out(run.model, points, ReadOutRecipe(settings.read_out_steps), PLANE_WEIGHT, settings.seed)
    run.average.load_state_dict(run.model.state_dict())


@torch.no_grad()
def clip_moments(
    model: StreamingEncoder, clips: Sequence[Clip], spectra: Mapping[Path, Float16], batch: int = 32
) -> list[tuple[Tensor, ...]]:
    """Statistics of every clip with a named emotion where it ends, as parts of `Points`."""
    named = [clip for clip in clips if clip.emotion is not None]
    counts = Counter((clip.corpus, clip.emotion) for clip in named)
    kept: list[tuple[Tensor, ...]] = []
    for part in clip_batches([spectra[clip.path] for clip in named], batch):
        chosen = [named[place] for place in part.places]
        statistics, _ = model.statistics(part.log_mel)
        emotion = torch.eye(len(EMOTIONS))[[EMOTIONS.index(clip.emotion or "") for clip in chosen]]
        weight = torch.tensor([counts[clip.corpus, clip.emotion] ** -0.4 for clip in chosen])
        nothing = torch.zeros(len(chosen))
        kept.append(
            (
                statistics[torch.arange(len(chosen)), torch.tensor(part.steps) - 1],
                smoothed(emotion),
                weight,
                nothing[:, None].expand(-1, 2),
                nothing,
            )
        )
    mean = torch.cat([part[2] for part in kept]).mean()
    return [(part[0], part[1], part[2] / mean, *part[3:]) for part in kept]


def train_step(run: Run, maker: RowMaker) -> dict[str, float]:
    """One optimiser step; advances `run.step`. Returns the parts of the loss."""
    settings = run.settings
    rng = np.random.default_rng([settings.seed, 1, run.step])
    torch.manual_seed((settings.seed << 32) + run.step)
    rate = learning_rate_at(run.step, settings)
    if run.tuned:
        rate *= settings.tuning_rate / settings.learning_rate
    for group, share in zip(run.optimiser.param_groups, (settings.layer_rate, 1.0), strict=True):
        group["lr"] = rate * (share if run.tuned else 1.0)
    rows = maker.rows(settings.rows, rng)
    run.model.train()
    reading, _ = run.model(masked_input(rows, rng))
    parts = encoder_loss(reading, stack_targets(rows))
    loss = torch.stack(list(parts.values())).sum()
    if not torch.isfinite(loss):
        raise TrainingError(
            f"the loss of step {run.step} is {float(loss)}",
            "go on from the checkpoint with a lower learning rate",
        )
    run.optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    run.optimiser.step()
    run.step += 1
    update_average(run)
    return {name: float(value.detach()) for name, value in parts.items()}


def masked_input(rows: Sequence[Row], rng: np.random.Generator) -> Tensor:
    """Log-mel [rows, hops, mels] with spans of time and frequency at the row's mean."""
    inputs = np.stack([row.mel for row in rows])
    for mel in inputs:
        in_time, in_frequency = mask_spans(len(mel), mel.shape[1], rng)
        mean = mel.mean()
        for span in in_time:
            mel[span] = mean
        for span in in_frequency:
            mel[:, span] = mean
    return torch.from_numpy(inputs)


@torch.no_grad()
def update_average(run: Run) -> None:
    """Exponential average of weights, with the statistics of the norms copied."""
    decay = min(run.settings.average_decay, (1.0 + run.step) / (10.0 + run.step))
    for averaged, current in zip(run.average.parameters(), run.model.parameters(), strict=True):
        averaged.lerp_(current, 1.0 - decay)
    for statistic, latest in zip(run.average.buffers(), run.model.buffers(), strict=True):
        statistic.copy_(latest)


def validate(
    run: Run,
    clips: Sequence[Clip],
    spectra: Mapping[Path, Float16],
    losses: Sequence[dict[str, float]],
    per_step_s: float,
) -> None:
    """Score the averaged model on the validation split, log it, keep it as `best.pt` when it is the best so far."""
    chosen = [
        clip
        for clip in clips
        if clip.split == "val" and (clip.emotion is not None or clip.annotation == "label")
    ]
    answers = answer_clips(run.average, chosen, spectra.__getitem__)
    f1 = emotion_score([answer for answer in answers if answer.clip.role == "speech"])
    valence_r, arousal_r = plane_scores(answers)
    score = f1 + 0.25 * (valence_r + arousal_r)
    entry: dict[str, float] = {
        "step": run.step,
        "val_macro_f1": f1,
        "val_valence_r": valence_r,
        "val_arousal_r": arousal_r,
        "val_score": score,
        "seconds_per_step": per_step_s,
    }
    for name in losses[0]:
        values = [part[name] for part in losses if name in part]
        entry[f"loss_{name}"] = sum(values) / len(values)
    best = score > run.best_score
    if best:
        run.best_score = score
        write_checkpoint(
            run.settings.run_dir / "best.pt",
            {
                "sizes": dataclasses.asdict(run.settings.sizes),
                "begun_with": "yamnet" if run.tuned else "",
                "step": run.step,
                "score": score,
                "temperature": step_temperature(answers),
                "model": run.average.state_dict(),
            },
        )
    log_path = run.settings.run_dir / "metrics.jsonl"
    with disk_errors(log_path):
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("a") as file:
            file.write(json.dumps({name: round(value, 5) for name, value in entry.items()}) + "\n")
    logger.info(
        "step %d of %d: val macro-F1 %.3f, r %.2f / %.2f, %.2f s a step%s",
        run.step, run.settings.steps, f1, valence_r, arousal_r, per_step_s, ", best so far" if best else "",
    )  # fmt: skip
