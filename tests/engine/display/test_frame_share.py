"""Frames in memory between processes: the newest whole one, never a torn one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from chromesthesia.core.errors import RenderError
from chromesthesia.display.frame_share import FrameReader, FrameWriter


def frame(value: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((6, 8, 3), value, np.uint8)


def test_a_reader_sees_the_newest_frame_once() -> None:
    writer = FrameWriter(8, 6)
    reader = FrameReader(writer.name)
    try:
        assert reader.take() is None
        for value in (1, 2, 3, 4, 5):
            writer.put(frame(value))
        taken = reader.take()
        assert taken is not None
        assert np.array_equal(taken, frame(5))
        assert reader.take() is None
        with pytest.raises(ValueError, match="6 x 8"):
            writer.put(np.zeros((5, 8, 3), np.uint8))
    finally:
        reader.close()
        writer.close()


def test_a_frame_that_is_written_over_while_it_is_read_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = FrameWriter(8, 6)
    reader = FrameReader(writer.name)
    really = np.copyto
    try:
        writer.put(frame(1))

        def overtaken(target: object, source: object, **named: object) -> None:
            monkeypatch.setattr(np, "copyto", really)
            for value in (2, 3, 4):
                writer.put(frame(value))
            really(target, source, **named)  # type: ignore[call-overload]

        monkeypatch.setattr(np, "copyto", overtaken)
        assert reader.take() is None
        taken = reader.take()
        assert taken is not None
        assert np.array_equal(taken, frame(4))
    finally:
        reader.close()
        writer.close()


def test_another_process_reads_it_and_leaves_it_there() -> None:
    writer = FrameWriter(8, 6)
    try:
        writer.put(frame(77))
        program = (
            "import sys; from chromesthesia.display.frame_share import FrameReader\n"
            "taken = FrameReader(sys.argv[1]).take(); print(taken.shape, taken.min(), taken.max())"
        )
        said = subprocess.run(
            [sys.executable, "-c", program, writer.name],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert said.stdout.split() == ["(6,", "8,", "3)", "77", "77"]
        assert said.stderr == ""
        again = FrameReader(writer.name)
        assert again.take() is not None
        again.close()
    finally:
        writer.close()
    with pytest.raises(RenderError, match="no memory of frames"):
        FrameReader(writer.name)
