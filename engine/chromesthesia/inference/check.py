"""Everything that can be wrong with a pack, found in one go: what `chromesthesia packs check` says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from chromesthesia.core.emotions import EMBEDDING_LABEL, EMOTIONS
from chromesthesia.core.errors import ChromesthesiaError, PackError
from chromesthesia.core.records import EMBEDDING_SIZE, ENCODER_HOPS, Float32
from chromesthesia.core.user_files import one_line
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.generator import OnnxGenerator, check_picture
from chromesthesia.inference.probe import check_works, load_pack
from chromesthesia.inference.trial import within
from chromesthesia.packs.contents import MAX_PACK_BYTES, check_listed, read_file, read_manifest_text
from chromesthesia.packs.manifest import MANIFEST_NAME, REMEDY, Manifest, check_sound, parse_manifest
from chromesthesia.packs.pack import Pack, model_files, read_art_index
from chromesthesia.packs.rules import (
    check_art_index_spec,
    check_encoder,
    check_fp32,
    check_generator,
    check_parity,
    check_tiers,
    check_timing,
)

MOST_UNLISTED = 100
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

    def tried(check: Callable[[], object]) -> bool:
        try:
            check()
        except ChromesthesiaError as error:
            if str(error) not in map(str, faults):
                faults.append(error)
            return False
        return True

    tried(lambda: check_sound(manifest.sound, where))
    encoder_fits = tried(lambda: check_encoder(manifest.encoder, where))
    generator_fits = tried(lambda: check_generator(manifest.generator, where))
    tried(lambda: check_timing(manifest.timing, where))
    tried(lambda: check_parity(manifest.parity, where))
    tiers_fit = tried(lambda: check_tiers(manifest, where))
    tried(lambda: check_fp32(manifest, where))
    tried(lambda: check_listed(manifest, where))
    contents: dict[str, bytes] = {}
    left = MAX_PACK_BYTES

    def read(name: str) -> None:
        contents[name] = read_file(path, name, manifest, where, left)

    for name in manifest.files:
        tried(partial(read, name))
        left -= len(contents.get(name, b""))
    tried(lambda: faults.extend(_unlisted(path, manifest)))
    # A model is only run with tensors of a size that the rules allow.
    if encoder_fits and generator_fits and tiers_fit:
        for name, spec in model_files(manifest).items():
            if name in contents:
                tried(partial(check_works, contents[name], spec, one_line(path / name)))
    if manifest.art_index is not None:
        index = manifest.art_index
        tried(lambda: check_art_index_spec(index, manifest, where))
        if index.file in contents:
            tried(lambda: read_art_index(contents[index.file], manifest, path))
    if not faults:
        tried(partial(within, lambda _: check_answers(load_pack(path, check_models=False)), one_line(path)))
    return faults


def check_answers(pack: Pack) -> None:
    """Run both models as a show does. Raises PackError when the state is not carried, or pictures show nothing."""
    encoder = OnnxEncoder(pack)
    first, later, again = (_heard(encoder, pack) for _ in range(3))
    if not np.array_equal(later, again):
        raise PackError(
            f"{one_line(pack.path)}: expected the encoder to answer the same again, got another answer",
            REMEDY,
        )
    if np.array_equal(first[0], first[-1]):
        raise PackError(
            f"{one_line(pack.path)}: expected an encoder whose state follows the sound, "
            f"got one answer for {STATE_STEPS} steps",
            REMEDY,
        )
    generator = OnnxGenerator(pack, "cpu")
    noise = np.ones(generator.noise_size, np.float32)
    labels = generator.condition_labels
    pictures = [generator.paint(_condition_of(number, labels), noise) for number in range(len(EMOTIONS))]
    for picture in pictures:
        check_picture(picture, (*pack.manifest.generator.image_size, 3))
    if any(label in (*EMOTIONS, EMBEDDING_LABEL) for label in labels) and all(
        np.array_equal(pictures[0], other) for other in pictures[1:]
    ):
        raise PackError(
            f"{one_line(pack.path)}: expected pictures that follow the emotion, got one for all", REMEDY
        )


def _condition_of(number: int, labels: Sequence[str]) -> Float32:
    """One emotion for certain; of an embedding, another one for each."""
    embedding = np.random.default_rng(number).normal(size=EMBEDDING_SIZE)
    parts = [embedding if label == EMBEDDING_LABEL else [label == EMOTIONS[number]] for label in labels]
    return np.concatenate(parts).astype(np.float32)


def _heard(encoder: OnnxEncoder, pack: Pack) -> np.ndarray:
    """Embeddings float32 [steps, 128] of one sound heard from the start: a loud half, a quiet half."""
    encoder.reset()
    mels = pack.manifest.sound.mels
    levels = np.repeat([LOUD, QUIET], [STATE_STEPS // 2, STATE_STEPS - STATE_STEPS // 2])
    return np.stack(
        [encoder.step(np.full((ENCODER_HOPS, mels), level, np.float32), 0, 0.0).embedding for level in levels]
    )


def _unlisted(path: Path, manifest: Manifest) -> list[PackError]:
    listed = {MANIFEST_NAME, *manifest.files}
    try:
        others = (entry.name for entry in path.iterdir() if entry.name not in listed)
        names = sorted(itertools.islice(others, MOST_UNLISTED))
    except OSError as error:
        raise PackError(f"{one_line(path)}: cannot be listed: {error.strerror or error}", REMEDY) from error
    return [
        PackError(f"{one_line(path / name)}: expected it in [files], got nothing", REMEDY) for name in names
    ]
