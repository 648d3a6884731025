"""mDNS: what is announced and where, names that are taken, and a network that has none of it."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest
from zeroconf import DNSQuestionType
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from chromesthesia.ports.oscquery.announce import LOOPBACK, OSC, OSCJSON, Announced, Announcer

WHAT = Announced("Chromesthesia on studio.local", 9000, 9010, lan=False)


class Responder:
    """A responder that keeps what it is asked; `taken` are names of other programs."""

    def __init__(self, network: Network, **options: object) -> None:
        self.network = network
        network.options.append(options)
        if network.ill:
            raise OSError("no multicast here")
        self.zeroconf = self

    async def async_register_service(self, info: Any, allow_name_change: bool) -> Any:
        assert allow_name_change
        if info.name in self.network.taken:
            info.name = info.name.replace(f".{info.type}", f"-2.{info.type}")
        self.network.services.append(info)

        async def announced() -> None:
            self.network.registered.set()

        return announced()

    async def async_close(self) -> None:
        self.network.closed += 1


class Browser:
    """Asks which names are taken; nobody answers."""

    def __init__(self, responder: Responder, kinds: list[str], handlers: list[object], question_type: object):
        responder.network.asked.append((kinds, question_type))

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_error: object) -> None:
        pass


class Network:
    """zeroconf's module for asyncio, in memory."""

    AsyncServiceInfo = AsyncServiceInfo
    AsyncServiceBrowser = Browser
    DNSQuestionType = DNSQuestionType

    def __init__(self, taken: tuple[str, ...] = (), ill: bool = False) -> None:
        self.taken, self.ill = taken, ill
        self.options: list[dict[str, object]] = []
        self.services: list[Any] = []
        self.asked: list[tuple[list[str], object]] = []
        self.closed = 0
        self.registered = asyncio.Event()

    def AsyncZeroconf(self, **options: object) -> Responder:  # noqa: N802
        return Responder(self, **options)


def announced(what: Announced, network: Network, services: int) -> Announcer:
    announcer = Announcer(what, lambda: network, 0.0)

    async def run() -> None:
        async with announcer.running():
            while len(network.services) < services or not announcer.announced:
                await asyncio.sleep(0)

    asyncio.run(run())
    return announcer


def test_both_services_are_announced_on_what_is_bound_and_no_further() -> None:
    network = Network()
    announcer = announced(WHAT, network, 2)
    query, osc = network.services
    assert (query.type, query.port) == (OSCJSON, 9000)
    assert (osc.type, osc.port) == (OSC, 9010)
    assert query.parsed_addresses() == osc.parsed_addresses() == [LOOPBACK]
    assert network.options == [{"interfaces": [LOOPBACK]}]
    assert query.name == f"Chromesthesia on studio local.{OSCJSON}", "a dot would end the name"
    assert announcer.name == "Chromesthesia on studio local"
    assert network.closed == 1
    # An answer by unicast may reach another program that shares the port.
    assert network.asked == [([OSCJSON, OSC], DNSQuestionType.QM)]


def test_in_the_network_every_address_is_told_and_without_osc_only_the_query() -> None:
    network = Network()
    announced(Announced("x", 9000, 0, lan=True), network, 1)
    assert [service.type for service in network.services] == [OSCJSON]
    assert network.options == [{}]
    assert network.services[0].parsed_addresses()


def test_a_name_that_is_taken_becomes_another_for_both() -> None:
    network = Network(taken=(f"Chromesthesia on studio local.{OSCJSON}",))
    announcer = announced(WHAT, network, 2)
    assert [service.name for service in network.services] == [
        f"Chromesthesia on studio local-2.{OSCJSON}",
        f"Chromesthesia on studio local-2.{OSC}",
    ]
    assert announcer.name == "Chromesthesia on studio local-2"


@pytest.mark.parametrize("name", ["", "x" * 500, "雪" * 100, "a\nb", "..."])
def test_a_name_fits_what_dns_can_hold(name: str) -> None:
    network = Network()
    announcer = announced(Announced(name, 9000, 0, lan=False), network, 1)
    assert 0 < len(announcer.name.encode()) <= 60
    assert "." not in announcer.name
    assert announcer.name.isprintable()


def test_without_multicast_the_server_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    network = Network(ill=True)
    announcer = Announcer(WHAT, lambda: network, 0.0)

    async def run() -> None:
        async with announcer.running():
            while "not announced" not in caplog.text:
                await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert not announcer.announced
    assert "no multicast here" in caplog.text


def test_leaving_before_anything_was_announced_is_no_error() -> None:
    network = Network()

    async def run() -> None:
        async with Announcer(WHAT, lambda: network, 0.0).running():
            pass

    asyncio.run(run())
    assert network.services == []


def _multicast_on_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
            probe.sendto(b"", ("224.0.0.251", 5353))
    except OSError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not _multicast_on_loopback(), reason="no multicast on loopback")
def test_two_shows_are_found_by_two_names_over_real_mdns() -> None:
    first, second = (Announcer(Announced("Chromesthesia test", port, 0, lan=False)) for port in (9000, 9001))

    async def run() -> list[tuple[int | None, list[str]]]:
        async with first.running():
            while not first.announced:
                await asyncio.sleep(0.01)
            async with second.running():
                while not second.announced:
                    await asyncio.sleep(0.01)
                browser = AsyncZeroconf(interfaces=[LOOPBACK])
                found = []
                for announcer in (first, second):
                    info = AsyncServiceInfo(OSCJSON, f"{announcer.name}.{OSCJSON}")
                    assert await info.async_request(browser.zeroconf, 10_000)
                    found.append((info.port, info.parsed_addresses()))
                await browser.async_close()
                return found

    assert asyncio.run(run()) == [(9000, [LOOPBACK]), (9001, [LOOPBACK])]
    assert first.name != second.name
