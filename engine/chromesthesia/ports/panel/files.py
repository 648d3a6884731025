"""The files of the panel, named one by one: what is not in this list cannot be asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ASSETS = Path(__file__).resolve().parent / "assets"
INDEX = "index.html"
MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
"""Kinds of files that are served, by their ending."""
MOST_FILES = 64
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9]+)+")


def listed(folder: Path = ASSETS) -> Mapping[str, Path]:
    """The files right in `folder` that are served, by name. Links are left out: they may lead elsewhere."""
    found = {
        path.name: path
        for path in sorted(folder.glob("*"))
        if _NAME.fullmatch(path.name)
        and path.suffix in MEDIA_TYPES
        and path.is_file()
        and not path.is_symlink()
    }
    return dict(list(found.items())[:MOST_FILES])
