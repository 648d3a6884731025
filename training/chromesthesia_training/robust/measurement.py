"""What every measurement of a finished pack begins and ends with: a pack and clips to read, a metrics file to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.find import find_pack
from chromesthesia.packs.manifest import ENCODER_ROLE
from chromesthesia.packs.pack import Pack
from chromesthesia_training.corpora.datasets import all_clips, find_sound_sets
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.metrics.metrics_file import write_metrics

Progress = Callable[[str, int, int], None]
"""What is being heard, how much of it is done, of how much."""
DIGITS = 4
"""Of a figure in the file."""


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


@dataclass(frozen=True)
class Measurement:
    """One measurement of one pack.

    pack: its folder, None for the default; name: of the metrics file; command: that makes it again; root: folder of
    metrics; data_dir, sounds: of corpora and of a user's own sounds; notes: kept with the figures.
    """

    pack: Path | None
    name: str
    command: str
    root: Path
    data_dir: Path | None = None
    sounds: Path | None = None
    notes: tuple[str, ...] = ()
    seed: int = 0

    def read(self) -> tuple[Pack, list[Clip]]:
        """The pack, and every clip there is. Raises PackError for a pack that does not load; DataError."""
        return load_pack(find_pack(self.pack)), all_clips(find_sound_sets(self.data_dir, self.sounds))

    def write(
        self,
        pack: Pack,
        protocol: str,
        split: str,
        data: Mapping[str, Any],
        settings: Mapping[str, Any],
        figures: Mapping[str, Any],
        notes: Sequence[str],
    ) -> Path:
        """Write `encoders/<protocol>.<name>`; its path. settings, notes: beside those of every measurement."""
        file, _ = pack.model(ENCODER_ROLE)
        return write_metrics(
            "encoders",
            f"{protocol}.{self.name}",
            {
                "command": self.command,
                "data": data,
                "protocol": protocol,
                "split": split,
                "seeds": [self.seed],
                "settings": {
                    "pack": pack.name,
                    "version": pack.manifest.version,
                    "encoder_file": file,
                    **settings,
                },
                "figures": figures,
                "notes": [*notes, *self.notes],
            },
            self.root,
        )
