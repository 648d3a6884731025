"""The figure in the shipped pack is recomputed from the shipped ONNX, streamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from chromesthesia.inference.probe import load_pack
from chromesthesia_training.data.speech import read_speech
from chromesthesia_training.encoder.evaluate import stream_clips, test_subset
from chromesthesia_training.encoder.offline import emotion_score


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_shipped_macro_f1_is_found_again_on_every_eighth_test_clip(
    shared_dir: Path, repository: Path
) -> None:
    folder = repository / "exports" / "default"
    pack = load_pack(folder)
    clips = test_subset(read_speech(shared_dir / "data" / "speech"))
    assert len(clips) > 100
    found = emotion_score(stream_clips(folder / pack.manifest.encoder.file, clips))
    assert found == pytest.approx(pack.manifest.metrics["encoder_macro_f1_test_subset"], abs=0.005)
    assert found > pack.manifest.metrics["encoder_majority_macro_f1"] + 0.2
