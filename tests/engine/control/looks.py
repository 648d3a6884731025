"""Three presets that tests of the controller go through."""

from __future__ import annotations

from pathlib import Path

from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.routes import Route

GAIN = "/audio/gain_db"
DRIFT = "/generator/drift"
LIBRARY = PresetLibrary(
    (
        Preset("Ash", {DRIFT: 0.1}, (Route("features/onset", DRIFT),)),
        Preset("Ember", {DRIFT: 0.2}),
        Preset("Gallery", {DRIFT: 0.3}),
    )
)


def look_file(folder: Path, name: str, drift: float) -> Path:
    """A preset file that sets the drift."""
    file = folder / f"{name}.toml"
    file.write_text(f"schema = 1\nname = '{name}'\n[params]\n'{DRIFT}' = {drift}")
    return file
