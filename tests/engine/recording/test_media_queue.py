"""What waits for the film: everything through a hiccup, little on a machine that is too slow, sound always."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.recording.media_queue import (
    BEHIND_FOR_S,
    BEHIND_S,
    SPARE_FRAMES,
    MediaQueue,
    Picture,
    frames_in_budget,
)

FPS = 30
PIXELS = np.zeros((4, 4, 3), np.uint8)
SOUND = np.zeros(SAMPLE_RATE_HZ // FPS, np.float32)


def waits_s(queue: MediaQueue, now_s: float) -> float:
    """How old the oldest is, taken and not given back."""
    item = queue.take()
    assert item is not None
    if isinstance(item, Picture):
        queue.give_back(item)
        return now_s - item.time_s
    return now_s - item.start_s


def test_a_machine_that_is_too_slow_drops_pictures_and_keeps_up_and_keeps_every_sound() -> None:
    """Three of four items are taken in time, for half a minute."""
    queue = MediaQueue(64, live=True)
    oldest_s: list[float] = []
    for index in range(30 * FPS):
        now_s = index / FPS
        queue.put_frame(PIXELS, now_s)
        queue.put_sound(SOUND, now_s)
        oldest_s += [waits_s(queue, now_s) for _ in range(1 + index % 2)]
    assert queue.dropped_samples == 0
    assert queue.dropped_frames > 0
    assert max(oldest_s[len(oldest_s) // 2 :]) <= BEHIND_S + 0.3


def test_a_hiccup_drops_nothing() -> None:
    queue = MediaQueue(64, live=True)
    for index in range(round((BEHIND_FOR_S - 0.1) * FPS)):
        assert queue.put_frame(PIXELS, index / FPS)
    queue.close()
    while queue.take() is not None:
        pass
    assert queue.dropped_frames == 0


def test_what_waited_once_is_not_held_for_ever() -> None:
    queue = MediaQueue(64, live=True)
    for index in range(20):
        assert queue.put_frame(PIXELS, index / FPS)
    held: list[weakref.ref[object]] = []
    for _ in range(20):
        item = queue.take()
        assert isinstance(item, Picture)
        held.append(weakref.ref(item.pixels))
        queue.give_back(item)
        del item
    assert sum(one() is not None for one in held) == SPARE_FRAMES


def test_a_film_that_waits_loses_nothing_however_late() -> None:
    queue = MediaQueue(64, live=False)
    assert queue.put_frame(PIXELS, 0.0)
    assert queue.put_frame(PIXELS, 100.0)
    assert queue.put_frame(PIXELS, 200.0)
    assert queue.dropped_frames == 0


@pytest.mark.parametrize(("size", "fps"), [((640, 360), 60), ((1920, 1080), 60), ((3840, 1080), 30)])
def test_a_disk_that_thinks_for_half_a_second_costs_no_frame(size: tuple[int, int], fps: int) -> None:
    """Nobody takes anything for that long, at a size of the stage; what waits is the memory of two frames here."""
    queue = MediaQueue(frames_in_budget(*size), live=True)
    frames = fps // 2
    taken = [queue.put_frame(np.zeros((2, 2, 3), np.uint8), number / fps) for number in range(frames)]
    assert all(taken)
    assert queue.dropped_frames == 0
