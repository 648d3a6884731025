"""A listener by itself: samples in, what is heard out. No threads, no clock, no picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from chromesthesia.audio.channels import ChannelMix, parse_channels
from chromesthesia.audio.polyphase import PolyphaseResampler
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.protocols import Encoder
from chromesthesia.core.records import SAMPLE_RATE_HZ, Heard
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.packs.pack import Pack
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.tree import ParameterTree
from chromesthesia.show.analysis import Analysis
from chromesthesia.show.face import load_pack


class Listener:
    """Follows the sound it is given, as a show follows a room: features, emotion, onsets. One thread at a time.

    pack: whose encoder listens; None: the one that ships with Chromesthesia. encoder: listens instead of a pack's.
    rate_hz: of the samples that are given. channels: which of them are heard, and how several become one, e.g. `3` or
    `loudest:1,2`; one listener for each musician hears several at once. The settings are those of a show in which
    nothing was set. Raises PackError for a pack that does not fit, UsageError for other channels.
    """

    def __init__(
        self,
        pack: Pack | None = None,
        *,
        encoder: Encoder | None = None,
        rate_hz: int = SAMPLE_RATE_HZ,
        channels: str = "",
    ) -> None:
        if encoder is None:
            encoder = OnnxEncoder(load_pack() if pack is None else pack)
        self._mixdown = ChannelMix(rate_hz, parse_channels(channels))
        self._resampler = PolyphaseResampler(rate_hz)
        self._values = ParameterTree(PARAMETERS).snapshot()
        # Only differences of its time are measured, and nobody reads them here.
        self._analysis = Analysis(encoder, ManualClock(), LatencyMeter())
        self._samples = 0

    @property
    def encoder_failures(self) -> int:
        """Steps in which the encoder raised; the emotion was held then."""
        return self._analysis.encoder_failures

    def hear(self, samples: ArrayLike) -> list[Heard]:
        """Take the next samples, floats [n] or [n, channels] in -1..1; give one `Heard` for every 10 ms now complete.

        Any number of samples may be given at once; what is not whole waits for the next call. The emotion of a
        `Heard` is as new as the encoder's last step, of 80 ms. Its `frame.entered_s` is the time from the first sample.
        Raises ValueError for whole numbers and for other shapes.
        """
        block = np.asarray(samples)
        if block.dtype.kind != "f" or block.ndim not in (1, 2) or (block.ndim == 2 and block.shape[1] < 1):
            raise ValueError(
                f"samples: expected floats [n] or [n, channels] in -1..1, got {block.dtype} {list(block.shape)}"
            )
        block = block.astype(np.float32, copy=False)
        mono = self._resampler.push(self._mixdown.push(block[:, None] if block.ndim == 1 else block))
        heard: list[Heard] = []
        start = self._samples
        self._samples += len(mono)
        if len(mono):
            self._analysis.hear(mono, start, start / SAMPLE_RATE_HZ, self._values, heard.append)
        return heard
