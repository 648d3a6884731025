"""Pictures of the panel, made with Chromium: `python tools/panel_shots.py [--all] [--out docs/images]`.

A show that plays the bundled étude without a window is opened at the size of a phone and of a laptop, in the dark and
the light scheme: what the panel tells is what this machine did. Four pictures go into the docs; --all takes every page
in both. The fonts are those of this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from chromesthesia.ports.osc.udp import LOOPBACK
from chromesthesia.testing.chromium import Page, chromium

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"laptop": (1440, 900), "phone": (390, 844)}
PAGES = ("live", "look", "presets", "routes", "room")
IN_DOCS = (
    ("laptop", "dark", "live"),
    ("laptop", "light", "look"),
    ("phone", "dark", "live"),
    ("phone", "light", "presets"),
)
SHOWN = "Cathedral"


def take(page: Page, address: str, size: str, scheme: str, name: str, out: Path, small: bool) -> None:
    """One picture, once the page has drawn itself."""
    page.size(*SIZES[size], phone=size == "phone", scale=1.0 if small or size == "laptop" else 2.0)
    page.media(scheme)
    page.open(f"{address}#{name}")
    page.run("location.reload()")
    page.until("globalThis.chromesthesia?.client.live && document.querySelector('main').children.length")
    if name in ("live", "presets"):
        page.until("chromesthesia.picture.frames > 4")
    if name == "live":
        page.until("chromesthesia.client && performance.now() > 14000")
    page.until("performance.now() > 3500 && document.fonts.status === 'loaded'")
    # Two processors play and show at once here: what the show says of that is dismissed, as anybody would.
    page.run("document.querySelectorAll('#alerts button').forEach((button) => button.click())")
    picture = Image.open(io.BytesIO(page.picture())).convert("RGB")
    picture.save(out / f"panel-{size}-{scheme}-{name}.png", optimize=True)


@contextmanager
def playing(own: Path) -> Iterator[int]:
    """A show of the étude, round and round, that keeps what it is asked to keep in `own`; gives its port."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "chromesthesia",
        "run",
        "--headless",
        "--source",
        "demo",
        "--duration",
        "3600",
    ]
    command += ["--preset", SHOWN, "--osc-in-port", str(port)]
    show = subprocess.Popen(command, env={**os.environ, "CHROMESTHESIA_HOME": str(own)}, cwd=ROOT)
    try:
        while show.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 1.0):
                break
            time.sleep(0.1)
        yield port
    finally:
        show.terminate()
        show.wait(20.0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="every page, both sizes, both schemes")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--pages", nargs="*", default=PAGES)
    arguments = parser.parse_args()
    wanted = (
        [(size, scheme, name) for size in SIZES for scheme in ("dark", "light") for name in arguments.pages]
        if arguments.all
        else IN_DOCS
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as own, playing(Path(own)) as port, chromium() as page:
        for size, scheme, name in wanted:
            take(
                page,
                f"http://127.0.0.1:{port}/panel/",
                size,
                scheme,
                name,
                arguments.out,
                not arguments.all,
            )
            print(f"panel-{size}-{scheme}-{name}.png")
        for error in page.errors:
            print(f"the page: {error}")


if __name__ == "__main__":
    main()
