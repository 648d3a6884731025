"""Loads a model pack and refuses it, with the reason, unless everything in it fits the engine."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from chromesthesia.errors import PackError
from chromesthesia.packs.binding import BoundSession
from chromesthesia.packs.manifest import (
    MANIFEST_NAME,
    REMEDY,
    EncoderSpec,
    GeneratorSpec,
    Manifest,
    TensorSpec,
    check_sound,
    parse_manifest,
)
from chromesthesia.packs.sessions import Session, open_session
from chromesthesia.seams import EMBEDDING_SIZE, EMOTIONS, ENCODER_HOPS

MAX_PACK_BYTES = 256 * 1024 * 1024
MAX_MANIFEST_BYTES = 1024 * 1024
MAX_STATES = 64
MAX_STATE_NUMBERS = 1 << 20
MAX_IMAGE_SIDE = 2048
MAX_NOISE = 4096
CONDITION_LABELS = ("valence", "arousal", *EMOTIONS)
"""What the engine can tell a generator."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pack:
    """A checked pack, wholly in memory: what happens to its folder afterwards does not matter to a running show."""

    path: Path
    manifest: Manifest
    encoder_bytes: bytes = field(repr=False)
    generator_bytes: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """Name as the manifest gives it."""
        return self.manifest.name


def load_pack(path: Path, check_models: bool = True) -> Pack:
    """Read and check the pack in folder `path`.

    Checked: the schema, file names, sizes (256 MiB in all), the sha256 of every file, the mel settings field by field,
    what the manifest says of both models, and, with `check_models`, that ONNX Runtime opens both, finds the tensors
    as declared and gets finite answers. Raises PackError as `expected X, got Y`.
    """
    where = path / MANIFEST_NAME
    manifest = parse_manifest(_read_text(where), where)
    check_sound(manifest.sound, where)
    _check_encoder(manifest.encoder, where)
    _check_generator(manifest.generator, where)
    contents = _read_files(path, manifest, where)
    pack = Pack(path, manifest, contents[manifest.encoder.file], contents[manifest.generator.file])
    if check_models:
        for model, content in (
            (manifest.encoder, pack.encoder_bytes),
            (manifest.generator, pack.generator_bytes),
        ):
            name = str(path / model.file)
            session = open_session(content, "cpu", name=name)
            check_session(session, model.inputs, model.outputs, name)
            _try_once(session, model, name)
    return pack


def check_session(
    session: Session, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], name: str
) -> None:
    """Raise PackError unless the session has exactly these float32 tensors, in any order."""
    for kind, declared, found in (
        ("input", inputs, session.get_inputs()),
        ("output", outputs, session.get_outputs()),
    ):
        actual = {tensor.name: tensor for tensor in found}
        expected = {spec.name for spec in declared}
        if expected != set(actual):
            raise PackError(f"{name}: {kind}s: expected {sorted(expected)}, got {sorted(actual)}", REMEDY)
        for spec in declared:
            tensor = actual[spec.name]
            if tensor.type != "tensor(float)":
                raise PackError(
                    f"{name}: {kind} {spec.name}: expected tensor(float), got {tensor.type}", REMEDY
                )
            if tuple(tensor.shape) != spec.shape:
                raise PackError(
                    f"{name}: {kind} {spec.name}: expected shape {list(spec.shape)}, got {list(tensor.shape)}",
                    REMEDY,
                )


def _try_once(session: Session, model: EncoderSpec | GeneratorSpec, name: str) -> None:
    """Raise PackError unless the model answers zeros with finite numbers."""
    arrays = [
        {spec.name: np.zeros(spec.shape, dtype=np.float32) for spec in specs}
        for specs in (model.inputs, model.outputs)
    ]
    BoundSession(session, arrays[0], arrays[1]).run()
    for output, array in arrays[1].items():
        if not np.isfinite(array).all():
            raise PackError(f"{name}: {output}: expected finite numbers, got NaN or infinity", REMEDY)


def _read_text(where: Path) -> str:
    if not where.parent.is_dir():
        raise PackError(f"no model pack at {where.parent}: expected a folder", "give the folder of a pack")
    try:
        size = where.stat().st_size
        if size > MAX_MANIFEST_BYTES:
            raise PackError(f"{where}: expected at most {MAX_MANIFEST_BYTES} bytes, got {size}", REMEDY)
        return where.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PackError(
            f"{where}: expected UTF-8 text, got {error.reason} at byte {error.start}", REMEDY
        ) from error
    except OSError as error:
        raise PackError(f"{where}: expected a manifest, got {error.strerror}", REMEDY) from error


def _read_files(path: Path, manifest: Manifest, where: Path) -> dict[str, bytes]:
    for name in (manifest.encoder.file, manifest.generator.file):
        if name not in manifest.files:
            raise PackError(f"{where}: [files]: expected the sha256 of {name!r}, got nothing", REMEDY)
    left = MAX_PACK_BYTES
    contents = {}
    for name, expected in manifest.files.items():
        if not _PLAIN_NAME.fullmatch(name):
            raise PackError(f"{where}: [files]: expected a plain file name, got {name!r}", REMEDY)
        if not _SHA256.fullmatch(expected):
            raise PackError(
                f"{where}: [files] {name}: expected a sha256 of 64 hex digits, got {expected!r}", REMEDY
            )
        content = _read_file(path / name, left)
        left -= len(content)
        got = hashlib.sha256(content).hexdigest()
        if got != expected:
            raise PackError(
                f"{path / name}: expected sha256 {expected[:12]}..., got {got[:12]}...: changed or damaged",
                "fetch the pack again, or export it again with chromesthesia-train export",
            )
        contents[name] = content
    return contents


def _read_file(path: Path, at_most: int) -> bytes:
    try:
        if path.is_symlink() or not path.is_file():
            raise PackError(
                f"{path}: expected a file, got {'a link' if path.is_symlink() else 'nothing'}", REMEDY
            )
        # Read one byte more rather than trust the size: the file may grow meanwhile.
        with path.open("rb") as file:
            content = file.read(at_most + 1)
    except OSError as error:
        raise PackError(
            f"{path}: cannot be read: {error.strerror}", "check the file's permissions"
        ) from error
    if len(content) > at_most:
        raise PackError(
            f"{path}: expected a pack of at most {MAX_PACK_BYTES >> 20} MiB, got more",
            "packs are small: this is not one",
        )
    return content


def _check_encoder(encoder: EncoderSpec, where: Path) -> None:
    count = len(encoder.state_inputs)
    _expect(where, "encoder.hops_per_step", ENCODER_HOPS, encoder.hops_per_step)
    _expect(where, "encoder.emotions", EMOTIONS, encoder.emotions)
    _expect(where, "encoder.embedding_size", EMBEDDING_SIZE, encoder.embedding_size)
    _expect(where, "encoder.state: number of outputs", count, len(encoder.state_outputs))
    if count > MAX_STATES:
        raise PackError(f"{where}: encoder.state: expected at most {MAX_STATES} tensors, got {count}", REMEDY)
    shapes = {spec.name: spec.shape for spec in (*encoder.inputs, *encoder.outputs)}
    _expect(
        where,
        "encoder.input names",
        ("log_mel", *encoder.state_inputs),
        tuple(s.name for s in encoder.inputs),
    )
    answers = {"valence": (1,), "arousal": (1,), "probabilities": (1, len(EMOTIONS)), "confidence": (1,)}
    answers["embedding"] = (1, EMBEDDING_SIZE)
    _expect(
        where,
        "encoder.output names",
        (*answers, *encoder.state_outputs),
        tuple(s.name for s in encoder.outputs),
    )
    _expect(where, "encoder.input log_mel: shape", (1, ENCODER_HOPS, 64), shapes["log_mel"])
    for name, shape in answers.items():
        _expect(where, f"encoder.output {name}: shape", shape, shapes[name])
    for before, after in zip(encoder.state_inputs, encoder.state_outputs, strict=True):
        _expect(where, f"encoder.output {after}: shape (as {before})", shapes[before], shapes[after])
        _check_size(where, f"encoder.input {before}: shape", shapes[before], MAX_STATE_NUMBERS)


def _check_generator(generator: GeneratorSpec, where: Path) -> None:
    labels = generator.condition_labels
    unknown = [label for label in labels if label not in CONDITION_LABELS]
    if unknown or not labels or len(set(labels)) != len(labels):
        raise PackError(
            f"{where}: generator.condition_labels: expected labels among {list(CONDITION_LABELS)}, got {list(labels)}",
            "update chromesthesia or choose another pack",
        )
    _check_size(where, "generator.noise_size", (generator.noise_size,), MAX_NOISE)
    _check_size(where, "generator.image_size", generator.image_size, MAX_IMAGE_SIDE**2)
    shapes = {spec.name: spec.shape for spec in (*generator.inputs, *generator.outputs)}
    _expect(where, "generator.input names", ("condition", "noise"), tuple(s.name for s in generator.inputs))
    _expect(where, "generator.output names", ("image",), tuple(s.name for s in generator.outputs))
    _expect(where, "generator.input condition: shape", (1, len(labels)), shapes["condition"])
    _expect(where, "generator.input noise: shape", (1, generator.noise_size), shapes["noise"])
    _expect(where, "generator.output image: shape", (1, 3, *generator.image_size), shapes["image"])


def _expect(where: Path, key: str, expected: object, got: object) -> None:
    if expected != got:
        shown = [list(value) if isinstance(value, tuple) else value for value in (expected, got)]
        raise PackError(f"{where}: {key}: expected {shown[0]}, got {shown[1]}", REMEDY)


def _check_size(where: Path, key: str, shape: tuple[int, ...], most: int) -> None:
    numbers = 1
    for side in shape:
        numbers *= side
        if side < 1 or numbers > most:
            raise PackError(f"{where}: {key}: expected 1 to {most} numbers, got {list(shape)}", REMEDY)
