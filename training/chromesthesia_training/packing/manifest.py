"""The manifest of a model pack, schema 1, as TOML text. The engine reads and checks it: `chromesthesia.packs`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf

from chromesthesia.core.emotions import CONDITION_LABELS, EMOTIONS
from chromesthesia.core.records import EMBEDDING_SIZE, ENCODER_HOPS, HOP_SAMPLES, SAMPLE_RATE_HZ
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia.packs.manifest import ArtIndexSpec, Parity, Tier, Timing
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.packing.sources import DataSource

SCHEMA = 1

Value = str | bool | int | float | Sequence[str] | Sequence[int]


@dataclass(frozen=True)
class TensorPort:
    """Name and fixed shape of one input or output of a model."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ModelPorts:
    """Inputs and outputs of a model, in its order."""

    inputs: tuple[TensorPort, ...]
    outputs: tuple[TensorPort, ...]


def ports_of(path: Path) -> ModelPorts:
    """Read the ports of an ONNX model. Raises TrainingError when it cannot be opened, or a shape is not fixed."""
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, OSError) as error:
        raise TrainingError(f"{path} is not an ONNX model that opens: {error}", "export it again") from error
    ports = ModelPorts(
        tuple(TensorPort(item.name, tuple(item.shape)) for item in session.get_inputs()),
        tuple(TensorPort(item.name, tuple(item.shape)) for item in session.get_outputs()),
    )
    for port in (*ports.inputs, *ports.outputs):
        if not all(isinstance(size, int) for size in port.shape):
            raise TrainingError(f"{path}: {port.name} has the shape {port.shape}", "export with fixed shapes")
    return ports


def check_encoder_ports(ports: ModelPorts, path: Path) -> list[str]:
    """Names of the states of a streaming encoder. Raises TrainingError when the ports are not those of one."""
    inputs, outputs = {p.name: p.shape for p in ports.inputs}, {p.name: p.shape for p in ports.outputs}
    _expect(inputs.get("log_mel"), (1, ENCODER_HOPS, ENCODER_MEL.mels), "log_mel", path)
    expected = {
        "valence": (1,),
        "arousal": (1,),
        "probabilities": (1, len(EMOTIONS)),
        "confidence": (1,),
        "embedding": (1, EMBEDDING_SIZE),
    }
    for name, shape in expected.items():
        _expect(outputs.get(name), shape, name, path)
    states = [port.name for port in ports.inputs if port.name != "log_mel"]
    for name in states:
        _expect(outputs.get(f"next_{name}"), inputs[name], f"next_{name}", path)
    return states


def check_generator_ports(ports: ModelPorts, path: Path) -> None:
    """Raise TrainingError when the ports are not those of a generator: condition [1, 5], noise, image [1, 3, H, W]."""
    inputs, outputs = {p.name: p.shape for p in ports.inputs}, {p.name: p.shape for p in ports.outputs}
    _expect(inputs.get("condition"), (1, len(CONDITION_LABELS)), "condition", path)
    for name, found, rank in (("noise", inputs.get("noise"), 2), ("image", outputs.get("image"), 4)):
        if found is None or len(found) != rank or found[0] != 1 or (rank == 4 and found[1] != 3):
            wanted = "[1, N]" if rank == 2 else "[1, 3, H, W]"
            raise TrainingError(f"{path}: expected {name} of shape {wanted}, got {found}", "export it again")


def _expect(found: tuple[int, ...] | None, wanted: tuple[int, ...], name: str, path: Path) -> None:
    if found != wanted:
        raise TrainingError(f"{path}: expected {name} of shape {wanted}, got {found}", "export it again")


@dataclass(frozen=True)
class Measured:
    """What an export measured, for the manifest; `art_index` where there is one."""

    parity: Parity
    timing: Timing | None = None
    tiers: tuple[Tier, ...] = ()
    art_index: ArtIndexSpec | None = None


def manifest_text(
    folder: Path,
    name: str,
    version: str,
    created: str,
    metrics: Mapping[str, float],
    sources: Sequence[DataSource],
    measured: Measured,
) -> str:
    """Manifest of the pack in `folder`, which holds encoder.onnx, generator.onnx and the other files already."""
    encoder, generator = ports_of(folder / "encoder.onnx"), ports_of(folder / "generator.onnx")
    states = check_encoder_ports(encoder, folder / "encoder.onnx")
    check_generator_ports(generator, folder / "generator.onnx")
    noise = next(port for port in generator.inputs if port.name == "noise")
    image = next(port for port in generator.outputs if port.name == "image")
    latency_ms = 1_000.0 * ENCODER_HOPS * HOP_SAMPLES / SAMPLE_RATE_HZ
    lines = _pairs({"schema": SCHEMA, "name": name, "version": version, "created": created})
    lines += ["", "[sound]", *_pairs(asdict(ENCODER_MEL))]
    lines += ["", "[encoder]"]
    lines += _pairs(
        {
            "file": "encoder.onnx",
            "hops_per_step": ENCODER_HOPS,
            "latency_ms": latency_ms,
            "emotions": EMOTIONS,
            "embedding_size": EMBEDDING_SIZE,
        }
    )
    lines += _ports("encoder", encoder)
    lines += ["", "[encoder.state]"]
    lines += _pairs({"inputs": states, "outputs": [f"next_{state}" for state in states]})
    lines += ["", "[generator]"]
    lines += _pairs(
        {
            "file": "generator.onnx",
            "condition_labels": CONDITION_LABELS,
            "noise_size": noise.shape[1],
            "image_size": image.shape[2:],
        }
    )
    lines += _ports("generator", generator)
    if measured.timing is not None:
        lines += ["", "[timing]", *_pairs(_rounded(asdict(measured.timing)))]
    lines += ["", "[parity]", *_pairs(_rounded(asdict(measured.parity)))]
    for tier in measured.tiers:
        lines += ["", "[[tier]]", *_pairs(_rounded(asdict(tier)))]
    if measured.art_index is not None:
        lines += ["", "[art_index]", *_pairs(asdict(measured.art_index))]
    lines += ["", "[metrics]", *_pairs({key: round(float(value), 6) for key, value in metrics.items()})]
    for source in sources:
        lines += ["", "[[data]]", *_pairs(asdict(source))]
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "manifest.toml")
    lines += ["", "[files]"]
    lines += [
        f"{_text(path.name)} = {_text(hashlib.sha256(path.read_bytes()).hexdigest())}" for path in files
    ]
    return "\n".join(lines) + "\n"


def _ports(table: str, ports: ModelPorts) -> list[str]:
    lines = []
    for kind, items in (("input", ports.inputs), ("output", ports.outputs)):
        for port in items:
            lines += ["", f"[[{table}.{kind}]]", *_pairs({"name": port.name, "shape": port.shape})]
    return lines


def _pairs(values: Mapping[str, Value]) -> list[str]:
    return [f"{key} = {_literal(value)}" for key, value in values.items()]


def _rounded(values: Mapping[str, Value]) -> dict[str, Value]:
    """Numbers to four digits: more was not measured."""
    return {
        key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in values.items()
    }


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    return "[" + ", ".join(_literal(item) for item in value) + "]"


def _text(value: str) -> str:
    """A TOML basic string; its escapes are those of JSON."""
    return json.dumps(value)
