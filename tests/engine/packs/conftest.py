"""A pack of tiny models to spoil."""

from __future__ import annotations

from pathlib import Path

import pytest

from chromesthesia.testing.models import write_tiny_pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_pack(tmp_path / "tiny")
