"""Commands as they are tried: with shows that only begin, with sound that hangs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.engine.cli.running import FIGURES

from chromesthesia.audio.portaudio import PORTAUDIO
from chromesthesia.audio.worker import Worker
from chromesthesia.cli import play
from chromesthesia.core.config import ShowConfig
from chromesthesia.testing.portaudio import FakeSounddevice


@pytest.fixture
def shows(monkeypatch: pytest.MonkeyPatch) -> list[ShowConfig]:
    """Every show that was begun, on a machine with a display."""
    begun: list[ShowConfig] = []

    def fake_show(config: ShowConfig, models: object) -> dict[str, object]:
        begun.append(config)
        return FIGURES

    monkeypatch.setattr(play, "_run_show", fake_show)
    monkeypatch.setattr(play, "has_display", lambda: True)
    return begun


@pytest.fixture
def hanging_sound(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSounddevice]:
    """This process's PortAudio hangs, as with a sound server that never answers."""
    library = FakeSounddevice(hang_on=["query_devices", "_initialize"])
    monkeypatch.setattr(PORTAUDIO, "_worker", Worker("PortAudio that hangs"))
    monkeypatch.setattr(PORTAUDIO, "_library", library)
    monkeypatch.setattr(PORTAUDIO, "answer_within_s", 0.01)
    yield library
    library.go_on.set()
