"""Where files may be written: links stay, what is no file is refused, and no name gives anything but a named error."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.core.errors import RecordError
from chromesthesia.core.records import UInt8
from chromesthesia.core.safe_write import numbered, part_name
from chromesthesia.recording.contact_sheet import ContactSheet
from chromesthesia.recording.files import prepare_file, write_atomically, write_new
from chromesthesia.recording.outputs import open_outputs
from chromesthesia.recording.recorder import FilmRecorder
from chromesthesia.recording.report import prepare_report, write_report
from chromesthesia.recording.stills import write_png

PIXELS: UInt8 = np.full((32, 48, 3), 90, np.uint8)


def film(path: Path) -> None:
    recorder = FilmRecorder(path, 48, 32, 10)
    recorder.frame(PIXELS, 0.0)
    recorder.close()


def sheet(path: Path) -> None:
    made = ContactSheet(path)
    made.frame(PIXELS, 0.0)
    made.close()


WRITERS: dict[str, Callable[[Path], None]] = {
    "film.mp4": film,
    "sheet.png": sheet,
    "still.png": lambda path: write_png(path, PIXELS),
    "report.json": lambda path: write_report(path, {"frames": 1}),
}


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))  # the whole path may be too long for a socket


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "a pipe"),
    "socket": (make_socket, "a socket"),
    "folder": (Path.mkdir, "a folder"),
    "device": (lambda path: path.symlink_to("/dev/null"), "a device"),
    "circle": (lambda path: path.symlink_to(path.name), "a link that leads to itself"),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path, name: str, there: bool) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / name, tmp_path / name
    if there:
        target.write_bytes(b"older")
    link.symlink_to(target)
    WRITERS[name](link)
    assert link.is_symlink()
    assert target.read_bytes() not in (b"", b"older")
    assert [file.name for file in (tmp_path / "far").iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in WRITERS for kind in ODD if (name, kind) != ("report.json", "pipe")],
)
def test_what_is_no_regular_file_is_refused_and_stays(tmp_path: Path, name: str, kind: str) -> None:
    make, words = ODD[kind]
    path = tmp_path / name
    make(path)
    before = path.lstat()
    with pytest.raises(RecordError, match=f"cannot write .*{name}: it is {words}"):
        WRITERS[name](path)
    assert path.lstat().st_ino == before.st_ino
    assert len(list(tmp_path.iterdir())) == 1, "nothing is left beside it"


@pytest.mark.parametrize("kind", ["film", "sheet", "report"])
def test_it_is_refused_before_the_show(tmp_path: Path, kind: str) -> None:
    path = tmp_path / {"film": "a.mp4", "sheet": "a.png", "report": "a.json"}[kind]
    path.symlink_to("/dev/null")
    with pytest.raises(RecordError, match="it is a device"):
        open_outputs(48, 32, 10, live=True, **{kind: path})


@pytest.mark.parametrize("name", ["x" * 300, "y\0z", "x" * 300 + "/a"])
@pytest.mark.parametrize("ending", [".mp4", ".png", ".json"])
def test_a_name_that_no_file_can_have_is_a_named_error(tmp_path: Path, name: str, ending: str) -> None:
    path = tmp_path / (name + ending)
    kind = {".mp4": "film", ".png": "sheet", ".json": "report"}[ending]
    with pytest.raises(RecordError) as caught:
        open_outputs(48, 32, 10, live=True, **{kind: path})
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(RecordError):
        open_outputs(48, 32, 10, live=True, stills=tmp_path / name)


def test_a_line_break_in_a_name_is_one_line_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "two\nlines.json").mkdir()
    with pytest.raises(RecordError, match=r"two lines\.json: it is a folder"):
        prepare_report(tmp_path / "two\nlines.json")


def test_the_longest_name_that_a_disk_takes_is_taken(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 125 + ".json")
    assert len(os.fsencode(path.name)) == 255
    prepare_file(path)
    write_atomically(path, b"1")
    assert write_new(numbered(path), b"2").read_bytes() == b"2"
    assert path.read_bytes() == b"1"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_in_the_place_of_the_unfinished_file_is_not_written_through(tmp_path: Path) -> None:
    planted = part_name(tmp_path / "a.json")
    planted.symlink_to(tmp_path / "elsewhere")
    write_atomically(tmp_path / "a.json", b"content")
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "a.json").read_bytes() == b"content"


def test_a_new_file_takes_the_first_free_name(tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    names = [write_new(numbered(path), bytes([number])).name for number in range(3)]
    assert names == ["still.png", "still-2.png", "still-3.png"]
    assert path.read_bytes() == b"\0"
    (tmp_path / "link.png").symlink_to("nowhere")
    assert write_new(numbered(tmp_path / "link.png"), b"").name == "link-2.png"


def test_a_report_goes_into_a_pipe_that_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    prepare_report(pipe)
    with pytest.raises(RecordError, match="nobody reads it"):
        write_report(pipe, {"frames": 1})
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_report(pipe, {"frames": 1})
        assert json.loads(os.read(reader, 1000)) == {"frames": 1}
        with pytest.raises(RecordError, match="nobody reads it"):
            write_report(pipe, {"frames": "x" * 1_000_000})
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_report_goes_to_the_programs_own_output(capfd: pytest.CaptureFixture[str]) -> None:
    print("before")
    prepare_report(Path("/dev/stdout"))
    write_report(Path("/dev/stdout"), {"frames": 1})
    write_report(Path("/dev/stderr"), {"frames": 2})
    print("after")
    told = capfd.readouterr()
    assert told.out == 'before\n{\n  "frames": 1\n}\nafter\n'
    assert json.loads(told.err) == {"frames": 2}


def test_an_output_that_is_closed_is_a_named_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with pytest.raises(RecordError, match=f"/dev/fd/{writer}: Broken pipe"):
            write_report(Path(f"/dev/fd/{writer}"), {})
    finally:
        os.close(writer)
    with pytest.raises(RecordError, match="Bad file descriptor"):
        write_report(Path("/proc/self/fd/999"), {})
