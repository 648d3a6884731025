"""A short film of the bundled étude that morphs from preset to preset.

    python tools/etude_film.py docs/images/etude-morphs.mp4

The looks are asked for as a partner would, over OSC (`/preset/morph`), in a recorded track; the film is what `render`
makes of it, encoded small by the `ffmpeg` program.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import tempfile
from pathlib import Path

from pythonosc.osc_message_builder import OscMessageBuilder

from chromesthesia.audio.etude import ETUDE
from chromesthesia.core.config import FilmConfig
from chromesthesia.ports.osc.track import FIRST_LINE
from chromesthesia.show.offline import render_film

SECONDS = 40.0
MORPH_S = 2.0
FIRST = "Suminagashi"
LOOKS = (
    (4.0, "Far Hills"),
    (8.5, "Watercolour"),
    (13.0, "Northern"),
    (17.0, "Frost"),
    (21.0, "Rorschach"),
    (24.0, "Maelstrom"),
    (28.0, "Impasto"),
    (31.0, "Swarm"),
    (34.0, "Pointillist"),
    (37.0, "Soap"),
)
"""When the way to which preset begins, in seconds."""


def track() -> bytes:
    """The looks as recorded OSC."""
    lines = [FIRST_LINE]
    for time_s, name in LOOKS:
        message = OscMessageBuilder("/preset/morph")
        message.add_arg(name, "s")
        message.add_arg(MORPH_S, "f")
        lines.append(f"{time_s:.3f} 1 {message.build().dgram.hex()}\n".encode())
    return b"".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", default="480x270")
    parser.add_argument("--fps", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--quality", type=int, default=31, help="of x264: less is better and larger")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    width, height = (int(side) for side in arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        osc, large = Path(folder) / "looks.osc", Path(folder) / "large.mp4"
        osc.write_bytes(track())
        report = render_film(
            FilmConfig(
                sound=ETUDE,
                film=large,
                preset=FIRST,
                width=width,
                height=height,
                fps=arguments.fps,
                duration_s=arguments.seconds,
                osc=osc,
            )
        )
        encode = [
            "-c:v",
            "libx264",
            "-crf",
            str(arguments.quality),
            "-preset",
            "slow",
            "-c:a",
            "aac",
            "-b:a",
            "64k",
        ]
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", large, *encode, "-movflags", "+faststart", arguments.out],
            check=True,
        )
    print(f"{report['frames']} frames, {report['pictures']}, {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
