"""The read-out of a finished encoder fitted again, in rooms: its layers stay, what reads them learns anew."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch

from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.held_out import mixed_probabilities, validation_figures
from chromesthesia_training.encoder.model import ROOM_SIZES, EncoderSizes, StreamingEncoder
from chromesthesia_training.encoder.module import ABOUT, TEMPERATURE
from chromesthesia_training.encoder.read_out import Points, ReadOutRecipe, fit_read_out
from chromesthesia_training.encoder.room_moments import (
    Heard,
    Moments,
    Spectra,
    Taught,
    collect,
    ends_of_clips,
    joined,
    pairs_of_voices,
    points_of,
    stretches_of_music,
    unfelt_sequences,
)
from chromesthesia_training.encoder.spoiled import Surroundings, noises_and_things
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import save

logger = logging.getLogger(__name__)

TEMPERATURES = np.exp(np.linspace(np.log(0.4), np.log(4.0), 93))
READ_OUT = ReadOutRecipe(steps=900, noise=0.3)
TESS_ENDS = 3
"""Of TESS every so many clips are heard whole."""


@dataclass(frozen=True)
class RoomRecipe:
    """passes: how often every voice is heard, each time in other rooms; of TESS, which has two speakers, and of voices
    of other emotions only so many a pass. unfelt: sounds that feel nothing, a pass. ends: weight of whole clean clips
    where they end, heard once; 0 leaves them out. plane_pull: of valence and arousal beside the emotion. floors: of
    the input, all of it is heard with each, so that none stands for a feeling; none: with the encoder's own alone.
    """

    passes: int = 2
    tess: int = 200
    other_emotions: int = 350
    unfelt: int = 320
    held_out: int = 240
    ends: float = 2.0
    plane_pull: float = 1.0
    floors: tuple[float, ...] = (0.001, 0.01, 0.03)
    read_out: ReadOutRecipe = READ_OUT


def layers_of_pack(encoder: Path, sizes: EncoderSizes = ROOM_SIZES) -> StreamingEncoder:
    """A new encoder with the convolutional layers of an exported one. Raises TrainingError where they do not fit."""
    model = StreamingEncoder(sizes)
    stored = {tensor.name: tensor for tensor in onnx.load(str(encoder)).graph.initializer}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith(("first.", "layers.")):
                continue
            found = stored.get(f"model.{name}")
            if found is None or tuple(found.dims) != tuple(parameter.shape):
                raise TrainingError(
                    f"{encoder} has no weights {name} of {tuple(parameter.shape)}",
                    "give the fp32 file of an encoder that was trained here",
                )
            parameter.copy_(torch.from_numpy(np.array(onnx.numpy_helper.to_array(found))))
    return model.eval()


def training_passes(
    clips: Sequence[Clip], spectra: Spectra, recipe: RoomRecipe, seed: int
) -> Iterator[tuple[str, Iterator[Heard]]]:
    """What is heard for the fit, by name, a part at a time; only clips of the train split."""
    train = [clip for clip in clips if clip.split == "train"]
    speech = [clip for clip in train if clip.role == "speech"]
    named = [clip for clip in speech if clip.emotion is not None and clip.corpus != "tess"]
    tess = [clip for clip in speech if clip.emotion is not None and clip.corpus == "tess"]
    others = [clip for clip in speech if clip.emotion is None and clip.corpus != "tess"]
    music = [clip for clip in train if clip.role == "music"]
    around = surroundings(train, spectra, seed)
    for number in range(recipe.passes):
        rng = np.random.default_rng([seed, 7, number])
        picked = [*named, *_some(tess, recipe.tess, rng), *_some(others, recipe.other_emotions, rng)]
        yield f"speech {number}", pairs_of_voices(picked, spectra, around, rng)
        yield f"unfelt {number}", unfelt_sequences(recipe.unfelt, np.random.default_rng([seed, 8, number]))
        if music:
            rng = np.random.default_rng([seed, 9, number])
            yield f"music {number}", stretches_of_music(music, spectra, around if number else None, rng)
    if recipe.ends > 0.0:
        yield "whole clips", ends_of_clips([*named, *tess[::TESS_ENDS]], spectra, recipe.ends)


def surroundings(train: Sequence[Clip], spectra: Spectra, seed: int) -> Surroundings:
    """What sounds behind voices in training: made by script, and of the training clips."""
    noises, things = noises_and_things(seed)
    voices = [spectra[clip.path] for clip in train if clip.role == "speech" and clip.corpus != "tess"]
    return Surroundings(
        noises, things, voices, [spectra[clip.path] for clip in train if clip.role == "music"]
    )


def held_out_voices(
    clips: Sequence[Clip], spectra: Spectra, recipe: RoomRecipe, seed: int
) -> Iterator[Heard]:
    """Named voices of the validation split in rooms as those of training, for the temperature."""
    rng = np.random.default_rng([seed, 10])
    named = [clip for clip in clips if clip.split == "val" and clip.role == "speech" and clip.emotion]
    around = surroundings([clip for clip in clips if clip.split == "train"], spectra, seed)
    return pairs_of_voices(_some(named, recipe.held_out, rng), spectra, around, rng)


def _some(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> list[Clip]:
    return [clips[place] for place in rng.permutation(len(clips))[:count]]


def fit_in_rooms(
    encoder: StreamingEncoder,
    heard: Sequence[Moments],
    held_out: Moments,
    recipe: RoomRecipe,
    seed: int,
    taught: Taught | None = None,
) -> float:
    """Standardise on and fit to kept moments; returns the temperature that suits held-out voices best."""
    moments = joined(heard)
    points = points_of(moments, taught)
    encoder.standardise_on(points.statistics[::3].float())
    logger.info("fitting the read-out on %d moments", len(moments.marks))
    fit_read_out(encoder, points, recipe.read_out, recipe.plane_pull, seed)
    return room_temperature(encoder, points_of(held_out))


@torch.no_grad()
def room_temperature(encoder: StreamingEncoder, points: Points) -> float:
    """Temperature of the least log loss of the named moments, what a sound does not feel counted in."""
    named = points.emotion_weight > 0.0
    if not named.any():
        return 1.0
    reading = encoder.eval().read(points.statistics[named].float().unsqueeze(1))
    target = points.emotion[named].argmax(dim=1)
    weight = points.emotion_weight[named]

    def loss(temperature: float) -> float:
        probabilities = mixed_probabilities(reading.logits[:, 0] / temperature, reading.unfelt)
        right = probabilities[torch.arange(len(target)), target].clamp_min(1e-6)
        return float(-(right.log() * weight).sum() / weight.sum())

    return float(min(TEMPERATURES, key=loss))


def write_refit(
    encoder: StreamingEncoder, temperature: float, run_dir: Path, figures: Mapping[str, float], steps: int
) -> Path:
    """Keep it as `load_trained` and `export` read it."""
    path = run_dir / "checkpoints" / "best.ckpt"
    state = {f"encoder.{name}": value for name, value in encoder.state_dict().items()}
    sizes = dataclasses.asdict(encoder.sizes)
    save(
        {
            "state_dict": state,
            "figures": {**figures, TEMPERATURE: temperature},
            ABOUT: {"sizes": sizes, "begun_with": "yamnet"},
            "step": steps,
        },
        path,
    )
    return path


def refit(
    pack_encoder: Path,
    run_dir: Path,
    clips: Sequence[Clip],
    spectra: Spectra,
    recipe: RoomRecipe | None = None,
    seed: int = 3,
    sizes: EncoderSizes = ROOM_SIZES,
    taught: Taught | None = None,
) -> Path:
    """Fit the read-out of an exported encoder anew and keep it in `run_dir`, for `export`. Returns the checkpoint.

    Raises TrainingError for an encoder of another shape, DataError when the disk is full.
    """
    recipe = recipe or RoomRecipe()
    torch.manual_seed(seed)
    encoder = layers_of_pack(pack_encoder, sizes)
    heard = []
    for name, sequences in training_passes(clips, spectra, recipe, seed):
        heard.append(collect(encoder, sequences, recipe.floors))
        logger.info("%s: %d moments", name, len(heard[-1].marks))
    held_out = collect(encoder, held_out_voices(clips, spectra, recipe, seed))
    temperature = fit_in_rooms(encoder, heard, held_out, recipe, seed, taught)
    figures = validation_figures(encoder, temperature, clips, spectra)
    logger.info("validation voices: %s", ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    return write_refit(encoder, temperature, run_dir, figures, recipe.read_out.steps)
