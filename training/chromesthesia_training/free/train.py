"""A read-out on YAMNet's own layers, fitted to free voices in made rooms: an encoder that may be sold."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia.features.mel import ENCODER_MEL, log_mel
from chromesthesia_training.data.bursts import CORPUS_NAME as BURSTS
from chromesthesia_training.data.cache import open_cache
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.augment import recolour, stretch
from chromesthesia_training.encoder.model import StreamingEncoder
from chromesthesia_training.encoder.pretrained import begin_with_yamnet
from chromesthesia_training.encoder.read_out import Points, fit_read_out
from chromesthesia_training.encoder.refit import room_temperature, write_refit
from chromesthesia_training.encoder.spoiled import Surroundings, noises_and_things, spoiled
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.free.material import (
    free_sets,
    origins_of,
    training_clips,
    weights_of,
)
from chromesthesia_training.free.moments import Kept, in_their_rooms, moments_of, points_of
from chromesthesia_training.free.settings import FreeSettings
from chromesthesia_training.metrics.scores import macro_f1
from chromesthesia_training.packing.provenance import PROVENANCE_NAME, Origin, provenance_bytes
from chromesthesia_training.safe_write import whole_file, write_text_whole
from chromesthesia_training.scenes.unfelt import unfelt_sound

logger = logging.getLogger(__name__)

LONGEST_HOPS = 2_000
UNFELT_S = 4.0
ROOM_MOMENTS = 5.0
"""So many moments of a training room count as much as what all training sounds have."""
RECORDED = "recorded"
FIT_ON = "free.json"
"""In a run's folder: what its kept moments were made with."""


@dataclass(frozen=True)
class Pass:
    """Moments of one hearing of some clips; name: `recorded-emodb`, `rooms-emodb-0`, ..."""

    name: str
    clips: Sequence[Clip]
    kept: Kept


@dataclass(frozen=True)
class Trained:
    """What came of it: the checkpoint, figures of validation voices by what they are, every file that trained it."""

    checkpoint: Path
    figures: dict[str, float]
    origins: list[Origin]


def train_free(settings: FreeSettings) -> Trained:
    """Hear all free voices, fit the read-out on the train split for the figures, and on train and val to keep.

    Goes on where it was interrupted: a hearing that was finished is kept in the run's folder. Writes `provenance.csv`
    there. Raises LicenceError for a file that is not free, DataError for what cannot be read or a full disk.
    """
    sets = free_sets(settings.data_dir, settings.sounds)
    weights = weights_of(settings.data_dir, settings.pretrained)
    origins = origins_of(sets, weights)
    torch.manual_seed(settings.seed)
    encoder = StreamingEncoder(settings.recipe.sizes)
    begin_with_yamnet(encoder, weights)
    encoder.eval()
    listed = provenance_bytes(origins)
    _begin(settings, listed)
    passes = _hear(encoder, training_clips(sets), settings)
    unfelt = _unfelt(encoder, settings)
    _fit(encoder, [_of_split(one, ("train",)) for one in passes], unfelt, settings)
    figures, temperature = _validated(encoder, [_of_split(one, ("val",)) for one in passes])
    logger.info("validation voices: %s", ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    _fit(encoder, passes, unfelt, settings)
    with whole_file(settings.run_dir / PROVENANCE_NAME) as file:
        file.write(listed)
    path = write_refit(encoder, temperature, settings.run_dir, figures, settings.recipe.read_out.steps)
    return Trained(path, figures, origins)


def _begin(settings: FreeSettings, listed: bytes) -> None:
    """Forget hearings that were made with other settings or other files."""
    wanted = {
        "seed": settings.seed,
        "files": hashlib.sha256(listed).hexdigest(),
        **{key: value for key, value in settings.recipe.told().items() if key not in ("read_out", "bursts")},
    }
    record = settings.run_dir / FIT_ON
    try:
        same = json.loads(record.read_text(encoding="utf-8")) == json.loads(json.dumps(wanted))
    except (OSError, ValueError):
        same = False
    if settings.fresh or not same:
        for path in settings.run_dir.glob("moments-*.npz"):
            path.unlink()
    write_text_whole(record, json.dumps(wanted, indent=1) + "\n")


def _hear(encoder: StreamingEncoder, clips: Sequence[Clip], settings: FreeSettings) -> list[Pass]:
    recipe = settings.recipe
    spectra: dict[Path, NDArray[np.generic]] = {}
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        paths = [clip.path for clip in clips if clip.corpus == corpus]
        cache = open_cache(f"free-{corpus}", paths, settings.cache_dir)
        spectra.update({path: cache[path] for path in paths})
    speech = [clip for clip in clips if clip.corpus != BURSTS]
    bursts = [clip for clip in clips if clip.corpus == BURSTS]
    noises, things = noises_and_things(settings.seed)
    around = Surroundings(
        noises, things, [spectra[clip.path] for clip in speech if clip.split == "train"], []
    )

    def heard(
        name: str, chosen: Sequence[Clip], change: Callable[[Float32, np.random.Generator], Float32]
    ) -> Pass:
        def make() -> Kept:
            rng = np.random.default_rng([settings.seed, *name.encode()])
            mels = [change(np.asarray(spectra[clip.path], np.float32), rng) for clip in chosen]
            return moments_of(encoder, mels)

        return Pass(name, chosen, _kept(settings.run_dir / f"moments-{name}.npz", make))

    def another_voice(mel: Float32, rng: np.random.Generator) -> Float32:
        return recolour(stretch(mel, rng, LONGEST_HOPS), rng)

    def in_rooms(mel: Float32, rng: np.random.Generator) -> Float32:
        return spoiled(stretch(mel, rng, LONGEST_HOPS), around, rng)

    found = []
    for kind, chosen, count in (
        ("speech", speech, recipe.speech_passes),
        ("bursts", bursts, recipe.burst_passes),
    ):
        if not chosen:
            continue
        found.append(heard(f"{RECORDED}-{kind}", chosen, lambda mel, rng: mel))
        for number in range(count):
            change, what = ((in_rooms, "rooms"), (another_voice, "voices"))[number % 2]
            found.append(heard(f"{what}-{kind}-{number}", chosen, change))
    return found


def _unfelt(encoder: StreamingEncoder, settings: FreeSettings) -> Kept:
    def make() -> Kept:
        rng = np.random.default_rng([settings.seed, 8])
        sounds = [unfelt_sound(rng, UNFELT_S) for _ in range(settings.recipe.unfelt)]
        return moments_of(encoder, [log_mel(sound, ENCODER_MEL) for sound in sounds])

    return _kept(settings.run_dir / "moments-unfelt.npz", make)


def _kept(path: Path, make: Callable[[], Kept]) -> Kept:
    """Moments from an earlier call, else made now and kept."""
    if path.is_file():
        try:
            with np.load(path) as stored:
                return Kept(stored["statistics"], stored["clips"], stored["at_s"])
        except (OSError, ValueError, KeyError):
            logger.warning("%s is damaged; hearing it again", path)
    kept = make()
    with whole_file(path) as file:
        np.savez(file, statistics=kept.statistics, clips=kept.clips, at_s=kept.at_s)
    logger.info("%s: %d moments", path.stem, len(kept.at_s))
    return kept


def _of_split(one: Pass, splits: Sequence[str]) -> Pass:
    rows = np.array([one.clips[clip].split in splits for clip in one.kept.clips], bool)
    return Pass(
        one.name, one.clips, Kept(one.kept.statistics[rows], one.kept.clips[rows], one.kept.at_s[rows])
    )


def _room_of(clip: Clip) -> str:
    """Who speaks long enough is a room of their own; bursts are one."""
    return clip.corpus if clip.corpus == BURSTS else clip.group


def _placed(encoder: StreamingEncoder, one: Pass) -> NDArray[np.float16]:
    rooms = [_room_of(one.clips[clip]) for clip in one.kept.clips]
    mean, deviation = encoder.statistics_mean.numpy(), encoder.statistics_deviation.numpy()
    return in_their_rooms(one.kept.statistics, rooms, mean, deviation, ROOM_MOMENTS)


def _points(encoder: StreamingEncoder, passes: Sequence[Pass], unfelt: Kept | None, bursts: float) -> Points:
    statistics = [_placed(encoder, one) for one in passes]
    moments: list[tuple[Clip | None, float]] = [
        (one.clips[clip], float(at_s))
        for one in passes
        for clip, at_s in zip(one.kept.clips, one.kept.at_s, strict=True)
    ]
    if unfelt is not None and len(unfelt.at_s):
        statistics.append(unfelt.statistics)
        moments += [(None, float(at_s)) for at_s in unfelt.at_s]
    return points_of(np.concatenate(statistics), moments, bursts)


def _fit(encoder: StreamingEncoder, passes: Sequence[Pass], unfelt: Kept, settings: FreeSettings) -> None:
    """Standardise on speech as recorded, on bursts where there is none, and fit what reads it, from the start."""
    recorded = [one for one in passes if one.name.startswith(RECORDED) and len(one.kept.at_s)]
    if not recorded:
        raise TrainingError("there is no voice in the train split", "see the column `split` of the tables")
    statistics = torch.from_numpy(recorded[0].kept.statistics).float()
    encoder.standardise_on(statistics)
    torch.manual_seed(settings.seed)
    for layer in (encoder.embed, encoder.to_logits, encoder.to_valence_arousal, encoder.to_unfelt):
        if layer is not None:
            layer.reset_parameters()
    recipe = settings.recipe
    points = _points(encoder, passes, unfelt, recipe.bursts)
    logger.info("fitting the read-out on %d moments", len(points.statistics))
    fit_read_out(encoder, points, recipe.read_out, recipe.plane_pull, settings.seed)


@torch.no_grad()
def _validated(encoder: StreamingEncoder, held_out: Sequence[Pass]) -> tuple[dict[str, float], float]:
    """Macro-F1 of held-out speakers where their clips end, by hearing; the temperature that suits them."""
    figures: dict[str, float] = {}
    spoken = [one for one in held_out if len(one.kept.at_s)]
    for one in spoken:
        ends = {int(clip): row for row, clip in enumerate(one.kept.clips)}
        named = {clip: row for clip, row in ends.items() if one.clips[clip].emotion is not None}
        placed = torch.from_numpy(_placed(encoder, one)[list(named.values())]).float()
        said = encoder.eval().read(placed.unsqueeze(1)).logits[:, 0].argmax(dim=1).tolist()
        right = [EMOTIONS.index(one.clips[clip].emotion or "") for clip in named]
        figures[f"val_macro_f1_{one.name.replace('-', '_')}"] = macro_f1(right, said)
    return figures, room_temperature(encoder, _points(encoder, spoken, None, 1.0)) if spoken else 1.0
