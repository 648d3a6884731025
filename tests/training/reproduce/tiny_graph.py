"""MusiCNN as a file of TensorFlow.js describes it, of the operations that the published one has."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.backbones.musicnn import MELS, POOLED, TIMBRE_BANDS, TIME_FRAMES

Node = dict[str, Any]

CONSTANTS: dict[str, NDArray[np.int32]] = {
    "time": np.array(1, np.int32),
    "channels": np.array(2, np.int32),
    "last": np.array(3, np.int32),
    "three_frames_around": np.array([[0, 0], [3, 3], [0, 0], [0, 0]], np.int32),
    "last_two_turned": np.array([0, 1, 3, 2], np.int32),
    "flat": np.array([-1, POOLED], np.int32),
}
"""What the nodes need beside the weights: axes, sides, shapes."""


def coded(word: str) -> str:
    return base64.b64encode(word.encode()).decode()


def text(word: str) -> Node:
    return {"s": coded(word)}


def texts(*words: str) -> Node:
    return {"list": {"s": [coded(word) for word in words]}}


def numbers(*values: int) -> Node:
    return {"list": {"i": [str(value) for value in values]}}


class Graph:
    """Nodes in the order in which they are added; every method returns the name of its last one."""

    def __init__(self) -> None:
        self.nodes: list[Node] = [{"name": "model/Placeholder", "op": "Placeholder"}]

    def add(self, name: str, op: str, *inputs: str, **attr: Any) -> str:
        self.nodes.append({"name": f"model/{name}", "op": op, "input": list(inputs), "attr": attr})
        return f"model/{name}"

    def norm(self, number: int, given: str) -> str:
        """The batch norm of that number: of the dense layers from 9 on, which are stored under other names."""
        part = f"batch_normalization{f'_{number}' if number else ''}"
        names = (
            ("batchnorm/mul", "batchnorm/sub")
            if number >= 9
            else ("FusedBatchNorm/Scaled", "FusedBatchNorm/Offset")
        )
        scale, offset = (f"model/{part}/{name}" for name in names)
        return self.add(f"{part}/moved", "Add", self.add(f"{part}/scaled", "Mul", given, scale), offset)

    def conv(self, number: int, given: str, padding: str) -> str:
        """A convolution, rectified and normed."""
        name = f"conv2d{f'_{number}' if number else ''}"
        said = {"data_format": text("NHWC"), "padding": text(padding), "strides": numbers(1, 1, 1, 1)}
        weights = (f"{name}/kernel", f"{name}/bias")
        made = self.add(
            f"{name}/Relu", "_FusedConv2D", given, *weights, fused_ops=texts("BiasAdd", "Relu"), **said
        )
        return self.norm(number + 1, made)

    def over_bands(self, number: int, given: str, bands: int) -> str:
        """The greatest of all bands."""
        size = {"ksize": numbers(1, 1, bands, 1), "strides": numbers(1, 1, bands, 1)}
        said = {"data_format": text("NHWC"), "padding": text("VALID"), **size}
        pooled = self.add(f"MaxPool_{number}", "MaxPool", given, **said)
        return self.add(f"Squeeze_{number}", "Squeeze", pooled, squeeze_dims=numbers(2))

    def dense(self, name: str, end: str, given: str, *fused: str) -> str:
        weights = (f"{name}/kernel", f"{name}/bias")
        return self.add(f"{name}/{end}", "_FusedMatMul", given, *weights, fused_ops=texts(*fused))


def musicnn_graph() -> list[Node]:
    """Nodes from `model/Placeholder` to `model/Sigmoid`, with those that the port is compared at."""
    graph = Graph()
    heard = graph.norm(0, graph.add("ExpandDims", "ExpandDims", "model/Placeholder", "last"))
    padded = graph.add("Pad", "Pad", heard, "three_frames_around")
    front = []
    for number, bands in enumerate(TIMBRE_BANDS):
        made = graph.conv(number, padded, "VALID")
        front.append(graph.over_bands(number, made, MELS - bands + 1))
    for number in range(len(front), len(front) + len(TIME_FRAMES)):
        front.append(graph.over_bands(number, graph.conv(number, heard, "SAME"), MELS))
    hidden = graph.add(
        "ExpandDims_1", "ExpandDims", graph.add("concat", "ConcatV2", *front, "channels"), "last"
    )
    layers = [hidden]
    for number in range(len(front), len(front) + 3):
        around = graph.add(f"Pad_{number}", "Pad", hidden, "three_frames_around")
        made = graph.add(
            f"turned_{number}", "Transpose", graph.conv(number, around, "VALID"), "last_two_turned"
        )
        hidden = made if len(layers) == 1 else graph.add(f"Add_{number}", "Add", hidden, made)
        layers.append(hidden)
    every = graph.add("concat_1", "ConcatV2", *layers, "channels")
    pooled = [graph.add(name, name, every, "time") for name in ("Max", "Mean")]
    flat = graph.add(
        "flatten/Reshape", "Reshape", graph.add("concat_2", "ConcatV2", *pooled, "channels"), "flat"
    )
    embedding = graph.dense("dense", "Relu", graph.norm(9, flat), "BiasAdd", "Relu")
    graph.add("Sigmoid", "Sigmoid", graph.dense("dense_1", "BiasAdd", graph.norm(10, embedding), "BiasAdd"))
    named = {node["name"] for node in graph.nodes}
    given = {name for node in graph.nodes for name in node.get("input", ()) if name not in named}
    return [*graph.nodes, *({"name": name, "op": "Const"} for name in sorted(given))]
