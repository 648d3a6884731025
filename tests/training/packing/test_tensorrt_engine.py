"""Building TensorRT engines: the calls in their order through a stand-in module, and for real where a GPU is."""

from __future__ import annotations

import errno
import io
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from chromesthesia_training import safe_write
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.packing import tensorrt_engine
from chromesthesia_training.packing.tensorrt_engine import build_engine, default_cache_dir, half_model

GPU = "Fake GPU sm90"


@pytest.fixture(scope="module")
def model() -> bytes:
    """A small convolution as ONNX, noise [1, 4] in, image [1, 3, 8, 8] out."""
    node, tensor = onnx.helper.make_node, onnx.numpy_helper.from_array
    rng = np.random.default_rng(0)
    graph = onnx.helper.make_graph(
        [
            node("MatMul", ["noise", "spread"], ["flat"]),
            node("Reshape", ["flat", "shape"], ["maps"]),
            node("Conv", ["maps", "kernel"], ["image"], pads=[1, 1, 1, 1]),
        ],
        "small",
        [onnx.helper.make_tensor_value_info("noise", onnx.TensorProto.FLOAT, [1, 4])],
        [onnx.helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, 8, 8])],
        [
            tensor(rng.normal(size=(4, 192)).astype(np.float32), "spread"),
            tensor(np.array([1, 3, 8, 8], np.int64), "shape"),
            tensor(rng.normal(size=(3, 3, 3, 3)).astype(np.float32), "kernel"),
        ],
    )
    made = onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 20)])
    content: bytes = made.SerializeToString()
    return content


class FakeTensorRT(types.ModuleType):
    """Stands for `tensorrt`: takes the same calls, writes each down, and fails where told."""

    def __init__(self, version: str = "10.13.0", **faults: Any) -> None:
        super().__init__("tensorrt")
        self.__version__ = version
        self.calls: list[str] = []
        self.parsed = b""
        self.cache_given = b""
        calls, outer = self.calls, self

        class Logger:
            WARNING, ERROR = "warning", "error"

            def __init__(self, severity: str) -> None:
                pass

        class Tensor:
            name, shape = "noise", faults.get("shape", (1, 4))

        class Network:
            num_inputs = 1

            def get_input(self, index: int) -> Tensor:
                return Tensor()

        class Problem:
            def desc(self) -> str:
                return "no importer for Magic"

        class OnnxParser:
            num_errors = 1

            def __init__(self, network: Network, log: Logger) -> None:
                calls.append("parser")

            def parse(self, content: bytes) -> bool:
                calls.append("parse")
                outer.parsed = content
                return not faults.get("unparsable")

            def get_error(self, index: int) -> Problem:
                return Problem()

        class Timings:
            def serialize(self) -> bytearray:
                return bytearray(b"timings")

        class Profile:
            def set_shape(self, name: str, *shapes: tuple[int, ...]) -> None:
                assert len(set(shapes)) == 1
                calls.append(f"profile {name} {list(shapes[0])}")

        class Config:
            def set_memory_pool_limit(self, pool: str, size: int) -> None:
                calls.append(f"pool {pool}")

            def set_flag(self, flag: str) -> None:
                calls.append(f"flag {flag}")

            def add_optimization_profile(self, profile: Profile) -> int:
                calls.append("add profile")
                return 0

            def create_timing_cache(self, content: bytes) -> Timings:
                outer.cache_given = content
                return Timings()

            def set_timing_cache(self, cache: Timings, ignore_mismatch: bool) -> bool:
                calls.append("timing cache")
                return not (faults.get("foreign_timings") and outer.cache_given)

            def get_timing_cache(self) -> Timings:
                return Timings()

        class Builder:
            def __init__(self, log: Logger) -> None:
                calls.append("builder")

            def create_network(self, flags: int) -> Network:
                calls.append(f"network {flags}")
                return Network()

            def create_builder_config(self) -> Config:
                return Config()

            def create_optimization_profile(self) -> Profile:
                return Profile()

            def build_serialized_network(self, network: Network, config: Config) -> bytearray | None:
                calls.append("build")
                return None if faults.get("unbuildable") else bytearray(b"engine")

        class Runtime:
            def __init__(self, log: Logger) -> None:
                pass

            def deserialize_cuda_engine(self, content: bytes) -> object | None:
                calls.append("open")
                return object() if content == b"engine" and not faults.get("unopenable") else None

        flags = {} if int(version.split(".")[0]) > 10 else {"FP16": "FP16"}
        self.Logger, self.OnnxParser, self.Builder, self.Runtime = Logger, OnnxParser, Builder, Runtime
        self.BuilderFlag = types.SimpleNamespace(**flags)
        self.MemoryPoolType = types.SimpleNamespace(WORKSPACE="workspace")


def install(monkeypatch: pytest.MonkeyPatch, version: str = "10.13.0", **faults: Any) -> FakeTensorRT:
    fake = FakeTensorRT(version, **faults)
    monkeypatch.setitem(sys.modules, "tensorrt", fake)
    monkeypatch.setattr(tensorrt_engine, "gpu_name", lambda: GPU)
    return fake


def test_an_engine_is_parsed_configured_built_and_opened(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = install(monkeypatch)
    built = build_engine(model, "mine/generator.onnx", tmp_path)
    assert fake.calls == [
        "builder", "network 0", "parser", "parse", "pool workspace", "flag FP16", "profile noise [1, 4]",
        "add profile", "timing cache", "build", "open",
    ]  # fmt: skip
    assert fake.parsed == model
    assert built.path.read_bytes() == b"engine"
    assert (built.precision, built.gpu, built.from_cache) == ("fp16", GPU, False)
    assert {path.suffix for path in tmp_path.iterdir()} == {".engine", ".cache"}


@pytest.mark.skipif(sys.platform != "linux", reason="where Linux keeps caches")
def test_engines_are_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "chromesthesia" / "tensorrt"


def test_the_same_engine_is_not_built_again(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    first = build_engine(model, "g", tmp_path)
    fake = install(monkeypatch)
    again = build_engine(model, "g", tmp_path)
    assert again.from_cache
    assert again.path == first.path
    assert "build" not in fake.calls


@pytest.mark.parametrize("change", ["model", "precision", "tensorrt", "gpu"])
def test_everything_an_engine_depends_on_is_in_its_name(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    install(monkeypatch)
    first = build_engine(model, "g", tmp_path)
    install(monkeypatch, "10.14.1" if change == "tensorrt" else "10.13.0")
    if change == "gpu":
        monkeypatch.setattr(tensorrt_engine, "gpu_name", lambda: "Other GPU sm80")
    other = build_engine(model + b"x" * (change == "model"), "g", tmp_path, fp16=change != "precision")
    assert not other.from_cache
    assert other.path != first.path


def test_an_engine_that_no_longer_opens_is_built_again(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    path = build_engine(model, "g", tmp_path).path
    path.write_bytes(b"torn")
    assert not build_engine(model, "g", tmp_path).from_cache
    assert path.read_bytes() == b"engine"


def test_tactic_timings_are_used_again_and_foreign_ones_left(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert install(monkeypatch).cache_given == b""
    build_engine(model, "g", tmp_path)
    fake = install(monkeypatch)
    build_engine(model + b"2", "g", tmp_path)
    assert fake.cache_given == b"timings"
    fake = install(monkeypatch, foreign_timings=True)
    build_engine(model + b"3", "g", tmp_path)
    assert fake.calls.count("timing cache") == 2
    assert fake.cache_given == b""


def test_where_networks_are_strongly_typed_the_model_itself_is_halved(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = install(monkeypatch, "11.0.0")
    build_engine(model, "g", tmp_path)
    assert not any(call.startswith("flag") for call in fake.calls)
    halved = onnx.load_from_string(fake.parsed)
    kernel = next(tensor for tensor in halved.graph.initializer if tensor.name == "kernel")
    assert kernel.data_type == onnx.TensorProto.FLOAT16
    fake = install(monkeypatch, "11.0.0")
    build_engine(model, "g", tmp_path, fp16=False)
    assert fake.parsed == model


def test_a_halved_model_answers_nearly_the_same(model: bytes) -> None:
    noise = {"noise": np.ones((1, 4), np.float32)}
    one, other = (
        onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, noise)[0]
        for content in (model, half_model(model, "g"))
    )
    assert other.dtype == np.float32
    np.testing.assert_allclose(other, one, atol=0.05)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"unparsable": True}, "cannot parse mine/generator.onnx: no importer for Magic"),
        ({"unbuildable": True}, "could not build mine/generator.onnx within 1024 MiB"),
        ({"unopenable": True}, "does not open again with TensorRT 10.13.0 on Fake GPU"),
        ({"shape": (-1, 4)}, r"input noise has the shape \[-1, 4\]"),
    ],
)
def test_what_fails_is_named_and_nothing_is_kept(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], message: str
) -> None:
    install(monkeypatch, **fault)
    with pytest.raises(TrainingError, match=message) as caught:
        build_engine(model, "mine/generator.onnx", tmp_path)
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_half_engine(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)

    def full(path: Path) -> io.RawIOBase:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(safe_write, "open_partial", full)
    with pytest.raises(DataError, match="No space left"):
        build_engine(model, "g", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_tensorrt_the_remedy_is_named(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(TrainingError, match=r"TensorRT cannot be imported.*chromesthesia\[tensorrt\]"):
        build_engine(model, "g", tmp_path)


def test_without_a_gpu_what_was_seen_is_named(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setitem(sys.modules, "tensorrt", FakeTensorRT())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match=r"no NVIDIA GPU was found \(torch .* sees 0 devices\)"):
        build_engine(model, "g", tmp_path)


@pytest.mark.cuda
def test_a_real_engine_is_built_and_kept(model: bytes, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt", reason="cuda: TensorRT is not installed")
    built = build_engine(model, "small", tmp_path)
    assert built.size_bytes > 1_000
    assert build_engine(model, "small", tmp_path).from_cache
