"""Puts the list of what trained a pack into it: the file, its hash, and one line on the card."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from chromesthesia.packs.manifest import MANIFEST_NAME, manifest_text
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.packing.card import CARD_NAME
from chromesthesia_training.packing.manifest import manifest_of, write_signed
from chromesthesia_training.packing.provenance import (
    PROVENANCE_NAME,
    Origin,
    Verdict,
    check_pack,
    provenance_bytes,
)
from chromesthesia_training.packing.sources import current
from chromesthesia_training.packing.terms import TERMS_HEADING, with_terms
from chromesthesia_training.safe_write import disk_errors


def seal(pack: Path, origins: Sequence[Origin]) -> Verdict:
    """Write `provenance.csv` into a pack, and what may be done as the first line under "May I use it?".

    Whole or not at all. Raises TrainingError for a card without that heading; DataError when the disk is full.
    """
    with _changed(pack) as folder:
        (folder / PROVENANCE_NAME).write_bytes(provenance_bytes(origins))
        write_signed(folder, manifest_of(folder))
        verdict = check_pack(folder)
        card = folder / CARD_NAME
        card.write_text(_said(card.read_text(encoding="utf-8"), verdict.may), encoding="utf-8")
    return verdict


def renew_terms(pack: Path) -> tuple[str, ...]:
    """Say in a pack's manifest and card what is known today of the licences of its data, and whom they ask to name.

    Returns the names of the data whose licence is another than the pack said. What a list of files allows stays. Whole
    or not at all. Raises TrainingError for a card without the heading; DataError when the disk is full.
    """
    with _changed(pack) as folder:
        before = manifest_of(folder)
        manifest = msgspec.structs.replace(before, data=tuple(current(source) for source in before.data))
        (folder / MANIFEST_NAME).write_text(manifest_text(manifest), encoding="utf-8")
        card = folder / CARD_NAME
        text = with_terms(card.read_text(encoding="utf-8"), manifest.data)
        if (folder / PROVENANCE_NAME).is_file():
            text = _said(text, check_pack(folder).may)
        card.write_text(text, encoding="utf-8")
    return tuple(new.name for old, new in zip(before.data, manifest.data, strict=True) if old != new)


@contextmanager
def _changed(pack: Path) -> Iterator[Path]:
    """A copy of a pack to change; signed and put into the pack's place where nothing failed."""
    with disk_errors(pack):
        pack = Path(os.path.realpath(pack))
        with tempfile.TemporaryDirectory(prefix=f".{pack.name}-", dir=pack.parent) as place:
            folder = Path(place) / pack.name
            shutil.copytree(pack, folder)
            yield folder
            write_signed(folder, manifest_of(folder))
            pack.rename(Path(place) / "earlier")
            folder.rename(pack)


def _said(card: str, line: str) -> str:
    """The card with the line in the place of the first paragraph of its terms."""
    before, heading, rest = card.partition(f"{TERMS_HEADING}\n\n")
    if not heading:
        raise TrainingError(f"the card has no heading {TERMS_HEADING!r}", "export the pack again")
    _, _, table = rest.partition("\n\n")
    return f"{before}{TERMS_HEADING}\n\n{line} No sound and no picture of the data is part of the pack.\n\n{table}"
