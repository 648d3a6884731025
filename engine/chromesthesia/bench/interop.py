"""From CUDA into OpenGL on the same GPU: what the generator painted is copied into a buffer of OpenGL's there.

Only measured, behind a flag; a show takes the way through the host.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

from chromesthesia.core.errors import RenderError
from chromesthesia.core.records import Float32
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.inference.sessions import load_runtime

LIBRARIES = ("libcudart.so.13", "libcudart.so.12", "libcudart.so")
WRITE_DISCARD = 2
DEVICE_TO_DEVICE = 3


def into_opengl(session: Any, inputs: Mapping[str, Float32]) -> Callable[[], object]:
    """Runs the session on CUDA and leaves its first answer in a buffer of OpenGL's. Raises RenderError if it cannot."""
    cuda = _runtime()
    runtime = load_runtime()
    first = session.run(None, dict(inputs))[0]
    surface = HeadlessSurface(64, 64)
    buffer = surface.ctx.buffer(reserve=first.nbytes)
    resource = ctypes.c_void_p()
    _check(
        cuda.cudaGraphicsGLRegisterBuffer(ctypes.byref(resource), ctypes.c_uint(buffer.glo), WRITE_DISCARD),
        "OpenGL's buffer cannot be shared with CUDA",
    )
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_cpu_input(name, array)
    answer = runtime.OrtValue.ortvalue_from_numpy(first, "cuda", 0)
    binding.bind_ortvalue_output(session.get_outputs()[0].name, answer)

    def run() -> object:
        session.run_with_iobinding(binding)
        binding.synchronize_outputs()
        place, size = ctypes.c_void_p(), ctypes.c_size_t()
        _check(cuda.cudaGraphicsMapResources(1, ctypes.byref(resource), None), "map")
        _check(
            cuda.cudaGraphicsResourceGetMappedPointer(ctypes.byref(place), ctypes.byref(size), resource),
            "pointer",
        )
        _check(cuda.cudaMemcpy(place, ctypes.c_void_p(answer.data_ptr()), size, DEVICE_TO_DEVICE), "copy")
        _check(cuda.cudaGraphicsUnmapResources(1, ctypes.byref(resource), None), "unmap")
        return surface

    return run


def _runtime() -> Any:
    for name in LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise RenderError("CUDA's runtime library is not there", "pip install 'chromesthesia[cuda]'")


def _check(code: int, what: str) -> None:
    if code:
        raise RenderError(
            f"CUDA and OpenGL do not share memory here: {what}, error {code}", "leave --interop out"
        )
