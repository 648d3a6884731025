"""Paintings with emotion labels: an `index.csv` folder, or a user's own folder of `label/*.jpg|png`."""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from chromesthesia.core.user_files import one_line
from chromesthesia_training.data.pictures import LOADER_VERSION, PictureError, load_rgb
from chromesthesia_training.data.tables import below, read_table, to_number
from chromesthesia_training.data.walking import files_directly_in, folders_in, is_file, is_folder
from chromesthesia_training.errors import DataError, Report, stop
from chromesthesia_training.safe_write import whole_file, write_array_header

logger = logging.getLogger(__name__)

EMOTIONS: tuple[str, ...] = (
    "amusement",
    "anger",
    "awe",
    "contentment",
    "disgust",
    "excitement",
    "fear",
    "sadness",
)
"""The eight emotions of the paintings, in the order of every one-hot here."""

LABEL_ALIASES: dict[str, str] = {"angry": "anger", "happy": "contentment", "sad": "sadness"}
"""Folder names a user may give beside the eight."""

TYPICAL_VAD: dict[str, tuple[float, float, float]] = {
    "amusement": (0.67, 0.53, 0.48),
    "anger": (0.27, 0.59, 0.52),
    "awe": (0.60, 0.64, 0.58),
    "contentment": (0.68, 0.41, 0.40),
    "disgust": (0.23, 0.56, 0.50),
    "excitement": (0.64, 0.56, 0.54),
    "fear": (0.20, 0.60, 0.53),
    "sadness": (0.24, 0.49, 0.44),
}
"""Mean valence, arousal, dominance in [0, 1] of each emotion in D-ViSA: used where a folder has no ratings."""

COLUMNS = ("path", "artist", "emotion", "valence", "arousal", "dominance", "split")
SPLITS = ("train", "val", "test")
STORED_SIDE = 224
"""Pixels a side that the generator keeps of a painting."""
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


class ArtError(DataError):
    """A folder of paintings, or one painting in it, that cannot be used."""


@dataclass(frozen=True)
class Painting:
    """One row of a collection; `vad` is valence, arousal, dominance in [0, 1]; `fold` None where none is given."""

    path: Path
    artist: str
    emotion: str
    vad: tuple[float, float, float]
    split: str
    fold: int | None = None


PublishedReader = Callable[[Path, Report], list[Painting]]


@dataclass(frozen=True)
class ArtSet:
    """A collection in memory: `images` uint8 (N, side, side, 3), `emotions` int64 (N,), `vad` (N, 3) in [0, 1]."""

    images: npt.NDArray[np.uint8]
    emotions: npt.NDArray[np.int64]
    vad: npt.NDArray[np.float32]
    artists: npt.NDArray[np.str_]
    splits: npt.NDArray[np.str_]
    content_hash: str

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, *splits: str) -> ArtSet:
        """The paintings of the given splits.

        Raises:
            ArtError: no painting is in any of them.
        """
        chosen = np.isin(self.splits, splits)
        if not chosen.any():
            raise ArtError(
                f"no painting in split {' or '.join(splits)}", "add paintings, or check the split column"
            )
        return ArtSet(
            self.images[chosen],
            self.emotions[chosen],
            self.vad[chosen],
            self.artists[chosen],
            self.splits[chosen],
            self.content_hash,
        )


def of_no_corpus(folder: Path, report: Report) -> list[Painting]:
    """For folders that are read by `index.csv` or label folders only."""
    return []


def read_paintings(
    folder: Path, report: Report = stop, published: PublishedReader = of_no_corpus
) -> list[Painting]:
    """List a folder's paintings from its `index.csv`, the table of a published corpus, or its label folders.

    published: gives the paintings of a folder in the layout of a corpus that it knows, none of another.

    Raises:
        ArtError: missing folder, empty folder, a bad label, rating or split, or a split or fold that shares an
        artist; but for the folder, `report` decides.
    """
    if not is_folder(folder):
        raise ArtError(
            f"no folder of paintings at {one_line(folder)}",
            "give the folder that holds index.csv or label folders",
            "missing",
        )
    index = folder / "index.csv"
    if is_file(index):
        paintings = _from_index(index, report)
    else:
        paintings = published(folder, report) or _from_label_folders(folder, report)
    if not paintings:
        raise ArtError(
            f"no paintings in {folder}", "put .jpg or .png files into folders named by emotion", "empty"
        )
    check_artists_apart(paintings, report)
    return paintings


def check_artists_apart(paintings: Sequence[Painting], report: Report = stop) -> None:
    """Report each artist that is in two splits, or in two folds."""
    home: dict[str, Painting] = {}
    told: set[str] = set()
    for painting in paintings:
        first = home.setdefault(painting.artist, painting)
        if painting.artist in told or (first.split, first.fold) == (painting.split, painting.fold):
            continue
        told.add(painting.artist)
        where = (
            f"splits {first.split!r} and {painting.split!r}"
            if first.split != painting.split
            else f"folds {first.fold} and {painting.fold}"
        )
        report(
            ArtError(
                f"artist {painting.artist!r} is in {where}", "keep every artist in one split and fold", "leak"
            )
        )


def split_of_artist(artist: str) -> str:
    """Split of an artist by a stable hash: about 60 % train, 20 % val, 20 % test."""
    bucket = zlib.crc32(artist.encode()) % 10
    return "train" if bucket < 6 else "val" if bucket < 8 else "test"


def emotion_of(label: str, where: str) -> str:
    """One of `EMOTIONS` for a label or its alias. Raises ArtError saying where the label was found."""
    emotion = LABEL_ALIASES.get(label.lower(), label.lower())
    if emotion not in EMOTIONS:
        known = ", ".join((*EMOTIONS, *LABEL_ALIASES))
        raise ArtError(f"{where}: unknown emotion {label!r}", f"use one of {known}", "label")
    return emotion


def _from_index(index: Path, report: Report) -> list[Painting]:
    paintings = []
    for row in read_table(index, COLUMNS, ArtError, needs_rows=False):
        try:
            paintings.append(_of_row(index.parent, row, f"{index} line {row.line}"))
        except DataError as problem:
            report(problem)
    return paintings


def _of_row(folder: Path, row: dict[str, str], where: str) -> Painting:
    emotion = emotion_of(row["emotion"], where)
    vad = (
        rating(row["valence"], "valence", where),
        rating(row["arousal"], "arousal", where),
        rating(row["dominance"], "dominance", where),
    )
    if row["split"] not in SPLITS:
        raise ArtError(f"{where}: split {row['split']!r}", f"use one of {', '.join(SPLITS)}", "split")
    fold = row.get("fold") or None
    if fold is not None and not (fold.isascii() and fold.isdecimal() and len(fold) < 10):
        raise ArtError(f"{where}: fold {fold!r}", "give a whole number, or leave it empty", "split")
    return Painting(
        below(folder, row["path"], where),
        row["artist"],
        emotion,
        vad,
        row["split"],
        None if fold is None else int(fold),
    )


def rating(text: str, name: str, where: str) -> float:
    """A number from 0 to 1. Raises ArtError saying where it was found."""
    try:
        value = to_number(text)
    except ValueError:
        raise ArtError(f"{where}: {name} is {text!r}", "give a number from 0 to 1", "label") from None
    if not 0.0 <= value <= 1.0:
        raise ArtError(f"{where}: {name} is {value:g}", "give a number from 0 to 1", "scale")
    return value


def _from_label_folders(folder: Path, report: Report) -> list[Painting]:
    """An artist is a file name up to its first underscore: `klee_3.jpg` and `klee_4.jpg` stay together."""
    paintings = []
    for label_folder in folders_in(folder):
        files = files_directly_in(label_folder, IMAGE_SUFFIXES)
        if not files:
            continue
        try:
            emotion = emotion_of(label_folder.name, str(label_folder))
        except ArtError as problem:
            report(problem)
            continue
        for path in files:
            artist = path.stem.split("_", 1)[0]
            paintings.append(Painting(path, artist, emotion, TYPICAL_VAD[emotion], split_of_artist(artist)))
    return paintings


def load_art(
    folder: Path,
    side: int = 176,
    cache_dir: Path | None = None,
    published: PublishedReader = of_no_corpus,
) -> ArtSet:
    """Read a collection into memory, squashed to `side` x `side` pixels.

    With `cache_dir`, the decoded pixels are kept there as `art-<content hash>.npy` and read back when no file
    changed.

    Raises:
        ArtError: see `read_paintings`; also a painting that is missing, empty or not a picture, named.
        DataError: the cache cannot be written, as on a full disk; nothing half-written stays behind.
    """
    paintings = read_paintings(folder, published=published)
    contents = [_read_bytes(painting.path) for painting in paintings]
    digest = hashlib.sha256(f"side {side}".encode())
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    content_hash = digest.hexdigest()[:16]
    return ArtSet(
        images=_pixels(
            paintings,
            contents,
            side,
            cache_dir / f"art-{LOADER_VERSION}-{content_hash}.npy" if cache_dir else None,
        ),
        emotions=np.array([EMOTIONS.index(painting.emotion) for painting in paintings], np.int64),
        vad=np.array([painting.vad for painting in paintings], np.float32),
        artists=np.array([painting.artist for painting in paintings]),
        splits=np.array([painting.split for painting in paintings]),
        content_hash=content_hash,
    )


def _read_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ArtError(
            f"cannot read painting {one_line(path)}: {said}", "restore it or take it off the list", "missing"
        ) from error
    if not content:
        raise ArtError(f"painting {path} is empty (0 bytes)", "replace or delete it", "empty")
    return content


def _pixels(
    paintings: Sequence[Painting], contents: Sequence[bytes], side: int, cache: Path | None
) -> npt.NDArray[np.uint8]:
    shape = (len(paintings), side, side, 3)
    if cache is not None and cache.is_file():
        try:
            cached: npt.NDArray[np.uint8] = np.load(cache, allow_pickle=False)
            if cached.shape == shape and cached.dtype == np.uint8:
                return cached
            logger.warning("cache %s has shape %s, expected %s: decoding again", cache, cached.shape, shape)
        except (ValueError, EOFError, OSError) as error:
            logger.warning("cache %s is damaged (%s): decoding again", cache, error)
    images = np.empty(shape, np.uint8)
    for row, (painting, content) in enumerate(zip(paintings, contents, strict=True)):
        images[row] = _decode(painting.path, content, side)
    if cache is not None:
        with whole_file(cache) as file:
            write_array_header(file, images.dtype, shape)
            file.write(images.data)
    return images


def _decode(path: Path, content: bytes, side: int) -> npt.NDArray[np.uint8]:
    try:
        square = load_rgb(content).resize((side, side), Image.Resampling.LANCZOS)
    except PictureError as error:
        raise ArtError(
            f"painting {path} is damaged or no picture: {error}", "replace or delete it", "corrupt"
        ) from error
    return np.asarray(square, np.uint8)
