"""Log-mel of every clip of a data set in one memory-mapped float16 file, rebuilt when a sound or the mel changes."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.user_files import one_line
from chromesthesia.features.mel import DEFAULT_MEL, ENCODER_MEL, MelSettings
from chromesthesia_training.data.sound import mel_of_file
from chromesthesia_training.data.walking import sha256_of
from chromesthesia_training.errors import DataError
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

Float16 = NDArray[np.float16]
CACHE_VERSION = 1


@dataclass(frozen=True)
class MelCache:
    """Log-mel float16 [hops, mels] of many sounds, looked up by path; a read-only view into a file."""

    frames: Float16
    places: dict[Path, tuple[int, int]]

    def __getitem__(self, path: Path) -> Float16:
        start, count = self.places[path]
        return self.frames[start : start + count]

    def hops(self, path: Path) -> int:
        """Number of 10 ms hops of one sound."""
        return self.places[path][1]


def by_path(caches: Iterable[MelCache]) -> dict[Path, Float16]:
    """Spectra of several caches in one look-up."""
    return {path: cache[path] for cache in caches for path in cache.places}


def content_hash(paths: Sequence[Path], settings: MelSettings = DEFAULT_MEL) -> str:
    """Hash of the mel settings and of the bytes of every file, in order. Raises DataError naming a missing file."""
    digest = hashlib.sha256(json.dumps([CACHE_VERSION, asdict(settings)]).encode())
    for path in paths:
        try:
            digest.update(bytes.fromhex(sha256_of(path)))
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else error
            raise DataError(
                f"cannot read the sound {one_line(path)}: {said}",
                "restore it or drop it from index.csv",
                "missing",
            ) from error
    return digest.hexdigest()


def open_cache(
    name: str,
    paths: Sequence[Path],
    cache_dir: Path,
    on_progress: Callable[[int], None] = lambda count: None,
    settings: MelSettings = ENCODER_MEL,
) -> MelCache:
    """Log-mel of `paths`, from the file of an earlier run when nothing changed, else computed now.

    on_progress: called after each sound that had to be computed, with the number done. A cache of the same name for
    other content is removed. Raises DataError naming a sound that cannot be read, or a full disk; nothing
    half-written stays behind.
    """
    key = content_hash(paths, settings)[:16]
    data_file = cache_dir / f"mel-{name}-{key}.f16"
    index_file = data_file.with_suffix(".json")
    counts = _stored_counts(index_file, data_file, len(paths), settings.mels)
    if counts is None:
        counts = _compute(data_file, index_file, paths, settings, on_progress)
        for stale in cache_dir.glob(f"mel-{name}-{'?' * 16}.*"):
            if stale.stem != data_file.stem:
                stale.unlink()
    frames = np.asarray(np.memmap(data_file, np.float16, mode="r", shape=(sum(counts), settings.mels)))
    starts = np.concatenate([[0], np.cumsum(counts)]).tolist()
    return MelCache(frames, {path: (starts[i], counts[i]) for i, path in enumerate(paths)})


def _stored_counts(index_file: Path, data_file: Path, expected: int, mels: int) -> list[int] | None:
    """Hops per sound of a complete cache; None when there is none or it is damaged."""
    if not (index_file.is_file() and data_file.is_file()):
        return None
    try:
        counts = [int(count) for count in json.loads(index_file.read_text())["hops"]]
    except (ValueError, KeyError, TypeError):
        logger.warning("the index %s is damaged; computing the spectra again", index_file)
        return None
    if len(counts) != expected or data_file.stat().st_size != 2 * mels * sum(counts):
        logger.warning("%s does not fit its index; computing the spectra again", data_file)
        return None
    return counts


def _compute(
    data_file: Path,
    index_file: Path,
    paths: Sequence[Path],
    settings: MelSettings,
    on_progress: Callable[[int], None],
) -> list[int]:
    counts = []
    with whole_file(data_file) as file:
        for done, path in enumerate(paths, start=1):
            mel = mel_of_file(path, settings).astype(np.float16)
            file.write(mel.tobytes())
            counts.append(len(mel))
            on_progress(done)
    with whole_file(index_file) as file:
        file.write(json.dumps({"hops": counts}).encode())
    return counts
