"""Steps and pictures a second of a pack's models: by provider, precision and threads, and each way to feed a GPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.records import Float32
from chromesthesia.core.user_files import one_line
from chromesthesia.inference.binding import BoundSession
from chromesthesia.inference.sessions import PROVIDERS, first_line, load_runtime, open_session, runtime_errors
from chromesthesia.packs.manifest import EncoderSpec, GeneratorSpec
from chromesthesia.packs.pack import Pack, model_files

WARM_UP = 3
LEAST_RUNS = 5
ENOUGH_RUNS = 2000


@dataclass(frozen=True, slots=True)
class Case:
    """One way to run one model. way: `bound` (arrays bound once, as a show does), `plain` (fed with every run), `graph`
    (CUDA graph), `fp16` (TensorRT), `interop` (into a buffer of OpenGL's)."""

    model: str
    file: str
    provider: str
    threads: int
    way: str = "bound"


def cases(pack: Pack, threads: tuple[int, ...], interop: bool = False) -> Iterator[Case]:
    """Every model file on the CPU with every number of threads; the fp32 ones on a GPU in every way.

    interop: the generator's picture also goes on into OpenGL without the host.
    """
    for file, spec in model_files(pack.manifest).items():
        name = "encoder" if isinstance(spec, EncoderSpec) else "generator"
        for count in threads:
            yield Case(name, file, "cpu", count)
        yield Case(name, file, "cpu", 1, "plain")
        if file in (pack.manifest.encoder.file, pack.manifest.generator.file):
            for way in ("plain", "bound", "graph"):
                yield Case(name, file, "cuda", 1, way)
            yield Case(name, file, "tensorrt", 1, "fp16")
            if interop and name == "generator":
                yield Case(name, file, "cuda", 1, "interop")


def measure(pack: Pack, case: Case, seconds: float) -> dict[str, Any]:
    """Milliseconds of one run and runs a second, or `refused`: what the provider itself said."""
    spec = model_files(pack.manifest)[case.file]
    row: dict[str, Any] = {
        "model": case.model,
        "file": case.file,
        "provider": case.provider,
        "precision": precision_of(case),
        "threads": case.threads,
        "way": case.way,
        "size": list(spec.image_size) if isinstance(spec, GeneratorSpec) else None,
    }
    try:
        run = _runner(pack.models[case.file], spec, case)
        return {**row, **timed(run, seconds)}
    except ChromesthesiaError as error:
        return {**row, "refused": one_line(error.message)}
    except runtime_errors() as error:
        return {**row, "refused": first_line(error)}


def precision_of(case: Case) -> str:
    """int8 where the file says so, fp16 where TensorRT makes it so, else fp32."""
    return "fp16" if case.way == "fp16" else "int8" if ".int8." in case.file else "fp32"


def timed(
    run: Callable[[], object], seconds: float, now_s: Callable[[], float] = time.perf_counter
) -> dict[str, Any]:
    """p50 and p95 in milliseconds, runs a second and their number, of about `seconds` of runs after a warm-up."""
    for _ in range(WARM_UP):
        run()
    spent_s: list[float] = []
    begin_s = now_s()
    while len(spent_s) < LEAST_RUNS or (now_s() - begin_s < seconds and len(spent_s) < ENOUGH_RUNS):
        started_s = now_s()
        run()
        spent_s.append(now_s() - started_s)
    p50, p95 = np.percentile(spent_s, (50, 95))
    return {
        "ms_p50": round(1e3 * float(p50), 3),
        "ms_p95": round(1e3 * float(p95), 3),
        "per_second": round(len(spent_s) / max(sum(spent_s), 1e-9), 1),
        "runs": len(spent_s),
    }


def _runner(content: bytes, spec: EncoderSpec | GeneratorSpec, case: Case) -> Callable[[], object]:
    inputs = {one.name: _noise(one.shape) for one in spec.inputs}
    outputs = {one.name: np.zeros(one.shape, np.float32) for one in spec.outputs}
    # The show's own way in: it refuses a provider that is not there in the words that a show would use.
    session: Any = open_session(content, case.provider, case.threads, case.file)
    if case.way in ("graph", "fp16"):
        session = _special(content, case)
    if case.way == "plain":
        return lambda: session.run(None, inputs)
    if case.provider == "cpu":
        return BoundSession(session, inputs, outputs).run
    run = _on_gpu(session, inputs, list(outputs))
    if case.way != "interop":
        return run
    from chromesthesia.bench.interop import into_opengl

    return into_opengl(session, inputs)


def _special(content: bytes, case: Case) -> Any:
    runtime = load_runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    asked = {"enable_cuda_graph": "1"} if case.way == "graph" else {"trt_fp16_enable": "1"}
    return runtime.InferenceSession(content, options, providers=[(PROVIDERS[case.provider], asked)])


def _on_gpu(session: Any, inputs: dict[str, Float32], outputs: list[str]) -> Callable[[], object]:
    """Inputs and outputs stay where they are computed: what a frame drawn on the same GPU would read."""
    runtime = load_runtime()
    binding = session.io_binding()
    kept = {name: runtime.OrtValue.ortvalue_from_numpy(array, "cuda", 0) for name, array in inputs.items()}
    for name, value in kept.items():
        binding.bind_ortvalue_input(name, value)
    first = session.run(None, inputs)
    answers = [runtime.OrtValue.ortvalue_from_numpy(np.asarray(one), "cuda", 0) for one in first]
    for name, value in zip([one.name for one in session.get_outputs()], answers, strict=True):
        binding.bind_ortvalue_output(name, value)
    keep = (kept, answers, outputs)

    def run() -> object:
        session.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return keep

    return run


def _noise(shape: tuple[int, ...]) -> Float32:
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)
