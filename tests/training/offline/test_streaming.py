"""The relative streaming encoder: streamed equals whole, gain changes nothing, folds are scored streamed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from chromesthesia.seams import EMOTIONS, ENCODER_HOPS
from chromesthesia_training.clips import Clip
from chromesthesia_training.encoder.export import TrainedEncoder, export_onnx
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

SMALL = EncoderSizes(front=(4, 4, 4), width=16, dilations=(1, 3), relative=True, stride_first=True)


def lively() -> StreamingEncoder:
    torch.manual_seed(3)
    model = StreamingEncoder(SMALL)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_(0.0, 0.3)  # type: ignore[union-attr, operator]
            module.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr, operator]
    return model.eval()


def mel(batch: int, hops: int) -> torch.Tensor:
    return torch.randn(batch, hops, 64, generator=torch.Generator().manual_seed(1)) * 3.0 - 8.0


@pytest.mark.parametrize("pieces", [[1] * 60, [7, 1, 30, 22]])
@torch.no_grad()
def test_pieces_equal_the_whole(pieces: list[int]) -> None:
    model, log_mel = lively(), mel(2, 120)
    whole, last = model(log_mel)
    state, found, at = model.initial_state(2), [], 0
    for steps in pieces:
        reading, state = model(log_mel[:, at : at + steps * ENCODER_HOPS], state)
        found.append(reading.logits)
        at += steps * ENCODER_HOPS
    torch.testing.assert_close(torch.cat(found, dim=1), whole.logits, atol=1e-5, rtol=0.0)
    for wanted, held in zip(last, state, strict=True):
        torch.testing.assert_close(held, wanted, atol=1e-4, rtol=1e-5)


@torch.no_grad()
def test_the_written_out_step_equals_the_whole_beyond_one_chunk_of_sums() -> None:
    model, log_mel = lively(), mel(1, 600)
    whole, _ = model(log_mel)
    state, found = model.initial_state(), []
    for at in range(0, 600, ENCODER_HOPS):
        reading, state = model.step(log_mel[:, at : at + ENCODER_HOPS], state)
        found.append(reading.logits)
    torch.testing.assert_close(torch.cat(found, dim=1), whole.logits, atol=1e-5, rtol=0.0)


@torch.no_grad()
def test_gain_changes_nothing() -> None:
    model, log_mel = lively(), mel(1, 120)
    torch.testing.assert_close(model(log_mel - 4.6)[0].logits, model(log_mel)[0].logits, atol=1e-4, rtol=0.0)


@torch.no_grad()
def test_the_future_is_not_heard() -> None:
    model, log_mel = lively(), mel(1, 80)
    changed = log_mel.clone()
    changed[:, 40:] += 5.0
    torch.testing.assert_close(model(changed)[0].logits[:, :20], model(log_mel)[0].logits[:, :20])


def test_it_exports_with_its_running_mean_as_a_state(tmp_path: Path) -> None:
    exported = export_onnx(TrainedEncoder(lively(), 1.0, 0), tmp_path / "encoder.onnx")
    assert exported.parity < 1e-4


def test_a_clip_is_scored_by_its_steps_later_than_half_a_second() -> None:
    weight = step_weight(torch.tensor([10, 40]), 50)
    assert torch.equal(weight[0] > 0.0, torch.arange(50) < 10)
    assert torch.equal(weight[1] > 0.0, (torch.arange(50) >= 25) & (torch.arange(50) < 40))
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
    model = lively()
    clips = [Clip(Path(f"{n}.wav"), "ours", "speech", "s", "test", 0, "sad", (), "proxy") for n in range(3)]
    rng = np.random.default_rng(2)
    sounds = {
        clip.path: rng.normal(-8.0, 2.0, (80 + 20 * n, 64)).astype(np.float16) for n, clip in enumerate(clips)
    }
    empty = np.zeros((0, 0), np.float16)
    views = Views(
        empty, empty, np.zeros(0, np.int64), empty.astype(np.float32), empty, np.zeros(0, np.int64), empty
    )
    said = streamed_answers(model, Task(clips, labels_of(clips), views), np.arange(3), sounds)
    for row, clip in enumerate(clips):
        reading, _ = model(torch.from_numpy(sounds[clip.path].astype(np.float32))[None])
        wanted = reading.logits[0, 25:].mean(dim=0).softmax(dim=0)
        np.testing.assert_allclose(said[row], wanted.numpy(), atol=1e-4)
