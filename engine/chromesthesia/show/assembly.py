"""What a live show and an offline film have in common: the pack's models, the parameter tree, the stage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chromesthesia.control.controller import Controller
from chromesthesia.core.ahead import Ahead
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.protocols import AudioSource, Encoder, Generator
from chromesthesia.core.records import PaintRequest
from chromesthesia.display.surface import Surface
from chromesthesia.generator.blend import ImageBlend
from chromesthesia.generator.walks.latent import LatentMotion
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.inference.sessions import first_provider
from chromesthesia.isf.plan import IsfPlan
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.packs.art_index import ArtIndex
from chromesthesia.packs.find import find_pack
from chromesthesia.packs.manifest import GENERATOR_ROLE
from chromesthesia.packs.pack import Pack
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import choose_preset, find_presets
from chromesthesia.params.tree import ParameterTree
from chromesthesia.show.stage import Controls, Date, Stage, no_date, no_isf

OWN_MODELS = "own models"
"""Shown in the place of a pack's name where no pack is used."""


@dataclass(frozen=True, slots=True)
class OwnParts:
    """What a caller puts in the place of the engine's own parts; None: the engine's own. surface: opens one."""

    source: AudioSource | None = None
    pack: Pack | None = None
    encoder: Encoder | None = None
    generator: Generator | None = None
    surface: Callable[[], Surface] | None = None


ENGINES_OWN = OwnParts()


@dataclass(frozen=True, slots=True)
class Models:
    """Both models, ready to run, the name of the pack they come from, and its paintings, if its own encoder hears."""

    name: str
    encoder: Encoder
    generator: Generator
    art_index: ArtIndex | None = None
    painter: str = ""
    """Hash of the model that paints, as `painter_of` gives it; empty for one of the caller's own."""
    heard_by: str = ""
    """Hash of the pack's fp32 encoder, which its marks and paintings are for; empty for one of the caller's own."""
    smaller: Callable[[], Generator] | None = None
    """Opens a generator that paints the same with less; None where the pack has none."""
    quick_gain: float = 0.0
    """How many pictures of the smaller one take the time of one, where it is a quick pupil and both paint on the
    processor; else 0."""


def open_models(pack_path: Path | None, provider: str, own: OwnParts = ENGINES_OWN) -> Models:
    """Find, check and load the pack, unless both models are there. Raises PackError naming what is wrong with it."""
    if own.encoder is not None and own.generator is not None:
        return Models(OWN_MODELS, own.encoder, own.generator)
    pack = load_pack(find_pack(pack_path)) if own.pack is None else own.pack
    # Both at a time: ONNX Runtime opens models without Python's lock.
    encoder = Ahead(lambda: OnnxEncoder(pack) if own.encoder is None else own.encoder, "encoder loads")
    generator = OnnxGenerator(pack, provider) if own.generator is None else own.generator
    return Models(
        pack.name,
        encoder.result(),
        generator,
        pack.art_index if own.encoder is None else None,
        painter_of(pack, provider) if own.generator is None else "",
        pack.manifest.files[pack.manifest.encoder.file] if own.encoder is None else "",
        _smaller(pack, provider) if own.generator is None else None,
        _quick_gain(pack, provider) if own.generator is None else 0.0,
    )


def _smaller(pack: Pack, provider: str) -> Callable[[], Generator] | None:
    """Opens the pack's faster precision, on the CPU: where a GPU paints, that is another processor, too."""
    faster = pack.faster_model(GENERATOR_ROLE, on_cpu=first_provider(provider) == "cpu")
    return None if faster is None else lambda: OnnxGenerator(pack, "cpu", model=faster)


def _quick_gain(pack: Pack, provider: str) -> float:
    quick = pack.quick_model() if first_provider(provider) == "cpu" else None
    faster = pack.faster_model(GENERATOR_ROLE)
    return quick.gain if quick is not None and faster is not None and faster[0] == quick.file else 0.0


def painter_of(pack: Pack, provider: str) -> str:
    """SHA-256 of the model file that paints for this pack on this provider."""
    _, content = pack.model(GENERATOR_ROLE, on_cpu=first_provider(provider) == "cpu")
    return hashlib.sha256(content).hexdigest()


def open_controller(preset: str | None) -> tuple[ParameterTree, Controller]:
    """The parameter tree and its only writer, with the named preset (name or file) already loaded.

    Raises PresetError when the preset is unknown or broken.
    """
    tree = ParameterTree(PARAMETERS)
    library = find_presets(resource_dirs("presets"), PARAMETERS)
    return tree, Controller(tree, library, None if preset is None else choose_preset(preset, library))


def make_stage(
    controls: Controls,
    generator: Generator,
    seed: int,
    ask: Callable[[PaintRequest], None],
    isf: Callable[[], IsfPlan] = no_isf,
    date: Callable[[], Date | None] = no_date,
) -> Stage:
    """The stage of one show, its latent walk seeded by `seed`. isf, date: see `Stage`."""
    return Stage(
        controls,
        Mapper(),
        LatentMotion(seed, generator.noise_size, generator.condition_labels),
        ImageBlend(),
        ask,
        isf=isf,
        date=date,
    )
