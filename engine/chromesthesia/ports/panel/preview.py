"""The newest picture, small, for those who watch from afar; without them a frame costs one look at a flag."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING

from chromesthesia.core.records import UInt8

if TYPE_CHECKING:
    import asyncio

PICTURES_HZ = 5.0
"""Most pictures a second."""
LARGEST_SIDE = 480
"""Pictures are at most so wide and so high, in pixels."""
QUALITY = 70
MOST_WATCHERS = 8
WAIT_S = 2.0
"""One request waits so long for a picture."""


class Preview:
    """A latest-wins slot. The frame loop calls `wants` and `frame`, the server's event loop everything else."""

    def __init__(self, rate_hz: float = PICTURES_HZ) -> None:
        self._period_s = 1.0 / rate_hz
        self._next_s = float("-inf")
        self._watchers = 0
        self._lock = threading.Lock()
        self._pixels: UInt8 | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._encoding: asyncio.Task[bytes] | None = None

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return self._watchers

    def wants(self, time_s: float) -> bool:
        """True when somebody watches and a picture is due at `time_s`, seconds from the start of the show."""
        return self._watchers > 0 and time_s >= self._next_s

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Take pixels uint8 [H, W, 3], row 0 at the top. Keeps every n-th of them, so it costs little."""
        self._next_s = time_s + self._period_s
        height, width, _ = pixels.shape
        # Twice the size that is sent: the rest is done, and smoothly, by the thread that encodes.
        every = max(1, max(width, height) // (2 * LARGEST_SIDE))
        small = pixels[::every, ::every].copy()
        with self._lock:
            self._pixels = small
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the server is over
                loop.call_soon_threadsafe(self._arrived)

    def newest(self) -> UInt8 | None:
        """The newest picture, uint8 [H, W, 3]; None while nobody watches: it would be an old one. Any thread."""
        with self._lock:
            return self._pixels if self._watchers > 0 else None

    async def picture(self) -> bytes | None:
        """The next picture as JPEG; None when none comes in time or too many watch."""
        if self._watchers >= MOST_WATCHERS:
            return None
        with self._watching():
            return await self._next()

    async def pictures(self) -> AsyncGenerator[bytes, None]:
        """Picture after picture; what is not taken in time is passed over. Ends at once when too many watch."""
        if self._watchers >= MOST_WATCHERS:
            return
        with self._watching():
            while True:
                picture = await self._next()
                if picture is not None:
                    yield picture

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        import asyncio  # here, and not above: a show is set up before there is any loop

        self._loop = asyncio.get_running_loop()
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1

    async def _next(self) -> bytes | None:
        import asyncio

        coming: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(coming)
        try:
            async with asyncio.timeout(WAIT_S):
                await coming
        except TimeoutError:
            return None
        finally:
            if coming in self._waiting:
                self._waiting.remove(coming)
        return await asyncio.shield(self._encoded())

    def _arrived(self) -> None:
        self._encoding = None
        waiting, self._waiting = self._waiting, []
        for coming in waiting:
            if not coming.done():
                coming.set_result(None)

    def _encoded(self) -> asyncio.Task[bytes]:
        import asyncio

        if self._encoding is None:
            with self._lock:
                pixels = self._pixels
            assert pixels is not None
            self._encoding = asyncio.ensure_future(asyncio.to_thread(jpeg_bytes, pixels))
        return self._encoding


def jpeg_bytes(pixels: UInt8) -> bytes:
    """Pixels uint8 [H, W, 3] as a small JPEG."""
    from PIL import Image

    picture = Image.fromarray(pixels)
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.BILINEAR, reducing_gap=None)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
