"""Another generator for a finished pack: its encoder, its paintings and what is known of them stay."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from chromesthesia.core.user_files import one_line
from chromesthesia.packs.manifest import (
    GENERATOR_ROLE,
    DataSource,
    Manifest,
    Parity,
    Tier,
)
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.export import ExportReport
from chromesthesia_training.packing.card import CARD_NAME, card_of_new_painter
from chromesthesia_training.packing.manifest import (
    check_generator_ports,
    manifest_of,
    ports_of,
    rounded,
    write_signed,
)
from chromesthesia_training.packing.place import remade

FIGURES = "generator_"


@dataclass(frozen=True)
class NewPainter:
    """The exported file; section and notes: for the card; figures: for the manifest, by names that begin with
    `generator_`; sources: data that are new; files: others for the pack, by name.
    """

    exported: ExportReport
    section: str
    notes: Sequence[str] = ()
    figures: Mapping[str, float] | None = None
    sources: Sequence[DataSource] = ()
    files: Mapping[str, bytes] | None = None


def replace_painter(pack: Path, out: Path, new: NewPainter, created: date | None = None) -> Manifest:
    """Write to `out` (its name is the pack's) the pack `pack` with another generator; what its weights began with stays
    among the data. Whole or not at all: an earlier pack at `out` goes only then.

    Raises TrainingError for a pack that would be refused, or where something other than a pack is there; DataError when
    the disk is full.
    """
    before = manifest_of(pack)
    created = created or date.today()
    with remade(pack, out) as folder:
        for tier in before.tiers:
            if tier.model == GENERATOR_ROLE and tier.kept and tier.file:
                (folder / tier.file).unlink(missing_ok=True)
        shutil.copyfile(new.exported.path, folder / before.generator.file)
        for name, content in (new.files or {}).items():
            (folder / name).write_bytes(content)
        manifest = _describe(folder, before, folder.name, created, new)
    return manifest


def _describe(folder: Path, before: Manifest, name: str, created: date, new: NewPainter) -> Manifest:
    file = folder / before.generator.file
    ports = ports_of(file)
    check_generator_ports(ports, file)
    noise = next(port for port in ports.inputs if port.name == "noise")
    image = next(port for port in ports.outputs if port.name == "image")
    generator = msgspec.structs.replace(
        before.generator,
        noise_size=noise.shape[1],
        image_size=(image.shape[2], image.shape[3]),
        inputs=ports.inputs,
        outputs=ports.outputs,
    )
    timing, parity = before.timing, before.parity
    if timing is None or parity is None:
        raise TrainingError(f"the pack {one_line(before.name)} has no times or no parity", "export it again")
    own = Tier(
        model=GENERATOR_ROLE, precision="fp32", kept=True, file=before.generator.file, ms=new.exported.image_ms,
        why="as trained",
    )  # fmt: skip
    known = {source.name for source in before.data}
    manifest = msgspec.structs.replace(
        before,
        name=name,
        version=f"{created:%Y.%m}",
        created=created.isoformat(),
        models=(before.encoder, generator),
        timing=rounded(
            msgspec.structs.replace(
                timing,
                generator_image_ms=new.exported.image_ms,
                images_per_s=1_000.0 / new.exported.image_ms,
            )
        ),
        parity=rounded(
            Parity(parity.encoder_torch_onnx, parity.encoder_streamed_offline, new.exported.difference)
        ),
        tiers=(*(tier for tier in before.tiers if tier.model != GENERATOR_ROLE), rounded(own)),
        metrics={
            **{key: value for key, value in before.metrics.items() if not key.startswith(FIGURES)},
            **(new.figures or {}),
        },
        data=(*before.data, *(source for source in new.sources if source.name not in known)),
    )
    card = folder / CARD_NAME
    card.write_text(
        card_of_new_painter(card.read_text(encoding="utf-8"), manifest, new.section, new.notes),
        encoding="utf-8",
    )
    return write_signed(folder, manifest)
