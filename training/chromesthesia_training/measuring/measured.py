"""All figures of one generator as a metrics file: `docs/results/metrics/generator/<name>.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia_training.backbones.squeezenet import WEIGHTS_FILE as FEATURE_WEIGHTS
from chromesthesia_training.backbones.squeezenet import FeatureNet, load_squeezenet
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.data.speech import read_speech
from chromesthesia_training.machine import thread_times_ms
from chromesthesia_training.measuring.evaluate import DRAWS, SAMPLES, Reference, data_of, measure
from chromesthesia_training.measuring.gallery import load_gallery
from chromesthesia_training.measuring.motion import measure_motion
from chromesthesia_training.measuring.painters import OnnxPainter, Painter
from chromesthesia_training.metrics.metrics_file import METRICS_ROOT, write_metrics

SHIPPED_PACK = Path("exports/default")
VOICES = 2
TIMED_PICTURES = 40


def measure_generator(
    painter: Painter,
    name: str,
    data_dir: Path,
    command: str,
    encoder_pack: Path = SHIPPED_PACK,
    cache_dir: Path | None = Path("runs/cache"),
    root: Path = METRICS_ROOT,
    samples: int = SAMPLES,
    draws: int = DRAWS,
    seed: int = 1,
    net: FeatureNet | None = None,
    training: dict[str, Any] | None = None,
    notes: tuple[str, ...] = (),
    motion: bool = True,
) -> Path:
    """Measure anything that paints and write its metrics file.

    Motion under sound is measured with the encoder of `encoder_pack` on voices of the speech folder's test split, where
    there is one, unless `motion` is False. training: how the weights came about, for the settings of the file.

    Raises:
        TrainingError, ArtError, WeightsError, PackError, DataError: what cannot be measured, or measured against.
    """
    net = net or load_squeezenet(data_dir / FEATURE_WEIGHTS)
    reference = Reference.of(load_gallery(data_dir / "art", net, cache_dir))
    figures = measure(painter, reference, net, samples, draws, seed)
    voices = emotional_voices(data_dir / "speech") if motion else {}
    if voices and encoder_pack.is_dir():
        figures["motion_under_sound"] = measure_motion(painter, encoder_pack, voices)
    figures.update(_size_and_time(painter))
    confusion = figures["three_emotions"].pop("confusion")
    figures["eight_emotions"].pop("confusion")
    return write_metrics(
        "generator",
        name,
        {
            "command": command,
            "data": {
                "what": "2,620 abstract paintings of D-ViSA by 136 artists"
                if len(reference.gallery) == 2620
                else f"{len(reference.gallery)} paintings",
                **data_of(reference, samples, draws),
            },
            "protocol": "artist",
            "split": "trained and fitted on the artists of train and val, conditions and real figures of those of test",
            "seeds": list(range(seed, seed + draws)),
            "settings": {
                "generator": painter.name,
                "side": painter.side,
                **({"sha256": painter.sha256} if isinstance(painter, OnnxPainter) else {}),
                "samples": samples,
                "draws": draws,
                **(training or {}),
            },
            "figures": {
                "consistency_3way": figures["three_emotions"]["made"],
                "valence_control_r": figures["asked_and_read"]["deep"]["valence"]["made_r"],
                "frechet_squeezenet": figures["frechet"]["fire9"]["made"],
                "frechet_pixels": figures["frechet"]["pixels"]["made"],
                **figures,
            },
            "confusion": confusion,
            "notes": list(notes),
        },
        root,
    )


def emotional_voices(speech_dir: Path, voices: int = VOICES) -> dict[str, list[Float32]]:
    """Recordings of the test split by emotion, the n-th of each by the same speaker; empty without a speech folder."""
    if not (speech_dir / "index.csv").is_file():
        return {}
    clips = [clip for clip in read_speech(speech_dir) if clip.split == "test" and clip.emotion is not None]
    chosen: dict[str, list[Float32]] = {emotion: [] for emotion in EMOTIONS}
    for speaker in dict.fromkeys(clip.group for clip in clips):
        first = {
            emotion: next((clip for clip in clips if clip.group == speaker and clip.emotion == emotion), None)
            for emotion in EMOTIONS
        }
        if any(clip is None for clip in first.values()):
            continue
        for emotion, clip in first.items():
            assert clip is not None
            chosen[emotion].append(read_sound(clip.path))
        if len(chosen[EMOTIONS[0]]) == voices:
            break
    return chosen if chosen[EMOTIONS[0]] else {}


def _size_and_time(painter: Painter) -> dict[str, Any]:
    """Parameters, bytes and milliseconds of thread time a picture of an exported generator; nothing for a run."""
    if not isinstance(painter, OnnxPainter):
        return {}
    condition = np.zeros((1, 5), np.float32)
    latent = np.zeros((1, painter.latent_size), np.float32)
    picture_ms = thread_times_ms({"paint": lambda: painter.paint(condition, latent)}, TIMED_PICTURES)["paint"]
    return {
        "parameters": painter.parameters,
        "bytes": painter.bytes,
        "picture_ms": round(picture_ms, 3),
        "pictures_per_s": round(1000.0 / picture_ms, 1),
    }
