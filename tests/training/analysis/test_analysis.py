"""What drives it, on made-up spaces where the answer is known; the page that says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia_training.analysis import drivers
from chromesthesia_training.analysis.clusters import cluster_accuracy, similarity
from chromesthesia_training.analysis.drivers import find_drivers, principal_axes
from chromesthesia_training.analysis.pictures import PICTURE_FEATURES, describe_pictures, lab
from chromesthesia_training.analysis.sounds import SOUND_FAMILIES, SOUND_FEATURES, named_features
from chromesthesia_training.analysis.together import go_together, seen_with, within
from chromesthesia_training.errors import DataError
from chromesthesia_training.metrics.metrics_file import over_folds, write_metrics
from chromesthesia_training.music.handcrafted import OWN_NAMES
from chromesthesia_training.results.analysis_page import FILE, analysis_page
from chromesthesia_training.results.book import Book

NAMES = ("level", "tempo", "mode")
FAMILIES = {"level": "loud", "tempo": "rhythm", "mode": "mode"}


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_the_feature_that_makes_the_space_is_found_and_the_others_carry_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drivers, "TREES", {**drivers.TREES, "n_estimators": 40})
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 3)).astype(np.float32)
    angle = np.clip(features[:, 1], -1.5, 1.5)
    space = unit(np.stack([np.cos(angle), np.sin(angle), 0.02 * rng.normal(size=120)], axis=1))
    groups = [f"speaker {row % 10}" for row in range(120)]
    found = find_drivers(features, space, groups, NAMES, FAMILIES)
    assert len(found.told) == 5
    assert np.mean(found.told) > 0.8
    assert found.alone["tempo"] > 0.8 > 0.1 > abs(found.alone["level"])
    assert max(found.family, key=lambda name: found.family[name]) == "rhythm"
    assert found.shap["tempo"] > 0.8
    assert sum(found.shap.values()) == pytest.approx(1.0)


def test_too_few_groups_are_named() -> None:
    with pytest.raises(DataError, match="2 groups cannot make 5 folds"):
        find_drivers(np.zeros((4, 3), np.float32), np.eye(4, dtype=np.float32), list("abab"), NAMES, FAMILIES)


def test_the_strongest_axes_hold_all_of_a_flat_space() -> None:
    flat = np.zeros((30, 8), np.float32)
    flat[:, :2] = np.random.default_rng(1).normal(size=(30, 2))
    axes, share = principal_axes(flat, 2)
    assert axes.shape == (30, 2)
    assert share == pytest.approx(1.0)


def test_colours_are_those_of_cielab() -> None:
    picture = np.array([[[255, 255, 255], [255, 0, 0]], [[0, 0, 255], [0, 0, 0]]], np.uint8)
    light, red, yellow = lab(picture)
    np.testing.assert_allclose(light, [[100.0, 53.24], [32.30, 0.0]], atol=0.02)
    np.testing.assert_allclose(red, [[0.0, 80.09], [79.19, 0.0]], atol=0.05)
    np.testing.assert_allclose(yellow, [[0.0, 67.20], [-107.86, 0.0]], atol=0.05)


def test_pictures_are_described_as_they_look() -> None:
    warm = np.full((32, 32, 3), (220, 120, 30), np.uint8)
    cold = np.full((32, 32, 3), (30, 90, 220), np.uint8)
    upright = np.zeros((32, 32, 3), np.uint8)
    upright[:, ::4] = 255
    described = dict(zip(PICTURE_FEATURES, describe_pictures(np.stack([warm, cold, upright])).T, strict=True))
    assert described["warm share"][0] == pytest.approx(1.0)
    assert described["warm share"][1] == pytest.approx(0.0)
    assert described["yellow over blue"][0] > 0.0 > described["yellow over blue"][1]
    assert described["edges"][2] > 10.0
    assert described["edges"][0] == pytest.approx(0.0, abs=1e-4)
    assert described["upright over level"][2] > 1.0
    assert described["number of hues"][0] == pytest.approx(1.0)
    assert described["saturation"][2] == pytest.approx(0.0, abs=0.01)
    assert all(np.isfinite(column).all() for column in described.values())


def test_named_features_of_a_sound_are_taken_by_name() -> None:
    own = np.arange(len(OWN_NAMES), dtype=np.float32)[None]
    found = named_features(own)
    assert found.shape == (1, len(SOUND_FEATURES))
    assert found[0, SOUND_FEATURES.index("tempo")] == OWN_NAMES.index("tempo")
    assert set(SOUND_FAMILIES) == set(SOUND_FEATURES)


def test_what_goes_together_is_found_beyond_chance_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    heard = rng.normal(size=(90, 2)).astype(np.float32)
    seen = np.stack([-heard[:, 0] + 0.1 * rng.normal(size=90), rng.normal(size=90)], axis=1).astype(
        np.float32
    )
    found = go_together(heard, seen, [str(row // 3) for row in range(90)])
    assert found.r[0, 0] < -0.9
    assert 0.15 < found.chance < 0.6
    assert (np.abs(found.r).ravel()[1:] < found.chance).all()


def test_what_only_the_emotion_ties_together_is_gone_within_one() -> None:
    rng = np.random.default_rng(0)
    emotions = np.repeat(np.arange(3), 40)
    heard, seen = ((3.0 * emotions[:, None] + rng.normal(size=(120, 1))).astype(np.float32) for _ in range(2))
    groups = [str(row) for row in range(120)]
    assert go_together(heard, seen, groups).r[0, 0] > 0.8
    assert abs(go_together(within(heard, emotions), within(seen, emotions), groups).r[0, 0]) < 0.25


def test_a_feature_that_never_moves_goes_with_nothing() -> None:
    still = np.ones((20, 1), np.float32)
    moving = np.arange(20, dtype=np.float32)[:, None]
    assert go_together(still, moving, [str(row) for row in range(20)]).r[0, 0] == 0.0


def test_a_sound_is_shown_the_mean_of_its_nearest_paintings() -> None:
    paintings = unit(np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]))
    shown = seen_with(
        unit(np.array([[1.0, 0.05]])), paintings, np.array([[2.0], [4.0], [90.0]], np.float32), 2
    )
    assert shown.tolist() == [[3.0]]


def test_clusters_that_are_the_labels_are_counted_whatever_they_are_called() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 20)
    apart = unit(np.eye(3)[labels] + 0.05 * rng.normal(size=(60, 3)))
    accuracy, shared = cluster_accuracy(apart, labels)
    assert accuracy == 1.0
    assert shared == pytest.approx(1.0)
    accuracy, shared = cluster_accuracy(unit(rng.normal(size=(60, 3))), labels)
    assert 1.0 / 3.0 <= accuracy < 0.6
    assert shared < 0.2


def test_similarity_tells_the_same_emotion_from_others() -> None:
    labels = np.arange(3)
    found = similarity(np.eye(3, dtype=np.float32), labels, np.eye(3, dtype=np.float32), labels)
    assert found == {"same": 1.0, "different": 0.0, "same_is_nearer": 1.0}
    turned = similarity(np.eye(3, dtype=np.float32), labels, np.eye(3, dtype=np.float32), (labels + 1) % 3)
    assert turned["same_is_nearer"] < 0.5


def found_figures() -> dict[str, Any]:
    side = {
        "told_r2": over_folds([0.4, 0.5]),
        "axes_hold": 0.9,
        "lost_alone": {"level": 0.2, "tempo": 0.01},
        "lost_by_family": {"level": 0.2, "rhythm": 0.01},
        "shap_share": {"level": 0.8, "tempo": 0.2},
    }
    r = {"level": {"warm share": 0.6, "edges": 0.1}, "tempo": {"warm share": -0.1, "edges": 0.0}}
    together = {"all": {"chance": 0.3, "r": r}, "within_one_emotion": {"chance": 0.65, "r": r}}
    return {
        "speech": side,
        "pictures": side,
        "speech_with_pictures": together,
        "music_with_pictures": {"all": together["all"]},
        "clusters": {"both": {"accuracy": 0.7, "mutual_information": 0.3}},
        "similarity": {"same": 0.4, "different": -0.1, "same_is_nearer": 0.81},
    }


def test_the_page_says_what_is_beyond_chance_and_that_the_rest_is_not(tmp_path: Path) -> None:
    section, name = FILE.split("/")
    content = {
        "command": "a test", "data": {"what": "made up"}, "protocol": "none", "split": "none", "seeds": [0],
        "settings": {}, "figures": found_figures(),
    }  # fmt: skip
    write_metrics(section, name, content, tmp_path)
    page = "\n".join(analysis_page(Book.read(tmp_path), set()))
    assert "| speech | 0.45 ± 0.07 | level 0.20, rhythm 0.01 | level 80%, tempo 20% |" in page
    assert "| warm share | level +0.60 | +0.60 (chance) |" in page
    assert "| edges | nothing beyond chance | - |" in page
    assert "81.0% of all pairs" in page
    assert analysis_page(Book.read(tmp_path / "none"), set()) == []
