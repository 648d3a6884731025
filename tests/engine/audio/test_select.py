"""Which source is taken, and that the étude is what its table says."""

from __future__ import annotations

import importlib.util
import itertools
import logging
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.audio.etude import DURATION_S, ETUDE, SECTIONS
from chromesthesia.audio.files import read_sound
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.audio.select import open_source
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.testing.audio import Device, FakeInputBackend, Opening, Refuse, Sound, loudest_hz, tone


class StoppedClock(ManualClock):
    """A clock for which no deadline comes: who waits waits until stopped."""

    def wait_until(self, deadline_s: float, stop: threading.Event) -> bool:
        return stop.wait()


def backend(opening: Opening) -> FakeInputBackend:
    return FakeInputBackend(ManualClock(), [opening])


@pytest.mark.parametrize("source", ["auto", "mic"])
def test_a_microphone_is_taken(source: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        opened = open_source(source, None, None, ManualClock(), backend=backend(Device(())))
    assert isinstance(opened, MicrophoneSource)
    assert (opened.name, opened.live) == ("mic: fake (script)", True)
    assert "listening to mic: fake (script)" in caplog.text
    opened.close()


def test_auto_without_a_microphone_plays_the_etude_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        opened = open_source(
            "auto", None, None, StoppedClock(), backend=backend(Refuse("nothing is plugged in"))
        )
    assert (opened.name, opened.live) == ("demo", False)
    assert "no microphone yet, so the bundled étude plays: nothing is plugged in" in caplog.text
    opened.close()


def test_auto_goes_over_to_a_microphone_that_comes_later(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock(100.0)
    sound = Sound(np.full((480, 1), 0.25, np.float32))
    devices = FakeInputBackend(clock, [Refuse(), Refuse(), Device((sound,) * 2000, 48_000)])
    with caplog.at_level(logging.INFO):
        opened = open_source("auto", None, None, clock, paced=False, loop=True, backend=devices)
        for _ in range(1_000_000):
            assert opened.read() is not None
            if opened.live:
                break
    assert opened.name == "mic: fake (script)"
    assert "a microphone has come: from demo to mic: fake (script)" in caplog.text
    block = opened.read()
    assert block is not None
    opened.close()


@pytest.mark.parametrize(
    ("source", "device", "host_api"), [("mic", None, None), ("auto", "USB", None), ("auto", None, "jack")]
)
def test_a_microphone_that_was_asked_for_must_be_there(
    source: str, device: str | None, host_api: str | None
) -> None:
    with pytest.raises(AudioError, match="no microphone is called"):
        open_source(
            source, device, host_api, ManualClock(), backend=backend(Refuse("no microphone is called 'USB'"))
        )


def test_demo_needs_no_microphone() -> None:
    block = open_source("demo", None, None, ManualClock()).read()
    assert block is not None
    assert block.samples.shape == (120,)


def test_a_path_is_played_at_its_own_pace(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", tone(440.0, 0.1), SAMPLE_RATE_HZ)
    clock = ManualClock()
    opened = open_source(str(tmp_path / "song.wav"), None, None, clock)
    assert opened.name == "file: song.wav"
    while opened.read() is not None:
        pass
    assert clock.now_s() == pytest.approx(0.1)


def test_a_path_can_begin_again(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", tone(440.0, 0.1), SAMPLE_RATE_HZ)
    opened = open_source(str(tmp_path / "song.wav"), None, None, ManualClock(), loop=True)
    blocks = [opened.read() for _ in range(21)]
    assert blocks[0] is not None
    assert blocks[20] is not None
    np.testing.assert_array_equal(blocks[20].samples, blocks[0].samples)


def test_a_looping_file_that_is_deleted_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, tone(440.0, 0.1), SAMPLE_RATE_HZ)

    class Restoring(ManualClock):
        """Puts the file back at the third pause."""

        pauses = 0

        def wait_until(self, deadline_s: float, stop: threading.Event) -> bool:
            self.pauses += 1
            if self.pauses == 3:
                soundfile.write(path, tone(880.0, 0.1), SAMPLE_RATE_HZ)
            return super().wait_until(deadline_s, stop)

    opened = open_source(str(path), None, None, Restoring(), paced=False, loop=True)
    before = [opened.read() for _ in range(20)]
    path.unlink()
    after = [opened.read() for _ in range(20)]
    opened.close()
    assert None not in before
    heard = np.concatenate([block.samples for block in after if block is not None])
    assert loudest_hz(heard) == pytest.approx(880.0, abs=15.0)
    assert "file: song.wav cannot be played" in caplog.text


def test_an_unknown_path_is_an_error() -> None:
    with pytest.raises(AudioError, match=r"there is no sound file micc"):
        open_source("micc", None, None, ManualClock())


@pytest.fixture(scope="module")
def etude() -> Float32:
    return read_sound(ETUDE)


def test_the_table_covers_the_etude(etude: Float32) -> None:
    assert etude.shape[0] / SAMPLE_RATE_HZ == pytest.approx(DURATION_S, abs=0.1)
    assert 30.0 <= DURATION_S <= 60.0
    assert [section.emotion for section in SECTIONS] == ["calm", "sad", "angry", "happy"]
    assert set(EMOTIONS) < {section.emotion for section in SECTIONS}
    assert SECTIONS[0].start_s == 0.0
    for one, following in itertools.pairwise(SECTIONS):
        assert one.end_s == following.start_s


def test_the_sections_differ_as_they_should(etude: Float32) -> None:
    """Loudness orders anger, joy, calm, grief; brightness splits the lively from the quiet ones."""
    level_db, centroid_hz = {}, {}
    for section in SECTIONS:
        part = etude[int(section.start_s * SAMPLE_RATE_HZ) : int(section.end_s * SAMPLE_RATE_HZ)]
        power = np.abs(np.fft.rfft(part)) ** 2
        level_db[section.emotion] = 10 * np.log10(np.mean(part**2))
        centroid_hz[section.emotion] = (
            np.sum(np.fft.rfftfreq(part.shape[0], 1 / SAMPLE_RATE_HZ) * power) / power.sum()
        )
    assert sorted(level_db, key=level_db.__getitem__) == ["sad", "calm", "happy", "angry"]
    assert level_db["angry"] - level_db["sad"] > 9.0
    assert min(centroid_hz["angry"], centroid_hz["happy"]) > 1.5 * max(
        centroid_hz["calm"], centroid_hz["sad"]
    )


def test_the_etude_is_small_and_never_clips(etude: Float32) -> None:
    assert ETUDE.stat().st_size <= 600_000
    assert np.abs(etude).max() < 0.99
    assert np.abs(etude[-240:]).max() < 0.01


@pytest.mark.slow
def test_the_script_makes_the_etude_that_ships(repository: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_etude", repository / "examples" / "make_etude.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = script.render()
    shipped, _ = soundfile.read(ETUDE, dtype="float32")
    length = min(len(made), len(shipped))
    assert np.corrcoef(made[:length], shipped[:length])[0, 1] > 0.98
