"""Token files: `tokens.npy`, `cls.npy` where there is one, and `meta.json`, in a folder; read lazily and checked."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.user_files import one_line, read_text
from chromesthesia_training.errors import DataError
from chromesthesia_training.safe_write import whole_file, write_array_header
from chromesthesia_training.vae.inputs import whole_bytes
from chromesthesia_training.vae.material import Items, Kind, check_va

logger = logging.getLogger(__name__)

Float16 = NDArray[np.float16]
Float64 = NDArray[np.float64]
META, TOKENS, CLS = "meta.json", "tokens.npy", "cls.npy"
META_LIMIT_BYTES = 16 << 20
REMEDY = "remove the folder: it is computed again"
Tokenize = Callable[[int, int], tuple[Tensor, Tensor | None]]
"""Tokens [n, count, width] and CLS [n, width] of the items from a place to before another."""
AT_ONCE = 16


@dataclass(frozen=True)
class Tokens:
    """Tokens float16 [items, count, width] and CLS float16 [items, width] of one kind, labels [items, 2] in -1..1."""

    kind: Kind
    tokens: Float16
    cls: Float16 | None
    va: Float64
    names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Tokens of an item, and values of a token."""
        return int(self.tokens.shape[1]), int(self.tokens.shape[2])

    def __len__(self) -> int:
        return len(self.tokens)


def tokens_of(items: Items, folder: Path, shape: tuple[int, int], cls: bool, tokenize: Tokenize) -> Tokens:
    """The tokens of items, from the folder of an earlier run or computed now; the folder's name says of what."""
    if not (folder / META).is_file():
        write_tokens(items, folder, shape, cls, tokenize)
    found = read_tokens(folder, shape, cls)
    if found.names != tuple(item.name for item in items.items):
        raise DataError(f"{folder} holds the tokens of other items", REMEDY, "layout")
    return found


def write_tokens(items: Items, folder: Path, shape: tuple[int, int], cls: bool, tokenize: Tokenize) -> None:
    """Compute and write; `meta.json` comes last, so that a folder without it is not finished."""
    count = len(items.items)
    whole: list[Float16] = []

    def rows() -> Iterator[Float16]:
        for start in range(0, count, AT_ONCE):
            with torch.inference_mode():
                tokens, told = tokenize(start, min(count, start + AT_ONCE))
            if told is not None:
                whole.append(told.numpy().astype(np.float16))
            yield tokens.numpy().astype(np.float16)
            if start % (AT_ONCE * 40) == 0:
                logger.info("tokens of kind %s: %d of %d", items.kind, start, count)

    _write_array(folder / TOKENS, (count, *shape), rows())
    if cls:
        _write_array(folder / CLS, (count, shape[1]), iter([np.concatenate(whole)]))
    whole_bytes(
        folder / META,
        {
            "kind": items.kind,
            "names": [item.name for item in items.items],
            "valence": [item.va[0] for item in items.items],
            "arousal": [item.va[1] for item in items.items],
        },
    )


def _write_array(path: Path, shape: tuple[int, ...], rows: Iterator[Float16]) -> None:
    written = 0
    with whole_file(path) as file:
        write_array_header(file, np.dtype(np.float16), shape)
        for array in rows:
            if array.shape[1:] != shape[1:]:
                raise DataError(
                    f"{path}: a tokenizer gave {array.shape[1:]}, expected {shape[1:]}", "mend it", "layout"
                )
            file.write(np.ascontiguousarray(array).tobytes())
            written += len(array)
        if written != shape[0]:
            raise DataError(f"{path}: {written} rows of {shape[0]}", "mend the tokenizer", "layout")


def read_tokens(folder: Path, shape: tuple[int, int], cls: bool) -> Tokens:
    """Open a folder of tokens; only a few rows are read.

    Raises DataError naming what is missing or damaged, an array of another shape, what is not a number among the
    first and last rows, a label outside -1..1, or labels without tokens.
    """
    meta = _meta(folder / META)
    names, kind = meta.get("names"), meta.get("kind")
    if not isinstance(names, list) or kind not in ("image", "sound"):
        raise DataError(f"{folder / META} lacks names or kind", REMEDY, "layout")
    if any(
        not isinstance(meta.get(axis), list) or len(meta[axis]) != len(names)
        for axis in ("valence", "arousal")
    ):
        raise DataError(f"{folder / META}: not every item has a valence and an arousal", REMEDY, "layout")
    va = [
        check_va([_number(v, folder), _number(a, folder)], f"{folder / META}: {one_line(name)}")
        for name, v, a in zip(names, meta["valence"], meta["arousal"], strict=True)
    ]
    tokens = _array(folder / TOKENS, (len(names), *shape))
    told = _array(folder / CLS, (len(names), shape[1])) if cls else None
    return Tokens(kind, tokens, told, np.array(va, np.float64).reshape(-1, 2), tuple(map(str, names)))


def _number(value: Any, folder: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{folder / META}: a label is {one_line(value)}", REMEDY, "label")
    return float(value)


def _meta(path: Path) -> dict[str, Any]:
    def wrong(message: str, remedy: str = "") -> DataError:
        return DataError(message, remedy or REMEDY, "missing")

    text = read_text(path, META_LIMIT_BYTES, wrong)
    try:
        content = json.loads(text)
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}", REMEDY, "corrupt") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no table", REMEDY, "layout")
    return content


def _array(path: Path, wanted: tuple[int, ...]) -> Float16:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise DataError(f"there is no {path}", REMEDY, "missing") from error
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"the token file {path} is damaged: {error}", REMEDY, "corrupt") from error
    if array.shape != wanted or array.dtype != np.float16:
        said = [" x ".join(map(str, one)) for one in (array.shape, wanted)]
        raise DataError(
            f"the token file {path} is {array.dtype} of shape {said[0]}, expected float16 of {said[1]}",
            REMEDY,
            "layout",
        )
    for row in {0, len(array) - 1} if len(array) else ():
        if not np.isfinite(array[row]).all():
            raise DataError(f"the token file {path}: row {row} holds what is no number", REMEDY, "corrupt")
    found: Float16 = array
    return found


@dataclass(frozen=True)
class Scale:
    """Mean of every value of a token, and one deviation for all: what brings tokens to 0 and about 1."""

    middle: Tensor
    spread: float

    def apply(self, tokens: Tensor) -> Tensor:
        return (tokens - self.middle) / self.spread

    def undo(self, tokens: Tensor) -> Tensor:
        return tokens * self.spread + self.middle


def scale_of(tokens: Float16, rows: NDArray[np.int64]) -> Scale:
    """Of the training rows: the middle is of every value, the spread over all of them, so that predicting the mean
    costs a square error of 1."""
    total, square, seen = np.zeros(tokens.shape[-1]), 0.0, 0
    for row in rows:
        values = tokens[row].astype(np.float64).reshape(-1, tokens.shape[-1])
        total += values.sum(axis=0)
        square += float((values**2).sum())
        seen += len(values)
    middle = total / seen
    variance = square / (seen * tokens.shape[-1]) - float((middle**2).mean())
    return Scale(torch.from_numpy(middle.astype(np.float32)), max(float(np.sqrt(max(variance, 0.0))), 1e-6))
