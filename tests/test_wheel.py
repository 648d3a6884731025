"""The wheel holds every file that it needs to play, and plays with nothing of the checkout in reach.

`make wheel-check` does the same with a wheel built in isolation and an environment that pip filled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from tools.wheel_check import data_files, missing_files


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=repository,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


def test_every_shader_preset_model_and_module_is_in_it(wheel: Path, repository: Path) -> None:
    assert missing_files(wheel) == []
    wanted = data_files(repository)
    for name in (
        "chromesthesia/_data/shaders/finish.frag",
        "chromesthesia/_data/presets/gallery.toml",
        "chromesthesia/_data/exports/default/manifest.toml",
        "chromesthesia/_data/exports/default/generator.onnx",
        "chromesthesia/assets/etude.ogg",
        "chromesthesia/py.typed",
        "chromesthesia_training/py.typed",
    ):
        assert name in wanted


def test_a_file_that_is_not_in_it_is_named(wheel: Path, tmp_path: Path) -> None:
    poorer = tmp_path / "poorer.whl"
    with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(poorer, "w") as part:
        for name in whole.namelist():
            if not name.endswith("/shaders/flow.frag"):
                part.writestr(name, b"")
    assert missing_files(poorer) == ["chromesthesia/_data/shaders/flow.frag"]


@pytest.mark.gl
@pytest.mark.slow
def test_it_plays_in_an_environment_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=False)
    scheme = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    # Libraries come from this environment; an editable install there is not followed by a line of a .pth file.
    Path(scheme, "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(scheme)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    report = tmp_path / "report.json"
    size = ["--size", "96x64", "--duration", "1", "--osc-in-port", "0"]
    done = subprocess.run(
        [python, "-m", "chromesthesia", "run", "--headless", "--source", "demo", *size, "--report", report],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(report.read_text(encoding="utf-8"))["frames"] > 0
    where = subprocess.run(
        [python, "-c", "import chromesthesia; print(chromesthesia.__file__)"],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(folder.resolve())


def test_importing_the_package_loads_nothing_heavy() -> None:
    """What keeps `import chromesthesia` under 50 ms; the time itself is measured by `make wheel-check`."""
    probe = (
        "import sys; before = set(sys.modules); import chromesthesia; "
        "heavy = {'numpy', 'onnxruntime', 'moderngl', 'pygame', 'av', 'sounddevice', 'typer', 'rich', 'PIL'}; "
        "assert not heavy & (set(sys.modules) - before), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
