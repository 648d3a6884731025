"""Measures of generators: what they say of sets whose answer is known, and that any side of picture is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.data.condition import CONDITION_SIZE, ConditionSpace
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.export import ExportReport
from chromesthesia_training.gan.painter import open_painter
from chromesthesia_training.measuring.consistency import (
    ceiling_and_floor,
    consistency_of,
    neighbourhood,
    vote_scores,
)
from chromesthesia_training.measuring.controllability import agreement, conditions_of, fit_rating_readers
from chromesthesia_training.measuring.evaluate import Reference, measure, only_means
from chromesthesia_training.measuring.frechet import fit_space, kernel_distance, spaces
from chromesthesia_training.measuring.gallery import Gallery, load_gallery
from chromesthesia_training.measuring.looks import Looks, look_at
from chromesthesia_training.measuring.memorisation import nearest_paintings
from chromesthesia_training.measuring.motion import frame_changes, jerkiness, latent_motion
from chromesthesia_training.measuring.painters import OnnxPainter, eight_bit, normal_latents


class Flat:
    """Paints plain pictures whose brightness is the valence asked for; nothing else moves it but a trace of latent."""

    name = "flat"
    latent_size = 8

    def __init__(self, side: int = 40) -> None:
        self.side = side

    def paint(self, conditions: np.ndarray, latents: np.ndarray) -> np.ndarray:
        bright = 0.5 + 0.4 * conditions[:, 0] + 0.02 * np.tanh(latents[:, 0])
        return eight_bit(np.broadcast_to(bright[:, None, None, None], (len(bright), self.side, self.side, 3)))

    def paint_inner(self, inner: np.ndarray, latents: np.ndarray) -> np.ndarray:
        return self.paint(inner / 2, latents)


@pytest.fixture(scope="module")
def gallery(art_dir: Path, tiny_net: FeatureNet) -> Gallery:
    return load_gallery(art_dir, tiny_net, side=48)


def test_a_gallery_is_looked_at_once(
    art_dir: Path, tiny_net: FeatureNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_gallery(art_dir, tiny_net, tmp_path, 48)
    monkeypatch.setattr("chromesthesia_training.measuring.gallery.look_at", None)
    again = load_gallery(art_dir, tiny_net, tmp_path, 48)
    np.testing.assert_array_equal(first.looks.pooled, again.looks.pooled)
    np.testing.assert_array_equal(first.looks.thumbnails, again.looks.thumbnails)
    assert first.content_hash == again.content_hash


def test_a_damaged_cache_is_looked_at_again(art_dir: Path, tiny_net: FeatureNet, tmp_path: Path) -> None:
    first = load_gallery(art_dir, tiny_net, tmp_path, 48)
    (cache,) = tmp_path.iterdir()
    cache.write_bytes(cache.read_bytes()[:500])
    again = load_gallery(art_dir, tiny_net, tmp_path, 48)
    np.testing.assert_array_equal(first.looks.deep, again.looks.deep)


def test_three_emotions_leave_awe_out(gallery: Gallery) -> None:
    for emotion, three in zip(gallery.emotions, gallery.three, strict=True):
        expected = {
            **dict.fromkeys(("anger", "disgust", "fear"), 0),
            **dict.fromkeys(("amusement", "contentment", "excitement"), 1),
            "sadness": 2,
            "awe": -1,
        }
        assert three == expected[EMOTIONS[emotion]]


@pytest.mark.parametrize("side", [128, 256])
def test_pictures_of_any_side_look_alike(tiny_net: FeatureNet, side: int) -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    small = np.broadcast_to(ramp[None, :, None], (64, 64, 3))[None]
    large = small.repeat(side // 64, 1).repeat(side // 64, 2)
    near, far = look_at(tiny_net, np.ascontiguousarray(small)), look_at(tiny_net, np.ascontiguousarray(large))
    np.testing.assert_allclose(near.pixels, far.pixels, atol=0.01)
    np.testing.assert_allclose(near.deep, far.deep, atol=0.05)


def test_distances_grow_with_what_is_wrong(gallery: Gallery, tiny_net: FeatureNet) -> None:
    fitted = gallery.rows(gallery.where("train", "val"))
    every = spaces(fitted.looks, gallery.rows(gallery.where("train")).looks)
    real = gallery.rows(gallery.where("test")).looks
    grey = look_at(tiny_net, np.full((24, 64, 64, 3), 128, np.uint8))
    train_only = every.pop("fire9_standardised")
    assert train_only.distance(gallery.rows(gallery.where("train")).looks) == pytest.approx(0, abs=1e-6)
    for name, space in every.items():
        assert abs(space.distance(fitted.looks)) < 1e-6 * space.distance(grey), name
        assert space.distance(grey) > 2 * space.distance(real) > 0, name


def test_scale_takes_only_the_unit_away() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(0, [5.0, 1.0, 0.1], (500, 3)).astype(np.float32)

    def looks(values: np.ndarray) -> Looks:
        empty = np.zeros((len(values), 1), np.float32)
        return Looks(empty, values, empty, empty, empty, empty, np.zeros((len(values), 1, 1, 3), np.uint8))

    space = fit_space(lambda one: one.deep, looks(vectors), "whole", 2)
    tenfold = fit_space(lambda one: one.deep, looks(10 * vectors), "whole", 2)
    moved = looks(vectors + 3)
    assert space.distance(moved) == pytest.approx(tenfold.distance(looks(10 * vectors + 30)), rel=1e-4)
    assert space.axes.shape == (3, 2)


def test_kernel_distance_is_zero_within_one_distribution() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(400, 6)), rng.normal(size=(400, 6))
    mean, deviation = kernel_distance(first, second)
    apart, _ = kernel_distance(first, second + 1)
    assert abs(mean) < deviation
    assert apart > 10 * abs(mean)


def test_balanced_vote_and_any_of_k_by_hand() -> None:
    known = np.array([0, 0, 0, 0, 1])
    likeness = np.array([[0.9, 0.8, 0.1, 0.0, 0.7], [0.1, 0.2, 0.3, 0.4, 0.9]])
    scores = vote_scores(likeness, known, np.array([0, 1]), ("a", "b"), (1, 3))
    assert scores.balanced[1] == 1.0
    assert scores.balanced[3] == 0.5  # one vote of the rare class outweighs two of the common one
    assert scores.any_of_k == {1: 1.0, 3: 1.0}
    with pytest.raises(TrainingError, match="5 real paintings for 5 neighbours"):
        vote_scores(likeness, known, np.array([0, 1]), ("a", "b"), (5,))


def test_consistency_of_paintings_shown_again_and_of_shuffled_ones(
    gallery: Gallery, art_dir: Path, tiny_net: FeatureNet
) -> None:
    rows = np.flatnonzero(gallery.three >= 0)
    near = gallery.looks.near[rows]
    found = neighbourhood(gallery).score(near, gallery.three[rows])
    assert found.balanced[1] == 1.0  # each painting is its own nearest neighbour
    shuffled = neighbourhood(gallery).score(near, np.random.default_rng(0).permutation(gallery.three[rows]))
    assert shuffled.balanced[5] < 0.6
    real = ceiling_and_floor(gallery)
    assert real["leaving_one_out"].balanced[5] > 0.8  # type: ignore[union-attr]
    assert 0.2 < real["shuffled"] < 0.5  # type: ignore[operator]


def test_consistency_takes_pictures_and_labels_of_any_generator(
    gallery: Gallery, tiny_net: FeatureNet
) -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (12, 96, 96, 3)).astype(np.uint8)
    for classes, count in (("three", 3), ("eight", 8)):
        found = consistency_of(pictures, np.arange(12) % count, gallery, tiny_net, classes)
        assert set(found.balanced) == {1, 5, 11}
        assert found.confusion.sum() == 12


def test_readers_read_what_was_asked(gallery: Gallery, tiny_net: FeatureNet) -> None:
    space = ConditionSpace.fit(gallery)
    readers = fit_rating_readers(gallery, space)
    rated = space.z_scores(gallery.vad)[:, :2].numpy()
    for reader in readers.values():
        assert agreement(rated, reader.read(gallery.looks))["valence"] > 0.2
    conditions = conditions_of(gallery, space)
    assert (np.abs(conditions[:, :2]) <= 1).all()
    assert (conditions[gallery.three < 0, 2:] == 0).all()
    assert (conditions[gallery.three >= 0, 2:].sum(1) == 1).all()


def test_a_copy_shows_and_a_mirrored_one_too(gallery: Gallery) -> None:
    training = gallery.rows(gallery.where("train", "val")).looks
    shown = nearest_paintings(training.rows(np.arange(4)), training)
    assert shown.levels == pytest.approx(0)
    assert shown.row.tolist() == [0, 1, 2, 3]
    mirrored = Looks(**{**vars(training.rows(np.arange(4))), "thumbnails": training.thumbnails[:4, :, ::-1]})
    assert nearest_paintings(mirrored, training).levels == pytest.approx(0)
    unseen = nearest_paintings(gallery.rows(gallery.where("test")).looks, training)
    assert unseen.figures()["share_below_copy_levels"] == 0


def test_motion_measures_tell_still_straight_and_trembling() -> None:
    still = np.full((5, 4, 4, 3), 100, np.uint8)
    straight = np.arange(5, dtype=np.uint8)[:, None, None, None] * 10 + still
    trembling = still + np.array([0, 20, 0, 20, 0], np.uint8)[:, None, None, None]
    assert frame_changes(still).tolist() == [0, 0, 0, 0]
    assert frame_changes(straight).tolist() == [10, 10, 10, 10]
    assert jerkiness(straight) == 0
    assert jerkiness(trembling) == pytest.approx(2)


def test_latent_motion_of_a_painter_that_follows_valence() -> None:
    found = latent_motion(Flat(), {"low": (-1, 0, 0, 0, 0), "high": (1, 0, 0, 0, 0)}, 0)
    assert found["between_emotions"]["low_high"] == pytest.approx(0.8 * 255, abs=2)
    assert found["step_mean"] < 1


def test_all_figures_of_a_painter(gallery: Gallery, tiny_net: FeatureNet) -> None:
    figures = measure(Flat(), Reference.of(gallery), tiny_net, samples=16, draws=2)
    means = only_means(figures)
    assert len(figures["frechet"]["fire9"]["made"]["folds"]) == 2
    assert means["frechet"]["fire9"]["made"] > means["frechet"]["fire9"]["real_held_out"]
    assert means["faults"]["flattest_deviation"] == 0
    assert 0 <= means["three_emotions"]["made"] <= 1
    assert len(figures["three_emotions"]["confusion"]) == 3


def test_evaluation_wants_held_out_paintings(gallery: Gallery) -> None:
    with pytest.raises(TrainingError, match="0 held-out"):
        Reference.of(gallery.rows(gallery.where("train", "val")))


def test_painters_of_onnx_and_run_agree(trained_dir: Path, exported_generator: ExportReport) -> None:
    exported = OnnxPainter(exported_generator.path)
    of_run = open_painter(trained_dir)
    assert (exported.side, exported.latent_size) == (of_run.side, of_run.latent_size)
    asked = np.array([[0.4, -0.2, 0.1, 0.6, 0.0], [-1, 1, 1, 0, 0]], np.float32)
    latents = normal_latents(2, exported.latent_size, 0)
    difference = exported.paint(asked, latents).astype(int) - of_run.paint(asked, latents)
    assert np.abs(difference).max() <= 1
    inner = np.random.default_rng(0).normal(size=(2, CONDITION_SIZE)).astype(np.float32)
    inside = exported.paint_inner(inner, latents).astype(int) - of_run.paint_inner(inner, latents)
    assert np.abs(inside).max() <= 1
    assert (exported.paint_inner(inner, latents) != exported.paint(asked, latents)).any()


def test_what_is_no_generator_is_named(tmp_path: Path, exported: tuple[object, Path]) -> None:
    with pytest.raises(TrainingError, match="no generator at"):
        open_painter(tmp_path / "gone.onnx")
    with pytest.raises(TrainingError, match="expected condition"):
        open_painter(exported[1])
    with pytest.raises(TrainingError, match="NaN"):
        eight_bit(np.full((2, 2, 3), np.nan, np.float32))
