"""Build hook: a wheel carries the presets, the shaders and the default model pack as `chromesthesia/_data/`.

An editable install does not: there the engine reads them where people edit them, at the top of the checkout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = ("presets", "shaders", "exports/default")


class WheelData(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `CARRIED` to a wheel; refuses to build one that could not play."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects files; `version` is `editable` or `standard`."""
        if version == "editable":
            return
        for folder in CARRIED:
            if not any((Path(self.root) / folder).glob("*")):
                raise FileNotFoundError(f"a wheel needs {folder}, which is missing or empty")
            build_data["force_include"][folder] = f"chromesthesia/_data/{folder}"
