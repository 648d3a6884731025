"""A damaged or hostile pack is refused by name, in bounded time and memory, whatever is in it."""

from __future__ import annotations

import codecs
import hashlib
import io
import logging
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia.core.errors import PackError
from chromesthesia.inference import probe
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.onnx_walk import MOST_FIELDS, check_model
from chromesthesia.inference.probe import load_pack, try_once
from chromesthesia.inference.sessions import open_session
from chromesthesia.inference.trial import within
from chromesthesia.packs.art_index import ArtIndex
from chromesthesia.packs.contents import check_listed
from chromesthesia.packs.find import find_pack
from chromesthesia.packs.manifest import MANIFEST_NAME, check_sound, parse_manifest
from chromesthesia.packs.rules import (
    check_encoder,
    check_generator,
    check_parity,
    check_tiers,
    check_timing,
)
from chromesthesia.testing.models import rewrite_hashes, write_tiny_pack

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
FLOAT = onnx.TensorProto.FLOAT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_pack(tmp_path / "tiny")


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / MANIFEST_NAME
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def refused(folder: Path, match: str) -> None:
    """Both ways of looking at a pack refuse it, on one line."""
    with pytest.raises(PackError, match=match) as caught:
        load_pack(folder)
    assert len(str(caught.value).splitlines()) == 1
    assert any(str(fault) == str(caught.value) for fault in find_faults(folder))


# -- the manifest -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_a_manifest_saved_with_a_byte_order_mark_is_read(folder: Path, mark: bytes) -> None:
    path = folder / MANIFEST_NAME
    codec = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-8"
    path.write_bytes(mark + path.read_text().encode(codec))
    assert load_pack(folder).name == "tiny"
    assert find_faults(folder) == []


ODD: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a link": lambda path: path.symlink_to("/dev/zero"),
    "a circle": lambda path: path.symlink_to(path.name),
    "bytes": lambda path: path.write_bytes(b"schema = 1\nname = '\xff'"),
    "large": lambda path: path.write_text("#" * 100_000),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", [MANIFEST_NAME, "encoder.onnx"])
def test_a_file_of_another_kind_is_refused(folder: Path, name: str, kind: str) -> None:
    (folder / name).unlink()
    ODD[kind](folder / name)
    refused(folder, name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = " + "[" * 3000, "not valid TOML"),
        ("schema = 1", "schema = 1" + "0" * 5000, "not valid TOML"),
        (
            "schema = 1",
            "schema = 1" + "0" * 400,
            "schema: expected a smaller number, got a number of about 401",
        ),
        ("schema = 1", "schema = 0x" + "f" * 9000, "a number of about"),
        ("schema = 1", "a." * 5000 + "a = 1\nschema = 1", "more than 32 parts"),
        (
            'name = "tiny"',
            'name = "Two\\nlines"',
            r"name: expected a short text of one line, got 'Two\\nlines'",
        ),
        ('name = "tiny"', 'name = "\\u001b[31m"', "name: expected a short text of one line"),
        ('name = "tiny"', 'name = ""', "name: expected a short text of one line"),
        ('name = "tiny"', "name = {a = {a = 1}}", "name: expected str, got {'a'"),
        ('created = "2026-11-21"', "created = [[[[]]]]", "created: expected str"),
        ("\nms = 0.1", "\nms = 1" + "0" * 400, r"tier\[0\].ms: expected a smaller number"),
        ("encoder_macro_f1_test = 0.0", "a = 1" + "0" * 400, "metrics.a: expected a smaller number"),
        ("threads = 1", "threads = 1" + "0" * 400, "timing.threads: expected a smaller number"),
        (
            "sample_rate_hz = ",
            "sample_rate_hz = 0x" + "f" * 9000 + "\n# ",
            r"sample_rate_hz: expected 24000, got a number",
        ),
        ("latency_ms = 20.0", "latency_ms = nan", "encoder.latency_ms: expected a time, got nan"),
        ("shape = [1, 8, 64]", "shape = [1, 8, 1" + "0" * 400 + "]", "shape: expected smaller numbers"),
        ("image_size = [32, 32]", "image_size = [-4, -4]", "image_size: expected 1 to"),
        ('inputs = ["state_0"]', 'inputs = ["log_mel"]', "encoder.input names: expected"),
    ],
)
def test_a_hostile_manifest_is_refused(folder: Path, old: str, new: str, message: str) -> None:
    edit(folder, old, new)
    with pytest.raises(PackError, match=message) as caught:
        load_pack(folder)
    assert MANIFEST_NAME in caught.value.message
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("value", ["-1", "nan", "true", "[[1]]", "{}"])
def test_every_value_may_be_of_another_type(folder: Path, value: str) -> None:
    where = folder / MANIFEST_NAME
    lines = where.read_text().splitlines()
    refusals = 0
    for number, line in enumerate(lines):
        key, equals, _ = line.partition(" = ")
        text = "\n".join([*lines[:number], f"{key} = {value}", *lines[number + 1 :]])
        if equals:
            refusals += was_refused(text, where)
    assert refusals > 50


def was_refused(text: str, where: Path) -> bool:
    """True when a manifest breaks a rule; every other error gets through."""
    try:
        manifest = parse_manifest(text, where)
        check_sound(manifest.sound, where)
        check_encoder(manifest.encoder, where)
        check_generator(manifest.generator, where)
        check_tiers(manifest, where)
        check_listed(manifest, where)
        check_timing(manifest.timing, where)
        check_parity(manifest.parity, where)
    except PackError as error:
        return MANIFEST_NAME in error.message
    return False


def test_a_tensor_named_twice_is_refused(folder: Path) -> None:
    edit(
        folder,
        'inputs = ["state_0"]\noutputs = ["next_state_0"]',
        'inputs = ["s", "s"]\noutputs = ["t", "t"]',
    )
    state = '[[encoder.input]]\nname = "s"\nshape = [1, 8]\n'
    next_state = '[[encoder.output]]\nname = "t"\nshape = [1, 8]\n'
    edit(folder, '[[encoder.input]]\nname = "state_0"\nshape = [1, 8]\n', state * 2)
    edit(folder, '[[encoder.output]]\nname = "next_state_0"\nshape = [1, 8]\n', next_state * 2)
    refused(folder, "encoder.input names: expected each once")


def test_a_precision_in_the_other_models_file_is_refused(folder: Path) -> None:
    tier = (
        '[[tier]]\nmodel = "encoder"\nprecision = "int8"\nkept = true\nfile = "{}"\nms = 0.01\nwhy = "x"\n\n'
    )
    edit(folder, "[[data]]", tier.format("generator.onnx") + "[[data]]")
    refused(folder, "tier encoder int8: file: expected one of its own, got 'generator.onnx'")


def test_a_crowd_of_precisions_is_refused(folder: Path) -> None:
    tier = '[[tier]]\nmodel = "encoder"\nprecision = "int8"\nkept = false\nms = 0.01\nwhy = "x"\n'
    edit(folder, "[[data]]", tier * 20 + "[[data]]")
    refused(folder, "tier: expected at most 16, got 22")


def test_a_crowd_of_unknown_keys_is_told_in_a_few_lines(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    edit(folder, "schema = 1", "schema = 1\n" + "".join(f'"k{number}\\n" = 1\n' for number in range(500)))
    with caplog.at_level(logging.WARNING):
        parse_manifest((folder / MANIFEST_NAME).read_text(), folder / MANIFEST_NAME)
    assert len(caplog.records) == 11
    assert "490 more unknown keys" in caplog.text
    assert all("\n" not in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "two\nlines"])
def test_a_folder_that_cannot_be_is_no_pack(tmp_path: Path, name: str) -> None:
    for look in (find_pack, load_pack):
        with pytest.raises(PackError) as caught:
            look(tmp_path / name)
        assert len(str(caught.value).splitlines()) == 1


# -- the art index ------------------------------------------------------------------------------------------


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


# -- the models ---------------------------------------------------------------------------------------------


def node(*arguments: Any, **attributes: Any) -> Any:
    return onnx.helper.make_node(*arguments, **attributes)


def change_generator(folder: Path, change: Callable[[Any], object]) -> None:
    """Change the model and keep the checksums right, as a hostile hand would."""
    model = onnx.load(folder / "generator.onnx")
    change(model)
    content = model.SerializeToString().replace("\N{SNOWMAN}".encode(), b"\xff\xfe\xfd")
    (folder / "generator.onnx").write_bytes(content)
    rewrite_hashes(folder)


def after_the_image(model: Any, *nodes: Any, constants: dict[str, Any]) -> None:
    """Put `nodes` between the last node and the output: from `painted` to `image`."""
    model.graph.node[-1].output[0] = "painted"
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )


def external(model: Any, location: str = "secret.bin") -> None:
    tensor = model.graph.initializer[0]
    size = len(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(size))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def in_a_node(model: Any) -> None:
    tensor = onnx.numpy_helper.from_array(np.zeros(3, np.float32))
    tensor.data_location = onnx.TensorProto.EXTERNAL
    after_the_image(
        model,
        node("Constant", [], ["c"], value=tensor),
        node("Identity", ["painted"], ["image"]),
        constants={},
    )


def endless(model: Any) -> None:
    shape = [1, 3, 32, 32]
    body = onnx.helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("Identity", ["x"], ["y"])],
        "body",
        [
            onnx.helper.make_tensor_value_info("i", onnx.TensorProto.INT64, []),
            onnx.helper.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
            onnx.helper.make_tensor_value_info("x", FLOAT, shape),
        ],
        [
            onnx.helper.make_tensor_value_info("go_on", onnx.TensorProto.BOOL, []),
            onnx.helper.make_tensor_value_info("y", FLOAT, shape),
        ],
    )
    after_the_image(
        model, node("Loop", ["", "yes", "painted"], ["image"], body=body), constants={"yes": True}
    )


def greedy(model: Any) -> None:
    """Needs 3.2 GB for one tensor."""
    after_the_image(
        model,
        node("ConstantOfShape", ["sides"], ["huge"]),
        node("ReduceMax", ["huge"], ["most"], keepdims=0),
        node("Add", ["painted", "most"], ["image"]),
        constants={"sides": np.array([40_000, 20_000], np.int64)},
    )


def raising(model: Any) -> None:
    """A reshape that no picture fits, which only shows when it runs."""
    after_the_image(
        model,
        node("Slice", ["sides", "from", "to"], ["cut"]),
        node("ConstantOfShape", ["cut"], ["zeros"]),
        node("Cast", ["zeros"], ["shape_of_nothing"], to=onnx.TensorProto.INT64),
        node("Add", ["shape_of_nothing", "five"], ["odd"]),
        node("Reshape", ["painted", "odd"], ["image"]),
        constants={
            "sides": np.array([4], np.int64),
            "from": np.array([0], np.int64),
            "to": np.array([1], np.int64),
            "five": np.array(5, np.int64),
        },
    )


def function(model: Any) -> None:
    made = model.functions.add()
    made.name, made.domain = "f", "own"


def babel(model: Any) -> None:
    """An operator whose name is no text."""
    model.graph.node[-1].op_type = "\N{SNOWMAN}"


def driver(model: Any) -> None:
    after_the_image(model, node("EPContext", ["painted"], ["image"], domain="com.microsoft"), constants={})


MODELS: dict[str, tuple[Callable[[Any], object], str]] = {
    "weights in another file": (external, "got one with weights in another file"),
    "a constant in another file": (in_a_node, "got one with weights in another file"),
    "a loop without end": (endless, "a graph inside of a node"),
    "too much memory": (greedy, "generator.onnx: expected an answer, got"),
    "a fault at its run": (raising, "generator.onnx: expected an answer, got"),
    "functions": (function, "a function of its own"),
    "a name that is no text": (babel, "generator.onnx cannot be loaded by ONNX Runtime"),
    "a driver's file": (driver, "the operator EPContext"),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_hostile_model_with_a_fitting_checksum_is_refused(
    folder: Path,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # where ONNX Runtime would look for other files
    (tmp_path / "secret.bin").write_bytes(bytes(1 << 20))
    change, message = MODELS[kind]
    change_generator(folder, change)
    refused(folder, message)
    assert capfd.readouterr().out == ""


def test_a_model_that_does_not_answer_in_time_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_generator(folder, endless)
    monkeypatch.setattr("chromesthesia.inference.sessions.check_model", lambda content, name: None)
    monkeypatch.setattr(probe, "within", lambda work, name: within(work, name, limit_s=0.2))
    with pytest.raises(PackError, match=r"generator.onnx: expected an answer within 0.2 s, got none"):
        load_pack(folder)


def test_a_trial_tells_every_error(folder: Path) -> None:
    def wrong_use(options: object) -> None:
        raise LookupError("a mistake of ours")

    with pytest.raises(LookupError, match="of ours"):
        within(wrong_use, "model")
    with pytest.raises(PackError, match="model: expected an answer, got MemoryError"):
        within(lambda _: (_ for _ in ()).throw(MemoryError()), "model")
    spec = parse_manifest((folder / MANIFEST_NAME).read_text(), folder).generator
    session = open_session((folder / "generator.onnx").read_bytes(), "cpu", trial=True)
    assert within(lambda options: try_once(session, spec, "generator", options), "generator") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x18\x00\x00\x00ORTM" + bytes(40), "ONNX Runtime's own format"),
        (b"not a model", "cannot be loaded"),
        (b"\x08" + b"\xff" * 20, "no ONNX model from byte"),
        (b"\x3a\xff\xff\xff\xff\x0f", "no ONNX model from byte"),
        (b"\x3b", "no ONNX model from byte"),
        (b"\x08\x01" * (MOST_FIELDS + 1), "more than 100000 fields"),
    ],
)
def test_what_is_no_model_is_seen_before_it_is_opened(content: bytes, message: str) -> None:
    with pytest.raises(PackError, match=message):
        check_model(content, "encoder.onnx")
