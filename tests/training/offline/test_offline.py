"""Offline encoders on tiny made-up clips: shapes, splits, answers kept, metrics files that are valid."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.align.folds import FOLD_RUNS, fold_checkpoint
from chromesthesia_training.backbones.tflite import read_constants
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.splits import Protocol, Split
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.fit import load_best
from chromesthesia_training.metrics.metrics_file import read_metrics
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.offline.best import blend, crossed_targets
from chromesthesia_training.offline.folds import (
    REFIT,
    Task,
    best_epoch,
    choosing_splits,
    clip_inputs,
    run_folds,
    speaker_splits,
)
from chromesthesia_training.offline.functionals import functionals
from chromesthesia_training.offline.kernel import KernelSettings, kernel_answers
from chromesthesia_training.offline.models import ENCODERS, make_encoder
from chromesthesia_training.offline.models.ann import DESCRIPTION
from chromesthesia_training.offline.models.parts import ClipEncoder
from chromesthesia_training.offline.models.resnet import Block
from chromesthesia_training.offline.module import ClipClassifier, Recipe, answer, moved_by, warp
from chromesthesia_training.offline.pitch import RATE_HZ, candidate_hz, pitch_gram, track_pitch
from chromesthesia_training.offline.scoring import REFERENCE, FoldAnswers, write_encoder_metrics
from chromesthesia_training.offline.views import FRAMES, Views, labels_of, network_input, sounding

SPEAKERS = 6
TINY = Recipe(epochs=1, batch=8)


def made_up_clips(per_emotion: int = 3) -> list[Clip]:
    return [
        Clip(
            Path(f"{speaker}-{emotion}-{take}.wav"), "ours", "speech", f"s{speaker}", "train", speaker % 3, emotion,
            (), "proxy",
        )
        for speaker in range(SPEAKERS)
        for emotion in EMOTIONS
        for take in range(per_emotion)
    ]  # fmt: skip


def made_up_task(clips: list[Clip] | None = None) -> Task:
    """Clips whose emotion shows in the tilt of their spectrum."""
    clips = made_up_clips() if clips is None else clips
    labels = labels_of(clips)
    rng = np.random.default_rng(0)
    count = len(clips)
    tilt = (labels - 1.0)[:, None, None] * np.linspace(-3.0, 3.0, 64)
    mel = rng.normal(-8.0, 1.0, (count, FRAMES, 64)) + tilt
    described = rng.normal(0.0, 1.0, (count, DESCRIPTION))
    described[:, :40] += 2.0 * (labels - 1.0)[:, None]
    return Task(
        clips,
        labels,
        Views(
            mel.astype(np.float16),
            rng.random((count, FRAMES, 64)).astype(np.float16),
            rng.integers(60, FRAMES, count),
            described.astype(np.float32),
            np.zeros((0, 512, 20, 4), np.float16),
            np.full(count, 20),
            np.zeros((0, 4096), np.float16),
        ),
    )


@pytest.mark.parametrize("name", list(ENCODERS))
def test_every_encoder_answers_and_does_not_hear_the_padding(name: str) -> None:
    torch.manual_seed(0)
    encoder = make_encoder(name, embedding=32, small=True).eval()
    if encoder.takes == "functionals":
        logits, embedding = encoder(torch.randn(4, DESCRIPTION), torch.ones(4, 1))
        assert logits.shape == (4, 3)
        assert embedding.shape == (4, 32)
        return
    spectra, mask = torch.randn(4, 3, 80, 64), torch.ones(4, 80)
    mask[:, 48:] = 0.0
    spectra[:, :, 48:] = 0.0
    with torch.no_grad():
        logits, embedding = encoder(spectra, mask)
    assert logits.shape == (4, 3)
    assert embedding.shape == (4, 32)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", list(ENCODERS))
def test_every_encoder_is_of_the_references_size(name: str) -> None:
    with torch.device("meta"):
        ours = parameter_count(make_encoder(name))
    theirs = REFERENCE[name]["figures"]
    assert isinstance(theirs, dict)
    assert 0.75 < ours / theirs["parameters"] < 1.25


@pytest.mark.parametrize("side", [12, 13])
def test_the_shortcut_of_a_residual_block_is_a_convolution_with_its_stride(side: int) -> None:
    torch.manual_seed(0)
    block = Block(4, 8, 2).eval()
    inputs = torch.randn(2, 4, side, side)
    assert isinstance(block.shortcut, torch.nn.Sequential)
    convolution, norm = block.shortcut
    assert isinstance(convolution, torch.nn.Conv2d)
    around = norm(torch.nn.functional.conv2d(inputs, convolution.weight, stride=2))
    expected = torch.relu(block.second(block.first(inputs)) + around)
    torch.testing.assert_close(block(inputs), expected)


def test_an_unknown_encoder_is_named() -> None:
    with pytest.raises(TrainingError, match="perceptron"):
        make_encoder("perceptron")


def test_no_speaker_is_on_both_sides() -> None:
    clips = made_up_clips()
    splits = speaker_splits(clips)
    assert len(splits) == 3
    for split in splits:
        assert not {clips[row].group for row in split.train} & {clips[row].group for row in split.test}
        assert len(split.train) + len(split.test) == len(clips)


def test_a_class_with_one_clip_is_refused() -> None:
    clips = [clip for clip in made_up_clips() if clip.emotion != "sad"]
    lone = next(clip for clip in made_up_clips() if clip.emotion == "sad")
    with pytest.raises(DataError, match="sad"):
        speaker_splits([*clips, lone])


def test_views_are_blind_to_the_gain_of_a_recording() -> None:
    task = made_up_task()
    rows = np.arange(5)
    louder = Views(
        (task.views.mel.astype(np.float32) + 2.0).astype(np.float32),
        task.views.pitch, task.views.frames, task.views.described, task.views.layer7, task.views.steps7,
        task.views.layer5,
    )  # fmt: skip
    before, mask = network_input(task.views, rows)
    after, _ = network_input(louder, rows)
    assert before.shape == (5, 3, FRAMES // 2, 64)
    assert mask.shape == (5, FRAMES // 2)
    torch.testing.assert_close(before, after, atol=2e-2, rtol=0.0)


def test_the_pitch_of_a_tone_is_found() -> None:
    times_s = np.arange(RATE_HZ) / RATE_HZ
    tone = sum(np.sin(2.0 * np.pi * 180.0 * k * times_s) / k for k in range(1, 6))
    gram = pitch_gram(np.asarray(0.1 * tone, dtype=np.float32))
    pitch, periodicity = track_pitch(gram)
    heard_hz = 65.0 * 2.0 ** (np.median(pitch[5:]) / 12.0)
    assert abs(12.0 * np.log2(heard_hz / 180.0)) < 0.6
    assert (periodicity[5:] > 0.8).all()
    assert gram.shape[1] == len(candidate_hz())


def test_functionals_are_finite_and_blind_to_gain() -> None:
    rng = np.random.default_rng(1)
    mel = rng.normal(-6.0, 1.0, (90, 64)).astype(np.float32)
    pitch, periodicity = rng.uniform(5.0, 20.0, 90), np.where(np.arange(90) % 7 < 5, 0.8, 0.0)
    names, values = functionals(mel, pitch, periodicity)
    _, louder = functionals(mel + 1.0, pitch, periodicity)
    assert len(names) == len(set(names)) == len(values) == DESCRIPTION
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values, louder, atol=0.02)


def test_silence_at_both_ends_is_trimmed() -> None:
    mel = np.full((100, 64), -16.0, dtype=np.float32)
    mel[30:60] = -4.0
    assert sounding(mel) == (28, 62)


def test_the_kernel_machine_learns_what_is_there_to_learn() -> None:
    task = made_up_task()
    split = speaker_splits(task.clips)[0]
    said = kernel_answers(
        {"functionals": task.views.described}, task.labels, task.groups, split.train, split.test
    )
    np.testing.assert_allclose(said.sum(axis=1), 1.0)
    assert np.mean(said.argmax(axis=1) == task.labels[split.test]) > 0.6


def test_the_teacher_never_hears_the_test_speakers() -> None:
    task = made_up_task()
    splits = speaker_splits(task.clips)
    described = {"functionals": task.views.described}
    before = crossed_targets(task, described, splits, splits[0], KernelSettings())
    changed = task.labels.copy()
    changed[splits[0].test] = (changed[splits[0].test] + 1) % 3
    after = crossed_targets(
        Task(task.clips, changed, task.views), described, splits, splits[0], KernelSettings()
    )
    np.testing.assert_array_equal(before, after)
    assert (before[splits[0].test] == 0.0).all()
    np.testing.assert_allclose(before[splits[0].train].sum(axis=1), 1.0)


def test_folds_are_kept_and_their_metrics_file_is_valid(tmp_path: Path) -> None:
    task = made_up_task()
    splits = speaker_splits(task.clips)[:2]
    answers = run_folds(lambda: make_encoder("ann", 16, small=True), task, splits, TINY, tmp_path / "runs")
    again = run_folds(_never, task, splits, TINY, tmp_path / "runs")
    for one, other in zip(answers, again, strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
    write_encoder_metrics(
        "ann.speaker", task.clips, task.labels, blend([answers, again]), root=tmp_path / "metrics",
        command="a test", protocol="speaker", split="two folds", seeds=[0], settings={}, parameters=1,
        trained_with_tess=False, reference="ann",
    )  # fmt: skip
    (metrics,) = read_metrics(tmp_path / "metrics")
    figure = metrics.figure("macro_f1")
    assert figure is not None
    assert len(figure.folds) == 2
    assert np.sum(metrics["confusion"]) == sum(len(split.test) for split in splits)


@pytest.mark.parametrize("protocol", ["group", "random"])
def test_what_ends_the_training_is_neither_learned_nor_scored(protocol: Protocol) -> None:
    clips = made_up_clips()
    for split in choosing_splits(clips, protocol):
        rows = [set(part.tolist()) for part in (split.train, split.val, split.test)]
        assert all(rows)
        assert set.union(*rows) == set(range(len(clips)))
        assert sum(len(part) for part in rows) == len(clips)
        if protocol == "group":
            learned, chosen = ({clips[row].group for row in part} for part in rows[:2])
            assert not learned & chosen


def test_the_best_epoch_of_the_part_set_aside_is_scored(tmp_path: Path) -> None:
    task = made_up_task()
    split = choosing_splits(task.clips)[0]
    recipe = Recipe(epochs=12, patience=2, batch=8, learning_rate=0.02)
    (answers,) = run_folds(partial(make_encoder, "ann", 16, small=True), task, [split], recipe, tmp_path)
    scores = [point["val_macro_f1"] for point in answers.curve]
    best = scores.index(max(scores))
    assert len(scores) == min(12, best + 1 + 2)
    kept = ClipClassifier(make_encoder("ann", 16, small=True), recipe, 1)
    load_best(kept, tmp_path / "fold-0")
    inputs, mask = clip_inputs(kept.encoder, task.views, split.test, split.train)
    np.testing.assert_allclose(answers.probabilities, answer(kept.encoder, inputs, mask), atol=1e-6)


def test_a_refitted_net_learns_all_but_the_test_for_as_long_as_was_best(tmp_path: Path) -> None:
    task = made_up_task()
    split = choosing_splits(task.clips)[0]
    recipe = Recipe(epochs=6, patience=2, batch=8, learning_rate=0.02, refit=True)
    make = partial(make_encoder, "ann", 16, small=True)
    (answers,) = run_folds(make, task, [split], recipe, tmp_path)
    scores = [point["val_macro_f1"] for point in answers.curve]
    best = scores.index(max(scores)) + 1
    history = [
        json.loads(line) for line in (tmp_path / "fold-0" / REFIT / "history.jsonl").read_text().splitlines()
    ]
    assert [point["epoch"] for point in history] == [float(number + 1) for number in range(best)]
    assert history[-1]["step"] == best * ((len(split.train) + len(split.val)) // recipe.batch)
    kept = ClipClassifier(make(), recipe, 1)
    load_best(kept, tmp_path / "fold-0" / REFIT)
    inputs, mask = clip_inputs(kept.encoder, task.views, split.test, np.union1d(split.train, split.val))
    np.testing.assert_allclose(answers.probabilities, answer(kept.encoder, inputs, mask), atol=1e-6)
    assert fold_checkpoint(tmp_path, split) == tmp_path / FOLD_RUNS / "fold-0" / "checkpoints" / "best.ckpt"
    (tmp_path / FOLD_RUNS / "fold-0" / REFIT).mkdir(parents=True)
    assert fold_checkpoint(tmp_path, split).parts[-3] == REFIT


def test_how_long_all_folds_are_refitted_is_said_by_the_mean_of_their_curves() -> None:
    def curve(*scores: float) -> list[dict[str, float]]:
        return [{"val_macro_f1": score} for score in scores]

    misled = curve(0.55, 0.4, 0.4)
    assert best_epoch([misled]) == 1
    assert best_epoch([misled, curve(0.3, 0.5, 0.6, 0.8, 0.7), curve(0.3, 0.5, 0.6, 0.7)]) == 4


def test_refitted_folds_share_one_number_of_epochs_and_are_not_trained_again(tmp_path: Path) -> None:
    task = made_up_task()
    splits = choosing_splits(task.clips)[:2]
    recipe = Recipe(epochs=5, patience=2, batch=8, learning_rate=0.02, refit=True)
    answers = run_folds(partial(make_encoder, "ann", 16, small=True), task, splits, recipe, tmp_path)
    lengths = [
        len((tmp_path / f"fold-{fold}" / REFIT / "history.jsonl").read_text().splitlines())
        for fold in range(2)
    ]
    assert lengths == [best_epoch([one.curve for one in answers])] * 2
    again = run_folds(_never, task, splits, recipe, tmp_path)
    for one, other in zip(answers, again, strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_a_teacher_is_asked_where_the_recipe_says_so_and_missed_where_there_is_none(tmp_path: Path) -> None:
    task = made_up_task()
    split = choosing_splits(task.clips)[0]
    make = partial(make_encoder, "ann", 16, small=True)
    recipe = replace(TINY, epochs=8, learning_rate=0.02, taught=1.0, mixup_alpha=0.0)
    asked: list[str] = []

    def contrary(asking: Split) -> np.ndarray:
        asked.append(asking.name)
        return np.eye(3)[(task.labels + 1) % 3]

    (taught,) = run_folds(make, task, [split], recipe, tmp_path / "taught", teacher=contrary)
    (plain,) = run_folds(
        make, task, [split], replace(recipe, taught=0.0), tmp_path / "plain", teacher=contrary
    )
    assert asked == [split.name]
    wanted = task.labels[split.test]
    assert np.mean(plain.probabilities.argmax(axis=1) == wanted) > 0.6
    assert np.mean(taught.probabilities.argmax(axis=1) == (wanted + 1) % 3) > 0.6
    with pytest.raises(TrainingError, match="there is no teacher"):
        run_folds(make, task, [split], recipe, tmp_path / "none")


def test_moved_answers_are_the_mean_over_a_clip_and_its_neighbours() -> None:
    torch.manual_seed(0)
    encoder = make_encoder("cnn", 16, small=True).eval()
    inputs, mask = torch.randn(3, 3, 80, 64), torch.ones(3, 80)
    still = answer(encoder, inputs, mask)
    found = answer(encoder, inputs, mask, moved=True)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert np.abs(found - still).max() > 1e-4
    same_pace = torch.ones(3, 1)
    np.testing.assert_allclose(moved_by(inputs, mask, same_pace, 0.0 * same_pace)[0], inputs, atol=1e-4)
    up = moved_by(inputs, mask, same_pace, torch.full((3, 1), 2.0 / 64))[0]
    np.testing.assert_allclose(up[..., :-1], inputs[..., 1:], atol=1e-4)


def test_a_run_of_other_settings_is_not_gone_on_from(tmp_path: Path) -> None:
    task = made_up_task()
    split = choosing_splits(task.clips)[0]
    make = partial(make_encoder, "ann", 16, small=True)
    run_folds(make, task, [split], replace(TINY, learning_rate=1e-2), tmp_path / "one")
    (after,) = run_folds(make, task, [split], TINY, tmp_path / "one")
    (alone,) = run_folds(make, task, [split], TINY, tmp_path / "other")
    np.testing.assert_array_equal(after.probabilities, alone.probabilities)
    (tmp_path / "one" / "fold-0" / "answers.npz").unlink()
    (resumed,) = run_folds(make, task, [split], TINY, tmp_path / "one")
    np.testing.assert_array_equal(resumed.probabilities, alone.probabilities)
    assert resumed.minutes == after.minutes


def test_a_warped_row_ends_where_its_mask_does() -> None:
    inputs = torch.arange(1.0, 41.0)[None, None, :, None].expand(6, 3, 40, 16)
    mask = (torch.arange(40) < 30).float().expand(6, 40)
    moved, heard = warp(inputs * mask[:, None, :, None], mask, 3.0, 0.2, torch.Generator().manual_seed(0))
    ends = heard.sum(dim=1)
    assert len(set(ends.tolist())) > 1
    assert (ends >= 24).all()
    assert (ends <= 38).all()
    assert (moved[heard.bool()[:, None, :, None].expand_as(moved)] > 0.0).all()
    assert (moved[~heard.bool()[:, None, :, None].expand_as(moved)] == 0.0).all()
    assert torch.equal(heard, heard.sort(dim=1, descending=True).values)
    pitch = torch.nn.functional.one_hot(torch.tensor(8), 16).float().expand(6, 3, 40, 16)
    peaks = warp(pitch, torch.ones(6, 40), 3.0, 0.0, torch.Generator().manual_seed(1))[0][:, 0, 20].argmax(1)
    assert len(set(peaks.tolist())) > 1
    assert ((peaks - 8).abs() <= 3).all()


def _never() -> ClipEncoder:
    raise AssertionError("a fold whose answers are kept was trained again")


def test_tess_is_left_out_of_the_leading_figure(tmp_path: Path) -> None:
    clips = [*made_up_clips(1), *(made_up_clips(1)[row] for row in range(3))]
    clips[-3:] = [
        Clip(clip.path, "tess", clip.role, "tess_1", clip.split, 0, clip.emotion, (), "proxy")
        for clip in clips[-3:]
    ]
    labels = labels_of(clips)
    rows = np.arange(len(clips))
    said = np.eye(3)[labels]
    said[-3:] = np.eye(3)[(labels[-3:] + 1) % 3]
    write_encoder_metrics(
        "x.speaker", clips, labels, [FoldAnswers("fold 0", rows, said)], root=tmp_path, command="a test",
        protocol="speaker", split="one", seeds=[0], settings={}, parameters=1, trained_with_tess=False,
    )  # fmt: skip
    (metrics,) = read_metrics(tmp_path)
    without, with_tess = metrics.figure("macro_f1"), metrics.figure("macro_f1_with_tess")
    assert without is not None
    assert with_tess is not None
    assert without.mean == 1.0
    assert with_tess.mean < 1.0


def test_a_file_that_is_no_tensorflow_lite_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "yamnet.tflite"
    path.write_bytes(b"not a model at all")
    with pytest.raises(DataError, match="not a TensorFlow Lite model"):
        read_constants(path)
