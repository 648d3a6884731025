"""Puts the list of what trained a pack into it: the file, its hash, and one line on the card."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from chromesthesia.packs.manifest import MANIFEST_NAME, manifest_text
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.packing.manifest import manifest_of
from chromesthesia_training.packing.provenance import (
    PROVENANCE_NAME,
    Origin,
    Verdict,
    check_pack,
    provenance_bytes,
)
from chromesthesia_training.safe_write import disk_errors

CARD_NAME = "MODEL_CARD.md"
HEADING = "## May I use it?"


def seal(pack: Path, origins: Sequence[Origin]) -> Verdict:
    """Write `provenance.csv` into a pack, and what may be done as the first line under "May I use it?".

    Whole or not at all. Raises TrainingError for a card without that heading; DataError when the disk is full.
    """
    with disk_errors(pack):
        pack = Path(os.path.realpath(pack))
        with tempfile.TemporaryDirectory(prefix=f".{pack.name}-", dir=pack.parent) as place:
            folder = Path(place) / pack.name
            shutil.copytree(pack, folder)
            (folder / PROVENANCE_NAME).write_bytes(provenance_bytes(origins))
            _sign(folder)
            verdict = check_pack(folder)
            card = folder / CARD_NAME
            card.write_text(_said(card.read_text(encoding="utf-8"), verdict.may), encoding="utf-8")
            _sign(folder)
            pack.rename(Path(place) / "earlier")
            folder.rename(pack)
    return verdict


def _said(card: str, line: str) -> str:
    """The card with the line in the place of the first paragraph of its terms."""
    before, heading, rest = card.partition(f"{HEADING}\n\n")
    if not heading:
        raise TrainingError(f"the card has no heading {HEADING!r}", "export the pack again")
    _, _, table = rest.partition("\n\n")
    return f"{before}{HEADING}\n\n{line} No sound and no picture of the data is part of the pack.\n\n{table}"


def _sign(folder: Path) -> None:
    """Write the hashes of all files into the manifest."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST_NAME)
    manifest = msgspec.structs.replace(
        manifest_of(folder),
        files={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    )
    (folder / MANIFEST_NAME).write_text(manifest_text(manifest), encoding="utf-8")
