"""What a show and a rendering leave when they are ended from outside, or when a file cannot be written."""

from __future__ import annotations

import json
import math
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from chromesthesia.audio.etude import ETUDE
from chromesthesia.core.config import FilmConfig, ShowConfig
from chromesthesia.core.errors import RecordError, UsageError
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.show.live import run_show
from chromesthesia.show.offline import render_film
from chromesthesia.testing.models import write_tiny_pack

HANG_UP = getattr(signal, "SIGHUP", signal.SIGTERM)


class AtFrame:
    """A FrameSink that does something at one frame and fails to close if told."""

    def __init__(self, act: int, what: object = None, fails: bool = False) -> None:
        self._act = act
        self._what = what
        self._fails = fails
        self._frames = 0

    def frame(self, pixels: UInt8, time_s: float) -> None:
        self._frames += 1
        if self._frames == self._act and callable(self._what):
            self._what()

    def sound(self, samples: Float32, start_s: float) -> None: ...

    def close(self) -> None:
        if self._fails:
            raise RecordError("the film broke off: No space left on device", "free some space")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_pack(tmp_path_factory.mktemp("packs") / "tiny")


@pytest.fixture
def show(pack: Path, tmp_path: Path) -> ShowConfig:
    return ShowConfig(
        source="demo",
        headless=True,
        width=160,
        height=90,
        fps=20.0,
        pack=pack,
        osc_in_port=0,
        record=tmp_path / "a.mp4",
        report=tmp_path / "a.json",
    )


@pytest.fixture
def film(pack: Path, tmp_path: Path) -> FilmConfig:
    return FilmConfig(
        sound=ETUDE,
        film=tmp_path / "a.mp4",
        width=64,
        height=36,
        fps=10.0,
        duration_s=3.0,
        pack=pack,
        report=tmp_path / "a.json",
    )


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def twice() -> None:
    """A terminal that hangs up, and an impatient second signal."""
    os.kill(os.getpid(), HANG_UP)
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.gl
def test_a_hang_up_finishes_the_film_and_writes_the_report(show: ShowConfig) -> None:
    report = run_show(show, sinks=(AtFrame(5, twice),))
    assert show.report is not None
    assert show.record is not None
    assert json.loads(show.report.read_text())["frames"] == report["frames"]
    assert frames_of(show.record) >= 5
    assert sorted(file.name for file in show.record.parent.iterdir()) == ["a.json", "a.mp4"]


@pytest.mark.gl
def test_a_film_that_fails_does_not_cost_the_report(show: ShowConfig) -> None:
    assert show.report is not None
    with pytest.raises(RecordError, match="No space left"):
        run_show(replace(show, duration_s=0.3), sinks=(AtFrame(0, fails=True),))
    report = json.loads(show.report.read_text())
    assert report["frames"] > 0
    assert "No space left" in report["output_errors"][0]


@pytest.mark.gl
def test_a_broken_output_does_not_end_the_show(show: ShowConfig) -> None:
    def fail() -> None:
        raise OSError("a fault of its own")

    stop = threading.Event()
    report = run_show(replace(show, duration_s=60.0), stop, (AtFrame(2, fail), AtFrame(5, stop.set)))
    assert int(str(report["frames"])) >= 5


@pytest.mark.gl
def test_a_line_break_in_a_files_name_is_one_line_everywhere(show: ShowConfig, tmp_path: Path) -> None:
    sound = tmp_path / "two\nlines\x1b.wav"
    soundfile.write(sound, np.zeros(4800, np.float32), 24_000)
    report = run_show(replace(show, source=str(sound), hud=True))
    assert report["source"] == "file: two lines\N{REPLACEMENT CHARACTER}.wav"
    film = FilmConfig(sound, tmp_path / "two\nlines.mp4", width=64, height=36, fps=10.0, pack=show.pack)
    assert render_film(film)["source"] == report["source"]
    assert frames_of(film.film or Path()) == 2


@pytest.mark.gl
def test_a_rendering_that_is_hung_up_keeps_its_part_and_its_report(film: FilmConfig) -> None:
    assert film.film is not None
    assert film.report is not None
    film.film.write_bytes(b"an older film")
    with pytest.raises(KeyboardInterrupt):
        render_film(film, sinks=(AtFrame(5, twice),))
    assert film.film.read_bytes() == b"an older film"
    report = json.loads(film.report.read_text())
    assert report["whole"] is False
    assert 5 <= report["frames"] < 30
    assert frames_of(film.film.with_name("a.part.mp4")) >= report["frames"]


@pytest.mark.gl
def test_a_rendering_can_be_stopped_by_its_caller(film: FilmConfig) -> None:
    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt):
        render_film(film, sinks=(AtFrame(3, stop.set),), stop=stop)


@pytest.mark.gl
def test_a_rendering_whose_file_fails_still_reports(film: FilmConfig) -> None:
    assert film.report is not None
    with pytest.raises(RecordError, match="No space left"):
        render_film(replace(film, duration_s=0.3), sinks=(AtFrame(0, fails=True),))
    report = json.loads(film.report.read_text())
    assert report["whole"] is True
    assert "No space left" in report["output_errors"][0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, 0.0, 1e300, 40_000_000.0])
@pytest.mark.parametrize("name", ["duration_s", "fps"])
def test_a_number_that_no_show_can_have_is_wrong_usage(
    show: ShowConfig, film: FilmConfig, name: str, value: float
) -> None:
    assert show.record is not None
    changed: dict[str, Any] = {name: value}
    said = rf"{name.removesuffix('_s')} is {value:g}".replace("+", r"\+")
    with pytest.raises(UsageError, match=said):
        run_show(replace(show, **changed))
    with pytest.raises(UsageError, match=said):
        render_film(replace(film, **changed))
    assert list(show.record.parent.iterdir()) == []
