"""Musicians beside the room: each on channels of his own of the same device or file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.audio.capture import PortAudioBackend
from chromesthesia.audio.channels import Channels, Rule, parse_musicians
from chromesthesia.audio.files import FileSource, read_sound
from chromesthesia.audio.handover import FADE_SAMPLES, HandoverSource
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.audio.parts import PartMix
from chromesthesia.audio.portaudio import PortAudio
from chromesthesia.audio.ring import Ring
from chromesthesia.audio.select import open_source
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import ChannelError, UsageError
from chromesthesia.core.protocols import AudioSource
from chromesthesia.core.records import SAMPLE_RATE_HZ, AudioBlock, Float32
from chromesthesia.testing.audio import Device, FakeInputBackend, ScriptedSource, Sound, Unplug, tone
from chromesthesia.testing.portaudio import FakeSounddevice

VOICE, DRUMS = Channels((3,)), Channels((1, 4), Rule.LOUDEST)


def four(seconds: float = 0.5, rate_hz: int = SAMPLE_RATE_HZ) -> Float32:
    """A tone of its own in each of four channels, float32 [n, 4]."""
    columns = [tone(220.0 * n, seconds, rate_hz, 0.1 * n) for n in (1, 2, 3, 4)]
    return np.ascontiguousarray(np.stack(columns, axis=1))


def rows_of(source: AudioSource) -> Float32:
    """All that a source gives: float32 [1 + musicians, n]."""
    rows = []
    while (block := source.read()) is not None:
        parts = np.zeros((0, len(block.samples)), np.float32) if block.parts is None else block.parts
        rows.append(np.concatenate([block.samples[None], parts]))
    return np.concatenate(rows, axis=1)


def test_musicians_are_told_like_channels_and_must_name_some() -> None:
    assert parse_musicians(("3", "loudest:1,4")) == (VOICE, DRUMS)
    assert parse_musicians(()) == ()
    for text in ("", "0", "side:1,2,3", "loudest:", "1;2", "65"):
        with pytest.raises(UsageError, match=r"musician: .* names none"):
            parse_musicians(("1", text))
    with pytest.raises(UsageError, match=r"5 musicians .*at most 4"):
        parse_musicians(("1",) * 5)


@pytest.mark.parametrize("rate_hz", [SAMPLE_RATE_HZ, 48_000])
def test_each_musician_of_a_file_hears_what_his_channels_alone_would_give(
    tmp_path: Path, rate_hz: int
) -> None:
    path = tmp_path / "band.wav"
    soundfile.write(path, four(rate_hz=rate_hz), rate_hz, subtype="FLOAT")
    room, voice, drums = rows_of(FileSource(path, ManualClock(), paced=False, musicians=(VOICE, DRUMS)))
    assert room.tolist() == read_sound(path).tolist(), "the room hears what it did"
    assert voice.tolist() == read_sound(path, channels=VOICE).tolist()
    assert drums.tolist() == read_sound(path, channels=DRUMS).tolist()


def test_a_file_without_musicians_has_no_parts(tmp_path: Path) -> None:
    path = tmp_path / "band.wav"
    soundfile.write(path, four(0.1), SAMPLE_RATE_HZ, subtype="FLOAT")
    block = FileSource(path, ManualClock(), paced=False).read()
    assert block is not None
    assert block.parts is None


@pytest.mark.parametrize(("channels", "musicians"), [("5", ()), ("", ("1", "5")), ("1", ("loudest:1,5",))])
def test_a_channel_that_a_file_lacks_is_named_before_anything_plays(
    tmp_path: Path, channels: str, musicians: tuple[str, ...]
) -> None:
    path = tmp_path / "band.wav"
    soundfile.write(path, four(0.1), SAMPLE_RATE_HZ)
    with pytest.raises(ChannelError, match="has 4 channels, and channel 5 was asked for"):
        open_source(
            str(path),
            None,
            None,
            ManualClock(),
            channels=Channels() if not channels else Channels((int(channels),)),
            musicians=parse_musicians(musicians),
        )


@pytest.mark.parametrize("source", ["mic", "auto"])
def test_a_channel_that_a_device_lacks_is_named_at_the_start(source: str) -> None:
    clock = ManualClock()
    library = FakeSounddevice(channels=2)
    backend = PortAudioBackend(clock, PortAudio(lambda: library), needed=3, usual=2)
    with pytest.raises(ChannelError, match="has 2 channels, and channel 3 was asked for"):
        open_source(source, None, None, clock, backend=backend, musicians=(VOICE,))


@pytest.mark.parametrize(
    ("needed", "usual", "opened"), [(0, None, 2), (3, None, 3), (3, 2, 3), (1, 2, 2), (1, 0, 1)]
)
def test_as_many_channels_are_opened_as_are_heard(needed: int, usual: int | None, opened: int) -> None:
    library = FakeSounddevice(channels=8)
    PortAudioBackend(ManualClock(), PortAudio(lambda: library), needed, usual).open(None, None)
    assert library.streams[-1].channels == opened


def test_a_device_that_comes_back_is_heard_by_everybody_again() -> None:
    clock = ManualClock()
    block = four(0.2, 48_000)
    backend = FakeInputBackend(
        clock, [Device((Sound(block), Unplug())), Device((Sound(block),), label="fake (again)")]
    )
    source = MicrophoneSource(None, None, clock, backend=backend, musicians=(VOICE, Channels((4,))))
    for _ in range(2):
        heard = source.read()
        assert heard is not None
        assert heard.parts is not None
        assert heard.parts.shape == (2, len(heard.samples))
        assert np.abs(heard.parts[:, 1000:4000]).max(axis=1) == pytest.approx([0.3, 0.4], rel=0.02)
        plain = FakeInputBackend(clock, [Device((Sound(block[:, :2].copy()),))])
        alone = MicrophoneSource(None, None, clock, backend=plain).read()
        assert alone is not None
        assert heard.samples.tolist() == alone.samples.tolist(), "the room hears the first two, as ever"
    assert source.reconnects == 1
    source.close()


def test_opposite_phases_within_a_musician_do_not_vanish_and_he_is_named() -> None:
    told: list[str] = []
    one = tone(330.0, 1.0)
    block = np.stack([one, one, -one], axis=1)
    _, voice = PartMix(SAMPLE_RATE_HZ, Channels((1,)), (Channels((2, 3)),), told.append).push(block)
    assert np.abs(voice[-2400:]).max() == pytest.approx(0.5, rel=0.05)
    assert [line.partition(":")[0] for line in told] == ["musician 1"]


def test_a_musician_whose_channels_are_not_there_is_silent() -> None:
    _, voice = PartMix(SAMPLE_RATE_HZ, None, (VOICE,), print).push(four(0.1)[:, :2])
    assert voice.shape == (2400,)
    assert not voice.any()


def test_from_the_etude_to_the_microphone_parts_fade_with_the_room() -> None:
    ones = np.ones(240, np.float32)
    meanwhile = ScriptedSource([AudioBlock(ones, n * 0.01) for n in range(40)])
    requested = ScriptedSource(
        [AudioBlock(ones, n * 0.01, np.stack([ones, 2.0 * ones])) for n in range(60)], live=True
    )
    source = HandoverSource(meanwhile, requested)
    source._looking.join()
    while (block := source.read()) is not None and block.parts is None:
        pass
    faded = block
    assert faded is not None
    assert faded.parts is not None
    assert faded.parts[0].tolist() == faded.samples.tolist()
    assert faded.samples[0] < 0.01
    for _ in range(FADE_SAMPLES // 240):
        block = source.read()
    assert block is not None
    assert block.parts is not None
    assert block.parts[:, 0].tolist() == [1.0, 2.0]
    source.close()


def test_a_ring_keeps_parts_beside_the_room_whatever_the_sizes() -> None:
    ring = Ring(1000, parts=2)
    random = np.random.default_rng(1)
    sound = random.standard_normal((3, 20_000)).astype(np.float32)
    at = read = 0
    while at < 19_000:
        size = int(random.integers(1, 400))
        piece = sound[:, at : at + size]
        ring.write(piece[0], 0.0, piece[1:])
        at += size
        while (chunk := ring.read(130)) is not None:
            assert chunk.samples.tolist() == sound[0, read : read + 130].tolist()
            assert chunk.parts.tolist() == sound[1:, read : read + 130].tolist()
            read += 130
    assert read > 18_000
    ring.write(sound[0], 0.0, sound[1:])  # more than there is room for
    chunk = ring.read(500)
    assert chunk is not None
    assert chunk.parts.tolist() == sound[1:, -500:].tolist()


def test_parts_that_are_missing_are_silent_in_the_ring() -> None:
    ring = Ring(100, parts=2)
    ones = np.ones(70, np.float32)
    ring.write(ones, 0.0, np.stack([ones, ones]))
    assert ring.read(70) is not None
    ring.write(ones, 0.0)
    ring.write(ones[:20], 0.0, ones[None, :20])
    chunk, short = ring.read(70), ring.read(20)
    assert chunk is not None
    assert short is not None
    assert not chunk.parts.any()
    assert short.parts.any(axis=1).tolist() == [True, False]
