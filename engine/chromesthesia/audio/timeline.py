"""When did a sample enter? From the moments at which samples were seen to the moments at which they came."""

from __future__ import annotations

WINDOW_S = 2.0


class ArrivalTimeline:
    """Maps frame numbers of a running input stream to monotonic time.

    A driver hands frames over in bursts and the reader looks late, so the moment at which frame n is seen is its moment
    of entry plus a delay that is never negative. The least delay of the last few seconds is therefore the best
    estimate: `entry of frame n = least (seen - n / rate) + n / rate`. The least is taken over a sliding window of 2 to
    4 s (two halves), which follows the drift between the sound clock and the computer's clock and forgets a hiccup.
    What the driver and the sound server delay before they show a frame at all is not in it.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._frames = 0
        self._least_s: float | None = None
        self._previous_least_s: float | None = None
        self._window_frames = 0

    @property
    def origin_s(self) -> float:
        """Monotonic time of frame 0, as seen from the newest frames; raises ValueError before the first `seen`."""
        halves = [half for half in (self._least_s, self._previous_least_s) if half is not None]
        if not halves:
            raise ValueError("no frame has been seen yet")
        return min(halves)

    def seen(self, frames: int, newest_s: float) -> None:
        """Take note that `frames` more have come, the newest of which was there at `newest_s`."""
        self._frames += frames
        self._window_frames += frames
        if self._window_frames > WINDOW_S * self._rate_hz:
            self._previous_least_s, self._least_s = self._least_s, None
            self._window_frames = 0
        origin_s = newest_s - self._frames / self._rate_hz
        self._least_s = origin_s if self._least_s is None else min(self._least_s, origin_s)

    def skipped(self) -> None:
        """The stream lost frames: what was learnt before the gap no longer holds."""
        self._least_s = self._previous_least_s = None
        self._window_frames = 0
