"""Paintings as the alignment sees them: backbone features, emotion of three, artist, split, and fold by artist."""

from __future__ import annotations

import hashlib
import logging
import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32, UInt8
from chromesthesia_training.align.backbone import ImageBackbone, embed_pictures
from chromesthesia_training.corpora.paintings import load_art, read_paintings
from chromesthesia_training.data.art import EMOTIONS as ART_EMOTIONS
from chromesthesia_training.data.art import ArtError
from chromesthesia_training.data.pictures import LOADER_VERSION
from chromesthesia_training.data.tables import read_table
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

FOLDS = 5
KINDS: dict[str, tuple[str, ...]] = {
    "angry": ("anger", "disgust", "fear"),
    "happy": ("amusement", "contentment", "excitement"),
    "sad": ("sadness",),
}
"""Emotions of paintings that count as one of the three; awe counts as none."""
NARROW_KINDS = {**KINDS, "angry": ("anger",)}
NO_KIND = -1


@dataclass(frozen=True)
class PaintingFeatures:
    """N paintings. features: float32 (N, d) of a frozen backbone; kinds: int64 (N,), place in
    `chromesthesia.core.emotions.EMOTIONS` or -1; emotions: int64 (N,), place in `art.EMOTIONS`; folds: int64 (N,), by
    artist; names: file names without suffix; paths: relative to the folder of paintings."""

    features: Float32
    kinds: NDArray[np.int64]
    emotions: NDArray[np.int64]
    artists: NDArray[np.str_]
    names: NDArray[np.str_]
    paths: NDArray[np.str_]
    splits: NDArray[np.str_]
    folds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.features)

    def where(self, chosen: NDArray[np.bool_]) -> PaintingFeatures:
        """The paintings where `chosen` (N,) holds. Raises ArtError when it holds nowhere."""
        if not chosen.any():
            raise ArtError("no painting is left to work on", "look at the splits and folds of index.csv")
        return PaintingFeatures(*(getattr(self, entry.name)[chosen] for entry in fields(self)))

    def of_three(self) -> PaintingFeatures:
        """Without those that are none of angry, happy and sad."""
        return self.where(self.kinds != NO_KIND)


def kinds_of(emotions: NDArray[np.int64], kinds: dict[str, tuple[str, ...]] = KINDS) -> NDArray[np.int64]:
    """Place in angry, happy, sad of each of the eight emotions' places; -1 where it is none of them."""
    place = np.full(len(ART_EMOTIONS), NO_KIND, np.int64)
    for number, name in enumerate(EMOTIONS):
        for emotion in kinds[name]:
            place[ART_EMOTIONS.index(emotion)] = number
    return place[emotions]


def read_features(art_dir: Path, backbone: ImageBackbone, cache_dir: Path | None = None) -> PaintingFeatures:
    """Features of every painting of a folder; with `cache_dir` kept there, until a file or the backbone changes.

    Raises ArtError as `art.load_art` does.
    """
    paintings = read_paintings(art_dir)
    art = load_art(art_dir, cache_dir=cache_dir)
    key = hashlib.sha256(
        f"{LOADER_VERSION} {art.content_hash} {backbone.name} {_fingerprint(backbone)}".encode()
    ).hexdigest()[:16]
    return PaintingFeatures(
        features=_features(backbone, art.images, cache_dir and cache_dir / f"features-{key}.npy"),
        kinds=kinds_of(art.emotions),
        emotions=art.emotions,
        artists=art.artists,
        names=np.array([painting.path.stem for painting in paintings]),
        paths=np.array([painting.path.relative_to(art_dir).as_posix() for painting in paintings]),
        splits=art.splits,
        folds=_folds(art_dir, art.artists),
    )


def _fingerprint(backbone: ImageBackbone) -> str:
    """What the backbone says to one picture of noise, so that other weights of the same name are told apart."""
    noise = np.random.default_rng(0).integers(0, 255, (1, 64, 64, 3), np.uint8)
    return hashlib.sha256(embed_pictures(backbone, noise).round(2).tobytes()).hexdigest()


def _features(backbone: ImageBackbone, images: UInt8, cache: Path | None) -> Float32:
    if cache is not None and cache.is_file():
        try:
            cached: Float32 = np.load(cache, allow_pickle=False)
            if cached.shape == (len(images), backbone.size) and cached.dtype == np.float32:
                return cached
        except (ValueError, EOFError, OSError) as error:
            logger.warning("the features kept in %s are damaged (%s); computing them again", cache, error)
    features = embed_pictures(backbone, images)
    if cache is not None:
        with whole_file(cache) as file:
            np.save(file, features, allow_pickle=False)
    return features


def _folds(art_dir: Path, artists: NDArray[np.str_]) -> NDArray[np.int64]:
    """The `fold` column of `index.csv`; by a stable hash of the artist where there is none."""
    index = art_dir / "index.csv"
    if index.is_file():
        rows = read_table(index, (), ArtError)
        try:
            return np.array([int(row["fold"]) for row in rows], np.int64)
        except KeyError:
            pass
        except ValueError as error:
            raise ArtError(f"{index}: a fold is no whole number: {error}", "give 0 to 4") from error
    return np.array([zlib.crc32(artist.encode()) % FOLDS for artist in artists], np.int64)
