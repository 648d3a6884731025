"""What the engine asks of a manifest: each rule raises PackError as `expected X, got Y`, naming file and key."""

from __future__ import annotations

import math
from pathlib import Path

from chromesthesia.core.emotions import EMOTIONS, KNOWN_LABELS, condition_size
from chromesthesia.core.errors import PackError
from chromesthesia.core.records import EMBEDDING_SIZE, ENCODER_HOPS
from chromesthesia.core.schema import keys_of
from chromesthesia.core.user_files import one_line, shown
from chromesthesia.packs.manifest import (
    REMEDY,
    ROLES,
    SCHEMA,
    SHORT_NAMES,
    ArtIndexSpec,
    EncoderSpec,
    GeneratorSpec,
    Manifest,
    Parity,
    Tier,
    Timing,
    short_name,
)

MAX_STATES = 64
MAX_TIERS = 16
MAX_STATE_NUMBERS = 1 << 20
MAX_IMAGE_SIDE = 2048
MAX_NOISE = 4096
LARGEST_DIFFERENCE = 1e-3
"""Of an exported model from the trained one, or of the streamed encoder from the offline one."""


def check_encoder(encoder: EncoderSpec, where: Path) -> None:
    count = len(encoder.state_inputs)
    _expect(where, "encoder.hops_per_step", ENCODER_HOPS, encoder.hops_per_step)
    _expect(where, "encoder.emotions", EMOTIONS, encoder.emotions)
    _expect(where, "encoder.embedding_size", EMBEDDING_SIZE, encoder.embedding_size)
    _expect(where, "encoder.state: number of outputs", count, len(encoder.state_outputs))
    if count > MAX_STATES:
        raise _refused(where, f"encoder.state: expected at most {MAX_STATES} tensors, got {count}")
    for kind, specs in (("input", encoder.inputs), ("output", encoder.outputs)):
        names = [spec.name for spec in specs]
        if len(set(names)) != len(names):
            raise _refused(where, f"encoder.{kind} names: expected each once, got {_listed(names)}")
    if not math.isfinite(encoder.latency_ms) or encoder.latency_ms < 0:
        raise _refused(where, f"encoder.latency_ms: expected a time, got {encoder.latency_ms:g}")
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


def check_generator(generator: GeneratorSpec, where: Path) -> None:
    labels = generator.condition_labels
    unknown = [label for label in labels if label not in KNOWN_LABELS]
    if unknown or not labels or len(set(labels)) != len(labels):
        raise _refused(
            where,
            f"generator.condition_labels: expected labels among {list(KNOWN_LABELS)}, got {_listed(labels)}",
            "update chromesthesia or choose another pack",
        )
    _check_size(where, "generator.noise_size", (generator.noise_size,), MAX_NOISE)
    _check_size(where, "generator.image_size", generator.image_size, MAX_IMAGE_SIDE**2)
    shapes = {spec.name: spec.shape for spec in (*generator.inputs, *generator.outputs)}
    _expect(where, "generator.input names", ("condition", "noise"), tuple(s.name for s in generator.inputs))
    _expect(where, "generator.output names", ("image",), tuple(s.name for s in generator.outputs))
    _expect(where, "generator.input condition: shape", (1, condition_size(labels)), shapes["condition"])
    _expect(where, "generator.input noise: shape", (1, generator.noise_size), shapes["noise"])
    _expect(where, "generator.output image: shape", (1, 3, *generator.image_size), shapes["image"])


def _expect(where: Path, key: str, expected: object, got: object) -> None:
    if expected != got:
        both = [_listed(value) for value in (expected, got)]
        raise _refused(where, f"{key}: expected {both[0]}, got {both[1]}")


def _listed(value: object) -> str:
    if isinstance(value, str):
        return one_line(value)
    return shown(list(value) if isinstance(value, tuple) else value, 200)


def _refused(where: Path, what: str, remedy: str = REMEDY) -> PackError:
    return PackError(f"{one_line(where)}: {what}", remedy)


def _check_size(where: Path, key: str, shape: tuple[int, ...], most: int) -> None:
    numbers = 1
    for side in shape:
        numbers *= side
        if side < 1 or numbers > most:
            raise _refused(where, f"{key}: expected 1 to {most} numbers, got {_listed(shape)}")


def check_tiers(manifest: Manifest, where: Path) -> None:
    """Every tier is of a model there is; each kept one has its checksum, and fp32 is the model's own file."""
    if len(manifest.tiers) > MAX_TIERS:
        raise _refused(where, f"tier: expected at most {MAX_TIERS}, got {len(manifest.tiers)}")
    specs = manifest.by_role()
    for tier in manifest.tiers:
        if tier.model not in specs:
            names = list(specs if manifest.schema == SCHEMA else SHORT_NAMES)
            raise _refused(where, f"tier.model: expected one of {names}, got {shown(tier.model)}")
        if not (math.isfinite(tier.ms) and tier.ms > 0):
            raise _refused(where, f"tier {_named(tier)}: ms: expected a time above 0, got {tier.ms:g}")
        if tier.kept and tier.file not in manifest.files:
            raise _refused(where, f"[files]: expected the sha256 of {shown(tier.file)}, got nothing")
        if tier.precision == "fp32":
            _expect(where, f"tier {_named(tier)}: kept", True, tier.kept)
            _expect(where, f"tier {_named(tier)}: file", specs[tier.model].file, tier.file)
        elif tier.kept and any(tier.file == spec.file for spec in manifest.models):
            raise _refused(
                where, f"tier {_named(tier)}: file: expected one of its own, got {shown(tier.file)}"
            )


def check_art_index_spec(spec: ArtIndexSpec, manifest: Manifest, where: Path) -> None:
    """The index fits the encoder, and its checksum is that of [files]."""
    _expect(where, "art_index.embedding_size", manifest.encoder.embedding_size, spec.embedding_size)
    _expect(where, "art_index.sha256 (as in [files])", manifest.files.get(spec.file), spec.sha256)
    _check_size(where, "art_index.count", (spec.count,), 1 << 24)


def check_timing(timing: Timing | None, where: Path) -> None:
    """The pack says what its models take of which machine."""
    if timing is None:
        raise _refused(where, "[timing]: expected the time of both models, got nothing")
    for name in ("encoder_step_ms", "generator_image_ms", "images_per_s", "threads"):
        value = getattr(timing, name)
        if not (math.isfinite(value) and value > 0):
            raise _refused(where, f"timing.{name}: expected a number above 0, got {value:g}")
    if not timing.machine:
        raise _refused(where, "timing.machine: expected the machine's name, got nothing")


def check_parity(parity: Parity | None, where: Path) -> None:
    """The pack says how far the exported models are from the trained ones, and that is not far."""
    if parity is None:
        raise _refused(where, "[parity]: expected how far ONNX is from training, got nothing")
    for name in keys_of(Parity):
        value = getattr(parity, name)
        if not 0.0 <= value <= LARGEST_DIFFERENCE:
            raise _refused(where, f"parity.{name}: expected 0 to {LARGEST_DIFFERENCE:g}, got {value:g}")


def check_fp32(manifest: Manifest, where: Path) -> None:
    """Every model has a line for fp32, the precision that always works."""
    for role in ROLES:
        if not any(tier.model == role and tier.precision == "fp32" for tier in manifest.tiers):
            raise _refused(where, f"tier: expected one of fp32 for the {short_name(role)}, got none")


def _named(tier: Tier) -> str:
    return f"{short_name(tier.model)} {tier.precision}"
