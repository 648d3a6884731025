"""ONNX files as they are shipped: without what the exporter notes about the machine it ran on."""

from __future__ import annotations

import onnx


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
