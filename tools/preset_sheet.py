"""Presets by emotions on one sheet, and how far the emotions' pictures are apart.

    python tools/preset_sheet.py angry.wav happy.wav sad.wav --out docs/images/presets.png

Each clip is played through every preset under a manual clock; the frame at the end of the clip goes on the sheet. The
figures (JSON on standard output) compare emotions within a preset, same seed and scene:
- palette: mean distance between the two frames' mean colours, of 255;
- structure: 1 - correlation of the two frames' luminance, normalised, so that colour and contrast count for nothing;
- motion: mean change from frame to frame, of 255; dark, flat: frames with a mean below 4 or a deviation below 2.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from itertools import combinations
from pathlib import Path

import numpy as np

from chromesthesia.audio.files import check_sound
from chromesthesia.core.config import FilmConfig
from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import find_presets
from chromesthesia.recording.contact_sheet import Cell, contact_sheet
from chromesthesia.recording.stills import write_png
from chromesthesia.show.offline import render_film
from chromesthesia.testing.render import LastFrame


def luminance(pixels: UInt8) -> Float32:
    """Luminance with zero mean and unit deviation, float32 [H, W], at a quarter of the size."""
    grey = pixels[::4, ::4].astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    return np.asarray((grey - grey.mean()) / max(1e-6, float(grey.std())), dtype=np.float32)


def distances(one: UInt8, other: UInt8) -> tuple[float, float]:
    """Palette and structure distance of two frames uint8 [H, W, 3]."""
    palette = np.linalg.norm(one.reshape(-1, 3).mean(axis=0) - other.reshape(-1, 3).mean(axis=0))
    structure = 1.0 - float((luminance(one) * luminance(other)).mean())
    return float(palette), structure


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for emotion in EMOTIONS:
        parser.add_argument(emotion, type=Path, help=f"a clip that sounds {emotion}")
    parser.add_argument("--out", type=Path, required=True, help="the sheet, PNG")
    parser.add_argument("--presets", nargs="*", help="names; all when left out")
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--wide", action="store_true", help="a row for each emotion, not for each preset")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=4.0, help="longest part of a clip that is played")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    names = arguments.presets or list(find_presets(resource_dirs("presets"), PARAMETERS).names)
    cells: list[Cell] = []
    figures: dict[str, object] = {}
    for name in names:
        frames: dict[str, UInt8] = {}
        pictures: list[dict[str, float]] = []
        for emotion in EMOTIONS:
            clip: Path = getattr(arguments, emotion)
            last = LastFrame()
            report = render_film(
                FilmConfig(
                    sound=clip,
                    film=None,
                    preset=name,
                    seed=arguments.seed,
                    width=640,
                    height=360,
                    fps=15.0,
                    duration_s=min(arguments.seconds, check_sound(clip)),
                    pack=arguments.pack,
                ),
                sinks=(last,),
            )
            assert last.pixels is not None
            frames[emotion] = last.pixels
            pictures.append(report["pictures"])  # type: ignore[arg-type]
            cells.append(Cell(f"{name}, {emotion}", last.pixels))
        pairs = [distances(frames[one], frames[other]) for one, other in combinations(EMOTIONS, 2)]
        figures[name] = {
            "palette": round(float(np.mean([palette for palette, _ in pairs])), 1),
            "palette_least": round(min(palette for palette, _ in pairs), 1),
            "structure": round(float(np.mean([structure for _, structure in pairs])), 3),
            "motion": round(float(np.mean([picture["mean_change"] for picture in pictures])), 2),
            "dark": sum(picture["black_frames"] for picture in pictures),
            "flat": sum(picture["flat_frames"] for picture in pictures),
        }
        print(f"{name}: {figures[name]}", file=sys.stderr)
    if arguments.wide:
        cells = [cell for first in range(len(EMOTIONS)) for cell in cells[first :: len(EMOTIONS)]]
    columns = len(names) if arguments.wide else len(EMOTIONS)
    write_png(arguments.out, contact_sheet(cells, columns, cell_width=400))
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
