"""A run: what it leaves behind, resuming it, and what it refuses."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.training.fit.toys import At
from tests.training.tiny_painting import tiny_settings

from chromesthesia_training.backbones.squeezenet import FeatureNet, WeightsError, load_squeezenet
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import load, save
from chromesthesia_training.gan.checkpoint import EARLIER_NAME, GanRun, load_trained, read_run
from chromesthesia_training.gan.settings import GanSettings
from chromesthesia_training.gan.train import train


def test_run_leaves_checkpoint_metrics_and_sheets(trained_dir: Path) -> None:
    trained = load_trained(trained_dir)
    assert trained.step == 4
    assert trained.images_seen == 16
    rows = [json.loads(line) for line in (trained_dir / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert "likeness" in rows[0]
    assert "discriminator" in rows[-1]
    assert {path.name for path in (trained_dir / "sheets").iterdir()} == {
        "sweep_000004.png",
        "random_000004.png",
    }
    assert not list(trained_dir.rglob("*.part"))


def test_training_moves_both_players_and_leaves_the_frozen_mix_alone(
    art_dir: Path, tiny_net: FeatureNet, tmp_path: Path
) -> None:
    train(tiny_settings(art_dir, tmp_path, steps=3), tiny_net)
    before = read_run(tmp_path)
    train(tiny_settings(art_dir, tmp_path, steps=4), tiny_net)
    after = read_run(tmp_path)
    assert not torch.equal(before.generator["start.weight"], after.generator["start.weight"])
    assert not torch.equal(before.average["start.weight"], after.average["start.weight"])
    judge = "heads.fine.logit.weight"
    assert not torch.equal(before.discriminator[judge], after.discriminator[judge])
    mix = "mixes.fine.weight"
    assert torch.equal(before.discriminator[mix], after.discriminator[mix])


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("stop", [1, 3])
def test_an_interrupted_run_goes_on_to_what_an_uninterrupted_one_gives(
    art_dir: Path, tiny_net: FeatureNet, trained_dir: Path, tmp_path: Path, stop: int
) -> None:
    settings = tiny_settings(art_dir, tmp_path, steps=4)
    with pytest.raises(KeyboardInterrupt):
        train(settings, tiny_net, callbacks=(At(stop, press_ctrl_c),))
    assert read_run(tmp_path).step == stop
    train(settings, tiny_net)
    resumed, whole = read_run(tmp_path), read_run(trained_dir)
    assert resumed.step == whole.step
    for networks in ("generator", "average", "discriminator"):
        for name, value in getattr(whole, networks).items():
            torch.testing.assert_close(getattr(resumed, networks)[name], value, msg=f"{networks} {name}")
    ends = [load(folder / "checkpoints" / "last.ckpt") for folder in (tmp_path, trained_dir)]
    assert torch.equal(ends[0]["gan"]["rng"], ends[1]["gan"]["rng"])


def test_a_larger_generator_grows_from_a_smaller_one(
    art_dir: Path, tiny_net: FeatureNet, trained_dir: Path, tmp_path: Path
) -> None:
    small = read_run(trained_dir)
    larger = replace(
        tiny_settings(art_dir, tmp_path, steps=1),
        widths=(16, 12, 8, 8),
        grow_from=trained_dir,
        generator_rate=1e-9,
    )
    train(larger, tiny_net)
    grown = read_run(tmp_path)
    assert load_trained(tmp_path).generator.side == 128
    torch.testing.assert_close(
        grown.generator["blocks.0.up.conv.weight"],
        small.average["blocks.0.up.conv.weight"],
        atol=1e-6,
        rtol=0,
    )
    assert "blocks.2.up.conv.weight" in grown.generator


def test_borrowed_stages_rest_where_asked_and_after_an_interruption(
    art_dir: Path, tiny_net: FeatureNet, trained_dir: Path, tmp_path: Path
) -> None:
    larger = replace(
        tiny_settings(art_dir, tmp_path, steps=4),
        widths=(16, 12, 8, 8),
        grow_from=trained_dir,
        keep_borrowed=True,
    )
    with pytest.raises(KeyboardInterrupt):
        train(larger, tiny_net, callbacks=(At(2, press_ctrl_c),))
    before = read_run(tmp_path).generator
    train(larger, tiny_net)
    small, grown = read_run(trained_dir).average, read_run(tmp_path).generator
    assert torch.equal(grown["blocks.1.up.conv.weight"], small["blocks.1.up.conv.weight"])
    assert not torch.equal(grown["blocks.2.up.conv.weight"], before["blocks.2.up.conv.weight"])


def write_run_of_an_earlier_version(trained_dir: Path, run_dir: Path, schema: int = 2) -> GanRun:
    """`state.pt`, as runs were kept before all trained alike: four steps in 30 s."""
    run = read_run(trained_dir)
    networks = {name: getattr(run, name) for name in ("generator", "average", "discriminator")}
    about = {"step": 4, "images_seen": 16, "elapsed_s": 30.0, "widths": list(run.widths)}
    save({"schema": schema, **networks, **about, "space": run.space.to_dict()}, run_dir / EARLIER_NAME)
    return run


def test_a_finished_run_of_an_earlier_version_is_read_as_it_is(
    art_dir: Path, tiny_net: FeatureNet, trained_dir: Path, tmp_path: Path
) -> None:
    run = write_run_of_an_earlier_version(trained_dir, tmp_path)
    train(tiny_settings(art_dir, tmp_path, steps=4), tiny_net)
    trained = load_trained(tmp_path)
    assert (trained.step, trained.images_seen, trained.elapsed_s) == (4, 16, 30.0)
    weights = trained.generator.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in run.average.items())


def test_an_unfinished_run_of_an_earlier_version_is_refused_until_fresh(
    art_dir: Path, tiny_net: FeatureNet, trained_dir: Path, tmp_path: Path
) -> None:
    write_run_of_an_earlier_version(trained_dir, tmp_path)
    longer = tiny_settings(art_dir, tmp_path, steps=5)
    with pytest.raises(TrainingError, match=r"state\.pt is of an earlier version.*step 4"):
        train(longer, tiny_net)
    train(replace(longer, steps=1, fresh=True), tiny_net)
    assert read_run(tmp_path).step == 1
    assert not (tmp_path / EARLIER_NAME).exists()


def test_a_run_too_old_to_be_read_is_named(trained_dir: Path, tmp_path: Path) -> None:
    write_run_of_an_earlier_version(trained_dir, tmp_path, schema=1)
    with pytest.raises(TrainingError, match="has schema 1, expected 2"):
        load_trained(tmp_path)


def test_a_run_ends_by_the_clock(art_dir: Path, tiny_net: FeatureNet, tmp_path: Path) -> None:
    train(replace(tiny_settings(art_dir, tmp_path, steps=1), steps=None, minutes=1e-9), tiny_net)
    assert read_run(tmp_path).step == 1


def test_fresh_run_forgets_the_old_one(art_dir: Path, tiny_net: FeatureNet, tmp_path: Path) -> None:
    train(tiny_settings(art_dir, tmp_path, steps=2), tiny_net)
    train(replace(tiny_settings(art_dir, tmp_path, steps=1), fresh=True), tiny_net)
    assert read_run(tmp_path).step == 1


def test_damaged_checkpoint_is_named_and_kept(art_dir: Path, tiny_net: FeatureNet, tmp_path: Path) -> None:
    for name in (EARLIER_NAME, "checkpoints/last.ckpt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half a checkpoint")
        with pytest.raises(TrainingError, match=rf"{name} is damaged"):
            train(tiny_settings(art_dir, tmp_path, steps=1), tiny_net)
        assert path.read_bytes() == b"half a checkpoint"


def test_checkpoint_of_other_widths_is_refused(
    art_dir: Path, tiny_net: FeatureNet, trained_dir: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained_dir, tmp_path / "run")
    wider = replace(tiny_settings(art_dir, tmp_path / "run", steps=5), widths=(16, 12, 12))
    with pytest.raises(TrainingError, match=r"last\.ckpt is of another network"):
        train(wider, tiny_net)


def test_no_checkpoint_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no checkpoint .*train first"):
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
    with pytest.raises(TrainingError, match=r"gave .* nan"):
        train(wild, tiny_net)


def test_missing_and_damaged_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no SqueezeNet weights"):
        load_squeezenet(tmp_path / "absent.npz")
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"zip?")
    with pytest.raises(WeightsError, match="damaged"):
        load_squeezenet(damaged)
