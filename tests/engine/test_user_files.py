"""Reading what a user saved: kinds, sizes, encodings, and one line for one text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chromesthesia.errors import PresetError
from chromesthesia.user_files import one_line, parse_toml, read_bytes, read_text, read_toml


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_the_encodings_that_editors_save(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.toml"
    file.write_text('name = "Grün"\n', encoding=encoding)
    assert read_toml(file, PresetError) == {"name": "Grün"}


def test_bytes_that_are_no_text_are_refused_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b"name = '\xff'")
    with pytest.raises(PresetError, match=r"a\.toml: not UTF-8 text \(byte 8\)"):
        read_text(file, 100, PresetError)


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "missing"])
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    with pytest.raises(PresetError, match=path.name):
        read_bytes(path, 100, PresetError)


def test_a_null_character_in_a_path_is_a_named_error() -> None:
    with pytest.raises(PresetError, match="cannot be read"):
        read_bytes(Path("a\0b"), 100, PresetError)


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(bytes(101))
    assert len(read_bytes(file, 101, PresetError)) == 101
    with pytest.raises(PresetError, match="larger than 100 bytes"):
        read_bytes(file, 100, PresetError)


@pytest.mark.parametrize(
    "text", ["a = ", f"a = {'9' * 5000}", "a = " + "[" * 5000, ".".join("a" * 40_000) + " = 1", "\x00"]
)
def test_every_fault_of_a_toml_text_is_a_named_error(text: str) -> None:
    with pytest.raises(PresetError, match="look"):
        parse_toml(text, Path("look.toml"), PresetError)


def test_one_text_is_one_line_without_control_characters() -> None:
    assert one_line("Two\nlines\r\n\x1b[31mred\u2028end") == "Two lines \N{REPLACEMENT CHARACTER}[31mred end"
    assert one_line("x" * 500, 10) == "x" * 9 + "…"
