"""What the tokenizers read, computed once: pictures of 224 x 224, spectra as pictures, spectra of 46 s."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chromesthesia_training.data.art import ArtError
from chromesthesia_training.data.pictures import PictureError, load_rgb
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.data.walking import sha256_of
from chromesthesia_training.errors import DataError
from chromesthesia_training.safe_write import whole_file, write_array_header
from chromesthesia_training.vae.material import Item, Items
from chromesthesia_training.vae.patches import SIDE
from chromesthesia_training.vae.spectra import CODEC_MEL, PICTURE_MEL, Mel, spectrum

logger = logging.getLogger(__name__)

UInt8 = NDArray[np.uint8]
VERSION = 1
SAY_EVERY = 500


def pictures(items: Items, cache_dir: Path) -> UInt8:
    """uint8 [items, 224, 224, 3]: paintings squashed to a square, or the spectra of 5 s as `spectra.as_picture`."""
    if items.kind == "sound":
        shape = (PICTURE_MEL.bands, PICTURE_MEL.frames)
        return _stored(items, cache_dir, "mel", shape, lambda: _spectra(items, PICTURE_MEL))
    return _stored(items, cache_dir, "rgb", (SIDE, SIDE, 3), lambda: (_picture(item) for item in items.items))


def whole_spectra(items: Items, cache_dir: Path, mel: Mel = CODEC_MEL) -> UInt8:
    """uint8 [items, bands, frames] of the first 46 s, 0..255 for 0..1."""
    return _stored(items, cache_dir, "whole", (mel.bands, mel.frames), lambda: _spectra(items, mel))


def picture_of(path: Path) -> UInt8:
    """A picture file, squashed to 224 x 224. Raises ArtError naming a file that is none."""
    try:
        return np.asarray(
            load_rgb(path.read_bytes()).resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.uint8
        )
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ArtError(f"cannot read the picture {path}: {said}", "give another file", "missing") from error
    except PictureError as error:
        raise ArtError(f"{path} is damaged or no picture: {error}", "give another file", "corrupt") from error


def _picture(item: Item) -> UInt8:
    return picture_of(item.path)


def _spectra(items: Items, mel: Mel) -> Iterator[UInt8]:
    """Of every item in order; a sound file is read once for all its parts."""
    at: Path | None = None
    for item in items.items:
        if item.path != at:
            at, samples = item.path, read_sound(item.path, mel.rate_hz)
        begin = round(item.start_s * mel.rate_hz)
        shown = spectrum(samples[begin : begin + mel.samples], mel)
        yield np.round(shown * 255.0).astype(np.uint8)


def content_key(items: Items, what: str) -> str:
    """Of the bytes of every file, in order. Raises DataError naming one that cannot be read."""
    digest = hashlib.sha256(f"{VERSION} {what}".encode())
    at: Path | None = None
    for item in items.items:
        if item.path != at:
            at = item.path
            try:
                digest.update(bytes.fromhex(sha256_of(item.path)))
            except (OSError, ValueError) as error:
                said = error.strerror if isinstance(error, OSError) else error
                raise DataError(
                    f"cannot read {item.path}: {said}", "restore it or drop its row", "missing"
                ) from error
        digest.update(f"{item.start_s:g}".encode())
    return digest.hexdigest()[:16]


def _stored(
    items: Items, cache_dir: Path, what: str, shape: tuple[int, ...], compute: Callable[[], Iterator[UInt8]]
) -> UInt8:
    file = cache_dir / "vae" / f"{what}-{content_key(items, what)}.npy"
    wanted = (len(items.items), *shape)
    if file.is_file():
        try:
            kept: UInt8 = np.load(file, mmap_mode="r", allow_pickle=False)
            if kept.shape == wanted and kept.dtype == np.uint8:
                return kept
            logger.warning("%s is of shape %s, expected %s: computing it again", file, kept.shape, wanted)
        except (ValueError, EOFError, OSError) as error:
            logger.warning("%s is damaged (%s): computing it again", file, error)
    with whole_file(file) as out:
        write_array_header(out, np.dtype(np.uint8), wanted)
        for number, array in enumerate(compute(), start=1):
            out.write(np.ascontiguousarray(array).tobytes())
            if number % SAY_EVERY == 0:
                logger.info("%s: %d of %d", what, number, len(items.items))
    result: UInt8 = np.load(file, mmap_mode="r", allow_pickle=False)
    return result


def whole_bytes(path: Path, content: dict[str, Any]) -> None:
    """Write a small table as JSON, whole or not at all."""
    with whole_file(path) as file:
        file.write((json.dumps(content, indent=1) + "\n").encode())
