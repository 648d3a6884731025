"""Which channels are heard, and how several become one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.audio.channels import ChannelMix, Channels, Rule, parse_channels
from chromesthesia.audio.files import read_sound
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import AudioError, UsageError
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.show.listener import Listener
from chromesthesia.testing.audio import Device, FakeInputBackend, Sound
from chromesthesia.testing.models import ToneEncoder


def tones(levels: tuple[float, ...], seconds: float = 0.5, rate_hz: int = SAMPLE_RATE_HZ) -> Float32:
    """A tone of its own in every channel: float32 [n, channels]."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    columns = [level * np.sin(2 * np.pi * 200.0 * (n + 1) * time_s) for n, level in enumerate(levels)]
    return np.stack(columns, axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("", Channels()),
        ("3", Channels((3,))),
        ("1, 2", Channels((1, 2))),
        ("loudest:1,2,3", Channels((1, 2, 3), Rule.LOUDEST)),
        ("Side:1,2", Channels((1, 2), Rule.SIDE)),
        ("loudest:", Channels((), Rule.LOUDEST)),
    ],
)
def test_what_can_be_asked_for(text: str, channels: Channels) -> None:
    assert parse_channels(text) == channels


@pytest.mark.parametrize("text", ["0", "65", "x", "1,1", "sum:1", "side:1,2,3", "1;2", "1,"])
def test_what_cannot_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="names none"):
        parse_channels(text)


def test_input_3_of_8_is_heard_alone() -> None:
    block = tones((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8))
    heard = ChannelMix(SAMPLE_RATE_HZ, Channels((3,))).push(block)
    assert heard.tolist() == block[:, 2].tolist()


def test_opposite_phases_of_chosen_channels_do_not_vanish() -> None:
    one = tones((0.5,), 1.0)[:, 0]
    block = np.stack([np.zeros_like(one), one, -one], axis=1)
    heard = ChannelMix(SAMPLE_RATE_HZ, Channels((2, 3))).push(block)
    assert np.abs(heard[-2400:]).max() == pytest.approx(0.5, rel=0.05)


def test_the_side_is_what_is_apart() -> None:
    middle, side = tones((0.3, 0.2)).T
    heard = ChannelMix(SAMPLE_RATE_HZ, Channels((), Rule.SIDE)).push(
        np.stack([middle + side, middle - side], axis=1)
    )
    assert np.abs(heard - side).max() < 1e-6


def test_the_loudest_is_heard_without_a_click_and_alike_for_any_chunking() -> None:
    block = np.concatenate([tones((0.5, 0.05)), tones((0.05, 0.5)), tones((0.0, 0.5))])
    channels = Channels((), Rule.LOUDEST)
    whole = ChannelMix(SAMPLE_RATE_HZ, channels).push(block)
    mix = ChannelMix(SAMPLE_RATE_HZ, channels)
    parts = [mix.push(block[start : start + 77]) for start in range(0, len(block), 77)]
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert np.abs(whole[6000:9000] - block[6000:9000, 0]).max() < 1e-6
    assert np.abs(whole[-6000:] - block[-6000:, 1]).max() < 1e-6
    assert np.abs(np.diff(whole)).max() < 0.1


def test_what_is_no_number_is_silence_by_every_rule() -> None:
    block = tones((0.5, 0.5))
    block[100] = np.nan
    for rule in Rule:
        assert np.isfinite(ChannelMix(SAMPLE_RATE_HZ, Channels((), rule)).push(block)).all()


def test_a_channel_of_a_file_is_chosen_and_a_missing_one_named(tmp_path: Path) -> None:
    path = tmp_path / "four.wav"
    block = tones((0.1, 0.2, 0.3, 0.4))
    soundfile.write(path, block, SAMPLE_RATE_HZ, subtype="FLOAT")
    assert read_sound(path, channels=Channels((4,))).tolist() == block[:, 3].tolist()
    with pytest.raises(AudioError, match="has 4 channels, and channel 5"):
        read_sound(path, channels=Channels((5,)))


def test_a_microphone_hears_input_3_of_its_device() -> None:
    clock = ManualClock()
    block = tones((0.1, 0.2, 0.3, 0.4), 0.2, 48_000)
    backend = FakeInputBackend(clock, [Device((Sound(block),))])
    source = MicrophoneSource(None, None, clock, backend=backend, channels=Channels((3,)))
    heard = source.read()
    source.close()
    assert heard is not None
    assert np.abs(heard.samples[1000:4000]).max() == pytest.approx(0.3, rel=0.02)


def test_one_listener_for_each_musician_hears_its_own_channel() -> None:
    loud, quiet = tones((0.5, 0.001)).T
    both = np.stack([loud, quiet], axis=1)
    violin = Listener(encoder=ToneEncoder(), channels="1").hear(both)[-1]
    drums = Listener(encoder=ToneEncoder(), channels="2").hear(both)[-1]
    assert violin.frame.rms_dbfs > -12.0
    assert drums.frame.rms_dbfs < -55.0
