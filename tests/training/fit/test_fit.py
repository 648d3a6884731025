"""A run on Lightning: its files, its average, its end, and that an interruption leaves no trace."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from lightning.pytorch import LightningModule
from tests.training.fit.toys import At, Classifier, Duel, loaders, settings_in
from torch import Tensor, nn

from chromesthesia_training import safe_write
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.fit import Environment, FitReport, StepNumbers, fit, follow, load_best
from chromesthesia_training.fit import checkpoint as checkpoint_module
from chromesthesia_training.fit.order import ordered


class FaultError(RuntimeError):
    """What the tests break a run with."""


def break_down() -> None:
    raise FaultError


def same_weights(one: LightningModule, other: LightningModule) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def figures(report: FitReport) -> tuple[int, int, list[dict[str, float]]]:
    return report.epochs, report.steps, report.history


def test_a_run_leaves_checkpoints_history_and_settings(tmp_path: Path) -> None:
    report = fit(Classifier(), *loaders(), settings_in(tmp_path))

    assert (report.epochs, report.steps) == (3, 18)
    assert report.best_path.is_file()
    assert report.last_path.is_file()
    written = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert written == report.history
    assert {"epoch", "step", "loss", "train_accuracy", "val_loss"} <= set(written[0])
    assert json.loads((tmp_path / "settings.json").read_text())["monitor"] == "val_loss"
    assert not list(tmp_path.rglob("*.part*"))


def test_learning_lowers_the_loss_and_the_best_is_kept(tmp_path: Path) -> None:
    class Overshooting(Classifier):
        """Forgets what it learnt in the last epoch."""

        def on_train_epoch_end(self) -> None:
            if self.current_epoch == 3:
                return

        def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
            if self.current_epoch == 4:
                self.log("val_loss", 9.0, batch_size=1)
            else:
                super().validation_step(batch, batch_idx)

    module = Overshooting()
    report = fit(module, *loaders(), settings_in(tmp_path, max_epochs=5))
    losses = [row["val_loss"] for row in report.history]
    assert losses[3] < losses[0]
    assert losses[4] == 9.0
    best = load_best(Overshooting(), tmp_path)
    assert not same_weights(best, module)
    assert not best.training


@pytest.mark.parametrize("make", [Classifier, Duel])
@pytest.mark.parametrize("step", [1, 4, 6, 7, 12, 14])
def test_a_broken_run_resumes_to_the_same_weights_and_figures(
    make: Callable[[], LightningModule], step: int, tmp_path: Path
) -> None:
    changes = {"ema_decay": 0.9, "checkpoint_every_steps": 2, "validate_every_epochs": 2}
    whole = make()
    expected = fit(whole, *loaders(), settings_in(tmp_path / "whole", **changes))
    settings = settings_in(tmp_path / "broken", **changes)
    with pytest.raises(FaultError):
        fit(make(), *loaders(), settings, callbacks=(At(step, break_down),))

    resumed = make()
    report = fit(resumed, *loaders(), settings)

    assert figures(report) == figures(expected)
    assert same_weights(resumed, whole)
    assert same_weights(load_best(make(), report), load_best(make(), expected))


def test_a_run_ended_by_steps_resumes_within_its_second_epoch(tmp_path: Path) -> None:
    expected = fit(Classifier(), *loaders(), settings_in(tmp_path / "whole", max_epochs=None, max_steps=9))
    settings = settings_in(tmp_path / "broken", max_epochs=None, max_steps=9)
    with pytest.raises(FaultError):
        fit(Classifier(), *loaders(), settings, callbacks=(At(7, break_down),))
    assert figures(fit(Classifier(), *loaders(), settings)) == figures(expected)
    assert expected.history[-1]["step"] == 9
    assert "val_loss" in expected.history[-1]


def test_workers_give_the_items_that_one_process_gives(tmp_path: Path) -> None:
    alone = fit(Classifier(), *loaders(), settings_in(tmp_path / "alone", max_epochs=1))
    helped = fit(Classifier(), *loaders(workers=1), settings_in(tmp_path / "helped", max_epochs=1))
    assert helped.history == alone.history


def test_a_list_of_batches_trains_and_resumes(tmp_path: Path) -> None:
    train, validate = loaders(noise=0.0)
    batches = list(train)
    expected = fit(Classifier(), batches, validate, settings_in(tmp_path / "whole"))
    settings = settings_in(tmp_path / "broken")
    with pytest.raises(FaultError):
        fit(Classifier(), batches, validate, settings, callbacks=(At(8, break_down),))
    assert figures(fit(Classifier(), batches, validate, settings)) == figures(expected)


def test_a_longer_run_goes_on_from_a_finished_one(tmp_path: Path) -> None:
    expected = fit(Classifier(), *loaders(), settings_in(tmp_path / "whole", max_epochs=3))
    fit(Classifier(), *loaders(), settings_in(tmp_path / "grown", max_epochs=1))
    assert figures(fit(Classifier(), *loaders(), settings_in(tmp_path / "grown", max_epochs=3))) == figures(
        expected
    )


def test_a_finished_run_is_reported_without_training(tmp_path: Path) -> None:
    first = fit(Classifier(), *loaders(), settings_in(tmp_path))
    again = fit(Classifier(), *loaders(), settings_in(tmp_path), callbacks=(At(1, break_down),))
    assert again == first


def test_training_anew_forgets_the_run_before(tmp_path: Path) -> None:
    first = fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=2))
    anew = fit(Classifier(rate=0.1), *loaders(), settings_in(tmp_path, max_epochs=1), resume=False)
    assert (first.steps, anew.steps) == (12, 6)
    assert len(anew.history) == 1


def test_the_average_is_what_is_validated_and_kept(tmp_path: Path) -> None:
    """With the weights of every step at hand the average can be taken by hand."""
    weights: list[dict[str, Tensor]] = []
    module = Classifier()

    def keep() -> None:
        weights.append({name: value.clone() for name, value in module.state_dict().items()})

    everywhere = tuple(At(step, keep) for step in range(1, 7))
    report = fit(module, *loaders(), settings_in(tmp_path, max_epochs=1, ema_decay=0.4), callbacks=everywhere)

    by_hand = weights[0]
    for update, current in enumerate(weights[1:], start=1):
        kept = min(0.4, (1 + update) / (10 + update))
        by_hand = {name: kept * by_hand[name] + (1 - kept) * value for name, value in current.items()}
    best = load_best(Classifier(), report)
    for name, value in best.state_dict().items():
        torch.testing.assert_close(value, by_hand[name])
    assert not torch.equal(best.state_dict()["net.0.weight"], weights[-1]["net.0.weight"])
    total = sum(
        float(torch.nn.functional.cross_entropy(best.net(points), labels).detach()) * len(labels)
        for points, labels in loaders()[1]
    )
    assert report.history[0]["val_loss"] == pytest.approx(total / 22, rel=1e-5)


def test_no_better_figure_ends_a_run_early(tmp_path: Path) -> None:
    class Stuck(Classifier):
        def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
            self.log("val_loss", 1.0 if self.current_epoch == 0 else 2.0, batch_size=1)

    settings = settings_in(tmp_path, max_epochs=50, patience=2)
    report = fit(Stuck(), *loaders(), settings)
    assert report.epochs == 3
    assert fit(Stuck(), *loaders(), settings).epochs == 3


def test_gradients_are_clipped_to_the_norm_asked_for(tmp_path: Path) -> None:
    norms: list[float] = []

    class Watched(Classifier):
        def on_before_zero_grad(self, optimizer: Any) -> None:
            grads = [parameter.grad for parameter in self.parameters() if parameter.grad is not None]
            if grads:
                norms.append(float(torch.stack([grad.norm() for grad in grads]).norm()))

    fit(Watched(), *loaders(), settings_in(tmp_path, max_epochs=1, gradient_clip=0.01))
    assert norms
    assert max(norms) <= 0.0101


def test_mixed_precision_trains_on_a_cpu(tmp_path: Path) -> None:
    seen: set[torch.dtype] = set()

    class Watched(Classifier):
        def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
            seen.add(self.net(batch[0]).dtype)
            return super().training_step(batch, batch_idx)

    report = fit(Watched(), *loaders(), settings_in(tmp_path, max_epochs=1, precision="bf16-mixed"))
    assert seen == {torch.bfloat16}
    assert report.steps == 6


def test_a_loss_that_is_no_number_names_the_step_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    class Diverging(Classifier):
        def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
            loss = super().training_step(batch, batch_idx)
            return loss * float("nan") if self.global_step == 4 else loss

    with pytest.raises(TrainingError, match=r"step 5 gave loss nan.*last.ckpt is kept"):
        fit(Diverging(), *loaders(), settings_in(tmp_path))
    stored = checkpoint_module.load(tmp_path / "checkpoints" / "last.ckpt")
    assert stored["callbacks"]["Keeper"]["steps"] == 4
    assert all(torch.isfinite(value).all() for value in stored["state_dict"].values())


def test_a_full_disk_ends_the_run_and_leaves_the_checkpoint_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fit(Classifier(), *loaders(), settings_in(tmp_path / "whole"))
    settings = settings_in(tmp_path / "full")

    def no_space(path: Path) -> NoReturn:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    def fill() -> None:
        monkeypatch.setattr(safe_write, "open_partial", no_space)

    with pytest.raises(DataError, match=r"last.ckpt.*No space left on device"):
        fit(Classifier(), *loaders(), settings, callbacks=(At(9, fill),))
    assert not list(tmp_path.rglob("*.part*"))
    monkeypatch.undo()
    assert figures(fit(Classifier(), *loaders(), settings)) == figures(expected)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    report = fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=1))
    report.last_path.write_bytes(report.last_path.read_bytes()[:500])
    with pytest.raises(TrainingError, match=r"last.ckpt is damaged"):
        fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=2))


def test_a_checkpoint_of_another_network_is_named(tmp_path: Path) -> None:
    fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=1))
    with pytest.raises(TrainingError, match=r"last.ckpt is of another network"):
        fit(Duel(), *loaders(), settings_in(tmp_path, max_epochs=2))
    with pytest.raises(TrainingError, match=r"best.ckpt is of another network"):
        load_best(Duel(), tmp_path)


def test_a_run_of_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=1))
    with pytest.raises(TrainingError, match="holds a run with seed 0, and 1 was asked for"):
        fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=2, seed=1))


def test_a_figure_that_is_not_logged_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no 'val_macro_f1' when it validates, but val_loss"):
        fit(Classifier(), *loaders(), settings_in(tmp_path, monitor="val_macro_f1"))


def test_no_run_no_best(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there is no checkpoint"):
        load_best(Classifier(), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_epochs": None}, "none of max_epochs, max_steps and max_minutes"),
        ({"max_minutes": 0.0}, "max_minutes is 0"),
        ({"max_epochs": 0}, "max_epochs is 0"),
        ({"precision": "8-bit"}, "precision is '8-bit'"),
        ({"precision": "16-mixed"}, "16-mixed on a CPU"),
        ({"ema_decay": 1.0}, "ema_decay is 1"),
        ({"devices": 2}, "torchrun --nproc-per-node 2"),
        ({"mode": "best"}, "mode is 'best'"),
    ],
)
def test_settings_that_cannot_work_are_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=message):
        fit(Classifier(), *loaders(), settings_in(tmp_path, **changes))
    assert not list(tmp_path.iterdir())


def test_a_run_ends_by_the_clock_and_goes_on_when_given_more(tmp_path: Path) -> None:
    ended = fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=None, max_minutes=1e-9))
    assert ended.steps == 1
    longer = fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=None, max_steps=3))
    assert longer.steps == 3
    assert longer.minutes > ended.minutes > 0.0


def test_checkpoints_between_epochs_wait_for_their_time_and_the_end_does_not(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, checkpoint_every_steps=99, checkpoint_every_s=3_600.0)
    there: list[bool] = []
    fit(
        Classifier(),
        *loaders(),
        settings,
        callbacks=(At(13, lambda: there.append(settings.last_path.exists())),),
    )
    assert there == [False]
    assert checkpoint_module.load(settings.last_path)["callbacks"]["Keeper"]["steps"] == 18


def test_step_numbers_count_on_over_epochs_and_are_for_any_number_of_processes() -> None:
    numbers, order = ordered(StepNumbers(5), seed=0, here=Environment(rank=1, world=2, local_world=2))
    assert list(numbers) == [0, 1, 2, 3, 4]
    order.begin_at(2, 3)
    assert list(numbers) == [13, 14]
    order.set_epoch(3)
    assert list(numbers) == [15, 16, 17, 18, 19]


def test_one_network_follows_another_by_a_share_and_counters_are_copied() -> None:
    average, current = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    current.weight.data += 1.0
    assert current.running_mean is not None
    assert current.num_batches_tracked is not None
    current.running_mean.add_(2.0)
    current.num_batches_tracked.add_(3)
    follow(average, current, 0.25)
    assert average.weight.tolist() == [1.25, 1.25]
    assert average.get_buffer("running_mean").tolist() == [0.5, 0.5]
    assert int(average.get_buffer("num_batches_tracked")) == 3
    follow(average, current, 0.0, buffers=False)
    assert average.get_buffer("running_mean").tolist() == [2.0, 2.0]


def test_the_best_checkpoint_tells_all_that_was_validated(tmp_path: Path) -> None:
    report = fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=1))
    best = checkpoint_module.load(report.best_path, ("state_dict", "figures"))
    assert best["figures"]["val_loss"] == best["figure"] == report.history[0]["val_loss"]
    assert "current_model_state" not in best


def test_a_loader_that_can_be_read_once_is_refused(tmp_path: Path) -> None:
    train, validate = loaders()
    with pytest.raises(TrainingError, match="read once only"):
        fit(Classifier(), iter(train), validate, settings_in(tmp_path))


def test_without_validation_the_latest_weights_are_the_best(tmp_path: Path) -> None:
    module = Classifier()
    report = fit(module, loaders()[0], None, settings_in(tmp_path))
    assert same_weights(load_best(Classifier(), report), module)
    assert dataclasses.replace(report).epochs == 3


def test_lightning_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fit(Classifier(), *loaders(), settings_in(tmp_path, max_epochs=1))
    shown = capfd.readouterr()
    assert shown.out == ""
    assert (
        "epoch" not in shown.err.replace("chromesthesia", "").lower() or "lightning" not in shown.err.lower()
    )
