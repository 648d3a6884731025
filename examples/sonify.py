"""The sound of a picture, and the picture of that sound: there and back through one latent space.

Needs the training package and a trained model (`chromesthesia-train reproduce --only vae`):

    python examples/sonify.py picture.jpg out.wav back.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from chromesthesia_training.vae.generating import pixels, translate
from chromesthesia_training.vae.inputs import picture_of
from chromesthesia_training.vae.painter_file import load_painter
from chromesthesia_training.vae.sonify import Wish, sound_of_picture
from chromesthesia_training.vae.spectra import PICTURE_MEL, spectrum
from chromesthesia_training.vae.tokenizers import as_pictures


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a sound of a picture, and a picture of that sound.")
    parser.add_argument("picture", type=Path)
    parser.add_argument("sound", type=Path)
    parser.add_argument("back", type=Path, nargs="?")
    parser.add_argument("--model", type=Path, default=Path("runs/vae/painter.pt"))
    asked = parser.parse_args()
    painter = load_painter(asked.model)
    samples, (valence, arousal) = sound_of_picture(painter, picture_of(asked.picture), Wish())
    soundfile.write(asked.sound, samples, PICTURE_MEL.rate_hz)
    print(f"{asked.sound}: valence {valence:+.2f}, arousal {arousal:+.2f}")
    if asked.back is not None:
        heard = np.round(spectrum(samples, PICTURE_MEL) * 255.0).astype(np.uint8)
        made, told = translate(painter, "sound", "image", as_pictures(heard[None]))
        Image.fromarray(pixels(made)[0]).save(asked.back)
        print(f"{asked.back}: valence {float(told[0, 0]):+.2f}, arousal {float(told[0, 1]):+.2f}")


if __name__ == "__main__":
    main()
