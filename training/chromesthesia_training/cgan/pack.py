"""A pack of the cGAN: the encoder whose embeddings it knows hears, and it paints from them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from chromesthesia.packs.art_index import ART_INDEX_NAME
from chromesthesia_training.align.art_index import build_art_index
from chromesthesia_training.align.train import Alignment
from chromesthesia_training.cgan.engine import engine_cgan
from chromesthesia_training.cgan.train import load_generator
from chromesthesia_training.encoder.export import export_onnx, load_trained
from chromesthesia_training.packing.export_run import pack_sources
from chromesthesia_training.packing.pack import PackReport, read_metrics
from chromesthesia_training.packing.painter import painter_pack
from chromesthesia_training.packing.run_record import RunRecord, read_record

FOLDER = "pack"
"""Below the run: `chromesthesia run --pack runs/cgan/tuned-64/pack` plays it."""
NOTES = (
    "The published design at its own size: pictures of 64 x 64, conditioned on what is heard and on nothing else.",
)


def make_pack(encoder_run: Path, run_dir: Path, heads: Alignment) -> PackReport:
    """A pack in `run_dir`/pack of the run's last generator and the encoder that the heads were trained on.

    The paintings of the alignment kept in `run_dir` (`align.pack_index`) are its index.
    """
    generator, _ = load_generator(run_dir / "generator.pt")
    metrics = read_metrics(encoder_run)
    sources = pack_sources(metrics, {"data": {"paintings": "art"}}, read_record(encoder_run), RunRecord())
    with tempfile.TemporaryDirectory(prefix="chromesthesia-cgan-") as folder:
        heard = export_onnx(load_trained(encoder_run), Path(folder) / "encoder.onnx")
        parity = heard.parity, heard.streamed_offline
        painter = engine_cgan(heads.sound, generator)
        index = build_art_index(Path(folder) / ART_INDEX_NAME, heard.path, run_dir)
        return painter_pack(painter, heard.path, run_dir / FOLDER, parity, sources, metrics, NOTES, index)
