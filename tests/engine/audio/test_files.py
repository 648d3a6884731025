"""Sound files: every format, rate and channel count; the paced schedule; what is refused, and how."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.audio.files import FileSource, check_sound, read_sound
from chromesthesia.core.clock import ManualClock, SystemClock
from chromesthesia.core.errors import AudioError
from chromesthesia.core.protocols import AudioSource
from chromesthesia.core.records import SAMPLE_RATE_HZ, STEP_SAMPLES, AudioBlock, Float32
from chromesthesia.testing.audio import loudest_hz, tone

FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


def blocks_of(source: AudioSource) -> list[AudioBlock]:
    blocks = []
    while (block := source.read()) is not None:
        blocks.append(block)
    return blocks


def wav(folder: Path, samples: Float32, rate_hz: int = SAMPLE_RATE_HZ, subtype: str = "FLOAT") -> Path:
    path = folder / "sound.wav"
    soundfile.write(path, samples, rate_hz, subtype=subtype)
    return path


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_is_read(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"sound.{extension}"
    container, subtype = FORMATS[extension]
    soundfile.write(path, tone(440.0, 1.0, 48_000), 48_000, format=container, subtype=subtype)
    samples = read_sound(path)
    assert samples.dtype == np.float32
    assert samples.shape[0] == pytest.approx(SAMPLE_RATE_HZ, abs=2400)
    assert loudest_hz(samples) == pytest.approx(440.0, abs=2.0)
    assert np.sqrt(2) * samples[6000:18000].std() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("extension", FORMATS)
def test_decoding_in_pieces_is_decoding_at_once(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"sound.{extension}"
    container, subtype = FORMATS[extension]
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 50_000)
    soundfile.write(path, noise, SAMPLE_RATE_HZ, format=container, subtype=subtype)
    at_once, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(read_sound(path), at_once, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_any_rate_and_channel_count_becomes_24_khz_mono(tmp_path: Path, rate_hz: int, channels: int) -> None:
    mono = tone(1000.0, 0.4, rate_hz)
    weights = np.linspace(0.5, 1.5, channels) if channels > 1 else np.ones(1)
    samples = read_sound(wav(tmp_path, np.outer(mono, weights).astype(np.float32), rate_hz))
    assert abs(samples.shape[0] - 0.4 * SAMPLE_RATE_HZ) <= 1
    middle = slice(2000, 7000)
    np.testing.assert_allclose(samples[middle], tone(1000.0, 0.4)[middle], atol=2e-3)


@pytest.mark.parametrize("rate_hz", [24_000, 44_100])
@pytest.mark.parametrize("block_samples", [1, 240, 1000])
def test_the_blocks_are_the_file(tmp_path: Path, rate_hz: int, block_samples: int) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (rate_hz * 6 // 10, 2)).astype(np.float32)
    path = wav(tmp_path, noise, rate_hz)
    blocks = blocks_of(FileSource(path, ManualClock(), paced=False, block_samples=block_samples))
    assert {block.samples.shape[0] for block in blocks[:-1]} == {block_samples}
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]), read_sound(path))


def test_each_block_is_released_at_its_end_and_dated_at_its_start(tmp_path: Path) -> None:
    clock = ManualClock(50.0)
    source = FileSource(wav(tmp_path, tone(440.0, 0.0525)), clock, paced=True)
    clock.advance(7.0)
    for number in range(10):
        block = source.read()
        assert block is not None
        assert block.entered_s == pytest.approx(57.0 + number * 0.005)
        assert clock.now_s() == pytest.approx(57.0 + (number + 1) * 0.005)
    last = source.read()
    assert last is not None
    assert last.samples.shape == (60,)
    assert source.read() is None


def test_a_late_reader_gets_what_is_due_with_its_scheduled_time(tmp_path: Path) -> None:
    clock = ManualClock()
    source = FileSource(wav(tmp_path, tone(440.0, 0.2)), clock, paced=True)
    source.read()
    clock.set(0.1)
    block = source.read()
    assert block is not None
    assert block.entered_s == pytest.approx(0.005)
    assert clock.now_s() == pytest.approx(0.1)


def test_unpaced_keeps_the_stamps_and_never_waits(tmp_path: Path) -> None:
    clock = ManualClock(3.0)
    blocks = blocks_of(FileSource(wav(tmp_path, tone(440.0, 0.2)), clock, paced=False))
    assert clock.now_s() == 3.0
    assert [block.entered_s for block in blocks] == pytest.approx([3.0 + 0.005 * n for n in range(40)])


def test_a_loop_has_no_gap(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 1000).astype(np.float32)
    source = FileSource(wav(tmp_path, samples), ManualClock(), paced=False, loop=True)
    blocks = [source.read() for _ in range(24)]
    played = np.concatenate([block.samples for block in blocks if block is not None])
    np.testing.assert_array_equal(played, np.tile(samples, 3)[: 24 * STEP_SAMPLES])


def test_closing_ends_a_waiting_read(tmp_path: Path) -> None:
    class NeverDue(SystemClock):
        def wait_until(self, deadline_s: float, stop: threading.Event) -> bool:
            waiting.set()
            return stop.wait(30.0)

    waiting = threading.Event()
    source = FileSource(wav(tmp_path, tone(440.0, 0.2)), NeverDue(), paced=True)
    answers: list[AudioBlock | None] = []
    reader = threading.Thread(target=lambda: answers.append(source.read()))
    reader.start()
    assert waiting.wait(30.0)
    source.close()
    reader.join(30.0)
    assert answers == [None]


def test_samples_that_are_no_numbers_become_silence(tmp_path: Path) -> None:
    samples = tone(440.0, 0.1)
    samples[[100, 101, 102]] = np.nan, np.inf, -np.inf
    heard = read_sound(wav(tmp_path, samples))
    assert np.isfinite(heard).all()
    np.testing.assert_array_equal(heard[100:103], 0.0)


def test_a_wav_of_unknown_length_is_played(tmp_path: Path) -> None:
    path = wav(tmp_path, tone(440.0, 0.5), subtype="PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[4:8] = content[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(content)
    assert read_sound(path).shape == (12_000,)


def test_check_gives_the_length(tmp_path: Path) -> None:
    assert check_sound(wav(tmp_path, tone(440.0, 0.5, 44_100), 44_100)) == pytest.approx(0.5)


class TestRefused:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match=r"there is no sound file .*nothing\.wav"):
            FileSource(tmp_path / "nothing.wav", ManualClock())

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match="is not a file"):
            FileSource(tmp_path, ManualClock())

    @pytest.mark.parametrize("name", ["empty.wav", "empty.mp3"])
    def test_empty(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        with pytest.raises(AudioError, match=r"is empty \(0 bytes\)"):
            FileSource(tmp_path / name, ManualClock())

    def test_header_without_sound(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match="holds no sound"):
            FileSource(wav(tmp_path, np.zeros(0, np.float32)), ManualClock())

    @pytest.mark.parametrize("name", ["text.wav", "text.ogg", "text.mp3"])
    def test_text(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("Dear diary, today I made a sound file.\n" * 50)
        with pytest.raises(AudioError, match=r"is not a sound file.*Dear diary") as refusal:
            FileSource(tmp_path / name, ManualClock())
        assert "wav, flac, ogg, opus, mp3" in refusal.value.remedy

    @pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
    def test_truncated_wav(self, tmp_path: Path, kept: float) -> None:
        path = wav(tmp_path, tone(440.0, 1.0))
        content = path.read_bytes()
        path.write_bytes(content[: int(kept * len(content))])
        with pytest.raises(AudioError, match=r"is truncated: its header promises 96000 bytes"):
            FileSource(path, ManualClock())

    def test_wav_cut_within_its_header(self, tmp_path: Path) -> None:
        path = wav(tmp_path, tone(440.0, 1.0))
        path.write_bytes(path.read_bytes()[:30])
        with pytest.raises(AudioError, match=r"truncated|not a sound file"):
            FileSource(path, ManualClock())

    def test_truncated_flac(self, tmp_path: Path) -> None:
        path = tmp_path / "sound.flac"
        soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, 48_000), 24_000)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(AudioError, match="truncated"):
            FileSource(path, ManualClock())

    def test_empty_blocks(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="block_samples=0"):
            FileSource(wav(tmp_path, tone(440.0, 0.1)), ManualClock(), block_samples=0)


@pytest.mark.parametrize("loop", [False, True])
def test_less_than_one_sample_is_refused_and_never_played_in_circles(tmp_path: Path, loop: bool) -> None:
    path = wav(tmp_path, np.full(3, 0.5, np.float32), 96_000)
    with pytest.raises(AudioError, match=r"3 frames at .* less than one sample"):
        FileSource(path, ManualClock(), loop=loop)
    with pytest.raises(AudioError, match="less than one sample"):
        read_sound(path)


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_a_looping_file_that_is_emptied_while_it_plays_is_an_error(tmp_path: Path, samples: int) -> None:
    path = wav(tmp_path, tone(440.0, 0.1))
    source = FileSource(path, ManualClock(), loop=True)
    for _ in range(20):
        assert source.read() is not None
    wav(tmp_path, tone(440.0, 0.1)[:samples])
    held = f"{samples / SAMPLE_RATE_HZ:g} s of" if samples else "no"
    with pytest.raises(AudioError, match=f"holds {held} sound"):
        source.read()
