"""A pack that was made beside another takes its place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chromesthesia.inference.check import find_faults
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.packing.pack import check_place
from chromesthesia_training.safe_write import disk_errors


@contextmanager
def remade(pack: Path, out: Path) -> Iterator[Path]:
    """A copy of `pack` to change, in a folder of the name of `out`; it becomes `out` where nothing failed.

    Raises TrainingError for a pack that would be refused, or where something other than a pack is there; DataError when
    the disk is full. What was at `out` then stays.
    """
    with disk_errors(out):
        out = Path(os.path.realpath(out))
        check_place(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as place:
            folder = Path(place) / out.name
            shutil.copytree(pack, folder)
            yield folder
            put_in_place(folder, out)


def put_in_place(folder: Path, out: Path) -> None:
    """Check the pack in `folder` as the engine does and make it `out`; what was there moves beside `folder`.

    folder: in a folder of its own, on the disk of `out`. Raises TrainingError for a pack that would be refused; what
    was there then stays.
    """
    faults = find_faults(folder)
    if faults:
        raise TrainingError(
            f"the pack would be refused: {'; '.join(fault.message for fault in faults)}", "see each of these"
        )
    if out.exists():
        out.rename(folder.parent / "earlier")
    folder.rename(out)
