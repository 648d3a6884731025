"""The manifest of a model pack: `manifest.toml`, schema 1, read strictly."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chromesthesia.errors import PackError
from chromesthesia.features.mel import DEFAULT_MEL, MelSettings

log = logging.getLogger(__name__)

MANIFEST_NAME = "manifest.toml"
SCHEMA = 1
REMEDY = "export the pack again with chromesthesia-train export"


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A float32 tensor of a model: its name and its fixed shape."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """The encoder: `inputs` are log_mel, then the states; `outputs` end with the next states, in the same order."""

    file: str
    hops_per_step: int
    latency_ms: float
    emotions: tuple[str, ...]
    embedding_size: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    state_inputs: tuple[str, ...]
    state_outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GeneratorSpec:
    """The generator: condition [1, labels] and noise [1, noise_size] to image [1, 3, height, width] in 0..1."""

    file: str
    condition_labels: tuple[str, ...]
    noise_size: int
    image_size: tuple[int, int]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True)
class DataSource:
    """A data set the models were trained on. restricted: its licence limits the use of the weights."""

    name: str
    used_for: str
    licence: str
    restricted: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a pack says about itself. files: sha256 (hex) by file name, of every file but the manifest."""

    name: str
    version: str
    created: str
    sound: MelSettings
    encoder: EncoderSpec
    generator: GeneratorSpec
    metrics: Mapping[str, float]
    data: tuple[DataSource, ...]
    files: Mapping[str, str]


def parse_manifest(text: str, where: Path) -> Manifest:
    """Read a manifest. Raises PackError as `expected X, got Y`, naming the file and the key."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError(f"{where}: not valid TOML: {error}", REMEDY) from error
    root = _Table(table, where)
    schema = root.get("schema", int)
    if schema != SCHEMA:
        raise PackError(
            f"{where}: expected schema {SCHEMA}, got {schema}",
            "update chromesthesia" if schema > SCHEMA else REMEDY,
        )
    sound = root.table("sound")
    encoder, generator = root.table("encoder"), root.table("generator")
    state = encoder.table("state")
    manifest = Manifest(
        name=root.get("name", str),
        version=root.get("version", str),
        created=str(root.get("created", object)),
        sound=MelSettings(**{field.name: sound.number(field.name) for field in fields(MelSettings)}),
        encoder=EncoderSpec(
            file=encoder.get("file", str),
            hops_per_step=encoder.get("hops_per_step", int),
            latency_ms=encoder.number("latency_ms"),
            emotions=encoder.items("emotions", str),
            embedding_size=encoder.get("embedding_size", int),
            inputs=encoder.tensors("input"),
            outputs=encoder.tensors("output"),
            state_inputs=state.items("inputs", str),
            state_outputs=state.items("outputs", str),
        ),
        generator=GeneratorSpec(
            file=generator.get("file", str),
            condition_labels=generator.items("condition_labels", str),
            noise_size=generator.get("noise_size", int),
            image_size=generator.pair("image_size"),
            inputs=generator.tensors("input"),
            outputs=generator.tensors("output"),
        ),
        metrics=root.table("metrics").numbers(),
        data=tuple(
            DataSource(
                name=entry.get("name", str),
                used_for=entry.get("used_for", str),
                licence=entry.get("licence", str),
                restricted=entry.get("restricted", bool),
            )
            for entry in root.tables("data")
        ),
        files=root.table("files").strings(),
    )
    for table_read in (root, sound, encoder, state, generator):
        table_read.warn_unknown()
    return manifest


def check_sound(sound: MelSettings, where: Path) -> None:
    """Raise PackError unless the pack was trained on the engine's own mel."""
    for field in fields(MelSettings):
        expected, got = getattr(DEFAULT_MEL, field.name), getattr(sound, field.name)
        if expected != got:
            raise PackError(f"{where}: [sound] {field.name}: expected {expected}, got {got}", REMEDY)


class _Table:
    """One TOML table with typed look-up; remembers what was asked for."""

    def __init__(self, values: Mapping[str, Any], where: Path, path: str = "") -> None:
        self._values = values
        self._where = where
        self._path = path
        self._asked: set[str] = set()

    def get(self, key: str, kind: type) -> Any:
        self._asked.add(key)
        if key not in self._values:
            raise PackError(f"{self._where}: expected {self._path}{key}, got nothing", REMEDY)
        value = self._values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
            raise self._wrong(key, kind.__name__, value)
        return value

    def number(self, key: str) -> Any:
        value = self.get(key, object)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a number", value)
        return value

    def items(self, key: str, kind: type) -> tuple[Any, ...]:
        values = self.get(key, list)
        if not all(isinstance(value, kind) and not isinstance(value, bool) for value in values):
            raise self._wrong(key, f"a list of {kind.__name__}", values)
        return tuple(values)

    def pair(self, key: str) -> tuple[int, int]:
        values = self.items(key, int)
        if len(values) != 2:
            raise self._wrong(key, "two numbers", values)
        return values[0], values[1]

    def table(self, key: str) -> _Table:
        return _Table(self.get(key, dict), self._where, f"{self._path}{key}.")

    def tables(self, key: str) -> list[_Table]:
        return [
            _Table(values, self._where, f"{self._path}{key}[{index}].")
            for index, values in enumerate(self.items(key, dict))
        ]

    def tensors(self, key: str) -> tuple[TensorSpec, ...]:
        return tuple(
            TensorSpec(entry.get("name", str), entry.items("shape", int)) for entry in self.tables(key)
        )

    def numbers(self) -> Mapping[str, float]:
        return MappingProxyType({key: self.number(key) for key in self._values})

    def strings(self) -> Mapping[str, str]:
        return MappingProxyType({key: self.get(key, str) for key in self._values})

    def warn_unknown(self) -> None:
        for key in sorted(set(self._values) - self._asked):
            log.warning("%s: unknown key %s%s is ignored", self._where, self._path, key)

    def _wrong(self, key: str, expected: str, value: object) -> PackError:
        return PackError(f"{self._where}: {self._path}{key}: expected {expected}, got {value!r}", REMEDY)
