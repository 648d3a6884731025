"""Reads a model pack and refuses it, with the reason, unless everything in it fits the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chromesthesia.core.errors import PackError
from chromesthesia.core.user_files import one_line
from chromesthesia.packs.art_index import ArtIndex
from chromesthesia.packs.contents import check_listed, read_files, read_manifest_text
from chromesthesia.packs.manifest import (
    GENERATOR_ROLE,
    MANIFEST_NAME,
    QUICK,
    REMEDY,
    Manifest,
    ModelSpec,
    check_sound,
    parse_manifest,
)
from chromesthesia.packs.rules import (
    check_art_index_spec,
    check_encoder,
    check_generator,
    check_tiers,
)


@dataclass(frozen=True, slots=True)
class Pack:
    """A checked pack, wholly in memory: what happens to its folder afterwards does not matter to a running show.

    models: every model by its file's name; art_index: None in a pack without one.
    """

    path: Path
    manifest: Manifest
    models: Mapping[str, bytes] = field(repr=False)
    art_index: ArtIndex | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Name as the manifest gives it."""
        return self.manifest.name

    @property
    def encoder_bytes(self) -> bytes:
        """The fp32 encoder."""
        return self.models[self.manifest.encoder.file]

    @property
    def generator_bytes(self) -> bytes:
        """The fp32 generator."""
        return self.models[self.manifest.generator.file]

    def model(self, role: str, on_cpu: bool = True) -> tuple[str, bytes]:
        """File name and content of the model to run for a role: on a CPU the fastest kept precision, else always fp32.

        The manifest's times decide, so that one pack gives the same frames on every start. int8 models are made for
        CPUs: a GPU would run them slower. A quick pupil is no precision: `quick_model` gives it.
        """
        own = self.manifest.by_role()[role].file
        kept = [
            tier
            for tier in self.manifest.tiers
            if tier.model == role and tier.kept and tier.precision != QUICK
        ]
        fp32_ms = min((tier.ms for tier in kept if tier.file == own), default=None)
        fastest = min(kept, key=lambda tier: tier.ms, default=None)
        if on_cpu and fastest is not None and fp32_ms is not None and fastest.ms < fp32_ms:
            own = fastest.file
        return own, self.models[own]

    def faster_model(self, role: str, on_cpu: bool = True) -> tuple[str, bytes] | None:
        """File name and content of the fastest that is kept, if it is a faster one than `model` gives."""
        running, _ = self.model(role, on_cpu)
        kept = {tier.file: tier.ms for tier in self.manifest.tiers if tier.model == role and tier.kept}
        fastest = min(kept, key=lambda file: kept[file], default=running)
        if running not in kept or kept[fastest] >= kept[running]:
            return None
        return fastest, self.models[fastest]

    def quick_model(self) -> QuickModel | None:
        """The quick pupil of the generator, if it is faster on a CPU than what `model` gives there."""
        running, _ = self.model(GENERATOR_ROLE)
        kept = [tier for tier in self.manifest.tiers if tier.model == GENERATOR_ROLE and tier.kept]
        full_ms = min((tier.ms for tier in kept if tier.file == running), default=None)
        quick = min(
            (tier for tier in kept if tier.precision == QUICK), key=lambda tier: tier.ms, default=None
        )
        if full_ms is None or quick is None or quick.ms >= full_ms:
            return None
        return QuickModel(quick.file, self.models[quick.file], full_ms / quick.ms)


@dataclass(frozen=True, slots=True)
class QuickModel:
    """A generator's quick pupil: its file's name and content, and how many of its pictures take the time of one."""

    file: str
    content: bytes = field(repr=False)
    gain: float


def read_pack(path: Path) -> Pack:
    """Read and check the pack in folder `path`.

    Checked: the schema, file names, sizes (256 MiB in all), the sha256 of every file, the mel settings field by field,
    what the manifest says of both models and their precisions, and the art index where there is one. No model is run:
    `inference.probe.load_pack` does that too. Raises PackError as `expected X, got Y`.
    """
    where = path / MANIFEST_NAME
    manifest = parse_manifest(read_manifest_text(where), where)
    check_sound(manifest.sound, where)
    check_encoder(manifest.encoder, where)
    check_generator(manifest.generator, where)
    check_listed(manifest, where)
    check_tiers(manifest, where)
    if manifest.art_index is not None:
        check_art_index_spec(manifest.art_index, manifest, where)
    contents = read_files(path, manifest, where)
    return Pack(
        path,
        manifest,
        {file: contents[file] for file in model_files(manifest)},
        None
        if manifest.art_index is None
        else read_art_index(contents[manifest.art_index.file], manifest, path),
    )


def model_files(manifest: Manifest) -> dict[str, ModelSpec]:
    """Every ONNX file of a pack, of every precision kept, with what the manifest says of its tensors."""
    specs = manifest.by_role()
    files = {spec.file: spec for spec in specs.values()}
    return files | {tier.file: specs[tier.model] for tier in manifest.tiers if tier.kept}


def read_art_index(content: bytes, manifest: Manifest, path: Path) -> ArtIndex:
    """The art index of a pack whose manifest has one. Raises PackError when it is not as the manifest says."""
    spec = manifest.art_index
    assert spec is not None
    where = one_line(path / spec.file)
    index = ArtIndex.parse(content, where)
    if len(index) != spec.count:
        raise PackError(f"{where}: expected {spec.count} paintings, got {len(index)}", REMEDY)
    made_for = manifest.files[manifest.encoder.file]
    if index.encoder_sha256 != made_for:
        raise PackError(
            f"{where}: expected an index for encoder {made_for[:12]}..., got one for {index.encoder_sha256[:12]}...",
            REMEDY,
        )
    return index
