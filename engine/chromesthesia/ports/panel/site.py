"""Everything below `/panel`: files, the picture, and in JSON what is no parameter."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path

from chromesthesia.control.controller import Controller
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.paths import user_folder
from chromesthesia.core.user_files import read_bytes
from chromesthesia.packs.find import list_packs
from chromesthesia.ports.oscquery.site import JSON, Reply
from chromesthesia.ports.panel.files import INDEX, MEDIA_TYPES, listed
from chromesthesia.ports.panel.log_lines import LogLines
from chromesthesia.ports.panel.preview import Preview
from chromesthesia.signals.table import TABLE, SignalTable

PREFIX = "/panel"
THUMBNAILS = "thumbnails/"
THUMBNAIL_ENDING = ".jpg"
LARGEST_FILE = 4 * 1024 * 1024

Json = Mapping[str, object]


class PanelSite:
    """`oscquery.site.Site` of a show. health: how the show is; performers: both are called from the server's thread."""

    prefix = PREFIX

    def __init__(
        self,
        controller: Controller,
        preview: Preview,
        lines: LogLines,
        files: Mapping[str, Path] | None = None,
        signals: SignalTable = TABLE,
    ) -> None:
        self.preview = preview
        self.health: Callable[[], Json] = dict
        self._controller = controller
        self._lines = lines
        self._files = listed() if files is None else files
        self._signals = signals
        self.performers: Callable[[], Sequence[str]] = tuple
        """Whose marks are kept."""
        self.own = user_folder("presets")
        """Where the user's own presets are kept, which alone can be renamed."""
        self._told: Mapping[str, Callable[[], object]] = {
            "presets.json": self._presets,
            "routes.json": self._routes,
            "signals.json": self._signal_list,
            "cues.json": lambda: list(controller.cues),
            "performers.json": lambda: list(self.performers()),
            "packs.json": lambda: [path.name for path in list_packs()],
            "log.json": lines.lines,
            "health.json": lambda: self.health(),
        }

    @property
    def served(self) -> frozenset[str]:
        """Every name below `/panel/` that is answered now."""
        thumbnails = (f"{THUMBNAILS}{name}" for name in self._thumbnails())
        return frozenset((*self._told, *self._files, "preview.jpg", *thumbnails))

    async def get(self, path: str) -> Reply | None:
        """A file of the panel, a thumbnail, the newest picture, or one of the JSON lists."""
        import asyncio  # here, and not above: a show is set up before there is any loop

        if path == PREFIX:
            return Reply(303, location=f"{PREFIX}/")
        name = path.removeprefix(f"{PREFIX}/") or INDEX
        if name in self._told:
            return Reply(200, json.dumps(self._told[name](), allow_nan=False).encode(), JSON)
        if name == "preview.jpg":
            picture = await self.preview.picture()
            return Reply(503, b"no picture now") if picture is None else Reply(200, picture, "image/jpeg")
        thumbnail = name.removeprefix(THUMBNAILS)
        file = self._files.get(name) if thumbnail == name else self._thumbnails().get(thumbnail)
        return None if file is None else await asyncio.to_thread(_read, file)

    def stream(self, path: str) -> AsyncGenerator[bytes, None] | None:
        """Pictures at `/panel/preview`."""
        return self.preview.pictures() if path == f"{PREFIX}/preview" else None

    def _presets(self) -> object:
        thumbnails = self._thumbnails()
        current, _ = self._controller.current
        return {
            "current": current.name,
            "presets": [
                {
                    "name": preset.name,
                    "description": preset.description,
                    "author": preset.author,
                    "tags": list(preset.tags),
                    "thumbnail": f"{THUMBNAILS}{name}"
                    if (name := _thumbnail_of(preset.path)) in thumbnails
                    else None,
                    "own": preset.path is not None and preset.path.parent == self.own,
                }
                for preset in self._controller.library
            ],
        }

    def _routes(self) -> object:
        preset, _ = self._controller.current
        return [
            {
                "signal": route.signal,
                "target": route.target,
                "gain": route.gain,
                "curve": route.curve,
                "low": route.low,
                "high": route.high,
                "attack_s": route.attack_s,
                "release_s": route.release_s,
                "mode": route.mode,
            }
            for route in preset.routes
        ]

    def _signal_list(self) -> object:
        return [
            {
                "name": name,
                "address": tap.signal.address(tap.listener),
                "description": tap.signal.description,
                "low": tap.source.low,
                "high": tap.source.high,
                "unit": tap.signal.unit,
            }
            for name, tap in self._signals.taps.items()
        ]

    def _thumbnails(self) -> Mapping[str, Path]:
        """The pictures beside the presets' files, by name: only these are read."""
        found = {}
        for preset in self._controller.library:
            if preset.path is not None:
                path = preset.path.with_suffix(THUMBNAIL_ENDING)
                if path.is_file() and not path.is_symlink():
                    found[path.name] = path
        return found


def _thumbnail_of(path: Path | None) -> str:
    return "" if path is None else path.with_suffix(THUMBNAIL_ENDING).name


def _read(file: Path) -> Reply | None:
    try:
        content = read_bytes(file, LARGEST_FILE, ChromesthesiaError)
    except ChromesthesiaError:
        return None
    return Reply(200, content, MEDIA_TYPES.get(file.suffix, "image/jpeg"))
