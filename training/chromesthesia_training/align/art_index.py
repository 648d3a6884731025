"""Writes the nearest-artwork index of a pack from trained projection heads."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.records import EMBEDDING_SIZE, Float32
from chromesthesia.packs.art_index import ART_INDEX_SCHEMA, ArtIndex
from chromesthesia_training.align.audio import weights_hash
from chromesthesia_training.align.heads import ProjectionHead
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import load, save
from chromesthesia_training.safe_write import whole_file

ZIP_DATE = (1980, 1, 1, 0, 0, 0)
ALIGNMENT_NAME = "alignment.pt"
DEFAULT_ALIGNMENT = Path("runs/align/pack")


@dataclass(frozen=True)
class IndexedArt:
    """What is known of the N paintings of an index. vectors: float32 (N, 128) of length one; the rest text."""

    vectors: Float32
    emotions: list[str]
    artists: list[str]
    titles: list[str]
    paths: list[str]


def save_alignment(path: Path, sound: ProjectionHead, art: IndexedArt, encoder_weights: str) -> Path:
    """Keep what `build_art_index` needs: the sound head, the projected paintings, the `weights_hash` of the encoder."""
    save(
        {
            "encoder_weights": encoder_weights,
            "sound": {name: tensor.cpu() for name, tensor in sound.state_dict().items()},
            "vectors": torch.from_numpy(art.vectors),
            "emotions": art.emotions,
            "artists": art.artists,
            "titles": art.titles,
            "paths": art.paths,
        },
        path,
    )
    return path


def build_art_index(out: Path, encoder: Path, run_dir: Path = DEFAULT_ALIGNMENT) -> Path:
    """Write the index to the file `out` from the alignment kept in `run_dir`; the same inputs give the same bytes.

    encoder: the pack's `encoder.onnx`, which must have the weights that the alignment was made for.

    Raises:
        DataError, TrainingError: no encoder or no alignment there, a damaged one, or an alignment of other weights.
    """
    stored = _load_alignment(run_dir / ALIGNMENT_NAME)
    if stored["encoder_weights"] != weights_hash(encoder):
        raise TrainingError(
            f"the alignment in {run_dir} was made for another encoder than {encoder}",
            "align again: chromesthesia-train reproduce --only alignment",
        )
    sound: dict[str, Tensor] = stored["sound"]
    arrays: dict[str, NDArray[np.generic]] = {
        "schema": np.asarray(ART_INDEX_SCHEMA, np.int64),
        "encoder_sha256": np.asarray(hashlib.sha256(encoder.read_bytes()).hexdigest()),
        "paintings": stored["vectors"].numpy().astype(np.float16),
        "sound_mean": sound["mean"].numpy().astype(np.float32),
        "sound_deviation": sound["deviation"].numpy().astype(np.float32),
        "hidden_weight": sound["hidden.weight"].numpy().astype(np.float16),
        "hidden_bias": sound["hidden.bias"].numpy().astype(np.float32),
        "project_weight": sound["project.weight"].numpy().astype(np.float16),
        "project_bias": sound["project.bias"].numpy().astype(np.float32),
        **{name: np.asarray(stored[name]) for name in ("emotions", "artists", "titles", "paths")},
    }
    content = npz_bytes(arrays)
    ArtIndex.parse(content, str(out))
    with whole_file(out) as file:
        file.write(content)
    return out


def _load_alignment(path: Path) -> dict[str, Any]:
    stored = load(
        path,
        ("encoder_weights", "sound", "vectors"),
        "alignment",
        "align first: chromesthesia-train reproduce --only alignment",
        "delete it and align again",
    )
    found = stored["sound"]["mean"].shape[0]
    if found != EMBEDDING_SIZE:
        raise TrainingError(
            f"the alignment {path} is of embeddings of {found} numbers, the engine's have {EMBEDDING_SIZE}",
            "align with the streaming encoder",
        )
    return stored


def npz_bytes(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    """An npz file without the clock in it, so that equal arrays give equal files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return packed.getvalue()


def title_of(name: str) -> str:
    """`abidin-dino_abstract-composition` to `abstract composition`: a file name after its artist, in words."""
    return name.split("_", 1)[-1].replace("-", " ").replace("_", " ").strip() or name
