"""Training: targets and weights, resuming without a trace, scores that mean what they say."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.fit.toys import At

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.corpora.datasets import all_clips, find_sound_sets, load_spectra
from chromesthesia_training.data.cache import by_path
from chromesthesia_training.data.clips import Clip, EmotionPoint
from chromesthesia_training.encoder import evaluate as evaluate_module
from chromesthesia_training.encoder.augment import recolour, roughen, stretch
from chromesthesia_training.encoder.batches import (
    LABEL_GAIN,
    RowMaker,
    Sampler,
    emotion_proxy,
    points_at,
    ramp,
)
from chromesthesia_training.encoder.evaluate import (
    evaluate,
    measure_figures,
    piece_figures,
    report_of_file,
    speech_figures,
)
from chromesthesia_training.encoder.export import TrainedEncoder, load_trained
from chromesthesia_training.encoder.losses import encoder_loss, stack_targets
from chromesthesia_training.encoder.model import EncoderSizes, Reading, StreamingEncoder
from chromesthesia_training.encoder.offline import ClipAnswer
from chromesthesia_training.encoder.settings import EncoderSettings
from chromesthesia_training.encoder.train import train
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.fit.checkpoint import load, save
from chromesthesia_training.metrics.scores import correlation, fit_temperature, macro_f1


@pytest.fixture
def settings(own_sounds: Path, tmp_path: Path) -> EncoderSettings:
    return EncoderSettings(
        run_dir=tmp_path / "run",
        sounds=own_sounds,
        cache_dir=tmp_path / "cache",
        steps=4,
        rows=3,
        row_steps=110,
        warm_up=2,
        evaluate_every=2,
        sizes=EncoderSizes(widths=(2, 2, 4, 4, 4, 4, 8)),
    )


def rated(points: list[tuple[float, float, float]], role: str = "music") -> Clip:
    return Clip(
        path=Path("a.wav"),
        corpus="tiny",
        role="music" if role == "music" else "speech",
        group="g",
        split="test",
        fold=0,
        emotion=None,
        points=tuple(EmotionPoint(*point) for point in points),
        annotation="label",
    )


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def stored_run(settings: EncoderSettings) -> dict[str, Any]:
    return load(settings.run_dir / "checkpoints" / "last.ckpt")


def test_resumed_training_ends_where_uninterrupted_training_ends(settings: EncoderSettings) -> None:
    straight = dataclasses.replace(settings, run_dir=settings.run_dir / "straight")
    broken = dataclasses.replace(settings, run_dir=settings.run_dir / "broken")
    train(straight)
    with pytest.raises(KeyboardInterrupt):
        train(broken, callbacks=(At(3, press_ctrl_c),))
    assert stored_run(broken)["callbacks"]["Keeper"]["steps"] == 3
    train(broken)
    one, other = stored_run(straight), stored_run(broken)
    assert one["callbacks"]["Keeper"]["steps"] == other["callbacks"]["Keeper"]["steps"] == 4
    for kind in ("state_dict", "current_model_state"):
        for name, value in one[kind].items():
            assert torch.equal(value, other[kind][name]), (kind, name)
    assert load_trained(straight.run_dir).temperature == load_trained(broken.run_dir).temperature
    assert not list(broken.run_dir.rglob("*.part"))


def test_a_checkpoint_of_another_network_is_refused(settings: EncoderSettings) -> None:
    train(dataclasses.replace(settings, steps=2))
    with pytest.raises(TrainingError, match=r"last\.ckpt is of another network"):
        train(dataclasses.replace(settings, sizes=EncoderSizes(widths=(2, 2, 4, 4, 4, 4, 16))))


def write_run_of_an_earlier_version(settings: EncoderSettings, step: int) -> StreamingEncoder:
    """`checkpoint.pt` and `best.pt`, as runs were kept before all trained alike."""
    torch.manual_seed(8)
    model = StreamingEncoder(settings.sizes)
    sizes, weights = dataclasses.asdict(settings.sizes), model.state_dict()
    save({"sizes": sizes, "step": step, "model": weights}, settings.run_dir / "checkpoint.pt")
    best = {"sizes": sizes, "begun_with": "yamnet", "step": 2, "score": 0.5, "temperature": 1.5}
    save({**best, "model": weights}, settings.run_dir / "best.pt")
    return model


def test_a_finished_run_of_an_earlier_version_is_exported_as_it_is(settings: EncoderSettings) -> None:
    model = write_run_of_an_earlier_version(settings, step=settings.steps)
    trained = load_trained(train(settings))
    assert (trained.step, trained.temperature, trained.begun_with) == (2, 1.5, "yamnet")
    assert all(
        torch.equal(value, trained.model.state_dict()[name]) for name, value in model.state_dict().items()
    )


def test_an_unfinished_run_of_an_earlier_version_is_refused_until_fresh(settings: EncoderSettings) -> None:
    write_run_of_an_earlier_version(settings, step=1)
    with pytest.raises(TrainingError, match=r"checkpoint\.pt is of an earlier version.*step 1 of 4"):
        train(settings)
    train(settings, resume=False)
    assert load_trained(settings.run_dir).begun_with == ""
    assert not (settings.run_dir / "best.pt").exists()


def test_own_sounds_are_trained_and_scored(
    settings: EncoderSettings, own_sounds: Path, exported: tuple[TrainedEncoder, Path]
) -> None:
    assert load_trained(train(settings)).step in (2, 4)
    report = evaluate(settings.run_dir, exported[1], sounds=own_sounds)
    flat = report["flat"]
    assert isinstance(flat, dict)
    assert 0.0 <= flat["encoder_macro_f1_test"] <= 1.0
    assert flat["encoder_majority_macro_f1"] == pytest.approx(1 / 6)
    speech = report["speech"]
    assert isinstance(speech, dict)
    assert set(speech["subset_macro_f1_by_gain_db"]) == {"-20", "-10", "+6"}
    assert (settings.run_dir / "metrics.json").is_file()
    assert len((settings.run_dir / "history.jsonl").read_text().splitlines()) == 2


def test_running_figures_come_without_tess_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(corpus: str, emotion: str, right: bool) -> ClipAnswer:
        clip = Clip(Path(f"{corpus}_{emotion}"), corpus, "speech", corpus, "test", 0, emotion, (), "proxy")
        logits = np.zeros((30, 3))
        logits[:, (EMOTIONS.index(emotion) + (0 if right else 1)) % 3] = 1.0
        return ClipAnswer(clip, np.zeros((30, 2)), logits)

    answers = [said(corpus, name, corpus == "tess") for corpus in ("tess", "nemo") for name in EMOTIONS]
    monkeypatch.setattr(evaluate_module, "stream_spectra", lambda *args: answers)
    clips = [answer.clip for answer in answers]
    speech = report_of_file(Path("none.onnx"), clips, lambda clip: np.zeros((8, 64), np.float32), {})[
        "speech"
    ]
    assert speech["running_macro_f1_onnx_streamed"]["1_s"] == pytest.approx(0.5)
    assert speech["running_macro_f1_without_tess"] == {"1_s": 0.0, "1.5_s": 0.0, "2_s": 0.0}


def test_an_emotion_without_training_clips_is_named(
    settings: EncoderSettings, speech_folder: Callable[..., Path]
) -> None:
    folder = speech_folder(emotion="bored", emotion3="")
    with pytest.raises(DataError, match="the val split has no clip of 'angry'"):
        train(dataclasses.replace(settings, sounds=None, data_dir=folder.parent))


def test_rows_ask_only_after_half_a_second_and_with_rising_weight(settings: EncoderSettings) -> None:
    sets = find_sound_sets(None, settings.sounds)
    maker = RowMaker(all_clips(sets), by_path(load_spectra(sets, settings.cache_dir).values()), 150)
    rows = maker.rows(6, np.random.default_rng(0))
    for row in rows:
        for segment in range(row.segments):
            weight = row.emotion_weight[row.segment == segment]
            assert not weight[:6].any()
            assert (np.diff(weight) >= 0.0).all()
        assert not row.emotion_weight[row.segment < 0].any()
    again = maker.rows(6, np.random.default_rng(0))
    assert all(np.array_equal(one.mel, other.mel) for one, other in zip(rows, again, strict=True))


def test_one_row_is_a_room_in_which_nothing_sounds(settings: EncoderSettings) -> None:
    sets = find_sound_sets(None, settings.sounds)
    maker = RowMaker(all_clips(sets), by_path(load_spectra(sets, settings.cache_dir).values()), 150)
    *_, room = maker.rows(3, np.random.default_rng(0))
    np.testing.assert_allclose(room.emotion, 1 / 3)
    assert room.emotion_weight[-1] > 0.0
    assert room.valence_arousal[-1, 0] == 0.0 > room.valence_arousal[-1, 1]


def test_the_ramp_starts_at_half_a_second_and_is_full_at_one_and_a_half() -> None:
    weight = ramp(np.array([0.0, 0.48, 0.5, 1.0, 1.5, 9.0]))
    assert weight[:2].tolist() == [0.0, 0.0]
    assert 0.0 < weight[2] < weight[3] < weight[4] == weight[5] == 1.0


def test_classes_are_drawn_evenly_whatever_their_number() -> None:
    clips = [
        dataclasses.replace(rated([]), emotion=emotion, corpus="one", path=Path(f"{emotion}{index}"))
        for emotion, count in zip(EMOTIONS, (90, 9, 1), strict=True)
        for index in range(count)
    ]
    rng = np.random.default_rng(3)
    sampler = Sampler(clips)
    drawn = [sampler.draw(rng).emotion for _ in range(3_000)]
    for emotion in EMOTIONS:
        assert drawn.count(emotion) / 3_000 == pytest.approx(1 / 3, abs=0.04)


def test_ratings_hold_until_the_next_point() -> None:
    clip = rated([(0.0, 0.1, 0.2), (2.0, -0.3, 0.4)])
    np.testing.assert_allclose(
        points_at(clip, np.array([0.5, 1.99, 2.0, 60.0]))[:, 0], [0.1, 0.1, -0.3, -0.3]
    )


def test_the_emotion_proxy_follows_the_quadrants() -> None:
    proxy = emotion_proxy(np.array([[-0.6, 0.7], [0.7, 0.5], [-0.6, -0.5], [0.0, 0.1]]))
    assert proxy[:3].argmax(axis=1).tolist() == [0, 1, 2]
    assert (proxy[:3].max(axis=1) > 0.8).all()
    assert proxy[3].max() < 0.6


def test_augmentation_keeps_shape_floor_and_finiteness() -> None:
    rng = np.random.default_rng(5)
    quiet = np.full((120, 64), np.log(1e-10), dtype=np.float32)
    for source in (quiet, rng.normal(-8.0, 3.0, (120, 64)).astype(np.float32)):
        for _ in range(20):
            changed = roughen(recolour(stretch(source, rng, 200), rng), rng)
            assert changed.shape[1] == 64
            assert 100 <= len(changed) <= 140
            assert np.isfinite(changed).all()
            assert changed.min() >= np.log(1e-10) - 1e-3


def test_the_loss_falls_when_the_answers_are_right(settings: EncoderSettings) -> None:
    sets = find_sound_sets(None, settings.sounds)
    maker = RowMaker(all_clips(sets), by_path(load_spectra(sets, settings.cache_dir).values()), 150)
    targets = stack_targets(maker.rows(4, np.random.default_rng(1)))

    def loss(sign: float) -> float:
        right = Reading(
            sign * targets.valence_arousal,
            sign * 3.0 * targets.emotion,
            torch.zeros(4, 150, 128),
            torch.zeros(4, 150),
        )
        return float(torch.stack(list(encoder_loss(right, targets).values())).sum())

    assert loss(1.0) < loss(0.0) < loss(-1.0)


def test_macro_f1_by_hand_and_of_the_majority() -> None:
    assert macro_f1([0, 0, 1, 2], [0, 0, 1, 2]) == 1.0
    assert macro_f1([0, 0, 1, 2], [0, 0, 0, 0]) == pytest.approx((2 * 2 / 6) / 3)
    assert macro_f1([0, 0], [0, 0]) == pytest.approx(1 / 3)
    assert macro_f1([], []) == 0.0


def test_correlation_of_a_constant_is_zero() -> None:
    assert correlation(np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 5.0])) == 0.0
    assert correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])) == pytest.approx(1.0)


def test_temperature_tames_overconfidence() -> None:
    rng = np.random.default_rng(2)
    wanted = rng.integers(0, 3, 4_000)
    said = np.where(rng.random(4_000) < 0.7, wanted, rng.integers(0, 3, 4_000))
    temperature = fit_temperature(10.0 * np.eye(3)[said], wanted)
    sure = np.exp(10.0 / temperature) / (np.exp(10.0 / temperature) + 2.0)
    assert sure == pytest.approx(np.mean(said == wanted), abs=0.03)


def test_figures_of_rated_pieces_are_in_the_unit_of_the_ratings() -> None:
    clips = [rated([(0.0, value, -value), (2.0, value + 0.2, -value)]) for value in (-0.3, 0.0, 0.3)]
    answers = [
        ClipAnswer(
            clip, LABEL_GAIN * points_at(clip, np.linspace(0.08, 4.0, 50)), np.zeros((50, len(EMOTIONS)))
        )
        for clip in clips
    ]
    for figures in (piece_figures(answers), measure_figures(answers)):
        assert figures.valence_r == pytest.approx(1.0, abs=1e-3)
        assert figures.valence_rmse == pytest.approx(0.0, abs=0.01)
        assert figures.valence_mean_rmse > 0.2
    assert measure_figures(answers).count == 6


def test_speech_figures_count_speakers_and_beat_the_majority_when_right() -> None:
    clips = [dataclasses.replace(rated([]), emotion=emotion, group=emotion) for emotion in EMOTIONS]
    right = [
        ClipAnswer(clip, np.zeros((50, 2)), np.tile(np.eye(3)[index], (50, 1)))
        for index, clip in enumerate(clips)
    ]
    figures = speech_figures(right)
    assert (figures.clips, figures.speakers, figures.macro_f1) == (3, 3, 1.0)
    assert figures.majority_macro_f1 == pytest.approx(1 / 6)
