"""Sound files as recorders, copies and other programs leave them: played whole, or refused with what is true."""

from __future__ import annotations

import itertools
import logging
import os
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from chromesthesia.audio import libsndfile
from chromesthesia.audio.files import FileSource, check_sound, read_sound
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.testing.audio import loudest_hz, tone
from chromesthesia.testing.sound_files import encode, mp3, restate, wav_bytes

RATE_HZ = 44_100
NOISE: Float32 = np.random.default_rng(0).uniform(-0.5, 0.5, RATE_HZ).astype(np.float32)
PLACEHOLDERS = [0, 0x7FFFFFFF, 0x7FFF0000, 0x7FFFF000, 0x80000000, 0x7FFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF - 44]


def played(path: Path) -> Float32:
    """What a live source gives of the file, all of it."""
    source = FileSource(path, ManualClock(), paced=False)
    return np.concatenate([block.samples for block in iter(source.read, None)])


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def put(path: Path, content: bytes | bytearray) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("loud_first", [False, True])
def test_an_mp3_that_states_no_length_plays_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, variable: bool, loud_first: bool
) -> None:
    halves = [np.concatenate([NOISE, NOISE]), np.zeros(2 * RATE_HZ, np.float32)]
    path = mp3(tmp_path / "a.mp3", np.concatenate(halves if loud_first else halves[::-1]), RATE_HZ, variable)
    samples = read_sound(path)
    assert samples.shape[0] / SAMPLE_RATE_HZ == pytest.approx(4.0, abs=0.1)
    np.testing.assert_array_equal(played(path), samples)
    assert warnings_of(caplog) == []


def test_a_stream_of_mp3_that_begins_within_a_frame_plays(tmp_path: Path) -> None:
    path = mp3(tmp_path / "a.mp3", tone(440.0, 2.0, RATE_HZ), RATE_HZ)
    put(path, path.read_bytes()[700:])
    assert read_sound(path).shape[0] / SAMPLE_RATE_HZ == pytest.approx(2.0, abs=0.15)


def test_an_mp3_that_states_its_length_is_decoded_as_ever(tmp_path: Path) -> None:
    path = mp3(tmp_path / "a.mp3", NOISE, RATE_HZ, stated=True)
    at_once, _ = soundfile.read(path, dtype="float32")
    pieces = np.concatenate([piece[:, 0] for piece in libsndfile.sndfile_pieces(path, None, print)])
    np.testing.assert_array_equal(pieces, at_once)
    assert check_sound(path) == pytest.approx(1.0)


def test_only_a_stated_length_can_be_missed(tmp_path: Path) -> None:
    stated = mp3(tmp_path / "a.mp3", np.tile(NOISE, 3), RATE_HZ, stated=True)
    put(stated, stated.read_bytes()[: stated.stat().st_size // 2])
    with pytest.raises(AudioError, match="is truncated"):
        read_sound(stated)
    unstated = mp3(tmp_path / "b.mp3", np.tile(NOISE, 3), RATE_HZ)
    put(unstated, unstated.read_bytes()[: unstated.stat().st_size // 2])
    assert read_sound(unstated).shape[0] / SAMPLE_RATE_HZ == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize("extension", ["mp3", "ogg"])
def test_files_joined_by_copying_play_to_the_end_of_the_last(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, NOISE, RATE_HZ, format=extension.upper())
    put(path, path.read_bytes() * 3)
    # An encoder pads every mp3, which is heard at each seam.
    assert read_sound(path).shape[0] / SAMPLE_RATE_HZ == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize("container_bytes", [None, *PLACEHOLDERS])
@pytest.mark.parametrize("sound_bytes", PLACEHOLDERS)
def test_a_wav_whose_sizes_were_never_filled_in_plays_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sound_bytes: int, container_bytes: int | None
) -> None:
    content = wav_bytes(NOISE[:9_000], SAMPLE_RATE_HZ)
    container = sound_bytes + 36 & 0xFFFFFFFF if container_bytes is None else container_bytes
    path = put(tmp_path / "a.wav", restate(content, container, sound_bytes))
    np.testing.assert_allclose(read_sound(path), NOISE[:9_000], atol=1e-4)
    (warning,) = warnings_of(caplog)
    assert f"{sound_bytes} bytes stated, 18000 there" in warning


def test_a_source_warns_once_however_often_it_loops(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = wav_bytes(NOISE[:1_000], SAMPLE_RATE_HZ)
    path = put(tmp_path / "a.wav", restate(content, 0x80000024, 0x80000000))
    source = FileSource(path, ManualClock(), paced=False, loop=True)
    assert all(source.read() is not None for _ in range(20))
    assert len(warnings_of(caplog)) == 1


@pytest.mark.parametrize("missing_bytes", [1, 2, 44, 800])
def test_a_header_that_overstates_a_little_plays_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, missing_bytes: int
) -> None:
    content = wav_bytes(NOISE[:9_000], SAMPLE_RATE_HZ)
    path = put(tmp_path / "a.wav", content[:-missing_bytes])
    assert read_sound(path).shape[0] == (18_000 - missing_bytes) // 2
    (warning,) = warnings_of(caplog)
    assert f"18000 bytes stated, {18_000 - missing_bytes} there" in warning


def test_a_container_that_is_whole_contradicts_its_sound_size(tmp_path: Path) -> None:
    content = wav_bytes(NOISE[:9_000], SAMPLE_RATE_HZ)
    path = put(tmp_path / "a.wav", restate(content, len(content) - 8, 36_000))
    assert read_sound(path).shape[0] == 9_000


@pytest.mark.parametrize("container", ["WAV", "RF64", "AIFF", "AU", "CAF", "W64", "FLAC", "MP3"])
def test_what_a_copy_cut_in_half_is_named(tmp_path: Path, container: str) -> None:
    path = tmp_path / "sound"
    soundfile.write(path, np.tile(NOISE, 2), RATE_HZ, format=container)
    assert read_sound(path).shape[0] == pytest.approx(2 * SAMPLE_RATE_HZ, abs=30)
    put(path, path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioError, match="is truncated: its header promises"):
        FileSource(path, ManualClock())


@pytest.mark.parametrize("name", [b"LIST", b"bext", b"zzzz"])
@pytest.mark.parametrize("sound_length", [9_000, 0x6161 // 2, 0x2020 // 2])
def test_a_wav_chunk_of_odd_length_without_its_pad_byte_is_passed(
    tmp_path: Path, name: bytes, sound_length: int
) -> None:
    samples = NOISE[:sound_length]
    bare = name + struct.pack("<I", 15) + b"INFOICMT\3\0\0\0abc"
    unpadded = put(tmp_path / "a.wav", wav_bytes(samples, SAMPLE_RATE_HZ, bare))
    padded = put(tmp_path / "b.wav", wav_bytes(samples, SAMPLE_RATE_HZ, bare + b"\0"))
    np.testing.assert_allclose(read_sound(unpadded), samples, atol=1e-4)
    np.testing.assert_array_equal(read_sound(unpadded), read_sound(padded))


def aiff(path: Path, change: Callable[[bytearray], None]) -> Path:
    soundfile.write(path, NOISE[:9_000], SAMPLE_RATE_HZ, format="AIFF", subtype="PCM_16")
    content = bytearray(path.read_bytes())
    change(content)
    return put(path, content)


def test_an_aiff_with_an_unpadded_chunk_or_unfilled_sizes_plays(tmp_path: Path) -> None:
    def unpadded(content: bytearray) -> None:
        at = content.index(b"SSND")
        content[at:at] = b"ANNO" + struct.pack(">I", 3) + b"abc"

    def unfilled(content: bytearray) -> None:
        at = content.index(b"COMM") + 10
        content[at : at + 4] = bytes(4)
        at = content.index(b"SSND") + 4
        content[4:8] = content[at : at + 4] = bytes(4)

    for change in (unpadded, unfilled):
        np.testing.assert_allclose(read_sound(aiff(tmp_path / "a.aiff", change)), NOISE[:9_000], atol=1e-4)


def test_an_rf64_whose_sizes_were_never_filled_in_plays(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, NOISE[:9_000], SAMPLE_RATE_HZ, format="RF64", subtype="PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"ds64") + 8
    content[at : at + 24] = b"\xff" * 24
    np.testing.assert_allclose(read_sound(put(path, content)), NOISE[:9_000], atol=1e-4)


def test_an_unfilled_wav_beyond_4_gib_has_its_whole_length(tmp_path: Path) -> None:
    path = put(tmp_path / "a.wav", restate(wav_bytes(NOISE[:9_000], SAMPLE_RATE_HZ), 0xFFFFFFFF, 0xFFFFFFFF))
    os.truncate(path, 5 << 30)
    assert check_sound(path) == pytest.approx((5 << 30) / 48_000, abs=0.01)


def test_a_duration_reads_no_more_of_a_file_than_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "a.wav", wav_bytes(np.tile(NOISE, 20), RATE_HZ))
    whole = read_sound(path)
    reads: list[int] = []
    read = soundfile.SoundFile.read

    def counted(self: soundfile.SoundFile, frames: int, **options: object) -> object:
        reads.append(frames)
        return read(self, frames, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    first = read_sound(path, 1.0)
    np.testing.assert_array_equal(first, whole[:SAMPLE_RATE_HZ])
    assert sum(reads) < 3 * RATE_HZ


ENCODED = {
    "m4a": ("aac", "ipod"),
    "aac": ("aac", "adts"),
    "alac": ("alac", "ipod"),
    "ac3": ("ac3", "ac3"),
    "ts": ("aac", "mpegts"),
}
FILMS = {"mp4": ("aac", "mp4"), "mkv": ("aac", "matroska"), "mov": ("aac", "mov"), "avi": ("mp2", "avi")}


@pytest.mark.parametrize("kind", [*ENCODED, *FILMS])
def test_what_libsndfile_does_not_know_plays_through_ffmpeg(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    codec, container = (ENCODED | FILMS)[kind]
    sound = tone(440.0, 2.0, RATE_HZ)
    path = encode(tmp_path / "without-suffix", sound, RATE_HZ, codec, container, picture=kind in FILMS)
    samples = read_sound(path)
    assert samples.shape[0] / SAMPLE_RATE_HZ == pytest.approx(2.0, abs=0.1)
    assert loudest_hz(samples) == pytest.approx(440.0, abs=2.0)
    np.testing.assert_array_equal(played(path), samples)
    assert warnings_of(caplog) == []


@pytest.mark.parametrize(("layout", "channels"), [("5.1", 6), ("7.1.4", 12), ("hexadecagonal", 16)])
def test_a_film_of_many_channels_plays(tmp_path: Path, layout: str, channels: int) -> None:
    sound = np.outer(tone(440.0, 1.0, RATE_HZ) * 20_000, np.linspace(0.5, 1.5, channels)).astype(np.int16)
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=RATE_HZ)
        stream.layout = layout
        for begin in range(0, RATE_HZ, 4_410):
            part = np.ascontiguousarray(sound[begin : begin + 4_410].reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
            frame.rate, frame.pts = RATE_HZ, begin
            file.mux(stream.encode(frame))
    samples = read_sound(path)
    expected = tone(440.0, 1.0) * 20_000 / 32_768
    np.testing.assert_allclose(samples[2_000:20_000], expected[2_000:20_000], atol=2e-3)


def test_an_mp4_cut_in_half_is_named(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a", np.tile(NOISE, 4), RATE_HZ, "aac", "ipod", {"movflags": "faststart"})
    assert read_sound(path).shape[0] / SAMPLE_RATE_HZ == pytest.approx(4.0, abs=0.1)
    put(path, path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioError, match=r"is truncated: its header promises 4\.0 s"):
        read_sound(path)


def test_a_stream_that_ends_before_its_stated_length_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = encode(tmp_path / "a.mka", np.tile(NOISE, 4), RATE_HZ, "aac", "matroska")
    put(path, path.read_bytes()[: path.stat().st_size // 2])
    assert read_sound(path).shape[0] / SAMPLE_RATE_HZ == pytest.approx(2.0, abs=0.2)
    assert "and its header promises 4.0" in warnings_of(caplog)[-1]


def test_an_mp3_whose_last_frames_are_missing_plays_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = mp3(tmp_path / "a.mp3", np.tile(NOISE, 4), RATE_HZ, stated=True)
    put(path, path.read_bytes()[:-600])
    assert read_sound(path).shape[0] / SAMPLE_RATE_HZ == pytest.approx(4.0, abs=0.2)
    assert len(warnings_of(caplog)) == 1


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", NOISE, RATE_HZ, "aac", "matroska", picture=True)
    with av.open(str(path)) as film, av.open(str(tmp_path / "b.mkv"), "w") as silent:
        stream = silent.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(film.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                silent.mux(packet)
    with pytest.raises(AudioError, match="holds no sound, only pictures"):
        read_sound(tmp_path / "b.mkv")


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    encode(tmp_path / "a.ts", NOISE, RATE_HZ, "aac", "mpegts")
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\na.ts\n#EXT-X-ENDLIST\n"
    for name in ("a.m3u8", "a.mp3"):
        with pytest.raises(AudioError, match="is not a sound file"):
            read_sound(put(tmp_path / name, playlist.encode()))
    concat = f"ffconcat version 1.0\nfile {tmp_path}/a.ts\n"
    with pytest.raises(AudioError, match="is not a sound file"):
        read_sound(put(tmp_path / "b.m4a", concat.encode()))


@pytest.mark.parametrize("extension", ["ogg", "opus", "flac", "mp3"])
def test_damage_in_the_middle_is_told_with_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, extension: str
) -> None:
    path = tmp_path / f"a.{extension}"
    subtype = {"ogg": "VORBIS", "opus": "OPUS"}.get(extension)
    rate_hz = 48_000
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 8 * rate_hz).astype(np.float32)
    with soundfile.SoundFile(
        path, "w", rate_hz, 1, format="OGG" if subtype else extension.upper(), subtype=subtype
    ) as file:
        for begin in range(0, len(sound), 4_096):
            file.write(sound[begin : begin + 4_096])
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3_000] = bytes(3_000)
    samples = read_sound(put(path, content))
    assert 5.5 < samples.shape[0] / SAMPLE_RATE_HZ < 7.99
    (warning,) = warnings_of(caplog)
    at_s = float(warning.split(" is damaged ")[1].split()[0])
    assert 2.4 < at_s < 4.3


@pytest.mark.parametrize("rate_hz", [44_100, 96_000])
@pytest.mark.parametrize("loop", [False, True])
def test_less_than_one_sample_is_no_sound(tmp_path: Path, rate_hz: int, loop: bool) -> None:
    path = put(tmp_path / "a.wav", wav_bytes(np.ones(1, np.float32), rate_hz))
    with pytest.raises(AudioError, match="less than one sample"):
        FileSource(path, ManualClock(), loop=loop)
    with pytest.raises(AudioError, match="less than one sample"):
        read_sound(path)


def test_a_loop_that_turns_out_to_hold_no_sound_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "a.wav", wav_bytes(NOISE[:1_000], SAMPLE_RATE_HZ))
    source = FileSource(path, ManualClock(), paced=False, loop=True)
    monkeypatch.setattr("chromesthesia.audio.sound_file.sndfile_pieces", lambda *_: iter(()))
    with pytest.raises(AudioError, match="holds no sound"):
        source.read()


def test_a_loop_takes_up_the_file_that_was_saved_meanwhile(tmp_path: Path) -> None:
    path = put(tmp_path / "a.wav", wav_bytes(tone(440.0, 0.1), SAMPLE_RATE_HZ))
    source = FileSource(path, ManualClock(), paced=False, loop=True)
    first = source.read()
    put(path, wav_bytes(tone(3000.0, 1.0, 48_000), 48_000))
    rest = [block.samples for block in itertools.islice(iter(source.read, None), 100)]
    assert first is not None
    assert loudest_hz(np.concatenate(rest)[4_000:8_000]) == pytest.approx(3000.0, abs=20.0)


@pytest.mark.parametrize("name", ["a" * 300 + ".wav", "a\0b.wav", "/".join(["folder"] * 2_000)])
def test_a_name_that_no_file_can_have_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioError, match=r"cannot be read|there is no sound file") as refusal:
        FileSource(tmp_path / name, ManualClock())
    assert len(refusal.value.message) < 400


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(AudioError, match="is not a file"):
        FileSource(tmp_path / "pipe.wav", ManualClock())


@pytest.mark.parametrize(("rate_hz", "what"), [(1, "1 Hz"), (0x7FFFFFFF, "2147483647 Hz")])
def test_a_rate_that_no_recording_has_is_refused(tmp_path: Path, rate_hz: int, what: str) -> None:
    content = wav_bytes(NOISE[:1_000], SAMPLE_RATE_HZ)
    content[24:28] = struct.pack("<I", rate_hz)
    with pytest.raises(AudioError, match=f"a sample rate of {what}"):
        read_sound(put(tmp_path / "a.wav", content))
