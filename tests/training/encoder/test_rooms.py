"""An encoder of two memories, fitted in rooms: what it is asked, what it answers, how it comes into a pack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from chromesthesia.core.records import ENCODER_HOPS, Float32
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia_training.data.clips import Clip, EmotionPoint
from chromesthesia_training.encoder import spoiled as spoiled_module
from chromesthesia_training.encoder.export import ExportedStep, TrainedEncoder, export_onnx, load_trained
from chromesthesia_training.encoder.held_out import mixed_probabilities, named_at_ends, validation_figures
from chromesthesia_training.encoder.model import NEVER, EncoderSizes, StreamingEncoder
from chromesthesia_training.encoder.read_out import Points, ReadOutRecipe, fit_read_out
from chromesthesia_training.encoder.refit import (
    RoomRecipe,
    layers_of_pack,
    refit,
    training_passes,
)
from chromesthesia_training.encoder.room_moments import (
    STEPS,
    Mark,
    Moments,
    collect,
    ends_of_clips,
    pairs_of_voices,
    points_of,
    stretches_of_music,
)
from chromesthesia_training.encoder.spoiled import (
    Surroundings,
    level_of,
    noises_and_things,
    pink_noise,
    spoiled,
    with_noise,
)
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import load
from chromesthesia_training.scenes.unfelt import unfelt_sound

TWO = EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16), memories_s=(0.8, 3.0), unfelt=True)
SILENCE = float(np.log(ENCODER_MEL.floor))
MakeModel = Callable[..., StreamingEncoder]


@pytest.fixture(autouse=True)
def few_noises(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("NOISES", 2), ("THINGS", 2), ("LONG_S", 0.5)):
        monkeypatch.setattr(spoiled_module, name, value)


def mel(batch: int, hops: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(batch, hops, 64, generator=torch.Generator().manual_seed(seed)) * 3.0 - 8.0


def clip(
    name: str, emotion: str | None = "sad", split: str = "train", fold: int = 0, role: str = "speech"
) -> Clip:
    label = role == "music"
    return Clip(
        Path(name), "tiny", "music" if label else "speech", name, split, fold, emotion,
        (EmotionPoint(0.0, -0.3, 0.2),), "label" if label else "proxy",
    )  # fmt: skip


def voice(seed: int, hops: int = 240) -> Float32:
    rng = np.random.default_rng(seed)
    return rng.normal(-8.0, 1.0, (hops, 64)).astype(np.float32)


def around() -> Surroundings:
    noise, thing = voice(90, 500), voice(91, 500)
    return Surroundings([noise], [thing], [voice(92), voice(93)], [voice(94, 600)])


@torch.no_grad()
def test_two_memories_streamed_are_the_whole_and_the_quick_one_lets_go_sooner(lively: MakeModel) -> None:
    model = lively(TWO)
    whole, last = model(mel(2, 160))
    state = model.initial_state(2)
    for at in range(0, 160, ENCODER_HOPS):
        reading, state = model(mel(2, 160)[:, at : at + ENCODER_HOPS], state)
    torch.testing.assert_close(reading.logits[:, 0], whole.logits[:, -1], atol=1e-5, rtol=0.0)
    torch.testing.assert_close(reading.unfelt[:, 0], whole.unfelt[:, -1], atol=1e-5, rtol=0.0)
    for wanted, held in zip(last, state, strict=True):
        torch.testing.assert_close(held, wanted, atol=1e-4, rtol=1e-4)
    first, second = mel(1, 320, seed=2), mel(1, 160, seed=3) + torch.linspace(0.0, 6.0, 64)
    alone = model.statistics(second)[0][0, 19]
    changed = model.statistics(torch.cat([first, second], dim=1))[0][0, 59]
    away = (changed - alone).abs()
    half = model.each_size
    assert away[:half].mean() < 0.6 * away[half:].mean()


def test_an_encoder_of_one_memory_has_the_shapes_it_always_had(lively: MakeModel) -> None:
    model = lively(EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16)))
    assert model.state_shapes()[0] == (1, 3)
    assert "to_unfelt.weight" not in model.state_dict()
    assert float(model(mel(1, 16))[0].unfelt.max()) == NEVER
    assert lively(TWO).state_shapes()[0] == (1, 4)


@torch.no_grad()
def test_a_higher_floor_makes_all_faint_floors_one(lively: MakeModel) -> None:
    voices = mel(1, 160, seed=4)
    pauses = (torch.arange(160) % 32 >= 16)[None, :, None]
    silent, hissing = (torch.where(pauses, floor, voices) for floor in (SILENCE, -16.0))
    moved = []
    for floor in (1e-3, 3e-2):
        model = lively(replace(TWO, input_floor=floor))
        one, other = (model._input(heard, torch.tensor(-8.0)) for heard in (silent, hissing))
        moved.append(float((one - other).abs().max()))
    assert moved[1] < 0.3 * moved[0]


def test_what_is_recorded_of_sizes_stays_what_it_was_until_it_differs() -> None:
    assert set(EncoderSizes().told()) == {"widths", "hidden", "dropout"}
    told = replace(TWO, input_floor=0.02).told()
    assert told["input_floor"] == 0.02
    assert told["memories_s"] == (0.8, 3.0)
    assert told["unfelt"] is True


@torch.no_grad()
def test_what_feels_nothing_names_nothing(lively: MakeModel) -> None:
    model = lively(TWO)
    assert model.to_unfelt is not None
    model.to_unfelt.weight.zero_()
    answers = {}
    for bias in (NEVER, 30.0):
        model.to_unfelt.bias.fill_(bias)
        step = ExportedStep(TrainedEncoder(model, 0.2, 1)).eval()
        answers[bias] = step(mel(1, ENCODER_HOPS), *model.initial_state())
    felt, unfelt = answers[NEVER], answers[30.0]
    assert float(felt[3]) > 0.01
    assert float(unfelt[3]) == pytest.approx(0.0, abs=1e-6)
    torch.testing.assert_close(unfelt[2], torch.full((1, 3), 1.0 / 3.0))
    assert float(unfelt[2].sum()) == pytest.approx(1.0)
    mixed = mixed_probabilities(torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([[0.0]]))
    assert float(mixed.sum()) == pytest.approx(1.0)


def test_a_fit_learns_to_tell_what_feels_nothing() -> None:
    torch.manual_seed(0)
    model = StreamingEncoder(TWO)
    count = len(model.statistics_mean)
    statistics = torch.randn(300, count)
    unfelt = (torch.arange(300) % 3 == 0).float()
    statistics[:, 0] += 6.0 * unfelt
    emotion = torch.full((300, 3), 1.0 / 3.0)
    nothing = torch.zeros(300)
    points = Points(statistics, emotion, nothing, emotion[:, :2], nothing, unfelt, torch.ones(300))
    model.standardise_on(statistics)
    fit_read_out(model, points, ReadOutRecipe(steps=150, batch=32), 1.0, 0)
    said = model.read(statistics.unsqueeze(1)).unfelt[:, 0]
    assert ((said > 0.0).float() == unfelt).float().mean() > 0.95


def test_spoiled_sound_keeps_its_shape_and_follows_from_the_seed() -> None:
    sound = voice(1)
    many = [spoiled(sound, around(), np.random.default_rng(seed)) for seed in range(40)]
    assert all(one.shape == sound.shape and np.isfinite(one).all() for one in many)
    assert np.array_equal(many[3], spoiled(sound, around(), np.random.default_rng(3)))
    assert len({one.tobytes() for one in many}) == 40


def test_what_is_mixed_into_spectra_is_below_the_voice() -> None:
    sound = voice(2, 480)
    sound[240:] = SILENCE
    quiet = [
        level_of(np.exp(one[300:])) / level_of(np.exp(one[:240]))
        for one in (spoiled(sound, around(), np.random.default_rng(seed)) for seed in range(60))
    ]
    assert max(quiet) < 1.0
    assert np.median(quiet) > 1e-6  # most rooms are not silent behind a voice


def test_noise_is_as_far_below_a_voice_as_was_asked() -> None:
    sound = voice(5, 480)
    louder = [
        level_of(np.exp(with_noise(sound, pink_noise(), below_db, np.random.default_rng(0))) - np.exp(sound))
        for below_db in (10.0, 20.0)
    ]
    assert 10.0 * np.log10(level_of(np.exp(sound)) / louder[0]) == pytest.approx(10.0, abs=1.5)
    assert 10.0 * np.log10(louder[0] / louder[1]) == pytest.approx(10.0, abs=1.5)


def test_whole_clips_are_asked_where_they_end_and_long_ones_of_their_last_part() -> None:
    clips = [clip("short"), clip("long"), clip("nothing")]
    hops = {"short": 83, "long": 900, "nothing": 5}
    spectra = {one.path: voice(place, hops[one.path.name]) for place, one in enumerate(clips)}
    short, long = ends_of_clips(clips, spectra, weight=2.0)
    assert [mark.step for mark in short.marks] == [5, 9]
    assert [mark.step for mark in long.marks] == [55, 59]
    assert np.array_equal(short.mel[:80], spectra[Path("short")][:80])
    assert (short.mel[80:] == np.float32(SILENCE)).all()
    assert np.array_equal(long.mel, spectra[Path("long")][896 - 480 : 896])
    points = points_of(Moments(np.zeros((4, 4), np.float16), (*short.marks, *long.marks)))
    once = points_of(
        Moments(
            np.zeros((4, 4), np.float16),
            tuple(replace(one, weight=1.0) for one in (*short.marks, *long.marks)),
        )
    )
    before, twice = (one.emotion_weight / one.plane_weight for one in (once, points))
    torch.testing.assert_close(twice, 2.0 * before)


def test_validation_voices_are_scored_clean_and_in_noise_and_no_others(lively: MakeModel) -> None:
    emotions = ("angry", "happy", "sad")
    clips = [clip(f"{split}{n}", emotions[n % 3], split) for split in ("train", "val") for n in range(6)]
    spectra = {one.path: voice(place) for place, one in enumerate(clips) if one.split == "val"}
    model = lively(TWO)
    figures = validation_figures(model, 1.0, clips, spectra)
    assert set(figures) == {f"val_macro_f1_{scene}" for scene in ("clean", "pink_20_db", "pink_10_db")} | {
        "val_floor_shift"
    }
    assert all(0.0 <= value <= 1.0 for value in figures.values())
    assert figures["val_floor_shift"] > 0.0
    right, said = named_at_ends(model, 1.0, collect(model, ends_of_clips(clips[6:], spectra)))
    assert right == [0, 1, 2, 0, 1, 2]
    assert said.shape == (6, 2, 3)
    assert validation_figures(model, 1.0, clips[:6], {}) == {}


def test_pairs_are_of_one_split_and_fold_and_are_asked_soon_after_a_change() -> None:
    groups = (("train", 0), ("val", 1))
    clips = [
        clip(f"{split}{number}", split=split, fold=fold) for split, fold in groups for number in range(4)
    ]
    spectra = {one.path: voice(place) for place, one in enumerate(clips)}
    pairs = list(pairs_of_voices(clips, spectra, around(), np.random.default_rng(0)))
    assert len(pairs) == 4
    for pair in pairs:
        assert pair.mel.shape == (STEPS * ENCODER_HOPS, 64)
        heard = [mark.clip for mark in pair.marks if mark.clip is not None]
        assert len({(one.split, one.fold) for one in heard}) == 1
        assert len({one.path for one in heard}) == 2
        assert {6, 10, 15, 25} <= {mark.since for mark in pair.marks}
        assert max(mark.step for mark in pair.marks) < STEPS


def test_music_is_asked_by_its_ratings_and_by_its_teacher_where_there_is_one() -> None:
    piece = clip("piece", None, role="music")
    (stretch,) = stretches_of_music(
        [piece], {piece.path: voice(3, 4_000)}, None, np.random.default_rng(0), [10.0]
    )
    assert stretch.marks[0].at_s == pytest.approx(10.0 + 8 * 0.08)
    moments = Moments(np.zeros((len(stretch.marks), 4), np.float16), stretch.marks)
    rated = points_of(moments)
    assert rated.plane[0].tolist() == pytest.approx([-0.54, 0.36])
    taught = points_of(moments, {piece.path: [(0.0, 0.1, 0.1), (11.0, 0.5, -0.5)]})
    assert taught.plane[0].tolist() == pytest.approx([0.18, -0.27])


def test_unfelt_moments_ask_for_no_emotion() -> None:
    moments = Moments(np.zeros((2, 4), np.float16), (Mark(20, None, 20), Mark(30, clip("a", "angry"), 30)))
    points = points_of(moments)
    assert points.emotion_weight[0] == 0.0
    assert points.emotion_weight[1] > 0.0
    assert points.unfelt is not None
    assert points.unfelt.tolist() == [1.0, 0.0]


def test_sounds_that_feel_nothing_are_drawn_whole_and_unlike() -> None:
    made = [unfelt_sound(np.random.default_rng(seed), 0.5) for seed in range(25)]
    assert all(len(one) == 12_000 and np.isfinite(one).all() and np.abs(one).max() <= 1.0 for one in made)
    assert len({one.tobytes() for one in made}) == 25


def test_only_the_train_split_is_learned_from() -> None:
    clips = [
        clip(f"{split}{number}", split=split) for split in ("train", "val", "test") for number in range(4)
    ]
    spectra = {one.path: voice(place) for place, one in enumerate(clips)}
    recipe = RoomRecipe(passes=1, unfelt=2)
    parts = dict(training_passes(clips, spectra, recipe, 0))
    heard = {mark.clip for one in parts["speech 0"] for mark in one.marks if mark.clip is not None}
    assert {one.split for one in heard} == {"train"}
    whole = {mark.clip for one in parts["whole clips"] for mark in one.marks if mark.clip is not None}
    assert {one.split for one in whole} == {"train"}
    assert "whole clips" not in dict(training_passes(clips, spectra, replace(recipe, ends=0.0), 0))


def test_every_moment_is_heard_with_each_floor(lively: MakeModel) -> None:
    model = lively(TWO)
    clips = [clip(f"one{number}") for number in range(3)]
    spectra = {one.path: voice(place) for place, one in enumerate(clips)}
    own = TWO.input_floor
    plain = collect(model, ends_of_clips(clips, spectra))
    both = collect(model, ends_of_clips(clips, spectra), (own, 0.3))
    count = len(plain.marks)
    assert both.marks == plain.marks * 2
    assert np.array_equal(both.statistics[:count], plain.statistics)
    assert not np.array_equal(both.statistics[count:], plain.statistics)
    assert model.sizes == TWO


def test_a_refit_keeps_the_layers_and_is_read_back(
    tmp_path: Path, exported: tuple[TrainedEncoder, Path]
) -> None:
    trained, path = exported
    emotions = ("angry", "happy", "sad")
    clips = [clip(f"{split}{n}", emotions[n % 3], split) for split in ("train", "val") for n in range(6)]
    spectra = {one.path: voice(place) for place, one in enumerate(clips)}
    recipe = RoomRecipe(passes=1, unfelt=4, read_out=ReadOutRecipe(steps=20, batch=8))
    refit(path, tmp_path, clips, spectra, recipe, sizes=TWO)
    again = load_trained(tmp_path)
    for name, value in trained.model.state_dict().items():
        if name.startswith(("first", "layers")):
            assert torch.equal(again.model.state_dict()[name], value), name
    assert again.model.sizes == TWO
    assert "val_floor_shift" in load(tmp_path / "checkpoints" / "best.ckpt")["figures"]
    made = export_onnx(again, tmp_path / "encoder.onnx")
    assert made.parity < 1e-4
    assert made.streamed_offline < 1e-4


def test_layers_of_another_shape_are_refused(exported: tuple[TrainedEncoder, Path]) -> None:
    with pytest.raises(TrainingError, match="no weights"):
        layers_of_pack(exported[1], EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 32)))


def test_noises_and_things_are_made_from_the_seed() -> None:
    (one, _), (again, _) = noises_and_things(4), noises_and_things(4)
    assert np.array_equal(one[1], again[1])
