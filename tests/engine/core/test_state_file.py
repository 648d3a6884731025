"""A state survives a power cut at any byte, and one that is none is never in the way of a start."""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chromesthesia.core.errors import PresetError
from chromesthesia.core.safe_write import replace_file
from chromesthesia.core.state_file import KEPT_BAD, LIMIT_BYTES, StateError, StateFile
from chromesthesia.testing.power import STEP_COST, CutDisk, PowerCutError


def checked(table: Mapping[str, Any]) -> int:
    number = table["number"]
    if number != len(table["filling"]):
        raise ValueError("half of one and half of another")
    return int(number)


def table(number: int) -> dict[str, Any]:
    return {"number": number, "filling": "x" * number}


def state_file(folder: Path, **more: Any) -> StateFile:
    return StateFile(folder / "live.json", "a test's state", 3, **more)


def test_two_hundred_power_cuts_leave_the_newest_state_or_the_one_before(tmp_path: Path) -> None:
    chance = random.Random(7)
    kept = [100]
    state_file(tmp_path).write(table(100))
    cuts = {"cut": 0, "new": 0, "old": 0}
    while cuts["cut"] < 200:
        number = chance.randint(1, 3000)
        whole = len(json.dumps(table(number))) + 40 + 5 * STEP_COST
        disk = CutDisk(chance.uniform(1, whole + STEP_COST), chance)
        try:
            state_file(tmp_path, files=disk).write(table(number))
            kept = [number]
        except PowerCutError:
            cuts["cut"] += 1
            kept = [kept[0], number]
        found = state_file(tmp_path).read(checked)
        assert found in kept
        cuts["new" if found == number else "old"] += 1
        kept = [found]
        assert [path.name for path in tmp_path.iterdir()] == ["live.json"], "nothing half-written stays"
    assert min(cuts.values()) > 5, "cuts before and after the rename were among them"


def test_every_single_byte_and_step_may_be_the_last(tmp_path: Path) -> None:
    state_file(tmp_path).write(table(3))
    before = (tmp_path / "live.json").read_bytes()
    whole = len(before) + 5 * STEP_COST
    for budget in range(1, whole + STEP_COST):
        with contextlib.suppress(PowerCutError):
            state_file(tmp_path, files=CutDisk(budget, random.Random(budget))).write(table(4))
        assert state_file(tmp_path).read(checked) in (3, 4)
        (tmp_path / "live.json").write_bytes(before)


@pytest.mark.parametrize("path", ["midi.toml", "look.toml", "live.json"])
def test_whatever_is_replaced_is_on_the_disk_before_it_takes_the_name(tmp_path: Path, path: str) -> None:
    steps: list[str] = []

    class Told(CutDisk):
        def sync(self, file: Any) -> None:
            steps.append("sync")
            super().sync(file)

        def replace(self, partial: Path, target: Path) -> None:
            steps.append("replace")
            super().replace(partial, target)

        def sync_folder(self, folder: Path) -> None:
            steps.append("sync folder")
            super().sync_folder(folder)

    replace_file(tmp_path / path, b"content", PresetError, Told(1e9, random.Random(1)))
    assert steps == ["sync", "replace", "sync folder"]


def test_a_file_keeps_the_rights_that_any_other_would_have(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    replace_file(tmp_path / "midi.toml", b"x", PresetError)
    modes = {(tmp_path / name).stat().st_mode for name in ("other", "midi.toml")}
    assert len(modes) == 1


BAD: dict[str, bytes] = {
    "empty": b"",
    "truncated": json.dumps({"kind": "a test's state", "schema": 3, **table(30)}).encode()[:-20],
    "zeros": b"\0" * 500,
    "foreign": json.dumps({"kind": "another", "schema": 3}).encode(),
    "a list": b"[1, 2]",
    "newer": json.dumps({"kind": "a test's state", "schema": 4, **table(3)}).encode(),
    "too old": json.dumps({"kind": "a test's state", "schema": 1, **table(3)}).encode(),
    "no version": json.dumps({"kind": "a test's state", **table(3)}).encode(),
    "odd version": json.dumps({"kind": "a test's state", "schema": True, **table(3)}).encode(),
    "inconsistent": json.dumps({"kind": "a test's state", "schema": 3, "number": 2, "filling": ""}).encode(),
    "incomplete": json.dumps({"kind": "a test's state", "schema": 3}).encode(),
    "of other types": json.dumps({"kind": "a test's state", "schema": 3, "number": 1, "filling": 1}).encode(),
    "deep": b"[" * 100_000,
    "large": b" " * (LIMIT_BYTES + 10),
    "a long number": b'{"kind": "a test\'s state", "schema": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_state_is_set_aside_with_a_message(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "live.json"
    path.write_bytes(BAD[kind])
    assert state_file(tmp_path).read(checked) is None
    assert (tmp_path / "live.json.bad-1").read_bytes() == BAD[kind]
    assert not path.exists()
    assert "live.json is no state (" in caplog.text
    assert "set aside as live.json.bad-1" in caplog.text
    state_file(tmp_path).write(table(5))
    assert state_file(tmp_path).read(checked) == 5


def test_a_folder_or_a_link_to_nowhere_is_set_aside_too(tmp_path: Path) -> None:
    (tmp_path / "live.json").mkdir()
    assert state_file(tmp_path).read(checked) is None
    (tmp_path / "live.json").symlink_to(tmp_path / "nowhere" / "at all")
    assert state_file(tmp_path).read(checked) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live.json.bad-1", "live.json.bad-2"]


def test_few_of_what_was_set_aside_are_kept(tmp_path: Path) -> None:
    for number in range(1, 12):
        (tmp_path / "live.json").write_bytes(b"%d" % number)
        state_file(tmp_path).read(checked)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(f"live.json.bad-{number}" for number in range(12 - KEPT_BAD, 12))


def test_an_older_version_is_brought_to_this_one(tmp_path: Path) -> None:
    old = StateFile(tmp_path / "live.json", "a test's state", 1)
    old.write({"count": 2})

    def renamed(table: dict[str, Any]) -> dict[str, Any]:
        return {"number": table["count"]}

    def filled(table: dict[str, Any]) -> dict[str, Any]:
        return {**table, "filling": "x" * table["number"]}

    assert state_file(tmp_path, upgrades={1: renamed, 2: filled}).read(checked) == 2


def test_a_state_that_is_too_large_is_refused_and_the_one_before_stays(tmp_path: Path) -> None:
    state = state_file(tmp_path, limit_bytes=500)
    state.write(table(3))
    with pytest.raises(StateError, match="at most 500"):
        state.write(table(600))
    with pytest.raises(ValueError, match="not JSON compliant"):
        state.write({"number": float("nan")})
    assert state.read(checked) == 3


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a folder that refuses")
def test_a_folder_that_refuses_is_no_failed_start(tmp_path: Path) -> None:
    (tmp_path / "live.json").write_bytes(b"nothing")
    tmp_path.chmod(0o500)
    try:
        assert state_file(tmp_path).read(checked) is None
        with pytest.raises(StateError, match="cannot write"):
            state_file(tmp_path).write(table(1))
    finally:
        tmp_path.chmod(0o700)


def test_a_place_that_cannot_be_is_no_failed_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    state = StateFile(tmp_path / "file" / "live.json", "a test's state", 3)
    assert state.read(checked) is None
    with pytest.raises(StateError, match="cannot write"):
        state.write(table(1))
