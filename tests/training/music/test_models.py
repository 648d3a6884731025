"""Models of music on made-up numbers: scores, choices inside the training folds, networks, answers that are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.music.answers import FoldAnswers, by_fold, mean_of
from chromesthesia_training.music.learning import NetRecipe, Regression, augment, train_folds
from chromesthesia_training.music.nets import NETS, ChunkNet, EmbeddingNet
from chromesthesia_training.music.regressors import (
    REGRESSORS,
    Regressor,
    kernel_folds,
    regress_folds,
    search,
)
from chromesthesia_training.music.scores import figures, score
from chromesthesia_training.music.selection import SETS, TOP, importance, selection_folds

FOLDS = np.repeat(np.arange(5), 8)


def numbers(seed: int = 0, values: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Features [40, values] of which 0 and 1 tell the two labels."""
    features = np.random.default_rng(seed).normal(size=(40, values))
    noise = np.random.default_rng(seed + 1).normal(0.0, 0.1, (40, 2))
    return features, np.stack([features[:, 0], -features[:, 1]], axis=1) + noise


def test_scores_of_known_answers() -> None:
    wanted = np.array([0.0, 1.0, 2.0, 3.0])
    assert score(wanted, wanted) == {"r": 1.0, "ccc": 1.0, "r2": 1.0, "rmse": 0.0, "mae": 0.0}
    off = score(wanted, wanted + 1.0)
    assert off["r"] == pytest.approx(1.0)
    assert off["ccc"] == pytest.approx(2.0 * 1.25 / (2.0 * 1.25 + 1.0))
    assert off["r2"] == pytest.approx(1.0 - 1.0 / 1.25)
    assert (off["rmse"], off["mae"]) == (1.0, 1.0)
    assert score(wanted, np.full(4, 1.5))["r"] == 0.0
    assert score(wanted, -wanted)["ccc"] < 0.0


def test_figures_are_over_the_folds_and_pooled() -> None:
    labels = np.arange(8.0).reshape(4, 2)
    answers = [
        FoldAnswers(
            0, np.array([0, 2]), labels[[0, 2]], np.array([0, 1]), np.array([[0.0, 5.0], [1.0, 6.0]])
        ),
        FoldAnswers(
            1, np.array([1, 3]), labels[[1, 3]] + 1.0, np.array([2, 3]), np.array([[2.0, 7.0], [3.0, 8.0]])
        ),
    ]
    in_time = np.array([[0.0, 5.0], [1.0, 6.0], [2.0, 7.0], [3.0, 8.0]])
    made = figures(("valence", "arousal"), labels, answers, in_time)
    assert made["static"]["valence"]["mae"] == {
        "mean": 0.5,
        "deviation": pytest.approx(0.7071, abs=1e-4),
        "folds": [0.0, 1.0],
    }
    assert made["dynamic"]["mean"]["rmse"]["mean"] == 0.0
    assert made["pooled"]["arousal"]["mae"] == 0.5
    assert "dynamic" not in figures(("valence", "arousal"), labels, answers)


@pytest.mark.parametrize("name", list(REGRESSORS))
def test_every_regressor_finds_what_tells(name: str, tmp_path: Path) -> None:
    features, labels = numbers(values=6)
    regressor = REGRESSORS[name]
    short = Regressor(
        regressor.title, regressor.make, {key: values[-1:] for key, values in regressor.grid.items()}
    )
    answers = regress_folds(short, features, labels, FOLDS, tmp_path, {}, wanted=(3,))
    assert [one.fold for one in answers] == [3]
    assert answers[0].said.shape == (8, 2)
    # However much it holds back, what it says rises with what tells.
    assert np.corrcoef(answers[0].said[:, 0], features[FOLDS == 3, 0])[0, 1] > 0.5
    assert set(answers[0].chosen["0"]) == set(regressor.grid)


def test_the_search_leaves_out_whole_inner_folds() -> None:
    """The rows of a fold share a number that tells their label: only folds left out whole show that it is worthless."""

    class Remembers:
        """Answers by the nearest known row, or, when careful, by the first feature."""

        def __init__(self, careful: bool = False) -> None:
            self.careful = careful

        def get_params(self, deep: bool = True) -> dict[str, bool]:
            return {"careful": self.careful}

        def set_params(self, **given: bool) -> Remembers:
            self.careful = given["careful"]
            return self

        def fit(self, features: np.ndarray, wanted: np.ndarray) -> Remembers:
            self.known, self.wanted = features, wanted
            return self

        def predict(self, features: np.ndarray) -> np.ndarray:
            if self.careful:
                return features[:, 0]
            apart = np.abs(features[:, None, 1] - self.known[None, :, 1])
            return self.wanted[apart.argmin(axis=1)]

        def __sklearn_tags__(self) -> object:
            from sklearn.base import BaseEstimator

            return BaseEstimator().__sklearn_tags__()

    rng = np.random.default_rng(0)
    of_fold = rng.normal(size=5)[FOLDS]
    features = np.stack([of_fold + rng.normal(0.0, 0.5, 40), rng.permutation(5)[FOLDS].astype(float)], axis=1)
    found = search(
        Regressor("made up", lambda seed: Remembers(), {"careful": (False, True)}), features, of_fold, FOLDS
    )
    assert found.parameters == {"careful": True}


def test_the_kernel_machine_answers_songs_and_chunks(tmp_path: Path) -> None:
    features, labels = numbers(values=4)
    owner = np.repeat(np.arange(40), 3)
    answers = kernel_folds(
        features, labels, FOLDS, tmp_path, {}, wanted=(1,), in_time=(features[owner], labels[owner], owner)
    )
    assert answers[0].said.shape == (8, 2)
    assert answers[0].said_in_time is not None
    assert answers[0].said_in_time.shape == (24, 2)
    assert np.corrcoef(answers[0].said[:, 0], labels[8:16, 0])[0, 1] > 0.6
    blind = kernel_folds(
        features, labels, FOLDS, tmp_path / "b", {}, wanted=(1,), weights=np.array([0.0, 0, 1, 1])
    )
    assert np.corrcoef(blind[0].said[:, 0], labels[8:16, 0])[0, 1] < 0.6


def test_pearson_and_shap_find_the_feature_that_tells() -> None:
    features, labels = numbers()
    weight = importance(features, labels[:, 1])
    assert weight.best("pearson_top")[0] == weight.best("shap_top")[0] == 1
    assert weight.pearson[1] < -0.9
    assert len(weight.best("pearson_top")) == TOP
    both = set(weight.best("intersection").tolist())
    assert both == set(weight.best("pearson_top").tolist()) & set(weight.best("shap_top").tolist())
    assert len(weight.best("union")) == 2 * TOP - len(both)


def test_shap_values_are_those_of_the_trees_own_count() -> None:
    """XGBoost counts the same values by itself: both agree, so the explainer reads this version's trees rightly."""
    import shap
    import xgboost

    from chromesthesia_training.music.regressors import xgboost as trees

    features, labels = numbers()
    model = trees(0).fit(features, labels[:, 0])
    own = model.get_booster().predict(xgboost.DMatrix(features), pred_contribs=True)[:, :-1]
    assert np.asarray(shap.TreeExplainer(model).shap_values(features)) == pytest.approx(own, abs=1e-4)


def test_chosen_features_are_scored_on_songs_that_did_not_choose(tmp_path: Path) -> None:
    features, labels = numbers()
    found = selection_folds(features, labels, FOLDS, tmp_path, {}, wanted=(0, 1))
    assert set(found) == set(SETS)
    assert found["pearson_top"][0].chosen == {"0": TOP, "1": TOP}
    assert found["all"][0].chosen == {"0": 24, "1": 24}
    for answers in found.values():
        assert [one.said.shape for one in answers] == [(8, 2), (8, 2)]


@pytest.mark.parametrize("name", list(NETS))
def test_every_network_takes_spectra_and_learns_from_each_layer(name: str) -> None:
    torch.manual_seed(0)
    net = ChunkNet(name, 2, size=(32, 32), widths=(4, 4, 8))
    said = net(torch.randn(3, 32, 32))
    assert said.shape == (3, 2)
    said.square().sum().backward()
    assert all(value.grad is not None for value in net.parameters())


def test_the_networks_have_the_reference_s_sizes() -> None:
    sizes = {name: parameter_count(ChunkNet(name, 1)) for name in NETS}
    assert (
        sizes["cnn"]
        == (16 * 9 + 16 * 16 * 9 * 2 + 32 * 64 * 9 + 112) + 2 * 112 + 64 * 16 * 16 * 128 + 128 + 129
    )
    assert sizes["cnn_se_temporal"] > sizes["cnn"]
    assert 200_000 < sizes["cnn_se_gru"] < sizes["cnn_se_gru_attention"] < 300_000


def test_attention_listens_where_it_is_told_to() -> None:
    torch.manual_seed(0)
    net = ChunkNet("cnn_se_gru_attention", 1, size=(32, 32), widths=(4, 4, 8)).eval()
    spectra = torch.randn(2, 32, 32)
    later = spectra.clone()
    later[:, :, 28:] += 3.0
    assert not torch.allclose(net(spectra), net(later))


def test_augmentation_hides_and_mixes_and_leaves_the_batch_alone() -> None:
    spectra = torch.randint(-127, 127, (4, 32, 32), dtype=torch.int8)
    before, targets = spectra.clone(), torch.randn(4, 2)
    one = augment(spectra, targets, NetRecipe(), torch.Generator().manual_seed(1))
    two = augment(spectra, targets, NetRecipe(), torch.Generator().manual_seed(1))
    assert torch.equal(one[0], two[0])
    assert torch.equal(spectra, before)
    assert one[0].dtype == torch.float32
    plain = NetRecipe(time_masks=0, frequency_masks=0, gain=0.0, mixup_alpha=0.0)
    kept = augment(spectra, targets, plain, torch.Generator())
    assert kept[0] == pytest.approx(spectra.float() / 127.0)
    assert torch.equal(kept[1], targets)


def trained(tmp_path: Path, calls: list[int], **changed: Any) -> list[FoldAnswers]:
    features = np.random.default_rng(0).normal(size=(80, 6)).astype(np.float32)
    owner = np.repeat(np.arange(40), 2)
    labels = np.stack([features[:, 0], features[:, 1]], axis=1).astype(np.float64) * 3.0 + 5.0

    def make() -> EmbeddingNet:
        calls.append(1)
        return EmbeddingNet(6, 2, (32, 16))

    settings = {"epochs": 6, "draws": 4.0, "batch": 16, "learning_rate": 2e-2, "mixup_alpha": 0.0}
    recipe = NetRecipe(time_masks=0, frequency_masks=0, **{**settings, **changed})
    return train_folds(make, features, labels, owner, FOLDS, recipe, tmp_path, wanted=(0,), standardise=True)


def test_a_network_learns_is_scored_on_unheard_songs_and_is_not_trained_twice(tmp_path: Path) -> None:
    calls: list[int] = []
    (first,) = trained(tmp_path, calls)
    assert first.rows.tolist() == list(range(8))
    assert first.chunks.tolist() == list(range(16))
    assert first.said_in_time is not None
    assert first.said == pytest.approx(first.said_in_time.reshape(8, 2, 2).mean(axis=1))
    assert first.curve[-1]["val_r"] > 0.6
    assert 2.0 < first.said.mean() < 8.0
    (again,) = trained(tmp_path, calls)
    assert len(calls) == 1
    assert np.array_equal(first.said, again.said)
    trained(tmp_path / "other", calls, weight_decay=0.1)
    assert len(calls) == 2


@pytest.mark.parametrize(("draws", "steps"), [(1.0, 6 * 2), (None, 6 * 4)])
def test_an_epoch_is_as_many_chunks_a_song_as_asked_for_or_all(
    tmp_path: Path, draws: float | None, steps: int
) -> None:
    """32 songs of two chunks are learned from, sixteen at a time."""
    trained(tmp_path, [], draws=draws)
    history = (tmp_path / "fold-0" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(history[-1])["step"] == steps


@pytest.mark.parametrize("steps", [1, 2, 5, 10])
def test_a_run_may_be_of_any_length(steps: int) -> None:
    module = Regression(EmbeddingNet(6, 2, (4, 4)), NetRecipe(), steps, 0)
    assert module.configure_optimizers()["lr_scheduler"]["scheduler"].total_steps >= steps


def test_spectra_as_bytes_are_scaled_to_one() -> None:
    seen: list[torch.Tensor] = []

    class Looks(torch.nn.Module):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            seen.append(inputs)
            return inputs.mean(dim=(1, 2))[:, None]

    module = Regression(Looks(), NetRecipe(), 2, 0)
    module(torch.full((1, 4, 4), 127, dtype=torch.int8))
    assert seen[0] == pytest.approx(1.0)


def test_answers_are_kept_by_key_and_damaged_ones_are_made_again(tmp_path: Path) -> None:
    calls: list[int] = []

    def answer(fold: int, train: np.ndarray, test: np.ndarray, folder: Path) -> FoldAnswers:
        calls.append(fold)
        assert set(train) & set(test) == set()
        return FoldAnswers(fold, test, np.ones((len(test), 1)), minutes=0.5, chosen={"0": {"a": 1}})

    def ask(**key: object) -> list[FoldAnswers]:
        return by_fold(FOLDS, None, (0, 1), tmp_path, key, False, answer)

    first = ask(a=1)
    assert [json.dumps(dict(one.chosen)) for one in ask(a=1)] == [
        json.dumps(dict(one.chosen)) for one in first
    ]
    assert calls == [0, 1]
    ask(a=2)
    assert calls == [0, 1, 0, 1]
    (tmp_path / "fold-1/answers.npz").write_bytes(b"cut")
    ask(a=2)
    assert calls == [0, 1, 0, 1, 1]


def test_an_ensemble_is_the_mean_and_answers_in_time_where_all_do() -> None:
    rows = np.array([0, 1])
    one = FoldAnswers(0, rows, np.zeros((2, 1)), np.array([0]), np.array([[1.0]]), 1.0)
    two = FoldAnswers(0, rows, np.ones((2, 1)), np.array([0]), np.array([[3.0]]), 2.0)
    silent = FoldAnswers(0, rows, np.ones((2, 1)))
    (blend,) = mean_of([[one], [two]])
    assert blend.said.tolist() == [[0.5], [0.5]]
    assert blend.said_in_time is not None
    assert blend.said_in_time.tolist() == [[2.0]]
    assert blend.minutes == 3.0
    assert mean_of([[one], [silent]])[0].said_in_time is None
