"""Actions: declared once, done from anywhere, listed everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from chromesthesia.control.actions import BY_PATH, command_of, commands_of
from chromesthesia.control.commands import LoadPreset, NextPreset
from chromesthesia.core.clock import ManualClock
from chromesthesia.params.actions import ACTIONS, PRESET_LOAD, PRESET_NEXT, Action
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.reference import parameters_page
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.testing.network import FakeDatagrams

BUTTONS = [action for action in ACTIONS if action.argument is None]


@pytest.mark.parametrize("action", BUTTONS, ids=lambda action: action.path)
def test_a_button_acts_when_pressed_and_not_when_let_go(action: Action) -> None:
    asked = [command_of(action, "test")]
    assert commands_of(action, (), "test") == commands_of(action, (1,), "test") == asked
    assert commands_of(action, (0,), "test") == commands_of(action, (0.0,), "test") == []
    assert asked[0].source == "test"


@pytest.mark.parametrize(("which", "asked"), [("Ink", "Ink"), (2, 2), (2.0, 2), (0, 0)])
def test_a_preset_is_asked_for_by_name_or_number(which: object, asked: object) -> None:
    assert commands_of(PRESET_LOAD, (which,), "test") == [LoadPreset(asked, "test")]  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [(), ("",), (" ",), (True,), (0.5,), (None,), (b"Ink",)])
def test_an_argument_that_is_of_no_use_is_told_from_a_button_let_go(arguments: tuple[object, ...]) -> None:
    assert commands_of(PRESET_LOAD, arguments, "test") is None


def test_every_action_is_done_over_osc_and_is_in_the_docs(repository: Path) -> None:
    posted: list[object] = []
    osc = OscInput(
        FakeDatagrams(),
        ParameterTree(PARAMETERS),
        lambda *commands, at_s=None: posted.extend(commands),
        ManualClock(),
    )
    text = (repository / "docs" / "osc.md").read_text(encoding="utf-8")
    for action in ACTIONS:
        osc.handle(encode_message(action.path, () if action.argument is None else (1,)), ("10.0.0.7", 4000))
        assert f"`{action.path}`" in text
        assert f"| `{action.path}` |" in parameters_page()
    assert len(posted) == len(ACTIONS)
    assert osc.counters.unknown == osc.counters.refused == 0
    assert NextPreset("osc:10.0.0.7:4000") in posted


def test_actions_and_parameters_have_addresses_of_their_own() -> None:
    assert list(BY_PATH) == [action.path for action in ACTIONS]
    assert not set(BY_PATH) & {param.path for param in PARAMETERS}
    assert BY_PATH["/preset/next"] is PRESET_NEXT
