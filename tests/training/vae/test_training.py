"""Losses, schedules, the two phases, and a run that learns and goes on."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.vae.batches import Side
from chromesthesia_training.vae.losses import divergence, reconstruction, va_weight
from chromesthesia_training.vae.material import KINDS, Kind
from chromesthesia_training.vae.module import StageChange, VaeModule, VaeRecipe, rate_factor
from chromesthesia_training.vae.scoring import read_side
from chromesthesia_training.vae.tokens import Scale, Tokens
from chromesthesia_training.vae.training import load_net, train_version
from chromesthesia_training.vae.versions import Sizes, TokenFusionVae

RECIPE = VaeRecipe(epochs=6, batches=8, batch=8, encode_tokens=8, decode_tokens=12, learning_rate=3e-3)
SIZES = Sizes("v31", 16, 5, {"image": (16, 5), "sound": (16, 5)}, hidden=16, widths=(8,))


def test_the_reconstruction_loss_goes_from_the_fourth_power_to_the_size() -> None:
    made, wanted = torch.tensor([2.0, 0.0]), torch.zeros(2)
    at = [float(reconstruction(made, wanted, progress, True)) for progress in (0.0, 0.3, 0.69, 0.7)]
    assert at == [8.0, 2.0, 2.0, 1.0]
    assert float(reconstruction(made, wanted, 0.0, False)) == 2.0


def test_the_standard_normal_diverges_by_nothing() -> None:
    zero = torch.zeros(3, 4)
    assert float(divergence(zero, zero)) == 0.0
    assert float(divergence(zero + 1.0, zero)) == pytest.approx(0.5)


def test_the_weight_of_the_labels_grows_to_one() -> None:
    assert [va_weight(0.1, epoch) for epoch in (0, 50, 500)] == pytest.approx([0.1, 0.6, 1.0])


def test_rates_rise_then_fall_and_begin_anew_where_they_should() -> None:
    recipe = replace(RECIPE, epochs=30, warm_epochs=3, restart_epochs=4, phase=1.0)
    once = [rate_factor("warm cosine", epoch, recipe) for epoch in range(30)]
    again = [rate_factor("restarts", epoch, recipe) for epoch in range(30)]
    assert once[0] < once[1] < once[2] < once[3] == max(once)
    assert all(later < earlier for earlier, later in pairwise(once[3:]))
    assert [epoch for epoch in range(4, 30) if again[epoch] > again[epoch - 1]] == [7, 15]
    fine = rate_factor("warm cosine", 20, replace(recipe, phase=0.5))
    assert fine == pytest.approx(0.5 * once[20])


def test_the_second_phase_tells_the_decoder_what_is_predicted() -> None:
    module = VaeModule(TokenFusionVae(SIZES), RECIPE)
    module.net.eval()
    said = []
    real_decode = module.net.decode

    def watched(kind: Kind, latent: Any, va: Any, *more: Any) -> Any:
        said.append(va.detach().clone())
        return real_decode(kind, latent, va, *more)

    module.net.decode = watched  # type: ignore[method-assign, assignment]
    part = sides()["image"].part(range(4))
    for real in (True, False):
        module.real_va = real
        module.part_losses("image", part, training=True)
    module.real_va = True
    module.part_losses("image", part, training=False)
    assert torch.equal(said[0], part.va)
    assert not torch.allclose(said[1], part.va)
    assert not torch.allclose(said[2], part.va)


def test_the_phase_changes_at_its_share_of_the_epochs_and_the_rate_falls_once() -> None:
    module = VaeModule(TokenFusionVae(SIZES), replace(RECIPE, epochs=10, phase=0.35))
    group = {"lr": 1.0}
    trainer = SimpleNamespace(optimizers=[SimpleNamespace(param_groups=[group])])
    seen = []
    for epoch in range(10):
        type(module).current_epoch = epoch  # type: ignore[assignment, method-assign]
        StageChange().on_train_epoch_start(trainer, module)  # type: ignore[arg-type]
        seen.append((module.real_va, group["lr"]))
    del type(module).current_epoch
    assert seen == [(True, 1.0)] * 4 + [(False, 0.5)] * 6


def sides(count: int = 24) -> dict[Kind, Side]:
    """Items whose tokens follow from their labels and a little of their own."""
    rng = np.random.default_rng(0)
    found: dict[Kind, Side] = {}
    for number, kind in enumerate(KINDS):
        va = rng.uniform(-0.8, 0.8, (count, 2))
        basis = rng.normal(size=(2, 16 * 5))
        tokens = (va @ basis).reshape(count, 16, 5).astype(np.float16)
        whole = Tokens(kind, tokens, None, va, tuple(f"{number} {one}" for one in range(count)))
        found[kind] = Side(whole, Scale(torch.zeros(5), 1.0), None, np.arange(count))
    return found


def test_a_version_learns_and_its_run_is_read_and_goes_on(tmp_path: Path) -> None:
    given = sides()
    untrained = read_side(TokenFusionVae(SIZES).eval(), given["image"], "image")
    recipe = replace(RECIPE, epochs=14)
    found = train_version(SIZES, given, given, recipe, tmp_path / "run")
    read = read_side(found.net, given["image"], "image")
    assert read.square.mean() < 0.7 * untrained.square.mean()
    assert np.corrcoef(read.said[:, 0], read.wanted[:, 0])[0, 1] > 0.5
    again = train_version(SIZES, given, given, recipe, tmp_path / "run")
    assert again.history == found.history
    path = tmp_path / "run/checkpoints/best.ckpt"
    assert torch.equal(load_net(path, SIZES).mean.weight, found.net.mean.weight)
    with pytest.raises(TrainingError, match="of another net"):
        load_net(path, replace(SIZES, hidden=12))
