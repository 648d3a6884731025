"""Channels to one: ordinary sound as its mean to the bit, opposite phases as loud as in phase."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.audio.files import FileSource, read_sound
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.audio.mixdown import OPPOSITE, Mixdown
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.testing.audio import Device, FakeInputBackend, Sound, tone

RATE_HZ = 48_000
SETTLED = round(0.4 * RATE_HZ)
RANDOM = np.random.default_rng(11)
VOICE = (RANDOM.standard_normal(2 * RATE_HZ) * 0.1).astype(np.float32)
OTHER = (RANDOM.standard_normal(2 * RATE_HZ) * 0.1).astype(np.float32)


def stereo(*channels: Float32) -> Float32:
    return np.stack(channels, axis=1)


def level_db(samples: Float32) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-12))


@pytest.mark.parametrize(
    "frames",
    [
        stereo(VOICE, VOICE),
        stereo(VOICE, OTHER),
        stereo(VOICE, np.zeros_like(VOICE)),
        stereo(VOICE, 0.3 * VOICE),
        stereo(VOICE + OTHER, VOICE - OTHER),
        stereo(VOICE, (OTHER - VOICE).astype(np.float32)),
        stereo(VOICE, OTHER, np.roll(VOICE, 7), np.roll(OTHER, 9), VOICE, OTHER),
        stereo(1e-6 * VOICE, -1e-6 * VOICE),
    ],
    ids=["mono", "unrelated", "one side", "panned", "wide", "partly opposite", "six", "too soft to tell"],
)
def test_ordinary_sound_is_its_mean_to_the_bit(frames: Float32) -> None:
    told: list[str] = []
    mixed = np.concatenate([Mixdown(RATE_HZ, told.append).push(frames)])
    np.testing.assert_array_equal(mixed, frames.mean(axis=1, dtype=np.float32))
    assert told == []


@pytest.mark.parametrize(
    ("frames", "in_phase"),
    [
        (stereo(VOICE, -VOICE), VOICE),
        (stereo(VOICE, -0.8 * VOICE), 0.9 * VOICE),
        (stereo(VOICE, 0.02 * OTHER - VOICE), VOICE),
        (stereo(VOICE, -VOICE, np.zeros_like(VOICE), np.zeros_like(VOICE)), 0.5 * VOICE),
    ],
    ids=["opposite", "unequal", "with noise", "two of four"],
)
def test_opposite_phases_are_as_loud_as_in_phase(frames: Float32, in_phase: Float32) -> None:
    told: list[str] = []
    mixdown = Mixdown(RATE_HZ, told.append)
    mixed = mixdown.push(frames)
    assert level_db(mixed[SETTLED:]) == pytest.approx(level_db(in_phase[SETTLED:]), abs=0.5)
    assert told == [OPPOSITE]
    assert mixdown.inverted


def test_a_wholly_opposite_pair_is_heard_after_a_tenth_of_a_second() -> None:
    mixed = Mixdown(RATE_HZ).push(stereo(VOICE, -VOICE))
    np.testing.assert_allclose(mixed[RATE_HZ // 8 :], VOICE[RATE_HZ // 8 :], atol=1e-6)


@pytest.mark.parametrize("sizes", [[240] * 500, [1, 7, 959, 961, 5, 30_000, 4099], [1] * 3000])
def test_any_chunking_gives_the_same(sizes: list[int]) -> None:
    frames = np.concatenate([stereo(VOICE, -VOICE), stereo(VOICE, VOICE), stereo(VOICE, -0.9 * VOICE)])
    whole = Mixdown(RATE_HZ).push(frames)
    mixdown = Mixdown(RATE_HZ)
    pieces = [mixdown.push(piece) for piece in np.split(frames, np.cumsum(sizes)) if len(piece)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-7)


def test_a_plug_put_right_is_the_plain_mean_again_and_nothing_jumps() -> None:
    hum = tone(100.0, 2.0, RATE_HZ)
    told: list[str] = []
    mixdown = Mixdown(RATE_HZ, told.append)
    frames = np.concatenate([stereo(hum, -hum), stereo(hum, hum), stereo(hum, -hum)])
    mixed = mixdown.push(frames)
    assert mixdown.inversions == 2
    assert told == [OPPOSITE], "told more than once"
    right = slice(2 * RATE_HZ + round(1.5 * RATE_HZ), 4 * RATE_HZ)
    np.testing.assert_array_equal(mixed[right], frames[right].mean(axis=1, dtype=np.float32))
    turned = mixed[: 2 * RATE_HZ]
    assert np.abs(np.diff(turned)).max() < 1.5 * np.abs(np.diff(hum)).max()


def test_silence_between_words_changes_nothing() -> None:
    mixdown = Mixdown(RATE_HZ)
    word, pause = stereo(VOICE, -VOICE), stereo(1e-4 * OTHER, 1e-4 * np.roll(OTHER, 5))
    mixdown.push(word)
    for _ in range(10):
        mixdown.push(pause)
    mixed = mixdown.push(word)
    np.testing.assert_allclose(mixed, VOICE, atol=1e-6)


def test_what_is_no_number_is_silence_and_spoils_nothing() -> None:
    frames = stereo(VOICE, -VOICE)
    frames[:10] = np.nan
    frames[20:30, 0] = np.inf
    mixed = Mixdown(RATE_HZ).push(frames)
    assert np.isfinite(mixed).all()
    assert not mixed[:10].any()
    assert level_db(mixed[SETTLED:]) == pytest.approx(level_db(VOICE[SETTLED:]), abs=0.5)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_mean_that_overflows_is_silence() -> None:
    assert not Mixdown(RATE_HZ).push(np.full((10, 2), 3e38, np.float32)).any()


def test_one_channel_passes_as_it_is() -> None:
    np.testing.assert_array_equal(Mixdown(RATE_HZ).push(VOICE[:, None]), VOICE)


def test_a_microphone_with_opposite_channels_is_heard_and_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    hum = tone(440.0, 2.0, RATE_HZ)
    steps = tuple(Sound(piece) for piece in np.split(stereo(hum, -hum), 400))
    source = MicrophoneSource(None, None, clock, backend=FakeInputBackend(clock, [Device(steps)]))
    heard: list[Float32] = []
    while sum(len(piece) for piece in heard) < 1.9 * SAMPLE_RATE_HZ:
        block = source.read()
        assert block is not None
        heard.append(block.samples)
    source.close()
    assert level_db(np.concatenate(heard)[SAMPLE_RATE_HZ // 2 :]) == pytest.approx(level_db(hum), abs=0.5)
    assert caplog.text.count(OPPOSITE) == 1
    assert "fake (script): its channels" in caplog.text


def test_a_file_with_opposite_channels_is_heard_and_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "opposite.wav"
    hum = tone(440.0, 1.0, RATE_HZ)
    soundfile.write(path, stereo(hum, -hum), RATE_HZ)
    heard = read_sound(path)
    assert level_db(heard[SAMPLE_RATE_HZ // 2 :]) == pytest.approx(level_db(hum), abs=0.5)
    caplog.clear()
    source = FileSource(path, ManualClock(), paced=False, loop=True)
    with caplog.at_level(logging.WARNING):
        for _ in range(350):
            source.read()
    assert caplog.text.count(OPPOSITE) == 1
