"""Peers that may be absent: how to load one, and what to say where it cannot be had."""

from __future__ import annotations

import importlib
from typing import Any

from benchmarks.rows import Absent

BENCH_EXTRA = "not installed: pip install -c constraints.txt -e '.[cpu,dev,bench]'"


def load(module: str, remedy: str = BENCH_EXTRA) -> Any:
    """The module `module`, or an `Absent` that says what is missing and the remedy."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name == module.partition(".")[0]:
            return Absent(remedy)
        return Absent(f"cannot be loaded: {error}")
