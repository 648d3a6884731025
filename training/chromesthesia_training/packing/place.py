"""A pack that was made beside another takes its place."""

from __future__ import annotations

from pathlib import Path

from chromesthesia.inference.check import find_faults
from chromesthesia_training.errors import TrainingError


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
