"""Fuzz of HTTP requests and WebSocket frames: one answer each, bounded work, bounded memory, a log that cannot fill.

The parts behind the sockets are tried with very many inputs, then a running server with requests and frames.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzzing import growth_bytes, in_time, settings_for
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from chromesthesia.control.controller import Controller
from chromesthesia.control.waiting import QUEUE_LIMIT
from chromesthesia.core.clock import ManualClock
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.values import in_range
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.oscquery.adapter import ShowNodes
from chromesthesia.ports.oscquery.answers import address_of, answer, split_target
from chromesthesia.ports.oscquery.commands import CommandError, parse_wish
from chromesthesia.ports.oscquery.gate import Gate, without_token
from chromesthesia.ports.oscquery.nodes import Space
from chromesthesia.ports.panel.log_lines import LogLines
from chromesthesia.ports.panel.preview import Preview
from chromesthesia.ports.panel.site import PanelSite
from chromesthesia.testing.oscquery import RunningShow, raw, running_show

fuzz = settings_for()
TREE = ParameterTree(PARAMETERS)
CONTROLLER = Controller(TREE, PresetLibrary((Preset("Ink"),)))
NODES = ShowNodes(TREE, CONTROLLER)
SPACE = Space(NODES.nodes())
SITE = PanelSite(CONTROLLER, Preview(), LogLines())
TOKEN = "correct-horse-battery"
PARTS = ["/", "..", ".", "%2e", "%2f", "%00", "%", "look", "panel", "*", "\\", "a" * 50]

texts = st.text(max_size=60)
messages = st.sampled_from(list(SPACE.nodes)).map(lambda path: encode_message(path, (0.5,)))
paths = st.one_of(
    st.sampled_from(list(SPACE.nodes)),
    st.lists(
        st.sampled_from(["/", "..", ".", "%2e", "%2f", "%00", "%", "look", "panel", "*", "\\", "a" * 50]),
        max_size=30,
    ).map(lambda parts: "/" + "".join(parts)),
    texts.map(lambda text: "/" + text),
    texts,
)
queries = st.lists(
    st.one_of(
        st.sampled_from(
            ["VALUE", "RANGE", "HOST_INFO", "HTML", "CONTENTS", "token=x", "&", "=", "%", "value"]
        ),
        texts,
    ),
    max_size=6,
).map("&".join)
targets = st.builds(lambda path, query: f"{path}?{query}" if query else path, paths, queries)
headers = st.lists(
    st.tuples(
        st.sampled_from(["Host", "Origin", "Cookie", "Authorization", "Upgrade", "X"]),
        st.one_of(
            texts,
            st.sampled_from(
                [
                    "localhost",
                    "127.0.0.1:1",
                    "http://localhost",
                    "Bearer x",
                    "Basic eA==",
                    "chromesthesia_1=x",
                    "websocket",
                ]
            ),
        ),
    ),
    max_size=5,
)
wishes = st.one_of(
    texts,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), texts, paths),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["COMMAND", "DATA", "X"]), inner, max_size=3),
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value)),
    st.builds(
        lambda command, data: json.dumps({"COMMAND": command, "DATA": data}),
        st.sampled_from(["LISTEN", "IGNORE", "PATH_CHANGED"]),
        paths,
    ),
)


@dataclass
class Headers:
    """Headers of a request."""

    pairs: Sequence[tuple[str, str]]

    def get_all(self, name: str) -> Sequence[str]:
        return [value for key, value in self.pairs if key.casefold() == name.casefold()]


@fuzz
@given(targets)
def test_fuzz_targets_have_one_answer(target: str) -> None:
    with in_time():
        path, query = split_target(target)
        told = answer(address_of(path), without_token(query), SPACE, NODES.value, dict)
    assert told.status in (200, 204, 400, 404)
    assert (told.body is None) == (told.status != 200)
    if told.body is not None:
        json.dumps(told.body, allow_nan=False)


@fuzz
@given(targets)
def test_fuzz_panel_paths_lead_to_nothing_but_its_own(target: str) -> None:
    path, _ = split_target("/panel" + target)
    if path == "/panel/preview.jpg":
        return
    with in_time():
        reply = asyncio.run(SITE.get(path))
    own = path.removeprefix("/panel/")
    assert reply is None or path == "/panel" or own == "" or own in SITE.served, path


@fuzz
@given(headers, queries)
def test_fuzz_nobody_comes_in_without_the_token(pairs: list[tuple[str, str]], query: str) -> None:
    gate = Gate(1, TOKEN, ("studio",), lan=True)
    with in_time():
        refusal = gate.refusal(Headers(pairs), query)
        Gate(1, None, ("studio",)).refusal(Headers(pairs), query)
    assert refusal is not None
    assert refusal.status in (400, 401, 403)


@fuzz
@given(wishes)
def test_fuzz_wishes_are_taken_or_one_error(text: str) -> None:
    with in_time():
        try:
            wish = parse_wish(text)
        except CommandError:
            return
    assert wish.command in ("LISTEN", "IGNORE")
    assert wish.path.startswith("/")


@fuzz
@given(
    st.one_of(
        st.binary(max_size=200),
        st.sampled_from(list(SPACE.nodes)).map(lambda path: encode_message(path, (0.5,))),
    )
)
def test_fuzz_binary_frames_leave_every_value_in_range(packet: bytes) -> None:
    reader = PacketReader(TREE, ManualClock())
    with in_time():
        for asked in reader.read(packet, "osc:ws:fuzz:1"):
            CONTROLLER.post(*asked.commands)
        CONTROLLER.step(0.0)
    assert CONTROLLER.waiting <= QUEUE_LIMIT
    assert all(in_range(TREE.params[path], value) for path, value in TREE.snapshot().items())


def test_fuzzed_requests_leave_no_memory_behind() -> None:
    inputs = [f"/look/{number}?VALUE&{number}" for number in range(200)] + list(SPACE.nodes)

    def ask(target: str) -> None:
        path, query = split_target(target)
        answer(address_of(path), without_token(query), SPACE, NODES.value, dict)

    assert growth_bytes(ask, inputs) < 20_000


# -- a running server ------------------------------------------------------------------------------------------------

server_fuzz = settings_for(40)


@pytest.fixture(scope="module")
def show() -> Iterator[RunningShow]:
    with running_show(site=SITE) as running:
        yield running


@pytest.fixture(autouse=True)
def bounded(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever was sent, the log stays short."""
    with caplog.at_level(logging.DEBUG, "chromesthesia"):
        yield
    assert len(caplog.records) < 100


request_bytes = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda method, target, pairs: (
            f"{method} {target} HTTP/1.1\r\n"
            + "".join(f"{name}: {value}\r\n" for name, value in pairs)
            + "\r\n"
        ).encode(errors="replace"),
        st.sampled_from(["GET", "HEAD", "POST", "get", "", "G\x00"]),
        targets,
        headers,
    ),
)


@server_fuzz
@given(st.lists(request_bytes, min_size=5, max_size=5))
def test_fuzz_requests_to_a_running_server(show: RunningShow, requests: list[bytes]) -> None:
    for request in requests:
        answered = raw(show.number, request)
        assert b"Traceback" not in answered
        assert b" 500 " not in answered.split(b"\r\n", 1)[0]
    assert show.json("/look/flow/amount?TYPE") == {"TYPE": "f"}
    assert show.port.health()["failures"] == 0


@server_fuzz
@given(st.lists(st.one_of(wishes, st.binary(max_size=200)), min_size=20, max_size=20))
def test_fuzz_frames_to_a_running_server(show: RunningShow, frames: list[str | bytes]) -> None:
    with suppress(ConnectionClosed), connect(f"ws://127.0.0.1:{show.number}/", compression=None) as client:
        for frame in frames:
            client.send(frame)
        client.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/status/fps"}))
        client.recv(timeout=20)
    assert show.port.health()["failures"] == 0


@server_fuzz
@given(st.lists(st.binary(max_size=60), min_size=5, max_size=5))
def test_fuzz_bytes_after_the_handshake(show: RunningShow, chunks: list[bytes]) -> None:
    handshake = (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", show.number), 20) as connection:
        connection.sendall(handshake)
        assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")
        with suppress(OSError):
            for chunk in chunks:
                connection.sendall(chunk)
    assert show.json("/look/flow/amount?TYPE") == {"TYPE": "f"}
    assert show.port.health()["failures"] == 0
