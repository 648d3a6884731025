"""A new encoder for a finished pack: its generator, its paintings and what is known of them stay."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch.nn import functional

from chromesthesia.core.records import ENCODER_HOPS, Float32
from chromesthesia.packs.art_index import ALL_ARRAYS, ART_INDEX_NAME, MAX_INDEX_BYTES
from chromesthesia.packs.manifest import (
    ENCODER_ROLE,
    DataSource,
    Manifest,
    Parity,
    Tier,
)
from chromesthesia.packs.npz import read_npz
from chromesthesia_training.align.art_index import npz_bytes
from chromesthesia_training.align.heads import ProjectionHead
from chromesthesia_training.encoder.export import EncoderExport, StreamedEncoder
from chromesthesia_training.packing.card import CARD_NAME, card_of_new_encoder
from chromesthesia_training.packing.manifest import manifest_of, ports_of, rounded, write_signed
from chromesthesia_training.packing.pack import check_place
from chromesthesia_training.packing.place import put_in_place
from chromesthesia_training.packing.quantize import Int8Result
from chromesthesia_training.packing.sources import current

logger = logging.getLogger(__name__)

LEAST_LIKENESS = 0.8
"""Mean cosine between where the old and the new head put a sound: below, the index would point elsewhere."""
HEAD_STEPS, HEAD_BATCH = 800, 256
ENCODER_KEYS = ("encoder_", "valence_r_vgmidi", "arousal_r_vgmidi")


@dataclass(frozen=True)
class NewEncoder:
    """The exported file, what came of quantising it, its report for the card; notes: points for the card; sources: data
    that are new.
    """

    exported: EncoderExport
    int8: Int8Result | None
    report: Mapping[str, Any]
    notes: Sequence[str] = ()
    sources: Sequence[DataSource] = ()


@dataclass(frozen=True)
class Replaced:
    """What came of it; likeness: of the new sound head of the art index to the old one, on sounds left out."""

    exported: EncoderExport
    int8: Int8Result | None
    likeness: float | None


def replace_encoder(
    pack: Path, out: Path, new: NewEncoder, heard: Sequence[Float32], version: str | None = None
) -> Replaced:
    """Write to `out` the pack `pack` with another encoder; `out` may be `pack` itself, and must not hold other things.

    heard: log-mel [hops, mels] of sounds on which the new encoder's embedding is brought to where the old one's lay
    among the paintings. Raises TrainingError for a pack that would be refused; what was there then stays.
    """
    before = manifest_of(pack)
    check_place(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-encoder-", dir=out.parent) as place:
        folder = Path(place) / out.name
        shutil.copytree(pack, folder)
        old_file = Path(place) / "old.onnx"
        shutil.copyfile(folder / before.encoder.file, old_file)
        for tier in before.tiers:
            if tier.model == ENCODER_ROLE and tier.kept:
                (folder / tier.file).unlink()
        new_file = folder / "encoder.onnx"
        shutil.copyfile(new.exported.path, new_file)
        if new.int8 is not None and new.int8.content is not None:
            (folder / "encoder.int8.onnx").write_bytes(new.int8.content)
        likeness = None
        if before.art_index is not None:
            likeness = _move_index(folder / ART_INDEX_NAME, old_file, new_file, heard)
        _describe(folder, before, new, likeness, version)
        put_in_place(folder, out)
    return Replaced(new.exported, new.int8, likeness)


def _describe(
    folder: Path,
    before: Manifest,
    new: NewEncoder,
    likeness: float | None,
    version: str | None,
) -> None:
    """Manifest and card of the pack in `folder`."""
    exported, int8 = new.exported, new.int8
    ports = ports_of(folder / "encoder.onnx")
    states = tuple(port.name for port in ports.inputs if port.name != "log_mel")
    encoder = msgspec.structs.replace(
        before.encoder,
        file="encoder.onnx",
        inputs=ports.inputs,
        outputs=ports.outputs,
        state=type(before.encoder.state)(states, tuple(f"next_{state}" for state in states)),
    )
    flat = {key: round(float(value), 6) for key, value in new.report["flat"].items()}
    kept = {key: value for key, value in before.metrics.items() if not key.startswith(ENCODER_KEYS)}
    timing = before.timing
    assert timing is not None
    assert before.parity is not None
    step_ms = exported.step_ms if int8 is None else int8.fp32_ms
    index = before.art_index
    if index is not None:
        content = (folder / index.file).read_bytes()
        index = msgspec.structs.replace(index, sha256=hashlib.sha256(content).hexdigest())
    known = {source.name for source in before.data}
    manifest = msgspec.structs.replace(
        before,
        version=version or before.version,
        created=date.today().isoformat(),
        models=(encoder, before.generator),
        timing=rounded(msgspec.structs.replace(timing, encoder_step_ms=step_ms)),
        parity=rounded(
            Parity(exported.parity, exported.streamed_offline, before.parity.generator_torch_onnx)
        ),
        tiers=(*_tiers(step_ms, int8), *(tier for tier in before.tiers if tier.model != ENCODER_ROLE)),
        art_index=index,
        metrics={**flat, **kept},
        data=(
            *(current(source) for source in before.data),
            *(source for source in new.sources if source.name not in known),
        ),
    )
    notes = list(new.notes)
    if likeness is not None:
        notes.append(
            "The way from sounds to the nearest paintings was not learned anew: the new embedding is led to where the "
            f"earlier encoder's lay (mean cosine {likeness:.2f} on sounds left out)."
        )
    card = folder / CARD_NAME
    card.write_text(
        card_of_new_encoder(card.read_text(encoding="utf-8"), manifest, new.report, notes), encoding="utf-8"
    )
    write_signed(folder, manifest)


def _tiers(fp32_ms: float, int8: Int8Result | None) -> tuple[Tier, ...]:
    tiers = [
        Tier(
            model=ENCODER_ROLE, precision="fp32", kept=True, file="encoder.onnx", ms=fp32_ms, why="as trained"
        )
    ]
    if int8 is not None:
        file = "encoder.int8.onnx" if int8.kept else ""
        tiers.append(
            Tier(
                model=ENCODER_ROLE, precision="int8", kept=int8.kept, file=file, ms=int8.int8_ms, why=int8.why
            )
        )
    return tuple(rounded(tier) for tier in tiers)


def _move_index(path: Path, old: Path, new: Path, heard: Sequence[Float32]) -> float:
    """Give the index a sound head for the new embedding; mean cosine to the old head's places on sounds left out."""
    arrays = dict(read_npz(path.read_bytes(), ALL_ARRAYS, MAX_INDEX_BYTES))
    before, after = (_embeddings(model, heard) for model in (old, new))
    head = {
        name: np.asarray(arrays[name], np.float32)
        for name in arrays
        if name.split("_")[0] in ("sound", "hidden", "project")
    }
    scaled = (before - head["sound_mean"]) / head["sound_deviation"]
    hidden = np.maximum(scaled @ head["hidden_weight"].T + head["hidden_bias"], 0.0)
    wanted = torch.from_numpy(hidden @ head["project_weight"].T + head["project_bias"]).float()
    moved, likeness = _fit_head(torch.from_numpy(after), functional.normalize(wanted, dim=-1))
    state = moved.state_dict()
    arrays |= {
        "encoder_sha256": np.asarray(hashlib.sha256(new.read_bytes()).hexdigest()),
        "sound_mean": state["mean"].numpy(),
        "sound_deviation": state["deviation"].numpy(),
        "hidden_weight": state["hidden.weight"].numpy().astype(np.float16),
        "hidden_bias": state["hidden.bias"].numpy(),
        "project_weight": state["project.weight"].numpy().astype(np.float16),
        "project_bias": state["project.bias"].numpy(),
    }
    path.write_bytes(npz_bytes(arrays))
    if likeness < LEAST_LIKENESS:
        logger.warning(
            "the art index hears like the earlier one only by a cosine of %.2f: align again", likeness
        )
    return likeness


def _embeddings(model: Path, heard: Sequence[Float32]) -> Float32:
    """Embeddings at every sixth step of every sound, from 0.8 s on: [N, 128]."""
    encoder = StreamedEncoder(model)
    return np.concatenate(
        [encoder.run(mel)["embedding"][9::6] for mel in heard if len(mel) >= 16 * ENCODER_HOPS]
    )


def _fit_head(embeddings: torch.Tensor, wanted: torch.Tensor) -> tuple[ProjectionHead, float]:
    """A head that takes embeddings to the wanted unit vectors; every tenth in a row of fifty is left out to judge."""
    torch.manual_seed(0)
    judged = torch.arange(len(embeddings)) % 50 < 5
    learned = torch.nonzero(~judged)[:, 0]
    head = ProjectionHead(embeddings.shape[1])
    head.set_standardisation(embeddings[learned])
    optimiser = torch.optim.AdamW(head.parameters(), 2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, HEAD_STEPS)
    for _ in range(HEAD_STEPS):
        rows = learned[torch.randint(len(learned), (min(HEAD_BATCH, len(learned)),))]
        loss = 1.0 - functional.cosine_similarity(head(embeddings[rows]), wanted[rows]).mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        chosen = judged if bool(judged.any()) else ~judged
        return head.eval(), float(
            functional.cosine_similarity(head(embeddings[chosen]), wanted[chosen]).mean()
        )
