"""Actions: declared once, done from anywhere, listed everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from chromesthesia.control.actions import BY_PATH, command_of, commands_of
from chromesthesia.control.commands import Command, LoadPack, LoadPreset, NextPreset, Subscribe, Unsubscribe
from chromesthesia.core.clock import ManualClock
from chromesthesia.params.actions import (
    ACTIONS,
    OSC_SUBSCRIBE,
    OSC_UNSUBSCRIBE,
    PACK_LOAD,
    PRESET_LOAD,
    PRESET_MORPH,
    PRESET_NEXT,
    Action,
)
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.reference import parameters_page
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.testing.network import FakeDatagrams

BUTTONS = [action for action in ACTIONS if action.is_button]


@pytest.mark.parametrize("action", BUTTONS, ids=lambda action: action.path)
def test_a_button_acts_when_pressed_and_not_when_let_go(action: Action) -> None:
    asked = [command_of(action, "test")]
    assert commands_of(action, (), "test") == commands_of(action, (1,), "test") == asked
    for let_go in (0, 0.0, False, "0", " 0.0"):
        assert commands_of(action, (let_go,), "test") == []
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
        needed = [1 if "i" in each.kinds else "text" for each in action.arguments if not each.optional]
        osc.handle(encode_message(action.path, needed), ("10.0.0.7", 4000))
        assert f"`{action.path}`" in text
        assert f"| `{action.path}` |" in parameters_page()
    assert len(posted) == len(ACTIONS)
    assert osc.counters.unknown == osc.counters.refused == 0
    assert NextPreset("osc:10.0.0.7:4000") in posted


def test_actions_and_parameters_have_addresses_of_their_own() -> None:
    assert list(BY_PATH) == [action.path for action in ACTIONS]
    assert not set(BY_PATH) & {param.path for param in PARAMETERS}
    assert BY_PATH["/preset/next"] is PRESET_NEXT


@pytest.mark.parametrize(
    ("action", "arguments", "asked"),
    [
        (PRESET_MORPH, ("Ink", 4), LoadPreset("Ink", "t", 4.0)),
        (PRESET_MORPH, (2.0, "0.5"), LoadPreset(2, "t", 0.5)),
        (PRESET_MORPH, ("Ink", 1e9), LoadPreset("Ink", "t", 600.0)),
        (PRESET_MORPH, ("Ink",), None),
        (PRESET_MORPH, ("Ink", -1), None),
        (PRESET_MORPH, ("Ink", float("nan")), None),
        (PRESET_MORPH, (None, 1), None),
        (PACK_LOAD, ("rooms",), LoadPack("rooms", "t")),
        (PACK_LOAD, ("",), None),
        (PACK_LOAD, (3,), None),
        (PACK_LOAD, ("x" * 300,), None),
        (OSC_SUBSCRIBE, (), Subscribe(None, None, None, "t")),
        (OSC_SUBSCRIBE, ("10.0.0.7", 9001), Subscribe("10.0.0.7", 9001, None, "t")),
        (OSC_SUBSCRIBE, ("10.0.0.7", "9001", 0.1), Subscribe("10.0.0.7", 9001, 1.0, "t")),
        (OSC_SUBSCRIBE, ("10.0.0.7", 9001, 10**400), None),
        (OSC_SUBSCRIBE, ("10.0.0.7", 9001, 1e17), Subscribe("10.0.0.7", 9001, 86_400.0, "t")),
        (OSC_SUBSCRIBE, ("10.0.0.7", 9001, 0), None),
        (OSC_SUBSCRIBE, ("10.0.0.7",), None),
        (OSC_SUBSCRIBE, ("10.0.0.7", 0), None),
        (OSC_SUBSCRIBE, ("10.0.0.7", 65_536), None),
        (OSC_SUBSCRIBE, (9001,), None),
        (OSC_UNSUBSCRIBE, (), Unsubscribe(None, None, "t")),
        (OSC_UNSUBSCRIBE, ("localhost", 9001.0), Unsubscribe("localhost", 9001, "t")),
        (OSC_UNSUBSCRIBE, ("localhost", True), None),
    ],
)
def test_arguments_are_checked_where_they_come_in(
    action: Action, arguments: tuple[object, ...], asked: Command | None
) -> None:
    assert commands_of(action, arguments, "t") == (None if asked is None else [asked])
