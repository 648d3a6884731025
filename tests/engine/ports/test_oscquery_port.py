"""A show's parameters, readings and actions in the OSCQuery tree, and how the port tells their changes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from math import inf, isinf
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from chromesthesia.control.commands import AddParameters, RemoveParameters, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import NetworkError
from chromesthesia.params.actions import ACTIONS
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Choice, Number, Value
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.twins import twins
from chromesthesia.params.values import coerce
from chromesthesia.ports.osc.codec import OscMessage, decode, encode_message
from chromesthesia.ports.oscquery.adapter import ShowNodes
from chromesthesia.ports.oscquery.answers import describe
from chromesthesia.ports.oscquery.endpoints import listen, open_oscquery
from chromesthesia.ports.oscquery.nodes import READ_WRITE, WRITE, Space
from chromesthesia.testing.oscquery import TWO_PRESETS as PRESETS
from chromesthesia.testing.oscquery import RunningShow, free_port, running_show

TIMEOUT_S = 20.0
RIPPLES = (
    Number("/isf/ripples/speed", 1.0, "How fast they run", low=0.0, high=4.0, unit="Hz", routable=True),
    Choice("/isf/ripples/shape", "ring", "What they are", choices=("ring", "line")),
)


def show_nodes() -> tuple[ShowNodes, ParameterTree, Controller]:
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PRESETS)
    return ShowNodes(tree, controller), tree, controller


def test_every_parameter_reading_twin_and_action_is_a_node_and_nothing_else() -> None:
    nodes, _, _ = show_nodes()
    wanted = {"/"} | {param.path for param in PARAMETERS} | {action.path for action in ACTIONS}
    wanted |= {twin.address for param in PARAMETERS for twin in twins(param)}
    assert set(nodes.nodes()) == wanted
    assert not any(path == "/panel" or path.startswith("/panel/") for path in wanted), "the panel's own"
    Space(nodes.nodes())


@pytest.mark.parametrize("param", PARAMETERS, ids=lambda param: param.path)
def test_a_parameter_is_told_as_it_is_declared(param: Number) -> None:
    nodes, _, _ = show_nodes()
    nodes.readings = {each.path: each.default for each in PARAMETERS if not each.writable}
    told = describe(Space(nodes.nodes()), param.path, nodes.value)
    assert told["TYPE"] == param.type_tag
    assert told["ACCESS"] == int(param.access)
    assert told["VALUE"] == [param.default]
    assert told["DESCRIPTION"] == param.description
    spans = told.get("RANGE")
    if param.choices:
        assert spans == [{"VALS": list(param.choices)}]
    elif param.is_number and (param.low is not None or param.high is not None):
        assert isinstance(spans, list)
        assert (spans[0].get("MIN"), spans[0].get("MAX")) == (param.low, param.high)
        if not param.is_float:
            assert all(isinstance(end, int) for end in spans[0].values())
    else:
        assert spans is None
    assert ("UNIT" in told) == bool(param.unit)
    assert told.get("CLIPMODE") == ([param.clip.value] if param.is_number and param.writable else None)
    for overload in told.get("OVERLOADS", ()):  # type: ignore[attr-defined]
        sent = {"i": 1, "f": 1.0}[overload["TYPE"]]
        coerce(param, sent)  # what it says that it takes it takes


def test_units_are_the_proposals_where_it_has_one() -> None:
    nodes, _, _ = show_nodes()
    tree = nodes.nodes()
    assert tree["/emotion/response_s"].units == ("time.second",)
    assert tree["/status/latency_ms"].units == ("time.ms",)
    assert tree["/generator/rate_hz"].units == ("time.hz",)
    assert tree["/look/grade/hue"].units == ("angle.degree",)
    assert tree["/audio/gate_dbfs"].units == ("dBFS",)


def test_actions_say_what_they_take() -> None:
    nodes, _, _ = show_nodes()
    tree = nodes.nodes()
    load = tree["/preset/load"]
    assert (load.type_tags, load.access) == ("s", WRITE)
    assert load.spans[0] is not None
    assert load.spans[0].choices == ("Ember", "Ink")
    assert [(each.type_tags, each.spans[0] and each.spans[0].choices) for each in load.overloads] == [
        ("i", (0, 1))
    ]
    morph = tree["/preset/morph"]
    assert morph.type_tags == "sf"
    assert [each.type_tags for each in morph.overloads] == ["si", "if", "ii"]
    button = tree["/preset/next"]
    assert button.type_tags == "N"
    assert [each.type_tags for each in button.overloads] == ["i", "f", "T"]
    assert all(len(node.spans) in (0, len(node.type_tags)) for node in tree.values())
    assert {path for path, node in tree.items() if node.critical} == {
        "/master/blackout",
        "/safe",
        "/room/reset",
    }


def test_a_choice_has_its_number_at_its_twin() -> None:
    nodes, tree, _ = show_nodes()
    param = next(param for param in PARAMETERS if len(param.choices) > 1)
    tree.write(param.path, param.choices[1], "test")
    assert nodes.value(param.path) == (param.choices[1],)
    assert nodes.value(f"{param.path}_index") == (1,)
    twin = nodes.nodes()[f"{param.path}_index"]
    assert (twin.type_tags, twin.access) == ("i", READ_WRITE)
    assert nodes.value(f"{param.path}_nudge") is None


def test_the_nodes_are_another_object_only_when_something_came_or_went() -> None:
    nodes, tree, controller = show_nodes()
    first = nodes.nodes()
    tree.write("/look/flow/amount", 0.5, "test")
    assert nodes.nodes() is first
    tree.add("/isf/ripples", RIPPLES)
    second = nodes.nodes()
    assert second is not first
    assert second["/isf/ripples/shape"].spans[0] is not None
    controller.take_library(PresetLibrary((Preset("Ink"),)))
    spans = nodes.nodes()["/preset/load"].spans
    assert spans[0] is not None
    assert spans[0].choices == ("Ink",)


def connected(show: RunningShow) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{show.number}/", open_timeout=TIMEOUT_S, compression=None)


def wish(client: ClientConnection, path: str) -> None:
    client.send(json.dumps({"COMMAND": "LISTEN", "DATA": path}))


def heard(client: ClientConnection) -> OscMessage | Mapping[str, object]:
    frame = client.recv(timeout=TIMEOUT_S)
    if isinstance(frame, str):
        told = json.loads(frame)
        assert isinstance(told, dict)
        return told
    message = decode(frame)
    assert isinstance(message, OscMessage)
    return message


def test_a_fader_moves_both_ways_and_hears_no_echo() -> None:
    with running_show() as show, connected(show) as mine, connected(show) as other:
        for client in (mine, other):
            wish(client, "/look/flow/amount")
            heard(client)
        mine.send(encode_message("/look/flow/amount", (0.5,)))
        assert heard(other) == OscMessage("/look/flow/amount", (0.5,))
        show.controller.post(SetParameter("/look/flow/amount", 0.25, "keyboard"))
        assert heard(other) == OscMessage("/look/flow/amount", (0.25,))
        assert heard(mine) == OscMessage("/look/flow/amount", (0.25,)), "not its own 0.5"
        mine.send(encode_message("/look/flow/amount", (7.0,)))
        assert heard(mine) == OscMessage("/look/flow/amount", (1.0,)), "what became of it is no echo"
        assert heard(other) == OscMessage("/look/flow/amount", (1.0,))


def test_what_comes_by_websocket_can_be_overheard_like_all_osc() -> None:
    heard_of: list[tuple[bytes, str]] = []
    packet = encode_message("/look/flow/amount", (0.5,))
    with running_show() as show, connected(show) as client:
        (reader,) = show.port.readers
        reader.overheard = lambda packet, source: heard_of.append((packet, source))
        client.send(packet)
        wish(client, "/look/flow/angle")
        wish(client, "/status/fps")
        heard(client)
    ((overheard, source),) = heard_of
    assert overheard == packet
    assert source.startswith("osc:ws:127.0.0.1:")


def test_actions_come_by_websocket_too() -> None:
    with running_show() as show, connected(show) as client:
        wish(client, "/look/flow/amount")
        heard(client)
        client.send(encode_message("/look/flow/amount", (0.5,)))
        client.send(encode_message("/preset/load", ("Ink",)))
        message = heard(client)
        assert isinstance(message, OscMessage)
        assert message.arguments[0] == pytest.approx(0.15)
        assert show.controller.current[0].name == "Ink"
        client.send(encode_message("/preset/next", (None,)))
        client.send(encode_message("/look/flow/amount", (0.75,)))
        wish(client, "/look/flow/angle")
        while show.controller.current[0].name != "Ember":
            threading.Event().wait(0.001)


def test_readings_are_told_while_listened_to_and_read_fresh_over_http() -> None:
    with running_show() as show:
        assert show.json("/status/fps?VALUE") == {"VALUE": [30.0]}
        show.readings["/status/fps"] = 25.0
        assert show.json("/status/fps?VALUE") == {"VALUE": [25.0]}
        with connected(show) as client:
            wish(client, "/status/fps")
            assert heard(client) == OscMessage("/status/fps", (25.0,))
            show.readings["/status/fps"] = 20.0
            assert heard(client) == OscMessage("/status/fps", (20.0,))


def test_parameters_that_come_and_go_are_told_to_everybody() -> None:
    with running_show() as show, connected(show) as client:
        wish(client, "/look/flow/amount")
        heard(client)
        show.controller.post(AddParameters("/isf/ripples", RIPPLES, "test"))
        assert heard(client) == {"COMMAND": "PATH_ADDED", "DATA": "/isf"}
        assert heard(client) == {"COMMAND": "PATH_CHANGED", "DATA": "/"}
        assert show.json("/isf/ripples/speed?VALUE") == {"VALUE": [1.0]}
        wish(client, "/isf/ripples/speed")
        assert heard(client) == OscMessage("/isf/ripples/speed", (1.0,))
        waves = tuple(
            Number("/isf/waves/speed", 2.0, param.description, low=0.0, high=4.0, unit="Hz", routable=True)
            if param.path.endswith("speed")
            else Choice("/isf/waves/shape", "ring", param.description, choices=param.choices)
            for param in RIPPLES
        )
        show.controller.post(
            RemoveParameters("/isf/ripples", "test"), AddParameters("/isf/waves", waves, "test")
        )
        assert heard(client) == {
            "COMMAND": "PATH_RENAMED",
            "DATA": {"OLD": "/isf/ripples", "NEW": "/isf/waves"},
        }
        assert heard(client) == {"COMMAND": "PATH_CHANGED", "DATA": "/isf"}
        assert heard(client) == OscMessage("/isf/waves/speed", (2.0,)), "it listens to the new path"


def test_another_list_of_presets_changes_the_action_that_loads_them() -> None:
    with running_show() as show, connected(show) as client:
        wish(client, "/look/flow/amount")
        heard(client)
        show.controller.take_library(PresetLibrary((Preset("Ink"), Preset("Mine"))))
        show.controller.post(SetParameter("/look/flow/amount", 0.5, "test"))
        told = [heard(client) for _ in range(3)]
        assert {"COMMAND": "PATH_CHANGED", "DATA": "/preset/load"} in told
        assert {"COMMAND": "PATH_CHANGED", "DATA": "/preset/morph"} in told
        assert OscMessage("/look/flow/amount", (0.5,)) in told


def test_while_nobody_listens_no_reading_is_taken() -> None:
    def readings() -> Mapping[str, Value]:
        raise AssertionError("nobody asked")

    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PRESETS)
    with ExitStack() as opened:
        config = ShowConfig(osc_in_port=free_port(), announce=False)
        port = open_oscquery(config, tree, controller, ManualClock(), opened)
        assert port is not None
        for number in range(100):
            port.publish(number * 0.1, [SetParameter("/look/flow/amount", 0.1, "osc:ws:x:1", "/x")], readings)
        assert isinf(port.next_s)
        assert port.next_s == inf
        assert port._notes == {}
        port.stop()


def test_a_port_that_is_taken_costs_the_panel_only_and_the_one_asked_for_is_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PRESETS)
    with listen("127.0.0.1", 0) as taken, ExitStack() as opened:
        number = int(taken.getsockname()[1])
        assert open_oscquery(ShowConfig(osc_in_port=number), tree, controller, ManualClock(), opened) is None
        assert f"TCP port {number}" in caplog.text
        assert "--query-port" in caplog.text
        with pytest.raises(NetworkError, match=f"TCP port {number}") as caught:
            open_oscquery(ShowConfig(query_port=number), tree, controller, ManualClock(), opened)
        assert "--query-port" in caught.value.remedy
        assert open_oscquery(ShowConfig(query_port=0), tree, controller, ManualClock(), opened) is None
        assert open_oscquery(ShowConfig(osc_in_port=0), tree, controller, ManualClock(), opened) is None


def test_the_network_is_never_let_in_without_a_token() -> None:
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PRESETS)
    with ExitStack() as opened, pytest.raises(ValueError, match="needs a token"):
        open_oscquery(ShowConfig(lan=True), tree, controller, ManualClock(), opened)


def test_nothing_slow_is_imported_before_a_show() -> None:
    code = (
        "import sys, chromesthesia, chromesthesia.show.live, chromesthesia.cli.app;"
        "print([name for name in ('websockets', 'zeroconf', 'segno', 'asyncio') if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert told.stdout.strip() == "[]"
