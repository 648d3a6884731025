"""The command line as a person meets it: how errors leave, what it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.engine.cli.running import run_main

from chromesthesia import __version__
from chromesthesia.cli import outcome, play
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import AudioError, RecordError, RenderError


def test_headless_without_opengl_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_gl(config: ShowConfig, models: object) -> dict[str, object]:
        raise RenderError("no OpenGL", "install a driver")

    monkeypatch.setattr(play, "_run_show", no_gl)
    assert run_main("run", "--headless") == RenderError.exit_code


@pytest.mark.parametrize(
    "error", [AudioError("no device\n'Foo'", "near:\n'Food'"), RecordError("the disk is full", "free some")]
)
def test_errors_are_one_line_with_the_remedy_and_their_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: AudioError | RecordError
) -> None:
    def fail(config: ShowConfig, models: object) -> dict[str, object]:
        raise error

    monkeypatch.setattr(play, "_run_show", fail)
    assert run_main("run", "--headless") == error.exit_code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0] == f"error: {' '.join(error.message.split())} ({' '.join(error.remedy.split())})"


@pytest.mark.usefixtures("hanging_sound")
def test_devices_names_a_sound_server_that_never_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("devices") == AudioError.exit_code
    assert "error: the sound system has given no answer for 0.01 s" in capsys.readouterr().err


def test_ctrl_c_leaves_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(config: ShowConfig, models: object) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(play, "_run_show", interrupted)
    assert run_main("run", "--headless") == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("run --sed 3", "--seed"),
        ("rnu", "run"),
        ("run --size 3", "1280x720"),
        ("run --size 4x99999", "1280x720"),
        ("run --fps 0", "--fps"),
        ("run --provider gpu", "cuda"),
        ("run --duration -1", "--duration"),
        ("render only.wav", "FILM.mp4"),
    ],
)
def test_wrong_usage_is_one_line_that_helps(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(*line.split()) == 2
    complaint = capsys.readouterr().err.strip()
    assert complaint.startswith("error: ")
    assert words in complaint
    assert "\n" not in complaint


def test_version_and_help() -> None:
    assert run_main("--version") == 0
    assert run_main() == 0
    assert run_main("run", "--help") == 0


def test_help_comes_without_loading_the_engine() -> None:
    probe = (
        "import sys\nfrom chromesthesia.cli.app import main\n"
        "try:\n    main(['run', '--help'])\nexcept SystemExit:\n    pass\n"
        "loaded = {'numpy', 'onnxruntime', 'moderngl', 'pygame', 'av', 'sounddevice'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "--record" in done.stdout


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chromesthesia", "--version"], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"chromesthesia {__version__}")


def test_params_lists_and_searches(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("params") == 0
    everything = capsys.readouterr().out
    assert "/audio/gain_db" in everything
    assert "/emotion/valence" in everything
    assert "/preset/next" in everything
    assert run_main("params", "GATE") == 0
    some = capsys.readouterr().out
    assert "/audio/gate_dbfs" in some
    assert "/audio/gain_db" not in some
    assert run_main("params", "no such thing") == 1


def test_params_prints_the_reference_page(capsys: pytest.CaptureFixture[str]) -> None:
    from chromesthesia.params.reference import parameters_page

    assert run_main("params", "--markdown") == 0
    assert capsys.readouterr().out == parameters_page()


def test_presets_checks_a_file_of_the_users(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = tmp_path / "good.toml"
    good.write_text('schema = 1\nname = "Mine"\n[params]\n"/generator/drift" = 0.1\n')
    bad = tmp_path / "bad.toml"
    bad.write_text('schema = 1\nname = "Mine"\n[params]\n"/generator/drfit" = 0.1\n')

    assert run_main("presets", str(good)) == 0
    assert "Mine" in capsys.readouterr().out
    assert run_main("presets", str(bad)) == 6
    complaint = capsys.readouterr().err
    assert "bad.toml" in complaint
    assert "/generator/drift" in complaint


def test_a_pack_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("packs", "check", str(tmp_path)) == 4
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-3", "1e300"])
@pytest.mark.parametrize("option", ["--duration", "--fps"])
def test_a_number_that_is_none_is_wrong_usage(
    option: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main("run", "--headless", "--source", "demo", option, value) == 2
    assert run_main("render", "a.wav", str(tmp_path / "a.mp4"), option, value) == 2
    complaints = list(filter(None, capsys.readouterr().err.splitlines()))
    assert len(complaints) == 2
    assert all(option.strip("-") in line for line in complaints)


@pytest.mark.parametrize(
    "line",
    [
        "run --headless --source demo --record {}.mp4",
        "run --headless --source demo --report {}",
        "run --headless --source demo --sheet {}.png",
        "run --headless --source demo --stills {}",
        "run --headless --source demo --preset {}",
        "run --headless --source demo --preset {}.toml",
        "run --headless --source demo --pack {}",
        "run --headless --source {}",
        "render {} a.mp4",
        "presets {}",
        "packs check {}",
    ],
)
def test_a_name_that_no_file_can_have_is_one_line(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_main(*(word.format("x" * 300) for word in line.split())) in range(1, 9)
    told = capsys.readouterr().err
    (complaint,) = (part for part in told.splitlines() if part.startswith("error: "))
    assert "xxx" in complaint
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_that_hung_up_does_not_spoil_the_end(
    shows: list[ShowConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(text: str, style: str = "") -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(outcome, "say", gone)
    assert run_main("run", "--headless") == 0


def test_an_error_of_the_system_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(config: ShowConfig, models: object) -> dict[str, object]:
        raise OSError(28, "No space left on device", "/tmp/two\nlines")

    monkeypatch.setattr(play, "_run_show", fail)
    assert run_main("run", "--headless") == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("error: /tmp/two lines: No space left on device (")
    assert len(complaint.splitlines()) == 1


def test_a_device_that_calls_itself_anything_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from chromesthesia.audio.devices import InputDevice

    odd = InputDevice(0, "Mic\n\x1b[31m", "ALSA\r\n", 1, 48_000, True)
    monkeypatch.setattr("chromesthesia.audio.devices.list_inputs", lambda: [odd])
    assert run_main("devices") == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 3
    assert "Mic \N{REPLACEMENT CHARACTER}[31m" in told[1]
