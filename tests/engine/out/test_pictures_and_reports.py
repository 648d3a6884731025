"""Stills, contact sheets, reports, and the fan-out to all of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chromesthesia.errors import RecordError
from chromesthesia.out.contact_sheet import GAP, Cell, ContactSheet, contact_sheet
from chromesthesia.out.outputs import Outputs, open_outputs
from chromesthesia.out.report import write_report
from chromesthesia.out.stills import StillsFolder, write_png
from chromesthesia.seams import Float32, UInt8


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


class Spy:
    """Remembers whether it was closed, and fails to close if told."""

    def __init__(self, fails: bool) -> None:
        self.fails = fails
        self.closed = False

    def frame(self, pixels: UInt8, time_s: float) -> None: ...

    def sound(self, samples: Float32, start_s: float) -> None: ...

    def close(self) -> None:
        self.closed = True
        if self.fails:
            raise RecordError("the disk is full")


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
