"""HTTP and WebSocket on one socket: the server's thread. What a show does beside it never waits for this."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.oscquery.answers import Answer, address_of, answer, extensions, split_target
from chromesthesia.ports.oscquery.budget import Budget
from chromesthesia.ports.oscquery.changes import NOTHING, changes
from chromesthesia.ports.oscquery.clients import Audience, Client, Frame
from chromesthesia.ports.oscquery.commands import LISTEN, CommandError, parse_wish
from chromesthesia.ports.oscquery.front import Front, Notes, Values
from chromesthesia.ports.oscquery.gate import SECURITY_HEADERS, without_token
from chromesthesia.ports.oscquery.nodes import READ, Item, Space, SpaceKeeper
from chromesthesia.ports.oscquery.site import JSON, Reply
from chromesthesia.ports.oscquery.wire import Encode, encoder

log = logging.getLogger(__name__)

MOST_CLIENTS = 32
"""Most WebSockets at a time."""
MOST_CONNECTIONS = 128
"""Most connections at a time, of whatever kind; more are closed at once."""
LARGEST_MESSAGE = 65_536
"""Most bytes of one message of a client."""
REQUEST_S = 10.0
"""A request is read and answered within this time."""
SEND_S = 5.0
"""A client that does not take what is sent within this time is dropped."""
CLIENT_RATE, TOTAL_RATE = 2000.0, 4000.0
"""Messages a second that are read of one client, and of all together; a long one counts as several."""
COST_BYTES = 256
REQUEST_RATE, REQUEST_BURST = 200.0, 400.0
"""Requests a second that are answered at once, whoever asks; more wait their turn."""
METHODS = ("GET", "HEAD")
HTML = "HTML"
BUNDLE = "bundle"


def serve_until_stopped(server: Front) -> None:
    """Body of the server's thread."""
    asyncio.run(_serve(server))


async def _serve(server: Front) -> None:
    serving = Serving(server)
    if server.serves(serving):
        await serving.run()


class Serving:
    """Everything here runs in the event loop but for `busy`, `clients` and `connections`, which any thread may read."""

    def __init__(self, server: Front) -> None:
        self.loop = asyncio.get_running_loop()
        self.connections = 0
        self._server = server
        self._source = server.source
        self._gate = server.gate
        self._site = server.site
        self._counters = server.counters
        self._space = SpaceKeeper(server.source.nodes)
        self._told_space = self._space.now()
        self._audience = Audience()
        self._encoders: dict[str, Encode] = {}
        self._total = Budget(TOTAL_RATE, TOTAL_RATE)
        self._asked = Budget(REQUEST_RATE, REQUEST_BURST)
        self._ending = asyncio.Event()
        self._fresh = asyncio.Event()
        self._asking = 0
        self._wish_log, self._fault_log = BoundedLog(log, 10.0), BoundedLog(log, 10.0)

    @property
    def busy(self) -> bool:
        """True while somebody listens, or asks for values."""
        return self._audience.listening or self._asking > 0

    @property
    def clients(self) -> int:
        """How many WebSockets are open."""
        return len(self._audience.clients)

    def end(self) -> None:
        """Serve no more."""
        self._ending.set()

    async def run(self) -> None:
        """Serve until `end`."""
        async with contextlib.AsyncExitStack() as opened:
            await opened.enter_async_context(
                serve(
                    self._client,
                    sock=self._server.listening,
                    create_connection=self._connection_class(),
                    process_request=self._request,
                    compression=None,
                    max_size=LARGEST_MESSAGE,
                    open_timeout=REQUEST_S,
                    close_timeout=SEND_S,
                    server_header=None,
                    logger=_library_log(self._fault_log),
                )
            )
            for run in self._server.parts:
                await opened.enter_async_context(run())
            await self._ending.wait()

    def _connection_class(self) -> type[ServerConnection]:
        serving = self

        class Counted(ServerConnection):
            """Closed at once when there are too many."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                serving.connections += 1
                if serving.connections > MOST_CONNECTIONS:
                    serving._counters["crowded"] += 1
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                serving.connections -= 1
                super().connection_lost(exc)

        return Counted

    # -- requests -------------------------------------------------------------------------------------------------

    async def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answers a request; None lets a WebSocket open."""
        self._counters["requests"] += 1
        head = request.method == "HEAD"
        wait_s = self._asked.wait_s(1.0, self.loop.time())
        if wait_s > 0.0:
            await asyncio.sleep(wait_s)
        try:
            path, query = split_target(request.path)
            refusal = self._gate.refusal(request.headers, query)
            if refusal is not None:
                self._counters["refused"] += 1
                scripted = bool(request.headers.get_all("X-Requested-With"))
                return _respond(Reply(refusal.status, refusal.why.encode()), head, scripted=scripted)
            if request.method not in METHODS:
                return _respond(Reply(405))
            if "websocket" in ",".join(request.headers.get_all("Upgrade")).casefold():
                return self._upgrade(connection, path, query)
            return await self._get(connection, path, query, head)
        except Exception as error:  # a fault of ours must not end the server
            self._failed(error)
            return _respond(Reply(500), head)

    def _upgrade(self, connection: ServerConnection, path: str, query: str) -> Response | None:
        if len(self._audience.clients) >= MOST_CLIENTS:
            self._counters["crowded"] += 1
            return _respond(Reply(503, b"too many clients"))
        stream: AsyncGenerator[bytes, None] | None = None
        if self._is_site(path):
            assert self._site is not None
            stream = self._site.stream(path)
            if stream is None:
                return _respond(Reply(404))
        connection.handler_kwargs = {"stream": stream, "bundles": BUNDLE in without_token(query)}
        return None

    async def _get(self, connection: ServerConnection, path: str, query: str, head: bool) -> Response:
        page = self._server.pages.get(path)
        if page is not None:
            return _respond(page(), head)
        if self._is_site(path):
            assert self._site is not None
            if self._gate.token_in(query):
                # The address bar, the history and every link then have no token.
                return _respond(Reply(303, location=quote(path)), head, cookie=self._gate.set_cookie())
            return _respond(await self._site.get(path) or Reply(404), head)
        wanted, path = without_token(query), address_of(path)
        if HTML in wanted:
            location = f"{self._site.prefix}/" if self._site is not None else ""
            return _respond(Reply(303, location=location) if location and path == "/" else Reply(404), head)
        space = self._space.now()
        if path in space and (not wanted or {"VALUE", "CONTENTS"} & set(wanted)):
            await self._wait_for_values(space, path)
        address = str(connection.local_address[0])
        told = answer(path, wanted, space, self._source.value, lambda: self._about(address))
        return _respond(_of(told), head)

    def _about(self, address: str) -> Mapping[str, object]:
        told = extensions(self._space.now())
        if self._site is not None:
            told[HTML] = True
        return {**self._server.host_info(address), "EXTENSIONS": told}

    async def _wait_for_values(self, space: Space, path: str) -> None:
        """Readings are taken only while somebody asks: let them be taken now."""
        if self._audience.listening or not (space.is_container(path) or space.node(path).access == READ):
            return
        self._fresh.clear()
        self._asking += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._server.fresh_s):
                    await self._fresh.wait()
        finally:
            self._asking -= 1

    def _is_site(self, path: str) -> bool:
        return self._site is not None and (
            path == self._site.prefix or path.startswith(f"{self._site.prefix}/")
        )

    # -- WebSockets -------------------------------------------------------------------------------------------------

    async def _client(self, connection: ServerConnection) -> None:
        kwargs = connection.handler_kwargs
        stream = kwargs["stream"]
        host, port = connection.remote_address[:2]
        client = Client(f"ws:{host}:{port}", bool(kwargs["bundles"]))
        self._audience.add(client)
        sending = asyncio.ensure_future(
            self._stream(connection, stream) if stream is not None else self._send(connection, client)
        )
        try:
            await self._hear(connection, client, only_close=stream is not None)
        finally:
            sending.cancel()
            self._audience.remove(client)

    async def _hear(self, connection: ServerConnection, client: Client, only_close: bool) -> None:
        budget = Budget(CLIENT_RATE, CLIENT_RATE)
        with contextlib.suppress(ConnectionClosed):
            async for message in connection:
                if not only_close:
                    try:
                        self._take(client, message)
                    except Exception as error:  # a fault of ours must not cost the client
                        self._failed(error)
                cost = 1.0 + len(message) / COST_BYTES
                wait_s = max(each.wait_s(cost, self.loop.time()) for each in (budget, self._total))
                if wait_s > 0.0:
                    await asyncio.sleep(wait_s)

    def _take(self, client: Client, message: Frame) -> None:
        self._counters["packets"] += 1
        if isinstance(message, bytes):
            client.received()
            self._server.receive(message, client.source)
            return
        try:
            wish = parse_wish(message)
        except CommandError as error:
            self._unknown(client, str(error))
            return
        space = self._space.now()
        if wish.path not in space.nodes:
            self._unknown(client, f"{wish.command} to an address that is not there")
        elif wish.command == LISTEN:
            self._audience.listen(client, wish.path)
            values = self._source.value(wish.path) if space.node(wish.path).readable else None
            message_now = None if values is None else self._encoded(space, wish.path, values)
            if message_now is not None:
                client.tell(wish.path, message_now)
        else:
            self._audience.ignore(client, wish.path)

    async def _send(self, connection: ServerConnection, client: Client) -> None:
        while True:
            await client.waiting.wait()
            frames = client.take()
            if not await self._in_time(connection, frames):
                return

    async def _stream(self, connection: ServerConnection, stream: AsyncGenerator[bytes, None]) -> None:
        async with contextlib.aclosing(stream):
            async for frame in stream:
                if not await self._in_time(connection, [frame]):
                    return

    async def _in_time(self, connection: ServerConnection, frames: Sequence[Frame]) -> bool:
        """Send; False when the client went, or was dropped because it did not take them in time."""
        try:
            async with asyncio.timeout(SEND_S):
                for frame in frames:
                    await connection.send(frame)
        except ConnectionClosed:
            return False
        except TimeoutError:
            self._counters["slow"] += 1
            connection.transport.abort()
            return False
        return True

    # -- what is told -------------------------------------------------------------------------------------------------

    def deliver(self) -> None:
        """Hand on what was told to the server."""
        values, notes = self._server.told()
        try:
            self._tell_all(values, notes)
        except Exception as error:  # a fault of ours must not end the server
            self._failed(error)
        self._fresh.set()

    def _tell_all(self, values: Values, notes: Notes) -> None:
        space = self._space.now()
        changed = changes(self._told_space, space)
        if changed is not NOTHING:
            self._encoders.clear()
            self._audience.changed(changed, space.nodes)
        self._told_space = space
        for (source, path), raw in notes.items():
            client = self._audience.clients.get(source)
            if client is not None:
                client.note(path, raw)
        for path, items in values.items():
            listeners = [
                client for client in self._audience.listeners(path) if not client.is_echo(path, items)
            ]
            message = self._encoded(space, path, items) if listeners else None
            if message is not None:
                for client in listeners:
                    client.tell(path, message)

    def _encoded(self, space: Space, path: str, values: Sequence[Item]) -> bytes | None:
        encode = self._encoders.get(path)
        if encode is None:
            if path not in space.nodes:
                return None
            encode = self._encoders[path] = encoder(space.nodes[path])
        return encode(values)

    def _unknown(self, client: Client, what: str) -> None:
        self._counters["unknown"] += 1
        self._wish_log.warning(_now_s(), "%s: %s", client.source, one_line(what))

    def _failed(self, error: Exception) -> None:
        self._counters["failures"] += 1
        self._fault_log.warning(_now_s(), "OSCQuery failed and goes on: %s", one_line(error), exc_info=error)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _of(told: Answer) -> Reply:
    if told.body is None:
        return Reply(told.status)
    return Reply(told.status, json.dumps(told.body, allow_nan=False, separators=(",", ":")).encode(), JSON)


def _respond(reply: Reply, head: bool = False, cookie: str = "", scripted: bool = False) -> Response:
    """scripted: a page asked, which tells a person itself that a token is wanted: no browser's window for it."""
    status = HTTPStatus(reply.status)
    headers = Headers()
    headers["Connection"] = "close"
    headers["Cache-Control"] = reply.cache
    for name, value in SECURITY_HEADERS:
        headers[name] = value
    if reply.location:
        headers["Location"] = reply.location
    if cookie:
        headers["Set-Cookie"] = cookie
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(METHODS)
    if status == HTTPStatus.UNAUTHORIZED:
        scheme = "Bearer" if scripted else "Basic"
        headers["WWW-Authenticate"] = f'{scheme} realm="Chromesthesia", charset="UTF-8"'
    body = reply.body
    if status != HTTPStatus.NO_CONTENT:
        if not body and status >= HTTPStatus.BAD_REQUEST:
            body = status.phrase.encode()
        headers["Content-Type"] = reply.media_type
        headers["Content-Length"] = str(len(body))
    return Response(int(status), status.phrase, headers, b"" if head else body)


def _library_log(bounded: BoundedLog) -> logging.Logger:
    """A logger for the library: it tells of every connection; only its faults are passed on, at a bounded rate."""

    class Passing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error: Any = record.exc_info[1] if record.exc_info else None
            bounded.warning(_now_s(), "OSCQuery: %s: %s", record.getMessage(), one_line(str(error)))

    logger = logging.Logger("chromesthesia.ports.oscquery.library", logging.ERROR)
    logger.propagate = False
    logger.addHandler(Passing())
    return logger
