"""From a free encoder's run to files and figures; a pack takes them when a painter is there that is as free."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chromesthesia.core.records import Float32
from chromesthesia_training.data.cache import by_path, open_cache
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.export import EncoderExport, export_onnx, load_trained
from chromesthesia_training.errors import DataError, LicenceError
from chromesthesia_training.fit.checkpoint import load
from chromesthesia_training.free.evaluate import WAYS, majority, unseen_figures
from chromesthesia_training.free.material import NEVER_MEASURED, PLACES, unseen_clips
from chromesthesia_training.free.settings import FreeSettings
from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.packing.provenance import (
    PROVENANCE_NAME,
    Origin,
    counted,
    judge,
    read_provenance,
)
from chromesthesia_training.packing.quantize import Int8Result, quantise_encoder
from chromesthesia_training.safe_write import whole_file

METRICS_NAME = "free"


@dataclass(frozen=True)
class FreeExport:
    """The files of a run: encoder.onnx, encoder.int8.onnx where that pays, and what trained them."""

    exported: EncoderExport
    int8: Int8Result | None
    origins: tuple[Origin, ...]

    @property
    def runs(self) -> Path:
        """The file that the engine would take on a CPU."""
        folder = self.exported.path.parent
        return (
            folder / "encoder.int8.onnx"
            if self.int8 is not None and self.int8.content
            else self.exported.path
        )


def export_free(
    run_dir: Path, quantise: Callable[[Path], Int8Result] | None = quantise_encoder
) -> FreeExport:
    """Write `encoder.onnx`, and int8 where that pays, beside the run's `provenance.csv`.

    Raises LicenceError where that list names a file that is not free, or none; TrainingError as `export_onnx`.
    """
    origins = read_provenance(run_dir / PROVENANCE_NAME)
    verdict = judge(origins)
    if not verdict.free:
        raise LicenceError(
            f"{run_dir / PROVENANCE_NAME}: {'; '.join(verdict.refusals)}", "train it on free data only"
        )
    exported = export_onnx(load_trained(run_dir), run_dir / "encoder.onnx")
    int8 = None if quantise is None else quantise(exported.path)
    small = run_dir / "encoder.int8.onnx"
    small.unlink(missing_ok=True)
    if int8 is not None and int8.content is not None:
        with whole_file(small) as file:
            file.write(int8.content)
    return FreeExport(exported, int8, origins)


def measure_free(
    settings: FreeSettings,
    export: FreeExport,
    root: Path,
    command: str,
    notes: tuple[str, ...] = (),
    advance: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Path:
    """Score the exported file on every corpus of `speech/` that trained nothing, into `encoders/free`.

    Raises DataError where there is no such corpus.
    """
    if settings.data_dir is None:
        raise DataError("nothing to measure with", "give --data FOLDER with speech/", "missing")
    trained = load_trained(settings.run_dir)
    clips = unseen_clips(settings.data_dir, corpora_of(export.origins))
    if not clips:
        raise DataError(
            "no corpus of speech/ trained nothing", "give one that is only for measuring", "missing"
        )
    spectra = by_path([open_cache("free-unseen", [clip.path for clip in clips], settings.cache_dir)])

    def mel_of(clip: Clip) -> Float32:
        return np.asarray(spectra[clip.path], np.float32)

    figures = unseen_figures(export.runs, clips, mel_of, advance=advance)
    confusion = figures.pop("confusion")
    names = list(dict.fromkeys(clip.corpus for clip in clips))
    content = {
        "command": command,
        "data": {
            "what": f"three emotions, all clips of {', '.join(names)}, none of which trained",
            "clips": len(clips),
            "speakers": len({clip.group for clip in clips}),
            "trained_on": counted(export.origins),
            "left_out": list(NEVER_MEASURED),
        },
        "protocol": "free",
        "split": "other corpora than those that trained; chosen on held-out speakers of free data only",
        "seeds": [settings.seed],
        "settings": {
            **settings.recipe.told(),
            "ways": WAYS,
            "encoder_file": export.runs.name,
            "begun_with": trained.begun_with,
        },
        "figures": {
            "macro_f1": figures["in_room"]["macro_f1"],
            **figures,
            "majority_macro_f1": round(majority(clips), 4),
            "validation": stored_figures(settings.run_dir),
            "parameters": parameter_count(trained.model),
            "step_ms": round(export.exported.step_ms, 3),
        },
        "confusion": confusion,
        "notes": list(notes),
    }
    return write_metrics("encoders", METRICS_NAME, content, root)


def corpora_of(origins: Iterable[Origin]) -> set[str]:
    """Names of the corpora that a list of files is of."""
    places = {source: corpus for corpus, (source, _) in PLACES.items()}
    return {places.get(origin.source, origin.source) for origin in origins}


def stored_figures(run_dir: Path) -> dict[str, float]:
    """What the checkpoint says of validation voices."""
    figures = load(run_dir / "checkpoints" / "best.ckpt", ("figures",))["figures"]
    return {
        name.removeprefix("val_"): round(float(value), 4)
        for name, value in figures.items()
        if name.startswith("val_macro")
    }
