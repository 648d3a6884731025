"""A looping file that goes while it plays: silence, and it is tried again until it is back."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.audio.files import FileSource
from chromesthesia.audio.patience import PatientSource
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import AudioError
from chromesthesia.core.protocols import AudioSource
from chromesthesia.core.records import SAMPLE_RATE_HZ, STEP_SAMPLES, AudioBlock, Float32
from chromesthesia.testing.audio import ScriptedSource, loudest_hz, tone

LENGTH_S = 0.1
ONCE = round(LENGTH_S * SAMPLE_RATE_HZ) // STEP_SAMPLES
"""Blocks from the file's beginning to its end."""


class Pauses(ManualClock):
    """Runs a step at every pause: the hand that takes the file away and brings it back."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        super().__init__(100.0)
        self.steps = list(steps)
        self.pauses_s: list[float] = []

    def wait_until(self, deadline_s: float, stop: threading.Event) -> bool:
        self.pauses_s.append(deadline_s - self.now_s())
        if self.steps:
            self.steps.pop(0)()
        return super().wait_until(deadline_s, stop)


def write(path: Path, frequency_hz: float) -> None:
    soundfile.write(path, tone(frequency_hz, LENGTH_S), SAMPLE_RATE_HZ, subtype="FLOAT")


def heard(source: AudioSource, blocks: int = ONCE) -> Float32:
    taken = [source.read() for _ in range(blocks)]
    return np.concatenate([block.samples for block in taken if block is not None])


def nothing() -> None:
    pass


def removed(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def cut_to_its_header(path: Path) -> None:
    os.truncate(path, 80)


def made_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def made_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def made_text(path: Path) -> None:
    path.write_text("this is no sound at all\n" * 20)


def restored(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    write(path, 880.0)


@pytest.mark.parametrize(
    "harm",
    [removed, emptied, cut_to_its_header, made_a_folder, made_a_pipe, made_text],
    ids=lambda it: it.__name__,
)
def test_a_file_that_goes_is_waited_for(
    tmp_path: Path, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "song.wav"
    write(path, 440.0)
    clock = Pauses(nothing, nothing, lambda: restored(path))

    def opened() -> FileSource:
        return FileSource(path, clock, paced=False, loop=True)

    source = PatientSource(opened(), opened, clock)
    assert loudest_hz(heard(source)) == pytest.approx(440.0, abs=15.0)
    harm(path)
    assert loudest_hz(heard(source)) == pytest.approx(880.0, abs=15.0)
    assert clock.pauses_s == pytest.approx([0.5, 1.0, 2.0])
    assert source.losses == 1
    assert source.last_error
    told = [record.message for record in caplog.records]
    assert len(told) == 1, "one line for every attempt"
    assert told[0].startswith("file: song.wav cannot be played: ")
    block = source.read()
    assert block is not None
    assert block.entered_s >= 103.5, "sound after the gap is dated before its end"
    source.close()


def test_a_replaced_file_is_taken_at_its_next_beginning(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    write(path, 440.0)
    clock = Pauses()

    def opened() -> FileSource:
        return FileSource(path, clock, paced=False, loop=True)

    source = PatientSource(opened(), opened, clock)
    heard(source)
    write(tmp_path / "new.wav", 880.0)
    (tmp_path / "new.wav").replace(path)
    assert loudest_hz(heard(source)) == pytest.approx(880.0, abs=15.0)
    assert source.losses == 0


class Failing(ScriptedSource):
    """Raises at every reading."""

    def __init__(self, error: Exception) -> None:
        super().__init__([], "file: far.wav")
        self._error = error

    def read(self) -> None:
        raise self._error


class Brief(ScriptedSource):
    """One block at every second reading, and its end in between."""

    def __init__(self) -> None:
        super().__init__([], "file: far.wav")
        self._ended = True

    def read(self) -> AudioBlock | None:
        self._ended = not self._ended
        return None if self._ended else AudioBlock(tone(440.0, 0.01), 0.0)


@pytest.mark.parametrize(
    "error", [AudioError("decoding failed"), OSError(116, "Stale file handle")], ids=["decoder", "drive"]
)
def test_the_pauses_grow_and_end_with_the_first_sound(error: Exception) -> None:
    clock, back = Pauses(), Brief()
    failing = [Failing(error) for _ in range(5)]
    source = PatientSource(Failing(error), lambda: failing.pop() if failing else back, clock)
    assert source.read() is not None
    assert clock.pauses_s == pytest.approx([0.5, 1.0, 2.0, 4.0, 5.0, 5.0])
    assert source.read() is not None, "an end without a word is a loss, too"
    assert clock.pauses_s[-1] == pytest.approx(0.5)
    source.close()


def test_closing_ends_the_waiting() -> None:
    source: PatientSource
    clock = Pauses(lambda: source.close())
    source = PatientSource(Failing(AudioError("gone")), lambda: Failing(AudioError("gone")), clock)
    assert source.read() is None
    assert source.read() is None
    assert len(clock.pauses_s) == 1
