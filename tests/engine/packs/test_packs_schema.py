"""Schema 2 of the manifest: models by their roles, one declaration for reading and writing; schema 1 is still read."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import msgspec
import pytest
from tests.engine.packs.hostile import edit

from chromesthesia.core.errors import PackError
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.manifest import (
    ENCODER_ROLE,
    GENERATOR_ROLE,
    MANIFEST_NAME,
    Manifest,
    manifest_text,
    parse_manifest,
)
from chromesthesia.testing.models import write_tiny_pack

pytest.importorskip("onnx")

EAR = '[[model]]\nrole = "ear for smells"\nfile = "nose.onnx"\nnostrils = 2\n\n'
EAR_TIER = (
    EAR.replace("model]]", "tier]]").replace("role", "model")
    + 'precision = "fp32"\nkept = true\nms = 1.0\nwhy = ""\n'
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A pack of schema 1."""
    return write_tiny_pack(tmp_path / "tiny")


@pytest.fixture
def new(old: Path) -> Path:
    """The same pack with its manifest written anew."""
    where = old / MANIFEST_NAME
    where.write_text(manifest_text(parse_manifest(where.read_text(), where)), encoding="utf-8")
    return old


def read(folder: Path) -> Manifest:
    return parse_manifest((folder / MANIFEST_NAME).read_text(), folder / MANIFEST_NAME)


def test_a_pack_of_schema_1_loads_and_is_the_same_written_anew(old: Path) -> None:
    first = load_pack(old)
    assert first.manifest.schema == 1
    (old / MANIFEST_NAME).write_text(manifest_text(first.manifest), encoding="utf-8")
    second = load_pack(old)
    assert second.manifest.schema == 2
    assert msgspec.structs.replace(second.manifest, schema=1) == first.manifest
    assert second.models == first.models
    assert find_faults(old) == []


def test_the_shipped_pack_says_the_same_written_anew(repository: Path) -> None:
    manifest = read(repository / "exports/default")
    again = parse_manifest(manifest_text(manifest), Path(MANIFEST_NAME))
    assert msgspec.structs.replace(again, schema=manifest.schema) == manifest
    assert {tier.model for tier in manifest.tiers} == {ENCODER_ROLE, GENERATOR_ROLE}


def test_a_file_names_its_models_by_their_roles(new: Path) -> None:
    raw = tomllib.loads((new / MANIFEST_NAME).read_text())
    assert raw["schema"] == 2
    assert [model["role"] for model in raw["model"]] == ["speech-and-music encoder", "generator"]
    assert {tier["model"] for tier in raw["tier"]} == {"speech-and-music encoder", "generator"}
    pack = load_pack(new)
    for role in (ENCODER_ROLE, GENERATOR_ROLE):
        file, content = pack.model(role)
        assert content == (new / file).read_bytes()


def test_models_of_roles_to_come_are_left_alone(new: Path, caplog: pytest.LogCaptureFixture) -> None:
    edit(new, "[[model]]", f"{EAR}[[model]]")
    edit(new, "[[tier]]", f"{EAR_TIER}[[tier]]")
    with caplog.at_level(logging.WARNING):
        pack = load_pack(new)
    assert "roles ['ear for smells'] are left alone" in caplog.text
    assert set(pack.models) == {"encoder.onnx", "generator.onnx"}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("schema = 2", "schema = 3", "expected schema 1 or 2, got 3"),
        ('role = "generator"', 'role = "speech-and-music encoder"', "expected generator|expected encoder"),
        ('role = "generator"', 'role = "painter"', "model: expected one of the role 'generator'"),
        ('role = "generator"', "role = 3", r"model\[1\].role: expected str, got 3"),
        ('role = "generator"\n', "", r"expected model\[1\].role, got nothing"),
        ("hops_per_step = 8", 'hops_per_step = "8"', "encoder.hops_per_step: expected int, got '8'"),
        ("shape = [1, 8, 64]", "shape = [1, 8, 64.5]", r"encoder.input\[0\].shape: expected a list of int"),
        ("noise_size = 16\n", "", "expected generator.noise_size, got nothing"),
        (
            'model = "generator"',
            'model = "painter"',
            r"tier.model: expected one of \['speech-and-music encoder', 'generator'\]",
        ),
        ("[[model]]", "model = 3\n[[other]]", "model: expected list, got 3|not valid TOML"),
    ],
)  # fmt: skip
def test_a_wrong_manifest_of_schema_2_says_what_was_expected(
    new: Path, before: str, after: str, message: str
) -> None:
    edit(new, before, after)
    with pytest.raises(PackError, match=message):
        load_pack(new)


@pytest.mark.parametrize(
    ("table", "message"),
    [("", "expected encoder, got nothing"), ("encoder = 3\n", "encoder: expected dict, got 3")],
)
def test_a_model_of_schema_1_must_be_a_table(table: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        parse_manifest(f'schema = 1\nname = "a"\n{table}', Path(MANIFEST_NAME))


def test_an_unknown_key_of_a_model_is_named_by_its_model(new: Path, caplog: pytest.LogCaptureFixture) -> None:
    edit(new, "noise_size = 16", "noise_size = 16\nnoise_colour = 3")
    with caplog.at_level(logging.WARNING):
        read(new)
    assert "unknown key generator.noise_colour is ignored" in caplog.text
