"""`render`: the same input gives the same film, another seed or preset another one, and bad input changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from chromesthesia.audio.etude import ETUDE
from chromesthesia.core.config import FilmConfig
from chromesthesia.core.errors import AudioError, ChromesthesiaError, RenderError
from chromesthesia.core.records import UInt8
from chromesthesia.show import offline
from chromesthesia.show.offline import render_film
from chromesthesia.testing.models import write_tiny_pack
from chromesthesia.testing.render import AllFrames

pytestmark = pytest.mark.gl


def frames_of(film: Path) -> UInt8:
    """Every frame of a film: uint8 [T, H, W, 3]."""
    with av.open(str(film)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def film_of(config: FilmConfig) -> Path:
    """The film of a configuration that has one."""
    assert config.film is not None
    return config.film


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> FilmConfig:
    folder = tmp_path_factory.mktemp("films")
    return FilmConfig(
        sound=ETUDE,
        film=folder / "film.mp4",
        preset="Gallery",
        seed=7,
        width=160,
        height=90,
        fps=20.0,
        duration_s=1.0,
        pack=write_tiny_pack(folder / "tiny"),
    )


@pytest.fixture(scope="module")
def film(config: FilmConfig) -> UInt8:
    render_film(config)
    return frames_of(film_of(config))


def test_the_same_seed_gives_the_same_film(config: FilmConfig, film: UInt8) -> None:
    again = replace(config, film=film_of(config).with_name("again.mp4"))
    report = render_film(again)
    assert report["frames"] == 20
    assert film_of(again).read_bytes() == film_of(config).read_bytes()


def test_another_seed_gives_another_film(config: FilmConfig, film: UInt8) -> None:
    other = replace(config, seed=8, film=film_of(config).with_name("seed.mp4"))
    render_film(other)
    assert np.abs(frames_of(film_of(other)).astype(int) - film).mean() > 2.0


def test_another_preset_gives_another_film(config: FilmConfig, film: UInt8) -> None:
    other = replace(config, preset="Ink", film=film_of(config).with_name("preset.mp4"))
    render_film(other)
    assert np.abs(frames_of(film_of(other)).astype(int) - film).mean() > 5.0


def test_frames_move_and_are_neither_black_nor_flat(film: UInt8) -> None:
    assert film.shape == (20, 90, 160, 3)
    assert film.reshape(20, -1).mean(axis=1).min() > 8.0
    assert film.reshape(20, -1).std(axis=1).min() > 4.0
    assert np.abs(np.diff(film.astype(int), axis=0)).mean(axis=(1, 2, 3)).min() > 0.0


def test_the_film_carries_the_sound_it_was_made_from(config: FilmConfig, film: UInt8) -> None:
    with av.open(str(config.film)) as container:
        rate_hz = container.streams.audio[0].rate
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(heard) / rate_hz == pytest.approx(1.0, abs=0.1)
    assert np.sqrt(np.mean(heard**2)) > 0.005


def test_bad_sound_leaves_an_older_film_alone(config: FilmConfig, tmp_path: Path) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("this is not sound")
    older = tmp_path / "film.mp4"
    older.write_bytes(b"older film")
    with pytest.raises(ChromesthesiaError, match=r"notes\.wav"):
        render_film(replace(config, sound=text, film=older))
    assert older.read_bytes() == b"older film"


def test_a_frame_that_cannot_be_drawn_is_an_error_and_leaves_an_older_film_alone(
    config: FilmConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise TypeError("injected")

    monkeypatch.setattr("chromesthesia.show.offline.Renderer.render", fail)
    older = tmp_path / "film.mp4"
    older.write_bytes(b"older film")
    with pytest.raises(RenderError, match=r"frame 0 .*injected"):
        render_film(replace(config, film=older))
    assert older.read_bytes() == b"older film"


def test_no_more_of_the_sound_is_read_than_the_film_lasts(
    config: FilmConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(path: Path, duration_s: float | None) -> None:
        raise AudioError(f"asked for {duration_s} s")

    monkeypatch.setattr(offline, "read_sound", asked)
    with pytest.raises(AudioError, match=r"asked for 1\.0 s"):
        render_film(config)


def test_a_sound_shorter_than_a_frame_still_gives_a_film(config: FilmConfig, tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, np.zeros(100, dtype=np.float32), 24_000)
    report = render_film(replace(config, sound=short, film=tmp_path / "short.mp4", duration_s=None))
    assert report["frames"] == 1


def test_a_film_shows_isf_shaders_the_same_every_time(config: FilmConfig, tmp_path: Path) -> None:
    shader = tmp_path / "age.fs"
    shader.write_text(
        '/*{"INPUTS": [{"NAME": "bins", "TYPE": "audioFFT", "MAX": 4}, {"NAME": "inputImage", "TYPE": "image"}]}*/\n'
        "void main() { gl_FragColor = vec4(TIME, IMG_THIS_PIXEL(bins).r, IMG_THIS_PIXEL(inputImage).b, 1.0); }"
    )
    films: list[list[UInt8]] = []
    for _ in range(2):
        sink = AllFrames()
        render_film(
            replace(config, film=None, duration_s=0.5, isf=(shader,), flash_limiter=False), sinks=(sink,)
        )
        films.append(sink.kept)
    first, again = (np.stack(frames) for frames in films)
    assert (first == again).all()
    red = first[..., 0].mean(axis=(1, 2))
    assert np.allclose(red, np.arange(10) / 20 * 255, atol=1), "TIME is that of the frame"
    assert first[-1, ..., 1].max() > 20, "it hears the film's sound"
