"""One WebSocket client: what it listens to, and the little that may wait to be sent to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from chromesthesia.ports.osc.codec import encode_bundle
from chromesthesia.ports.oscquery.changes import Changes
from chromesthesia.ports.oscquery.commands import PATH_CHANGED, Event
from chromesthesia.ports.oscquery.nodes import Item

MOST_WAITING_EVENTS = 128
"""When more wait the client is told once that everything has changed."""
BUNDLE_BYTES = 16_384
"""A client that takes bundles gets its messages together, up to this size."""

Frame = str | bytes


class Client:
    """What waits is bounded: of each address only the newest message, and few events. Event loop's thread only."""

    def __init__(self, source: str, bundles: bool = False) -> None:
        """source: what its writes are marked with. bundles: it wants many messages in one frame."""
        self.source = source
        self.listening: set[str] = set()
        self.waiting = asyncio.Event()
        self._bundles = bundles
        self._events: list[Event] = []
        self._messages: dict[str, bytes] = {}
        self._own: dict[str, object] = {}
        self._told: dict[str, bytes] = {}
        self._told_since: set[str] = set()

    def received(self) -> None:
        """It sent something: what it is told from now on may be older than that."""
        self._told_since.clear()

    def note(self, path: str, raw: object) -> None:
        """The client itself wrote `raw` to `path`: that very value is not told back to it.

        Unless it was told another meanwhile, which it would otherwise take for the newest.
        """
        if path in self.listening and path not in self._told_since:
            self._own[path] = raw
            self._told.pop(path, None)

    def is_echo(self, path: str, values: Sequence[Item]) -> bool:
        """True when `values` are what the client wrote last; anything else ends the silence."""
        if path not in self._own:
            return False
        if len(values) == 1 and self._own[path] == values[0]:
            return True
        del self._own[path]
        return False

    def tell(self, path: str, message: bytes) -> None:
        """Send `message` for `path` in the place of one that still waits; nothing when it knows that already."""
        if self._told.get(path) == message:
            return
        self._told[path] = self._messages[path] = message
        self._told_since.add(path)
        self.waiting.set()

    def tell_changes(self, changes: Changes) -> None:
        """Send the events, and go on listening to what has another name now."""
        self._events += changes.events
        if len(self._events) > MOST_WAITING_EVENTS:
            self._events = [Event(PATH_CHANGED, "/")]
        self.listening = {changes.renamed.get(path, path) for path in self.listening}
        self.waiting.set()

    def forget(self, paths: Iterable[str]) -> None:
        """`paths` are no more, or no longer listened to."""
        for path in paths:
            self.listening.discard(path)
            self._messages.pop(path, None)
            self._own.pop(path, None)
            self._told.pop(path, None)

    def take(self) -> list[Frame]:
        """What waits, as frames: first the events, then the messages."""
        self.waiting.clear()
        frames: list[Frame] = [event.text() for event in self._events]
        messages = list(self._messages.values())
        self._events, self._messages = [], {}
        return frames + (_bundled(messages) if self._bundles else messages)


class Audience:
    """All clients, and for each address those that listen to it. Event loop's thread only."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self._listeners: dict[str, set[Client]] = {}

    @property
    def listening(self) -> bool:
        """True when anybody listens to anything. Any thread."""
        return bool(self._listeners)

    def add(self, client: Client) -> None:
        """One more."""
        self.clients[client.source] = client

    def remove(self, client: Client) -> None:
        """One less."""
        self.clients.pop(client.source, None)
        for path in client.listening:
            self._drop(client, path)

    def listen(self, client: Client, path: str) -> None:
        """`client` listens to `path`."""
        client.listening.add(path)
        self._listeners.setdefault(path, set()).add(client)

    def ignore(self, client: Client, path: str) -> None:
        """`client` no longer listens to `path`."""
        client.forget([path])
        self._drop(client, path)

    def listeners(self, path: str) -> Iterable[Client]:
        """Who listens to `path`."""
        return self._listeners.get(path, ())

    def changed(self, changes: Changes, there_is: Mapping[str, object]) -> None:
        """Tell everybody of `changes`; nobody listens any more to what is not in `there_is`."""
        for client in self.clients.values():
            client.tell_changes(changes)
            client.forget([path for path in client.listening if path not in there_is])
        self._listeners.clear()
        for client in self.clients.values():
            for path in client.listening:
                self._listeners.setdefault(path, set()).add(client)

    def _drop(self, client: Client, path: str) -> None:
        listeners = self._listeners.get(path)
        if listeners is not None:
            listeners.discard(client)
            if not listeners:
                del self._listeners[path]


def _bundled(messages: Sequence[bytes]) -> list[Frame]:
    frames: list[Frame] = []
    waiting: list[bytes] = []
    size = 0
    for message in messages:
        if waiting and size + len(message) > BUNDLE_BYTES:
            frames.append(encode_bundle(waiting))
            waiting, size = [], 0
        waiting.append(message)
        size += len(message)
    if waiting:
        frames.append(encode_bundle(waiting))
    return frames
