"""Cost of one encoder step and of one picture, beside the same model called with `session.run` in the same process.

Prints one line of JSON; one thread, milliseconds. `python benchmarks/models_step.py [PACK] [steps]`; without a pack the
default one is taken.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from chromesthesia.core.records import EmotionState, FeatureFrame, Heard
from chromesthesia.generator.walks.latent import LatentMotion, MotionSettings
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.inference.sessions import open_session
from chromesthesia.packs.find import find_pack


def in_turns(steps: int, **calls: Callable[[], object]) -> dict[str, dict[str, float]]:
    """p50 and p99 of each call in milliseconds, taken in turns so that a busy machine weighs on all alike."""
    times_s: dict[str, list[float]] = {name: [] for name in calls}
    for step in range(steps + 20):
        for name, call in calls.items():
            started_s = time.perf_counter()
            call()
            if step >= 20:
                times_s[name].append(time.perf_counter() - started_s)
    return {
        name: {
            f"p{percent}_ms": round(float(np.percentile(values, percent)) * 1e3, 4) for percent in (50, 99)
        }
        for name, values in times_s.items()
    }


def main(pack_path: Path | None, steps: int) -> None:
    """Measure the pack's two models and the latent walk."""
    started_s = time.perf_counter()
    pack = load_pack(find_pack(pack_path))
    load_s = time.perf_counter() - started_s
    rng = np.random.default_rng(0)
    log_mel = rng.normal(-8.0, 2.0, (8, 64)).astype(np.float32)
    spec = pack.manifest.generator
    condition = np.zeros(len(spec.condition_labels), dtype=np.float32)
    noise = rng.standard_normal(spec.noise_size).astype(np.float32)

    encoder, generator = OnnxEncoder(pack), OnnxGenerator(pack, "cpu")
    plain_encoder = open_session(pack.encoder_bytes, "cpu")
    plain_generator = open_session(pack.generator_bytes, "cpu")
    shapes = {tensor.name: tensor.shape for tensor in pack.manifest.encoder.inputs}
    states = {name: np.zeros(shapes[name], dtype=np.float32) for name in pack.manifest.encoder.state_inputs}
    motion = LatentMotion(1, spec.noise_size, spec.condition_labels)
    heard = _heard()

    result = in_turns(
        steps,
        encoder=lambda: encoder.step(log_mel, 0, 0.0),
        encoder_session_run=lambda: plain_encoder.run(None, {"log_mel": log_mel[None], **states}),
        motion=lambda: motion.step(1 / 30, heard, MotionSettings()),
        generator=lambda: generator.paint(condition, noise),
        generator_session_run=lambda: plain_generator.run(
            None, {"condition": condition[None], "noise": noise[None]}
        ),
    )
    print(
        json.dumps(
            {
                "benchmark": "models_step",
                "pack": pack.name,
                "steps": steps,
                "load_s": round(load_s, 3),
                **result,
                "encoder_ratio": _ratio(result, "encoder"),
                "generator_ratio": _ratio(result, "generator"),
                "images_per_s": round(1e3 / result["generator"]["p50_ms"], 1),
            }
        )
    )


def _ratio(result: dict[str, dict[str, float]], name: str) -> float:
    return round(result[name]["p50_ms"] / result[f"{name}_session_run"]["p50_ms"], 3)


def _heard() -> Heard:
    zeros = np.zeros(64, dtype=np.float32)
    frame = FeatureFrame(0, 240, 0.0, zeros, -20.0, -20.0, np.zeros(8, dtype=np.float32), 1000.0, 0.1, 0.0)
    probabilities = np.full(3, 1 / 3, dtype=np.float32)
    emotion = EmotionState(240, 0.0, 0.2, 0.4, probabilities, 0.8, np.zeros(128, dtype=np.float32), 1.0)
    return Heard(frame, emotion, 0, 0.0)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0]) if arguments else None, int(arguments[1]) if len(arguments) > 1 else 300)
