"""A real device: sound played into a null sink comes out of the microphone source, also after the server has died."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.audio.devices import list_inputs
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.audio.select import open_source
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import SAMPLE_RATE_HZ, AudioBlock
from chromesthesia.testing.audio import loudest_hz, tone
from chromesthesia.testing.pulse import RATE_HZ, PulseStage

pytestmark = [pytest.mark.pulse, pytest.mark.slow]

WITHIN_S = 60.0


class Listener:
    """Reads a microphone on a thread, keeps the newest half second, and wakes whoever waits for something in it."""

    def __init__(self, source: MicrophoneSource) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._blocks: deque[AudioBlock] = deque()
        self._held = 0
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while (block := self._source.read()) is not None:
            with self._changed:
                self._blocks.append(block)
                self._held += block.samples.shape[0]
                while self._held > SAMPLE_RATE_HZ // 2:
                    self._held -= self._blocks.popleft().samples.shape[0]
                self._changed.notify_all()

    def hears_hz(self, frequency_hz: float) -> bool:
        """Whether the newest half second is that tone."""
        if self._held < 0.45 * SAMPLE_RATE_HZ:
            return False
        samples = np.concatenate([block.samples for block in self._blocks])
        return float(np.abs(samples).max()) > 0.05 and abs(loudest_hz(samples) - frequency_hz) < 5.0

    def wait(self, holds: Callable[[], bool]) -> bool:
        """Whether it came to hold within `WITHIN_S`."""
        deadline_s = SystemClock().now_s() + WITHIN_S
        with self._changed:
            while not holds() and SystemClock().now_s() < deadline_s:
                self._changed.wait(0.1)
            return holds()

    def stop(self) -> None:
        self._source.close()
        self._thread.join(WITHIN_S)


@pytest.fixture
def tones(tmp_path: Path) -> dict[int, Path]:
    """Files of half a minute, by their frequency in Hz."""
    paths = {}
    for frequency_hz in (440, 1000):
        paths[frequency_hz] = tmp_path / f"{frequency_hz}.wav"
        soundfile.write(paths[frequency_hz], tone(frequency_hz, 30.0, RATE_HZ), RATE_HZ)
    return paths


@pytest.fixture
def listener(stage: PulseStage) -> Iterator[Listener]:
    listener = Listener(MicrophoneSource("pulse", "alsa", SystemClock(), back_off_s=(0.1, 0.5)))
    yield listener
    listener.stop()


def test_the_server_is_among_the_inputs(stage: PulseStage) -> None:
    names = {found.name: found for found in list_inputs(refresh=True)}
    assert names["pulse"].host_api == "ALSA"
    assert names["pulse"].channels >= 1


def test_a_tone_comes_through_and_comes_back_when_the_server_does(
    stage: PulseStage, listener: Listener, tones: dict[int, Path]
) -> None:
    source = listener._source
    stage.play(tones[440])
    assert listener.wait(lambda: listener.hears_hz(440))
    assert source.name == "mic: pulse (ALSA)"

    stage.kill()
    assert listener.wait(lambda: not source.connected)

    stage.start()
    assert listener.wait(lambda: source.connected)
    assert source.reconnects >= 1
    stage.play(tones[1000])
    assert listener.wait(lambda: listener.hears_hz(1000))


def test_a_name_that_is_not_there_is_an_error_with_the_names_that_are(stage: PulseStage) -> None:
    with pytest.raises(AudioError, match="no microphone is called 'puls1'") as refusal:
        open_source("mic", "puls1", None, SystemClock())
    assert "'pulse'" in refusal.value.remedy
