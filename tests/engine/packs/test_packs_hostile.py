"""A damaged or hostile manifest is refused by name, in bounded time and memory, whatever is in it."""

from __future__ import annotations

import codecs
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.engine.packs.hostile import edit, refused

from chromesthesia.core.errors import PackError
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.probe import load_pack
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

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


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
