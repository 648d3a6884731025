"""Cost of one 10 ms hop of features, beside the least a log-mel can cost: one rfft and one mel product in numpy.

Prints one line of JSON; times in microseconds on one thread. `python benchmarks/features_step.py [hops]`
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from chromesthesia.core.records import HOP_SAMPLES, Float32
from chromesthesia.features.extractor import FeatureExtractor
from chromesthesia.features.mel import DEFAULT_MEL, mel_filterbank, window_samples


def percentiles_us(step: Callable[[int], object], hops: int) -> dict[str, float]:
    """p50 and p99 of `step(i)` in microseconds."""
    times_s = np.empty(hops)
    for i in range(hops):
        started_s = time.perf_counter()
        step(i)
        times_s[i] = time.perf_counter() - started_s
    return {
        "p50_us": round(float(np.percentile(times_s, 50)) * 1e6, 1),
        "p99_us": round(float(np.percentile(times_s, 99)) * 1e6, 1),
    }


def main(hops: int) -> None:
    """Measure both, in turns so that a busy machine weighs on both alike."""
    rng = np.random.default_rng(0)
    sound: Float32 = (0.1 * rng.standard_normal(100 * HOP_SAMPLES)).astype(np.float32)
    blocks = sound.reshape(-1, HOP_SAMPLES)
    window, filters = window_samples(DEFAULT_MEL), mel_filterbank(DEFAULT_MEL)
    frame = sound[: DEFAULT_MEL.window]
    extractor = FeatureExtractor()

    def floor(_: int) -> object:
        spectrum = np.fft.rfft(frame * window, DEFAULT_MEL.fft)
        return (spectrum.real**2 + spectrum.imag**2) @ filters

    def features(i: int) -> object:
        return extractor.push(blocks[i % len(blocks)], i * HOP_SAMPLES, i * 0.01)

    for warm in range(200):
        floor(warm)
        features(warm)
    extractor = FeatureExtractor()
    ours, least = percentiles_us(features, hops), percentiles_us(floor, hops)
    print(
        json.dumps(
            {
                "benchmark": "features_step",
                "hops": hops,
                "features": ours,
                "rfft_and_mel_floor": least,
                "ratio_p50": round(ours["p50_us"] / least["p50_us"], 2),
                "share_of_a_core": round(ours["p50_us"] / 10_000, 4),
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
