"""The command line: errors of one line with a remedy and an exit code, tables of what is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chromesthesia_training.cli import app as cli


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Exit code of the console script."""
    monkeypatch.setattr(sys, "argv", ["chromesthesia-train", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code if isinstance(caught.value.code, int) else 1


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    for command in ("data", "encoder", "gan", "export"):
        assert command in result.output


def test_data_prints_what_is_in_a_users_folder(own_sounds: Path, tmp_path: Path) -> None:
    arguments = ["data", "--sounds", str(own_sounds), "--cache", str(tmp_path / "cache")]
    result = CliRunner().invoke(cli.app, arguments, env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    assert "mine" in result.output
    assert list((tmp_path / "cache").glob("mel-own-mine-*.f16"))


def test_a_corrupt_sound_is_one_line_with_its_name_and_exit_code(
    own_sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = own_sounds / "sad" / "speaker0" / "one.wav"
    broken.write_text("text named .wav")
    code = run(["data", "--sounds", str(own_sounds), "--cache", str(tmp_path / "cache")], monkeypatch)
    said = capsys.readouterr().err
    assert code == 9
    assert str(broken) in said.replace("\n", "")
    assert "remove or replace this file" in said
    assert "Traceback" not in said


def test_an_unknown_folder_label_stops_training_before_it_starts(
    own_sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_sounds / "sad").rename(own_sounds / "tired")
    code = run(["encoder", "--sounds", str(own_sounds), "--run", str(tmp_path / "run")], monkeypatch)
    assert code == 9
    assert "names no known emotion" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_export_without_a_run_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["export", str(tmp_path / "pack"), "--encoder", str(tmp_path), "--gan", str(tmp_path)]
    assert run(arguments, monkeypatch) == 10
    assert "chromesthesia-train encoder" in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()


def test_no_data_at_all_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROMESTHESIA_SHARED", str(tmp_path))
    assert run(["data"], monkeypatch) == 2
    assert "no data was given" in capsys.readouterr().err
