"""`chromesthesia isf`: which ISF shaders can be drawn here, and what is wrong with the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from chromesthesia.cli.app import main

pytestmark = pytest.mark.gl

GOOD = '/*{"INPUTS": [{"NAME": "level", "TYPE": "float"}]}*/\nvoid main() { gl_FragColor = vec4(level); }'


def run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as left:
        main(["isf", *arguments])
    return left.value.code


def test_files_are_listed_with_their_inputs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.fs").write_text(GOOD)
    assert run(str(tmp_path)) == 0
    said = capfd.readouterr().out
    assert "good.fs  scene  1       level" in said
    assert "1 of 1 ISF shaders can be drawn here" in said


def test_a_broken_file_is_told_with_its_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.fs").write_text(GOOD)
    (tmp_path / "bad.fs").write_text(GOOD.replace("level)", "nothing)"))
    assert run(str(tmp_path / "bad.fs"), str(tmp_path)) == 1
    said = capfd.readouterr()
    assert "1 of 3 ISF shaders can be drawn here" in said.out
    assert "shader bad.fs:2: error" in said.err


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(str(tmp_path / "gone")) == 2
    assert "no ISF file or folder" in capfd.readouterr().err
