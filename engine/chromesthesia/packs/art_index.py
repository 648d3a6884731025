"""The nearest-artwork index of a pack: which paintings lie nearest to what the encoder hears, without their pixels.

An `.npz` file (arrays only, nothing pickled) of unit vectors of paintings in the shared space of sound and picture, and
of the head that takes the encoder's embedding there: standardise, rectified linear layer, linear layer, unit length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.errors import PackError
from chromesthesia.core.records import EMBEDDING_SIZE, Float32
from chromesthesia.core.user_files import one_line, read_bytes
from chromesthesia.packs.npz import DamagedError, read_npz

ART_INDEX_NAME = "art_index.npz"
ART_INDEX_SCHEMA = 1
MAX_INDEX_BYTES = 64 * 1024 * 1024
MAX_TEXT = 512
REMEDY = "export the pack again with chromesthesia-train export"

HEAD_ARRAYS = (
    "sound_mean",
    "sound_deviation",
    "hidden_weight",
    "hidden_bias",
    "project_weight",
    "project_bias",
)
TEXT_ARRAYS = ("emotions", "artists", "titles", "paths")
ALL_ARRAYS = ("schema", "encoder_sha256", "paintings", *HEAD_ARRAYS, *TEXT_ARRAYS)


@dataclass(frozen=True, slots=True)
class Artwork:
    """One painting found: `similarity` is the cosine, -1..1; `path` is relative to the collection it came from."""

    artist: str
    title: str
    path: str
    emotion: str
    similarity: float

    @property
    def distance(self) -> float:
        """0 (the same place) to 2 (opposite)."""
        return 1.0 - self.similarity


@dataclass(frozen=True, slots=True)
class ArtIndex:
    """Paintings as float32 [N, d] of length one, what is known of them, and the head.

    `encoder_sha256` names the encoder that it was made for. Reading it from several threads is safe.
    """

    paintings: Float32 = field(repr=False)
    emotions: tuple[str, ...] = field(repr=False)
    artists: tuple[str, ...] = field(repr=False)
    titles: tuple[str, ...] = field(repr=False)
    paths: tuple[str, ...] = field(repr=False)
    head: Mapping[str, Float32] = field(repr=False)
    encoder_sha256: str

    def __len__(self) -> int:
        return len(self.paintings)

    @classmethod
    def load(cls, path: Path) -> ArtIndex:
        """Read an index file. Raises PackError naming what is missing, damaged or of another shape."""
        return cls.parse(read_bytes(path, MAX_INDEX_BYTES, PackError), one_line(path))

    @classmethod
    def parse(cls, content: bytes, where: str) -> ArtIndex:
        """As `load`, from the bytes of a file called `where`."""
        arrays = _read_arrays(content, where)
        schema = _array(arrays, "schema", where, "i", ())
        if int(schema) != ART_INDEX_SCHEMA:
            raise PackError(
                f"{where}: schema: expected {ART_INDEX_SCHEMA}, got {int(schema)}",
                "update chromesthesia, or export the pack again",
            )
        paintings = _floats(arrays, "paintings", where, (None, None))
        count, shared = paintings.shape
        hidden = _array(arrays, "hidden_weight", where, "f", (None, EMBEDDING_SIZE)).shape[0]
        shapes: dict[str, tuple[int, ...]] = {
            "sound_mean": (EMBEDDING_SIZE,),
            "sound_deviation": (EMBEDDING_SIZE,),
            "hidden_weight": (hidden, EMBEDDING_SIZE),
            "hidden_bias": (hidden,),
            "project_weight": (shared, hidden),
            "project_bias": (shared,),
        }
        head = {name: _floats(arrays, name, where, shapes[name]) for name in HEAD_ARRAYS}
        if not (head["sound_deviation"] > 0).all():
            raise PackError(f"{where}: sound_deviation: expected positive numbers", REMEDY)
        texts = {name: _texts(_array(arrays, name, where, "U", (count,))) for name in TEXT_ARRAYS}
        with np.errstate(over="ignore"):
            lengths = np.linalg.norm(paintings, axis=1)
        if not np.allclose(lengths, 1.0, atol=0.01):
            raise PackError(
                f"{where}: paintings: expected rows of length 1, got {lengths.min():.3g} to {lengths.max():.3g}",
                REMEDY,
            )
        return cls(
            paintings=paintings / lengths[:, None],
            emotions=texts["emotions"],
            artists=texts["artists"],
            titles=texts["titles"],
            paths=texts["paths"],
            head=head,
            encoder_sha256=str(_array(arrays, "encoder_sha256", where, "U", ())),
        )

    def project(self, embedding: Float32) -> Float32:
        """The encoder's embedding, float32 [128], as a unit vector of the shared space, float32 [d]."""
        head = self.head
        scaled = (embedding - head["sound_mean"]) / head["sound_deviation"]
        hidden = np.maximum(head["hidden_weight"] @ scaled + head["hidden_bias"], 0.0)
        vector = head["project_weight"] @ hidden + head["project_bias"]
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)

    def nearest(self, embedding: Float32, k: int = 5) -> list[Artwork]:
        """The `k` paintings nearest to an encoder's embedding, float32 [128], nearest first; at most all there are.

        About a tenth of a millisecond for two thousand paintings. Raises ValueError for another shape or k < 1.
        """
        if embedding.shape != (EMBEDDING_SIZE,) or k < 1:
            raise ValueError(
                f"expected an embedding of shape ({EMBEDDING_SIZE},) and k of 1 or more, got {embedding.shape} and {k}"
            )
        similarity = self.paintings @ self.project(embedding)
        k = min(k, len(similarity))
        rows = np.argpartition(-similarity, k - 1)[:k]
        rows = rows[np.argsort(-similarity[rows], kind="stable")]
        return [
            Artwork(
                self.artists[row],
                self.titles[row],
                self.paths[row],
                self.emotions[row],
                float(np.clip(similarity[row], -1.0, 1.0)),
            )
            for row in rows.tolist()
        ]


def _read_arrays(content: bytes, where: str) -> dict[str, NDArray[Any]]:
    try:
        return read_npz(content, ALL_ARRAYS, MAX_INDEX_BYTES)
    except DamagedError as error:
        raise PackError(f"{where}: damaged, or no art index: {one_line(error)}", REMEDY) from error


def _array(
    arrays: Mapping[str, NDArray[Any]], name: str, where: str, kind: str, shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """An array of dtype kind `f`, `i` or `U` and of this shape (None: any), finite; else PackError naming it."""
    if name not in arrays:
        raise PackError(f"{where}: {name}: expected an array, got nothing", REMEDY)
    array = arrays[name]
    fits = len(array.shape) == len(shape) and all(
        expected in (None, got) and got > 0 for got, expected in zip(array.shape, shape, strict=True)
    )
    if array.dtype.kind != kind or not fits:
        expected = f"{ {'f': 'floats', 'i': 'whole numbers', 'U': 'text'}[kind] } of shape {list(shape)}"
        raise PackError(
            f"{where}: {name}: expected {expected}, got {array.dtype} of shape {list(array.shape)}", REMEDY
        )
    if kind == "U" and array.dtype.itemsize > 4 * MAX_TEXT:
        raise PackError(f"{where}: {name}: expected texts of at most {MAX_TEXT} letters", REMEDY)
    return array


def _floats(
    arrays: Mapping[str, NDArray[Any]], name: str, where: str, shape: tuple[int | None, ...]
) -> Float32:
    """An array of floats of this shape as float32, all finite; else PackError naming it."""
    array = _array(arrays, name, where, "f", shape)
    with np.errstate(over="ignore"):
        floats = array.astype(np.float32)
    if not np.isfinite(floats).all():
        raise PackError(f"{where}: {name}: expected finite numbers, got NaN or infinity", REMEDY)
    return floats


def _texts(array: NDArray[Any]) -> tuple[str, ...]:
    """The texts of an array, each on one line."""
    # Most are printable as they are, and that is quick to know.
    return tuple(text if text.isprintable() else one_line(text, MAX_TEXT) for text in array.tolist())
