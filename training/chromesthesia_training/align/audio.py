"""One embedding per clip, from the streaming encoder as it ships or from any other encoder, kept between runs."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.export import StreamedEncoder, load_trained
from chromesthesia_training.encoder.model import StreamingEncoder
from chromesthesia_training.encoder.offline import SCORED_STEPS
from chromesthesia_training.encoder.whole_clips import clip_batches
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

CACHE_VERSION = 1
LARGE_WEIGHT = 64
SPOT_CHECKS = 6
SPOT_TOLERANCE = 1e-3
Answer = Callable[[Clip], tuple[Float32, Float32]]


@dataclass(frozen=True)
class ClipEmbeddings:
    """What an encoder makes of N clips.

    embeddings: float32 (N, d); logits: float32 (N, 3), the encoder's own answer; emotions: int64 (N,), place in
    `chromesthesia.core.emotions.EMOTIONS`; corpora, speakers, splits: text (N,); folds: int64 (N,), by speaker.
    """

    embeddings: Float32
    logits: Float32
    emotions: NDArray[np.int64]
    corpora: NDArray[np.str_]
    speakers: NDArray[np.str_]
    splits: NDArray[np.str_]
    folds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.embeddings)

    def where(self, chosen: NDArray[np.bool_]) -> ClipEmbeddings:
        """The clips where `chosen` (N,) holds. Raises DataError when it holds nowhere."""
        if not chosen.any():
            raise DataError("no clip is left to work on", "look at split, fold and corpus of index.csv")
        return ClipEmbeddings(*(getattr(self, entry.name)[chosen] for entry in fields(self)))

    def own_accuracy(self) -> float:
        """Share of these clips that the encoder itself names right: the ceiling of what can be retrieved by sound."""
        return float((self.logits.argmax(1) == self.emotions).mean())


def named_clips(clips: Sequence[Clip]) -> list[Clip]:
    """Spoken clips of one of the three emotions, in the order of the index."""
    return [clip for clip in clips if clip.role == "speech" and clip.emotion is not None]


def collect(clips: Sequence[Clip], answer: Answer) -> ClipEmbeddings:
    """Ask `answer` for (embedding (d,), logits (3,)) of every clip. All clips must have one of the three emotions."""
    if not clips:
        raise DataError("there is no clip of angry, happy or sad", "add sounds: 3 or more of each")
    answers = [answer(clip) for clip in clips]
    return ClipEmbeddings(
        embeddings=np.stack([embedding for embedding, _ in answers]).astype(np.float32),
        logits=np.stack([logits for _, logits in answers]).astype(np.float32),
        emotions=np.array([EMOTIONS.index(clip.emotion or "") for clip in clips], np.int64),
        corpora=np.array([clip.corpus for clip in clips]),
        speakers=np.array([clip.group for clip in clips]),
        splits=np.array([clip.split for clip in clips]),
        folds=np.array([clip.fold for clip in clips], np.int64),
    )


def encoder_embeddings(
    encoder: Path,
    run_dir: Path,
    clips: Sequence[Clip],
    spectra: Mapping[Path, NDArray[np.float16]],
    cache_dir: Path,
) -> ClipEmbeddings:
    """Embeddings of an exported streaming encoder, through the run that it was exported from.

    A clip's embedding is the mean over its last half second, its logits the mean of the log
    probabilities there: the steps that a clip is scored by. Its checkpoint answers whole clips at once, ten times as
    fast as streaming; `SPOT_CHECKS` clips are streamed through the exported encoder to see that it is the same. Kept in
    `cache_dir` under the hashes of the encoder's weights and of the clips' spectra.

    Raises:
        DataError, TrainingError: a missing file, or a checkpoint of another encoder.
    """
    stored = cache_dir / f"clips-{_key(encoder, clips, spectra)}.npz"
    cached = _read(stored, len(clips))
    if cached is not None:
        return cached
    model = load_trained(run_dir).model
    answers = _answer_at_once(model, clips, spectra)
    streamed = StreamedEncoder(encoder)
    for clip in clips[:: max(1, len(clips) // SPOT_CHECKS)]:
        heard = streamed.run(spectra[clip.path].astype(np.float32))["embedding"]
        gap = float(np.abs(heard[_scored(len(heard))].mean(axis=0) - answers[clip.path][0]).max())
        if not gap < SPOT_TOLERANCE:
            raise TrainingError(
                f"{encoder} and {run_dir} differ by {gap:.2g} on {clip.path.name}",
                "export that run first, or name the run that the encoder came from",
            )
    embeddings = collect(clips, lambda clip: answers[clip.path])
    _write(embeddings, stored)
    return embeddings


def _scored(steps: int) -> slice:
    """The steps that a clip is scored by: its last half second."""
    return slice(max(0, steps - SCORED_STEPS), steps)


def _answer_at_once(
    model: StreamingEncoder,
    clips: Sequence[Clip],
    spectra: Mapping[Path, NDArray[np.float16]],
    batch: int = 32,
) -> dict[Path, tuple[Float32, Float32]]:
    """Embedding and log probabilities of every clip, in batches of similar length."""
    answers = {}
    for part in clip_batches([spectra[clip.path] for clip in clips], batch):
        with torch.inference_mode():
            reading, _ = model(part.log_mel)
            logs = torch.log_softmax(reading.logits, -1)
        for row, (place, steps) in enumerate(zip(part.places, part.steps, strict=True)):
            scored = _scored(steps)
            answers[clips[place].path] = (
                reading.embedding[row, scored].mean(0).numpy(),
                logs[row, scored].mean(0).numpy(),
            )
    return answers


def weights_hash(encoder: Path) -> str:
    """Hash of an ONNX encoder's weights, whatever else its file holds: embeddings of other weights mean nothing to it.

    Raises DataError for a file that is missing or no ONNX model.
    """
    try:
        model = onnx.load_model_from_string(encoder.read_bytes())
    except OSError as error:
        raise DataError(
            f"cannot read the encoder {encoder}: {error.strerror}", "train and export one, or name another"
        ) from error
    except DecodeError as error:
        raise DataError(f"the encoder {encoder} is no ONNX model: {error}", "export it again") from error
    weights = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    digests = sorted(
        hashlib.sha256(array.tobytes()).hexdigest() for array in weights if array.size >= LARGE_WEIGHT
    )
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _key(encoder: Path, clips: Sequence[Clip], spectra: Mapping[Path, NDArray[np.float16]]) -> str:
    digest = hashlib.sha256(f"{CACHE_VERSION} {weights_hash(encoder)}".encode())
    for clip in clips:
        about = (clip.corpus, clip.group, clip.split, clip.fold, clip.emotion)
        digest.update(repr(about).encode())
        digest.update(spectra[clip.path].tobytes())
    return digest.hexdigest()[:16]


def _read(path: Path, count: int) -> ClipEmbeddings | None:
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = ClipEmbeddings(*(archive[entry.name] for entry in fields(ClipEmbeddings)))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        logger.warning("the embeddings kept in %s are damaged (%s); computing them again", path, error)
        return None
    return found if len(found) == count else None


def _write(embeddings: ClipEmbeddings, path: Path) -> None:
    with whole_file(path) as file:
        np.savez(file, **{entry.name: getattr(embeddings, entry.name) for entry in fields(embeddings)})
