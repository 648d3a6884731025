"""From a refitted encoder's run to a pack whose card quotes the file that the engine really runs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.core.records import Float32
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.evaluate import report_of_file
from chromesthesia_training.encoder.export import export_onnx, load_trained
from chromesthesia_training.encoder.room_moments import Spectra
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.packing.new_encoder import NewEncoder, Replaced, replace_encoder
from chromesthesia_training.packing.quantize import quantise_encoder

LED_BY = 10
"""Every so many voices of the train split lead the new embedding to the paintings."""


def refitted_pack(
    pack: Path, out: Path, run: Path, clips: Sequence[Clip], spectra: Spectra, notes: tuple[str, ...] = ()
) -> tuple[Replaced, dict[str, Any]]:
    """Score the run's encoder in the precision that will run, and put it into the pack `out`; see `replace_encoder`."""
    trained = load_trained(run)
    with tempfile.TemporaryDirectory() as place:
        exported = export_onnx(trained, Path(place) / "encoder.onnx")
        int8 = quantise_encoder(exported.path)
        file, precision = exported.path, "the exported ONNX file in fp32"
        if int8.content is not None:
            file = Path(place) / "encoder.int8.onnx"
            file.write_bytes(int8.content)
            precision = "the int8 file, which the engine runs on a CPU"

        def mel_of(clip: Clip) -> Float32:
            return np.asarray(spectra[clip.path], np.float32)

        report = report_of_file(
            file,
            clips,
            mel_of,
            {
                "parameters": parameter_count(trained.model),
                "training_step": trained.step,
                "begun_with": trained.begun_with,
            },
        )
        report["precision"] = precision
        voices = [clip for clip in clips if clip.split == "train" and clip.role == "speech" and clip.emotion]
        heard = [mel_of(clip) for clip in voices[::LED_BY]]
        return replace_encoder(pack, out, NewEncoder(exported, int8, report, notes), heard), report
