"""What a server may serve beside the tree: files, and streams of pictures, below one path."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

TEXT, JSON = "text/plain; charset=utf-8", "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not of the tree. location: where to look instead."""

    status: int
    body: bytes = b""
    media_type: str = TEXT
    cache: str = "no-store"
    location: str = ""


class Site(Protocol):
    """Served by `server.QueryServer`; both are called in its event loop and must not block."""

    prefix: str
    """Everything below this path is its own, e.g. `/panel`; no node lies there."""

    async def get(self, path: str) -> Reply | None:
        """The answer to a request for `path`; None for nothing there."""
        ...

    def stream(self, path: str) -> AsyncGenerator[bytes, None] | None:
        """What a WebSocket at `path` is sent, a frame each; None where there is none."""
        ...
