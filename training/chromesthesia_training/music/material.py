"""What the models read of a collection: features, spectra and embeddings of every song, kept between runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.music.handcrafted import (
    CHUNK_FRAMES,
    CHUNK_S,
    OWN_NAMES,
    RATE_HZ,
    REFERENCE_NAMES,
    chunk_starts_s,
    extract,
)
from chromesthesia_training.music.songs import SongSet, labels_in_time
from chromesthesia_training.music.spectra import MELS, chunk_spectra
from chromesthesia_training.music.store import Arrays, Shapes, stored

Float64 = NDArray[np.float64]
Numbers = NDArray[Any]
Int64 = NDArray[np.int64]
FEATURES_VERSION = "handcrafted 1"
SPECTRA_VERSION = "log-mel 1"
MUSICNN_VERSION = "musicnn 1"
PANNS_VERSION = "panns cnn14 1"
BATCH_PATCHES = 4


@dataclass(frozen=True)
class Described:
    """Features of a collection: of songs [songs, ...], of all their chunks [chunks, ...], and which song each is of.

    `labels_in_time` [chunks, targets] are the ratings of each chunk, those of its song where none are given in time.
    """

    song: Float32
    chunks: Float32
    owner: Int64
    labels_in_time: Float64


def chunk_labels(songs: SongSet, counts: Sequence[int]) -> Float64:
    """Labels of every chunk: [sum of counts, targets]."""
    parts = []
    for song, count in zip(songs.songs, counts, strict=True):
        if songs.dynamic and song.points:
            parts.append(labels_in_time(song.points, chunk_starts_s(count), CHUNK_S))
        else:
            parts.append(np.tile(np.array(song.labels, np.float64), (count, 1)))
    return np.concatenate(parts)


def owners(counts: Sequence[int]) -> Int64:
    """The song of each chunk: [sum of counts]."""
    return np.repeat(np.arange(len(counts)), counts)


def feature_arrays(paths: Sequence[Path], cache_dir: Path) -> list[Arrays]:
    """Both lists of features of every sound: `song`, `own_song`, and of its chunks `chunks`, `own_chunks`."""

    def compute(path: Path) -> Arrays:
        found = extract(read_sound(path, RATE_HZ))
        return {
            "song": found.song,
            "chunks": found.chunks,
            "own_song": found.own_song,
            "own_chunks": found.own_chunks,
        }

    shapes: Shapes = {
        "song": (len(REFERENCE_NAMES),),
        "chunks": (None, len(REFERENCE_NAMES)),
        "own_song": (len(OWN_NAMES),),
        "own_chunks": (None, len(OWN_NAMES)),
    }
    return stored("music-features", paths, cache_dir, compute, shapes, FEATURES_VERSION)


def handcrafted(songs: SongSet, cache_dir: Path, own: bool = False) -> Described:
    """The reference's 346 features, or our own list, of songs and chunks."""
    arrays = feature_arrays([song.path for song in songs.songs], cache_dir)
    of_song, of_chunks = ("own_song", "own_chunks") if own else ("song", "chunks")
    counts = [len(one[of_chunks]) for one in arrays]
    return Described(
        np.stack([one[of_song] for one in arrays]),
        np.concatenate([one[of_chunks] for one in arrays]),
        owners(counts),
        chunk_labels(songs, counts),
    )


@dataclass(frozen=True)
class Spectra:
    """Log-mel of every chunk, int8 [chunks, 128, 128] (-127 to 127 are -1 to 1), its song and its labels."""

    mel: NDArray[np.int8]
    owner: Int64
    labels: Float64


def spectra(songs: SongSet, cache_dir: Path) -> Spectra:
    """Log-mel of all chunks of a collection, in memory as bytes."""

    def compute(path: Path) -> Arrays:
        return {"mel": chunk_spectra(read_sound(path, RATE_HZ)).astype(np.float16)}

    shapes: Shapes = {"mel": (None, MELS, CHUNK_FRAMES)}
    paths = [song.path for song in songs.songs]
    arrays = stored("music-spectra", paths, cache_dir, compute, shapes, SPECTRA_VERSION)
    counts = [len(one["mel"]) for one in arrays]
    mel = np.concatenate([np.rint(one["mel"].astype(np.float32) * 127.0).astype(np.int8) for one in arrays])
    return Spectra(mel, owners(counts), chunk_labels(songs, counts))


def musicnn(songs: SongSet, weights: Path, cache_dir: Path) -> tuple[Described, Described]:
    """Embedding [200] and pooled activations [1506] of MusiCNN, mean over a song and of each of its chunks.

    Raises DataError where the weights are missing or no such file.
    """
    net: list[Any] = []

    def compute(path: Path) -> Arrays:
        import torch

        from chromesthesia_training.backbones import musicnn as port

        if not net:
            net.append(port.load_musicnn(weights))
        patches = torch.from_numpy(port.musicnn_patches(read_sound(path, port.RATE_HZ)))
        with torch.inference_mode():
            made = [net[0].embed(part) for part in torch.split(patches, BATCH_PATCHES)]
        return {
            "pooled": torch.cat([one[0] for one in made]).numpy(),
            "embedding": torch.cat([one[1] for one in made]).numpy(),
        }

    from chromesthesia_training.backbones.musicnn import EMBEDDING, POOLED

    shapes: Shapes = {"pooled": (None, POOLED), "embedding": (None, EMBEDDING)}
    paths = [song.path for song in songs.songs]
    arrays = stored("musicnn", paths, cache_dir, compute, shapes, MUSICNN_VERSION)
    return of_chunks(songs, [one["embedding"] for one in arrays]), of_chunks(
        songs, [one["pooled"] for one in arrays]
    )


def panns(songs: SongSet, weights: Path, cache_dir: Path) -> Described:
    """Embedding of CNN14, mean over a song and of each of its chunks. Raises DataError as `load_cnn14`."""
    from chromesthesia_training.backbones import panns as adapter

    net = adapter.load_cnn14(weights)

    def compute(path: Path) -> Arrays:
        return {"embedding": adapter.embed_chunks(net, read_sound(path, adapter.RATE_HZ))}

    shapes: Shapes = {"embedding": (None, net.fc1.out_features)}
    paths = [song.path for song in songs.songs]
    version = f"{PANNS_VERSION} {weights.stat().st_size}"
    arrays = stored("panns", paths, cache_dir, compute, shapes, version)
    return of_chunks(songs, [one["embedding"] for one in arrays])


def of_chunks(songs: SongSet, chunks: Sequence[Float32]) -> Described:
    """Descriptions of chunks [chunks, values] of each song, and their mean over the song."""
    counts = [len(one) for one in chunks]
    return Described(
        np.stack([one.mean(axis=0) for one in chunks]),
        np.concatenate(chunks),
        owners(counts),
        chunk_labels(songs, counts),
    )
