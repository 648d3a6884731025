"""The sound of a picture: read, carried to the latents of sounds, decoded in parts that flow into each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch

from chromesthesia.core.records import Float32
from chromesthesia.core.user_files import one_line
from chromesthesia_training.errors import DataError
from chromesthesia_training.safe_write import whole_file
from chromesthesia_training.vae.categories import category
from chromesthesia_training.vae.generating import Painter, heard
from chromesthesia_training.vae.inputs import picture_of
from chromesthesia_training.vae.painter_file import load_painter
from chromesthesia_training.vae.spectra import PICTURE_MEL
from chromesthesia_training.vae.tokenizers import as_pictures

FORMATS = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
CROSS_S = 0.5
WANDER = 0.35
"""Of the spread of the latents of sounds: how far each part after the first strays from the picture's place."""
PEAK = 0.9


@dataclass(frozen=True)
class Wish:
    """valence, arousal: None takes what is read from the picture."""

    valence: float | None = None
    arousal: float | None = None
    seconds: float = 5.0
    seed: int = 0


@dataclass(frozen=True)
class Sonified:
    """What was written, and the emotion it was made for."""

    path: Path
    seconds: float
    valence: float
    arousal: float
    emotion: str


def sonify_picture(picture: Path, out: Path, model: Path, wish: Wish) -> Sonified:
    """Write the sound of a picture at 22,050 Hz, whole or not at all.

    Raises DataError for a picture that cannot be read, a kind of sound file that is not written, a full disk;
    TrainingError where the model is missing or damaged.
    """
    kind = FORMATS.get(out.suffix.lower())
    if kind is None:
        raise DataError(
            f"{one_line(out)}: sounds are not written as {out.suffix or 'a file without ending'}",
            f"give one of {', '.join(FORMATS)}",
        )
    painter = load_painter(model)
    pixels = picture_of(picture)
    samples, va = sound_of_picture(painter, pixels, wish)
    with whole_file(out) as file:
        soundfile.write(file, samples, PICTURE_MEL.rate_hz, format=kind[0], subtype=kind[1])
    return Sonified(out, len(samples) / PICTURE_MEL.rate_hz, *va, category(*va))


def sound_of_picture(painter: Painter, pixels: np.ndarray, wish: Wish) -> tuple[Float32, tuple[float, float]]:
    """Sound float32 [n] at 22,050 Hz of a picture uint8 [224, 224, 3], and the valence and arousal it was made for."""
    latent, said = painter.encode("image", as_pictures(pixels[None]))
    va = tuple(
        float(told) if asked is None else asked
        for asked, told in zip((wish.valence, wish.arousal), said[0], strict=True)
    )
    wanted = round(wish.seconds * PICTURE_MEL.rate_hz)
    cross = round(CROSS_S * PICTURE_MEL.rate_hz)
    generator = torch.Generator().manual_seed(wish.seed)
    carried = painter.carried(latent, "image", "sound")
    parts: list[Float32] = []
    length = 0
    while length < wanted:
        stray = WANDER * torch.randn(carried.shape, generator=generator) * painter.spreads["sound"]
        place = carried if not parts else carried + stray
        shown = painter.decode("sound", place, torch.tensor([va]))
        parts.append(heard(shown[0], wish.seed))
        length = parts[0].size + (len(parts) - 1) * (parts[0].size - cross)
    samples = joined(parts, cross)[:wanted]
    peak = float(np.abs(samples).max())
    return samples * np.float32(min(1.0, PEAK / max(peak, 1e-9))), (va[0], va[1])


def joined(parts: list[Float32], cross: int) -> Float32:
    """Parts one after another, each crossed with the next over `cross` samples at even power."""
    whole = parts[0].copy()
    rise = np.sin(np.linspace(0.0, np.pi / 2.0, cross, dtype=np.float32))
    for part in parts[1:]:
        middle = whole[-cross:] * rise[::-1] + part[:cross] * rise
        whole = np.concatenate([whole[:-cross], middle, part[cross:]])
    return np.asarray(whole, dtype=np.float32)
