"""How the tests of hostile packs edit one and see it refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from chromesthesia.core.errors import PackError
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.manifest import MANIFEST_NAME


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / MANIFEST_NAME
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def refused(folder: Path, match: str) -> None:
    """Both ways of looking at a pack refuse it, on one line."""
    with pytest.raises(PackError, match=match) as caught:
        load_pack(folder)
    assert len(str(caught.value).splitlines()) == 1
    assert any(str(fault) == str(caught.value) for fault in find_faults(folder))
