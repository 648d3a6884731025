"""Commands as they are tried: with sound that hangs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chromesthesia.audio.portaudio import PORTAUDIO
from chromesthesia.audio.worker import Worker
from chromesthesia.testing.portaudio import FakeSounddevice


@pytest.fixture
def hanging_sound(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSounddevice]:
    """This process's PortAudio hangs, as with a sound server that never answers."""
    library = FakeSounddevice(hang_on=["query_devices", "_initialize"])
    monkeypatch.setattr(PORTAUDIO, "_worker", Worker("PortAudio that hangs"))
    monkeypatch.setattr(PORTAUDIO, "_library", library)
    monkeypatch.setattr(PORTAUDIO, "answer_within_s", 0.01)
    yield library
    library.go_on.set()
