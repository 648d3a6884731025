"""Wait for the GPU without holding Python's global lock.

moderngl keeps the lock during every call. With a software rasteriser a call that needs the result of an earlier pass
blocks until the processor has drawn it, and all other threads of the show stand still meanwhile. `glFinish` through
ctypes gives the lock up for exactly that time.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import moderngl

log = logging.getLogger(__name__)

GL_REMEDY = "install a driver with OpenGL 3.3; on Debian: apt install libegl1 libgl1-mesa-dri"

_LIBRARIES = {
    "win32": ("opengl32.dll",),
    "darwin": ("/System/Library/Frameworks/OpenGL.framework/OpenGL",),
}
_ALL_COMMANDS, _FLUSH_FIRST = 0x9117, 1  # GL_SYNC_GPU_COMMANDS_COMPLETE, GL_SYNC_FLUSH_COMMANDS_BIT
_REACHED = (0x911A, 0x911C)  # GL_ALREADY_SIGNALED, GL_CONDITION_SATISFIED
MOST_MARKS = 128
"""Twice what Mesa lets wait to be drawn; with more, all of them are waited for."""
_LONGEST_WAIT_NS = 2_000_000_000
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software")


def is_software(ctx: moderngl.Context) -> bool:
    """True when pixels are drawn by the processor."""
    renderer = str(ctx.info.get("GL_RENDERER", "")).lower()
    return any(name in renderer for name in _SOFTWARE)


def unlocked_finish(ctx: moderngl.Context) -> Callable[[], object]:
    """A `glFinish` for the current context that releases the global lock; `ctx.finish` where no library is found."""
    finish = _from_library("glFinish")
    if finish is None:
        log.warning("no OpenGL library for glFinish; other threads wait while a frame is drawn")
        return ctx.finish
    marks = marks_of(ctx)
    if marks is None:
        return finish

    def finished() -> None:
        finish()
        marks.all_reached()

    return finished


def unlocked_flush() -> Callable[[], object] | None:
    """A `glFlush` for the current context that releases the global lock; None where no library is found."""
    return _from_library("glFlush")


class Marks:
    """Marks behind what one context was asked to draw, each kept until a later one was reached.

    Mesa's software rasteriser frees its own mark of a finished pass as soon as nobody refers to it, though the thread
    that just set it may not have let go of its lock yet: kept from the processor at that place it later writes into
    freed memory, and the process ends or hangs. What refers to the mark meanwhile is the one put here, which is never
    waited for: a wait lets go of its mark at once, so it has another one behind the same. Passes are drawn in order,
    so whoever set a later mark has let go of all before it. Use from the thread that owns the context.
    """

    def __init__(self, library: Any) -> None:
        """library: what has OpenGL's functions, called with Python's lock released."""
        self._put, self._wait, self._drop = (
            library.glFenceSync,
            library.glClientWaitSync,
            library.glDeleteSync,
        )
        self._put.restype, self._put.argtypes = ctypes.c_void_p, [ctypes.c_uint, ctypes.c_uint]
        self._wait.restype, self._wait.argtypes = (
            ctypes.c_uint,
            [ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint64],
        )
        self._drop.restype, self._drop.argtypes = None, [ctypes.c_void_p]
        self._kept: deque[int | None] = deque()
        self._waited: dict[int, int | None] = {}
        self._first = 0

    def keep(self) -> int:
        """Put a mark behind all that was asked for, have that begun, and give its number."""
        if len(self._kept) >= MOST_MARKS:
            self._make_room()
        self._kept.append(self._put(_ALL_COMMANDS, 0))
        return self._first + len(self._kept) - 1

    def put(self) -> Callable[[], None]:
        """The same, and give what waits for it."""
        number = self.keep()
        self._waited[number] = self._put(_ALL_COMMANDS, 0)
        return lambda: self._reach(number)

    def all_reached(self) -> None:
        """All that was asked for is drawn, as after `glFinish`."""
        self._drop_before(self._first + len(self._kept) - 1)

    def _reach(self, number: int) -> None:
        # One that is not there was waited for, or a later one was reached.
        if number in self._waited and self._waits_for(self._waited.pop(number)):
            self._drop_before(number)

    def _make_room(self) -> None:
        # Those of a lost context, or of a driver that stands still, are not to pile up: whatever the answer.
        self._waits_for(self._put(_ALL_COMMANDS, 0))
        self.all_reached()

    def _waits_for(self, waited: int | None) -> bool:
        reached = self._wait(waited, _FLUSH_FIRST, _LONGEST_WAIT_NS) in _REACHED
        self._drop(waited)
        return reached

    def _drop_before(self, number: int) -> None:
        while self._first < number:
            if self._first in self._waited:
                self._drop(self._waited.pop(self._first))
            self._drop(self._kept.popleft())
            self._first += 1


_marks: WeakKeyDictionary[moderngl.Context, tuple[Marks | None, bool]] = WeakKeyDictionary()


def marks_of(ctx: moderngl.Context) -> Marks | None:
    """The marks of this context; None where no library is found."""
    return _found_marks(ctx)[0]


def mark(ctx: moderngl.Context) -> None:
    """Behind drawing that is not waited for pass by pass: see `Marks`. Nothing where the processor does not draw."""
    marks, needed = _found_marks(ctx)
    if needed and marks is not None:
        marks.keep()


def clear(frame: moderngl.Framebuffer) -> None:
    """Clear it, with a mark behind."""
    frame.clear()
    mark(frame.ctx)


def build_mipmaps(texture: moderngl.Texture) -> None:
    """Fill its smaller copies, with a mark behind."""
    texture.build_mipmaps()
    mark(texture.ctx)


def _found_marks(ctx: moderngl.Context) -> tuple[Marks | None, bool]:
    found = _marks.get(ctx)
    if found is None:
        library = _library("glClientWaitSync")
        found = _marks[ctx] = (None if library is None else Marks(library), is_software(ctx))
    return found


def _from_library(function: str) -> Callable[[], object] | None:
    library = _library(function)
    if library is None:
        return None
    found = getattr(library, function)
    found.restype = None
    found.argtypes = []
    return lambda: found()


def _library(function: str) -> ctypes.CDLL | None:
    for name in _LIBRARIES.get(sys.platform, ("libGL.so.1", "libOpenGL.so.0", "libGLESv2.so.2")):
        try:
            library = ctypes.CDLL(name)
            getattr(library, function)
        except (OSError, AttributeError):
            continue
        return library
    return None
