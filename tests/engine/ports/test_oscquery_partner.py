"""OSCQuery clients that are not ours, from PyPI and npm, read the whole tree and steer a running control loop.

python-oscquery reads nodes and HOST_INFO, python-osc and the `websockets` client send and listen; `oscquery` of npm
reads the same where node is installed (see `tests/engine/ports/oscquery_npm.cjs`).
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient
from websockets.sync.client import connect

from chromesthesia.params.actions import ACTIONS
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.testing.oscquery import RunningShow, running_show

TIMEOUT_S = 20.0
HERE = Path(__file__).resolve().parent


@pytest.fixture
def show() -> Iterator[RunningShow]:
    with running_show() as running:
        yield running


@pytest.fixture
def client(show: RunningShow) -> Any:
    """python-oscquery's client, given what mDNS would tell."""
    pytest.importorskip("requests", reason="python-oscquery needs requests")
    module = pytest.importorskip("pythonoscquery.osc_query_client", reason="python-oscquery is not installed")
    from zeroconf import ServiceInfo

    kind = "_oscjson._tcp.local."
    return module.OSCQueryClient(
        ServiceInfo(kind, f"show.{kind}", port=show.number, addresses=[socket.inet_aton("127.0.0.1")])
    )


def test_python_oscquery_reads_host_info_and_every_setting(client: Any, show: RunningShow) -> None:
    info = client.get_host_info()
    assert info.name.startswith("Chromesthesia")
    assert (info.osc_ip, info.osc_port, info.osc_transport) == ("127.0.0.1", show.number, "UDP")
    assert info.extensions["LISTEN"] is True
    for param in PARAMETERS:
        if not param.writable:
            continue
        node = client.query_node(param.path)
        kind = {"f": float, "i": int, "T": bool, "s": str}[param.type_tag]
        assert node.type == [kind], param.path
        assert node.description == param.description
        assert node.access.value == int(param.access)
        assert node.value == [show.tree.snapshot()[param.path]]
    assert client.query_node("/nowhere") is None


def test_what_it_reads_is_steered_over_udp_and_heard_over_websocket(client: Any, show: RunningShow) -> None:
    info = client.get_host_info()
    node = client.query_node("/look/flow/amount")
    with connect(f"ws://127.0.0.1:{show.number}", open_timeout=TIMEOUT_S) as socket_:
        socket_.send(json.dumps({"COMMAND": "LISTEN", "DATA": node.full_path}))
        assert heard(socket_).params == [pytest.approx(node.value[0])]
        SimpleUDPClient(info.osc_ip, info.osc_port).send_message(node.full_path, 0.625)
        assert heard(socket_).params == [0.625]
        with connect(f"ws://127.0.0.1:{show.number}", open_timeout=TIMEOUT_S) as other:
            builder = OscMessageBuilder(node.full_path)
            builder.add_arg(0.375)
            other.send(builder.build().dgram)
            message = heard(socket_)
    assert (message.address, message.params) == ("/look/flow/amount", [0.375])
    assert client.query_node("/look/flow/amount").value == [0.375]


def heard(socket_: Any) -> OscMessage:
    return OscMessage(socket_.recv(timeout=TIMEOUT_S))


@pytest.mark.npm_oscquery
def test_npm_oscquery_reads_host_info_and_the_whole_tree(show: RunningShow) -> None:
    node = shutil.which("node")
    assert node is not None
    told = subprocess.run(
        [node, str(HERE / "oscquery_npm.cjs"), str(show.number)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    read = json.loads(told.stdout)
    assert read["hostInfo"]["oscPort"] == show.number
    assert read["hostInfo"]["extensions"]["LISTEN"] is True
    methods = {method["full_path"]: method for method in read["methods"]}
    assert {param.path for param in PARAMETERS} | {action.path for action in ACTIONS} <= set(methods)
    flow = methods["/look/flow/amount"]["arguments"][0]
    assert flow["type"] == "f"
    assert flow["range"]["max"] == 1.0
    assert flow["clipmode"] == "both"
    assert flow["value"] == pytest.approx(0.15)
