"""Who may come in: the name asked for, the page that asks, and the token."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pytest

from chromesthesia.ports.oscquery.gate import Gate, Refusal, without_token

TOKEN = "correct-horse-battery"
NAMES = ("studio", "studio.local")
LOCAL, OPEN = Gate(9000, names=NAMES), Gate(9000, TOKEN, NAMES, lan=True)


class Headers:
    """Headers of a request."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._pairs = pairs

    def get_all(self, name: str) -> Sequence[str]:
        return [value for key, value in self._pairs if key.casefold() == name.casefold()]


def status(gate: Gate, *pairs: tuple[str, str], host: str | None = "localhost:9000", query: str = "") -> int:
    hosts = () if host is None else (("Host", host),)
    refusal = gate.refusal(Headers(*hosts, *pairs), query)
    return 200 if refusal is None else refusal.status


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:9000",
        "LOCALHOST.",
        "127.0.0.1:9000",
        "127.0.0.9",
        "[::1]:9000",
        "studio.local",
    ],
)
def test_names_of_this_machine_are_ours(host: str) -> None:
    assert status(LOCAL, host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.20:9000",
        "0.0.0.0",
        "a@localhost",
        "localhost/x",
        "localhost:port",
        "[::1",
        "",
        " ",
        "2130706433",
    ],
)
def test_a_name_that_somebody_else_let_point_here_is_refused(host: str) -> None:
    assert status(LOCAL, host=host) == 403
    if not host.startswith(("192.", "0.")):
        assert status(OPEN, ("Authorization", f"Bearer {TOKEN}"), host=host) == 403


def test_a_request_needs_one_host() -> None:
    assert status(LOCAL, host=None) == 400
    assert status(LOCAL, ("Host", "evil.example")) == 400


def test_from_the_network_every_number_is_ours() -> None:
    for host in ("192.168.1.20:9000", "10.0.0.1", "[fe80::1]:9000", "studio.local:9000"):
        assert status(OPEN, ("Authorization", f"Bearer {TOKEN}"), host=host) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:9001",
        "http://localhost",
        "https://127.0.0.1:9000",
        "null",
        "file://",
        "ws://localhost:9000",
        "http://[::1",
        "",
    ],
)
def test_the_page_of_another_site_is_refused(origin: str) -> None:
    assert status(LOCAL, ("Origin", origin)) == 403
    assert status(LOCAL, ("Origin", "http://localhost:9000"), ("Origin", origin)) == 403


def test_our_own_page_and_programs_come_in() -> None:
    assert status(LOCAL, ("Origin", "http://localhost:9000")) == 200
    assert status(LOCAL) == 200


def basic(password: str) -> tuple[str, str]:
    return ("Authorization", "Basic " + base64.b64encode(f"me:{password}".encode()).decode())


@pytest.mark.parametrize(
    ("pairs", "query"),
    [
        ([("Authorization", f"Bearer {TOKEN}")], ""),
        ([basic(TOKEN)], ""),
        ([("Cookie", f"other=1; chromesthesia_9000={TOKEN}")], ""),
        ([], f"token={TOKEN}"),
        ([], f"VALUE&token={TOKEN}"),
    ],
)
def test_the_token_comes_in_four_ways(pairs: list[tuple[str, str]], query: str) -> None:
    assert status(OPEN, *pairs, query=query) == 200


@pytest.mark.parametrize(
    ("pairs", "query"),
    [
        ([], ""),
        ([], "token="),
        ([], f"token={TOKEN[:-1]}"),
        ([], f"TOKEN={TOKEN}"),
        ([], "&" * 10_000),
        ([("Authorization", TOKEN)], ""),
        ([("Authorization", "Bearer ")], ""),
        ([("Authorization", "Bearer \udcff")], ""),
        ([("Authorization", "Basic ****")], ""),
        ([basic("wrong")], ""),
        ([("Cookie", f"chromesthesia_9001={TOKEN}")], ""),
        ([("Cookie", "chromesthesia_9000=")], ""),
        ([("Cookie", "\x00;=;\udcff")], ""),
    ],
)
def test_without_it_nobody_comes_in(pairs: list[tuple[str, str]], query: str) -> None:
    assert status(OPEN, *pairs, query=query) == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    assert OPEN.token_in(f"a&token={TOKEN}")
    assert not OPEN.token_in("token=wrong")
    assert not LOCAL.token_in("token=")
    cookie = OPEN.set_cookie()
    assert cookie.startswith(f"chromesthesia_9000={TOKEN};")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_a_refusal_says_nothing_that_was_sent() -> None:
    refusal = LOCAL.refusal(Headers(("Host", "<script>")), "")
    assert isinstance(refusal, Refusal)
    assert "<" not in refusal.why


def test_the_token_is_no_attribute() -> None:
    assert without_token("token=abc&VALUE&RANGE=1&") == ["VALUE", "RANGE"]
