"""Weights of no worth in the layouts of the published files, which are not ours to keep here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import torch
from tests.training.music.conftest import musicnn_weights
from tests.training.music.test_pretrained import panns_content
from tests.training.reproduce.tiny_graph import CONSTANTS, musicnn_graph
from tests.training.vae.conftest import tiny_encodec, tiny_vit

from chromesthesia.core.records import Float32
from chromesthesia_training.backbones import tflite
from chromesthesia_training.backbones.yamnet import CLASSES, LAYERS

FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""Channels that each of SqueezeNet's layers fire2 to fire9 squeezes to, and expands to twice."""


def drawn(rng: np.random.Generator, shape: tuple[int, ...], inputs: int) -> Float32:
    """A kernel that keeps the size of what goes through it, so that the features of pictures and sounds differ."""
    return rng.normal(0.0, (2.0 / inputs) ** 0.5, shape).astype(np.float32)


def write_squeezenet(path: Path) -> None:
    """SqueezeNet 1.1 by layer, kernels HWIO."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Float32] = {}

    def conv(name: str, side: int, inputs: int, outputs: int) -> None:
        arrays[f"{name}|kernel"] = drawn(rng, (side, side, inputs, outputs), side * side * inputs)
        arrays[f"{name}|bias"] = np.zeros(outputs, np.float32)

    conv("conv1", 3, 3, 64)
    arrays["conv1|kernel"] /= 128.0  # it takes pixels up to 255
    channels = 64
    for number, (squeezed, expanded) in enumerate(FIRES, start=2):
        conv(f"fire{number}|squeeze1x1", 1, channels, squeezed)
        conv(f"fire{number}|expand1x1", 1, squeezed, expanded)
        conv(f"fire{number}|expand3x3", 3, squeezed, expanded)
        channels = 2 * expanded
    np.savez(path, **arrays)  # type: ignore[arg-type]


def yamnet_tensors() -> dict[str, Float32]:
    """YAMNet's tensors by the names of the published file."""
    rng = np.random.default_rng(1)
    found = {
        "layer1/conv/Conv2D": drawn(rng, (32, 3, 3, 1), 9),
        "layer1/conv/bn/bias": np.zeros(32, np.float32),
    }
    inputs = 32
    for number, (outputs, _) in enumerate(LAYERS, start=2):
        depthwise, pointwise = f"layer{number}/depthwise_conv", f"layer{number}/pointwise_conv"
        found[f"{depthwise}/kernel"] = drawn(rng, (1, 3, 3, inputs), 9)
        found[f"{depthwise}/bn/bias"] = np.zeros(inputs, np.float32)
        found[f"{pointwise}/Conv2D"] = drawn(rng, (outputs, 1, 1, inputs), inputs)
        found[f"{pointwise}/bn/bias"] = np.zeros(outputs, np.float32)
        inputs = outputs
    return found | {
        "dense/MatMul": drawn(rng, (CLASSES, inputs), inputs),
        "dense/BiasAdd": np.zeros(CLASSES, np.float32),
    }


def write_yamnet(path: Path) -> None:
    """A TensorFlow Lite file of those tensors and nothing that computes (schema: tensorflow/lite/schema.fbs)."""
    builder = flatbuffers.Builder(20_000_000)

    def table(of_slot: Mapping[int, int]) -> int:
        builder.StartObject(5)
        for slot, offset in of_slot.items():
            builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
        return int(builder.EndObject())

    def vector(offsets: Sequence[int]) -> int:
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return int(builder.EndVector())

    buffers, tensors = [table({})], []
    for name, values in yamnet_tensors().items():
        content = builder.CreateNumpyVector(np.frombuffer(values.tobytes(), np.uint8))
        buffers.append(table({0: content}))
        shape = builder.CreateNumpyVector(np.array(values.shape, np.int32))
        called = builder.CreateString(f"yamnet_frames/{name}")
        builder.StartObject(4)
        builder.PrependUOffsetTRelativeSlot(tflite.TENSOR_SHAPE, shape, 0)
        builder.PrependUint32Slot(tflite.TENSOR_BUFFER, len(buffers) - 1, 0)
        builder.PrependUOffsetTRelativeSlot(tflite.TENSOR_NAME, called, 0)
        tensors.append(int(builder.EndObject()))
    graph = table({tflite.GRAPH_TENSORS: vector(tensors)})
    whole = table({tflite.MODEL_SUBGRAPHS: vector([graph]), tflite.MODEL_BUFFERS: vector(buffers)})
    builder.Finish(whole, b"TFL3")
    path.write_bytes(bytes(builder.Output()))


def write_musicnn(path: Path) -> None:
    """MusiCNN's weights and what its graph needs beside them."""
    musicnn_weights(path, **CONSTANTS)


def write_musicnn_graph(path: Path) -> None:
    """The graph that those weights belong to."""
    path.write_text(json.dumps({"modelTopology": {"node": musicnn_graph()}}), encoding="utf-8")


def write_panns(path: Path) -> None:
    """A narrow CNN14 of PANNs."""
    torch.save(panns_content(), path)


def write_vit(path: Path) -> None:
    """A ViT of two layers."""
    torch.save(tiny_vit(), path)


def write_encodec(path: Path) -> None:
    """A narrow EnCodec of three code books."""
    torch.save(tiny_encodec(), path)
