"""The streaming encoder in the folds of the offline ones: trained with a teacher, kept, scored streamed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.distil.streaming import (
    CLIP_HOPS,
    StreamingRecipe,
    clip_rows,
    step_weight,
    streamed_answers,
    train_streaming_fold,
)
from chromesthesia_training.encoder.model import EncoderSizes, StreamingEncoder
from chromesthesia_training.offline.folds import Task, speaker_splits
from chromesthesia_training.offline.views import Views, labels_of

SMALL = EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16))
EMPTY, NONE = np.zeros((0, 0), np.float16), np.zeros(0, np.int64)
NO_VIEWS = Views(EMPTY, EMPTY, NONE, EMPTY.astype(np.float32), EMPTY, NONE, EMPTY)


def test_a_clip_is_scored_by_its_last_half_second() -> None:
    weight = step_weight(torch.tensor([3, 30]), 40)
    assert torch.equal(weight[0] > 0.0, torch.arange(40) < 3)
    assert torch.equal(weight[1] > 0.0, (torch.arange(40) >= 24) & (torch.arange(40) < 30))
    torch.testing.assert_close(weight.sum(dim=1), torch.ones(2))


def test_rows_are_the_ends_of_clips_as_recorded() -> None:
    clips = [Clip(Path(f"{n}.wav"), "ours", "speech", "s", "train", 0, "sad", (), "proxy") for n in range(2)]
    rng = np.random.default_rng(1)
    sounds = {
        clip.path: rng.normal(-8.0, 2.0, (hops, 64)).astype(np.float16)
        for clip, hops in zip(clips, (CLIP_HOPS + 43, 100), strict=True)
    }
    rows, hops = clip_rows(Task(clips, labels_of(clips), NO_VIEWS), sounds)
    assert hops.tolist() == [CLIP_HOPS, 96]
    np.testing.assert_array_equal(rows[0], sounds[clips[0].path][40:-3])
    np.testing.assert_array_equal(rows[1, :96], sounds[clips[1].path][:96])
    assert (rows[1, 96:] == rows[1, 96, 0]).all()


def test_a_fold_is_trained_kept_and_scored_streamed(tmp_path: Path) -> None:
    clips = [
        Clip(Path(f"{s}-{e}.wav"), "ours", "speech", f"s{s}", "train", s % 2, e, (), "proxy")
        for s in range(6)
        for e in EMOTIONS
    ]
    rng = np.random.default_rng(0)
    sounds = {
        clip.path: rng.normal(-8.0, 2.0, (rng.integers(90, 200), 64)).astype(np.float16) for clip in clips
    }
    task = Task(clips, labels_of(clips), NO_VIEWS)
    split = speaker_splits(clips)[0]
    recipe = StreamingRecipe(epochs=1, batch=4, read_out_steps=40)
    taught = np.full((len(clips), 3), 1.0 / 3.0)
    rows = clip_rows(task, sounds)
    answers = train_streaming_fold(task, split, taught, rows, sounds, recipe, SMALL, tmp_path)
    again = train_streaming_fold(task, split, taught, rows, sounds, recipe, SMALL, tmp_path)
    np.testing.assert_array_equal(answers.probabilities, again.probabilities)
    np.testing.assert_allclose(answers.probabilities.sum(axis=1), 1.0)


@torch.no_grad()
def test_streamed_answers_are_those_of_whole_clips() -> None:
    torch.manual_seed(3)
    model = StreamingEncoder(SMALL).eval()
    clips = [Clip(Path(f"{n}.wav"), "ours", "speech", "s", "test", 0, "sad", (), "proxy") for n in range(3)]
    rng = np.random.default_rng(2)
    sounds = {
        clip.path: rng.normal(-8.0, 2.0, (80 + 24 * n, 64)).astype(np.float16) for n, clip in enumerate(clips)
    }
    said = streamed_answers(model, Task(clips, labels_of(clips), NO_VIEWS), np.arange(3), sounds)
    for row, clip in enumerate(clips):
        reading, _ = model(torch.from_numpy(sounds[clip.path].astype(np.float32))[None])
        wanted = reading.logits[0, -6:].mean(dim=0).softmax(dim=0)
        np.testing.assert_allclose(said[row], wanted.numpy(), atol=1e-4)
