"""A small picture beside every shipped preset, for the panel: `python tools/preset_thumbnails.py [NAME ...]`.

Each preset paints the bundled étude, same seed and scene; the frame at the end of the time is kept as
`presets/<file>.jpg`, of at most 12 kB. Made again with the same engine it is the same picture.
"""

from __future__ import annotations

import argparse
import io
import logging
from pathlib import Path

from PIL import Image

from chromesthesia.audio.etude import ETUDE
from chromesthesia.core.config import FilmConfig
from chromesthesia.core.records import UInt8
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import find_presets
from chromesthesia.recording.files import write_atomically
from chromesthesia.show.offline import render_film
from chromesthesia.testing.render import LastFrame

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 320, 180
LARGEST_BYTES = 12_000
SECONDS = 2.5


def small_jpeg(pixels: UInt8) -> bytes:
    """Pixels uint8 [H, W, 3] as JPEG, as good as fits into `LARGEST_BYTES`."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    content = b""
    for quality in range(86, 20, -5):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        content = file.getvalue()
        if len(content) <= LARGEST_BYTES:
            break
    return content


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="presets; all when left out")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    for preset in find_presets([ROOT / "presets"], PARAMETERS):
        if arguments.names and preset.name not in arguments.names:
            continue
        assert preset.path is not None
        last = LastFrame()
        render_film(
            FilmConfig(
                sound=ETUDE,
                film=None,
                preset=str(preset.path),
                width=WIDTH * 3 // 2,
                height=HEIGHT * 3 // 2,
                fps=10.0,
                duration_s=SECONDS,
            ),
            sinks=(last,),
        )
        assert last.pixels is not None
        content = small_jpeg(last.pixels)
        write_atomically(preset.path.with_suffix(".jpg"), content)
        print(f"{preset.name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
