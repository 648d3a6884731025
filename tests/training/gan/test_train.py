"""A run: what it leaves behind, resuming it, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.training.tiny_painting import tiny_settings

from chromesthesia_training.backbones.squeezenet import FeatureNet, WeightsError, load_squeezenet
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.checkpoint import CHECKPOINT_NAME, load_checkpoint, load_trained
from chromesthesia_training.gan.settings import GanSettings
from chromesthesia_training.gan.train import train


def test_run_leaves_checkpoint_metrics_and_sheets(trained_dir: Path) -> None:
    trained = load_trained(trained_dir)
    assert trained.step == 4
    assert trained.images_seen == 16
    rows = [json.loads(line) for line in (trained_dir / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert "likeness" in rows[0]
    assert "discriminator" in rows[-1]
    assert {path.name for path in (trained_dir / "sheets").iterdir()} == {
        "sweep_000004.png",
        "random_000004.png",
    }
    assert not list(trained_dir.glob("*.partial"))


def test_training_moves_both_players_and_leaves_the_frozen_mix_alone(
    art_dir: Path, tiny_net: FeatureNet, tmp_path: Path
) -> None:
    train(tiny_settings(art_dir, tmp_path, steps=3), tiny_net)
    before = load_checkpoint(tmp_path)
    train(tiny_settings(art_dir, tmp_path, steps=4), tiny_net)
    after = load_checkpoint(tmp_path)
    assert not torch.equal(before["generator"]["start.weight"], after["generator"]["start.weight"])
    assert not torch.equal(before["average"]["start.weight"], after["average"]["start.weight"])
    judge = "heads.fine.logit.weight"
    assert not torch.equal(before["discriminator"][judge], after["discriminator"][judge])
    mix = "mixes.fine.weight"
    assert torch.equal(before["discriminator"][mix], after["discriminator"][mix])


@pytest.mark.parametrize("stop", [1, 3])
def test_resumed_run_equals_an_uninterrupted_one(
    art_dir: Path, tiny_net: FeatureNet, trained_dir: Path, tmp_path: Path, stop: int
) -> None:
    train(tiny_settings(art_dir, tmp_path, steps=stop), tiny_net)
    train(tiny_settings(art_dir, tmp_path, steps=4), tiny_net)
    resumed, whole = load_checkpoint(tmp_path), load_checkpoint(trained_dir)
    assert resumed["step"] == whole["step"]
    for part in ("generator", "average", "discriminator"):
        for name, value in whole[part].items():
            torch.testing.assert_close(resumed[part][name], value, msg=f"{part} {name}")
    assert torch.equal(resumed["rng"], whole["rng"])


def test_a_larger_generator_grows_from_a_smaller_one(
    art_dir: Path, tiny_net: FeatureNet, trained_dir: Path, tmp_path: Path
) -> None:
    small = load_checkpoint(trained_dir)
    larger = replace(
        tiny_settings(art_dir, tmp_path, steps=1),
        widths=(16, 12, 8, 8),
        grow_from=trained_dir,
        generator_rate=1e-9,
    )
    train(larger, tiny_net)
    grown = load_checkpoint(tmp_path)
    assert load_trained(tmp_path).generator.side == 128
    torch.testing.assert_close(
        grown["generator"]["blocks.0.up.conv.weight"],
        small["average"]["blocks.0.up.conv.weight"],
        atol=1e-6,
        rtol=0,
    )
    assert "blocks.2.up.conv.weight" in grown["generator"]


def test_borrowed_stages_rest_where_asked(
    art_dir: Path, tiny_net: FeatureNet, trained_dir: Path, tmp_path: Path
) -> None:
    larger = replace(
        tiny_settings(art_dir, tmp_path, steps=4),
        widths=(16, 12, 8, 8),
        grow_from=trained_dir,
        keep_borrowed=True,
    )
    train(larger, tiny_net)
    small, grown = load_checkpoint(trained_dir)["average"], load_checkpoint(tmp_path)["generator"]
    assert torch.equal(grown["blocks.1.up.conv.weight"], small["blocks.1.up.conv.weight"])
    fresh = load_checkpoint(train(replace(larger, steps=2, run_dir=tmp_path / "shorter"), tiny_net))[
        "generator"
    ]
    assert not torch.equal(grown["blocks.2.up.conv.weight"], fresh["blocks.2.up.conv.weight"])


def test_fresh_run_forgets_the_old_one(art_dir: Path, tiny_net: FeatureNet, tmp_path: Path) -> None:
    train(tiny_settings(art_dir, tmp_path, steps=2), tiny_net)
    train(replace(tiny_settings(art_dir, tmp_path, steps=1), fresh=True), tiny_net)
    assert load_checkpoint(tmp_path)["step"] == 1


def test_damaged_checkpoint_is_named_and_kept(art_dir: Path, tiny_net: FeatureNet, tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT_NAME
    path.write_bytes(b"half a checkpoint")
    with pytest.raises(TrainingError, match=r"state\.pt is damaged"):
        train(tiny_settings(art_dir, tmp_path, steps=1), tiny_net)
    assert path.read_bytes() == b"half a checkpoint"


def test_checkpoint_of_other_widths_is_refused(art_dir: Path, tiny_net: FeatureNet, tmp_path: Path) -> None:
    train(tiny_settings(art_dir, tmp_path, steps=1), tiny_net)
    wider = replace(tiny_settings(art_dir, tmp_path, steps=2), widths=(16, 12, 12))
    with pytest.raises(TrainingError, match="does not fit these settings"):
        train(wider, tiny_net)


def test_no_checkpoint_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no checkpoint at .*train first"):
        load_trained(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"batch": 3}, "batch is 3"),
        ({"anchored": 1.0}, "anchored is 1"),
        ({"minutes": 0.0}, "minutes is 0"),
        ({"steps": -1}, "steps is -1"),
        ({"smallest_crop": 2.0}, "smallest_crop is 2"),
    ],
)
def test_impossible_settings_are_named(tmp_path: Path, change: dict[str, float], complaint: str) -> None:
    settings: GanSettings = replace(tiny_settings(tmp_path, tmp_path, steps=1), **change)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match=complaint):
        settings.check()


def test_exploding_losses_stop_the_run(art_dir: Path, tiny_net: FeatureNet, tmp_path: Path) -> None:
    wild = replace(tiny_settings(art_dir, tmp_path, steps=9), generator_rate=float("inf"))
    with pytest.raises(TrainingError, match="no longer numbers"):
        train(wild, tiny_net)


def test_missing_and_damaged_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no SqueezeNet weights"):
        load_squeezenet(tmp_path / "absent.npz")
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"zip?")
    with pytest.raises(WeightsError, match="damaged"):
        load_squeezenet(damaged)
