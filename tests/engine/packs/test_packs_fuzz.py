"""Whatever is in the files of a pack: a pack that fits, or a PackError on one line. Nothing else, and soon."""

from __future__ import annotations

import io
import logging
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzzing import check_told, growth_bytes, in_time, settings_for
from tests.hostile_toml import toml_bytes

from chromesthesia.core.errors import PackError
from chromesthesia.core.user_files import decode_text
from chromesthesia.inference.onnx_walk import check_model
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.art_index import ALL_ARRAYS, ArtIndex
from chromesthesia.packs.contents import check_listed
from chromesthesia.packs.manifest import MANIFEST_NAME, Manifest, check_sound, manifest_text, parse_manifest
from chromesthesia.packs.rules import (
    check_encoder,
    check_fp32,
    check_generator,
    check_parity,
    check_tiers,
    check_timing,
)
from chromesthesia.testing.models import rewrite_hashes, write_tiny_pack

pytest.importorskip("onnx")

WHERE = Path("fuzz") / MANIFEST_NAME
DEFAULT = (Path(__file__).parents[3] / "exports" / "default" / MANIFEST_NAME).read_bytes()
with tempfile.TemporaryDirectory() as folder:
    OLD = (write_tiny_pack(Path(folder)) / MANIFEST_NAME).read_bytes()
NEW = manifest_text(parse_manifest(OLD.decode(), WHERE)).encode()


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown keys are told in the log; here there are thousands."""
    monkeypatch.setattr(logging.getLogger("chromesthesia.packs.manifest"), "disabled", True)


def read_manifest(content: bytes) -> Manifest | None:
    """The manifest of a file with this content after every rule; None when it was refused as it should be."""
    try:
        manifest = parse_manifest(decode_text(content, WHERE, PackError), WHERE)
        check_sound(manifest.sound, WHERE)
        check_encoder(manifest.encoder, WHERE)
        check_generator(manifest.generator, WHERE)
        check_timing(manifest.timing, WHERE)
        check_parity(manifest.parity, WHERE)
        check_tiers(manifest, WHERE)
        check_fp32(manifest, WHERE)
        check_listed(manifest, WHERE)
    except PackError as error:
        check_told(error)
        return None
    return manifest


@settings_for()
@given(toml_bytes((OLD, NEW, NEW, DEFAULT)))
def test_fuzz_manifest(content: bytes) -> None:
    with in_time():
        manifest = read_manifest(content)
    if manifest is not None:
        assert manifest.name.isprintable()
        assert all(tier.why.isprintable() for tier in manifest.tiers)


def arrays() -> dict[str, Any]:
    return {
        "schema": np.int64(1),
        "encoder_sha256": np.array("a" * 64),
        "paintings": np.array([[1.0, 0.0], [0.0, 1.0]], np.float32),
        "sound_mean": np.zeros(128, np.float32),
        "sound_deviation": np.ones(128, np.float32),
        "hidden_weight": np.ones((2, 128), np.float16),
        "hidden_bias": np.zeros(2, np.float32),
        "project_weight": np.ones((2, 2), np.float32),
        "project_bias": np.zeros(2, np.float32),
        **{name: np.array(["one", "two"]) for name in ("emotions", "artists", "titles", "paths")},
    }


def packed(compressed: bool) -> bytes:
    content = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(content, **arrays())
    return content.getvalue()


STORED, DEFLATED = packed(False), packed(True)
HEADERS = (
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (70368744177664,), }",
    b"{'descr': '<U999999', 'fortran_order': True, 'shape': (2, 2), }",
    b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }",
    b"{'descr': '>f8', 'fortran_order': True, 'shape': (1, 16), }",
    b"{'descr': '<u8', 'fortran_order': False, 'shape': (), }",
    b"((((((((",
)


@st.composite
def index_bytes(draw: st.DrawFn) -> bytes:
    """An index with changed bytes, a changed length, a lying header or array, cut, or noise."""
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return draw(st.binary(max_size=300))
    if kind == 1:
        archive = io.BytesIO()
        changed = draw(st.sampled_from(ALL_ARRAYS))
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writing:
            for name, array in arrays().items():
                one = io.BytesIO()
                np.save(one, array)
                if name == changed:
                    head = draw(st.sampled_from(HEADERS)).ljust(118) + b"\n"
                    data = draw(st.binary(max_size=64))
                    one = io.BytesIO(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data)
                writing.writestr(f"{name}.npy", one.getvalue())
        return archive.getvalue()
    content = bytearray(draw(st.sampled_from((STORED, DEFLATED))))
    if kind == 2:
        return bytes(content[: draw(st.integers(0, len(content)))])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content) - 5))
        if draw(st.booleans()):
            content[at] = draw(st.integers(0, 255))
        else:
            struct.pack_into("<I", content, at, draw(st.integers(0, 2**32 - 1)))
    return bytes(content)


def read_index(content: bytes) -> ArtIndex | None:
    """The index; None when it was refused as it should be."""
    try:
        return ArtIndex.parse(content, "art_index.npz")
    except PackError as error:
        check_told(error)
        return None


@settings_for()
@given(index_bytes())
def test_fuzz_art_index(content: bytes) -> None:
    with in_time():
        index = read_index(content)
    if index is not None:
        assert np.isfinite(index.paintings).all()
        assert len(index.nearest(np.ones(128, np.float32), 2)) == min(2, len(index))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_pack(tmp_path_factory.mktemp("packs") / "tiny")


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Places (as parts of 10,000 of a file) and the bytes to put there."""
    return draw(st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), min_size=1, max_size=6))


def changed(content: bytes, places: list[tuple[int, int]]) -> bytes:
    result = bytearray(content)
    for place, byte in places:
        # Half of all changes hit the first 400 bytes and the last: names and shapes rather than weights.
        at = place % 400 if place % 2 else len(result) * place // 10_000
        result[min(at, len(result) - 1)] = byte
    return bytes(result)


def walk(content: bytes) -> bool:
    """True when the model may be opened; False when it was refused as it should be."""
    try:
        check_model(content, "encoder.onnx")
    except PackError as error:
        check_told(error)
        return False
    return True


@settings_for()
@given(st.sampled_from(("encoder.onnx", "generator.onnx")), changes(), st.binary(max_size=40))
def test_fuzz_model(tiny: Path, name: str, places: list[tuple[int, int]], tail: bytes) -> None:
    content = changed((tiny / name).read_bytes(), places) + tail
    with in_time():
        walk(content)
        walk(tail)


FILES = (MANIFEST_NAME, "encoder.onnx", "generator.onnx", "MODEL_CARD.md")


@settings_for(50)
@given(st.sampled_from(FILES), changes(), st.booleans())
def test_fuzz_pack(tiny: Path, name: str, places: list[tuple[int, int]], fitting: bool) -> None:
    whole = {file: (tiny / file).read_bytes() for file in FILES}
    try:
        (tiny / name).write_bytes(changed(whole[name], places))
        if fitting and name != MANIFEST_NAME:
            rewrite_hashes(tiny)
        with in_time():
            load_pack(tiny, check_models=False)
    except PackError as error:
        check_told(error)
    finally:
        for file, content in whole.items():
            (tiny / file).write_bytes(content)


def test_refusing_packs_leaves_nothing_behind(tiny: Path) -> None:
    model = (tiny / "encoder.onnx").read_bytes()
    cuts = range(0, 900, 300)
    for read, inputs in (
        (read_manifest, [NEW[: 2 * cut] for cut in cuts]),
        (read_index, [kind[: 3 * cut] for kind in (STORED, DEFLATED) for cut in cuts]),
        (walk, [model[:cut] for cut in cuts]),
    ):
        assert growth_bytes(read, inputs, rounds=2) < 64 * 1024
