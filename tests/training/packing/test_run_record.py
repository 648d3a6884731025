"""What a run was made from: kept beside it, and told by the pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from chromesthesia_training.backbones.random_features import RandomFeatures
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.packing.export_run import pack_sources
from chromesthesia_training.packing.run_record import RunRecord, read_record, write_record


def test_a_record_is_read_back_and_a_run_without_has_the_usual_one(tmp_path: Path) -> None:
    record = RunRecord(("mine",), "random")
    write_record(tmp_path / "run", record)
    assert read_record(tmp_path / "run") == record
    assert read_record(tmp_path) == RunRecord((), "squeezenet")


@pytest.mark.parametrize("text", ["{", '{"own": 3, "features": "random"}', "[]"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(TrainingError, match=r"run\.json is damaged"):
        read_record(tmp_path)


def test_a_users_folder_is_the_users_whatever_its_name() -> None:
    heard: dict[str, Any] = {"corpora": {"emodb": {}, "vgmidi": {}}}
    seen = {"data": {"paintings": "art"}}
    own = pack_sources(heard, seen, RunRecord(("emodb",)), RunRecord(("art",), "random"))
    assert [(one.name, one.licence) for one in own] == [
        ("emodb", "the user's own, not checked"),
        ("VGMIDI (piano pieces)", "not stated, research"),
        ("art", "the user's own, not checked"),
    ]
    shared = pack_sources(heard, seen, RunRecord(), RunRecord())
    assert [one.name for one in shared] == [
        "EMO-DB (German speech)",
        "VGMIDI (piano pieces)",
        "D-ViSA (abstract paintings)",
        "SqueezeNet 1.1 trained on ImageNet",
    ]


def test_a_run_that_was_not_scored_still_names_its_data() -> None:
    sources = pack_sources({}, {}, RunRecord(("sounds",)), RunRecord(("pictures",), "random"))
    assert [one.name for one in sources] == ["sounds", "pictures"]
    assert all(one.restricted for one in sources)


def test_random_features_are_the_same_everywhere_and_pass_gradients() -> None:
    picture = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    one, other = RandomFeatures(), RandomFeatures()
    maps, again = one(picture), other(picture)
    assert {name: values.shape[1] for name, values in maps.items()} == one.channels
    assert all(torch.equal(maps[name], again[name]) for name in maps)
    torch.stack([values.mean() for values in maps.values()]).sum().backward()
    assert picture.grad is not None
    assert float(picture.grad.abs().sum()) > 0
    assert not list(one.parameters())
