"""Pictures of the panel, made with Chromium: `python tools/panel_shots.py [--all] [--out docs/images]`.

A panel whose sound is made up is opened at the size of a phone and of a laptop, in the dark and the light scheme. Four
pictures go into the docs; --all takes every page in both. The fonts are those of this machine.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image

from chromesthesia.control.commands import LoadPreset
from chromesthesia.testing.chromium import Page, chromium
from chromesthesia.testing.panel import panel_show

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
    picture = Image.open(io.BytesIO(page.picture())).convert("RGB")
    picture.save(out / f"panel-{size}-{scheme}-{name}.png", optimize=True)


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
    with (
        tempfile.TemporaryDirectory() as own,
        panel_show(ROOT / "presets", Path(own)) as show,
        chromium() as page,
    ):
        show.controller.post(LoadPreset(SHOWN, "tool", 0.0))
        for size, scheme, name in wanted:
            take(
                page,
                f"http://127.0.0.1:{show.number}/panel/",
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
