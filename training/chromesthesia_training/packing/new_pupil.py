"""A quick pupil for a finished pack: one more file and one more line; all else stays."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from chromesthesia.inference.sessions import open_session
from chromesthesia.packs.manifest import GENERATOR_ROLE, QUICK, Manifest, Tier
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.packing.card import CARD_NAME
from chromesthesia_training.packing.manifest import manifest_of, ports_of, rounded, write_signed
from chromesthesia_training.packing.picture_likeness import colour_r, structural_similarity
from chromesthesia_training.packing.place import remade
from chromesthesia_training.packing.quantize import engine_requests

QUICK_NAME = "generator.quick.onnx"
LEAST_GAIN = 1.5
"""So many of its pictures at least in the time of one: less is not worth another hand."""
JUDGED_PICTURES = 16
SECTION = "## Speed and parity"


@dataclass(frozen=True)
class NewPupil:
    """The exported file; times of a picture, its own and its teacher's, taken in turns; judged: figures in words."""

    path: Path
    image_ms: float
    teacher_ms: float
    judged: str


def add_pupil(pack: Path, out: Path, new: NewPupil) -> Manifest:
    """Write to `out` the pack `pack` with a quick pupil of its generator, in the place of an earlier one.

    Its time stands in the manifest as the generator's own does: on the machine of that, by what both took in turns.
    Whole or not at all. Raises TrainingError for a pupil that is not quick or takes other inputs, for a pack that would
    be refused, or where something other than a pack is there; DataError when the disk is full.
    """
    before = manifest_of(pack)
    gain = new.teacher_ms / new.image_ms
    if not gain >= LEAST_GAIN:
        raise TrainingError(
            f"the pupil takes {new.image_ms:.3g} ms a picture and its teacher {new.teacher_ms:.3g}",
            f"a quick one takes at most 1 / {LEAST_GAIN:g} of it; give it fewer inner channels",
        )
    ports, wanted = ports_of(new.path), before.generator
    if (ports.inputs, ports.outputs) != (wanted.inputs, wanted.outputs):
        raise TrainingError(
            f"{new.path} takes and gives other tensors than the generator of {pack}", "teach it by this pack"
        )
    own = next(
        (tier for tier in before.tiers if tier.model == GENERATOR_ROLE and tier.file == wanted.file), None
    )
    if own is None:
        raise TrainingError(f"the pack {pack} does not say what its generator takes", "export it again")
    why = (
        f"kept, where the processor draws, too; {new.image_ms:.3g} ms a picture beside its teacher's "
        f"{new.teacher_ms:.3g} ms in the same run; {new.judged}"
    )
    tier = Tier(model=GENERATOR_ROLE, precision=QUICK, kept=True, file=QUICK_NAME, ms=own.ms / gain, why=why)
    with remade(pack, out) as folder:
        shutil.copyfile(new.path, folder / QUICK_NAME)
        card = folder / CARD_NAME
        card.write_text(_told(card.read_text(encoding="utf-8"), why), encoding="utf-8")
        tiers = (*(one for one in before.tiers if one.precision != QUICK), rounded(tier))
        manifest = write_signed(folder, msgspec.structs.replace(before, name=folder.name, tiers=tiers))
    return manifest


def _told(card: str, why: str) -> str:
    """The card with the line among those of the precisions; an earlier pupil's goes."""
    begins = f"- {GENERATOR_ROLE}, {QUICK}: "
    lines = [line for line in card.splitlines() if not line.startswith(begins)]
    if SECTION not in lines:
        raise TrainingError(f"the card has no heading {SECTION!r}", "export the pack again")
    at = lines.index(SECTION)
    section = lines[at:]
    listed = [place for place, line in enumerate(section) if line.startswith("- ")]
    lines.insert(at + (listed[-1] + 1 if listed else len(section)), f"{begins}{why}.")
    return "\n".join(lines) + "\n"


def likeness_to_teacher(pupil: Path, teacher: Path) -> dict[str, float]:
    """How alike both paint what a show asks: `levels` of 255, `ssim`, `colour_r` (see `picture_likeness`)."""
    sessions = [open_session(path.read_bytes(), "cpu", name=str(path)) for path in (pupil, teacher)]
    sizes = {item.name: item.shape for item in sessions[0].get_inputs()}
    feeds = engine_requests(JUDGED_PICTURES, int(str(sizes["noise"][1])))
    made, wanted = (
        np.concatenate([session.run(["image"], feed)[0] for feed in feeds]) for session in sessions
    )
    return {
        "levels": 255.0 * float(np.abs(made - wanted).mean()),
        "ssim": structural_similarity(made, wanted),
        "colour_r": colour_r(made, wanted),
    }
