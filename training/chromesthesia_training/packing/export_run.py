"""From two runs to a pack: everything between the checkpoints and `build_pack`."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromesthesia.packs.art_index import ART_INDEX_NAME
from chromesthesia.packs.manifest import DataSource, Parity
from chromesthesia_training.encoder.export import export_onnx as export_encoder
from chromesthesia_training.encoder.export import load_trained
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.export import export_onnx as export_generator
from chromesthesia_training.machine import runtime_name
from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.packing.pack import PackParts, PackReport, build_pack, read_metrics
from chromesthesia_training.packing.quantize import Int8Result, quantise_encoder, quantise_generator
from chromesthesia_training.packing.run_record import RunRecord, read_record
from chromesthesia_training.packing.sources import sources_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportRequest:
    """What `chromesthesia-train export` was asked for.

    alignment: a run for the art index, given by a person; usual_alignment: taken when it is there and fits. results:
    folder of metrics files, None to keep none.
    """

    out: Path
    encoder_run: Path
    gan_run: Path
    alignment: Path | None = None
    usual_alignment: Path = Path("runs/align/pack")
    int8: bool = True
    version: str | None = None
    notes: tuple[str, ...] = ()
    results: Path | None = None


@dataclass(frozen=True)
class Exported:
    """The pack and what was measured on the way."""

    report: PackReport
    parity: Parity
    int8: tuple[Int8Result, ...]


def export_pack(request: ExportRequest) -> Exported:
    """Export both runs' models into a pack. Raises TrainingError or DataError; an earlier pack then stays as it was."""
    with tempfile.TemporaryDirectory(prefix="chromesthesia-export-") as folder:
        heard = export_encoder(load_trained(request.encoder_run), Path(folder) / "encoder.onnx")
        painted = export_generator(request.gan_run, Path(folder) / "generator.onnx")
        parity = Parity(heard.parity, heard.streamed_offline, painted.difference)
        int8 = (quantise_encoder(heard.path), quantise_generator(painted.path)) if request.int8 else ()
        encoder_metrics, gan_metrics = read_metrics(request.encoder_run), read_metrics(request.gan_run)
        parts = PackParts(
            heard.path,
            painted.path,
            parity,
            pack_sources(
                encoder_metrics, gan_metrics, read_record(request.encoder_run), read_record(request.gan_run)
            ),
            encoder_metrics,
            gan_metrics,
            int8,
            _art_index(request, heard.path, Path(folder)),
            request.notes,
        )
        report = build_pack(parts, request.out, request.version)
    if request.results is not None and int8:
        write_int8_metrics(int8, request, painted.side)
    return Exported(report, parity, int8)


def pack_sources(
    encoder_metrics: dict[str, Any], gan_metrics: dict[str, Any], encoder: RunRecord, generator: RunRecord
) -> list[DataSource]:
    """Data behind the two models. A user's own folder is the user's own, whatever it is called."""
    heard = list(encoder_metrics.get("corpora", {})) or list(encoder.own)
    seen = gan_metrics.get("data", {}).get("paintings") or next(iter(generator.own), "art")
    sources = [_source(name, encoder, "encoder: emotion categories") for name in heard]
    if encoder_metrics.get("model", {}).get("begun_with"):
        sources += sources_of([encoder_metrics["model"]["begun_with"]], "encoder")
    sources.append(_source(str(seen), generator, "generator: pictures by emotion"))
    if generator.features == "squeezenet":
        sources += sources_of(["squeezenet"], "generator")
    return sources


def _source(name: str, record: RunRecord, used_for: str) -> DataSource:
    if name in record.own:
        return DataSource(name, used_for, "the user's own, not checked", True)
    return sources_of([name], used_for)[0]


def _art_index(request: ExportRequest, encoder_onnx: Path, folder: Path) -> Path | None:
    """The nearest-artwork index of the alignment that was asked for, or of the usual one where it fits."""
    from chromesthesia_training.align.art_index import ALIGNMENT_NAME, build_art_index

    run = request.alignment or request.usual_alignment
    if request.alignment is None and not (run / ALIGNMENT_NAME).is_file():
        return None
    try:
        return build_art_index(folder / ART_INDEX_NAME, encoder_onnx, run)
    except TrainingError as error:
        if request.alignment is not None:
            raise
        logger.warning("the pack goes without an art index: %s", error)
        return None


def write_int8_metrics(int8: Sequence[Int8Result], request: ExportRequest, side: int) -> Path:
    """Keep what int8 gave, kept or not, as the metrics file pack/int8."""
    assert request.results is not None
    return write_metrics(
        "pack",
        "int8",
        {
            "command": f"chromesthesia-train export {request.out} --encoder {request.encoder_run} "
            f"--gan {request.gan_run} --results {request.results}",
            "data": {
                "what": "the engine's own requests over all emotions; the bundled étude at changing levels"
            },
            "protocol": "int8 against fp32 in the same run, thread time, one thread",
            "split": "calibrated on other requests than judged",
            "seeds": [0],
            "settings": {
                "format": "QDQ, uint8 activations, int8 weights per channel",
                "runtime": runtime_name(),
                "image_side": side,
            },
            "figures": {
                result.model: {
                    "kept": float(result.kept),
                    "fp32_ms": round(result.fp32_ms, 4),
                    "int8_ms": round(result.int8_ms, 4),
                    "layers_in_int8": len(result.quantised),
                    "layers": result.candidates,
                    **{name: round(value, 5) for name, value in result.figures.items()},
                }
                for result in int8
            },
            "notes": [f"{result.model}: {result.why}" for result in int8],
        },
        request.results,
    )
