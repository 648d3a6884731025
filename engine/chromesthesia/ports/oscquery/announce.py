"""mDNS: `_oscjson._tcp` and `_osc._udp`, so that partners find the server without being told an address.

Announced is only what can be reached: on loopback nobody but programs of this machine hears of it.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import re
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

OSCJSON, OSC = "_oscjson._tcp.local.", "_osc._udp.local."
LOOPBACK = "127.0.0.1"
NAME_BYTES = 48
"""Longest name that is asked for; DNS takes 63 bytes, and a number may come behind it."""
CLOSE_S = 2.0
LISTEN_S = 1.7
"""How long is asked which names are taken; what was announced less than a second ago is not repeated at once."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What is told. name: as people read it; another program of that name makes it `name-2`. http_port: of OSCQuery;
    osc_port: of OSC over UDP, 0 where there is none. lan: on every network of this machine, else on loopback alone."""

    name: str
    http_port: int
    osc_port: int
    lan: bool


class Announcer:
    """Announces while `running` is open. Whatever mDNS does, the server goes on; `name` is the one that was free."""

    def __init__(
        self, what: Announced, library: Callable[[], Any] | None = None, listen_s: float = LISTEN_S
    ) -> None:
        """library: gives zeroconf's module for asyncio; another one in tests. listen_s: before a name is asked for."""
        self._what = what
        self._listen_s = listen_s
        self._library = library or (lambda: importlib.import_module("zeroconf.asyncio"))
        self.name = _plain(what.name)
        self.announced = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Announce from a task of its own: looking for other programs of the same name takes two seconds."""
        import asyncio  # here, and not above: a show is set up before there is any loop

        task = asyncio.ensure_future(self._announce())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _announce(self) -> None:
        import asyncio

        responder = None
        try:
            # Slow to import: not in the way of the first requests, nor of the loop.
            library = await asyncio.to_thread(self._library)
            responder = library.AsyncZeroconf(**({} if self._what.lan else {"interfaces": [LOOPBACK]}))
            # Whoever has a name answers a probe by unicast. On the same machine that reaches one of the programs that
            # share the port, and not surely the one that asked: so all names are asked for by multicast first.
            async with library.AsyncServiceBrowser(
                responder.zeroconf, [OSCJSON, OSC], [_heard], question_type=library.DNSQuestionType.QM
            ):
                await asyncio.sleep(self._listen_s)
                await self._register(library, responder)
            self.announced = True
            await asyncio.Event().wait()
        except (
            Exception
        ) as error:  # no network, no multicast, another responder's port: a show needs none of it
            log.warning("not announced in the network: %s", one_line(error) or type(error).__name__)
        finally:
            if responder is not None:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(CLOSE_S):
                        await responder.async_close()

    async def _register(self, library: Any, responder: Any) -> None:
        what = self._what
        addresses = _addresses() if what.lan else [LOOPBACK]
        host = f"{_host_label(socket.gethostname())}-{what.http_port}.local."
        for kind, port in ((OSCJSON, what.http_port), (OSC, what.osc_port)):
            if not port:
                continue
            info = library.AsyncServiceInfo(
                kind,
                f"{self.name}.{kind}",
                port=port,
                parsed_addresses=list(addresses),
                server=host,
                properties={"txtvers": "1"},
            )
            await (await responder.async_register_service(info, allow_name_change=True))
            # The second service takes the name that was free for the first.
            self.name = info.name.removesuffix(f".{kind}")


def _heard(**_told: object) -> None:
    """The responder keeps what it hears by itself."""


def _plain(name: str) -> str:
    """A name that one DNS label can hold: dots would end it."""
    text = one_line(name).replace(".", " ").encode()[:NAME_BYTES].decode(errors="ignore").strip()
    return text or "Chromesthesia"


def _host_label(host: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "-", host.partition(".")[0]).strip("-")[:NAME_BYTES] or "chromesthesia"


def _addresses() -> Sequence[str]:
    """IPv4 addresses of this machine, without loopback unless there is nothing else."""
    ifaddr = importlib.import_module("ifaddr")
    found = [
        address.ip
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
        if isinstance(address.ip, str) and not address.ip.startswith("127.")
    ]
    return found or [LOOPBACK]
