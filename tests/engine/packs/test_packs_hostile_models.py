"""A hostile model is refused before or while it is tried, in bounded time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engine.packs.hostile import refused

from chromesthesia.core.errors import PackError
from chromesthesia.inference import probe
from chromesthesia.inference.onnx_walk import MOST_FIELDS, check_model
from chromesthesia.inference.probe import load_pack, try_once
from chromesthesia.inference.sessions import open_session
from chromesthesia.inference.trial import within
from chromesthesia.packs.manifest import MANIFEST_NAME, parse_manifest
from chromesthesia.testing.models import rewrite_hashes

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
FLOAT = onnx.TensorProto.FLOAT


def node(*arguments: Any, **attributes: Any) -> Any:
    return onnx.helper.make_node(*arguments, **attributes)


def change_generator(folder: Path, change: Callable[[Any], object]) -> None:
    """Change the model and keep the checksums right, as a hostile hand would."""
    model = onnx.load(folder / "generator.onnx")
    change(model)
    content = model.SerializeToString().replace("\N{SNOWMAN}".encode(), b"\xff\xfe\xfd")
    (folder / "generator.onnx").write_bytes(content)
    rewrite_hashes(folder)


def after_the_image(model: Any, *nodes: Any, constants: dict[str, Any]) -> None:
    """Put `nodes` between the last node and the output: from `painted` to `image`."""
    model.graph.node[-1].output[0] = "painted"
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )


def external(model: Any, location: str = "secret.bin") -> None:
    tensor = model.graph.initializer[0]
    size = len(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(size))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def in_a_node(model: Any) -> None:
    tensor = onnx.numpy_helper.from_array(np.zeros(3, np.float32))
    tensor.data_location = onnx.TensorProto.EXTERNAL
    after_the_image(
        model,
        node("Constant", [], ["c"], value=tensor),
        node("Identity", ["painted"], ["image"]),
        constants={},
    )


def endless(model: Any) -> None:
    shape = [1, 3, 32, 32]
    body = onnx.helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("Identity", ["x"], ["y"])],
        "body",
        [
            onnx.helper.make_tensor_value_info("i", onnx.TensorProto.INT64, []),
            onnx.helper.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
            onnx.helper.make_tensor_value_info("x", FLOAT, shape),
        ],
        [
            onnx.helper.make_tensor_value_info("go_on", onnx.TensorProto.BOOL, []),
            onnx.helper.make_tensor_value_info("y", FLOAT, shape),
        ],
    )
    after_the_image(
        model, node("Loop", ["", "yes", "painted"], ["image"], body=body), constants={"yes": True}
    )


def greedy(model: Any) -> None:
    """Needs 3.2 GB for one tensor."""
    after_the_image(
        model,
        node("ConstantOfShape", ["sides"], ["huge"]),
        node("ReduceMax", ["huge"], ["most"], keepdims=0),
        node("Add", ["painted", "most"], ["image"]),
        constants={"sides": np.array([40_000, 20_000], np.int64)},
    )


def raising(model: Any) -> None:
    """A reshape that no picture fits, which only shows when it runs."""
    after_the_image(
        model,
        node("Slice", ["sides", "from", "to"], ["cut"]),
        node("ConstantOfShape", ["cut"], ["zeros"]),
        node("Cast", ["zeros"], ["shape_of_nothing"], to=onnx.TensorProto.INT64),
        node("Add", ["shape_of_nothing", "five"], ["odd"]),
        node("Reshape", ["painted", "odd"], ["image"]),
        constants={
            "sides": np.array([4], np.int64),
            "from": np.array([0], np.int64),
            "to": np.array([1], np.int64),
            "five": np.array(5, np.int64),
        },
    )


def function(model: Any) -> None:
    made = model.functions.add()
    made.name, made.domain = "f", "own"


def babel(model: Any) -> None:
    """An operator whose name is no text."""
    model.graph.node[-1].op_type = "\N{SNOWMAN}"


def driver(model: Any) -> None:
    after_the_image(model, node("EPContext", ["painted"], ["image"], domain="com.microsoft"), constants={})


MODELS: dict[str, tuple[Callable[[Any], object], str]] = {
    "weights in another file": (external, "got one with weights in another file"),
    "a constant in another file": (in_a_node, "got one with weights in another file"),
    "a loop without end": (endless, "a graph inside of a node"),
    "too much memory": (greedy, "generator.onnx: expected an answer, got"),
    "a fault at its run": (raising, "generator.onnx: expected an answer, got"),
    "functions": (function, "a function of its own"),
    "a name that is no text": (babel, "generator.onnx cannot be loaded by ONNX Runtime"),
    "a driver's file": (driver, "the operator EPContext"),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_hostile_model_with_a_fitting_checksum_is_refused(
    folder: Path,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # where ONNX Runtime would look for other files
    (tmp_path / "secret.bin").write_bytes(bytes(1 << 20))
    change, message = MODELS[kind]
    change_generator(folder, change)
    refused(folder, message)
    assert capfd.readouterr().out == ""


def test_a_model_that_does_not_answer_in_time_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_generator(folder, endless)
    monkeypatch.setattr("chromesthesia.inference.sessions.check_model", lambda content, name: None)
    monkeypatch.setattr(probe, "within", lambda work, name: within(work, name, limit_s=0.2))
    with pytest.raises(PackError, match=r"generator.onnx: expected an answer within 0.2 s, got none"):
        load_pack(folder)


def test_a_trial_tells_every_error(folder: Path) -> None:
    def wrong_use(options: object) -> None:
        raise LookupError("a mistake of ours")

    with pytest.raises(LookupError, match="of ours"):
        within(wrong_use, "model")
    with pytest.raises(PackError, match="model: expected an answer, got MemoryError"):
        within(lambda _: (_ for _ in ()).throw(MemoryError()), "model")
    spec = parse_manifest((folder / MANIFEST_NAME).read_text(), folder).generator
    session = open_session((folder / "generator.onnx").read_bytes(), "cpu", trial=True)
    assert within(lambda options: try_once(session, spec, "generator", options), "generator") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x18\x00\x00\x00ORTM" + bytes(40), "ONNX Runtime's own format"),
        (b"not a model", "cannot be loaded"),
        (b"\x08" + b"\xff" * 20, "no ONNX model from byte"),
        (b"\x3a\xff\xff\xff\xff\x0f", "no ONNX model from byte"),
        (b"\x3b", "no ONNX model from byte"),
        (b"\x08\x01" * (MOST_FIELDS + 1), "more than 100000 fields"),
    ],
)
def test_what_is_no_model_is_seen_before_it_is_opened(content: bytes, message: str) -> None:
    with pytest.raises(PackError, match=message):
        check_model(content, "encoder.onnx")
