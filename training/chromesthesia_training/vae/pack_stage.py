"""The stage that makes a pack of the VAE: the shipped encoder hears, the VAE paints."""

from __future__ import annotations

from chromesthesia.packs.find import find_pack
from chromesthesia.packs.manifest import DataSource, Manifest
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.packing.live_show import NOTE, played
from chromesthesia_training.packing.manifest import manifest_of
from chromesthesia_training.packing.painter import painter_pack
from chromesthesia_training.packing.sources import KNOWN_SOURCES, sources_of
from chromesthesia_training.stage import Context
from chromesthesia_training.vae.export import engine_vae
from chromesthesia_training.vae.generation_stage import painter
from chromesthesia_training.vae.runs import BEST
from chromesthesia_training.vae.writing import content

FOLDER = "pack"
"""Below `runs/vae`: `chromesthesia run --pack runs/vae/pack` plays it."""
NOTES = (
    "The pictures are those of a variational autoencoder over tokens: soft, and of emotion rather than of objects.",
    "Its latent walks where those of paintings lie; valence and arousal are told to its decoder at every place.",
)


def run_pack(context: Context) -> None:
    """Export the best version, hold it against torch, build and check the pack; `vae/pack`."""
    world, made_by = painter(context)
    ear = find_pack(None)
    manifest = manifest_of(ear)
    if manifest.parity is None:
        raise TrainingError(f"the pack {ear} says nothing of its parity", "export it again")
    parity = (manifest.parity.encoder_torch_onnx, manifest.parity.encoder_streamed_offline)
    out = context.runs_dir / "vae" / FOLDER
    report = painter_pack(
        engine_vae(made_by),
        ear / manifest.encoder.file,
        out,
        parity,
        _sources(manifest),
        notes=NOTES,
        art_index=None if manifest.art_index is None else ear / manifest.art_index.file,
    )
    built = manifest_of(out)
    assert built.parity is not None
    made = {
        "generator_torch_onnx": built.parity.generator_torch_onnx,
        "generator_image_ms": round(report.timing.generator_image_ms, 3),
        "images_per_s": round(report.timing.images_per_s, 2),
        "size_bytes": report.size_bytes,
        "side": built.generator.image_size[0],
        **played(out, context.quick),
    }
    notes = [
        "milliseconds of one thread's own time, by the engine's own session",
        "`chromesthesia packs check` finds no fault",
        NOTE,
    ]
    write_metrics(
        "vae", "pack", content(context, world, {"version": BEST.name}, made, notes), context.metrics_dir
    )


def _sources(manifest: Manifest) -> list[DataSource]:
    """What the encoder was trained on, as its pack says, and what the VAE was."""
    known = {source.name for source in KNOWN_SOURCES.values()}
    heard = [
        DataSource(one.name, one.used_for, one.licence, one.restricted)
        for one in manifest.data
        if "generator" not in one.used_for or one.name not in known
    ]
    paints = sources_of(["art", "vgmidi"], "generator")
    used_for = "generator: pictures and sounds"
    return heard + [DataSource(one.name, used_for, one.licence, one.restricted) for one in paints]
