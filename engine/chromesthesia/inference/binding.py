"""Runs a session from and into arrays that are allocated once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chromesthesia.core.records import Float32
from chromesthesia.inference.sessions import Session


class BoundSession:
    """A session with fixed float32 arrays for inputs and outputs: write, `run`, read.

    On the CPU nothing is copied; a GPU provider copies to and fro by itself. The arrays must outlive the binding, and
    do: it holds them.
    """

    def __init__(
        self, session: Session, inputs: Mapping[str, Float32], outputs: Mapping[str, Float32]
    ) -> None:
        self._session = session
        self._arrays = (*inputs.values(), *outputs.values())
        self._binding = session.io_binding()
        for bind, arrays in ((self._binding.bind_input, inputs), (self._binding.bind_output, outputs)):
            for name, array in arrays.items():
                bind(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)

    def run(self, options: Any = None) -> None:
        """Compute the outputs from the inputs as they are now; options: `onnxruntime.RunOptions`."""
        self._session.run_with_iobinding(self._binding, options)
