"""From an adapted painter to a pack: export, the test for copying, a card that says what it began with."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from chromesthesia.packs.manifest import DataSource, Manifest
from chromesthesia_training.adapt.copying import CopyReport, look_for_copies
from chromesthesia_training.adapt.pictures import GivenPictures
from chromesthesia_training.adapt.sheet import pairs_sheet
from chromesthesia_training.adapt.train import Adapted
from chromesthesia_training.data.condition import EngineCondition
from chromesthesia_training.gan.export import ExportReport, export_generator
from chromesthesia_training.gan.model import LATENT_SIZE
from chromesthesia_training.packing.manifest import manifest_of
from chromesthesia_training.packing.new_painter import NewPainter, replace_painter
from chromesthesia_training.packing.pack import check_place
from chromesthesia_training.packing.provenance import (
    PROVENANCE_NAME,
    Origin,
    provenance_bytes,
    read_provenance,
)
from chromesthesia_training.packing.terms import OWN
from chromesthesia_training.safe_write import whole_file

SOURCE_NAME = "the artist's own pictures"
LICENCE = f"the {OWN}, not checked"
STEERED_PICTURES = 96


@dataclass(frozen=True)
class AdaptedPack:
    """The pack's manifest, what came of the test for copying, and of the export."""

    manifest: Manifest
    copies: CopyReport
    exported: ExportReport


def export_adapted(
    adapted: Adapted, base: Path, given: GivenPictures, run_dir: Path, out: Path
) -> AdaptedPack:
    """Look for copies, write `nearest.png` into the run's folder, and build the pack `out` from `base` and the painter.

    A painter that copies is exported too: the pictures are the artist's own, and the card says so.
    """
    check_place(out)  # before minutes go into it
    trained = adapted.trained
    translate = EngineCondition(trained.space)

    def paint(conditions: Tensor, latents: Tensor) -> Tensor:
        pictures: Tensor = trained.generator(latents, translate(conditions))
        return pictures

    copies = look_for_copies(paint, given)
    with whole_file(run_dir / "nearest.png") as file:
        pairs_sheet(copies.pairs).save(file, format="PNG")
    steered = pleasure_r(adapted)
    earlier = manifest_of(base)
    figures = {
        "generator_adapted_minutes": round(trained.elapsed_s / 60, 2),
        "generator_adapted_steps": float(trained.step),
        "generator_asked_and_formula_pleasure_r": steered,
        **{f"generator_copies_{name}": value for name, value in copies.figures.items()},
    }
    count = len(given.learned)
    section = (
        f"The generator of the pack `{earlier.name}` {earlier.version}, tuned to {count} pictures of the artist's own "
        f"for {trained.elapsed_s / 60:.0f} minutes ({trained.step:,} steps) on a CPU. Palette and layout are measured "
        "on squares of the pictures, strokes are held to theirs by patches. How an emotion becomes a style is the "
        "earlier pack's.\n\n"
        "What the pictures express nobody said: bright and saturated stands for pleasant (the formula of Valdez and "
        "Mehrabian 1994), edges and contrast for stirred, each beside the artist's other squares. Correlation of the "
        f"valence asked for with the pleasure that the formula reads from the picture: {steered:.2f}.\n\n"
        f"{copies.line}"
    )
    notes = [
        f"The generator was tuned in {trained.elapsed_s / 60:.0f} minutes to {count} pictures: it paints their colours "
        "and strokes, not their things. Its weights began as the earlier pack's, whose data stay in the table above.",
        f"The generator beside the pictures given. {copies.line}",
    ]
    with tempfile.TemporaryDirectory(prefix="chromesthesia-adapt-") as place:
        exported = export_generator(trained.generator, trained, Path(place) / "generator.onnx")
        manifest = replace_painter(
            base,
            out,
            NewPainter(
                exported,
                section,
                notes,
                figures,
                [DataSource(f"{SOURCE_NAME} ({count})", "generator: tuned to them", LICENCE, True)],
                _provenance(base, given),
            ),
        )
    return AdaptedPack(manifest, copies, exported)


def _provenance(base: Path, given: GivenPictures) -> dict[str, bytes]:
    """The base's own list with the artist's pictures behind it, by number and hash: names may tell too much."""
    file = base / PROVENANCE_NAME
    earlier = read_provenance(file) if file.is_file() else ()
    own = [
        Origin("generator", SOURCE_NAME, "", LICENCE, f"picture {number:03d}", one.sha256)
        for number, one in enumerate(sorted(given.learned, key=lambda one: one.sha256), 1)
    ]
    return {PROVENANCE_NAME: provenance_bytes([*earlier, *own])}


def pleasure_r(adapted: Adapted, seed: int = 5) -> float:
    """Correlation of the valence asked for, -1 to 1, with the formula's pleasure of the picture."""
    rng = torch.Generator().manual_seed(seed)
    asked = torch.rand(STEERED_PICTURES, generator=rng) * 2 - 1
    conditions = torch.zeros(STEERED_PICTURES, 5)
    conditions[:, 0] = asked
    latents = torch.randn(STEERED_PICTURES, LATENT_SIZE, generator=rng)
    translate = EngineCondition(adapted.trained.space)
    read = []
    with torch.no_grad():
        for row in range(0, STEERED_PICTURES, 8):
            pictures = adapted.trained.generator(latents[row : row + 8], translate(conditions[row : row + 8]))
            read.append(adapted.ratings(pictures)[:, 0])
    pair = torch.stack([asked, torch.cat(read)])
    r = float(torch.corrcoef(pair)[0, 1])
    return round(r, 4) if r == r else 0.0
