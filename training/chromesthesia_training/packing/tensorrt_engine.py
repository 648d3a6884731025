"""TensorRT engines from ONNX models, for the GPU at hand: built with a timing cache, kept by what they depend on.

An engine runs only with the TensorRT version and on the kind of GPU it was built with, so its file is named after the
hash of the model, both of these and the precision. Up to TensorRT 10 half precision is a flag of the builder; from
11 on every network is strongly typed and the model itself is turned to float16. API: TensorRT's Python reference, 10.x.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import re
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from platformdirs import user_cache_path

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

WORKSPACE_BYTES = 1 << 30
INSTALL = "pip install 'chromesthesia[tensorrt]' on a machine with an NVIDIA GPU; without one the pack plays as it is"


@dataclass(frozen=True)
class BuiltEngine:
    """An engine on disk. from_cache: it was there already, and build_s is 0."""

    path: Path
    size_bytes: int
    precision: str
    gpu: str
    tensorrt: str
    build_s: float
    from_cache: bool


def default_cache_dir() -> Path:
    """The user's cache of engines, where this system keeps caches: on Linux ~/.cache/chromesthesia/tensorrt."""
    return user_cache_path("chromesthesia", appauthor=False) / "tensorrt"


def build_engine(model: bytes, name: str, cache_dir: Path, fp16: bool = True) -> BuiltEngine:
    """Engine of the ONNX `model`, called `name` in errors; taken from `cache_dir` when it was built before.

    Tactic timings are kept in `cache_dir` too, so that the next model of the same GPU builds faster. Raises
    TrainingError naming what failed, the value seen and the remedy: no TensorRT, no GPU, a model that cannot be parsed
    or built; DataError when the disk is full.
    """
    trt, gpu = load_tensorrt(), gpu_name()
    version = str(trt.__version__)
    precision = "fp16" if fp16 else "fp32"
    key = f"{hashlib.sha256(model).hexdigest()[:16]}-{precision}-trt{_slug(version)}-{_slug(gpu)}"
    path = cache_dir / f"{key}.engine"
    if path.is_file() and _opens(trt, path.read_bytes()):
        return BuiltEngine(path, path.stat().st_size, precision, gpu, version, 0.0, True)
    timing_path = cache_dir / f"timing-trt{_slug(version)}-{_slug(gpu)}.cache"
    began_s = time.perf_counter()
    engine, timings = _build(
        trt, model, name, fp16, timing_path.read_bytes() if timing_path.is_file() else b""
    )
    if not _opens(trt, engine):
        raise TrainingError(
            f"the engine built of {name} does not open again with TensorRT {version} on {gpu}",
            "update the GPU driver, or build with --fp32",
        )
    for target, content in ((path, engine), (timing_path, timings)):
        with whole_file(target) as file:
            file.write(content)
    logger.info("wrote %s", path)
    return BuiltEngine(path, len(engine), precision, gpu, version, time.perf_counter() - began_s, False)


def load_tensorrt() -> ModuleType:
    """The tensorrt module. Raises TrainingError when it cannot be imported."""
    try:
        return importlib.import_module("tensorrt")
    except (ImportError, OSError) as error:
        raise TrainingError(f"TensorRT cannot be imported ({error})", INSTALL) from error


def gpu_name() -> str:
    """Name and compute capability of the GPU that engines are built for. Raises TrainingError when there is none."""
    import torch

    if not torch.cuda.is_available():
        built_for = torch.version.cuda or "no CUDA at all"
        raise TrainingError(
            f"no NVIDIA GPU was found (torch {torch.__version__}, built for {built_for}, sees "
            f"{torch.cuda.device_count()} devices)",
            INSTALL,
        )
    major, minor = torch.cuda.get_device_capability()
    return f"{torch.cuda.get_device_name()} sm{major}{minor}"


def _build(trt: Any, model: bytes, name: str, fp16: bool, timings: bytes) -> tuple[bytes, bytes]:
    """Serialised engine and serialised timing cache."""
    log = trt.Logger(trt.Logger.WARNING)
    builder = trt.Builder(log)
    fp16_flag = getattr(trt.BuilderFlag, "FP16", None)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, log)
    if not parser.parse(half_model(model, name) if fp16 and fp16_flag is None else model):
        reasons = "; ".join(parser.get_error(index).desc() for index in range(parser.num_errors))
        raise TrainingError(
            f"TensorRT {trt.__version__} cannot parse {name}: {reasons or 'no reason given'}",
            "update TensorRT, or export the pack again",
        )
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    if fp16 and fp16_flag is not None:
        config.set_flag(fp16_flag)
    _add_profile(builder, config, network, name)
    cache = config.create_timing_cache(timings)
    if not config.set_timing_cache(cache, ignore_mismatch=False):
        logger.info("the kept tactic timings are of another machine: timing anew")
        config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)
    logger.info("TensorRT %s builds %s; a minute or more", trt.__version__, name)
    serialised = builder.build_serialized_network(network, config)
    if serialised is None:
        raise TrainingError(
            f"TensorRT {trt.__version__} could not build {name} within {WORKSPACE_BYTES >> 20} MiB of workspace",
            "see its messages above; free GPU memory, or build with --fp32",
        )
    return bytes(serialised), bytes(config.get_timing_cache().serialize())


def _add_profile(builder: Any, config: Any, network: Any, name: str) -> None:
    """One optimisation profile with every input at its own shape: packs have fixed shapes, one is all they need."""
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        shape = tuple(tensor.shape)
        if any(side < 1 for side in shape):
            raise TrainingError(
                f"{name}: input {tensor.name} has the shape {list(shape)}",
                "export the pack again, with fixed shapes",
            )
        profile.set_shape(tensor.name, shape, shape, shape)
    config.add_optimization_profile(profile)


def _opens(trt: Any, engine: bytes) -> bool:
    """Whether the runtime of this machine takes the engine."""
    runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
    return runtime.deserialize_cuda_engine(engine) is not None


def half_model(model: bytes, name: str) -> bytes:
    """The same ONNX model computing in float16, its inputs and outputs still float32. Raises TrainingError."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    try:
        content: bytes = convert_float_to_float16(
            onnx.load_from_string(model), keep_io_types=True
        ).SerializeToString()
    except (ValueError, RuntimeError, KeyError) as error:
        raise TrainingError(f"{name} cannot be turned to float16: {error}", "build with --fp32") from error
    return content


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")
