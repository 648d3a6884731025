"""Which clips there are to train the encoder on, and their spectra."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import Progress, TaskID

from chromesthesia.features.mel import ENCODER_MEL, MelSettings
from chromesthesia_training.data.cache import MelCache, open_cache
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.folders import read_sound_folder
from chromesthesia_training.data.music import read_emotify, read_vgmidi
from chromesthesia_training.data.speech import read_speech
from chromesthesia_training.data.walking import is_file
from chromesthesia_training.errors import DataError, stop

READERS = {"speech": read_speech, "vgmidi": read_vgmidi, "emotify": read_emotify}
DEFAULT_CACHE_DIR = Path("runs/cache")


@dataclass(frozen=True)
class SoundSet:
    """Clips read from one folder; `name` also names its cache."""

    name: str
    folder: Path
    clips: list[Clip]


def find_sound_sets(data_dir: Path | None, sounds: Path | None) -> list[SoundSet]:
    """Sets below `data_dir` (speech, vgmidi, emotify, those that are there) and a user's own folder of label/*.wav, or
    a corpus in its published layout (docs/data.md).

    Raises DataError when there is none, or when one of them is not valid.
    """
    sets = []
    if data_dir is not None:
        for name, reader in READERS.items():
            if is_file(data_dir / name / "index.csv"):
                sets.append(SoundSet(name, data_dir / name, reader(data_dir / name)))
        if not sets:
            raise DataError(
                f"{data_dir} holds none of {', '.join(f'{name}/index.csv' for name in READERS)}",
                "give --data the folder above them, or your own sounds with --sounds",
            )
    if sounds is not None:
        sets += _given_sets(sounds)
    if not sets:
        raise DataError("no data was given", "use --data FOLDER, --sounds FOLDER or both")
    return sets


def _given_sets(sounds: Path) -> list[SoundSet]:
    """A corpus in its published layout, or several; else a user's folders by emotion."""
    from chromesthesia_training.corpora.registry import (
        find_corpora,  # imports scikit-learn, which takes a second
    )

    try:
        found = find_corpora(sounds)
    except DataError as problem:
        if problem.kind != "layout":
            raise
        found = []
    published = [
        SoundSet(f"{corpus.name}-{_slug(folder)}", folder, corpus.read_clips(folder, stop))
        for corpus, folder in found
        if corpus.read_clips is not None and not corpus.name.startswith("own-")
    ]
    return published or [SoundSet(f"own-{_slug(sounds)}", sounds, read_sound_folder(sounds))]


def _slug(folder: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "sounds"


def all_clips(sets: Sequence[SoundSet]) -> list[Clip]:
    """Clips of all sets in order."""
    return [clip for sound_set in sets for clip in sound_set.clips]


def load_spectra(
    sets: Sequence[SoundSet],
    cache_dir: Path,
    progress: Progress | None = None,
    settings: MelSettings = ENCODER_MEL,
) -> dict[Path, MelCache]:
    """Cache of every set by its folder, computing what is missing (about 200 times faster than the sound lasts)."""
    ending = "-encoder" if settings == ENCODER_MEL else ""
    caches = {}
    for sound_set in sets:
        paths = [clip.path for clip in sound_set.clips]
        name = f"{sound_set.name}{ending}"
        if progress is None:
            caches[sound_set.folder] = open_cache(name, paths, cache_dir, settings=settings)
            continue
        task = progress.add_task(f"spectra of {sound_set.name}", total=len(paths))
        on_progress = partial(_show, progress, task)
        caches[sound_set.folder] = open_cache(name, paths, cache_dir, on_progress, settings)
        progress.update(task, completed=len(paths))
    return caches


def _show(progress: Progress, task: TaskID, done: int) -> None:
    progress.update(task, completed=done)
