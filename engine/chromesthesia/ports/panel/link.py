"""The address under which a person opens the panel, and the token in it."""

from __future__ import annotations

import re
import secrets
import socket

from chromesthesia.core.errors import UsageError
from chromesthesia.ports.panel.site import PREFIX

SHORTEST_TOKEN, LONGEST_TOKEN = 12, 128
TOKEN_BYTES = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


def checked_token(token: str | None) -> str:
    """`token` when it can be one, a new one for None. Raises UsageError; the text itself is not told."""
    if token is None:
        return secrets.token_urlsafe(TOKEN_BYTES)
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise UsageError(
            f"the token has {len(token)} characters, or one that is no letter or digit",
            f"give {SHORTEST_TOKEN} to {LONGEST_TOKEN} letters, digits, _ and -, hard to guess",
        )
    return token


def panel_link(port: int, token: str | None) -> str:
    """Where a browser finds the panel: on this machine, or with a token from the network."""
    if token is None:
        return f"http://127.0.0.1:{port}{PREFIX}/"
    return f"http://{lan_address()}:{port}{PREFIX}/?token={token}"


def lan_address() -> str:
    """The IPv4 address at which the network most likely reaches this machine; loopback without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, asks which way packets would go
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
