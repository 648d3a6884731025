"""Folds by speaker: whose clips the heads may know, and that a fold's own encoder is the one that is asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from chromesthesia_training.align.audio import ClipEmbeddings
from chromesthesia_training.align.folds import fold_checkpoint, fold_sides
from chromesthesia_training.align.pictures import PaintingFeatures
from chromesthesia_training.data.splits import Split
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import load


def test_sides_of_a_fold_keep_speakers_artists_and_tess_out(
    clips: ClipEmbeddings, paintings: PaintingFeatures
) -> None:
    corpora = clips.corpora.astype("<U8").copy()
    corpora[::5] = "tess"
    heard = ClipEmbeddings(
        clips.embeddings, clips.logits, clips.emotions, corpora, clips.speakers, clips.splits, clips.folds
    )
    test = np.flatnonzero(clips.folds == 1)
    split = Split("fold 1", np.flatnonzero(clips.folds != 1), test, test)
    sides = fold_sides(heard, split, paintings, 3)
    sides.check()
    assert "tess" not in {*sides.known_clips.corpora, *sides.unseen_clips.corpora}
    assert set(sides.unseen_clips.folds) == {1}
    assert set(sides.choosing_clips.speakers) <= set(sides.known_clips.speakers)
    assert set(sides.unseen_paintings.folds) == {3}
    assert len(sides.known_clips) + len(sides.unseen_clips) == (corpora != "tess").sum()


def test_a_fold_that_was_not_trained_is_named(tmp_path: Path) -> None:
    split = Split("fold 2", *(np.arange(2) for _ in range(3)))
    path = fold_checkpoint(tmp_path, split)
    assert path.parts[-4:] == ("cnn.speaker", "fold-2", "checkpoints", "best.ckpt")
    with pytest.raises(TrainingError, match="there is no checkpoint"):
        load(path)


def test_the_folds_encoder_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chromesthesia_training.align import folds
    from chromesthesia_training.data.clips import Clip
    from chromesthesia_training.offline.folds import Task
    from chromesthesia_training.offline.models import make_encoder
    from chromesthesia_training.offline.module import ClipClassifier, Recipe

    torch.manual_seed(5)
    trained = ClipClassifier(make_encoder("cnn"), Recipe(), steps=1).eval()
    torch.save({"state_dict": trained.state_dict()}, tmp_path / "best.ckpt")
    inputs, mask = torch.randn(5, 3, 64, 64), torch.ones(5, 64)
    monkeypatch.setattr(folds, "clip_inputs", lambda *arguments: (inputs, mask))
    clips = [
        Clip(Path(f"{row}.wav"), "tiny", "speech", f"speaker{row}", "train", row, "sad", (), "proxy")
        for row in range(5)
    ]
    task = Task(clips, np.full(5, 2), None)  # type: ignore[arg-type]  # the views are not looked at here
    split = Split("fold 0", np.arange(4), np.arange(4, 5), np.arange(4, 5))
    found = folds.fold_embeddings(tmp_path / "best.ckpt", task, split)
    with torch.inference_mode():
        logits, embedding = trained.encoder(inputs, mask)
    np.testing.assert_allclose(found.embeddings, embedding.numpy(), atol=1e-5)
    np.testing.assert_allclose(found.logits, logits.numpy(), atol=1e-5)
    assert found.speakers.tolist() == [f"speaker{row}" for row in range(5)]
