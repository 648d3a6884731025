"""The streaming encoder in the folds of the offline ones: trained with a teacher, kept, scored streamed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from chromesthesia.seams import EMOTIONS
from chromesthesia_training.clips import Clip
from chromesthesia_training.encoder.model import EncoderSizes, StreamingEncoder
from chromesthesia_training.offline.folds import Task, speaker_splits
from chromesthesia_training.offline.streaming import (
    StreamingRecipe,
    clip_rows,
    crop,
    step_weight,
    streamed_answers,
    train_streaming_fold,
)
from chromesthesia_training.offline.views import Views, labels_of

SMALL = EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16))


def test_a_clip_is_scored_by_its_last_half_second() -> None:
    weight = step_weight(torch.tensor([3, 30]), 40)
    assert torch.equal(weight[0] > 0.0, torch.arange(40) < 3)
    assert torch.equal(weight[1] > 0.0, (torch.arange(40) >= 24) & (torch.arange(40) < 30))
    torch.testing.assert_close(weight.sum(dim=1), torch.ones(2))


def test_a_crop_lies_within_what_sounds() -> None:
    log_mel = torch.zeros(3, 320, 64)
    log_mel[:, :200] = 1.0
    cut, hops = crop(log_mel, torch.tensor([200, 200, 120]), 160, torch.Generator().manual_seed(0))
    assert cut.shape == (3, 160, 64)
    assert (cut[:2] == 1.0).all()
    assert hops.tolist() == [160, 160, 120]


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
    empty = np.zeros((0, 0), np.float16)
    views = Views(
        empty, empty, np.zeros(0, np.int64), empty.astype(np.float32), empty, np.zeros(0, np.int64), empty
    )
    task = Task(clips, labels_of(clips), views)
    split = speaker_splits(clips)[0]
    recipe = StreamingRecipe(epochs=1, batch=4, crop_hops=80)
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
    empty = np.zeros((0, 0), np.float16)
    views = Views(
        empty, empty, np.zeros(0, np.int64), empty.astype(np.float32), empty, np.zeros(0, np.int64), empty
    )
    said = streamed_answers(model, Task(clips, labels_of(clips), views), np.arange(3), sounds)
    for row, clip in enumerate(clips):
        reading, _ = model(torch.from_numpy(sounds[clip.path].astype(np.float32))[None])
        wanted = reading.logits[0, -6:].mean(dim=0).softmax(dim=0)
        np.testing.assert_allclose(said[row], wanted.numpy(), atol=1e-4)
