"""Films: in step, faithful, repeatable, and never lost to a fault."""

from __future__ import annotations

import errno
import gc
import hashlib
import io
import struct
import threading
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

import av
import numpy as np
import pytest

from chromesthesia.core.errors import RecordError
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32, UInt8
from chromesthesia.recording.film import live_threads
from chromesthesia.recording.recorder import FilmRecorder

WIDTH, HEIGHT = 96, 64


def plain(level: int, width: int = WIDTH, height: int = HEIGHT) -> UInt8:
    return np.full((height, width, 3), level, np.uint8)


def pictures(path: Path) -> list[tuple[float, UInt8]]:
    with av.open(str(path)) as film:
        return [
            (float(frame.time or 0.0), np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            for frame in film.decode(video=0)
        ]


def boxes(path: Path) -> list[str]:
    """Names of the top-level boxes of an MP4 file (ISO/IEC 14496-12)."""
    content, position, names = path.read_bytes(), 0, []
    while position < len(content):
        size, name = struct.unpack_from(">I4s", content, position)
        names.append(name.decode())
        position += size
    return names


def loudness(path: Path) -> tuple[float, Float32]:
    """Time of the first sample and all samples."""
    with av.open(str(path)) as film:
        blocks = [(float(block.time or 0.0), block.to_ndarray().ravel()) for block in film.decode(audio=0)]
    return blocks[0][0], np.concatenate([samples for _, samples in blocks])


def loud_at(path: Path) -> float:
    """When the film is first loud, in seconds."""
    start_s, samples = loudness(path)
    return start_s + float(np.argmax(np.abs(samples) > 0.3)) / SAMPLE_RATE_HZ


def bright_at(path: Path) -> float:
    return next(time_s for time_s, pixels in pictures(path) if pixels.mean() > 128)


def click(length: int) -> Float32:
    """Up to 400 samples of a tone, then silence."""
    samples = np.zeros(length, np.float32)
    samples[:400] = np.sin(np.arange(400) * 0.5)[:length]
    return samples


def record_flash_and_click(recorder: FilmRecorder, fps: int, flash_frame: int, frames: int) -> None:
    step = SAMPLE_RATE_HZ // fps
    for index in range(frames):
        flash = index == flash_frame
        recorder.frame(plain(255 if flash else 8), index / fps)
        recorder.sound(click(step) if flash else np.zeros(step, np.float32), index / fps)
    recorder.close()


@pytest.mark.parametrize("live", [True, False])
def test_flash_and_click_stay_together(tmp_path: Path, live: bool) -> None:
    film = tmp_path / "flash.mp4"
    record_flash_and_click(FilmRecorder(film, WIDTH, HEIGHT, 30, live=live), 30, flash_frame=30, frames=60)

    assert bright_at(film) == pytest.approx(1.0, abs=1e-3)
    assert abs(loud_at(film) - bright_at(film)) < 1 / 60


def test_codecs_are_those_that_every_player_knows(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    record_flash_and_click(FilmRecorder(path, WIDTH, HEIGHT, 30), 30, flash_frame=0, frames=4)

    with av.open(str(path)) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        assert (video.codec.name, video.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == (WIDTH, HEIGHT)
        assert (audio.codec.name, audio.rate) == ("aac", SAMPLE_RATE_HZ)
    assert boxes(path) == ["ftyp", "free", "mdat", "moov"], "a finished film is a plain one"


def test_colours_come_back_as_they_went_in(tmp_path: Path) -> None:
    colours = [(200, 30, 40), (20, 180, 60), (30, 60, 220), (128, 128, 128)]
    recorder = FilmRecorder(tmp_path / "c.mp4", WIDTH, HEIGHT, 10, live=False)
    for index, colour in enumerate(colours):
        recorder.frame(np.broadcast_to(np.array(colour, np.uint8), (HEIGHT, WIDTH, 3)), index / 10)
    recorder.close()

    for colour, (_, pixels) in zip(colours, pictures(tmp_path / "c.mp4"), strict=True):
        np.testing.assert_allclose(pixels.mean(axis=(0, 1)), colour, atol=6)


def test_rows_are_not_turned_over(tmp_path: Path) -> None:
    pixels = plain(0)
    pixels[: HEIGHT // 2] = 255
    recorder = FilmRecorder(tmp_path / "rows.mp4", WIDTH, HEIGHT, 10)
    recorder.frame(pixels, 0.0)
    recorder.close()

    [(_, shown)] = pictures(tmp_path / "rows.mp4")
    assert shown[: HEIGHT // 4].mean() > 240
    assert shown[-HEIGHT // 4 :].mean() < 15


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    times_s = [0.0, 0.031, 0.100, 0.350, 0.3667]
    recorder = FilmRecorder(tmp_path / "t.mp4", WIDTH, HEIGHT, 60)
    for index, time_s in enumerate(times_s):
        recorder.frame(plain(40 * index), time_s)
    recorder.close()

    shown_s = [time_s for time_s, _ in pictures(tmp_path / "t.mp4")]
    assert shown_s == pytest.approx(times_s, abs=1e-3)


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("count", [7, 11, 16])
def test_the_last_picture_is_shown_whatever_the_length(tmp_path: Path, count: int, live: bool) -> None:
    recorder = FilmRecorder(tmp_path / "all.mp4", WIDTH, HEIGHT, 10, live=live)
    for index in range(count):
        recorder.frame(plain(5 * index), index / 10)
    recorder.close()

    assert [time_s for time_s, _ in pictures(tmp_path / "all.mp4")] == pytest.approx(
        [index / 10 for index in range(count)], abs=1e-3
    )


def test_a_late_first_frame_is_shown_from_the_start(tmp_path: Path) -> None:
    recorder = FilmRecorder(tmp_path / "late.mp4", WIDTH, HEIGHT, 30)
    recorder.frame(plain(200), 0.5)
    recorder.close()

    assert [time_s for time_s, _ in pictures(tmp_path / "late.mp4")] == pytest.approx([0.0, 0.5])


def test_a_frame_at_a_time_already_shown_is_counted(tmp_path: Path) -> None:
    recorder = FilmRecorder(tmp_path / "same.mp4", WIDTH, HEIGHT, 30)
    for time_s in (0.0, 0.1, 0.1, 0.05, 0.2):
        recorder.frame(plain(90), time_s)
    recorder.close()

    assert (recorder.frames, recorder.dropped_frames) == (3, 2)


@pytest.mark.parametrize("size", [(97, 65), (48, 80)])
def test_frames_of_another_size_are_fitted(tmp_path: Path, size: tuple[int, int]) -> None:
    recorder = FilmRecorder(tmp_path / "s.mp4", WIDTH, HEIGHT, 30)
    recorder.frame(plain(200, *size), 0.0)
    recorder.close()

    [(_, shown)] = pictures(tmp_path / "s.mp4")
    assert shown.shape == (HEIGHT, WIDTH, 3)
    assert shown.mean() == pytest.approx(200, abs=6)


def test_lost_sound_becomes_silence_and_what_follows_is_in_its_place(tmp_path: Path) -> None:
    recorder = FilmRecorder(tmp_path / "gap.mp4", WIDTH, HEIGHT, 10)
    recorder.frame(plain(10), 0.0)
    recorder.sound(np.zeros(2400, np.float32), 0.0)
    recorder.sound(click(2400), 0.8)
    recorder.frame(plain(10), 1.0)
    recorder.close()

    assert loud_at(tmp_path / "gap.mp4") == pytest.approx(0.8, abs=0.01)


def test_sound_from_before_the_film_is_cut(tmp_path: Path) -> None:
    recorder = FilmRecorder(tmp_path / "early.mp4", WIDTH, HEIGHT, 10)
    recorder.frame(plain(10), 0.0)
    recorder.sound(np.concatenate([np.zeros(4800, np.float32), click(4800)]), -0.1)
    recorder.close()

    assert loud_at(tmp_path / "early.mp4") == pytest.approx(0.1, abs=0.01)


def test_two_clocks_that_drift_apart_are_kept_in_step(tmp_path: Path) -> None:
    """The device's clock runs 2 % slow: without correction the click would be 200 ms early after 10 s."""
    recorder = FilmRecorder(tmp_path / "drift.mp4", WIDTH, HEIGHT, 10, live=False)
    slow = 1.02
    for block in range(1000):
        start_s = block * 0.01 * slow
        recorder.sound(click(240) if block == 990 else np.zeros(240, np.float32), start_s)
    for index in range(100):
        recorder.frame(plain(10), index / 10)
    recorder.close()

    assert loud_at(tmp_path / "drift.mp4") == pytest.approx(9.9 * slow, abs=0.02)


def test_small_jitter_leaves_the_sound_untouched(tmp_path: Path) -> None:
    jitter_s = 0.006 * np.sin(np.arange(300))
    recorder = FilmRecorder(tmp_path / "j.mp4", WIDTH, HEIGHT, 10, live=False)
    recorder.frame(plain(10), 0.0)
    for block in range(300):
        recorder.sound(np.full(240, 0.25, np.float32), max(0.0, block * 0.01 + jitter_s[block]))
    recorder.close()

    _, samples = loudness(tmp_path / "j.mp4")
    assert len(samples) == pytest.approx(72_000, abs=1024)


def test_bad_samples_do_not_reach_the_film(tmp_path: Path) -> None:
    recorder = FilmRecorder(tmp_path / "nan.mp4", WIDTH, HEIGHT, 10)
    recorder.frame(plain(10), 0.0)
    recorder.sound(np.array([np.nan, np.inf, -np.inf, 9.0] * 600, np.float32), 0.0)
    recorder.close()

    _, samples = loudness(tmp_path / "nan.mp4")
    assert np.isfinite(samples).all()


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Eight times over smooth pictures: this is what shows x264's macroblock tree when it is on."""
    y, x = np.mgrid[0:90, 0:160]
    waves = [
        np.stack([np.sin(x / 20 + i / 9), np.sin(y / 15 - i / 7), np.sin((x + y) / 25)], -1)
        for i in range(20)
    ]
    frames = [(wave * 100 + 128).astype(np.uint8) for wave in waves]

    def digest(name: str) -> str:
        recorder = FilmRecorder(tmp_path / name, 160, 90, 20, live=False)
        for index, pixels in enumerate(frames):
            recorder.sound(np.full(1200, 0.1 * np.sin(index), np.float32), index / 20)
            recorder.frame(pixels, index / 20)
        recorder.close()
        return hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()

    assert len({digest(f"{number}.mp4") for number in range(8)}) == 1


class HeldFile(io.FileIO):
    """Waits in every write until released."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+b")
        self.entered = threading.Event()
        self.release = threading.Event()

    def write(self, content: Any) -> int:
        self.entered.set()
        assert self.release.wait(60)
        return super().write(content)


def test_a_slow_disk_drops_frames_and_holds_nobody_up(tmp_path: Path) -> None:
    files: list[HeldFile] = []

    def open_held(path: Path) -> BinaryIO:
        files.append(HeldFile(path))
        return cast(BinaryIO, files[0])

    recorder = FilmRecorder(tmp_path / "slow.mp4", WIDTH, HEIGHT, 30, live=True, open_file=open_held)
    sent = 0
    while not files[0].entered.wait(0.01):
        recorder.frame(plain(1), sent / 30)
        recorder.sound(np.zeros(800, np.float32), sent / 30)
        sent += 1
    before = recorder.dropped_frames
    for index in range(sent, sent + 500):
        recorder.frame(plain(1), index / 30)
    assert recorder.dropped_frames - before >= 500 - 64
    files[0].release.set()
    recorder.close()

    assert len(pictures(tmp_path / "slow.mp4")) == sent + 500 - recorder.dropped_frames


class SmallDisk(io.FileIO):
    """A disk that is full after 60 kB."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+b")

    def write(self, content: Any) -> int:
        if self.tell() > 60_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(content)


def open_small(path: Path) -> BinaryIO:
    return cast(BinaryIO, SmallDisk(path))


NOISE = np.random.default_rng(7).integers(0, 256, (64, HEIGHT, WIDTH, 3), np.uint8)


def fill(recorder: FilmRecorder) -> None:
    """More than 60 kB of film in frames that all find room."""
    for index, pixels in enumerate(NOISE):
        recorder.frame(pixels, index / 5)
        recorder.sound(np.zeros(4800, np.float32), index / 5)


def test_a_full_disk_does_not_end_the_show_and_keeps_what_was_filmed(tmp_path: Path) -> None:
    film = tmp_path / "full.mp4"
    film.write_bytes(b"an older film")
    recorder = FilmRecorder(film, WIDTH, HEIGHT, 5, live=True, open_file=open_small)
    fill(recorder)
    with pytest.raises(RecordError, match=r"No space left on device.*full\.part\.mp4"):
        recorder.close()
    recorder.close()
    gc.collect()

    assert film.read_bytes() == b"an older film"
    kept = pictures(tmp_path / "full.part.mp4")
    assert 10 <= len(kept) < len(NOISE)
    assert [time_s for time_s, _ in kept] == pytest.approx(
        [index / 5 for index in range(len(kept))], abs=1e-3
    )


def test_offline_a_full_disk_raises_at_once(tmp_path: Path) -> None:
    recorder = FilmRecorder(tmp_path / "full.mp4", WIDTH, HEIGHT, 30, live=False, open_file=open_small)

    def film_on() -> None:
        for index in range(5_000):
            recorder.frame(NOISE[index % len(NOISE)], index / 30)

    with pytest.raises(RecordError, match="No space left on device"):
        film_on()


def test_what_cannot_be_written_is_refused_before_the_show(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.mp4").mkdir()
    for path, words in [
        (tmp_path / "film.avi", r"\.avi is not known.*film\.mp4"),
        (tmp_path / "film", r"\(none\)"),
        (tmp_path / "folder.mp4", "it is a folder"),
        (tmp_path / "file" / "film.mp4", "cannot write into"),
    ]:
        with pytest.raises(RecordError, match=words):
            FilmRecorder(path, WIDTH, HEIGHT, 30)
    with pytest.raises(RecordError, match="16 x 16"):
        FilmRecorder(tmp_path / "tiny.mp4", 4, 4, 30)
    assert not list(tmp_path.glob("*.part*")), "a refused film leaves nothing behind"


def test_a_disk_nearly_full_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    with pytest.raises(RecordError, match="only 1 MiB are free"):
        FilmRecorder(tmp_path / "film.mp4", WIDTH, HEIGHT, 30)


def test_an_unfinished_film_of_before_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "film.part.mp4").write_bytes(b"kept from a power cut")
    recorder = FilmRecorder(tmp_path / "film.mp4", WIDTH, HEIGHT, 30)
    recorder.frame(plain(1), 0.0)
    recorder.close()

    assert (tmp_path / "film.part.mp4").read_bytes() == b"kept from a power cut"
    assert (tmp_path / "film.mp4").exists()


def test_frame_rates_with_a_fraction(tmp_path: Path) -> None:
    recorder = FilmRecorder(tmp_path / "ntsc.mp4", WIDTH, HEIGHT, 30000 / 1001)
    for index in range(5):
        recorder.frame(plain(index), index * 1001 / 30000)
    recorder.close()

    with av.open(str(tmp_path / "ntsc.mp4")) as film:
        assert film.streams.video[0].average_rate == pytest.approx(Fraction(30000, 1001), rel=1e-3)


def test_a_film_that_another_show_made_meanwhile_stays(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.write_bytes(b"older")
    first, second = (FilmRecorder(film, WIDTH, HEIGHT, 30) for _ in range(2))
    for recorder in (second, first):
        recorder.frame(plain(1), 0.0)
        recorder.close()
    assert (first.path, second.path) == (tmp_path / "a-2.mp4", film)
    assert {len(pictures(path)) for path in (first.path, second.path)} == {1}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a-2.mp4", "a.mp4"]


@pytest.mark.parametrize(
    ("size", "fps", "cores", "threads"),
    [((1280, 720), 60, 8, 1), ((1920, 1080), 60, 8, 1), ((3840, 2160), 60, 16, 4), ((3840, 2160), 60, 2, 1)],
)
def test_a_large_film_beside_a_show_has_more_threads_and_leaves_half_the_cores(
    size: tuple[int, int], fps: float, cores: int, threads: int
) -> None:
    assert live_threads(*size, fps, cores) == threads
