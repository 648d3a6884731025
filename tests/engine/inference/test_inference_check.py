"""`find_faults` and `chromesthesia packs check`: every fault of a pack by name, at once."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia.cli.app import main
from chromesthesia.core.errors import PackError
from chromesthesia.core.records import EMBEDDING_SIZE
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.manifest import MANIFEST_NAME
from chromesthesia.testing.models import rewrite_hashes, write_tiny_pack

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_pack(tmp_path / "tiny")


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / MANIFEST_NAME
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def append(folder: Path, table: str, file: str | None = None) -> None:
    """A table before [files], and the checksum of a file that came with it."""
    path = folder / MANIFEST_NAME
    text = path.read_text().replace("[files]", f"{table}\n[files]")
    if file is not None:
        text += f'"{file}" = "{hashlib.sha256((folder / file).read_bytes()).hexdigest()}"\n'
    path.write_text(text)


def said(folder: Path) -> list[str]:
    return [str(fault) for fault in find_faults(folder)]


def check(folder: Path) -> int:
    with pytest.raises(SystemExit) as left:
        main(["packs", "check", str(folder)])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_a_whole_pack_has_no_fault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(folder) == []
    assert check(folder) == 0
    told = capsys.readouterr().out
    assert "tiny: fine" in told
    assert "Exported on made up" in told
    assert "generator fp32: as trained" in told


def test_several_faults_are_all_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(folder, "hop = 240", "hop = 256")
    edit(folder, "encoder_step_ms = 0.1", "encoder_step_ms = 0.0")
    edit(folder, "generator_torch_onnx = 0.0", "generator_torch_onnx = 0.5")
    with (folder / "generator.onnx").open("ab") as file:
        file.write(b"!")
    (folder / "notes.txt").write_text("left behind")
    (folder / "MODEL_CARD.md").unlink()
    told = said(folder)
    for part in (
        "[sound] hop: expected 240, got 256",
        "timing.encoder_step_ms: expected a number above 0, got 0",
        "parity.generator_torch_onnx: expected 0 to 0.001, got 0.5",
        "generator.onnx: expected sha256",
        "notes.txt: expected it in [files], got nothing",
        "MODEL_CARD.md: expected a file, got nothing",
    ):
        assert sum(part in line for line in told) == 1, (part, told)
    assert len(told) == 6
    assert check(folder) == PackError.exit_code
    printed = capsys.readouterr()
    assert "6 faults" in printed.out
    assert printed.err.replace("\n", " ").count("expected") >= 6


@pytest.mark.parametrize("table", ["timing", "parity"])
def test_a_pack_without_its_measurements_plays_and_fails_the_check(folder: Path, table: str) -> None:
    path = folder / MANIFEST_NAME
    lines = path.read_text().splitlines()
    at = lines.index(f"[{table}]")
    end = next(index for index in range(at + 1, len(lines)) if lines[index].startswith("["))
    path.write_text("\n".join(lines[:at] + lines[end:]) + "\n")
    assert load_pack(folder).name == "tiny"
    (fault,) = said(folder)
    assert f"[{table}]: expected" in fault


def test_a_damaged_manifest_is_the_only_fault(folder: Path) -> None:
    edit(folder, "[encoder.state]", "[encoder.state")
    (fault,) = said(folder)
    assert "not valid TOML" in fault


def test_an_encoder_that_forgets_is_found(folder: Path) -> None:
    model = onnx.load(folder / "encoder.onnx")
    for node in model.graph.node:  # the state is multiplied by nothing, and what is heard too
        if node.output[0] == "summed":
            node.input[0] = node.input[1]
    onnx.save(model, folder / "encoder.onnx")
    rewrite_hashes(folder)
    (fault,) = said(folder)
    assert "expected an encoder whose state follows the sound" in fault


def test_a_generator_deaf_to_the_emotion_is_found(folder: Path) -> None:
    model = onnx.load(folder / "generator.onnx")
    for tensor in model.graph.initializer:
        if tensor.name == "tint":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros(tensor.dims, np.float32), "tint"))
    onnx.save(model, folder / "generator.onnx")
    rewrite_hashes(folder)
    (fault,) = said(folder)
    assert "expected pictures that follow the emotion" in fault


def write_index(folder: Path, count: int = 7, encoder: str | None = None) -> None:
    """A made-up art index, as the training package writes one."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(count, 8)).astype(np.float32)
    made_for = encoder or hashlib.sha256((folder / "encoder.onnx").read_bytes()).hexdigest()
    names = ("emotions", "artists", "titles", "paths")
    texts: dict[str, Any] = {name: np.array([f"{name} {row}" for row in range(count)]) for name in names}
    packed = io.BytesIO()
    np.savez(
        packed,
        schema=np.int64(1),
        encoder_sha256=np.array(made_for),
        paintings=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        sound_mean=np.zeros(EMBEDDING_SIZE, np.float32),
        sound_deviation=np.ones(EMBEDDING_SIZE, np.float32),
        hidden_weight=rng.normal(size=(16, EMBEDDING_SIZE)).astype(np.float32),
        hidden_bias=np.zeros(16, np.float32),
        project_weight=rng.normal(size=(8, 16)).astype(np.float32),
        project_bias=np.zeros(8, np.float32),
        **texts,
    )
    (folder / "art_index.npz").write_bytes(packed.getvalue())


def with_index(folder: Path, declared: int = 7, embedding: int = EMBEDDING_SIZE) -> None:
    digest = hashlib.sha256((folder / "art_index.npz").read_bytes()).hexdigest()
    table = (
        f'[art_index]\nfile = "art_index.npz"\nsha256 = "{digest}"\ncount = {declared}\n'
        f"embedding_size = {embedding}\n"
    )
    append(folder, table, "art_index.npz")


def test_an_art_index_is_loaded_with_the_pack(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_index(folder)
    with_index(folder)
    assert said(folder) == []
    index = load_pack(folder).art_index
    assert index is not None
    embedding = np.random.default_rng(1).normal(size=EMBEDDING_SIZE).astype(np.float32)
    assert len(index.nearest(embedding, 3)) == 3
    assert check(folder) == 0
    assert "index of 7 paintings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("count", "declared", "encoder", "embedding", "message"),
    [
        (7, 9, None, EMBEDDING_SIZE, "expected 9 paintings, got 7"),
        (7, 7, "0" * 64, EMBEDDING_SIZE, "got one for 000000000000"),
        (7, 7, None, 64, "art_index.embedding_size: expected 128, got 64"),
    ],
)
def test_an_art_index_that_does_not_fit_is_refused(
    folder: Path, count: int, declared: int, encoder: str | None, embedding: int, message: str
) -> None:
    write_index(folder, count, encoder)
    with_index(folder, declared, embedding)
    assert any(message in line for line in said(folder))
    with pytest.raises(PackError, match=message):
        load_pack(folder)


def test_an_art_index_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "art_index.npz").write_bytes(b"not an index")
    with_index(folder)
    assert any("art_index.npz: damaged, or no art index" in line for line in said(folder))
