"""Evaluates a TensorFlow graph from its description in json with NumPy alone: what a port is checked against.

Slow and plain on purpose: it knows nothing of the network, it walks the nodes and does what each says.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.errors import DataError

Array = NDArray[Any]
LARGEST_BYTES = 4_000_000


def read_graph(path: Path) -> list[dict[str, Any]]:
    """Nodes of a TensorFlow.js model file. Raises DataError when it is missing or no such file."""
    from chromesthesia.core.user_files import read_text

    def unreadable(message: str, remedy: str = "") -> DataError:
        return DataError(message, remedy, "corrupt")

    text = read_text(path, LARGEST_BYTES, unreadable)
    try:
        nodes = json.loads(text)["modelTopology"]["node"]
        return [{"name": str(node["name"]), "op": str(node["op"]), **node} for node in nodes]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} describes no graph: {error!r}", "give the model's json", "layout") from error


def evaluate(
    nodes: list[dict[str, Any]], constants: Mapping[str, Array], inputs: Mapping[str, Array], wanted: str
) -> Array:
    """The value of the node `wanted`, from the constants and the inputs by name.

    Raises DataError for an operation that is not known, or a constant that is not given.
    """
    by_name = {node["name"]: node for node in nodes}
    values: dict[str, Array] = {name: np.asarray(value) for name, value in inputs.items()}
    # A node comes after its inputs: walked with a stack, deep graphs are no deep recursion.
    stack = [wanted]
    while stack:
        name = stack[-1]
        if name in values:
            stack.pop()
            continue
        if name not in by_name:
            raise DataError(f"the graph has no node {name}", "give the model's json", "layout")
        node = by_name[name]
        if node["op"] == "Const":
            if name not in constants:
                raise DataError(f"the constant {name} is not given", "give the model's weights", "layout")
            values[name] = np.asarray(constants[name])
            continue
        needs = [need.split(":")[0] for need in node.get("input", ())]
        waiting = [need for need in needs if need not in values]
        if waiting:
            if len(stack) > len(by_name):
                raise DataError(f"the graph goes in a circle at {name}", "give the model's json", "layout")
            stack.extend(waiting)
            continue
        operation = OPERATIONS.get(node["op"])
        if operation is None:
            raise DataError(f"the operation {node['op']} of {name} is not known", "add it", "layout")
        values[name] = operation(node.get("attr", {}), *(values[need] for need in needs))
    return values[wanted]


def _text(value: Mapping[str, str]) -> str:
    return base64.b64decode(value["s"]).decode()


def _numbers(value: Mapping[str, Any]) -> list[int]:
    return [int(one) for one in value["list"].get("i", ())]


def _flag(attr: Mapping[str, Any], name: str) -> bool:
    return bool(attr.get(name, {}).get("b", False))


def _fused(attr: Mapping[str, Any], value: Array, extra: tuple[Array, ...]) -> Array:
    rest = list(extra)
    for name in (base64.b64decode(one).decode() for one in attr["fused_ops"]["list"].get("s", ())):
        if name == "BiasAdd":
            value = value + rest.pop(0)
        elif name == "Relu":
            value = np.maximum(value, 0.0)
        else:
            raise DataError(f"the fused operation {name} is not known", "add it", "layout")
    return value


def _padded(attr: Mapping[str, Any], inputs: Array, kernel: tuple[int, int], fill: float) -> Array:
    if _text(attr["data_format"]) != "NHWC":
        raise DataError("only NHWC graphs are known", "give such a graph", "layout")
    if any(number != 1 for number in _numbers(attr.get("dilations", {"list": {}}))):
        raise DataError("dilated convolutions are not known", "add them", "layout")
    if _text(attr["padding"]) == "VALID":
        return inputs
    if any(number != 1 for number in _numbers(attr["strides"])):
        raise DataError("SAME padding is known at stride 1 only", "add it", "layout")
    sides = [((size - 1) // 2, size - 1 - (size - 1) // 2) for size in kernel]
    return np.pad(inputs, ((0, 0), *sides, (0, 0)), constant_values=fill)


def _convolution(attr: Mapping[str, Any], inputs: Array, kernel: Array, *extra: Array) -> Array:
    high, wide, _, _ = kernel.shape
    _, down, across, _ = _numbers(attr["strides"])
    inputs = _padded(attr, inputs, (high, wide), 0.0).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(inputs, (high, wide), axis=(1, 2))
    total = np.tensordot(windows[:, ::down, ::across], kernel.astype(np.float64), ((3, 4, 5), (2, 0, 1)))
    return _fused(attr, total, extra)


def _max_pool(attr: Mapping[str, Any], inputs: Array) -> Array:
    _, high, wide, _ = _numbers(attr["ksize"])
    _, down, across, _ = _numbers(attr["strides"])
    inputs = _padded(attr, inputs, (high, wide), -np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(inputs, (high, wide), axis=(1, 2))
    return np.asarray(windows.max(axis=(-2, -1))[:, ::down, ::across])


def _matrix(attr: Mapping[str, Any], left: Array, right: Array, *extra: Array) -> Array:
    left = left.T if _flag(attr, "transpose_a") else left
    right = right.T if _flag(attr, "transpose_b") else right
    return _fused(attr, left.astype(np.float64) @ right.astype(np.float64), extra)


def _strided_slice(attr: Mapping[str, Any], value: Array, begin: Array, end: Array, stride: Array) -> Array:
    for name in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask"):
        if int(attr.get(name, {}).get("i", 0)):
            raise DataError(f"a slice with {name} is not known", "add it", "layout")
    shrink = int(attr.get("shrink_axis_mask", {}).get("i", 0))
    where = tuple(
        int(first) if shrink >> axis & 1 else slice(int(first), int(last), int(step))
        for axis, (first, last, step) in enumerate(zip(begin, end, stride, strict=True))
    )
    return np.asarray(value[where])


def _axes(value: Array) -> tuple[int, ...]:
    return tuple(int(one) for one in np.atleast_1d(value))


OPERATIONS: dict[str, Callable[..., Array]] = {
    "ExpandDims": lambda attr, value, axis: np.expand_dims(value, int(axis)),
    "Mul": lambda attr, left, right: left * right,
    "Add": lambda attr, left, right: left + right,
    "AddV2": lambda attr, left, right: left + right,
    "Pad": lambda attr, value, sides: np.pad(value, [(int(a), int(b)) for a, b in sides]),
    "_FusedConv2D": _convolution,
    "MaxPool": _max_pool,
    "Squeeze": lambda attr, value: np.squeeze(value, tuple(_numbers(attr["squeeze_dims"])) or None),
    "ConcatV2": lambda attr, *values: np.concatenate(values[:-1], axis=int(values[-1])),
    "Transpose": lambda attr, value, order: np.transpose(value, _axes(order)),
    "Max": lambda attr, value, axes: value.max(axis=_axes(axes), keepdims=_flag(attr, "keep_dims")),
    "Mean": lambda attr, value, axes: value.mean(axis=_axes(axes), keepdims=_flag(attr, "keep_dims")),
    "Shape": lambda attr, value: np.array(value.shape),
    "StridedSlice": _strided_slice,
    "Pack": lambda attr, *values: np.stack(values, axis=int(attr.get("axis", {}).get("i", 0))),
    "Reshape": lambda attr, value, shape: value.reshape(_axes(shape)),
    "_FusedMatMul": _matrix,
    "Sigmoid": lambda attr, value: 1.0 / (1.0 + np.exp(-value)),
}
