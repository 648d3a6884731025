"""A show that is open to the network: without the token each of its routes is closed, with it each is open."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.oscquery import serving
from chromesthesia.ports.panel.endpoints import Panel, open_panel
from chromesthesia.ports.panel.link import checked_token, panel_link
from chromesthesia.show.control_loop import ControlLoop
from chromesthesia.testing.oscquery import ask, free_port

TOKEN = "only-for-this-test"
LISTEN = json.dumps({"COMMAND": "LISTEN", "DATA": "/look/flow/amount"})


@pytest.fixture(scope="module")
def tree() -> ParameterTree:
    return ParameterTree(PARAMETERS)


@pytest.fixture(scope="module")
def panel(tree: ParameterTree) -> Iterator[Panel]:
    """The panel of a control loop that runs, as `--lan` opens it."""
    controller = Controller(tree, PresetLibrary((Preset("Ink"),)))
    config = ShowConfig(osc_in_port=free_port(), lan=True, token=TOKEN, announce=False)
    stop = threading.Event()
    with ExitStack() as opened:
        opened.enter_context(pytest.MonkeyPatch.context()).setattr(serving, "REQUEST_BURST", 1e9)
        panel = open_panel(config, tree, controller, SystemClock(), opened)
        assert panel is not None
        thread = threading.Thread(
            target=ControlLoop(controller, SystemClock(), [panel.port]).run, args=(stop,)
        )
        thread.start()
        yield panel
        stop.set()
        thread.join(20.0)


def routes(panel: Panel) -> list[str]:
    nodes = panel.port.nodes.nodes()
    attributes = [f"/look/flow/amount?{name}" for name in ("VALUE", "TYPE", "CONTENTS", "HTML", "HOST_INFO")]
    site = [
        "/panel",
        "/panel/",
        "/panel/preview",
        "/panel/no",
        *(f"/panel/{name}" for name in panel.site.served),
    ]
    return [*nodes, *attributes, *site, "/no", "/?HOST_INFO", "/?HTML"]


def test_without_the_token_each_route_is_closed(panel: Panel, tree: ParameterTree) -> None:
    number = panel.port.number
    before = tree.snapshot()
    for route in routes(panel):
        for headers in ({}, {"Authorization": "Bearer only-for-this-tesT"}):
            status, body, told = ask(number, route, headers)
            assert status == 401, route
            assert body == ask(number, "/no", headers)[1], "what is there and what is not look the same"
            assert "Set-Cookie" not in told
    for path in ("/", "/look/flow/amount", "/panel/preview", "/panel"):
        with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{number}{path}"):
            pass
        assert refused.value.response.status_code == 401
    assert tree.snapshot() is before
    assert panel.port.health()["packets"] == 0
    assert panel.site.preview.watchers == 0


def test_with_the_token_each_route_is_open(panel: Panel, tree: ParameterTree) -> None:
    number = panel.port.number
    headers = {"Authorization": f"Bearer {TOKEN}"}
    closed = [
        route
        for route in routes(panel)
        if not route.endswith("preview.jpg") and ask(number, route, headers)[0] in (401, 403, 500)
    ]
    assert closed == []
    with connect(f"ws://127.0.0.1:{number}/", additional_headers=headers, compression=None) as client:
        client.send(encode_message("/look/flow/amount", (0.5,)))
        client.send(LISTEN)
        with suppress(TimeoutError):
            while b"?\0\0\0" not in bytes(client.recv(timeout=20.0, decode=False)):
                pass
    assert tree.snapshot()["/look/flow/amount"] == 0.5


def test_the_link_has_the_token_only_where_one_is_needed(panel: Panel) -> None:
    assert panel.link.endswith(f":{panel.port.number}/panel/?token={TOKEN}")
    assert panel_link(9000, None) == "http://127.0.0.1:9000/panel/"


def test_a_new_token_is_hard_to_guess_and_each_is_another() -> None:
    tokens = {checked_token(None) for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 20
    assert checked_token("abcdefghijkl") == "abcdefghijkl"


@pytest.mark.parametrize(
    "token", ["", "short", "x" * 129, "with a blank in it", "semi;colon;cookie", "ünicode-token"]
)
def test_a_token_that_is_none_is_refused_and_not_told(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_token(token)
    assert not token or token not in str(caught.value)


def test_a_page_is_told_without_a_window_of_the_browser(panel: Panel) -> None:
    _, _, told = ask(panel.port.number, "/", {"X-Requested-With": "panel"})
    assert told["WWW-Authenticate"].startswith("Bearer ")
    assert ask(panel.port.number, "/")[2]["WWW-Authenticate"].startswith("Basic ")
