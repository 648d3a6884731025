"""A command sets the log up for its process; each test gives it back as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from chromesthesia.audio.portaudio import PORTAUDIO
from chromesthesia.audio.worker import Worker
from chromesthesia.testing.portaudio import FakeSounddevice


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("chromesthesia")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.fixture
def hanging_sound(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSounddevice]:
    """This process's PortAudio hangs, as with a sound server that never answers."""
    library = FakeSounddevice(hang_on=["query_devices", "_initialize"])
    monkeypatch.setattr(PORTAUDIO, "_worker", Worker("PortAudio that hangs"))
    monkeypatch.setattr(PORTAUDIO, "_library", library)
    monkeypatch.setattr(PORTAUDIO, "answer_within_s", 0.01)
    yield library
    library.go_on.set()
