"""ONNX files as they are shipped: without what the exporter notes about the machine it ran on."""

from __future__ import annotations

from pathlib import Path

import onnx


def strip_traces(path: Path) -> None:
    """Remove from the model at `path` every doc string and metadata entry: stack traces with file paths, module names.

    What is computed stays as it is. Raises whatever onnx raises for a file that is no model.
    """
    model = onnx.load(str(path))
    graph = model.graph
    parts = [model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer]
    for function in model.functions:
        parts += [function, *function.node, *function.value_info]
    for part in parts:
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, str(path))
