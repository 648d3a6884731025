"""Everything that can be wrong with a pack, found in one go: what `chromesthesia packs check` says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from chromesthesia.emotion.encoder import OnnxEncoder
from chromesthesia.errors import ChromesthesiaError, PackError
from chromesthesia.generator.onnx_generator import OnnxGenerator
from chromesthesia.generator.worker import check_picture
from chromesthesia.packs.contents import check_listed, read_file, read_manifest_text
from chromesthesia.packs.manifest import MANIFEST_NAME, Manifest, check_sound, parse_manifest
from chromesthesia.packs.pack import Pack, load_pack, model_files, open_checked, read_art_index
from chromesthesia.packs.rules import (
    check_art_index_spec,
    check_encoder,
    check_fp32,
    check_generator,
    check_parity,
    check_tiers,
    check_timing,
)
from chromesthesia.packs.toml_table import REMEDY
from chromesthesia.seams import EMOTIONS, ENCODER_HOPS

STATE_STEPS = 25
LOUD, QUIET = -4.0, -16.0
"""Log-mel power of a loud and of a silent room, near enough."""


def find_faults(path: Path) -> list[ChromesthesiaError]:
    """Every fault of the pack in folder `path`, in the order of its parts; none when it is whole.

    Beyond what `load_pack` asks: no file that the manifest does not list, the times and the parity of the export, a
    line for fp32 of both models, an encoder that carries its state and answers the same again from the start, and a
    generator whose pictures are not flat and follow the emotion. A manifest that cannot be read is the only fault.
    """
    where = path / MANIFEST_NAME
    try:
        manifest = parse_manifest(read_manifest_text(where), where)
    except PackError as error:
        return [error]
    faults: list[ChromesthesiaError] = []

    def tried(check: Callable[[], object]) -> None:
        try:
            check()
        except ChromesthesiaError as error:
            if str(error) not in map(str, faults):
                faults.append(error)

    tried(lambda: check_sound(manifest.sound, where))
    tried(lambda: check_encoder(manifest.encoder, where))
    tried(lambda: check_generator(manifest.generator, where))
    tried(lambda: check_timing(manifest.timing, where))
    tried(lambda: check_parity(manifest.parity, where))
    tried(lambda: check_tiers(manifest, where))
    tried(lambda: check_fp32(manifest, where))
    tried(lambda: check_listed(manifest, where))
    contents: dict[str, bytes] = {}
    for name in manifest.files:
        tried(lambda name=name: contents.update({name: read_file(path, name, manifest, where)}))  # type: ignore[misc]
    for name in _unlisted(path, manifest):
        faults.append(PackError(f"{path / name}: expected it in [files], got nothing", REMEDY))
    for name, spec in model_files(manifest).items():
        if name in contents:
            tried(lambda name=name, spec=spec: open_checked(contents[name], spec, str(path / name)))  # type: ignore[misc]
    if manifest.art_index is not None:
        index = manifest.art_index
        tried(lambda: check_art_index_spec(index, manifest, where))
        if index.file in contents:
            tried(lambda: read_art_index(contents[index.file], manifest, path))
    if not faults:
        tried(lambda: check_answers(load_pack(path, check_models=False)))
    return faults


def check_answers(pack: Pack) -> None:
    """Run both models as a show does. Raises PackError when the state is not carried, or pictures show nothing."""
    encoder = OnnxEncoder(pack)
    first, later, again = (_heard(encoder, pack) for _ in range(3))
    if not np.array_equal(later, again):
        raise PackError(
            f"{pack.path}: expected the encoder to answer the same again, got another answer", REMEDY
        )
    if np.array_equal(first[0], first[-1]):
        raise PackError(
            f"{pack.path}: expected an encoder whose state follows the sound, got one answer for {STATE_STEPS} steps",
            REMEDY,
        )
    generator = OnnxGenerator(pack, "cpu")
    noise = np.ones(generator.noise_size, np.float32)
    labels = generator.condition_labels
    pictures = [
        generator.paint(np.array([name == label for label in labels], np.float32), noise) for name in EMOTIONS
    ]
    for picture in pictures:
        check_picture(picture, (*pack.manifest.generator.image_size, 3))
    if any(label in EMOTIONS for label in labels) and all(
        np.array_equal(pictures[0], other) for other in pictures[1:]
    ):
        raise PackError(f"{pack.path}: expected pictures that follow the emotion, got one for all", REMEDY)


def _heard(encoder: OnnxEncoder, pack: Pack) -> np.ndarray:
    """Embeddings float32 [steps, 128] of one sound heard from the start: a loud half, a quiet half."""
    encoder.reset()
    mels = pack.manifest.sound.mels
    levels = np.repeat([LOUD, QUIET], [STATE_STEPS // 2, STATE_STEPS - STATE_STEPS // 2])
    return np.stack(
        [encoder.step(np.full((ENCODER_HOPS, mels), level, np.float32), 0, 0.0).embedding for level in levels]
    )


def _unlisted(path: Path, manifest: Manifest) -> list[str]:
    listed = {MANIFEST_NAME, *manifest.files}
    return sorted(entry.name for entry in path.iterdir() if entry.name not in listed)
