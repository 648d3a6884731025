"""ONNX files as they are shipped: of one opset, and without what the exporter notes about the machine it ran on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import onnx
import torch
from torch import Tensor, nn

from chromesthesia_training.errors import TrainingError

OPSET = 20
LARGEST_DIFFERENCE = 1e-3
"""Of values 0..1, between what a network paints in torch and in its file."""


def onnx_bytes(
    module: nn.Module, example: tuple[Tensor, ...], inputs: Sequence[str], outputs: Sequence[str]
) -> bytes:
    """Content of the ONNX file of a module in eval mode: fp32, the shapes of `example`, no traces."""
    with warnings.catch_warnings():  # of the exporter's own inner workings
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            example,
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    return strip_traces(program.model_proto)


def check_parity(difference: float) -> None:
    """Raise TrainingError where torch and a file differ by more than `LARGEST_DIFFERENCE`, or by no number."""
    if not difference <= LARGEST_DIFFERENCE:
        raise TrainingError(
            f"ONNX and torch differ by {difference:g}, more than {LARGEST_DIFFERENCE:g}",
            "check the versions of torch and onnxruntime",
        )


def strip_traces(model: onnx.ModelProto) -> bytes:
    """Content of an ONNX file without doc strings and metadata entries: stack traces with file paths, module names.

    What is computed stays as it is.
    """
    graph = model.graph
    parts = [model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer]
    for function in model.functions:
        parts += [function, *function.node, *function.value_info]
    for part in parts:
        del part.metadata_props[:]
        part.doc_string = ""
    content: bytes = model.SerializeToString()
    return content
