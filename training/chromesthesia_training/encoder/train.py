"""Training of the encoder: a pure function of settings and data, stopped and resumed without a trace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch.utils.data import DataLoader

from chromesthesia_training.corpora.datasets import all_clips, find_sound_sets, load_spectra
from chromesthesia_training.data.cache import by_path
from chromesthesia_training.encoder import earlier
from chromesthesia_training.encoder.batches import RowMaker, check_classes
from chromesthesia_training.encoder.module import MONITOR, ClipsToScore, EncoderModule, StepLoader
from chromesthesia_training.encoder.moments import fit_on_kept_moments
from chromesthesia_training.encoder.settings import EncoderSettings
from chromesthesia_training.fit import FitSettings, fit
from chromesthesia_training.progress import progress_bar


def fit_settings(settings: EncoderSettings) -> FitSettings:
    """The run as `fit` is asked for it: an epoch ends with a validation."""
    return FitSettings(
        settings.run_dir,
        max_steps=settings.steps,
        monitor=MONITOR,
        gradient_clip=1.0,
        ema_decay=settings.average_decay,
        accelerator="cpu",
        threads=settings.threads,
        seed=settings.seed,
    )


def train(settings: EncoderSettings, resume: bool = True, callbacks: tuple[Callback, ...] = ()) -> Path:
    """Train and return the run's folder; its best checkpoint is chosen on the validation split.

    Goes on from the checkpoint in the run folder unless `resume` is False.

    Raises:
        DataError: data that cannot be used, or a full disk.
        TrainingError: a checkpoint that does not fit, is damaged, or is of an earlier version and unfinished.
        KeyboardInterrupt: on Ctrl-C, with everything learned so far in the checkpoint.
    """
    run = fit_settings(settings)
    if not resume:
        earlier.forget(settings.run_dir)
    elif earlier.finished(settings.run_dir, settings.steps):
        return settings.run_dir
    torch.set_num_threads(settings.threads)
    with progress_bar() as progress:
        sets = find_sound_sets(settings.data_dir, settings.sounds)
        clips = all_clips(sets)
        check_classes(clips)
        spectra = by_path(load_spectra(sets, settings.cache_dir, progress).values())
    learned_from = [clip for clip in clips if clip.split == "train"]
    module = EncoderModule(settings)
    maker = RowMaker(learned_from, spectra, settings.row_steps)
    if not (resume and run.last_path.exists()):
        rows = maker.rows(4 * settings.rows, np.random.default_rng([settings.seed, 0]))
        module.encoder.standardise(torch.from_numpy(np.stack([row.mel for row in rows])))
        if module.tuned:
            fit_on_kept_moments(module.encoder, settings, maker, learned_from, spectra)
    fit(
        module,
        StepLoader(maker, settings),
        DataLoader(ClipsToScore(clips, spectra), batch_size=None),
        run,
        resume=resume,
        callbacks=callbacks,
    )
    return settings.run_dir
