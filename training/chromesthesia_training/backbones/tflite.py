"""Reads the constant tensors of a TensorFlow Lite file without its runtime (schema: tensorflow/lite/schema.fbs)."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from flatbuffers import number_types  # type: ignore[import-untyped]
from flatbuffers.table import Table  # type: ignore[import-untyped]
from numpy.typing import NDArray

from chromesthesia.core.records import Float32
from chromesthesia_training.errors import DataError

# Slots of the schema's tables.
MODEL_SUBGRAPHS, MODEL_BUFFERS = 2, 4
GRAPH_TENSORS = 0
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANTIZATION = 0, 1, 2, 3, 4
QUANTIZATION_SCALE, QUANTIZATION_ZERO, QUANTIZATION_AXIS = 2, 3, 6
FLOAT, INT8 = 0, 9
TYPES: dict[int, np.dtype[Any]] = {FLOAT: np.dtype("<f4"), 2: np.dtype("<i4"), INT8: np.dtype("i1")}


def read_constants(path: Path) -> dict[str, Float32]:
    """Constant tensors by their whole name, int8 ones multiplied by their scale: float32.

    Raises DataError when the file is missing or is not a TensorFlow Lite model.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}", "give the folder of the weights") from error
    if content[4:8] != b"TFL3":
        raise DataError(f"{path} is not a TensorFlow Lite model", "copy the file again")
    try:
        return _constants(content)
    except (struct.error, ValueError, IndexError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged: {error}", "copy the file again") from error


def _constants(content: bytes) -> dict[str, Float32]:
    model = Table(content, struct.unpack_from("<I", content)[0])
    buffers = _tables(model, MODEL_BUFFERS)
    graph = _tables(model, MODEL_SUBGRAPHS)[0]
    found: dict[str, Float32] = {}
    for tensor in _tables(graph, GRAPH_TENSORS):
        kind = TYPES.get(_scalar(tensor, TENSOR_TYPE, number_types.Int8Flags))
        raw = _vector(buffers[_scalar(tensor, TENSOR_BUFFER, number_types.Uint32Flags)], 0, np.dtype("u1"))
        if kind is None or raw.size == 0:
            continue
        shape = _vector(tensor, TENSOR_SHAPE, np.dtype("<i4"))
        values = np.frombuffer(raw.tobytes(), kind).reshape(shape).astype(np.float32)
        found[_text(tensor, TENSOR_NAME)] = _scaled(tensor, values) if kind == np.dtype("i1") else values
    return found


def _scaled(tensor: Table, values: Float32) -> Float32:
    offset = _slot(tensor, TENSOR_QUANTIZATION)
    table = Table(tensor.Bytes, tensor.Indirect(offset + tensor.Pos))
    scale = _vector(table, QUANTIZATION_SCALE, np.dtype("<f4"))
    zero = _vector(table, QUANTIZATION_ZERO, np.dtype("<i8")).astype(np.float32)
    shape = [1] * values.ndim
    shape[_scalar(table, QUANTIZATION_AXIS, number_types.Int32Flags)] = -1
    if scale.size > 1:
        return np.asarray((values - zero.reshape(shape)) * scale.reshape(shape), dtype=np.float32)
    return np.asarray((values - zero) * scale, dtype=np.float32)


def _slot(table: Table, slot: int) -> int:
    return int(table.Offset(4 + 2 * slot))


def _scalar(table: Table, slot: int, flags: object) -> int:
    offset = _slot(table, slot)
    return int(table.Get(flags, offset + table.Pos)) if offset else 0


def _vector(table: Table, slot: int, kind: np.dtype[Any]) -> NDArray[Any]:
    offset = _slot(table, slot)
    if not offset:
        return np.zeros(0, kind)
    return np.frombuffer(table.Bytes, kind, table.VectorLen(offset), table.Vector(offset))


def _tables(table: Table, slot: int) -> list[Table]:
    offset = _slot(table, slot)
    if not offset:
        return []
    start = table.Vector(offset)
    return [Table(table.Bytes, table.Indirect(start + 4 * i)) for i in range(table.VectorLen(offset))]


def _text(table: Table, slot: int) -> str:
    offset = _slot(table, slot)
    return bytes(table.String(offset + table.Pos)).decode() if offset else ""
