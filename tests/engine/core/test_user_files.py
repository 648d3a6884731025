"""Reading what a user saved: kinds, sizes, encodings, and one line for one text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chromesthesia.core.errors import PresetError
from chromesthesia.core.user_files import (
    MOST_KEY_PARTS,
    is_file,
    is_folder,
    one_line,
    parse_toml,
    read_bytes,
    read_text,
    read_toml,
    shown,
    stamp_of,
)


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


def test_what_is_refused_is_closed_again(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    for path in (tmp_path, Path("/dev/zero")) * 5:
        with pytest.raises(PresetError):
            read_bytes(path, 100, PresetError)
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "key",
    [
        ".".join("a" * (MOST_KEY_PARTS + 1)) + " = 1",
        "[" + " . ".join(["'a'"] * (MOST_KEY_PARTS + 1)) + "]",
        "x = {" + '."b".a' * MOST_KEY_PARTS + " = 1}",
    ],
)
def test_a_long_dotted_key_is_refused_before_it_costs_anything(key: str) -> None:
    with pytest.raises(PresetError, match=f"more than {MOST_KEY_PARTS} parts"):
        parse_toml(key, Path("a.toml"), PresetError)


def test_dots_that_are_no_key_are_read() -> None:
    text = f"a = '{'. ' * 100}'\nb = [{'1.5, ' * 100}]\n" + ".".join("c" * MOST_KEY_PARTS) + " = 1"
    assert parse_toml(text, Path("a.toml"), PresetError)["b"] == [1.5] * 100


def test_a_foreign_value_is_shown_short_whatever_it_is() -> None:
    deep: dict[str, object] = {}
    inner = deep
    for _ in range(50_000):
        inner["a"] = inner = {}
    for value in (deep, 1 << 100_000, -(1 << 100_000), "a\n" * 5000, [[1] * 5000] * 5000, {"\x1b": b"\0"}):
        text = shown(value)
        assert len(text) <= 60
        assert text.isprintable()
    assert shown("it's") == '"it\'s"'
    assert shown([True, 1, 1.5]) == "[True, 1, 1.5]"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "nowhere"])
def test_a_name_that_nothing_can_have_is_no_file_and_no_folder(tmp_path: Path, name: str) -> None:
    assert not is_file(tmp_path / name)
    assert not is_folder(tmp_path / name)
    assert is_folder(tmp_path)


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


def test_a_file_that_is_saved_anew_has_another_stamp(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    assert stamp_of(file) is None
    assert stamp_of(Path("a\0b")) is None
    file.write_text("a = 1")
    os.utime(file, ns=(1, 1))
    first = stamp_of(file)
    assert first == stamp_of(file) == (1, 5)
    os.utime(file, ns=(2, 2))
    assert stamp_of(file) == (2, 5)
    file.write_text("a = 10")
    os.utime(file, ns=(1, 1))
    assert stamp_of(file) == (1, 6)
