"""The manifest of a model pack: `manifest.toml`, schema 1, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from chromesthesia.core.errors import PackError
from chromesthesia.core.user_files import one_line, parse_toml
from chromesthesia.features.mel import ENCODER_MEL, MelSettings
from chromesthesia.packs.toml_table import REMEDY, Table

MANIFEST_NAME = "manifest.toml"
MAX_MANIFEST_BYTES = 64 * 1024
SCHEMA = 1


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
class Tier:
    """One precision of a model: `encoder` or `generator`, its ONNX file, milliseconds a step or picture where exported.

    kept: False for a precision that was tried and left out (no file then); why: in words, with the figures.
    """

    model: str
    precision: str
    kept: bool
    file: str
    ms: float
    why: str


@dataclass(frozen=True, slots=True)
class Timing:
    """What both models took of one thread's own time on the machine that exported them."""

    machine: str
    runtime: str
    threads: int
    encoder_step_ms: float
    generator_image_ms: float
    images_per_s: float


@dataclass(frozen=True, slots=True)
class Parity:
    """Greatest differences found at export: ONNX from torch, the streamed encoder from the offline one."""

    encoder_torch_onnx: float
    encoder_streamed_offline: float
    generator_torch_onnx: float


@dataclass(frozen=True, slots=True)
class ArtIndexSpec:
    """The nearest-artwork index: its file and sha256, the number of paintings, the length of an embedding."""

    file: str
    sha256: str
    count: int
    embedding_size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a pack says about itself. files: sha256 (hex) by file name, of every file but the manifest.

    timing, parity, art_index: None, and tiers: empty, in packs that do not have them.
    """

    name: str
    version: str
    created: str
    sound: MelSettings
    encoder: EncoderSpec
    generator: GeneratorSpec
    metrics: Mapping[str, float]
    data: tuple[DataSource, ...]
    files: Mapping[str, str]
    tiers: tuple[Tier, ...] = ()
    timing: Timing | None = None
    parity: Parity | None = None
    art_index: ArtIndexSpec | None = None


def parse_manifest(text: str, where: Path) -> Manifest:
    """Read a manifest. Raises PackError as `expected X, got Y`, naming the file and the key."""
    root = Table(parse_toml(text, where, PackError, MAX_MANIFEST_BYTES), where)
    schema = root.get("schema", int)
    if schema != SCHEMA:
        raise PackError(
            f"{one_line(where)}: expected schema {SCHEMA}, got {schema}",
            "update chromesthesia" if schema > SCHEMA else REMEDY,
        )
    sound = root.table("sound")
    encoder, generator = root.table("encoder"), root.table("generator")
    state = encoder.table("state")
    manifest = Manifest(
        name=root.name("name"),
        version=root.text("version"),
        created=_created(root),
        sound=MelSettings(**{field.name: sound.number(field.name) for field in fields(MelSettings)}),
        encoder=EncoderSpec(
            file=encoder.get("file", str),
            hops_per_step=encoder.get("hops_per_step", int),
            latency_ms=encoder.number("latency_ms"),
            emotions=encoder.items("emotions", str),
            embedding_size=encoder.get("embedding_size", int),
            inputs=_tensors(encoder, "input"),
            outputs=_tensors(encoder, "output"),
            state_inputs=state.items("inputs", str),
            state_outputs=state.items("outputs", str),
        ),
        generator=GeneratorSpec(
            file=generator.get("file", str),
            condition_labels=generator.items("condition_labels", str),
            noise_size=generator.get("noise_size", int),
            image_size=generator.pair("image_size"),
            inputs=_tensors(generator, "input"),
            outputs=_tensors(generator, "output"),
        ),
        metrics=root.table("metrics").numbers(),
        data=tuple(
            DataSource(
                name=entry.text("name"),
                used_for=entry.text("used_for"),
                licence=entry.text("licence"),
                restricted=entry.get("restricted", bool),
            )
            for entry in root.tables("data")
        ),
        files=root.table("files").strings(),
        tiers=tuple(_tier(entry) for entry in root.optional_tables("tier")),
        timing=_timing(root.optional("timing")),
        parity=_parity(root.optional("parity")),
        art_index=_art_index(root.optional("art_index")),
    )
    for table_read in (root, sound, encoder, state, generator):
        table_read.warn_unknown()
    return manifest


def check_sound(sound: MelSettings, where: Path) -> None:
    """Raise PackError unless the encoder was trained on what the engine lets encoders hear."""
    for field in fields(MelSettings):
        expected, got = getattr(ENCODER_MEL, field.name), getattr(sound, field.name)
        if expected != got:
            raise PackError(
                f"{one_line(where)}: [sound] {field.name}: expected {expected}, got {got}", REMEDY
            )


def _tensors(table: Table, key: str) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(entry.get("name", str), entry.items("shape", int)) for entry in table.tables(key))


def _created(root: Table) -> str:
    """A date, or a text."""
    value = root.get("created", object)
    return str(value) if isinstance(value, date) else root.text("created")


def _tier(table: Table) -> Tier:
    kept = table.get("kept", bool)
    return Tier(
        model=table.text("model"),
        precision=table.text("precision"),
        kept=kept,
        file=table.get("file", str) if kept else "",
        ms=float(table.number("ms")),
        why=table.text("why"),
    )


def _timing(table: Table | None) -> Timing | None:
    if table is None:
        return None
    return Timing(
        machine=table.text("machine"),
        runtime=table.text("runtime"),
        threads=table.get("threads", int),
        encoder_step_ms=float(table.number("encoder_step_ms")),
        generator_image_ms=float(table.number("generator_image_ms")),
        images_per_s=float(table.number("images_per_s")),
    )


def _parity(table: Table | None) -> Parity | None:
    if table is None:
        return None
    return Parity(**{field.name: float(table.number(field.name)) for field in fields(Parity)})


def _art_index(table: Table | None) -> ArtIndexSpec | None:
    if table is None:
        return None
    return ArtIndexSpec(
        file=table.get("file", str),
        sha256=table.get("sha256", str),
        count=table.get("count", int),
        embedding_size=table.get("embedding_size", int),
    )
