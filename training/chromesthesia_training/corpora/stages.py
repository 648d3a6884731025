"""The `data` stages of `reproduce`: look through all data, then compute what every later stage reads."""

from __future__ import annotations

import logging
import time
from collections import Counter

from chromesthesia_training.corpora.check import PICTURE_BITS, SOUND_BITS, check
from chromesthesia_training.corpora.datasets import find_sound_sets, load_spectra
from chromesthesia_training.corpora.paintings import load_art
from chromesthesia_training.corpora.report import as_metrics
from chromesthesia_training.data.art import STORED_SIDE
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.preprocess import Preparation, prepare_files
from chromesthesia_training.errors import DataError
from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.progress import progress_bar
from chromesthesia_training.stage import Context, Settings, Stage

logger = logging.getLogger(__name__)

QUICK_ITEMS = 24
TOLERATED = ("leak", "duplicate", "small class")
"""Errors that flatter a score but stop no training; groups that leak are refused by the readers themselves."""


def check_settings(context: Context) -> Settings:
    """What the result of the check depends on, beside the data."""
    return {
        "items_per_corpus": QUICK_ITEMS if context.quick else 0,
        "near_bits_sound": SOUND_BITS,
        "near_bits_picture": PICTURE_BITS,
    }


def run_check(context: Context) -> None:
    """Look through everything in the data folder and write `data/check`.

    Raises DataError for a file or label that training could not use; the metrics file is written all the same.
    """
    with progress_bar() as progress:
        task = progress.add_task("looking at every file", total=None)
        result = check(
            [context.data_dir],
            context.cache_dir,
            limit=QUICK_ITEMS if context.quick else None,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    content = as_metrics(result, context.data_dir, context.command, dict(check_settings(context)))
    write_metrics("data", "check", content, context.metrics_dir)
    errors = [finding for finding in result.findings if finding.severity == "error"]
    unusable = [finding for finding in errors if finding.kind not in TOLERATED]
    if errors and not unusable:
        logger.warning("%d errors in the data are noted in data/check; training goes on", len(errors))
    if unusable:
        raise DataError(
            f"{len(unusable)} errors in the data, the first: {unusable[0].message}",
            f"look at all of them with: chromesthesia-train data check {context.data_dir}",
            unusable[0].kind,
        )


def prepare_settings(context: Context) -> Settings:
    """What the caches depend on, beside the data."""
    settings = Preparation()
    return {
        "seconds": settings.seconds,
        "rms_db": settings.rms_db,
        "trim_db": settings.trim_db,
        "picture_side": STORED_SIDE,
        "quick": context.quick,
    }


def run_prepare(context: Context) -> None:
    """Compute log-mel of all sounds, the prepared speech tensor and the decoded paintings; write `data/prepare`."""
    started_s = time.monotonic()
    sets = find_sound_sets(context.data_dir, None)
    if context.quick:
        figures = _figures([clip for sound_set in sets for clip in sound_set.clips[:QUICK_ITEMS]])
        clips = [clip for clip in sets[0].clips if clip.emotion][:QUICK_ITEMS]
    else:
        with progress_bar() as progress:
            load_spectra(sets, context.cache_dir, progress)
        figures = _figures([clip for sound_set in sets for clip in sound_set.clips])
        clips = [clip for sound_set in sets for clip in sound_set.clips if clip.emotion]
    prepared = prepare_files("speech", [clip.path for clip in clips], Preparation(), context.cache_dir)
    figures["prepared_clips"] = len(prepared.spectra)
    figures["mean_sounding_s"] = round(float(prepared.lengths.double().mean()) / 100.0, 3)
    art_dir = context.data_dir / "art"
    if art_dir.is_dir() and not context.quick:
        figures["paintings"] = len(load_art(art_dir, STORED_SIDE, context.cache_dir))
    figures["minutes"] = round((time.monotonic() - started_s) / 60.0, 2)
    write_metrics(
        "data",
        "prepare",
        {
            "command": context.command,
            "data": {
                "what": "speech with an emotion, prepared as the reference does; log-mel of all sounds",
                "clips": len(clips),
                "corpora": list(dict.fromkeys(clip.corpus for clip in clips)),
                "tess": any(clip.corpus == "tess" for clip in clips),
            },
            "protocol": "preparation",
            "split": "none",
            "seeds": [],
            "settings": dict(prepare_settings(context)),
            "figures": figures,
            "notes": ["minutes: this run's; a run that finds the caches takes seconds"],
        },
        context.metrics_dir,
    )


def _figures(clips: list[Clip]) -> dict[str, float]:
    counts = Counter(clip.corpus for clip in clips)
    return {"clips": len(clips), **{f"clips_{corpus}": count for corpus, count in counts.items()}}


def stages() -> tuple[Stage, ...]:
    """`data.check`, then `data.prepare`."""
    return (
        Stage("data.check", "data", run_check, metrics=("data/check",), settings=check_settings),
        Stage(
            "data.prepare",
            "data",
            run_prepare,
            metrics=("data/prepare",),
            needs=("data.check",),
            settings=prepare_settings,
        ),
    )
