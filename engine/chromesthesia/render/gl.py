"""Wait for the GPU without holding Python's global lock.

moderngl keeps the lock during every call. With a software rasteriser a call that needs the result of an earlier pass
blocks until the processor has drawn it, and all other threads of the show stand still meanwhile. `glFinish` through
ctypes gives the lock up for exactly that time.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable

import moderngl

log = logging.getLogger(__name__)

GL_REMEDY = "install a driver with OpenGL 3.3; on Debian: apt install libegl1 libgl1-mesa-dri"

_LIBRARIES = {
    "win32": ("opengl32.dll",),
    "darwin": ("/System/Library/Frameworks/OpenGL.framework/OpenGL",),
}
_ALL_COMMANDS, _FLUSH_FIRST = 0x9117, 1  # GL_SYNC_GPU_COMMANDS_COMPLETE, GL_SYNC_FLUSH_COMMANDS_BIT
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
    return finish


def unlocked_flush() -> Callable[[], object] | None:
    """A `glFlush` for the current context that releases the global lock; None where no library is found."""
    return _from_library("glFlush")


def unlocked_fence() -> Callable[[], Callable[[], object]] | None:
    """What puts a mark behind all that the current context was asked to draw, has that begun, and gives what waits for
    the mark with the global lock released, once; None where no library is found."""
    library = _library("glClientWaitSync")
    if library is None:
        return None
    put, wait, drop = library.glFenceSync, library.glClientWaitSync, library.glDeleteSync
    put.restype, put.argtypes = ctypes.c_void_p, [ctypes.c_uint, ctypes.c_uint]
    wait.restype, wait.argtypes = ctypes.c_uint, [ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint64]
    drop.restype, drop.argtypes = None, [ctypes.c_void_p]

    def fence() -> Callable[[], object]:
        mark = put(_ALL_COMMANDS, 0)

        def reached() -> None:
            wait(mark, _FLUSH_FIRST, _LONGEST_WAIT_NS)
            drop(mark)

        return reached

    return fence


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
