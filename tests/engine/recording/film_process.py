"""Films in a process of its own until it is killed, and says after each frame which one it was.

Run by test_film_killed.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.core.safe_write import open_new
from chromesthesia.recording.film import FilmWriter
from chromesthesia.recording.film_parts import FilmParts
from chromesthesia.recording.media_queue import Picture, Sound

WIDTH, HEIGHT, FPS = 96, 64, 30


def main(path: Path, frames: int, sound_until: int) -> None:
    """Write `frames` frames, with sound to the first `sound_until`; then finish."""
    film = FilmParts(
        path, lambda file: FilmWriter(file, WIDTH, HEIGHT, FPS, SAMPLE_RATE_HZ, True), True, open_new
    )
    noise = np.random.default_rng(3).integers(0, 256, (8, HEIGHT, WIDTH, 3), np.uint8)
    step = SAMPLE_RATE_HZ // FPS
    for index in range(frames):
        film.write(Picture(noise[index % len(noise)], index / FPS))
        if index < sound_until:
            film.write(Sound(np.full(step, 0.1, np.float32), index / FPS))
        print(index, flush=True)
    film.finish(True)
    print("finished", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
