"""A sound server for the tests that need a real device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chromesthesia.testing.pulse import PulseStage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PulseStage]:
    """A running PulseAudio server of our own that this process's PortAudio uses."""
    with PulseStage(tmp_path) as stage:
        for name, value in stage.environment.items():
            monkeypatch.setenv(name, value)
        yield stage
