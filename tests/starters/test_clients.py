"""The clients in Python and for Node read and steer a running control loop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chromesthesia.params.actions import ACTIONS
from chromesthesia.testing.oscquery import RunningShow, running_show

TIMEOUT_S = 60
FLOW = "/look/flow/amount"


@pytest.fixture
def show() -> Iterator[RunningShow]:
    with running_show() as running:
        yield running


def test_python_reads_the_tree_sets_a_value_and_hears_it(show: RunningShow, repository: Path) -> None:
    client = repository / "examples/clients/follow.py"
    there = ["--port", str(show.number), "--listen", FLOW, "--count", "2"]
    told = subprocess.run(
        [sys.executable, str(client), FLOW, "0.75", *there],
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT_S,
    ).stdout.splitlines()
    assert int(told[0].split()[0]) >= len(show.tree.params) + len(ACTIONS)
    assert [line.split()[0] for line in told[1:]] == [FLOW, FLOW]
    assert float(told[-1].split()[1]) == 0.75
    assert show.tree.snapshot()[FLOW] == 0.75


@pytest.mark.node
def test_node_sets_a_value_and_hears_what_another_moves(show: RunningShow, repository: Path) -> None:
    node = shutil.which("node")
    assert node is not None
    told = subprocess.run(
        [node, str(repository / "examples/clients/follow.mjs"), "/preset/load", "Ink"],
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT_S,
        env=os.environ | {"PORT": str(show.number), "COUNT": "5", "ONLY": "/look/grade/palette"},
    ).stdout.splitlines()
    assert {line.split()[0] for line in told} == {"/look/grade/palette", "/look/grade/palette_index"}
    assert show.controller.current[0].name == "Ink"


@pytest.mark.node
def test_node_sends_numbers_as_numbers(show: RunningShow, repository: Path) -> None:
    node = shutil.which("node")
    assert node is not None
    subprocess.run(
        [node, str(repository / "examples/clients/follow.mjs"), FLOW, "0.625"],
        check=True,
        capture_output=True,
        timeout=TIMEOUT_S,
        env=os.environ | {"PORT": str(show.number), "COUNT": "1", "ONLY": "/"},
    )
    assert show.tree.snapshot()[FLOW] == 0.625
