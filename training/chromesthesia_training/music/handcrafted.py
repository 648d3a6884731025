"""Hand-made features of music by librosa: the reference's list, and more of our own on pitch, mode and rhythm.

The reference lists 20 MFCC, 12 chroma, 128 mel bands, 7 bands of spectral contrast and 6 of tonnetz, each as mean and
deviation over the song, and counts 386. Its list adds up to 2 x 173 = 346, which is what is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32

Float64 = NDArray[np.float64]
RATE_HZ = 22_050
FFT, HOP = 2048, 512
CHUNK_SAMPLES = 3 * RATE_HZ
CHUNK_S = CHUNK_SAMPLES / RATE_HZ
CHUNK_FRAMES = 128
"""Frames of a chunk of 3 s: 129 hops fit, the reference's spectra are 128 wide."""
OCTAVES, BINS_PER_OCTAVE = 7, 36
PITCHES = 12 * OCTAVES

SIZES = {"mfcc": 20, "chroma": 12, "mel": 128, "contrast": 7, "tonnetz": 6}
REFERENCE_NAMES = tuple(
    f"{name}_{number + 1}_{what}"
    for name, size in SIZES.items()
    for number in range(size)
    for what in ("mean", "std")
)
OWN_TRACKS = ("level", "onset", "centroid", "bandwidth", "rolloff", "flatness", "zero_crossings", "pitch_height",
              "pitch_spread", "voices", "pitch_flux", "chord_change")  # fmt: skip
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""How well each of the twelve tones fits a key (Krumhansl and Kessler 1982)."""
OWN_NAMES = (
    *(f"{name}_{what}" for name in OWN_TRACKS for what in ("mean", "std", "p10", "p90")),
    *(f"mfcc_change_{number + 1}" for number in range(20)),
    *(f"octave_{number + 1}" for number in range(OCTAVES)),
    *(f"degree_{number}" for number in range(12)),
    *(f"interval_{number}" for number in range(1, 7)),
    "major_fit", "minor_fit", "major_over_minor", "key_clarity", "chroma_entropy",
    "onsets_per_s", "onset_regularity", "tempo", "notes_per_s",
)  # fmt: skip


@dataclass(frozen=True)
class SongFeatures:
    """Of one song and of its chunks of 3 s: the reference's list [346] and our own, float32."""

    song: Float32
    chunks: Float32
    own_song: Float32
    own_chunks: Float32


def chunk_count(samples: int) -> int:
    """Whole chunks of 3 s; one for a shorter sound."""
    return max(1, samples // CHUNK_SAMPLES)


def chunk_starts_s(count: int) -> Float64:
    """When each chunk begins."""
    return np.asarray(np.arange(count) * CHUNK_S, dtype=np.float64)


def extract(samples: Float32) -> SongFeatures:
    """Features of a sound, float32 [n] at 22,050 Hz; one shorter than a chunk is filled with silence."""
    count = chunk_count(len(samples))
    samples = np.pad(samples, (0, max(0, CHUNK_SAMPLES - len(samples))))
    frames = _frames(samples)
    starts = [round(number * CHUNK_SAMPLES / HOP) for number in range(count)]
    spans = [slice(start, start + CHUNK_FRAMES) for start in starts]
    whole = slice(0, frames.listed.shape[1])
    return SongFeatures(
        _listed(frames, whole),
        np.stack([_listed(frames, span) for span in spans]),
        _own(frames, whole),
        np.stack([_own(frames, span) for span in spans]),
    )


@dataclass(frozen=True)
class _Frames:
    """Per frame of 512 samples: the reference's list [173, n], our tracks [12, n], and what they were made of."""

    listed: Float64
    tracks: Float64
    cepstra: Float64
    pitches: Float64
    pitch_rises: Float64


def _frames(samples: Float32) -> _Frames:
    import librosa

    magnitude = np.abs(librosa.stft(samples, n_fft=FFT, hop_length=HOP))
    power = magnitude**2
    given: dict[str, Any] = {"sr": RATE_HZ, "n_fft": FFT, "hop_length": HOP}
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, **given, n_mels=SIZES["mel"]))
    tuning = librosa.estimate_tuning(S=magnitude, sr=RATE_HZ, n_fft=FFT, bins_per_octave=BINS_PER_OCTAVE)
    constant_q = np.abs(
        librosa.cqt(
            samples,
            sr=RATE_HZ,
            hop_length=HOP,
            n_bins=OCTAVES * BINS_PER_OCTAVE,
            bins_per_octave=BINS_PER_OCTAVE,
            tuning=tuning,
        )
    )
    by_pitch_class = librosa.feature.chroma_cqt(C=constant_q, sr=RATE_HZ, bins_per_octave=BINS_PER_OCTAVE)
    listed = {
        "mfcc": librosa.feature.mfcc(S=mel, n_mfcc=SIZES["mfcc"]),
        "chroma": librosa.feature.chroma_stft(S=power, **given),
        "mel": mel,
        "contrast": librosa.feature.spectral_contrast(S=magnitude, **given),
        "tonnetz": librosa.feature.tonnetz(chroma=by_pitch_class, sr=RATE_HZ),
    }
    least = min(part.shape[1] for part in (*listed.values(), constant_q))
    pitches = constant_q[:, :least].reshape(PITCHES, BINS_PER_OCTAVE // 12, least).max(axis=1)
    loud = librosa.amplitude_to_db(pitches, ref=np.max, top_db=60.0) + 60.0
    rises = np.maximum(np.diff(loud, axis=1, prepend=loud[:, :1]), 0.0)
    shape = {"S": magnitude[:, :least], "sr": RATE_HZ}
    share = pitches**2 / np.maximum((pitches**2).sum(axis=0), 1e-12)
    height = np.arange(PITCHES) @ share
    spread = np.sqrt(np.maximum(np.arange(PITCHES) ** 2 @ share - height**2, 0.0))
    chroma = by_pitch_class[:, :least]
    tracks = {
        "level": librosa.amplitude_to_db(librosa.feature.rms(S=magnitude[:, :least])[0], ref=1.0),
        "onset": librosa.onset.onset_strength(S=mel[:, :least], sr=RATE_HZ),
        "centroid": np.log2(librosa.feature.spectral_centroid(**shape)[0] + 20.0),
        "bandwidth": np.log2(librosa.feature.spectral_bandwidth(**shape)[0] + 20.0),
        "rolloff": np.log2(librosa.feature.spectral_rolloff(**shape)[0] + 20.0),
        "flatness": np.log10(librosa.feature.spectral_flatness(S=magnitude[:, :least])[0] + 1e-10),
        "zero_crossings": librosa.feature.zero_crossing_rate(samples, frame_length=FFT, hop_length=HOP)[0],
        "pitch_height": height,
        "pitch_spread": spread,
        "voices": (loud > 30.0).sum(axis=0),
        "pitch_flux": rises.mean(axis=0),
        "chord_change": np.abs(np.diff(chroma, axis=1, prepend=chroma[:, :1])).mean(axis=0),
    }
    return _Frames(
        np.concatenate([part[:, :least] for part in listed.values()]).astype(np.float64),
        np.stack([tracks[name][:least] for name in OWN_TRACKS]).astype(np.float64),
        listed["mfcc"][:, :least].astype(np.float64),
        pitches.astype(np.float64),
        rises.astype(np.float64),
    )


def _listed(frames: _Frames, span: slice) -> Float32:
    """Mean and deviation of each of the reference's tracks: [346], in the order of `REFERENCE_NAMES`."""
    part = frames.listed[:, span]
    return np.stack([part.mean(axis=1), part.std(axis=1)], axis=1).reshape(-1).astype(np.float32)


def _own(frames: _Frames, span: slice) -> Float32:
    """Our own list, in the order of `OWN_NAMES`."""
    tracks = frames.tracks[:, span]
    low, high = np.percentile(tracks, (10.0, 90.0), axis=1)
    described = np.stack([tracks.mean(axis=1), tracks.std(axis=1), low, high], axis=1).reshape(-1)
    cepstra = frames.cepstra[:, span]
    changing = np.abs(np.diff(cepstra, axis=1)).mean(axis=1)
    energy = (frames.pitches[:, span] ** 2).mean(axis=1)
    octaves = 10.0 * np.log10(energy.reshape(OCTAVES, 12).sum(axis=1) + 1e-10)
    values = [described, changing, octaves, *_harmony(energy), _rhythm(frames, span)]
    return np.asarray(np.nan_to_num(np.concatenate(values)), dtype=np.float32)


def _harmony(energy: Float64) -> tuple[Float64, Float64, Float64]:
    """From the energy of each pitch [84]: degrees against the likeliest tonic, intervals, and how a key fits."""
    chroma = np.sqrt(energy.reshape(OCTAVES, 12)).sum(axis=0)
    chroma = chroma / max(float(chroma.sum()), 1e-12)
    turned = np.stack([np.roll(chroma, -tonic) for tonic in range(12)])

    def fit(profile: tuple[float, ...]) -> Float64:
        wanted = np.array(profile) - np.mean(profile)
        centred = turned - turned.mean(axis=1, keepdims=True)
        size = np.linalg.norm(wanted) * np.maximum(np.linalg.norm(centred, axis=1), 1e-12)
        return np.asarray(centred @ wanted / size)

    major, minor = fit(MAJOR), fit(MINOR)
    tonic = int(np.argmax(np.maximum(major, minor)))
    intervals = np.array([float(chroma @ np.roll(chroma, step)) for step in range(1, 7)])
    entropy = -float((chroma * np.log(chroma + 1e-12)).sum())
    both = np.sort(np.concatenate([major, minor]))
    clarity = float(both[-1] - both[-4:-1].mean())
    key = np.array([major.max(), minor.max(), major.max() - minor.max(), clarity, entropy], dtype=np.float64)
    return turned[tonic], intervals, key


def _rhythm(frames: _Frames, span: slice) -> Float64:
    """Onsets a second, how regular they are, the likeliest tempo in octaves around 120, notes a second."""
    import librosa

    onset = frames.tracks[OWN_TRACKS.index("onset"), span]
    seconds = len(onset) * HOP / RATE_HZ
    peaks = librosa.util.peak_pick(onset, pre_max=3, post_max=3, pre_avg=10, post_avg=10, delta=1.0, wait=3)
    gaps = np.diff(peaks)
    regularity = float(gaps.std() / gaps.mean()) if len(gaps) > 2 else 1.0
    tempo = float(librosa.feature.tempo(onset_envelope=onset, sr=RATE_HZ, hop_length=HOP)[0])
    rises = frames.pitch_rises[:, span]
    begun = (rises[:, 1:-1] > 12.0) & (rises[:, 1:-1] >= rises[:, :-2]) & (rises[:, 1:-1] > rises[:, 2:])
    return np.array(
        [
            len(peaks) / seconds,
            regularity,
            float(np.log2(max(tempo, 1.0) / 120.0)),
            float(begun.sum()) / seconds,
        ]
    )
