"""What moves when the sound does not, and when it does: pictures painted frame by frame from real readings.

The sound goes through the engine's own analysis (features, streaming encoder, emotion follower) and latent walk; the
painter paints at a fixed rate. Changes are mean absolute differences of neighbouring frames in 8-bit levels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, Float32, Heard, UInt8
from chromesthesia.generator.walks.latent import LatentMotion, MotionSettings
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.probe import load_pack
from chromesthesia.show.analysis import Analysis, silent_heard
from chromesthesia.show.assembly import open_controller
from chromesthesia_training.measuring.painters import Painter

Float64 = npt.NDArray[np.float64]

RATE_HZ = 15.0
SETTLE_S = 4.0
STEADY_S = 6.0
CLIP_S = 2.5
STEP_ANGLE = 0.02
STILL = MotionSettings(drift=0.0, kick=0.0)
CONDITION_LABELS = ("valence", "arousal", *EMOTIONS)


@dataclass(frozen=True)
class Walk:
    """Frames painted along a sound: inputs (T, 5) and (T, latent), pictures uint8 (T, side, side, 3)."""

    conditions: Float32
    latents: Float32
    pictures: UInt8

    def changes(self) -> Float64:
        """Mean absolute change from each frame to the next, in 8-bit levels: (T - 1,)."""
        return frame_changes(self.pictures)


def listen(pack_dir: Path, samples: Float32, rate_hz: float = RATE_HZ) -> list[Heard]:
    """What the engine has heard at each frame of `rate_hz`, with its default settings and the pack's encoder.

    Raises:
        PackError: the pack cannot be loaded.
    """
    _, controller = open_controller(None)
    values = controller.current[1]
    analysis = Analysis(OnnxEncoder(load_pack(pack_dir)), ManualClock(), LatencyMeter())
    newest = [silent_heard(values)]
    frames, done = [], 0
    for frame in range(int(len(samples) / SAMPLE_RATE_HZ * rate_hz)):
        until = int(frame / rate_hz * SAMPLE_RATE_HZ) // HOP_SAMPLES * HOP_SAMPLES
        if until > done:
            analysis.hear(samples[done:until], done, done / SAMPLE_RATE_HZ, values, newest.append)
            done = until
        frames.append(newest[-1])
    return frames


def walk(
    painter: Painter,
    heard: Sequence[Heard],
    settings: MotionSettings,
    seed: int,
    rate_hz: float = RATE_HZ,
    skip_s: float = 0.0,
) -> Walk:
    """Paint along what was heard, leaving out the first `skip_s`."""
    motion = LatentMotion(seed, painter.latent_size, CONDITION_LABELS)
    steps = [motion.step(1.0 / rate_hz, one, settings) for one in heard]
    steps = steps[round(skip_s * rate_hz) :]
    conditions = np.stack([condition for condition, _ in steps])
    latents = np.stack([noise for _, noise in steps])
    return Walk(conditions, latents, painter.paint(conditions, latents))


def frame_changes(pictures: UInt8) -> Float64:
    """Mean absolute change from each picture to the next in 8-bit levels: uint8 (T, ...) to (T - 1,)."""
    changes = [
        float(np.abs(after.astype(np.int16) - before.astype(np.int16)).mean())
        for before, after in pairwise(pictures)
    ]
    return np.array(changes)


def jerkiness(pictures: UInt8) -> float:
    """Mean second difference over mean first difference: 0 for a straight way, 2 for a picture that trembles."""
    values = pictures.astype(np.int16)
    first = np.abs(np.diff(values, axis=0)).mean()
    second = np.abs(values[2:] - 2 * values[1:-1] + values[:-2]).mean()
    return float(second / max(float(first), 1e-9))


def steady_sounds(seconds: float = SETTLE_S + STEADY_S, seed: int = 0) -> dict[str, Float32]:
    """Sounds that do not change: a chord of sines, pink noise; float32 at the engine's rate, about -23 dBFS."""
    count = round(seconds * SAMPLE_RATE_HZ)
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    chord = sum(np.sin(2 * math.pi * pitch * time_s) for pitch in (220.0, 277.18, 329.63))
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    noise = np.fft.irfft(spectrum, count)
    return {name: _levelled(np.asarray(sound)) for name, sound in (("chord", chord), ("pink_noise", noise))}


def emotional_sound(clips: Sequence[Float32], seconds: float = CLIP_S) -> Float32:
    """Clips of different emotions, each cut or repeated to `seconds`, one after the other."""
    count = round(seconds * SAMPLE_RATE_HZ)
    return np.concatenate([_levelled(np.resize(clip, count).astype(np.float64)) for clip in clips])


def _levelled(sound: Float64, rms: float = 0.07) -> Float32:
    level = float(np.sqrt((sound**2).mean()))
    return np.asarray(sound * (rms / max(level, 1e-9)), np.float32)


def measure_motion(
    painter: Painter,
    pack_dir: Path,
    clips_by_emotion: dict[str, list[Float32]],
    seeds: Sequence[int] = (0, 1),
) -> dict[str, Any]:
    """Flicker under constant sound and change under changing emotion, over several latent walks.

    clips_by_emotion: recordings of angry, happy and sad, the n-th of each used together. The walk stands still
    (`still`) or moves as it does by default (`walking`). Change between emotions compares the mean picture of each
    clip's second half, the walk standing still.
    """
    steady = {name: listen(pack_dir, sound) for name, sound in steady_sounds().items()}
    rounds = list(zip(*(clips_by_emotion[emotion] for emotion in EMOTIONS), strict=False))
    changing = [listen(pack_dir, emotional_sound(clips)) for clips in rounds]
    still, walking, calm, between, jerks, spans = [], [], [], [], [], []
    for seed in seeds:
        for heard in steady.values():
            quiet = walk(painter, heard, STILL, seed, skip_s=SETTLE_S)
            still.append(float(quiet.changes().mean()))
            spans.append(float(np.ptp(quiet.conditions[:, 0])))
            moving = walk(painter, heard, MotionSettings(), seed, skip_s=SETTLE_S)
            walking.append(float(moving.changes().mean()))
            jerks.append(jerkiness(moving.pictures))
        for heard in changing:
            spoken = walk(painter, heard, STILL, seed)
            calm.append(float(spoken.changes().mean()))
            between.append(_between(spoken))
    pairs = {
        f"{first}_{second}": round(float(np.mean([one[number] for one in between])), 2)
        for number, (first, second) in enumerate(combinations(EMOTIONS, 2))
    }
    flicker = float(np.mean(still))
    return {
        "rate_hz": RATE_HZ,
        "constant_sound_still": _spread(still),
        "constant_sound_walking": _spread(walking),
        "constant_sound_jerkiness": _spread(jerks),
        "constant_sound_valence_range": round(float(np.mean(spans)), 4),
        "changing_emotion_still": _spread(calm),
        "flicker_over_change": round(flicker / max(float(np.mean(calm)), 1e-9), 4),
        "between_emotions": {**pairs, "mean": round(float(np.mean(list(pairs.values()))), 2)},
        "flicker_over_between_emotions": round(flicker / max(float(np.mean(list(pairs.values()))), 1e-9), 5),
    }


def _between(spoken: Walk) -> list[float]:
    """Mean absolute differences, in levels, of the mean pictures of the clips' second halves, pair by pair."""
    length = len(spoken.pictures) // len(EMOTIONS)
    means = [
        spoken.pictures[number * length + length // 2 : (number + 1) * length].astype(np.float64).mean(0)
        for number in range(len(EMOTIONS))
    ]
    return [float(np.abs(first - second).mean()) for first, second in combinations(means, 2)]


def _spread(values: Sequence[float]) -> dict[str, float]:
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {"mean": round(float(np.mean(values)), 4), "deviation": round(deviation, 4)}


def latent_motion(
    painter: Painter,
    sure: Mapping[str, Sequence[float]],
    seed: int,
    paths: int = 12,
    angle: float = STEP_ANGLE,
) -> dict[str, Any]:
    """Change along slow latent walks without any sound, and between sure emotions at the same latent, in levels.

    A step is `angle` rad on the latent sphere; conditions stay.
    """
    rng = np.random.default_rng([seed, 23])
    radius = math.sqrt(painter.latent_size)
    start = rng.standard_normal((paths, painter.latent_size))
    start *= radius / np.linalg.norm(start, axis=1, keepdims=True)
    way = rng.standard_normal((paths, painter.latent_size))
    way -= (way * start).sum(1, keepdims=True) * start / radius**2
    way *= radius / np.linalg.norm(way, axis=1, keepdims=True)
    asked = np.array(list(sure.values()), np.float32)[np.arange(paths) % len(sure)]
    frames = np.stack(
        [
            painter.paint(asked, (start * math.cos(turn) + way * math.sin(turn)).astype(np.float32))
            for turn in (0.0, angle, 2 * angle)
        ],
        1,
    )
    step = [frame_changes(path).mean() for path in frames]
    moods = [
        painter.paint(np.repeat(np.array([values], np.float32), paths, 0), start.astype(np.float32))
        for values in sure.values()
    ]
    between = {
        f"{first}_{second}": round(float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean()), 1)
        for (first, one), (second, other) in combinations(zip(sure, moods, strict=True), 2)
    }
    return {
        "step_mean": round(float(np.mean(step)), 3),
        "step_largest": round(float(np.max(step)), 3),
        "second_difference_over_step": round(float(np.mean([jerkiness(path) for path in frames])), 4),
        "between_emotions": between,
    }
