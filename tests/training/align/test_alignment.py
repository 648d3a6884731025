"""Heads trained through the frame, and what counts as seen and unseen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from chromesthesia.packs.art_index import ArtIndex
from chromesthesia_training.align.art_index import (
    IndexedArt,
    build_art_index,
    npz_bytes,
    save_alignment,
    title_of,
)
from chromesthesia_training.align.audio import ClipEmbeddings
from chromesthesia_training.align.evaluate import measure, narrow_gallery, split_sides, without
from chromesthesia_training.align.heads import ProjectionHead
from chromesthesia_training.align.pictures import KINDS, NARROW_KINDS, PaintingFeatures, kinds_of
from chromesthesia_training.align.space import Points, mixing
from chromesthesia_training.align.train import AlignModule, AlignSettings, align
from chromesthesia_training.data.art import EMOTIONS as ART_EMOTIONS
from chromesthesia_training.errors import DataError, TrainingError

TINY = AlignSettings(per_class=6, epochs=3, steps_per_epoch=10, hidden=16, learning_rate=1e-2)


def test_head_gives_unit_vectors_of_standardised_input() -> None:
    vectors = torch.randn(50, 7, generator=torch.Generator().manual_seed(0)) * 3 + 5
    vectors[:, 2] = 4.0
    head = ProjectionHead(7, hidden=9)
    head.set_standardisation(vectors)
    scaled = head.standardise(vectors)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(7), atol=1e-5, rtol=0)
    moving = [0, 1, 3, 4, 5, 6]
    torch.testing.assert_close(scaled.std(0, correction=0)[moving], torch.ones(6))
    assert torch.isfinite(scaled).all()
    torch.testing.assert_close(head(vectors).norm(dim=1), torch.ones(50))
    assert head(vectors).shape == (50, 128)


@pytest.mark.parametrize("objective", ["infonce", "multi_positive"])
def test_heads_learn_to_find_unseen_voices_paintings(
    objective: Literal["infonce", "multi_positive"],
    clips: ClipEmbeddings,
    paintings: PaintingFeatures,
    tmp_path: Path,
) -> None:
    sides = split_sides(clips, paintings, art_fold=0)
    settings = replace(TINY, objective=objective)
    before = AlignModule(sides.known_clips, sides.known_paintings, sides.choosing_clips, settings)
    heads = align(sides.known_clips, sides.known_paintings, sides.choosing_clips, settings, tmp_path)
    losses = [row["train_loss"] for row in heads.report.history]
    assert losses[-1] < losses[0]
    assert not torch.equal(heads.sound.project.weight, before.sound.project.weight)
    figures = measure(heads, sides)
    assert figures["seen"] > 0.95
    assert figures["unseen_audio"] > 0.9
    assert figures["unseen_audio_ratio"] == pytest.approx(
        figures["unseen_audio"]
    )  # this encoder is always right
    assert figures["unseen_chance"] == pytest.approx(1 / 3)


def test_a_finished_run_is_not_trained_again(
    clips: ClipEmbeddings, paintings: PaintingFeatures, tmp_path: Path
) -> None:
    sides = split_sides(clips, paintings, 0)
    known = (sides.known_clips, sides.known_paintings, sides.choosing_clips)
    first = align(*known, TINY, tmp_path)
    again = align(*known, TINY, tmp_path)
    assert again.report.minutes == first.report.minutes
    np.testing.assert_array_equal(again.sounds(clips), first.sounds(clips))


def test_unseen_figures_have_no_query_in_their_gallery(
    clips: ClipEmbeddings, paintings: PaintingFeatures
) -> None:
    for fold in range(5):
        sides = split_sides(clips, paintings, fold)
        sides.check()
        assert not set(sides.known_paintings.paths) & set(sides.unseen_paintings.paths)
        assert not set(sides.unseen_clips.speakers) & set(sides.known_clips.speakers)
        assert set(sides.unseen_paintings.folds) == {fold}
        assert (sides.known_paintings.kinds >= 0).all()


@pytest.mark.parametrize("what", ["speaker", "artist"])
def test_a_leak_between_the_sides_is_refused(
    what: str, clips: ClipEmbeddings, paintings: PaintingFeatures
) -> None:
    sides = split_sides(clips, paintings, 0)
    if what == "speaker":
        sides = replace(sides, unseen_clips=sides.known_clips)
    else:
        sides = replace(sides, unseen_paintings=sides.known_paintings)
    with pytest.raises(DataError, match=f"the {what} .* is both known and unseen"):
        sides.check()


def test_an_emotion_without_paintings_is_named(clips: ClipEmbeddings, paintings: PaintingFeatures) -> None:
    without_sad = paintings.where(paintings.kinds != 2).of_three()
    with pytest.raises(DataError, match="no painting of 'sad'"):
        AlignModule(clips, without_sad, clips, TINY)


def test_kinds_follow_the_labels() -> None:
    all_emotions = np.arange(len(ART_EMOTIONS))
    wide, narrow = kinds_of(all_emotions, KINDS), kinds_of(all_emotions, NARROW_KINDS)
    named = dict(zip(ART_EMOTIONS, wide.tolist(), strict=True))
    assert named == {
        "amusement": 1, "anger": 0, "awe": -1, "contentment": 1, "disgust": 0, "excitement": 1, "fear": 0, "sadness": 2,
    }  # fmt: skip
    assert [name for name, one in zip(ART_EMOTIONS, narrow, strict=True) if one == 0] == ["anger"]


def test_narrow_gallery_leaves_fear_out(paintings: PaintingFeatures) -> None:
    three = paintings.of_three()
    assert narrow_gallery(three).all()
    emotions = three.emotions.copy()
    emotions[np.flatnonzero(three.kinds == 0)[:3]] = ART_EMOTIONS.index("fear")
    assert narrow_gallery(replace(three, emotions=emotions)).sum() == len(three) - 3


def test_without_a_corpus(clips: ClipEmbeddings) -> None:
    corpora = clips.corpora.astype("<U8").copy()
    corpora[:5] = "tess"
    mixed = replace(clips, corpora=corpora)
    assert len(without(mixed, "tess")) == len(clips) - 5
    assert len(without(replace(clips, corpora=np.array(["tess"] * len(clips))), "tess")) == len(clips)


def test_mixing_tells_apart_mixed_and_parted_spaces() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    halves, known = np.repeat([0, 1], 200), np.ones(400, bool)
    mixed, _ = mixing(Points(vectors, halves, rng.integers(0, 2, 400), known))
    assert mixed == pytest.approx(1.0, abs=0.1)
    parted = np.where(halves[:, None] == 0, np.abs(vectors), -np.abs(vectors)).astype(np.float32)
    apart, agreement = mixing(Points(parted, halves, halves, known))
    assert apart < 0.05
    assert agreement > 0.95


class TestIndex:
    """The index of a pack, from a small run."""

    def saved(self, folder: Path, encoder: Path) -> tuple[ProjectionHead, IndexedArt]:
        from chromesthesia_training.align.audio import weights_hash

        torch.manual_seed(4)
        head = ProjectionHead(128, hidden=12)
        head.set_standardisation(torch.randn(40, 128))
        vectors = np.random.default_rng(0).normal(size=(7, 128)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        names = [f"klee_work-{row}" for row in range(7)]
        art = IndexedArt(
            vectors,
            ["fear"] * 7,
            ["klee"] * 7,
            [title_of(name) for name in names],
            [f"{name}.jpg" for name in names],
        )
        save_alignment(folder / "alignment.pt", head, art, weights_hash(encoder))
        return head, art

    def test_round_trip_through_the_engine(self, tmp_path: Path, exported: tuple[object, Path]) -> None:
        _, encoder = exported
        head, art = self.saved(tmp_path, encoder)
        path = build_art_index(tmp_path / "pack" / "art_index.npz", encoder, tmp_path)
        index = ArtIndex.load(path)
        embedding = torch.randn(128, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            wanted = head(embedding).numpy()
        np.testing.assert_allclose(index.project(embedding.numpy()), wanted, atol=2e-3)
        order = np.argsort(-(art.vectors @ wanted))
        found = index.nearest(embedding.numpy(), 3)
        assert [work.path for work in found] == [art.paths[row] for row in order[:3]]
        assert found[0].title.startswith("work ")

    def test_same_inputs_same_bytes(self, tmp_path: Path, exported: tuple[object, Path]) -> None:
        _, encoder = exported
        self.saved(tmp_path, encoder)
        first, second = (
            build_art_index(tmp_path / name, encoder, tmp_path).read_bytes() for name in ("a.npz", "b.npz")
        )
        assert first == second

    def test_another_encoder_is_refused(self, tmp_path: Path, exported: tuple[object, Path]) -> None:
        import onnx

        _, encoder = exported
        self.saved(tmp_path, encoder)
        model = onnx.load(encoder)
        tensor = max(model.graph.initializer, key=lambda one: len(one.raw_data))
        tensor.raw_data = bytes(len(tensor.raw_data))
        onnx.save(model, tmp_path / "other.onnx")
        with pytest.raises(TrainingError, match="made for another encoder"):
            build_art_index(tmp_path / "art_index.npz", tmp_path / "other.onnx", tmp_path)
        assert not (tmp_path / "art_index.npz").exists()

    def test_missing_and_damaged_alignments_are_named(
        self, tmp_path: Path, exported: tuple[object, Path]
    ) -> None:
        _, encoder = exported
        with pytest.raises(TrainingError, match="there is no alignment"):
            build_art_index(tmp_path / "art_index.npz", encoder, tmp_path)
        (tmp_path / "alignment.pt").write_bytes(b"PK\x03\x04 nothing")
        with pytest.raises(TrainingError, match="is damaged"):
            build_art_index(tmp_path / "art_index.npz", encoder, tmp_path)


def test_titles() -> None:
    assert title_of("abidin-dino_antibes-1961-1") == "antibes 1961 1"
    assert title_of("untitled") == "untitled"


def testnpz_bytes_hold_no_clock() -> None:
    arrays = {"one": np.arange(3), "two": np.array(["a", "b"])}
    content = npz_bytes(arrays)
    assert b"\x21\x00" in content[:64]  # 1 January 1980 in the date field of a zip entry
