"""A damaged or hostile index of paintings is refused, whatever its checksum says."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engine.packs.hostile import edit, refused

from chromesthesia.core.errors import PackError
from chromesthesia.packs.art_index import ArtIndex

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


def npy(header: bytes, data: bytes = b"") -> bytes:
    padded = header.ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + data


def npz(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.npy", content)
    return packed.getvalue()


def header(dtype: str, shape: str) -> bytes:
    return f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()


def broken_deflate() -> bytes:
    content = bytearray(npz(schema=npy(header("<i8", "()"), bytes(8)) * 50))
    at = content.index(b"schema.npy") + len("schema.npy")
    content[at : at + 12] = b"\xff" * 12
    return bytes(content)


def crowded() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(2000):
            archive.writestr(f"{number}.npy", b"")
    return packed.getvalue()


INDEXES: dict[str, tuple[Callable[[], bytes], str]] = {
    "256 TB": (lambda: npz(schema=npy(header("<f4", "(70368744177664,)"))), "expected 281474976710656 bytes"),
    "missing": (lambda: npz(schema=npy(header("<f4", "(9,)"))), "expected 36 bytes of float32, got 0"),
    "negative": (lambda: npz(schema=npy(header("<f4", "(-1,)"))), "an array of numbers or text"),
    "objects": (lambda: npz(schema=npy(header("|O", "()"), bytes(8))), "an array of numbers or text"),
    "fields": (
        lambda: npz(schema=npy(b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (), }")),
        "array",
    ),
    "code": (
        lambda: npz(schema=npy(b"{'descr': __import__('os'), 'fortran_order': False, 'shape': (), }")),
        "array",
    ),
    "deep": (lambda: npz(schema=npy(b"(" * 9000)), "an array of numbers or text"),
    "no type": (lambda: npz(schema=npy(header("<f7", "()"), bytes(7))), "unknown type <f7"),
    "empty text": (lambda: npz(schema=npy(header("<U0", "(5,)"))), "expected 0 bytes"),
    "cut": (lambda: npz(schema=npy(header("<i8", "()"), bytes(7))), "expected 8 bytes of int64, got 7"),
    "no array": (lambda: npz(schema=b"text"), "not an array"),
    "broken deflate": (broken_deflate, "damaged"),
    "crowded": (crowded, "table of contents"),
    "no zip": (lambda: b"PK" * 40, "not a zip file"),
    "empty": (lambda: b"", "not a zip file"),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_a_damaged_index_with_a_fitting_checksum_is_refused(folder: Path, kind: str) -> None:
    make, message = INDEXES[kind]
    content = make()
    (folder / "art_index.npz").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    table = f'[art_index]\nfile = "art_index.npz"\nsha256 = "{digest}"\ncount = 1\nembedding_size = 128\n\n[files]\n'
    edit(folder, "[files]\n", f'{table}"art_index.npz" = "{digest}"\n')
    refused(folder, message)


def test_letters_that_are_none_are_refused() -> None:
    raw = npy(header("<U1", "()"), struct.pack("<I", 0x7FFFFFFF))
    with pytest.raises(PackError, match="expected text, got letters that are none"):
        _parse_with(encoder_sha256=raw)


def _parse_with(**changed: bytes) -> ArtIndex:
    one = np.float32(1.0)
    arrays: dict[str, Any] = {
        "schema": np.int64(1),
        "encoder_sha256": np.array("a" * 64),
        "paintings": np.array([[1.0, 0.0]], np.float32),
        "sound_mean": np.zeros(128, np.float32),
        "sound_deviation": np.ones(128, np.float32),
        "hidden_weight": np.ones((2, 128), np.float32),
        "hidden_bias": np.zeros(2, np.float32),
        "project_weight": np.ones((2, 2), np.float32) * one,
        "project_bias": np.zeros(2, np.float32),
        **{name: np.array(["a\nb"]) for name in ("emotions", "artists", "titles", "paths")},
    }
    files = {}
    for name, array in arrays.items():
        packed = io.BytesIO()
        np.save(packed, array)
        files[name] = changed.get(name, packed.getvalue())
    return ArtIndex.parse(npz(**files), "art_index.npz")


def test_names_of_an_index_are_one_line() -> None:
    index = _parse_with()
    assert index.nearest(np.ones(128, np.float32), 1)[0].title == "a b"


def test_numbers_beyond_float32_are_refused() -> None:
    packed = io.BytesIO()
    np.save(packed, np.full(2, 1e300))
    with pytest.raises(PackError, match="hidden_bias: expected finite"):
        _parse_with(hidden_bias=packed.getvalue())
