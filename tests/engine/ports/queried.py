"""A small tree behind a running OSCQuery server, and what a client says to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from chromesthesia.ports.osc.codec import OscMessage, decode
from chromesthesia.ports.oscquery.nodes import READ, READ_WRITE, WRITE, Item, Node, Span
from chromesthesia.ports.oscquery.site import Reply
from chromesthesia.testing.oscquery import ServedTree

TREE: Mapping[str, Node] = {
    node.path: node
    for node in (
        Node("/a/level", "how loud", "f", READ_WRITE, (Span(0.0, 1.0),)),
        Node("/a/on", "a switch", "T", READ_WRITE),
        Node("/a/name", "a text", "s", READ_WRITE),
        Node("/a/go", "now", "N", WRITE),
        Node("/b/heard", "a reading", "f", READ),
    )
}
VALUES: Mapping[str, Sequence[Item]] = {
    "/a/level": (0.25,),
    "/a/on": (True,),
    "/a/name": ("x",),
    "/b/heard": (0.5,),
}
TOKEN = "correct-horse-battery"
TIMEOUT_S = 20.0


class FakeSite:
    """A page, and a stream of two pictures."""

    prefix = "/panel"
    watching = 0

    async def get(self, path: str) -> Reply | None:
        return {"/panel/": Reply(200, b"<html>", "text/html; charset=utf-8")}.get(path)

    def stream(self, path: str) -> AsyncGenerator[bytes, None] | None:
        return self._pictures() if path == "/panel/preview" else None

    async def _pictures(self) -> AsyncGenerator[bytes, None]:
        self.watching += 1
        try:
            yield b"one"
            yield b"two"
            await asyncio.Event().wait()
        finally:
            self.watching -= 1


def open_socket(
    tree: ServedTree, path: str = "/", headers: Mapping[str, str] | None = None
) -> ClientConnection:
    return connect(
        f"ws://127.0.0.1:{tree.port}{path}",
        additional_headers=headers,
        open_timeout=TIMEOUT_S,
        close_timeout=TIMEOUT_S,
        compression=None,
    )


def status_of(tree: ServedTree, path: str = "/", headers: Mapping[str, str] | None = None) -> int:
    """The status with which a WebSocket is refused."""
    with pytest.raises(InvalidStatus) as refused, open_socket(tree, path, headers):
        pass
    return refused.value.response.status_code


def wish(socket: ClientConnection, command: str, path: str) -> None:
    socket.send(json.dumps({"COMMAND": command, "DATA": path}))


def heard(socket: ClientConnection) -> OscMessage:
    packet = socket.recv(timeout=TIMEOUT_S)
    assert isinstance(packet, bytes)
    message = decode(packet)
    assert isinstance(message, OscMessage)
    return message
