"""Where packs, presets and shaders are found: command line first, then what the user made, a checkout, the package."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal, get_args

from chromesthesia.core.errors import UsageError

ResourceKind = Literal["exports", "presets", "shaders", "performers"]

HOME_VARIABLE = "CHROMESTHESIA_HOME"
PACKAGE_DIR = Path(__file__).resolve().parent.parent
PACKAGED_DATA = PACKAGE_DIR / "_data"
"""The wheel puts `exports/`, `presets/` and `shaders/` of the repository under this folder."""


def checkout_root() -> Path | None:
    """Root of the source checkout the package runs from, or None when it is installed."""
    root = PACKAGE_DIR.parent.parent
    if PACKAGE_DIR.parent.name == "engine" and (root / "shaders").is_dir():
        return root
    return None


def user_folder(kind: ResourceKind) -> Path:
    """Where what a user made is kept, whether it is there or not.

    `CHROMESTHESIA_HOME`, else the system's place for a program's data.
    """
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home) / kind
    if sys.platform == "win32":
        data = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "chromesthesia" / kind


def state_folder() -> Path:
    """Where a show keeps what it goes on from: `CHROMESTHESIA_HOME`, systemd's StateDirectory, the system's place."""
    home = os.environ.get(HOME_VARIABLE)
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if home:
        return Path(home) / "state"
    if given:
        return Path(given)
    if sys.platform == "win32":
        state = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        state = Path.home() / "Library" / "Application Support"
    else:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "chromesthesia" / "state" if sys.platform != "linux" else state / "chromesthesia"


def resource_dirs(kind: ResourceKind, extra: Path | None = None) -> list[Path]:
    """Existing folders for `kind` in the order of look-up: `extra` (command line), the user's, checkout, packaged data.

    Raises UsageError when `extra` is given and is not a folder, or when the kind is unknown.
    """
    if kind not in get_args(ResourceKind):
        raise UsageError(f"unknown kind of resource: {kind!r}", f"one of {', '.join(get_args(ResourceKind))}")
    if extra is not None and not extra.is_dir():
        raise UsageError(f"no folder of {kind} at {extra}", "give an existing folder or leave the option out")
    root = checkout_root()
    candidates = [extra, user_folder(kind), None if root is None else root / kind, PACKAGED_DATA / kind]
    return [folder for folder in candidates if folder is not None and folder.is_dir()]


def find_resource(kind: ResourceKind, name: str, extra: Path | None = None) -> Path:
    """The first file or folder called `name` among `resource_dirs(kind, extra)`.

    `name` is relative, e.g. `default` or `calm.toml`. Raises UsageError when it leaves its folder or is nowhere.
    """
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts:
        raise UsageError(f"not a name inside {kind}: {name!r}", "give a plain relative name")
    folders = resource_dirs(kind, extra)
    for folder in folders:
        if (folder / relative).exists():
            return folder / relative
    looked = ", ".join(str(folder) for folder in folders) or "no folder exists"
    raise UsageError(f"no {kind} called {name!r}", f"looked in: {looked}")
