"""From the étude to the microphone in the middle of a show, without a jump that could be heard as an event."""

from __future__ import annotations

import logging
import threading

import numpy as np

from chromesthesia.audio.parts import scaled
from chromesthesia.core.protocols import AudioSource, Counting
from chromesthesia.core.records import SAMPLE_RATE_HZ, AudioBlock, Float32

log = logging.getLogger(__name__)

FADE_SAMPLES = SAMPLE_RATE_HZ // 10
"""Each side of the change fades for this long; less than a sound card's buffer holds of the sound not yet fetched."""
DROPPED_AT_MOST_SAMPLES = SAMPLE_RATE_HZ
PAUSE_S = 1.0


class HandoverSource:
    """AudioSource that plays `meanwhile` until `requested` gives its first sound, then `requested` for good.

    One fades out, then the other fades in; samples go on counting and no moment is heard twice: what `requested` heard
    before the other one's end is dropped. It ends when `meanwhile` ends before anything has come. A thread of its own
    waits for the first sound.
    """

    def __init__(self, meanwhile: AudioSource, requested: AudioSource) -> None:
        self._meanwhile = meanwhile
        self._requested = requested
        self._come = threading.Event()
        self._closed = threading.Event()
        self._going = False
        self._gone = False
        self._faded = 0
        self._dropped = 0
        self._end_s = 0.0
        self._looking = threading.Thread(target=self._look_out, name="microphone look-out", daemon=True)
        self._looking.start()

    @property
    def name(self) -> str:
        """Of the one that plays now."""
        return self._requested.name if self._gone else self._meanwhile.name

    @property
    def live(self) -> bool:
        return self._requested.live if self._gone else self._meanwhile.live

    @property
    def overruns(self) -> int:
        return self._requested.overruns if self._gone else self._meanwhile.overruns

    def read(self) -> AudioBlock | None:
        """The next block of the one that plays; None when that has ended, or once closed. One thread only."""
        while not self._closed.is_set():
            block = self._read_wanted() if self._gone else self._read_meanwhile()
            if block is None:
                self.close()
            elif block.samples.size:
                return block
        return None

    def counts(self) -> dict[str, int]:
        """Those of the requested one, also before it plays."""
        return dict(self._requested.counts()) if isinstance(self._requested, Counting) else {}

    def close(self) -> None:
        """Stop both. Safe from any thread, and twice."""
        self._closed.set()
        self._meanwhile.close()
        self._requested.close()

    def _look_out(self) -> None:
        while not self._closed.is_set():
            try:
                if self._requested.read() is not None:
                    self._come.set()
                return
            except Exception:  # the étude plays on, and the microphone may come later
                log.exception("the microphone could not be read; trying again")
                self._closed.wait(PAUSE_S)

    def _read_meanwhile(self) -> AudioBlock | None:
        # Asked for before reading, so that a whole block is faded or none of it.
        self._going = self._going or self._come.is_set()
        block = self._meanwhile.read()
        if block is None or not self._going:
            return block
        faded = scaled(block, 1.0 - self._rise(block.samples.shape[0]))
        self._end_s = block.entered_s + faded.samples.shape[0] / SAMPLE_RATE_HZ
        if self._faded >= FADE_SAMPLES:
            before = self.name
            self._meanwhile.close()
            self._faded = 0
            self._gone = True
            log.info("a microphone has come: from %s to %s", before, self.name)
        return faded

    def _read_wanted(self) -> AudioBlock | None:
        block = self._requested.read()
        if block is None or self._faded >= FADE_SAMPLES:
            return block
        if not self._faded:
            early = round((self._end_s - block.entered_s) * SAMPLE_RATE_HZ)
            early = min(max(early, 0), block.samples.shape[0], DROPPED_AT_MOST_SAMPLES - self._dropped)
            self._dropped += early
            block = AudioBlock(
                block.samples[early:],
                block.entered_s + early / SAMPLE_RATE_HZ,
                None if block.parts is None else block.parts[:, early:],
            )
        return scaled(block, self._rise(block.samples.shape[0]))

    def _rise(self, count: int) -> Float32:
        """The next `count` values of a half cosine from 0 to 1, float32."""
        place = np.minimum(np.arange(self._faded, self._faded + count), FADE_SAMPLES) / FADE_SAMPLES
        self._faded += count
        rise: Float32 = (0.5 - 0.5 * np.cos(np.pi * place)).astype(np.float32)
        return rise
