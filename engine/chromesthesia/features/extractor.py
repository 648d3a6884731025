"""Everything that is heard, hop by hop, from sound in chunks of any length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, FeatureFrame, Float32, Music
from chromesthesia.features.bands import BandGains
from chromesthesia.features.ear import MusicEar
from chromesthesia.features.loudness import LoudnessMeter
from chromesthesia.features.mel import DEFAULT_MEL
from chromesthesia.features.onset import OnsetDetector, floor
from chromesthesia.features.spectra import HopSpectra, SpectraMeter

LARGEST_SAMPLE = 1e6
"""Nothing a converter or a file can mean is beyond this, 120 dB over full scale."""
_KEPT = DEFAULT_MEL.window - HOP_SAMPLES


class Ear(Protocol):
    """Hears more than one hop: `features.ear.MusicEar`, or less of it."""

    def step(
        self, frame: FeatureFrame, hop: Float32, mel: Float32, rise: Float32 | None, weighted: float
    ) -> Music: ...

    def reset(self) -> None: ...


class FeatureExtractor:
    """Turns sound into `FeatureFrame`s; the same frames, bit for bit, for any chunking. Not thread-safe.

    `restarts` counts jumps in the sound (a lapped ring, a new source); `repaired_hops` counts hops that held NaN,
    infinity or an absurd value and were taken as silence.
    """

    def __init__(self, ear: Ear | None = None) -> None:
        """ear: what `music` hears with; None for the whole ear for music."""
        self.restarts = 0
        self.repaired_hops = 0
        self._loudness = LoudnessMeter()
        self._spectra = SpectraMeter()
        self._bands = BandGains()
        self._onset = OnsetDetector()
        self._ear: Ear = MusicEar() if ear is None else ear
        self._measured: HopSpectra | None = None
        self._window: Float32 = np.zeros(DEFAULT_MEL.window, dtype=np.float32)
        self._hop: Float32 = np.zeros(HOP_SAMPLES, dtype=np.float32)
        self._filled = 0
        self._hop_entered_s = 0.0
        self._next_sample: int | None = None
        self._index = 0
        self._last: FeatureFrame | None = None

    def push(
        self, samples: Float32, start_sample: int, entered_s: float, gain_db: float = 0.0
    ) -> list[FeatureFrame]:
        """Take mono float32 [n]; give a frame for every hop now complete.

        start_sample: index of the first sample since the start of the source; when it is not where the last chunk
        ended, framing restarts there. entered_s: when that sample entered the engine; a frame carries the entry time
        of the oldest sample of its hop. gain_db is applied before everything.
        """
        return list(self.hops(samples, start_sample, entered_s, gain_db))

    def hops(
        self, samples: Float32, start_sample: int, entered_s: float, gain_db: float = 0.0
    ) -> Iterator[FeatureFrame]:
        """The same one after the other: until the next is asked for, `music` hears the hop of the one just given.

        All of them are to be taken.
        """
        if self._next_sample is not None and start_sample != self._next_sample:
            self._restart()
        self._next_sample = start_sample + len(samples)
        gain = np.float32(10.0 ** (gain_db / 20.0))
        taken = 0
        while taken < len(samples):
            if self._filled == 0:
                self._hop_entered_s = entered_s + taken / SAMPLE_RATE_HZ
            count = min(HOP_SAMPLES - self._filled, len(samples) - taken)
            np.multiply(
                samples[taken : taken + count], gain, out=self._hop[self._filled : self._filled + count]
            )
            self._filled += count
            taken += count
            if self._filled == HOP_SAMPLES:
                self._filled = 0
                yield self._frame(start_sample + taken)

    def music(self, frame: FeatureFrame) -> Music:
        """What the ear for music makes of the newest hop, whose frame this is. Once for each hop."""
        assert self._measured is not None, "a frame comes from a hop"
        return self._ear.step(
            frame, self._hop, self._measured.mels[0], self._onset.rise, self._loudness.weighted
        )

    def glance(self, samples: Float32, start_sample: int, gain_db: float = 0.0) -> FeatureFrame | None:
        """What is heard in the hop's length that ends with `samples`, the beginning of the next: float32 [under a hop].

        Nothing is remembered of it: the samples are to be pushed with the whole hop. LUFS, a mean of 0.4 s, is that of
        the last hop. The frame has that hop's index. None before the first hop, behind a jump and for damaged samples.
        """
        count, last = len(samples), self._last
        if (
            last is None
            or self._filled
            or start_sample != self._next_sample
            or last.end_sample != start_sample
        ):
            return None
        window = np.concatenate([self._window[count:], samples * np.float32(10.0 ** (gain_db / 20.0))])
        if not np.abs(window[-count:]).max() < LARGEST_SAMPLE:
            return None
        measured = self._spectra.of(window)
        logs = np.log(self._over_floor(measured)[1])
        flux, onset = self._onset.peek(logs[2])
        return replace(
            last,
            end_sample=start_sample + count,
            entered_s=last.entered_s + count / SAMPLE_RATE_HZ,
            log_mel=logs[0],
            rms_dbfs=self._loudness.peek_rms(window[-HOP_SAMPLES:]),
            bands=self._bands.peek(measured.band_power),
            centroid_hz=measured.centroid_hz,
            flux=flux,
            onset=onset,
            wave=window,
            power=measured.power,
        )

    def reset(self) -> None:
        """Forget what was heard; counters and the frame index go on."""
        self._restart()
        self.restarts -= 1
        self._next_sample = None
        self._window = np.zeros(DEFAULT_MEL.window, dtype=np.float32)
        self._loudness.reset()
        self._bands.reset()
        self._ear.reset()

    def _restart(self) -> None:
        self.restarts += 1
        self._filled = 0
        self._last = None
        self._onset.reset()

    def _over_floor(self, measured: HopSpectra) -> tuple[float, Float32]:
        """(the loudest band, the mels with the first one over the floor of onsets in the free row)."""
        mels = measured.mels
        loudest = self._onset.loudest(mels[0])
        np.add(mels[0], floor(loudest), out=mels[2])
        return loudest, mels

    def _frame(self, end_sample: int) -> FeatureFrame:
        hop = self._hop
        if not np.maximum.reduce(np.abs(hop)) < LARGEST_SAMPLE:  # NaN compares false
            self.repaired_hops += 1
            hop[:] = 0.0
        window = self._window = np.concatenate((self._window[-_KEPT:], hop))
        measured = self._measured = self._spectra.of(window)
        loudest, mels = self._over_floor(measured)
        logs = np.log(mels)
        rms_dbfs, lufs = self._loudness.step(hop)
        flux, onset = self._onset.step(logs[2], loudest)
        frame = FeatureFrame(
            index=self._index,
            end_sample=end_sample,
            entered_s=self._hop_entered_s,
            log_mel=logs[0],
            encoder_mel=logs[1],
            rms_dbfs=rms_dbfs,
            lufs_momentary=lufs,
            bands=self._bands.step(measured.band_power),
            centroid_hz=measured.centroid_hz,
            flux=flux,
            onset=onset,
            wave=window,
            power=measured.power,
        )
        self._index += 1
        self._last = frame
        return frame
