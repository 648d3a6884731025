"""What the stages of section A work on: named speech, its views, the descriptions for the kernel machine."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np

from chromesthesia.core.records import Float32
from chromesthesia.features.mel import DEFAULT_MEL
from chromesthesia_training.backbones.yamnet import WEIGHTS_FILE, load_yamnet
from chromesthesia_training.corpora.datasets import SoundSet, load_spectra
from chromesthesia_training.data.cache import Float16, by_path
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.speech import read_speech
from chromesthesia_training.errors import DataError
from chromesthesia_training.offline.folds import Task
from chromesthesia_training.offline.kernel import describe_clips
from chromesthesia_training.offline.views import Views, labels_of, load_views, named_clips
from chromesthesia_training.safe_write import whole_file
from chromesthesia_training.stage import Context

logger = logging.getLogger(__name__)

QUICK_EVERY = 12


@dataclass(frozen=True)
class Material:
    """mel_of: log-mel [hops, 64] at 10 ms by path; weights: yamnet.tflite, None without; sounds: the clips' set."""

    task: Task
    mel_of: Mapping[Path, Float16]
    weights: Path | None
    sounds: SoundSet


@lru_cache(maxsize=1)
def read_material(data_dir: Path, cache_dir: Path, quick: bool) -> Material:
    """Clips of angry, happy and sad below `data_dir`, with cached views; a twelfth of each speaker's when quick.

    Raises DataError when there is no speech.
    """
    folder = data_dir / "speech"
    if not (folder / "index.csv").is_file():
        raise DataError(f"{folder} has no index.csv", "give the folder of the research data with --data")
    sound_set = SoundSet("speech", folder, read_speech(folder))
    mel_of = by_path(load_spectra([sound_set], cache_dir, settings=DEFAULT_MEL).values())
    clips = named_clips(sound_set.clips)
    weights = data_dir / WEIGHTS_FILE
    found = weights if weights.is_file() else None
    views = load_views(clips, mel_of, cache_dir, found)
    if quick:
        clips, views = thinned(clips, views)
    return Material(Task(clips, labels_of(clips), views), mel_of, found, sound_set)


def thinned(clips: list[Clip], views: Views) -> tuple[list[Clip], Views]:
    """Every twelfth clip of each corpus, fold and emotion, two at least."""
    groups: dict[tuple[str, int, str | None], list[int]] = {}
    for row, clip in enumerate(clips):
        groups.setdefault((clip.corpus, clip.fold, clip.emotion), []).append(row)
    rows = np.array(
        sorted(
            row for group in groups.values() for row in group[:: min(QUICK_EVERY, max(1, len(group) // 2))]
        )
    )
    kept = {field.name: getattr(views, field.name) for field in fields(Views)}
    return [clips[row] for row in rows], Views(
        **{name: values[rows] if len(values) else values for name, values in kept.items()}
    )


def read_descriptions(context: Context, material: Material) -> dict[str, Float32]:
    """Descriptions for the kernel machine, from the cache where they are there."""
    clips = material.task.clips
    key = hashlib.sha256(
        "\n".join([str(material.weights is not None), *(clip.path.as_posix() for clip in clips)]).encode()
    ).hexdigest()[:16]
    path = context.cache_dir / f"descriptions-{key}.npz"
    if path.is_file() and not context.fresh:
        try:
            with np.load(path, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        except (OSError, ValueError, KeyError):
            logger.warning("%s is damaged; describing the clips again", path)
    yamnet = None if material.weights is None else load_yamnet(material.weights)
    found = describe_clips(material.task.views, yamnet)
    with whole_file(path) as file:
        np.savez(file, **{name: np.asarray(values) for name, values in found.items()})  # type: ignore[arg-type]
    return found
