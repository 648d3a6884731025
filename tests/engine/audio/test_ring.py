"""The ring: nothing is changed, moved or counted wrongly, whatever the chunking, and nothing torn gets out."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chromesthesia.audio.ring import Ring, RingChunk
from chromesthesia.core.records import SAMPLE_RATE_HZ


def counted(start: int, count: int) -> np.ndarray:
    """Samples that say their own index (exact in float32 below 2**24)."""
    return np.arange(start, start + count, dtype=np.float32)


@settings(deadline=None)
@given(
    turns=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 6)), min_size=1, max_size=40),
    count=st.integers(1, 50),
    capacity=st.integers(100, 160),
)
def test_any_chunking_comes_out_as_it_went_in(
    turns: list[tuple[int, int]], count: int, capacity: int
) -> None:
    """Turns are (samples written, chunks asked for): the reader is now ahead, now lapped."""
    ring = Ring(capacity)
    written = read = position = 0
    for size, reads in [*turns, (0, capacity)]:
        ring.write(counted(written, size), entered_s=10.0 + written / SAMPLE_RATE_HZ)
        written += size
        for _ in range(reads):
            if (chunk := ring.read(count)) is None:
                break
            assert chunk.start_sample == position + chunk.lost_before
            np.testing.assert_array_equal(chunk.samples, counted(chunk.start_sample, count))
            assert chunk.entered_s == pytest.approx(10.0 + chunk.start_sample / SAMPLE_RATE_HZ, abs=1e-9)
            position = chunk.start_sample + count
            read += count
    assert ring.written_samples == written
    assert read + ring.lost_samples + ring.available == written


def test_a_lapped_reader_goes_on_with_the_newest_and_counts_the_rest() -> None:
    ring = Ring(1000)
    ring.write(counted(0, 900), 5.0)
    ring.write(counted(900, 700), 5.0 + 900 / SAMPLE_RATE_HZ)
    chunk = ring.read(240)
    assert chunk is not None
    assert (chunk.start_sample, chunk.lost_before) == (1360, 1360)
    np.testing.assert_array_equal(chunk.samples, counted(1360, 240))
    assert chunk.entered_s == pytest.approx(5.0 + 1360 / SAMPLE_RATE_HZ)
    assert ring.lost_samples == 1360
    ring.write(counted(1600, 240), 6.0)
    following = ring.read(240)
    assert following is not None
    assert (following.start_sample, following.lost_before) == (1600, 0)


def test_a_full_ring_has_lost_nothing() -> None:
    ring = Ring(1000)
    ring.write(counted(0, 1000), 0.0)
    chunk = ring.read(1000)
    assert chunk is not None
    assert (chunk.start_sample, chunk.lost_before, ring.lost_samples) == (0, 0, 0)


def test_a_write_longer_than_the_ring_keeps_its_end_and_its_time() -> None:
    ring = Ring(100)
    ring.write(counted(0, 1050), 2.0)
    chunk = ring.read(100)
    assert chunk is not None
    np.testing.assert_array_equal(chunk.samples, counted(950, 100))
    assert chunk.entered_s == pytest.approx(2.0 + 950 / SAMPLE_RATE_HZ)
    assert ring.lost_samples == 950


def test_each_block_keeps_its_own_time_across_a_gap() -> None:
    ring = Ring(1000)
    ring.write(counted(0, 120), 1.0)
    ring.write(counted(120, 120), 9.0)
    times_s = [chunk.entered_s for _ in range(4) if (chunk := ring.read(60)) is not None]
    assert times_s == pytest.approx([1.0, 1.0 + 60 / SAMPLE_RATE_HZ, 9.0, 9.0 + 60 / SAMPLE_RATE_HZ])


def test_a_look_ahead_leaves_what_it_sees() -> None:
    ring = Ring(8)
    samples = np.arange(6, dtype=np.float32)
    ring.write(samples, 2.0)
    assert ring.peek(7) is None
    seen = ring.peek(4)
    assert seen is not None
    np.testing.assert_array_equal(seen.samples, samples[:4])
    assert (seen.start_sample, seen.entered_s, ring.available) == (0, 2.0, 6)
    read = ring.read(6)
    assert read is not None
    np.testing.assert_array_equal(read.samples, samples)
    ring.write(np.zeros(9, np.float32), 3.0)
    assert ring.peek(2) is None, "a lapped reader has to go on first"


def test_a_chunk_is_the_readers_own() -> None:
    ring = Ring(100)
    ring.write(counted(0, 100), 0.0)
    chunk = ring.read(50)
    assert chunk is not None
    ring.write(counted(500, 100), 0.0)
    np.testing.assert_array_equal(chunk.samples, counted(0, 50))


@pytest.mark.parametrize("count", [0, -1, 101])
def test_impossible_reads_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=str(count)):
        Ring(100).read(count)


def test_a_ring_needs_room() -> None:
    with pytest.raises(ValueError, match="capacity_samples=0"):
        Ring(0)


def test_reader_and_writer_on_two_threads_never_see_a_torn_chunk() -> None:
    """The writer runs free on a small ring, so it laps the reader all the time."""
    ring = Ring(512)
    total = 400_000
    done = threading.Event()

    def write() -> None:
        written = 0
        sizes = np.random.default_rng(3).integers(1, 300, 10_000)
        for size in sizes:
            if written + size > total:
                break
            ring.write(counted(written, int(size)), written / SAMPLE_RATE_HZ)
            written += int(size)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    chunks: list[RingChunk] = []
    while not done.is_set() or ring.available >= 100:
        if (chunk := ring.read(100)) is not None:
            chunks.append(chunk)
    writer.join()
    position = 0
    for chunk in chunks:
        assert chunk.start_sample == position + chunk.lost_before
        np.testing.assert_array_equal(chunk.samples, counted(chunk.start_sample, 100))
        assert chunk.entered_s == pytest.approx(chunk.start_sample / SAMPLE_RATE_HZ, abs=1e-9)
        position = chunk.start_sample + 100
    assert len(chunks) * 100 + ring.lost_samples + ring.available == ring.written_samples
