"""Every preset by six sounds on one sheet, and what makes a preset fit to be shown.

    python tools/preset_gallery.py --width 152 --out docs/images/gallery.jpg

The sounds are the four parts of the bundled étude (calm, sad, angry, happy), drums that are made here, and silence.
Each is heard and painted once, then drawn through every preset; the last frame goes on the sheet. The table on standard
output has, for each preset, the darkest frame's mean and the flattest frame's deviation (of 255), the least mean change
from frame to frame over a sound, and the most general or red flashes in any second, without the limiter
(docs/flashing-light.md). Leaves with 1 when one is black, flat or frozen, or flashes more than three times.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from chromesthesia.audio.etude import ETUDE, SECTIONS
from chromesthesia.audio.files import read_sound
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32, UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import find_presets
from chromesthesia.recording.contact_sheet import Cell, contact_sheet
from chromesthesia.recording.files import write_atomically
from chromesthesia.recording.flash_analyser import FlashAnalyser
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.assembly import open_models
from chromesthesia.testing.played import hear_and_paint, through

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.preset_thumbnails import small_jpeg

THUMBNAIL = "happy"
BLACK, FLAT, FROZEN = 8.0, 4.0, 0.15
DRUMS_BPM = 126.0
SEED = 7


def drums(seconds: float) -> Float32:
    """Kick, snare and hat in four, at 24 kHz."""
    rng = np.random.default_rng(SEED)
    out = np.zeros(int(seconds * SAMPLE_RATE_HZ))
    time_s = np.arange(int(0.25 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    kick = np.sin(2 * np.pi * (50 * time_s + 6 * (1 - np.exp(-time_s * 28)))) * np.exp(-time_s * 14)
    hiss = rng.standard_normal(time_s.shape)
    snare = (0.7 * hiss + np.sin(2 * np.pi * 190 * time_s)) * np.exp(-time_s * 18)
    hat = np.diff(hiss, prepend=0.0) * np.exp(-time_s * 60)
    eighth = 30.0 / DRUMS_BPM
    for number in range(int(seconds / eighth)):
        start = int(number * eighth * SAMPLE_RATE_HZ)
        hit = 0.25 * hat + (0.9 * kick if number % 4 == 0 else 0.5 * snare if number % 4 == 2 else 0.0)
        piece = out[start : start + len(hit)]
        piece += hit[: len(piece)]
    return np.asarray(0.6 * np.clip(out, -1.4, 1.4), dtype=np.float32)


def sounds(seconds: float) -> Iterator[tuple[str, Float32]]:
    """The six, by name."""
    etude = read_sound(ETUDE, None)
    for section in SECTIONS:
        first = int((section.start_s + 2.0) * SAMPLE_RATE_HZ)
        yield section.emotion, etude[first : first + int(seconds * SAMPLE_RATE_HZ)]
    yield "drums", drums(seconds)
    yield "silence", np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="the sheet, JPEG or PNG")
    parser.add_argument("--presets", nargs="*", help="names; all when left out")
    parser.add_argument("--folder", type=Path, help="of presets, instead of those that ship")
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each sound that are played")
    parser.add_argument("--size", default="384x216", help="of the picture")
    parser.add_argument("--width", type=int, default=224, help="of a cell")
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--fps", type=float, default=12.0)
    parser.add_argument(
        "--cells", type=Path, help="folder: keep last frames there, and draw none again that is there"
    )
    parser.add_argument(
        "--thumbnails",
        action="store_true",
        help=f"also a picture beside each preset without one ({THUMBNAIL})",
    )
    parser.add_argument("--only", nargs="*", help="names of sounds; all six when left out")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    width, height = (int(side) for side in arguments.size.split("x"))
    library = find_presets([arguments.folder] if arguments.folder else resource_dirs("presets"), PARAMETERS)
    presets = [library.choose(name) for name in arguments.presets or library.names]
    models = open_models(arguments.pack, "cpu")
    heard = {
        name: hear_and_paint(samples, models, arguments.fps)
        for name, samples in sounds(arguments.seconds)
        if not arguments.only or name in arguments.only
    }
    surface = HeadlessSurface(width, height)
    # What a preset asks for is judged, not what the limiter makes of it.
    renderer = Renderer(surface.ctx, width, height, flash_limiter=False)
    cells: list[Cell] = []
    unfit: list[str] = []
    print(f"{'preset':16} {'darkest':>8} {'flattest':>9} {'stillest':>9} {'flashes':>8}")
    for preset in presets:
        means, spreads, changes, flashes, violated = [255.0], [255.0], [255.0], 0, False
        for name, frames in heard.items():
            kept = arguments.cells / f"{preset.name}-{name}.png" if arguments.cells else None
            if kept is not None and kept.is_file():
                cells.append(Cell(f"{preset.name}, {name}", np.asarray(Image.open(kept))))
                continue
            renderer.restart()
            analyser = FlashAnalyser()
            before: UInt8 | None = None
            moved = []
            for inputs in through(preset, frames):
                renderer.render(inputs)
                pixels = renderer.read_pixels().copy()
                analyser.frame(pixels, inputs.time_s)
                means.append(float(pixels.mean()))
                spreads.append(float(pixels.std()))
                if before is not None:
                    moved.append(float(np.abs(pixels.astype(np.int16) - before).mean()))
                before = pixels
            assert before is not None
            changes.append(float(np.mean(moved)))
            flashes = max(flashes, *analyser.peak_flashes.values())
            violated = violated or bool(analyser.violations)
            cells.append(Cell(f"{preset.name}, {name}", before))
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(before).save(kept)
            if arguments.thumbnails and name == THUMBNAIL and preset.path is not None:
                picture = preset.path.with_suffix(".jpg")
                if not picture.is_file():
                    write_atomically(picture, small_jpeg(before))
        fit = min(means) > BLACK and min(spreads) > FLAT and min(changes) > FROZEN and not violated
        if not fit:
            unfit.append(preset.name)
        print(
            f"{preset.name:16} {min(means):8.1f} {min(spreads):9.1f} {min(changes):9.2f} {flashes:8d}"
            f"{'' if fit else '  unfit'}",
            flush=True,
        )
    surface.close()
    if arguments.out is not None:
        columns = arguments.columns
        Image.fromarray(contact_sheet(cells, columns, arguments.width)).save(
            arguments.out, quality=72, optimize=True, progressive=True
        )
    return int(bool(unfit))


if __name__ == "__main__":
    sys.exit(main())
