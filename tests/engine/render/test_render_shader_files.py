"""What a user's shader files may do to the reader: nothing but a named error, however they include each other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chromesthesia.core.errors import RenderError
from chromesthesia.render.shader_files import FILE_LIMIT, PROGRAM_FILES, PROGRAM_LIMIT, ShaderFiles


def write(folder: Path, **files: str) -> ShaderFiles:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return ShaderFiles([folder])


def test_files_that_include_each_other_are_joined_once(tmp_path: Path) -> None:
    files = write(tmp_path, a='#include "b"\nfloat a;', b='#include "a"\n#include "b"\nfloat b;')
    source = files.source("a")
    assert source.files == ("a", "b")
    assert source.text.splitlines() == [
        "#line 1 1", "#line 1 2", "", "", "float b;", "#line 2 1", "float a;"
    ]  # fmt: skip


def test_a_chain_that_has_no_end_is_refused(tmp_path: Path) -> None:
    files = write(tmp_path, **{f"f{n}": f'#include "f{n + 1}"\n' for n in range(PROGRAM_FILES + 1)})
    with pytest.raises(RenderError, match=f"more than {PROGRAM_FILES} files"):
        files.source("f0")


def test_a_shader_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=f"larger than {FILE_LIMIT} bytes"):
        write(tmp_path, a="/" * (FILE_LIMIT + 1)).source("a")
    parts = {f"p{n}": "//\n" * 20_000 for n in range(6)}
    whole = "".join(f'#include "{name}"\n' for name in parts)
    with pytest.raises(RenderError, match=f"below {PROGRAM_LIMIT}"):
        write(tmp_path, whole=whole, **parts).source("whole")


@pytest.mark.parametrize(
    "name",
    ["/dev/zero", "../outside", "a/../../outside", "", "x" * 300, "a\x1b[2Jb", "..", "a//b", "\0", "ü"],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").write_text("secret")
    folder = tmp_path / "shaders"
    folder.mkdir()
    with pytest.raises(RenderError) as refused:
        write(folder, a=f'#include "{name}"\n').source(name)
    assert str(refused.value).isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_or_device_is_no_shader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    files = write(tmp_path, text="float x;")
    for name in ("pipe", "zero", "folder", "text/x"):
        with pytest.raises(RenderError):
            files.source(name)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\xd8", b"float \xc3;", b"float\x00x;"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(RenderError, match="text"):
        ShaderFiles([tmp_path]).source("a")


def test_a_byte_order_mark_is_taken_off(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbffloat a;")
    assert ShaderFiles([tmp_path]).source("a").text == "#line 1 1\nfloat a;"
