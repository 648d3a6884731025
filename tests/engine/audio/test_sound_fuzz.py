"""The readers of sound headers on damaged input: AudioError or sound, in time, without growth."""

from __future__ import annotations

import functools
import io
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzzing import growth_bytes, in_time, settings_for

from chromesthesia.audio.chunks import find_sound, restated_head
from chromesthesia.audio.files import read_sound
from chromesthesia.audio.mp3_head import goes_on, read_mp3_head
from chromesthesia.audio.ogg_pages import first_damage, is_joined
from chromesthesia.core.errors import AudioError
from chromesthesia.testing.sound_files import encode, mp3, wav_bytes

SAMPLES = np.random.default_rng(0).uniform(-0.5, 0.5, 2_000).astype(np.float32)
NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
JOINED_NAMES = (
    b"RIFFRF64RIFXFORMWAVEAIFFAIFCdatafmt factLISTds64SSNDCOMMcaffriff.sndOggSXingInfoVBRIfLaCftypmoov"
)
NAMES = [b"ID3", *(JOINED_NAMES[at : at + 4] for at in range(0, len(JOINED_NAMES), 4))]
KINDS = (("aac", "ipod"), ("aac", "adts"), ("aac", "matroska"), ("aac", "mpegts"), ("mp2", "avi"))
MOST_SAMPLES = 40_000_000
"""What a file of a few kB may become: silence packs well."""


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """A small file of each kind."""
    contents = [bytes(wav_bytes(SAMPLES, 44_100)), bytes(wav_bytes(SAMPLES, 44_100, b"LIST\3\0\0\0abc"))]
    for kind in ("AIFF", "AU", "CAF", "W64", "RF64", "FLAC", "OGG", "MP3"):
        file = io.BytesIO()
        soundfile.write(file, SAMPLES, 44_100, format=kind)
        contents.append(file.getvalue())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a")
        contents.append(mp3(path, SAMPLES, 44_100).read_bytes())
        for codec, container in KINDS:
            contents.append(encode(path, SAMPLES, 44_100, codec, container).read_bytes())
    return tuple(contents)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A seed with bytes, numbers, names changed, parts taken out, put in twice or cut off; or bytes of any kind."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(NAMES)) + draw(st.binary(max_size=200))
    content = bytearray(draw(st.sampled_from(seeds())))
    near = st.one_of(st.integers(0, min(200, len(content) - 1)), st.integers(0, len(content) - 1))
    for _ in range(draw(st.integers(1, 6))):
        at = min(draw(near), len(content))
        match draw(st.integers(0, 6)):
            case 0:
                content[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case 1:
                content[at : at + 4] = struct.pack(
                    draw(st.sampled_from("<>")) + "I", draw(st.sampled_from(NUMBERS))
                )
            case 2:
                content[at : at + 4] = draw(st.sampled_from(NAMES))
            case 3:
                del content[at : at + draw(st.integers(1, 300))]
            case 4:
                content[at:at] = content[at : at + draw(st.integers(1, 300))]
            case 5:
                content[at:at] = draw(st.binary(max_size=40))
            case _:
                del content[at:]
    return bytes(content)


def look(content: bytes) -> None:
    """All header readers on one input."""
    file = io.BytesIO(content)
    try:
        sound = find_sound(file, len(content), "a file")
        if sound is not None:
            head, length = restated_head(sound)
            assert len(head) < 20_000
            assert length >= 0
    except AudioError:
        pass
    head_of_mp3 = read_mp3_head(file)
    if head_of_mp3 is not None:
        goes_on(file, head_of_mp3)
    is_joined(file)
    first_damage(file, len(content))


def read(path: Path) -> Callable[[bytes], None]:
    """Decode one input from its file."""

    def decode(content: bytes) -> None:
        path.write_bytes(content)
        try:
            samples = read_sound(path)
        except AudioError:
            return
        assert samples.dtype == np.float32
        assert np.isfinite(samples).all()
        assert 0 < len(samples) < MOST_SAMPLES

    return decode


@settings_for()
@given(content=damaged())
def test_fuzz_the_readers_of_headers(content: bytes) -> None:
    with in_time():
        look(content)


@settings_for()
@given(content=damaged())
def test_fuzz_reading_a_damaged_sound(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, in_time():
        read(Path(folder, "a.wav"))(content)


def test_damaged_sounds_leave_nothing_in_memory(tmp_path: Path) -> None:
    inputs = [seed[: len(seed) // 2] for seed in seeds()] + [seed[10:] for seed in seeds()]
    assert growth_bytes(read(tmp_path / "a.wav"), inputs, rounds=2) < 100_000
