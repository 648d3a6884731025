"""Training of the encoder: a pure function of settings and data, stopped and resumed without a trace."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from chromesthesia_training.cache import Float16, by_path
from chromesthesia_training.clips import Clip
from chromesthesia_training.datasets import DEFAULT_CACHE_DIR, all_clips, find_sound_sets, load_spectra
from chromesthesia_training.encoder.augment import mask_spans
from chromesthesia_training.encoder.batches import Row, RowMaker, check_classes
from chromesthesia_training.encoder.losses import encoder_loss, stack_targets
from chromesthesia_training.encoder.model import DEFAULT_SIZES, EncoderSizes, StreamingEncoder
from chromesthesia_training.encoder.offline import answer_clips, emotion_score, plane_scores, step_temperature
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.interruption import InterruptedRunError, Interruption
from chromesthesia_training.progress import progress_bar
from chromesthesia_training.safe_write import disk_errors, write_checkpoint

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncoderSettings:
    """One training run. `data_dir` holds speech/, vgmidi/ and emotify/; `sounds` is a user's own folder; one or both.

    A step takes `rows` rows of `row_steps` steps of 20 ms. Everything random in step n comes from (seed, n).
    """

    run_dir: Path = Path("runs/encoder")
    data_dir: Path | None = None
    sounds: Path | None = None
    cache_dir: Path = DEFAULT_CACHE_DIR
    steps: int = 1_300
    rows: int = 24
    row_steps: int = 320
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warm_up: int = 100
    average_decay: float = 0.995
    evaluate_every: int = 100
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
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), settings.learning_rate, (0.9, 0.98), weight_decay=settings.weight_decay
        )
        self.step = 0
        self.best_score = -math.inf

    @property
    def checkpoint(self) -> Path:
        return self.settings.run_dir / "checkpoint.pt"

    def set_standardisation(self, mel: Tensor) -> None:
        """Take the constants of the input from augmented training rows [n, hops, mels]."""
        for model in (self.model, self.average):
            model.mel_mean.copy_(mel.mean(dim=(0, 1)))
            model.mel_deviation.copy_(mel.std(dim=(0, 1)).clamp(min=0.5))

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


def train_step(run: Run, maker: RowMaker) -> dict[str, float]:
    """One optimiser step; advances `run.step`. Returns the parts of the loss."""
    settings = run.settings
    rng = np.random.default_rng([settings.seed, 1, run.step])
    torch.manual_seed((settings.seed << 32) + run.step)
    for group in run.optimiser.param_groups:
        group["lr"] = learning_rate_at(run.step, settings)
    rows = maker.rows(settings.rows, rng)
    run.model.train()
    reading, _ = run.model.forward_views(masked_input(run.model, rows, rng))
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


def masked_input(model: StreamingEncoder, rows: Sequence[Row], rng: np.random.Generator) -> Tensor:
    """Views [rows, 1 or 2, hops, mels] with spans of time and frequency blanked."""
    inputs, _ = model.views(torch.from_numpy(np.stack([row.mel for row in rows])))
    for place in range(len(rows)):
        in_time, in_frequency = mask_spans(inputs.shape[2], inputs.shape[3], rng)
        for span in in_time:
            inputs[place, :, span] = 0.0
        for span in in_frequency:
            inputs[place, :, :, span] = 0.0
    return inputs


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
