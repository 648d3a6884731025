"""One hop of 10 ms: its log-mel, and all features, beside essentia, aubio and the least that numpy can do.

    python -m benchmarks features [--quick]

The mel is the engine's own: 24 kHz, windows of 768 in 1,024 points, hop 240, 64 bands from 40 to 8,000 Hz. `all
features` is everything that a hop gives: two mels (the encoder hears one of its own), eight bands with gains, levels in
dBFS and LUFS, centroid, flux, onset; the peers do what they have of these: two mels, eight bands, a level, centroid,
flux and, in aubio, onset. `one musician in a hop` is what each `--musician` adds: features, the look between two hops
and every other time the pitch; beside it the whole ear of the room, without the encoder. One thread, in turns.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.rows import Absent, Row, Times, compared, in_turns
from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, STEP_SAMPLES, Float32
from chromesthesia.features.bands import band_edges_hz
from chromesthesia.features.extractor import FeatureExtractor
from chromesthesia.features.mel import (
    DEFAULT_MEL,
    ENCODER_MEL,
    MelSettings,
    log_mel_of_power,
    mel_filterbank,
    power_spectrum,
    window_samples,
)
from chromesthesia.show.musicians import Musician

Calls = tuple[Callable[[], object], Callable[[], object]]
"""A mel, and all features."""


def rows(quick: bool) -> list[Row]:
    """Mel and all features beside each peer and the floor, microseconds a hop."""
    rng = np.random.default_rng(0)
    sound: Float32 = (0.1 * rng.standard_normal(100 * HOP_SAMPLES)).astype(np.float32)
    blocks = [np.ascontiguousarray(block) for block in sound.reshape(-1, HOP_SAMPLES)]
    frame = np.ascontiguousarray(sound[: DEFAULT_MEL.window])
    calls = {"ours": _ours(frame, blocks), "numpy rfft and mel product (floor)": _floor(frame)}
    absent: dict[str, Absent] = {}
    for name, module, make in (("essentia", "essentia.standard", _essentia), ("aubio", "aubio", _aubio)):
        peer = peers.load(module)
        if isinstance(peer, Absent):
            absent[name] = peer
        else:
            calls[name] = make(peer, frame, blocks)
    found: list[Row] = []
    for place, what in enumerate(("log-mel of a hop", "all features of a hop")):
        spent = in_turns(
            {name: pair[place] for name, pair in calls.items()}, 300 if quick else 3000, warm_up=50
        )
        others: dict[str, Times | Absent] = {**spent, **absent}
        ours = others.pop("ours")
        assert isinstance(ours, Times)
        found += compared(what, ours, others, "us")
    ears = {"ours": _musician(blocks), "the whole ear of the room": _room(blocks)}
    spent = in_turns(ears, 300 if quick else 3000, warm_up=50)
    return found + compared("one musician in a hop", spent.pop("ours"), spent, "us")


def _musician(blocks: list[Float32]) -> Callable[[], object]:
    musician, number = Musician(1), cycle(range(len(blocks)))
    place = 0

    def heard() -> object:
        nonlocal place
        block = blocks[next(number)]
        found = [*musician.hops(block, place, place / SAMPLE_RATE_HZ, 0.0)]
        musician.listen()
        place += HOP_SAMPLES
        return found, musician.glance(block[:STEP_SAMPLES], place, 0.0)

    return heard


def _room(blocks: list[Float32]) -> Callable[[], object]:
    extractor, number = FeatureExtractor(), cycle(range(len(blocks)))
    place = 0

    def heard() -> object:
        nonlocal place
        block = blocks[next(number)]
        found = [extractor.music(frame) for frame in extractor.hops(block, place, place / SAMPLE_RATE_HZ)]
        place += HOP_SAMPLES
        return found, extractor.glance(block[:STEP_SAMPLES], place)

    return heard


def _ours(frame: Float32, blocks: list[Float32]) -> Calls:
    extractor, number = FeatureExtractor(), cycle(range(len(blocks)))
    place = 0

    def everything() -> object:
        nonlocal place
        frames = extractor.push(blocks[next(number)], place, place / SAMPLE_RATE_HZ)
        place += HOP_SAMPLES
        return frames

    return lambda: log_mel_of_power(power_spectrum(frame)), everything


def _floor(frame: Float32) -> Calls:
    window, filters = window_samples(DEFAULT_MEL), mel_filterbank(DEFAULT_MEL)

    def mel() -> object:
        spectrum = np.fft.rfft(frame * window, DEFAULT_MEL.fft)
        return (spectrum.real**2 + spectrum.imag**2) @ filters

    return mel, mel


def _essentia(essentia: Any, frame: Float32, blocks: list[Float32]) -> Calls:
    def mel_of(settings: MelSettings) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
        window = essentia.Windowing(
            type="hann", size=settings.window, zeroPadding=settings.fft - settings.window, zeroPhase=False
        )
        power = essentia.PowerSpectrum(size=settings.fft)
        bands = essentia.MelBands(
            inputSize=settings.fft // 2 + 1,
            numberBands=settings.mels,
            sampleRate=settings.sample_rate_hz,
            lowFrequencyBound=settings.low_hz,
            highFrequencyBound=settings.high_hz,
        )
        return lambda samples: power(window(samples)), bands

    spectrum, mel = mel_of(DEFAULT_MEL)
    encoder_spectrum, encoder_mel = mel_of(ENCODER_MEL)
    narrow = np.ascontiguousarray(frame[: ENCODER_MEL.window])
    bands = essentia.FrequencyBands(sampleRate=SAMPLE_RATE_HZ, frequencyBands=list(band_edges_hz()))
    centroid, flux = essentia.Centroid(range=SAMPLE_RATE_HZ / 2), essentia.Flux()
    rms, loudness = essentia.RMS(), essentia.Loudness()

    def everything() -> object:
        power = spectrum(frame)
        heard = np.log(mel(power)), np.log(encoder_mel(encoder_spectrum(narrow)))
        return heard, bands(power), centroid(power), flux(power), rms(blocks[0]), loudness(blocks[0])

    return lambda: np.log(mel(spectrum(frame))), everything


def _aubio(aubio: Any, frame: Float32, blocks: list[Float32]) -> Calls:
    size, hop = DEFAULT_MEL.fft, DEFAULT_MEL.hop

    def mel_of(settings: MelSettings) -> tuple[Any, Any]:
        bank = aubio.filterbank(settings.mels, settings.fft)
        bank.set_mel_coeffs(settings.sample_rate_hz, settings.low_hz, settings.high_hz)
        return aubio.pvoc(settings.fft, settings.hop), bank

    vocoder, bank = mel_of(DEFAULT_MEL)
    second_vocoder, second_bank = mel_of(ENCODER_MEL)
    edges_hz = band_edges_hz()
    bands = aubio.filterbank(len(edges_hz) - 1, size)
    middle_hz = [edges_hz[0] / 2, *edges_hz]  # triangles: one more edge on either side
    bands.set_triangle_bands(np.array(middle_hz, np.float32), SAMPLE_RATE_HZ)
    centroid, flux = aubio.specdesc("centroid", size), aubio.specdesc("specflux", size)
    onset = aubio.onset("default", size, hop, SAMPLE_RATE_HZ)
    block = blocks[0]

    def everything() -> object:
        spectrum = vocoder(block)
        heard = np.log(bank(spectrum) + 1e-7), np.log(second_bank(second_vocoder(block)) + 1e-7)
        return heard, bands(spectrum), centroid(spectrum), flux(spectrum), aubio.db_spl(block), onset(block)

    return lambda: np.log(bank(vocoder(block)) + 1e-7), everything
