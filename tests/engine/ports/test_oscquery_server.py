"""The server over real sockets on loopback: HTTP, WebSocket, who is let in, and what it does not let happen."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace

import pytest
from tests.engine.ports.queried import (
    TIMEOUT_S,
    TOKEN,
    TREE,
    VALUES,
    FakeSite,
    heard,
    open_socket,
    status_of,
    wish,
)
from websockets.exceptions import ConnectionClosed

from chromesthesia.ports.osc.codec import OscMessage, decode, encode_message
from chromesthesia.ports.oscquery import serving as serving_module
from chromesthesia.ports.oscquery.budget import Budget
from chromesthesia.ports.oscquery.gate import SECURITY_HEADERS
from chromesthesia.ports.oscquery.nodes import READ, READ_WRITE, Node
from chromesthesia.ports.oscquery.server import QueryServer
from chromesthesia.testing.oscquery import ServedTree, raw, served


@pytest.fixture
def tree() -> Iterator[ServedTree]:
    with served(TREE, VALUES, site=FakeSite()) as running:
        yield running


def test_the_tree_over_http(tree: ServedTree) -> None:
    assert tree.json("/a/level?VALUE") == {"VALUE": [0.25]}
    assert set(tree.json("/")["CONTENTS"]) == {"a", "b"}
    info = tree.json("/anything?HOST_INFO")
    assert (info["OSC_IP"], info["OSC_PORT"], info["OSC_TRANSPORT"]) == ("127.0.0.1", tree.port, "UDP")
    assert info["EXTENSIONS"]["LISTEN"] is True
    assert info["EXTENSIONS"]["HTML"] is True
    assert "UNIT" not in info["EXTENSIONS"], "only what it has"


@pytest.mark.parametrize(
    ("target", "status"),
    [("/no", 404), ("/a?VALUE", 204), ("/a/go?VALUE", 204), ("/a/level?NO", 400), ("/panel/no", 404)],
)
def test_error_codes_over_http(tree: ServedTree, target: str, status: int) -> None:
    told, body, headers = tree.ask(target)
    assert told == status
    assert bool(body) == (status != 204)
    assert "Traceback" not in body.decode()
    assert headers["Content-Type"] == (None if status == 204 else "text/plain; charset=utf-8")


def test_every_answer_has_the_security_headers(tree: ServedTree) -> None:
    for target, headers in (
        ("/", {}),
        ("/no", {}),
        ("/panel/", {}),
        ("/", {"Origin": "http://evil.example"}),
    ):
        _, _, told = tree.ask(target, headers)
        for name, value in SECURITY_HEADERS:
            assert told[name] == value, (target, name)
        assert "Server" not in told
        assert "Access-Control-Allow-Origin" not in told


def test_json_is_called_json(tree: ServedTree) -> None:
    _, _, headers = tree.ask("/a")
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"


def test_head_and_other_methods(tree: ServedTree) -> None:
    status, body, headers = tree.ask("/a", method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 100
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
        status, _, headers = tree.ask("/a", method=method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_html_leads_to_the_panel(tree: ServedTree) -> None:
    status, _, headers = tree.ask("/?HTML")
    assert (status, headers["Location"]) == (303, "/panel/")
    assert tree.ask("/a/level?HTML")[0] == 404
    with served(TREE) as bare:
        assert bare.ask("/?HTML")[0] == 404
        assert "HTML" not in bare.json("/?HOST_INFO")["EXTENSIONS"]


def test_a_listener_hears_the_value_now_and_whenever_it_changes(tree: ServedTree) -> None:
    with open_socket(tree) as client:
        wish(client, "LISTEN", "/a/level")
        assert heard(client) == OscMessage("/a/level", (0.25,))
        tree.server.tell({"/a/level": (0.5,), "/a/on": (False,)}, {})
        assert heard(client) == OscMessage("/a/level", (0.5,))
        wish(client, "LISTEN", "/a/on")
        assert heard(client) == OscMessage("/a/on", (True,))
        wish(client, "LISTEN", "/a/name")
        assert heard(client) == OscMessage("/a/name", ("x",))
        wish(client, "IGNORE", "/a/level")
        wish(client, "IGNORE", "/a/name")
        wish(client, "LISTEN", "/b/heard")
        assert heard(client) == OscMessage("/b/heard", (0.5,))
        tree.server.tell({"/a/level": (0.75,), "/a/on": (False,)}, {})
        assert heard(client) == OscMessage("/a/on", (False,)), "the level is ignored now"


def test_what_a_client_sends_is_received_and_only_that_value_is_kept_back_from_it(tree: ServedTree) -> None:
    with open_socket(tree) as mine, open_socket(tree) as other:
        for client in (mine, other):
            wish(client, "LISTEN", "/a/level")
            heard(client)
        mine.send(encode_message("/a/level", (0.5,)))
        wish(mine, "LISTEN", "/a/name")
        heard(mine)
        ((packet, source),) = tree.packets
        assert decode(packet) == OscMessage("/a/level", (0.5,))
        tree.server.tell({"/a/level": (0.5,)}, {(source, "/a/level"): 0.5})
        assert heard(other) == OscMessage("/a/level", (0.5,))
        tree.server.tell({"/a/level": (0.625,)}, {})
        assert heard(mine) == OscMessage("/a/level", (0.625,)), "the next that it hears is somebody else's"


def test_changes_of_the_tree_are_told_and_followed(tree: ServedTree) -> None:
    with open_socket(tree) as client:
        wish(client, "LISTEN", "/b/heard")
        heard(client)
        tree.nodes.tree = {
            **{path: node for path, node in TREE.items() if path != "/b/heard"},
            "/c/heard": Node("/c/heard", "another", "f", READ),
            "/d": Node("/d", "new", "i", READ_WRITE),
        }
        tree.server.tell({"/c/heard": (0.75,)}, {})
        assert [json.loads(client.recv(timeout=TIMEOUT_S)) for _ in range(4)] == [
            {"COMMAND": "PATH_REMOVED", "DATA": "/b"},
            {"COMMAND": "PATH_ADDED", "DATA": "/c"},
            {"COMMAND": "PATH_ADDED", "DATA": "/d"},
            {"COMMAND": "PATH_CHANGED", "DATA": "/"},
        ]
    with open_socket(tree) as client:
        wish(client, "LISTEN", "/d")
        wish(client, "LISTEN", "/a/level")
        assert heard(client).address == "/a/level"
        renamed = dict(tree.nodes.tree)
        renamed["/e"] = replace(renamed.pop("/d"), path="/e")
        tree.nodes.tree = renamed
        tree.server.tell({"/e": (7,)}, {})
        assert json.loads(client.recv(timeout=TIMEOUT_S)) == {
            "COMMAND": "PATH_RENAMED",
            "DATA": {"OLD": "/d", "NEW": "/e"},
        }
        assert json.loads(client.recv(timeout=TIMEOUT_S)) == {"COMMAND": "PATH_CHANGED", "DATA": "/"}
        assert heard(client) == OscMessage("/e", (7,)), "it goes on listening"


def test_a_client_may_have_bundles(tree: ServedTree) -> None:
    with open_socket(tree, "/?bundle") as client:
        wish(client, "LISTEN", "/a/level")
        assert bytes(client.recv(timeout=TIMEOUT_S, decode=False)).startswith(b"#bundle\0")


def test_wishes_that_cannot_be_are_counted_and_the_client_stays(tree: ServedTree) -> None:
    with open_socket(tree) as client:
        for text in (
            "nonsense",
            '{"COMMAND": "LISTEN", "DATA": "/no"}',
            '{"COMMAND": "LISTEN", "DATA": "/a"}',
        ):
            client.send(text)
        wish(client, "LISTEN", "/a/level")
        assert heard(client).address == "/a/level"
        assert tree.server.counts()["unknown"] == 3


def test_readings_are_taken_while_somebody_asks_and_not_otherwise() -> None:
    with served(TREE, VALUES, fresh_s=TIMEOUT_S) as tree:
        _ask_for_a_reading(tree)


def _ask_for_a_reading(tree: ServedTree) -> None:
    asked = threading.Event()
    finished = threading.Event()
    answers: list[object] = []

    def ask() -> None:
        answers.append(tree.json("/b/heard?VALUE"))
        finished.set()

    assert not tree.server.busy
    asking = threading.Thread(target=ask)
    asking.start()
    while not tree.server.busy and not finished.is_set():
        asked.wait(0.001)
    tree.nodes.values["/b/heard"] = (0.875,)
    tree.server.tell({}, {})
    assert finished.wait(TIMEOUT_S)
    asking.join(TIMEOUT_S)
    assert answers == [{"VALUE": [0.875]}]
    assert not tree.server.busy


def test_pictures_are_streamed_and_nothing_else_lies_below_the_site(tree: ServedTree) -> None:
    with open_socket(tree, "/panel/preview") as client:
        assert client.recv(timeout=TIMEOUT_S) == b"one"
        client.send(encode_message("/a/level", (0.5,)))
        assert client.recv(timeout=TIMEOUT_S) == b"two"
        assert tree.packets == [], "who watches does not steer"
    site = tree.server.site
    assert isinstance(site, FakeSite)
    while site.watching or tree.server.counts()["clients"]:
        threading.Event().wait(0.001)
    assert status_of(tree, "/panel/other") == 404


# -- who is let in -------------------------------------------------------------------------------------------------

ROUTES = (
    "/",
    "/a",
    "/a/level",
    "/a/level?VALUE",
    "/?HOST_INFO",
    "/?HTML",
    "/panel",
    "/panel/",
    "/panel/preview",
    "/panel/no",
    "/no",
    "//",
    "/%2e%2e/",
)


def test_without_the_token_nothing_is_read_or_changed() -> None:
    wrong = [
        {},
        {"Authorization": "Bearer wrong"},
        {"Cookie": "chromesthesia=wrong"},
        {"Authorization": "Basic Og=="},
    ]
    with served(TREE, VALUES, token=TOKEN, lan=True, site=FakeSite()) as tree:
        for headers in wrong:
            for route in ROUTES:
                for method in ("GET", "HEAD", "POST"):
                    status, body, told = tree.ask(route, headers, method)
                    assert status == 401, (route, method)
                    assert b"level" not in body
                    assert "Set-Cookie" not in told
                    assert told["WWW-Authenticate"].startswith("Basic ")
                assert status_of(tree, route, headers) == 401
        assert tree.packets == []
        assert tree.server.counts()["clients"] == 0
        assert tree.ask(f"/a/level?VALUE&token={TOKEN}")[:2] == (200, b'{"VALUE":[0.25]}')
        with open_socket(tree, f"/?token={TOKEN}") as client:
            wish(client, "LISTEN", "/a/level")
            assert heard(client) == OscMessage("/a/level", (0.25,))


def test_a_browser_keeps_the_token_and_its_address_bar_does_not() -> None:
    with served(TREE, VALUES, token=TOKEN, lan=True, site=FakeSite()) as tree:
        status, _, headers = tree.ask(f"/panel/?token={TOKEN}")
        assert (status, headers["Location"]) == (303, "/panel/")
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert tree.ask("/panel/", {"Cookie": cookie})[0] == 200
        assert tree.ask("/a", {"Cookie": cookie})[0] == 200


def test_no_header_can_be_written_through_a_path() -> None:
    with served(TREE, VALUES, token=TOKEN, lan=True, site=FakeSite()) as tree:
        status, _, headers = tree.ask(f"/panel/%0d%0aX-Evil:%201?token={TOKEN}")
        assert status == 303
        assert "X-Evil" not in headers


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
)
def test_other_sites_are_refused_over_http_and_websocket(
    tree: ServedTree, headers: Mapping[str, str]
) -> None:
    assert tree.ask("/a", headers)[0] == 403
    if "Origin" in headers:
        assert status_of(tree, "/", headers) == 403
    assert tree.server.counts()["refused"] >= 1
    own = {"Origin": f"http://127.0.0.1:{tree.port}"}
    with open_socket(tree, "/", own) as client:
        wish(client, "LISTEN", "/a/level")
        heard(client)


# -- bounds ----------------------------------------------------------------------------------------------------------


def test_more_clients_than_are_taken_are_turned_away(tree: ServedTree) -> None:
    with ExitStack() as clients:
        for _ in range(serving_module.MOST_CLIENTS):
            clients.enter_context(open_socket(tree))
        assert status_of(tree) == 503
        assert tree.server.counts()["crowded"] == 1


def test_connections_that_say_nothing_are_bounded(tree: ServedTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "MOST_CONNECTIONS", 4)
    idle = [socket.create_connection(("127.0.0.1", tree.port), TIMEOUT_S) for _ in range(4)]
    try:
        while tree.server.counts()["connections"] < 4:
            threading.Event().wait(0.001)
        one_more = socket.create_connection(("127.0.0.1", tree.port), TIMEOUT_S)
        with one_more, suppress(ConnectionResetError):
            assert one_more.recv(1) == b""
        assert tree.server.counts()["crowded"] == 1
    finally:
        for each in idle:
            each.close()
    while tree.server.counts()["connections"] > 0:
        threading.Event().wait(0.001)
    assert tree.json("/a/level?VALUE") == {"VALUE": [0.25]}


def test_requests_beyond_the_rate_wait_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "REQUEST_RATE", 1e9)
    monkeypatch.setattr(serving_module, "REQUEST_BURST", 2.0)
    waits: list[float] = []

    class Noting(Budget):
        def wait_s(self, cost: float, now_s: float) -> float:
            waits.append(super().wait_s(cost, 0.0))
            return waits[-1]

    monkeypatch.setattr(serving_module, "Budget", Noting)
    with served(TREE, VALUES) as tree:
        for _ in range(4):
            assert tree.json("/a/level?VALUE") == {"VALUE": [0.25]}
    assert [wait_s > 0.0 for wait_s in waits] == [False, False, True, True]


def test_a_budget_refills_up_to_its_burst() -> None:
    budget = Budget(10.0, 5.0)
    assert [budget.wait_s(1.0, 0.0) for _ in range(5)] == [0.0] * 5
    assert budget.wait_s(1.0, 0.0) == pytest.approx(0.1)
    assert budget.wait_s(0.0, 0.1) == 0.0
    assert budget.wait_s(5.0, 100.0) == 0.0
    assert budget.wait_s(1.0, 100.0) == pytest.approx(0.1)
    assert budget.wait_s(1.0, 50.0) == pytest.approx(0.2), "a clock that goes back gives nothing"


def test_a_client_that_does_not_read_is_dropped_and_the_others_hear_on(
    tree: ServedTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_module, "SEND_S", 0.05)
    # A text as long as one message may be, until neither end's buffers take more.
    tree.nodes.values["/a/name"] = ("x" * 60_000,)
    with open_socket(tree) as slow, open_socket(tree) as other:
        slow.recv_bufsize = 1
        wish(slow, "LISTEN", "/a/name")
        wish(other, "LISTEN", "/a/level")
        heard(other)
        number = 0
        while tree.server.counts()["slow"] == 0:
            number += 1
            tree.server.tell({"/a/name": (f"{number}" * 50_000,), "/a/level": (number / 1e6,)}, {})
            assert heard(other).address == "/a/level"
        assert tree.server.counts()["clients"] >= 1


def test_a_message_that_is_too_large_ends_the_connection(tree: ServedTree) -> None:
    with open_socket(tree) as client:
        client.send(bytes(serving_module.LARGEST_MESSAGE + 4))
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=TIMEOUT_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
    assert tree.packets == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 300 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        bytes(range(256)),
    ],
)
def test_requests_that_are_none(tree: ServedTree, request_bytes: bytes) -> None:
    answered = raw(tree.port, request_bytes)
    assert b" 200 " not in answered
    assert b"Traceback" not in answered
    assert tree.json("/a/level?VALUE") == {"VALUE": [0.25]}
    assert tree.server.counts()["failures"] == 0


def test_a_fault_of_ours_is_counted_and_the_server_goes_on(
    tree: ServedTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ill(path: str) -> None:
        raise RuntimeError("ill")

    monkeypatch.setattr(tree.nodes, "value", ill)
    with open_socket(tree) as client:
        wish(client, "LISTEN", "/a/level")
        assert tree.ask("/a/level")[0] == 500
        assert tree.ask("/a/level?TYPE")[0] in (200, 500)
    monkeypatch.undo()
    assert tree.json("/a/level?VALUE") == {"VALUE": [0.25]}
    assert tree.server.counts()["failures"] >= 2


def test_stopping_closes_clients_and_frees_the_port() -> None:
    with served(TREE, VALUES) as tree, open_socket(tree) as client:
        tree.server.stop()
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=TIMEOUT_S)
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", tree.port))


def test_a_server_that_was_never_started_can_be_stopped() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    with served(TREE) as tree:
        QueryServer(
            listening, tree.nodes, lambda packet, source: None, tree.server.gate, lambda address: {}
        ).stop()
    assert listening.fileno() == -1
