"""The microphone source on scripted devices: odd blocks, overruns, plugging out and in, hanging."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from chromesthesia.audio.inputs import InputStream
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import SAMPLE_RATE_HZ, AudioBlock, Float32
from chromesthesia.testing.audio import (
    Device,
    FakeInputBackend,
    Opening,
    Refuse,
    Sound,
    Stall,
    Unplug,
    loudest_hz,
    tone,
)

WITHIN_S = 30.0


def sounds(mono: Float32, sizes: list[int], channels: int = 1) -> tuple[Sound, ...]:
    frames = np.repeat(mono[:, None], channels, axis=1)
    return tuple(Sound(piece) for piece in np.split(frames, np.cumsum(sizes)) if len(piece))


def microphone(clock: ManualClock, *openings: Opening) -> MicrophoneSource:
    return MicrophoneSource(None, None, clock, backend=FakeInputBackend(clock, openings))


def take(source: MicrophoneSource, samples: int) -> list[AudioBlock]:
    """Read until that many samples are there; the script must hold them."""
    blocks: list[AudioBlock] = []
    while sum(block.samples.shape[0] for block in blocks) < samples:
        block = source.read()
        assert block is not None
        blocks.append(block)
    return blocks


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100.0)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sizes", [[1, 7, 239, 241, 1000, 3, 4099], [240] * 40])
def test_odd_blocks_become_the_same_sound(
    clock: ManualClock, rate_hz: int, channels: int, sizes: list[int]
) -> None:
    source = microphone(clock, Device(sounds(tone(440.0, 0.5, rate_hz), sizes, channels), rate_hz))
    heard = np.concatenate([block.samples for block in take(source, 11_800)])
    np.testing.assert_allclose(heard[200:11_800], tone(440.0, 0.5)[200:11_800], atol=2e-4)
    assert source.overruns == 0
    source.close()


def test_every_sample_is_dated_by_its_own_arrival(clock: ManualClock) -> None:
    source = microphone(clock, Device(sounds(tone(440.0, 1.0, 48_000), [240] * 199)))
    given = 0
    for block in take(source, 23_000):
        assert block.entered_s == pytest.approx(100.0 + given / SAMPLE_RATE_HZ, abs=1e-9)
        assert block.entered_s <= clock.now_s()
        given += block.samples.shape[0]
    source.close()


def test_sound_seen_late_keeps_its_time(clock: ManualClock) -> None:
    frames = tone(440.0, 0.005, 48_000)[:, None]
    late = [Sound(frames, late_s=0.03 if number % 3 else 0.0) for number in range(60)]
    source = microphone(clock, Device(tuple(late)))
    given = 0
    for block in take(source, 7000):
        assert block.entered_s == pytest.approx(100.0 + given / SAMPLE_RATE_HZ, abs=1e-9)
        given += block.samples.shape[0]
    source.close()


def test_overruns_are_counted_and_the_time_starts_anew(clock: ManualClock) -> None:
    frames = tone(440.0, 0.01, 48_000)[:, None]
    steps = (Sound(frames), Sound(frames), Stall(0.02), Sound(frames, overflowed=True), Sound(frames))
    source = microphone(clock, Device(steps))
    blocks = take(source, 4 * 240 - 100)
    assert source.overruns == 1
    assert blocks[-1].entered_s == pytest.approx(100.0 + 0.03 + 0.02 - 0.002, abs=1e-4)
    source.close()


def test_stereo_is_averaged_and_no_numbers_become_silence(clock: ManualClock) -> None:
    frames = np.tile(np.array([0.25, 0.75], np.float32), (480, 1))
    frames[100] = np.nan
    source = microphone(clock, Device((Sound(frames),), rate_hz=SAMPLE_RATE_HZ))
    (block,) = take(source, 480)
    assert block.samples[100] == 0.0
    np.testing.assert_allclose(np.delete(block.samples, 100), 0.5)
    source.close()


@pytest.mark.parametrize("loss", [Unplug(), Stall(60.0)], ids=["error", "nothing comes"])
def test_unplugging_and_plugging_in_goes_on_with_the_sound(clock: ManualClock, loss: Unplug | Stall) -> None:
    backend = FakeInputBackend(
        clock,
        [
            Device((*sounds(tone(440.0, 0.5, 48_000), [240] * 99), loss)),
            Refuse(),
            Refuse("Connection refused"),
            Device(sounds(tone(880.0, 0.5, 44_100), [441] * 49), 44_100, "another (script)"),
        ],
    )
    source = MicrophoneSource("fa", "scr", clock, backend=backend)
    assert source.name == "mic: fake (script)"
    before = np.concatenate([block.samples for block in take(source, 11_000)])
    assert loudest_hz(before) == pytest.approx(440.0, abs=3.0)
    after = np.concatenate([block.samples for block in take(source, 12_600)])[-11_000:]
    assert loudest_hz(after) == pytest.approx(880.0, abs=3.0)
    assert (source.reconnects, source.connected) == (1, True)
    assert source.name == "mic: another (script)"
    assert source.last_error == "Connection refused"
    assert backend.asked == [("fa", "scr")] * 4
    assert backend.closed == 1
    source.close()


def test_sound_after_a_gap_is_dated_after_the_gap(clock: ManualClock) -> None:
    frames = tone(440.0, 0.1, 24_000)[:, None]
    source = microphone(
        clock, Device((Sound(frames), Unplug()), SAMPLE_RATE_HZ), Device((Sound(frames),), SAMPLE_RATE_HZ)
    )
    first, second = take(source, 4800)
    assert first.entered_s == pytest.approx(100.0)
    assert second.entered_s == pytest.approx(100.1 + 0.5)
    source.close()


def test_attempts_grow_apart_up_to_the_longest_pause(clock: ManualClock) -> None:
    backend = FakeInputBackend(
        clock, [Device((Unplug(),)), *[Refuse()] * 6, Device(sounds(tone(440.0, 0.1, 48_000), []))]
    )
    source = MicrophoneSource(None, None, clock, backend=backend, back_off_s=(0.5, 5.0))
    take(source, 1000)
    assert np.diff(backend.opened_s) == pytest.approx([0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0])
    source.close()


def test_a_refused_device_at_the_start_is_an_error(clock: ManualClock) -> None:
    with pytest.raises(AudioError, match="it is taken"):
        microphone(clock, Refuse("it is taken"))


def test_without_reconnecting_a_lost_device_is_the_end(clock: ManualClock) -> None:
    backend = FakeInputBackend(clock, [Device((Unplug(),))])
    source = MicrophoneSource(None, None, clock, backend=backend, reconnect=False)
    assert source.read() is None
    assert not source.connected
    assert backend.closed == 1


class HungBackend:
    """Opens one device that is lost at once; the next opening, or the closing, hangs until told."""

    def __init__(self, clock: ManualClock, hang_on: str) -> None:
        self.fake = FakeInputBackend(clock, [Device((Unplug(),))])
        self.hang_on = hang_on
        self.hanging = threading.Event()
        self.go_on = threading.Event()

    def _hang(self) -> None:
        self.hanging.set()
        assert self.go_on.wait(WITHIN_S)

    def open(self, device: str | None, host_api: str | None) -> InputStream:
        if self.fake.opened_s and self.hang_on == "open":
            self._hang()
        stream = self.fake.open(device, host_api)
        if self.hang_on == "close":
            close = stream.close

            def hung() -> None:
                self._hang()
                close()

            stream.close = hung  # type: ignore[method-assign]
        return stream


@pytest.mark.parametrize("hang_on", ["open", "close"])
def test_a_hung_sound_server_does_not_hold_up_the_end_of_the_show(clock: ManualClock, hang_on: str) -> None:
    backend = HungBackend(clock, hang_on)
    source = MicrophoneSource(None, None, clock, backend=backend)
    answers: list[AudioBlock | None] = []
    reader = threading.Thread(target=lambda: answers.append(source.read()))
    reader.start()
    assert backend.hanging.wait(WITHIN_S)
    assert not source.connected
    source.close()
    reader.join(WITHIN_S)
    assert answers == [None]
    backend.go_on.set()
    for thread in threading.enumerate():
        if thread.name == "microphone reconnect":
            thread.join(WITHIN_S)
    assert backend.fake.closed == len(backend.fake.opened_s), "a device that came back too late stays open"


class OddBackend:
    """Drivers at their worst: what is opened and closed raises what no one promised, some times."""

    def __init__(self, clock: ManualClock, odd: int) -> None:
        self.fake = FakeInputBackend(
            clock, [Device((Unplug(),)), Device(sounds(tone(440.0, 0.1, 48_000), []))]
        )
        self.odd = odd

    def open(self, device: str | None, host_api: str | None) -> InputStream:
        if self.fake.opened_s and self.odd:
            self.odd -= 1
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a driver's name")
        stream = self.fake.open(device, host_api)

        def close() -> None:
            raise OSError("closed\nin a strange way")

        stream.close = close  # type: ignore[method-assign]
        return stream


def test_whatever_a_driver_throws_the_microphone_comes_back(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = MicrophoneSource(None, None, clock, backend=OddBackend(clock, 9))
    take(source, 1000)
    assert (source.reconnects, source.failures) == (1, 10)
    assert source.counts().items() >= {"reconnects": 1, "driver_failures": 10}.items()
    told = [record.message for record in caplog.records if "failures so far" in record.message]
    assert told == [
        "the microphone could not be closed (1 failures so far)",
        *(f"the microphone could not be opened ({count} failures so far)" for count in (2, 4, 8)),
    ], "one line for every attempt fills a disk in a night"


def test_a_thread_that_could_not_be_started_is_started_later(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = microphone(clock, Device((Unplug(),)), Device(sounds(tone(440.0, 0.1, 48_000), [])))
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        source.read()
    monkeypatch.setattr(threading.Thread, "start", start)
    take(source, 1000)
    assert source.reconnects == 1
    source.close()


def test_a_patient_microphone_waits_for_its_first_device(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeInputBackend(
        clock, [Refuse("nothing there"), Refuse(), Device(sounds(tone(440.0, 0.1, 48_000), []))]
    )
    source = MicrophoneSource(None, None, clock, backend=backend, patient=True)
    assert source.last_error in ("nothing there", "no microphone was found")
    take(source, 1000)
    assert (source.name, source.connected, source.reconnects) == ("mic: fake (script)", True, 0)
    source.close()


def test_closing_twice_is_harmless(clock: ManualClock) -> None:
    backend = FakeInputBackend(clock, [Device(())])
    source = MicrophoneSource(None, None, clock, backend=backend)
    source.close()
    source.close()
    assert source.read() is None
    assert backend.closed == 1
