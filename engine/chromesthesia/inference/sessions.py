"""ONNX Runtime sessions: set up for a live show, with errors a person can act on."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Sequence
from importlib import metadata
from types import ModuleType
from typing import Any, Protocol

from chromesthesia.core.errors import PackError, UsageError
from chromesthesia.core.user_files import one_line
from chromesthesia.inference.onnx_walk import check_model

log = logging.getLogger(__name__)

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
TRIAL_BYTES = 2 << 30
"""Most memory that a model on trial may take."""
_MAKING_MEMORY = threading.Lock()
NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
"""Read when ONNX Runtime is imported. Without it a number of this machine is kept in the user's cache, and reported."""
_DISTRIBUTIONS = ("onnxruntime", "onnxruntime-gpu")


class TensorInfo(Protocol):
    """Name, shape and type (`tensor(float)`) of one input or output of a session."""

    name: str
    shape: Sequence[int | str | None]
    type: str


class Session(Protocol):
    """The part of `onnxruntime.InferenceSession` that the engine uses."""

    def get_inputs(self) -> Sequence[TensorInfo]: ...

    def get_outputs(self) -> Sequence[TensorInfo]: ...

    def get_providers(self) -> list[str]: ...

    def run(self, output_names: list[str] | None, feed: Any) -> list[Any]: ...

    def io_binding(self) -> Any: ...

    def run_with_iobinding(self, iobinding: Any, run_options: Any = None) -> None: ...


def load_runtime() -> ModuleType:
    """The onnxruntime module. Raises PackError when it is missing, or when two builds overwrite each other."""
    installed = [name for name in _DISTRIBUTIONS if _is_installed(name)]
    if len(installed) > 1:
        raise PackError(
            f"{' and '.join(installed)} are both installed and overwrite each other",
            "pip uninstall both, then install exactly one: pip install 'chromesthesia[cpu]' or 'chromesthesia[cuda]'",
        )
    os.environ[NO_TELEMETRY] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise PackError(
            f"ONNX Runtime cannot be imported ({error})",
            "pip install 'chromesthesia[cpu]', or 'chromesthesia[cuda]' for an NVIDIA GPU",
        ) from error
    return onnxruntime  # type: ignore[no-any-return]


def runtime_errors() -> tuple[type[Exception], ...]:
    """Every exception ONNX Runtime raises of its own."""
    load_runtime()
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    found = [
        value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception)
    ]
    return (*found, RuntimeError, ValueError, MemoryError)


def available_providers() -> list[str]:
    """Short names of the execution providers of the installed ONNX Runtime, e.g. `["cuda", "cpu"]`."""
    present = set(load_runtime().get_available_providers())
    return [name for name in ("tensorrt", "cuda", "cpu") if PROVIDERS[name] in present]


def open_session(
    model: bytes, provider: str = "auto", threads: int = 1, name: str = "model", trial: bool = False
) -> Session:
    """A session for `model` on `provider`: auto (cuda when it is there, else cpu), cpu, cuda or tensorrt.

    `threads` work inside an operator and never spin while idle: on a shared core spinning starves everything else.
    trial: for a model that is not trusted yet; nothing is computed while it is opened, and it takes at most
    `TRIAL_BYTES` of memory. Raises UsageError for a provider that is unknown or not there, PackError when the model
    holds what no model of a pack may (`onnx_walk`) or cannot be loaded. `auto` falls back to the CPU and says so in the
    log.
    """
    runtime = load_runtime()
    requested = _providers(provider)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    if trial:
        options.log_severity_level = 4  # what is wrong is said in the error
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        if _limited_memory():
            options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    check_model(model, name)
    # Else ONNX Runtime tells of a failure on standard output and tries once more without our limits.
    once = {"enable_fallback": 0} if trial else {}
    try:
        session: Session = runtime.InferenceSession(model, sess_options=options, providers=requested, **once)
    except runtime_errors() as error:
        raise PackError(
            f"{name} cannot be loaded by ONNX Runtime {runtime.__version__}: {first_line(error)}",
            "export the pack again, or update ONNX Runtime",
        ) from error
    # ONNX Runtime itself only warns when a GPU provider does not start.
    if requested[0] not in session.get_providers():
        if provider != "auto":
            raise UsageError(
                f"the {provider} provider does not start on this machine",
                "check the GPU driver, CUDA and cuDNN, or use --provider cpu",
            )
        log.warning("%s: %s does not start here, running on the CPU", name, requested[0])
    return session


def first_provider(provider: str) -> str:
    """What `provider` comes down to here: cpu, cuda or tensorrt. Raises UsageError as `open_session` does."""
    requested = _providers(provider)[0]
    return next(name for name, full in PROVIDERS.items() if full == requested)


def _providers(provider: str) -> list[str]:
    if provider != "auto" and provider not in PROVIDERS:
        raise UsageError(f"unknown provider {provider!r}", f"one of auto, {', '.join(PROVIDERS)}")
    present = available_providers()
    if provider == "auto":
        provider = "cuda" if "cuda" in present else "cpu"
    if provider not in present:
        raise UsageError(
            f"the {provider} provider is not in the installed ONNX Runtime, which has: {', '.join(present)}",
            f"pip uninstall onnxruntime, then pip install 'chromesthesia[{provider}]', or use --provider cpu",
        )
    # TensorRT leaves what it cannot run to CUDA, and everything leaves the rest to the CPU.
    chain = ["tensorrt", "cuda", "cpu"]
    return [PROVIDERS[name] for name in chain[chain.index(provider) :] if name in present]


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _limited_memory() -> bool:
    """Make the memory that trial sessions share, once; False where this ONNX Runtime cannot."""
    with _MAKING_MEMORY:
        return _make_memory()


@functools.cache
def _make_memory() -> bool:
    runtime = load_runtime()
    try:
        place = runtime.OrtMemoryInfo(
            "Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT
        )
        arena = runtime.OrtArenaCfg({"max_mem": TRIAL_BYTES, "arena_extend_strategy": 1})
        runtime.create_and_register_allocator(place, arena)
    except (AttributeError, TypeError, RuntimeError, ValueError) as error:
        log.debug("models are tried without a limit of memory: %s", error)
        return False
    return True


def first_line(error: Exception) -> str:
    """What ONNX Runtime says, without its stack."""
    return one_line((str(error).strip().splitlines() or [type(error).__name__])[0], 200)
