"""The doctor tells the ill from the well."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from chromesthesia.cli import doctor
from chromesthesia.cli.app import main
from chromesthesia.cli.doctor import Finding, Verdict


def leave_with(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> int:
    def check(found: Finding) -> Callable[[], Finding]:
        return lambda: found

    monkeypatch.setattr(doctor, "CHECKS", tuple(check(found) for found in findings))
    with pytest.raises(SystemExit) as left:
        main(["doctor"])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_warnings_do_not_fail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code = leave_with(
        monkeypatch,
        Finding("sound in", Verdict.WARNING, "no microphone", "plug one in"),
        Finding("films", Verdict.OK, "H.264"),
    )
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert len(lines) == 2
    assert lines[0].startswith("warning")
    assert lines[0].endswith("→ plug one in")
    assert lines[1].startswith("OK")


def test_one_failure_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert leave_with(monkeypatch, Finding("OpenGL", Verdict.FAIL, "none", "install a driver")) == 1


@pytest.mark.usefixtures("hanging_sound")
def test_a_sound_server_that_never_answers_is_a_warning() -> None:
    finding = doctor.check_sound_in()
    assert finding.verdict is Verdict.WARNING
    assert "no answer" in finding.detail
    assert "PULSE_SERVER" in finding.remedy


def test_a_taken_port_is_seen() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        finding = doctor.check_port(port)
    assert finding.verdict is Verdict.WARNING
    assert str(port) in finding.detail
    assert finding.remedy
    assert doctor.check_port(port).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("installed", "words"),
    [
        ({"onnxruntime", "onnxruntime-gpu"}, "overwrite each other"),
    ],
)
def test_two_builds_of_onnx_runtime_are_a_failure(
    monkeypatch: pytest.MonkeyPatch, installed: set[str], words: str
) -> None:
    def version(name: str) -> str:
        if name in installed:
            return "1.0"
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    finding = doctor.check_runtime()
    assert finding.verdict is Verdict.FAIL
    assert words in finding.detail
    assert "pip" in finding.remedy


def test_one_build_is_fine() -> None:
    finding = doctor.check_runtime()
    assert finding.verdict is Verdict.OK
    assert "cpu" in finding.detail


def test_a_missing_pack_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chromesthesia.packs.find.resource_dirs", lambda kind: [])
    finding = doctor.check_pack()
    assert finding.verdict is Verdict.FAIL
    assert finding.remedy


def test_a_disk_nearly_full_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    assert doctor.check_disk(tmp_path).verdict is Verdict.WARNING


def test_films_can_be_encoded_here() -> None:
    assert doctor.check_film().verdict is Verdict.OK


@pytest.mark.parametrize("named", [{"DISPLAY": ":4097"}, {"WAYLAND_DISPLAY": "nowhere"}], ids=str)
def test_a_display_that_does_not_answer_is_a_warning(named: dict[str, str]) -> None:
    """In a process of its own: SDL's video and other tests' contexts do not share one well."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    }
    said = subprocess.run(
        [sys.executable, "-c", "from chromesthesia.cli.doctor import *; print(check_display())"],
        env={**kept, **named}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "Verdict.WARNING" in said.stdout
    assert next(iter(named.values())) in said.stdout
    assert "headless" in said.stdout


@pytest.mark.gl
def test_opengl_is_tried_for_real() -> None:
    finding = doctor.check_gl()
    assert finding.verdict is not Verdict.FAIL
    assert "OpenGL" in finding.detail
