"""What may import what: read from the source, and tried with torch out of reach."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ENGINE = "engine/chromesthesia"
TRAINING = "training/chromesthesia_training"


def imported_modules(source: str, package: tuple[str, ...]) -> Iterator[str]:
    """Absolute names of every module that `source`, lying in `package`, imports anywhere."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*parents, *([node.module] if node.module else ())))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def offences(root: Path, folder: str, forbidden: tuple[str, ...], allowed: tuple[str, ...] = ()) -> list[str]:
    """`file: module` for every import in `folder` that lies in `forbidden` but not in `allowed`."""

    def inside(module: str, names: tuple[str, ...]) -> bool:
        return any(module == name or module.startswith(name + ".") for name in names)

    found = []
    source_root = root / folder.split("/")[0]
    for file in sorted((root / folder).rglob("*.py")):
        package = file.relative_to(source_root).parent.parts
        for module in imported_modules(file.read_text(encoding="utf-8"), package):
            if inside(module, forbidden) and not inside(module, allowed):
                found.append(f"{file.relative_to(root)}: {module}")
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch.nn as nn", "torch.nn"),
        ("from chromesthesia import render", "chromesthesia.render"),
        ("def f():\n    from torch import nn", "torch"),
        ("from ..display import window", "chromesthesia.display.window"),
        ("from . import ring", "chromesthesia.audio.ring"),
    ],
)
def test_every_form_of_import_is_seen(source: str, expected: str) -> None:
    assert expected in set(imported_modules(source, ("chromesthesia", "audio")))


def test_engine_imports_neither_torch_nor_training(repository: Path) -> None:
    forbidden = ("torch", "torchaudio", "torchvision", "sklearn", "onnxscript", "chromesthesia_training")
    assert offences(repository, ENGINE, forbidden) == []


def test_params_stands_on_the_ground_and_on_signals_alone(repository: Path) -> None:
    allowed = ("chromesthesia.params", "chromesthesia.core", "chromesthesia.signals")
    found = offences(repository, f"{ENGINE}/params", ("chromesthesia",), allowed)
    assert [line for line in found if not line.endswith(": chromesthesia")] == []


def test_audio_does_not_import_render(repository: Path) -> None:
    assert (
        offences(
            repository,
            f"{ENGINE}/audio",
            ("chromesthesia.render", "chromesthesia.display", "moderngl", "pygame"),
        )
        == []
    )


def test_training_uses_the_engines_mel(repository: Path) -> None:
    imports = {
        (module, file.parent.name)
        for file in (repository / TRAINING).rglob("*.py")
        for module in imported_modules(
            file.read_text(encoding="utf-8"), file.relative_to(repository / "training").parent.parts
        )
    }
    assert "chromesthesia.features.mel" in {module for module, _ in imports}
    others = {place for module, place in imports if module.startswith(("librosa", "torchaudio"))}
    # music, vae: features that are librosa's by definition, as the reference has them; backbones: pretrained networks.
    assert others <= {"music", "vae", "backbones"}


def test_only_its_adapter_imports_torchaudio(repository: Path) -> None:
    found = offences(repository, TRAINING, ("torchaudio",))
    assert {line.partition(": ")[0] for line in found} == {f"{TRAINING}/backbones/torchaudio_pipeline.py"}


def test_what_training_seldom_needs_is_imported_where_it_is_used(repository: Path) -> None:
    """librosa, xgboost and shap take seconds to import, torchaudio may be absent: no module does so when it is imported
    itself."""
    seldom = ("librosa", "shap", "torchaudio", "xgboost")
    found = []
    for file in (repository / TRAINING).rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                found += [
                    f"{file.name}: {name}"
                    for name in imported_modules(ast.unparse(node), ("chromesthesia_training",))
                    if name.partition(".")[0] in seldom
                ]
    assert found == []


IMPORT_ALL = """
import importlib, pkgutil, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision", "torchaudio"}:
            raise ImportError(f"{name} is out of reach")
sys.meta_path.insert(0, Blocked())
import chromesthesia
names = [m.name for m in pkgutil.walk_packages(chromesthesia.__path__, "chromesthesia.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
assert "torch" not in sys.modules
print(len(names))
"""


def test_every_engine_module_imports_without_torch() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 20
