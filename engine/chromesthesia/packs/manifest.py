"""The manifest of a model pack: `manifest.toml`, schema 2, declared once for reading and writing.

Its models are named by what they do in a show, their role. Schema 1, with a table for each of its two models, is read
as well.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from chromesthesia.core.errors import PackError
from chromesthesia.core.schema import (
    MISSING,
    Line,
    MisfitError,
    Table,
    Whole,
    read_table,
    toml_text,
    unknown_keys,
)
from chromesthesia.core.user_files import one_line, parse_toml, shown
from chromesthesia.features.mel import ENCODER_MEL, MelSettings

log = logging.getLogger(__name__)

MANIFEST_NAME = "manifest.toml"
MAX_MANIFEST_BYTES = 64 * 1024
SCHEMA = 2
SCHEMAS = (1, 2)
REMEDY = "export the pack again with chromesthesia-train export"
MOST_UNKNOWN = 10
"""So many unknown keys of one table are named in the log."""

ENCODER_ROLE = "speech-and-music encoder"
GENERATOR_ROLE = "generator"
SHORT_NAMES = MappingProxyType({"encoder": ENCODER_ROLE, "generator": GENERATOR_ROLE})
"""Roles by the names that schema 1 and the messages have for them."""
QUICK = "quick"
"""In the place of a precision: another generator, taught by the pack's to paint the same sooner on a processor."""


_IN_FILES = {"inputs": "input", "outputs": "output"}
"""Arrays of tables are named in the singular."""


class TensorSpec(Table, frozen=True):
    """A float32 tensor of a model: its name and its fixed shape."""

    name: str
    shape: tuple[Whole, ...]


class StateSpec(Table, frozen=True):
    """Names of the tensors that carry a model's state from step to step, in the same order."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class EncoderSpec(Table, frozen=True, tag_field="role", tag=ENCODER_ROLE, rename=_IN_FILES):
    """The encoder: `inputs` are log_mel, then the states; `outputs` end with the next states, in the same order."""

    file: str
    hops_per_step: Whole
    latency_ms: float
    emotions: tuple[str, ...]
    embedding_size: Whole
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    state: StateSpec

    @property
    def state_inputs(self) -> tuple[str, ...]:
        return self.state.inputs

    @property
    def state_outputs(self) -> tuple[str, ...]:
        return self.state.outputs


class GeneratorSpec(Table, frozen=True, tag_field="role", tag=GENERATOR_ROLE, rename=_IN_FILES):
    """The generator: condition [1, labels] and noise [1, noise_size] to image [1, 3, height, width] in 0..1."""

    file: str
    condition_labels: tuple[str, ...]
    noise_size: Whole
    image_size: tuple[Whole, Whole]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


ModelSpec = EncoderSpec | GeneratorSpec
ROLES = (ENCODER_ROLE, GENERATOR_ROLE)
"""Roles that a show has; a pack may hold models for others, which are left alone."""


class Timing(Table, frozen=True):
    """What both models took of one thread's own time on the machine that exported them."""

    machine: Line
    runtime: Line
    threads: Whole
    encoder_step_ms: float
    generator_image_ms: float
    images_per_s: float


class Parity(Table, frozen=True):
    """Greatest differences found at export: ONNX from torch, the streamed encoder from the offline one."""

    encoder_torch_onnx: float
    encoder_streamed_offline: float
    generator_torch_onnx: float


class Tier(Table, frozen=True, kw_only=True):
    """One precision of a model, or its `QUICK` pupil: role, ONNX file, milliseconds a step or picture where exported.

    kept: False for a precision that was tried and left out (no file then); why: in words, with the figures.
    """

    model: Line
    precision: Line
    kept: bool
    file: str = ""
    ms: float
    why: Line


class ArtIndexSpec(Table, frozen=True):
    """The nearest-artwork index: its file and sha256, the number of paintings, the length of an embedding."""

    file: str
    sha256: str
    count: Whole
    embedding_size: Whole


class DataSource(Table, frozen=True):
    """A data set the models were trained on. restricted: its licence limits the use of the weights."""

    name: Line
    used_for: Line
    licence: Line
    restricted: bool


class Manifest(Table, frozen=True, rename={"models": "model", "tiers": "tier"}, kw_only=True):
    """Everything a pack says about itself. files: sha256 (hex) by file name, of every file but the manifest.

    schema: of the file that it was read from. timing, parity, art_index: None, and tiers: empty, in packs that do not
    have them.
    """

    schema: Whole = SCHEMA
    name: Line
    version: Line
    created: Line
    sound: MelSettings
    models: tuple[ModelSpec, ...]
    timing: Timing | None = None
    parity: Parity | None = None
    tiers: tuple[Tier, ...] = ()
    art_index: ArtIndexSpec | None = None
    metrics: Mapping[str, float]
    data: tuple[DataSource, ...]
    files: Mapping[str, str]

    @property
    def encoder(self) -> EncoderSpec:
        """The model of that role; a manifest that was parsed has one."""
        return next(spec for spec in self.models if isinstance(spec, EncoderSpec))

    @property
    def generator(self) -> GeneratorSpec:
        """The model of that role; a manifest that was parsed has one."""
        return next(spec for spec in self.models if isinstance(spec, GeneratorSpec))

    def by_role(self) -> Mapping[str, ModelSpec]:
        """Every model by its role."""
        return {role_of(spec): spec for spec in self.models}


def role_of(spec: ModelSpec) -> str:
    """The role that a model is declared for."""
    return str(spec.__struct_config__.tag)


def short_name(role: str) -> str:
    """What messages call a role."""
    return next((short for short, long in SHORT_NAMES.items() if long == role), role)


def parse_manifest(text: str, where: Path) -> Manifest:
    """Read a manifest of schema 1 or 2. Raises PackError as `expected X, got Y`, naming the file and the key."""
    raw = parse_toml(text, where, PackError, MAX_MANIFEST_BYTES)
    newest: Mapping[str, Any] = raw
    try:
        newest = _known_roles(raw, where) if _schema(raw, where) == SCHEMA else _from_schema_1(raw)
        manifest = read_table(newest, Manifest)
        _check_name(newest["name"])
        # The engine's settings have defaults; a pack says all of them.
        for field in fields(MelSettings):
            if field.name not in newest["sound"]:
                raise MisfitError(("sound", field.name), "", MISSING)
        _check_roles(manifest)
        for index, tier in enumerate(manifest.tiers):
            if tier.kept and not tier.file:
                raise MisfitError(("tier", index, "file"), "", MISSING)
    except MisfitError as misfit:
        raise _refused(misfit, newest, where) from misfit
    _tell_unknown(newest, manifest, where)
    return manifest


def manifest_text(manifest: Manifest) -> str:
    """The manifest as a file of the newest schema holds it: `parse_manifest` reads the same back."""
    return toml_text(msgspec.structs.replace(manifest, schema=SCHEMA))


def check_sound(sound: MelSettings, where: Path) -> None:
    """Raise PackError unless the encoder was trained on what the engine lets encoders hear."""
    for field in fields(MelSettings):
        expected, got = getattr(ENCODER_MEL, field.name), getattr(sound, field.name)
        if expected != got:
            raise PackError(
                f"{one_line(where)}: [sound] {field.name}: expected {expected}, got {shown(got)}", REMEDY
            )


def _schema(raw: Mapping[str, Any], where: Path) -> int:
    schema = read_table({"schema": raw["schema"]} if "schema" in raw else {}, _OfSchema).schema
    if schema not in SCHEMAS:
        raise PackError(
            f"{one_line(where)}: expected schema {SCHEMAS[0]} or {SCHEMAS[1]}, got {schema}",
            "update chromesthesia" if schema > SCHEMA else REMEDY,
        )
    return schema


class _OfSchema(Table, frozen=True):
    schema: Whole


def _from_schema_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A table of schema 1, with its two models and the lines of its tiers as schema 2 has them."""
    newest = {key: value for key, value in raw.items() if key not in SHORT_NAMES}
    models = []
    for short, role in SHORT_NAMES.items():
        if short not in raw:
            raise MisfitError((short,), "", MISSING)
        if not isinstance(raw[short], dict):
            raise MisfitError((short,), "dict", raw[short])
        models.append({**raw[short], "role": role})
    newest["model"] = models
    if isinstance(raw.get("tier"), list):
        newest["tier"] = [
            {**tier, "model": SHORT_NAMES.get(str(tier["model"]), tier["model"])}
            if isinstance(tier, dict) and isinstance(tier.get("model"), str)
            else tier
            for tier in raw["tier"]
        ]
    return _dated(newest)


def _known_roles(raw: Mapping[str, Any], where: Path) -> dict[str, Any]:
    """A table of schema 2 without the models whose role this engine does not know, and without their precisions."""
    models = raw.get("model")
    if not isinstance(models, list):
        return _dated(raw)
    known, others = [], set()
    for model in models:
        role = model.get("role") if isinstance(model, dict) else None
        if isinstance(role, str) and role not in ROLES:
            others.add(role)
        else:
            known.append(model)
    if others:
        log.warning("%s: models of the roles %s are left alone", one_line(where), shown(sorted(others), 200))
    newest = {**raw, "model": known}
    if others and isinstance(raw.get("tier"), list):
        newest["tier"] = [
            tier
            for tier in raw["tier"]
            if not (isinstance(tier, dict) and isinstance(tier.get("model"), str) and tier["model"] in others)
        ]
    return _dated(newest)


def _dated(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the day of its making as text: TOML has dates of its own."""
    created = raw.get("created")
    return {**raw, "created": str(created)} if isinstance(created, date) else dict(raw)


def _check_name(name: str) -> None:
    if not name.strip() or one_line(name) != " ".join(name.split()) or "\n" in name:
        raise MisfitError(("name",), "a short text of one line", name)


def _check_roles(manifest: Manifest) -> None:
    found = [role_of(spec) for spec in manifest.models]
    for role in ROLES:
        if found.count(role) != 1:
            raise MisfitError(("model",), f"one of the role {role!r}", found)


def _refused(misfit: MisfitError, table: Mapping[str, Any], where: Path) -> PackError:
    key = _key(misfit.path, table)
    if misfit.value is MISSING:
        return PackError(f"{one_line(where)}: expected {key}, got nothing", REMEDY)
    got = shown(misfit.value, 100)
    return PackError(f"{one_line(where)}: {key}: expected {misfit.expected}, got {got}", REMEDY)


def _key(path: tuple[str | int, ...], table: Mapping[str, Any]) -> str:
    """`encoder.input[0].shape`: models by their names, whatever the schema."""
    steps = list(path)
    if len(steps) > 1 and steps[0] == "model" and isinstance(steps[1], int):
        model = table["model"][steps[1]]
        role = model.get("role") if isinstance(model, dict) else None
        if role in ROLES:
            steps[:2] = [short_name(role)]
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{one_line(step)}" for step in steps)
    return text.removeprefix(".")


def _tell_unknown(raw: Mapping[str, Any], manifest: Manifest, where: Path) -> None:
    for path, keys in unknown_keys(raw, manifest):
        for key in keys[:MOST_UNKNOWN]:
            log.warning(
                "%s: unknown key %s%s is ignored", one_line(where), _shortened(path, manifest), one_line(key)
            )
        if len(keys) > MOST_UNKNOWN:
            log.warning("%s: %d more unknown keys are ignored", one_line(where), len(keys) - MOST_UNKNOWN)


def _shortened(path: str, manifest: Manifest) -> str:
    for index, spec in enumerate(manifest.models):
        path = path.replace(f"model[{index}].", f"{short_name(role_of(spec))}.", 1)
    return path
