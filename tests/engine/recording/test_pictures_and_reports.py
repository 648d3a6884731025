"""Stills, contact sheets, reports, and the fan-out to all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chromesthesia.core.errors import RecordError
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.recording.contact_sheet import GAP, Cell, ContactSheet, contact_sheet
from chromesthesia.recording.files import write_new
from chromesthesia.recording.outputs import Outputs, close_and_report, open_outputs
from chromesthesia.recording.report import write_report
from chromesthesia.recording.stills import StillsFolder, write_png


def plain(red: int, width: int = 64, height: int = 48) -> UInt8:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = red
    return pixels


def read_png(path: Path) -> UInt8:
    return np.asarray(Image.open(path).convert("RGB"))


def test_a_png_holds_exactly_the_frame(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (30, 40, 3), np.uint8)
    write_png(tmp_path / "deep" / "frame.png", pixels[:, ::-1])

    np.testing.assert_array_equal(read_png(tmp_path / "deep" / "frame.png"), pixels[:, ::-1])
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["frame.png"]


def test_stills_come_at_their_interval_and_know_their_time(tmp_path: Path) -> None:
    stills = StillsFolder(tmp_path / "stills", every_s=0.5, live=False)
    for index in range(61):
        stills.frame(plain(index), index / 30)
    stills.close()

    files = sorted((tmp_path / "stills").iterdir())
    assert [file.name.split("_")[2] for file in files] == [
        "0.000s.png",
        "0.500s.png",
        "1.000s.png",
        "1.500s.png",
        "2.000s.png",
    ]
    assert [read_png(file)[0, 0, 0] for file in files] == [0, 15, 30, 45, 60]


def test_cells_lie_row_by_row_under_their_labels() -> None:
    cells = [Cell(f"cell {index}", plain(40 * index, 100, 50)) for index in range(5)]
    sheet = contact_sheet(cells, columns=2, cell_width=50)

    assert sheet.shape[1] == 2 * (50 + GAP) + GAP
    step_y = (sheet.shape[0] - GAP) // 3
    for index in range(5):
        left, top = GAP + index % 2 * (50 + GAP), GAP + index // 2 * step_y
        assert sheet[top + 10, left + 10].tolist() == [40 * index, 0, 0]
        label = sheet[top + 26 : top + step_y - GAP, left : left + 50]
        assert label.max() > 150, "a label is written under each picture"


def test_a_sheet_without_labels_keeps_no_room_for_them() -> None:
    labelled = contact_sheet([Cell("one", plain(1))], 1)
    bare = contact_sheet([Cell("", plain(1))], 1)
    assert bare.shape[0] < labelled.shape[0]


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(ValueError, match="0 pictures"):
        contact_sheet([], 3)


@pytest.mark.parametrize("duration_s", [5, 60, 1000])
def test_a_sheet_shows_the_whole_show_whatever_its_length(tmp_path: Path, duration_s: int) -> None:
    sheet = ContactSheet(tmp_path / "sheet.png", columns=4, rows=2)
    frames = duration_s * 4
    for index in range(frames):
        sheet.frame(plain(round(255 * index / frames), 32, 18), index / 4)
    sheet.close()

    shown = read_png(tmp_path / "sheet.png")
    step_x = (shown.shape[1] - GAP) // 4
    step_y = (shown.shape[0] - GAP) // 2
    reds = [int(shown[GAP + y * step_y + 20, GAP + x * step_x + 20, 0]) for y in range(2) for x in range(4)]
    assert reds == sorted(reds)
    assert reds[0] < 10
    assert reds[-1] > 200


def test_a_show_without_a_frame_leaves_no_sheet(tmp_path: Path) -> None:
    ContactSheet(tmp_path / "sheet.png").close()
    assert not list(tmp_path.iterdir())


def test_a_report_takes_what_the_engine_measures(tmp_path: Path) -> None:
    report = {
        "fps": np.float32(30.5),
        "frames": np.int64(600),
        "latency_ms": {"capture": {"p50": 1.5, "p95": float("nan")}},
        "bands": np.arange(3),
        "film": Path("out.mp4"),
        "ok": True,
        "source": "demo",
    }
    write_report(tmp_path / "out.json", report)

    read = json.loads((tmp_path / "out.json").read_text())
    assert read["fps"] == 30.5
    assert read["frames"] == 600
    assert read["latency_ms"] == {"capture": {"p50": 1.5, "p95": None}}
    assert read["bands"] == [0, 1, 2]
    assert read["film"] == "out.mp4"


def test_a_report_that_cannot_be_written_leaves_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_report(path, {"frames": 1})
    with pytest.raises(TypeError, match="object"):
        write_report(path, {"frames": object()})
    assert json.loads(path.read_text()) == {"frames": 1}

    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot write"):
        write_report(tmp_path / "file" / "out.json", {})


def test_every_output_that_was_asked_for_is_there(tmp_path: Path) -> None:
    outputs = open_outputs(
        64,
        48,
        10,
        live=False,
        film=tmp_path / "a.mp4",
        stills=tmp_path / "stills",
        sheet=tmp_path / "sheet.png",
    )
    for index in range(30):
        outputs.frame(plain(index), index / 10)
        outputs.sound(np.zeros(2400, np.float32), index / 10)
    outputs.close()

    assert (tmp_path / "a.mp4").stat().st_size > 500
    assert (tmp_path / "sheet.png").exists()
    assert len(list((tmp_path / "stills").iterdir())) == 2


def test_what_cannot_be_written_is_refused_before_anything_is_begun(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot write into"):
        open_outputs(64, 48, 10, live=True, film=tmp_path / "a.mp4", report=tmp_path / "file" / "out.json")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_second_show_in_the_same_folder_replaces_no_still(tmp_path: Path) -> None:
    for red in (10, 20):
        stills = StillsFolder(tmp_path, every_s=0.5, live=False)
        for index in range(2):
            stills.frame(plain(red + index), index / 2)
        stills.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [
        "still_0000_0.000s.png",
        "still_0001_0.500s.png",
        "still_0002_0.000s.png",
        "still_0003_0.500s.png",
    ]
    assert [int(read_png(file)[0, 0, 0]) for file in files] == [10, 11, 20, 21]


def test_two_shows_at_once_in_one_folder_replace_no_still(tmp_path: Path) -> None:
    both = [StillsFolder(tmp_path, live=False) for _ in range(2)]
    for red, stills in enumerate(both, 1):
        stills.frame(plain(red), 0.0)
        stills.close()
    reds = {file.name: int(read_png(file)[0, 0, 0]) for file in tmp_path.iterdir()}
    assert reds == {"still_0000_0.000s.png": 1, "still_0001_0.000s.png": 2}


class FullDisk:
    """Refuses the first `refusals` stills."""

    def __init__(self, refusals: int) -> None:
        self.tried = 0
        self._refusals = refusals

    def __call__(self, names: Iterable[Path], content: bytes) -> Path:
        self.tried += 1
        if self.tried <= self._refusals:
            raise RecordError("cannot write: No space left on device")
        return write_new(names, content)


def keep(stills: StillsFolder, seconds: range) -> None:
    """One still a second, each when the one before is done with."""
    for second in seconds:
        while not stills._queue.put_frame(plain(second % 256), float(second)):
            pass


def test_stills_go_on_when_there_is_space_again(tmp_path: Path) -> None:
    disk = FullDisk(refusals=2)
    stills = StillsFolder(tmp_path, write=disk)
    keep(stills, range(100))
    stills.close()
    assert sorted(file.name for file in tmp_path.iterdir())[0] == "still_0000_60.000s.png"
    assert (stills.count, stills.lost, disk.tried) == (40, 60, 42)


def test_stills_that_never_find_space_are_an_error_at_the_end(tmp_path: Path) -> None:
    disk = FullDisk(refusals=1000)
    stills = StillsFolder(tmp_path, write=disk)
    keep(stills, range(90))
    with pytest.raises(RecordError, match="No space left"):
        stills.close()
    assert disk.tried == 3


class Spy:
    """Remembers what it was given and whether it was closed, and fails to close, or always, if told."""

    def __init__(self, fails: bool, broken: bool = False, error: Exception | None = None) -> None:
        self.fails = fails
        self.broken = broken
        self.closed = False
        self.frames = 0
        self.error = error or RecordError("the disk is full")

    def frame(self, pixels: UInt8, time_s: float) -> None:
        if self.broken:
            raise OSError("a fault of its own")
        self.frames += 1

    def sound(self, samples: Float32, start_s: float) -> None:
        if self.broken:
            raise ValueError("a fault of its own")

    def close(self) -> None:
        self.closed = True
        if self.fails:
            raise self.error


def test_one_output_that_fails_does_not_take_the_others_along() -> None:
    spies = (Spy(False), Spy(True), Spy(False))
    with pytest.raises(RecordError, match="disk is full"):
        Outputs(spies).close()
    assert all(spy.closed for spy in spies)


def test_a_film_that_was_broken_off_does_not_replace_the_older_one(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.write_bytes(b"an older film")

    def interrupted() -> None:
        with open_outputs(64, 48, 10, live=False, film=film, sheet=tmp_path / "sheet.png") as outputs:
            for index in range(30):
                outputs.frame(plain(index), index / 10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert film.read_bytes() == b"an older film"
    assert (tmp_path / "a.part.mp4").stat().st_size > 500
    assert (tmp_path / "sheet.png").exists()

    with open_outputs(64, 48, 10, live=False, film=film) as outputs:
        outputs.frame(plain(1), 0.0)
    assert film.stat().st_size > 500


def test_an_output_that_closes_with_a_fault_of_its_own_is_an_error_of_ours() -> None:
    spies = (Spy(True, error=MemoryError()), Spy(False))
    with pytest.raises(RecordError, match="MemoryError"):
        Outputs(spies).close()
    assert spies[1].closed


def test_in_a_show_a_broken_output_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    broken, whole = Spy(False, broken=True), Spy(False)
    outputs = Outputs((broken, whole), live=True)
    for index in range(5):
        outputs.frame(plain(1), index / 10)
        outputs.sound(np.zeros(10, np.float32), index / 10)
    assert whole.frames == 5
    assert outputs.failures == 10
    assert len(caplog.records) == 1
    with pytest.raises(OSError, match="of its own"):
        Outputs((broken, whole)).frame(plain(1), 0.0)


@pytest.mark.parametrize("kind", ["film", "stills", "sheet"])
def test_the_report_comes_first_whatever_else_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    place = {"film": tmp_path / "a.mp4", "stills": tmp_path / "a", "sheet": tmp_path / "a.png"}[kind]
    outputs = open_outputs(64, 48, 10, live=True, **{kind: place})
    outputs.frame(plain(1), 0.0)

    def fail() -> None:
        raise RecordError(f"cannot write {place}: No space left on device")

    monkeypatch.setattr(outputs.sinks[0], "close", fail)
    path = tmp_path / "report.json"
    with pytest.raises(RecordError, match="No space left"):
        close_and_report(outputs, path, lambda: {"frames": 1})
    read = json.loads(path.read_text())
    assert read["frames"] == 1
    assert read["output_errors"] == [f"cannot write {place}: No space left on device"]


def test_of_a_film_and_a_report_that_fail_the_film_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spy = Spy(True)
    with pytest.raises(RecordError, match="the disk is full"):
        close_and_report(Outputs((spy,)), tmp_path / "file" / "a.json", dict)
    with pytest.raises(RecordError, match=r"cannot write .*a\.json"):
        close_and_report(Outputs(()), tmp_path / "file" / "a.json", dict)
    assert close_and_report(Outputs(()), None, lambda: {"frames": 2}) == {"frames": 2, "output_errors": []}
