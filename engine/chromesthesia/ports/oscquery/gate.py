"""Who may read and change: checked for every request and every WebSocket before anything else is looked at."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

TOKEN_KEY = "token"
LOCAL_NAMES = ("localhost",)
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN = 400, 401, 403

SECURITY_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
"""Go with every answer."""


class RequestHeaders(Protocol):
    """Headers of a request; the same name may come several times."""

    def get_all(self, name: str) -> Sequence[str]:
        """Every value of `name`, whatever its case."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    why: str


class Gate:
    """Checks Host, Origin and token.

    A page of another site cannot read us: its Origin is not ours, and a name that it lets point at this machine (DNS
    rebinding) is not among our names. Numbers are let through where the network is: no name was looked up for them.
    """

    def __init__(
        self, port: int, token: str | None = None, names: Iterable[str] = (), lan: bool = False
    ) -> None:
        """token: what everybody must know, None for nobody. names: of this machine. lan: reached by any address."""
        self._token = token
        self._names = frozenset(name.casefold().rstrip(".") for name in (*LOCAL_NAMES, *names))
        self._lan = lan
        self.cookie = f"chromesthesia_{port}"
        """Name of the cookie that a browser keeps the token in."""

    def refusal(self, headers: RequestHeaders, query: str) -> Refusal | None:
        """None when the request may go on."""
        hosts = headers.get_all("Host")
        if len(hosts) != 1:
            return Refusal(BAD_REQUEST, "a request needs one Host")
        if not self._is_ours(hosts[0]):
            return Refusal(FORBIDDEN, "this is no name of this machine")
        origins = headers.get_all("Origin")
        if any(not _is_same(origin, hosts[0]) for origin in origins):
            return Refusal(FORBIDDEN, "asked for by the page of another site")
        if self._token is not None and not self._knows(headers, query):
            return Refusal(UNAUTHORIZED, "the link with the token is in the terminal of the show")
        return None

    def token_in(self, query: str) -> bool:
        """True when `query` has the right token: a browser may keep it."""
        return self._token is not None and any(self._is_token(text) for text in _tokens(query))

    def set_cookie(self) -> str:
        """The header that lets a browser keep the token, out of reach of scripts and of other sites."""
        return f"{self.cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000"

    def _is_ours(self, host: str) -> bool:
        name = _host_name(host)
        if name is None:
            return False
        if name.casefold().rstrip(".") in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._lan or address.is_loopback

    def _knows(self, headers: RequestHeaders, query: str) -> bool:
        given = [*_tokens(query), *_cookies(headers, self.cookie)]
        for text in headers.get_all("Authorization"):
            scheme, _, credentials = text.strip().partition(" ")
            if scheme.casefold() == "bearer":
                given.append(credentials.strip())
            elif scheme.casefold() == "basic":
                given.append(_password(credentials.strip()))
        return any([self._is_token(text) for text in given])

    def _is_token(self, text: str) -> bool:
        assert self._token is not None
        return hmac.compare_digest(text.encode(errors="replace"), self._token.encode())


def without_token(query: str) -> list[str]:
    """The names asked for in `query`, without the token."""
    names = [part.partition("=")[0] for part in query.split("&")]
    return [name for name in names if name and name != TOKEN_KEY]


def _tokens(query: str) -> list[str]:
    try:
        return [value for name, value in parse_qsl(query, max_num_fields=64) if name == TOKEN_KEY]
    except ValueError:
        return []


def _cookies(headers: RequestHeaders, name: str) -> list[str]:
    found = []
    for text in headers.get_all("Cookie"):
        try:
            cookie = SimpleCookie(text).get(name)
        except CookieError:
            continue
        if cookie is not None:
            found.append(cookie.value)
    return found


def _password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _host_name(host: str) -> str | None:
    """The name or number in a Host header, without brackets; None for what is none."""
    try:
        parts = urlsplit(f"//{host.strip()}")
        _ = parts.port
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or parts.username is not None or not parts.hostname:
        return None
    return parts.hostname


def _is_same(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin.strip())
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.casefold() == host.strip().casefold()
