"""A command as a person types it, and figures that a show could leave."""

from __future__ import annotations

import pytest

from chromesthesia.cli.app import main

FIGURES: dict[str, object] = {
    "frames": 600,
    "duration_s": 20.0,
    "fps": 30.0,
    "late_frames": 2,
    "latency_ms": {"sound_to_light": {"p50": 30.4, "p95": 41.9, "p99": 50.0}},
    "source": "demo",
    "preset": "Gallery",
    "pack": "default",
}


def run_main(*arguments: str) -> int:
    """The exit code of one command."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert isinstance(left.value.code, int)
    return left.value.code
