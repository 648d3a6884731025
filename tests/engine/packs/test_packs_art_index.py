"""The nearest-artwork index: what it finds, and every way in which a bad one is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia.core.errors import PackError
from chromesthesia.core.records import EMBEDDING_SIZE
from chromesthesia.packs.art_index import MAX_INDEX_BYTES, ArtIndex

COUNT, SHARED, HIDDEN = 6, 4, 8


def arrays() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    paintings = rng.normal(size=(COUNT, SHARED))
    return {
        "schema": np.asarray(1),
        "encoder_sha256": np.asarray("ab" * 32),
        "paintings": (paintings / np.linalg.norm(paintings, axis=1, keepdims=True)).astype(np.float16),
        "sound_mean": rng.normal(size=EMBEDDING_SIZE).astype(np.float32),
        "sound_deviation": rng.uniform(0.5, 2.0, EMBEDDING_SIZE).astype(np.float32),
        "hidden_weight": rng.normal(size=(HIDDEN, EMBEDDING_SIZE)).astype(np.float16),
        "hidden_bias": rng.normal(size=HIDDEN).astype(np.float32),
        "project_weight": rng.normal(size=(SHARED, HIDDEN)).astype(np.float16),
        "project_bias": rng.normal(size=SHARED).astype(np.float32),
        "emotions": np.array(["anger", "sadness"] * 3),
        "artists": np.array([f"artist {i}" for i in range(COUNT)]),
        "titles": np.array([f"title {i}" for i in range(COUNT)]),
        "paths": np.array([f"images/{i}.jpg" for i in range(COUNT)]),
    }


def written(path: Path, content: dict[str, Any]) -> Path:
    np.savez_compressed(path, **content)
    return path


def test_nearest_agrees_with_the_written_out_head(tmp_path: Path) -> None:
    content = arrays()
    index = ArtIndex.load(written(tmp_path / "art_index.npz", content))
    embedding = np.random.default_rng(9).normal(size=EMBEDDING_SIZE).astype(np.float32)
    hidden = content["hidden_weight"].astype(float) @ (
        (embedding - content["sound_mean"]) / content["sound_deviation"]
    )
    vector = content["project_weight"].astype(float) @ np.maximum(hidden + content["hidden_bias"], 0)
    vector += content["project_bias"]
    vector /= np.linalg.norm(vector)
    paintings = content["paintings"].astype(float)
    cosine = (paintings / np.linalg.norm(paintings, axis=1, keepdims=True)) @ vector
    found = index.nearest(embedding, k=COUNT)
    assert [work.title for work in found] == [f"title {row}" for row in np.argsort(-cosine)]
    assert [work.similarity for work in found] == pytest.approx(sorted(cosine, reverse=True), abs=1e-5)
    best = int(np.argmax(cosine))
    assert (found[0].artist, found[0].path) == (f"artist {best}", f"images/{best}.jpg")
    assert found[0].emotion == content["emotions"][best]


def test_asks_for_more_than_there_are(tmp_path: Path) -> None:
    index = ArtIndex.load(written(tmp_path / "art_index.npz", arrays()))
    assert len(index.nearest(np.zeros(EMBEDDING_SIZE, np.float32), k=100)) == len(index) == COUNT
    assert len(index.nearest(np.zeros(EMBEDDING_SIZE, np.float32), k=1)) == 1


@pytest.mark.parametrize(("shape", "k"), [((64,), 5), ((1, EMBEDDING_SIZE), 5), ((EMBEDDING_SIZE,), 0)])
def test_a_wrong_question_is_refused(tmp_path: Path, shape: tuple[int, ...], k: int) -> None:
    index = ArtIndex.load(written(tmp_path / "art_index.npz", arrays()))
    with pytest.raises(ValueError, match="expected an embedding"):
        index.nearest(np.zeros(shape, np.float32), k)


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no paintings": (lambda a: a.pop("paintings"), "paintings: expected an array, got nothing"),
    "another schema": (lambda a: a.update(schema=np.asarray(9)), "schema: expected 1, got 9"),
    "whole numbers": (
        lambda a: a.update(paintings=np.ones((COUNT, SHARED), int)),
        "paintings: expected floats",
    ),
    "another embedding": (lambda a: a.update(hidden_weight=np.ones((HIDDEN, 64))), "hidden_weight"),
    "a layer that does not fit": (lambda a: a.update(project_weight=np.ones((SHARED, 3))), "project_weight"),
    "a title too few": (lambda a: a.update(titles=a["titles"][1:]), "titles"),
    "rows not of length one": (lambda a: a.update(paintings=a["paintings"] * 2), "rows of length 1"),
    "not a number": (lambda a: a.update(hidden_bias=np.full(HIDDEN, np.nan)), "hidden_bias: expected finite"),
    "no deviation": (lambda a: a.update(sound_deviation=np.zeros(EMBEDDING_SIZE)), "positive"),
    "a novel for a title": (lambda a: a.update(titles=np.array(["x" * 600] * COUNT)), "at most 512 letters"),
    "an empty index": (lambda a: a.update(paintings=np.ones((0, SHARED))), "paintings"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_index_is_refused_by_name(tmp_path: Path, fault: str) -> None:
    content = arrays()
    spoil, expected = FAULTS[fault]
    spoil(content)
    path = written(tmp_path / "art_index.npz", content)
    with pytest.raises(PackError, match=expected) as caught:
        ArtIndex.load(path)
    assert str(path) in str(caught.value)


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "art_index.npz", {**arrays(), "titles": np.array([{"a": 1}] * COUNT, object)})
    with pytest.raises(PackError, match="damaged, or no art index"):
        ArtIndex.load(path)


def test_damaged_and_missing_files_are_refused(tmp_path: Path) -> None:
    whole = written(tmp_path / "art_index.npz", arrays()).read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PackError, match="damaged"):
        ArtIndex.load(tmp_path / "half.npz")
    with pytest.raises(PackError, match="cannot be read"):
        ArtIndex.load(tmp_path / "none.npz")


def test_a_file_that_unpacks_to_too_much_is_refused() -> None:
    packed = io.BytesIO()
    np.savez_compressed(packed, paintings=np.zeros(MAX_INDEX_BYTES + 1, np.uint8))
    assert len(packed.getvalue()) < MAX_INDEX_BYTES // 100
    with pytest.raises(PackError, match="bytes unpacked"):
        ArtIndex.parse(packed.getvalue(), "art_index.npz")
