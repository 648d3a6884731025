"""Onset, beat, pitch and key as aubio, essentia and librosa find them, each used as its own documentation tells."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import peers
from benchmarks.music_synthesis import FRAME_S, NAMES, RATE_HZ, Float32, Float64
from benchmarks.rows import Absent

KRUMHANSL = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
"""How well each tone fits a key of C: probe-tone ratings of Krumhansl and Kessler (1982)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one contender found in one piece.

    times_s: of events, or of pitch frames with pitch_hz (0: none). decided_s: when each was known, None for a contender
    that needs the whole piece. spent_s: computing time for the whole piece; one that does several things at once gives
    what all of them took.
    """

    times_s: Float64
    spent_s: float
    decided_s: Float64 | None = None
    pitch_hz: Float64 | None = None
    key: str = ""


Contender = Callable[[Float32], Found]
Contenders = Mapping[str, Mapping[str, Contender | Absent]]
"""By task (`onset`, `beat`, `pitch`, `key`), by name."""


def contenders() -> Contenders:
    """Everybody but us."""
    found: dict[str, dict[str, Contender | Absent]] = {task: {} for task in ("onset", "beat", "pitch", "key")}
    for name, module, make in (
        ("aubio", "aubio", _aubio),
        ("essentia", "essentia.standard", _essentia),
        ("librosa", "librosa", _librosa),
    ):
        peer = peers.load(module)
        if isinstance(peer, Absent):
            for each in found.values():
                each[name] = peer
            continue
        for (task, label), contender in make(peer).items():
            found[task][f"{name} {label}".strip()] = contender
    return found


def _aubio(aubio: Any) -> dict[tuple[str, str], Contender]:
    def events(make: Callable[[], Any], hop: int) -> Contender:
        def find(samples: Float32) -> Found:
            detector = make()
            times: list[float] = []
            decided: list[float] = []
            blocks = samples[: len(samples) // hop * hop].reshape(-1, hop)
            began = time.perf_counter()
            for number, block in enumerate(blocks):
                if detector(block)[0]:
                    times.append(detector.get_last_s())
                    decided.append((number + 1) * hop / RATE_HZ)
            return Found(np.array(times), time.perf_counter() - began, np.array(decided))

        return find

    def pitch(method: str) -> Contender:
        def find(samples: Float32) -> Found:
            size, hop = 2048, 512
            detector = aubio.pitch(method, size, hop, RATE_HZ)
            detector.set_unit("Hz")
            detector.set_silence(-50)
            blocks = samples[: len(samples) // hop * hop].reshape(-1, hop)
            began = time.perf_counter()
            found = np.array([detector(block)[0] for block in blocks], dtype=float)
            spent_s = time.perf_counter() - began
            ends_s = (np.arange(len(blocks)) + 1) * hop / RATE_HZ
            return Found(ends_s - size / 2 / RATE_HZ, spent_s, ends_s, found)

        return find

    return {
        ("onset", ""): events(lambda: aubio.onset("default", 512, 256, RATE_HZ), 256),
        ("onset", "specflux"): events(lambda: aubio.onset("specflux", 1024, 256, RATE_HZ), 256),
        ("beat", ""): events(lambda: aubio.tempo("default", 1024, 512, RATE_HZ), 512),
        ("pitch", "yinfft"): pitch("yinfft"),
        ("pitch", "yinfast"): pitch("yinfast"),
    }


def _whole(work: Callable[[Float32], NDArray[Any]]) -> Contender:
    """A contender that needs the whole piece and gives times."""

    def find(samples: Float32) -> Found:
        began = time.perf_counter()
        times = np.asarray(work(samples), dtype=float)
        return Found(times, time.perf_counter() - began)

    return find


def _essentia(essentia: Any) -> dict[tuple[str, str], Contender]:
    root = importlib.import_module("essentia")

    root.log.infoActive = root.log.warningActive = False

    def complex_onsets(samples: Float32) -> NDArray[Any]:
        window, fft, polar = essentia.Windowing(type="hann"), essentia.FFT(), essentia.CartesianToPolar()
        detect = essentia.OnsetDetection(method="complex")
        curve = []
        for frame in essentia.FrameGenerator(samples, frameSize=1024, hopSize=512):
            magnitude, phase = polar(fft(window(frame)))
            curve.append(detect(magnitude, phase))
        return np.asarray(essentia.Onsets()(root.array([curve]), [1]))

    def yin(samples: Float32) -> Found:
        window, spectrum = essentia.Windowing(type="hann"), essentia.Spectrum(size=2048)
        detect = essentia.PitchYinFFT(frameSize=2048, sampleRate=RATE_HZ)
        found = []
        began = time.perf_counter()
        for frame in essentia.FrameGenerator(samples, frameSize=2048, hopSize=441, startFromZero=True):
            hz, sure = detect(spectrum(window(frame)))
            found.append(hz if sure > 0.5 else 0.0)
        spent_s = time.perf_counter() - began
        centres_s = np.arange(len(found), dtype=np.float64) * FRAME_S + 1024 / RATE_HZ
        return Found(centres_s, spent_s, centres_s + 1024 / RATE_HZ, np.array(found))

    def probabilistic(samples: Float32) -> Found:
        detect = essentia.PitchYinProbabilistic(frameSize=2048, hopSize=441, outputUnvoiced="zero")
        began = time.perf_counter()
        hz, _ = detect(samples)
        spent_s = time.perf_counter() - began
        return Found(
            np.arange(len(hz), dtype=np.float64) * FRAME_S, spent_s, None, np.asarray(hz, dtype=float)
        )

    def key(samples: Float32) -> Found:
        began = time.perf_counter()
        tonic, mode, _ = essentia.KeyExtractor()(samples)
        return Found(np.zeros(0), time.perf_counter() - began, key=f"{_flat(tonic)} {mode}")

    return {
        ("onset", "SuperFlux"): _whole(lambda samples: essentia.SuperFluxExtractor()(samples)),
        ("onset", "complex"): _whole(complex_onsets),
        ("beat", "multifeature"): _whole(lambda samples: essentia.RhythmExtractor2013()(samples)[1]),
        ("beat", "Degara"): _whole(lambda samples: essentia.BeatTrackerDegara()(samples)),
        ("pitch", "YinFFT"): yin,
        ("pitch", "YinProbabilistic"): probabilistic,
        ("key", ""): key,
    }


def _librosa(librosa: Any) -> dict[tuple[str, str], Contender]:
    def pyin(samples: Float32) -> Found:
        began = time.perf_counter()
        hz, voiced, _ = librosa.pyin(
            samples, fmin=60.0, fmax=2100.0, sr=RATE_HZ, frame_length=2048, hop_length=441
        )
        spent_s = time.perf_counter() - began
        return Found(
            np.arange(len(hz), dtype=np.float64) * FRAME_S,
            spent_s,
            None,
            np.where(voiced, np.nan_to_num(hz), 0.0),
        )

    def key(samples: Float32) -> Found:
        began = time.perf_counter()
        chroma = librosa.feature.chroma_cqt(y=samples, sr=RATE_HZ).mean(axis=1)
        best = max(
            (float(np.corrcoef(chroma, np.roll(profile, tonic))[0, 1]), f"{NAMES[tonic]} {mode}")
            for mode, profile in KRUMHANSL.items()
            for tonic in range(12)
        )
        return Found(np.zeros(0), time.perf_counter() - began, key=best[1])

    return {
        ("onset", ""): _whole(lambda y: librosa.onset.onset_detect(y=y, sr=RATE_HZ, units="time")),
        ("beat", ""): _whole(lambda y: librosa.beat.beat_track(y=y, sr=RATE_HZ, units="time")[1]),
        ("pitch", "pyin"): pyin,
        ("key", "chroma and Krumhansl"): key,
    }


def _flat(tonic: str) -> str:
    return {"C#": "Db", "D#": "Eb", "F#": "Gb", "G#": "Ab", "A#": "Bb"}.get(tonic, tonic)
