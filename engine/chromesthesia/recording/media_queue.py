"""The bounded way of frames and sound from the frame loop to the thread that writes them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32, UInt8

FRAME_BYTES_TOTAL = 192 * 1024 * 1024
"""Half a second of 1920 x 1080 at 60 frames a second: what a disk may take to think. Taken only while frames wait."""
LEAST_FRAMES = 4
MOST_FRAMES = 64
SPARE_FRAMES = 2
"""So many buffers are kept for frames to come: what waited once, while a disk thought, is not held for ever."""
MOST_SOUND_SAMPLES = 10 * SAMPLE_RATE_HZ
BEHIND_S, BEHIND_FOR_S = 0.5, 2.0
"""Live, what waits longer than the first, for longer than the second, is no hiccup of a disk: the machine is slow."""
SLOW_FOR_S = 60.0
"""So long a slow machine counts as one."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame: pixels uint8 [H, W, 3], row 0 at the top, and its time from the start of the show."""

    pixels: UInt8
    time_s: float


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono float32 samples and the time of the first from the start of the show."""

    samples: Float32
    start_s: float


def frames_in_budget(width: int, height: int) -> int:
    """How many frames of this size may wait: as many as fit 192 MiB, but 4 to 64."""
    return max(LEAST_FRAMES, min(MOST_FRAMES, FRAME_BYTES_TOTAL // (width * height * 3)))


class MediaQueue:
    """Bounded, with pooled frame buffers. Any thread puts, one thread takes.

    live: putting never waits; what finds no room is dropped and counted. On a machine that is too slow pictures are
    dropped while more than half a second waits: a killed film loses what waits, and sound without room is a hole in it.
    Otherwise putting waits for room.
    """

    def __init__(self, capacity_frames: int, live: bool) -> None:
        self.dropped_frames = 0
        self.dropped_samples = 0
        self._live = live
        self._capacity_frames = capacity_frames
        self._changed = threading.Condition()
        self._items: deque[Picture | Sound] = deque()
        self._spare: list[UInt8] = []
        self._frames_out = 0
        self._samples_waiting = 0
        self._behind_since_s: float | None = None
        self._slow_until_s = float("-inf")
        self._closed = False

    def put_frame(self, pixels: UInt8, time_s: float) -> bool:
        """Copy `pixels` into a pooled buffer and queue it; False when it was dropped or the queue is closed."""
        with self._changed:
            too_slow = self._live and self._too_slow(time_s)
            if too_slow or not self._room(lambda: self._frames_out < self._capacity_frames):
                self.dropped_frames += 1
                return False
            self._frames_out += 1
            buffer = self._spare.pop() if self._spare else None
        if buffer is None or buffer.shape != pixels.shape:
            buffer = np.empty(pixels.shape, np.uint8)
        np.copyto(buffer, pixels)
        self._append(Picture(buffer, time_s))
        return True

    def put_sound(self, samples: Float32, start_s: float) -> bool:
        """Copy and queue `samples`; False when they were dropped or the queue is closed."""
        with self._changed:
            if not self._room(lambda: self._samples_waiting < MOST_SOUND_SAMPLES):
                self.dropped_samples += len(samples)
                return False
            self._samples_waiting += len(samples)
        self._append(Sound(np.array(samples, np.float32), start_s))
        return True

    def take(self) -> Picture | Sound | None:
        """Wait for the oldest item; None when the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed)
            if not self._items:
                return None
            item = self._items.popleft()
            if isinstance(item, Sound):
                self._samples_waiting -= len(item.samples)
                self._changed.notify_all()
            return item

    def give_back(self, picture: Picture) -> None:
        """Return the buffer of a picture that was taken, to be used again."""
        with self._changed:
            self._frames_out -= 1
            if len(self._spare) < SPARE_FRAMES:
                self._spare.append(picture.pixels)
            self._changed.notify_all()

    def close(self) -> None:
        """Take nothing more; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _too_slow(self, now_s: float) -> bool:
        """Under the lock: whether what waits has been too old for too long, at the show's time `now_s`."""
        oldest = self._items[0] if self._items else None
        oldest_s = (
            now_s if oldest is None else oldest.time_s if isinstance(oldest, Picture) else oldest.start_s
        )
        if now_s - oldest_s <= BEHIND_S:
            self._behind_since_s = None
            return False
        if self._behind_since_s is None:
            self._behind_since_s = now_s
        if now_s - self._behind_since_s > BEHIND_FOR_S:
            self._slow_until_s = now_s + SLOW_FOR_S
        return now_s < self._slow_until_s

    def _room(self, there_is: Callable[[], bool]) -> bool:
        """Under the lock: True when the queue is open and has room, waiting for it unless live."""
        if not self._live:
            self._changed.wait_for(lambda: self._closed or there_is())
        return not self._closed and there_is()

    def _append(self, item: Picture | Sound) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()
