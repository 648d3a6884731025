"""Fills in the manifest of a model pack, as `chromesthesia.packs.manifest` declares it, from files and measurements."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf

from chromesthesia.core.emotions import CONDITION_LABELS, EMBEDDING_LABEL, EMOTIONS
from chromesthesia.core.records import EMBEDDING_SIZE, ENCODER_HOPS, HOP_SAMPLES, SAMPLE_RATE_HZ
from chromesthesia.core.schema import Table
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia.packs.manifest import (
    MANIFEST_NAME,
    ArtIndexSpec,
    DataSource,
    EncoderSpec,
    GeneratorSpec,
    Manifest,
    Parity,
    StateSpec,
    TensorSpec,
    Tier,
    Timing,
    manifest_text,
    parse_manifest,
)
from chromesthesia_training.errors import TrainingError

T = TypeVar("T", bound=Table)


@dataclass(frozen=True)
class ModelPorts:
    """Inputs and outputs of a model, in its order."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def ports_of(path: Path) -> ModelPorts:
    """Read the ports of an ONNX model. Raises TrainingError when it cannot be opened, or a shape is not fixed."""
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, OSError) as error:
        raise TrainingError(f"{path} is not an ONNX model that opens: {error}", "export it again") from error
    ports = ModelPorts(
        tuple(TensorSpec(item.name, tuple(item.shape)) for item in session.get_inputs()),
        tuple(TensorSpec(item.name, tuple(item.shape)) for item in session.get_outputs()),
    )
    for port in (*ports.inputs, *ports.outputs):
        if not all(isinstance(size, int) for size in port.shape):
            raise TrainingError(f"{path}: {port.name} has the shape {port.shape}", "export with fixed shapes")
    return ports


def manifest_of(pack: Path) -> Manifest:
    """The manifest of a pack's folder. Raises PackError naming what is wrong."""
    where = pack / MANIFEST_NAME
    return parse_manifest(where.read_text(encoding="utf-8"), where)


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
    """Raise TrainingError when the ports are not those of a generator: condition [1, 5] or [1, 128] (the encoder's
    embedding), noise, image [1, 3, H, W]."""
    inputs, outputs = {p.name: p.shape for p in ports.inputs}, {p.name: p.shape for p in ports.outputs}
    if inputs.get("condition") != (1, EMBEDDING_SIZE):
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


def make_manifest(
    folder: Path,
    name: str,
    version: str,
    created: str,
    metrics: Mapping[str, float],
    sources: Sequence[DataSource],
    measured: Measured,
) -> Manifest:
    """Manifest of the pack in `folder`, which holds encoder.onnx, generator.onnx and the other files already."""
    encoder, generator = ports_of(folder / "encoder.onnx"), ports_of(folder / "generator.onnx")
    states = check_encoder_ports(encoder, folder / "encoder.onnx")
    check_generator_ports(generator, folder / "generator.onnx")
    condition = next(port for port in generator.inputs if port.name == "condition")
    noise = next(port for port in generator.inputs if port.name == "noise")
    image = next(port for port in generator.outputs if port.name == "image")
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST_NAME)
    return Manifest(
        name=name,
        version=version,
        created=created,
        sound=ENCODER_MEL,
        models=(
            EncoderSpec(
                file="encoder.onnx",
                hops_per_step=ENCODER_HOPS,
                latency_ms=1_000.0 * ENCODER_HOPS * HOP_SAMPLES / SAMPLE_RATE_HZ,
                emotions=EMOTIONS,
                embedding_size=EMBEDDING_SIZE,
                inputs=encoder.inputs,
                outputs=encoder.outputs,
                state=StateSpec(tuple(states), tuple(f"next_{state}" for state in states)),
            ),
            GeneratorSpec(
                file="generator.onnx",
                condition_labels=(EMBEDDING_LABEL,)
                if condition.shape[1] == EMBEDDING_SIZE
                else CONDITION_LABELS,
                noise_size=noise.shape[1],
                image_size=(image.shape[2], image.shape[3]),
                inputs=generator.inputs,
                outputs=generator.outputs,
            ),
        ),
        timing=None if measured.timing is None else rounded(measured.timing),
        parity=rounded(measured.parity),
        tiers=tuple(rounded(tier) for tier in measured.tiers),
        art_index=measured.art_index,
        metrics={key: round(float(value), 6) for key, value in metrics.items()},
        data=tuple(sources),
        files=_hashes(files),
    )


def write_signed(folder: Path, manifest: Manifest) -> Manifest:
    """Write `manifest` into the pack in `folder`, with the hash of every other file that lies there; as written."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST_NAME)
    signed = msgspec.structs.replace(manifest, files=_hashes(files))
    (folder / MANIFEST_NAME).write_text(manifest_text(signed), encoding="utf-8")
    return signed


def _hashes(files: Sequence[Path]) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rounded(table: T) -> T:
    """Its numbers to four digits: more was not measured."""
    numbers = {
        key: float(f"{value:.4g}")
        for key, value in msgspec.structs.asdict(table).items()
        if isinstance(value, float)
    }
    return msgspec.structs.replace(table, **numbers)
