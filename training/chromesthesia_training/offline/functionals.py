"""Hand-made description of a clip: statistics of pitch, energy, spectrum and cepstrum (after Eyben et al. 2016)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from chromesthesia.core.records import Float32
from chromesthesia.features.mel import DEFAULT_MEL, hz_to_mel, mel_to_hz

CEPSTRA = 14
PERCENTILES = (10.0, 25.0, 50.0, 75.0, 90.0)
DECIBELS = 10.0 / np.log(10.0)
FRAME_S = 0.02

Float64 = NDArray[np.float64]


def band_centres_hz() -> Float64:
    """Centre of every mel band: [64]."""
    edges = np.linspace(hz_to_mel(DEFAULT_MEL.low_hz), hz_to_mel(DEFAULT_MEL.high_hz), DEFAULT_MEL.mels + 2)
    return mel_to_hz(edges[1:-1])


def descriptors(log_mel: Float32, pitch: Float64, periodicity: Float64) -> dict[str, Float64]:
    """Values per 20 ms frame by name, each [n], from log-mel [n, 64], pitch in semitones, periodicity."""
    decibels = DECIBELS * log_mel.astype(np.float64)
    power = np.exp(log_mel.astype(np.float64))
    centres = band_centres_hz()

    def level(low_hz: float, high_hz: float) -> Float64:
        inside = (centres >= low_hz) & (centres < high_hz)
        return np.asarray(DECIBELS * np.log(power[:, inside].sum(axis=1) + DEFAULT_MEL.floor))

    def slope(low_hz: float, high_hz: float) -> Float64:
        inside = (centres >= low_hz) & (centres < high_hz)
        octave = np.log2(centres[inside])
        octave = octave - octave.mean()
        return np.asarray(decibels[:, inside] @ octave / (octave @ octave))

    share = power / power.sum(axis=1, keepdims=True)
    centroid = share @ np.log2(centres)
    found = {
        "pitch": pitch,
        "periodicity": periodicity,
        "level": level(0.0, 8_000.0),
        "alpha_ratio": level(1_000.0, 5_000.0) - level(50.0, 1_000.0),
        "hammarberg": decibels[:, (centres >= 2_000) & (centres < 5_000)].max(axis=1)
        - decibels[:, centres < 2_000].max(axis=1),
        "slope_low": slope(100.0, 500.0),
        "slope_middle": slope(500.0, 1_500.0),
        "slope_high": slope(1_500.0, 8_000.0),
        "first_formant": level(250.0, 1_000.0) - level(50.0, 8_000.0),
        "second_formant": level(1_000.0, 2_500.0) - level(50.0, 8_000.0),
        "breath": level(5_000.0, 8_000.0) - level(50.0, 8_000.0),
        "centroid": centroid,
        "spread": np.sqrt(np.maximum(share @ np.log2(centres) ** 2 - centroid**2, 0.0)),
        "flux": np.concatenate([[0.0], np.abs(np.diff(decibels, axis=0)).mean(axis=1)]),
        "roughness": np.abs(np.diff(decibels, axis=1)).mean(axis=1),
    }
    cepstra = dct(decibels, type=2, norm="ortho", axis=1)[:, 1 : CEPSTRA + 1]
    return found | {f"cepstrum_{i + 1}": cepstra[:, i] for i in range(CEPSTRA)}


def functionals(log_mel: Float32, pitch: Float64, periodicity: Float64) -> tuple[list[str], Float32]:
    """Names and values of the description of one clip: float32 [about 500].

    Spectral shape and pitch are described over voiced frames, loudness and change over all of them. Levels are given
    against the clip's own mean, so a recording's gain leaves the description as it is.
    """
    every = descriptors(log_mel, pitch, periodicity)
    every["level"] = every["level"] - every["level"].mean()
    voiced = periodicity > 0.0
    if voiced.sum() < 4:
        voiced = np.ones(len(periodicity), dtype=np.bool_)
    names: list[str] = []
    values: list[float] = []
    for name, track in every.items():
        if name not in ("periodicity", "level", "flux"):
            track = track[voiced]
        _describe(name, track, names, values)
        if not name.startswith("cepstrum") or int(name.removeprefix("cepstrum_")) <= 6:
            change = np.diff(track) if len(track) > 1 else np.zeros(1)
            names += [f"{name}.change_deviation", f"{name}.change_mean_size"]
            values += [float(change.std()), float(np.abs(change).mean())]
    _describe_contour(every["pitch"], every["level"], voiced, names, values)
    _describe_rhythm(voiced, every["level"], names, values)
    return names, np.asarray(np.nan_to_num(np.array(values)), dtype=np.float32)


def _describe(name: str, track: Float64, names: list[str], values: list[float]) -> None:
    low, quarter, middle, three, high = np.percentile(track, PERCENTILES)
    deviation = track.std()
    skew = ((track - track.mean()) ** 3).mean() / (deviation**3 + 1e-9)
    line = np.linspace(-0.5, 0.5, len(track))
    trend = float(track @ line / (line @ line)) if len(track) > 1 else 0.0
    for label, value in (
        ("mean", track.mean()), ("deviation", deviation), ("p10", low), ("p50", middle), ("p90", high),
        ("range", high - low), ("quartiles", three - quarter), ("skew", skew), ("trend", trend),
    ):  # fmt: skip
        names.append(f"{name}.{label}")
        values.append(float(value))


def _describe_contour(
    pitch: Float64, level: Float64, voiced: NDArray[np.bool_], names: list[str], values: list[float]
) -> None:
    """Rises and falls of the pitch, and how pitch and loudness go together."""
    steps = np.diff(pitch)[voiced[1:] & voiced[:-1]] / FRAME_S
    rising, falling = steps[steps > 0.0], steps[steps < 0.0]
    together = (
        np.corrcoef(pitch[voiced], level[voiced])[0, 1] if voiced.sum() > 2 and pitch[voiced].std() else 0.0
    )
    last = pitch[voiced][-max(1, voiced.sum() // 4) :]
    names += ["contour.rise", "contour.fall", "contour.rising_share", "contour.with_level", "contour.end"]
    values += [
        float(rising.mean()) if len(rising) else 0.0,
        float(falling.mean()) if len(falling) else 0.0,
        len(rising) / max(1, len(steps)),
        float(together),
        float(last.mean() - pitch[voiced].mean()),
    ]


def _describe_rhythm(
    voiced: NDArray[np.bool_], level: Float64, names: list[str], values: list[float]
) -> None:
    """Pace: lengths of voiced stretches and pauses, syllable-like peaks of loudness."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], voiced.astype(np.int8), [0]])))
    stretches = (edges[1::2] - edges[::2]) * FRAME_S
    pauses = (edges[2::2] - edges[1:-1:2]) * FRAME_S
    smooth = np.convolve(level, np.hanning(7) / np.hanning(7).sum(), "same")
    peaks = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] > smooth[2:]) & (smooth[1:-1] > -6.0)
    seconds = len(voiced) * FRAME_S
    names += [
        "rhythm.duration", "rhythm.voiced_share", "rhythm.stretches_per_s", "rhythm.stretch_mean",
        "rhythm.stretch_deviation", "rhythm.pause_mean", "rhythm.pause_longest", "rhythm.peaks_per_s",
    ]  # fmt: skip
    values += [
        seconds, float(voiced.mean()), len(stretches) / seconds,
        float(stretches.mean()) if len(stretches) else 0.0, float(stretches.std()) if len(stretches) else 0.0,
        float(pauses.mean()) if len(pauses) else 0.0, float(pauses.max()) if len(pauses) else 0.0,
        float(peaks.sum()) / seconds,
    ]  # fmt: skip
