"""The microphone as a source of sound that outlives its device."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import numpy as np

from chromesthesia.audio.capture import USUAL_CHANNELS, PortAudioBackend
from chromesthesia.audio.channels import Channels, needed_by
from chromesthesia.audio.inputs import Captured, InputBackend, InputStream
from chromesthesia.audio.parts import PartMix, block_of
from chromesthesia.audio.polyphase import PolyphaseResampler
from chromesthesia.audio.soundness import FULL_SCALE, PaceWatch, clipped_of
from chromesthesia.audio.timeline import ArrivalTimeline
from chromesthesia.core.errors import AudioError, ChannelError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import SAMPLE_RATE_HZ, AudioBlock, Float32
from chromesthesia.core.slot import LatestSlot
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

POLL_S = 0.05
"""Longest wait inside `read` before it looks whether it was closed."""
STALL_S = 4.0
"""A device that gives nothing for this long is taken for dead. A sound server may need 2 s for its first block."""
BACK_OFF_S = (0.5, 5.0)
"""First and longest pause between two attempts to open the device again; each pause doubles."""
CLOSE_WITHIN_S = 1.0


class MicrophoneSource:
    """AudioSource of a microphone: any rate, one channel, the first two or the chosen ones, mixed down to 24 kHz mono.

    The device is opened at construction and AudioError raised when that fails, unless `patient`. From then on nothing
    is raised: when the device or the sound server goes, `read` waits (no silence is invented) while a thread of its own
    closes, restarts PortAudio and tries again with a growing pause, for as long as it takes. The device is looked for
    by the name and host API that were asked for; without any, the default of that moment is taken. What is lost at the
    gap is lost: the samples go on counting without it, `entered_s` jumps.

    With 5 ms blocks and under 3 ms of look-ahead in the rate conversion, about 10 ms pass here.
    """

    live = True

    def __init__(
        self,
        device: str | None,
        host_api: str | None,
        clock: Clock,
        *,
        backend: InputBackend | None = None,
        reconnect: bool = True,
        stall_s: float = STALL_S,
        back_off_s: tuple[float, float] = BACK_OFF_S,
        patient: bool = False,
        channels: Channels | None = None,
        musicians: Sequence[Channels] = (),
    ) -> None:
        """patient: wait for a device that cannot be opened yet, as for one that was lost; one that has too few channels
        is refused all the same. channels: which are heard; musicians: the same for each that is heard by himself."""
        self._channels = channels or Channels()
        self._musicians = tuple(musicians)
        needed = needed_by(self._channels, self._musicians)
        usual = 0 if self._channels.numbers else USUAL_CHANNELS
        if self._musicians and usual:
            # More of them are open than the room is to hear.
            self._channels = Channels(tuple(range(1, usual + 1)), self._channels.rule)
        self._device = device
        self._host_api = host_api
        self._clock = clock
        self._backend = (
            backend if backend is not None else PortAudioBackend(clock, needed=needed, usual=usual)
        )
        self._reconnect = reconnect
        self._stall_s = stall_s
        self._back_off_s = back_off_s
        self._closed = threading.Event()
        self._reopened: LatestSlot[InputStream] = LatestSlot()
        self._helper: threading.Thread | None = None
        self.overruns = 0
        """Times at which the driver reported that sound was lost because it was not fetched in time."""
        self.reconnects = 0
        """Times at which the device came back."""
        self.failures = 0
        """Times at which a driver raised what it should not; after 1, 2, 4 ... of them the log tells."""
        self.last_error: str | None = None
        """Why the device was last lost or could not be opened."""
        self.rate_changes = 0
        """Times at which a device gave samples at another rate than before, or than it said."""
        self.clipped = 0
        """Samples at full scale, in runs, in any channel."""
        self.nan = 0
        """Samples that were no numbers, in any channel."""
        self._rate_hz = 0
        self._stream: InputStream | None = None
        self._label: str | None = None
        try:
            self._begin(self._backend.open(device, host_api))
        except AudioError as error:
            if not patient or isinstance(error, ChannelError):
                raise
            self.last_error = str(error)
            self._look_for_device(None)

    @property
    def name(self) -> str:
        """`mic: ` and the device in use, or the one waited for."""
        return f"mic: {self._label or 'none yet'}"

    @property
    def connected(self) -> bool:
        """Whether a device is open now."""
        return self._stream is not None

    def read(self) -> AudioBlock | None:
        """The next sound, about 5 ms of it; waits while the device is away; None once closed. One thread only."""
        while not self._closed.is_set():
            stream = self._stream or self._await_device()
            if stream is None:
                continue
            try:
                captured = stream.read(POLL_S)
            except AudioError as error:
                self._lose(stream, str(error))
                continue
            if captured is not None:
                if (block := self._convert(stream, captured)) is not None:
                    return block
            elif self._clock.now_s() - self._last_heard_s > self._stall_s:
                self._lose(stream, f"{stream.label} gave no sound for {self._stall_s:g} s")
        return None

    def counts(self) -> dict[str, int]:
        """What went wrong with the device."""
        return {
            "reconnects": self.reconnects,
            "driver_failures": self.failures,
            "rate_changes": self.rate_changes,
            "clipped": self.clipped,
            "nan": self.nan,
        }

    def close(self) -> None:
        """Stop; a `read` under way returns None within about 50 ms. Safe from any thread, and twice."""
        if self._closed.is_set():
            return
        self._closed.set()
        stream = self._stream
        if stream is not None:
            # A hung sound server can hold a close for ever; the show must still be able to end.
            closer = threading.Thread(target=stream.close, name="microphone close", daemon=True)
            closer.start()
            closer.join(CLOSE_WITHIN_S)
        elif self._helper is not None:
            self._helper.join(CLOSE_WITHIN_S)
            self._discard_reopened()

    def _begin(self, stream: InputStream, rate_hz: int | None = None) -> None:
        """rate_hz: at which the stream really gives samples; None for what it says."""
        rate_hz = rate_hz or stream.rate_hz
        if self._rate_hz and rate_hz != self._rate_hz:
            self.rate_changes += 1
            log.warning(
                "%s gives %d samples a second now, not %d as before", stream.label, rate_hz, self._rate_hz
            )
        self._rate_hz = rate_hz
        self._label = stream.label
        self._mixdown = PartMix(
            rate_hz,
            self._channels,
            self._musicians,
            lambda line: log.warning("%s: %s", stream.label, line),
        )
        self._resamplers = [PolyphaseResampler(rate_hz) for _ in range(1 + len(self._musicians))]
        self._timeline = ArrivalTimeline(rate_hz)
        self._pace = PaceWatch(rate_hz)
        self._given = 0
        self._last_heard_s = self._clock.now_s()
        self._stream = stream

    def _convert(self, stream: InputStream, captured: Captured) -> AudioBlock | None:
        self._last_heard_s = captured.newest_s
        if captured.overflowed:
            self.overruns += 1
            self._timeline.skipped()
            self._pace.skipped()
        if (rate_hz := self._pace.seen(captured.frames.shape[0], captured.newest_s)) is not None:
            self._begin(stream, rate_hz)
        self._look_at(captured.frames)
        self._timeline.seen(captured.frames.shape[0], captured.newest_s)
        mixed = self._mixdown.push(captured.frames)
        rows = [resampler.push(samples) for resampler, samples in zip(self._resamplers, mixed, strict=True)]
        if not rows[0].size:
            return None
        entered_s = self._timeline.origin_s + self._given / SAMPLE_RATE_HZ
        self._given += rows[0].shape[0]
        return block_of(rows, entered_s)

    def _look_at(self, frames: Float32) -> None:
        """Count what mixing and converting would hide."""
        loudness = np.abs(frames)
        most = loudness.max(initial=0.0)
        if most < FULL_SCALE:
            return
        if not np.isfinite(most):
            self.nan += int(loudness.size - np.isfinite(loudness).sum())
        self.clipped += sum(clipped_of(channel) for channel in np.where(np.isinf(loudness), 0.0, loudness).T)

    def _lose(self, stream: InputStream, reason: str) -> None:
        self._stream = None
        self.last_error = reason
        if not self._reconnect:
            log.warning("%s; not reconnecting", reason)
            stream.close()
            self._closed.set()
            return
        log.warning("%s; waiting for it to come back", reason)
        self._look_for_device(stream)

    def _look_for_device(self, lost: InputStream | None) -> None:
        self._helper = threading.Thread(
            target=self._bring_back, args=(lost,), name="microphone reconnect", daemon=True
        )
        self._helper.start()

    def _await_device(self) -> InputStream | None:
        stream = self._reopened.take(POLL_S)
        if stream is None and (self._helper is None or not self._helper.is_alive()):
            # It may have put the device here as its last act; else it could not even be started.
            stream = self._reopened.take()
            if stream is None:
                self._look_for_device(None)
        if stream is not None:
            if self._label is not None:
                self.reconnects += 1
                log.info("%s is back", stream.label)
            self._begin(stream)
        return stream

    def _bring_back(self, lost: InputStream | None) -> None:
        """Runs on a thread of its own: closing and opening can hang for as long as a sound server does."""
        if lost is not None:
            self._close_lost(lost)
        pause_s, longest_s = self._back_off_s
        while not self._clock.wait_until(self._clock.now_s() + pause_s, self._closed):
            pause_s = min(2 * pause_s, longest_s)
            if (stream := self._try_to_open()) is not None:
                self._reopened.put(stream)
                if self._closed.is_set():
                    self._discard_reopened()
                return

    def _try_to_open(self) -> InputStream | None:
        try:
            return self._backend.open(self._device, self._host_api)
        except AudioError as error:
            self.last_error = str(error)
            log.debug("still no microphone: %s", error)
        except Exception as error:  # whatever a driver's binding throws, the microphone may come back later
            self._failed("opened", error)
        return None

    def _close_lost(self, lost: InputStream) -> None:
        try:
            lost.close()
        except Exception as error:  # the device is gone: what it says to being closed changes nothing
            self._failed("closed", error)

    def _failed(self, what: str, error: Exception) -> None:
        self.last_error = one_line(error) or type(error).__name__
        self.failures += 1
        if self.failures & (self.failures - 1) == 0:
            log.warning(
                "the microphone could not be %s (%d failures so far)", what, self.failures, exc_info=error
            )

    def _discard_reopened(self) -> None:
        if (stream := self._reopened.take()) is not None:
            stream.close()
