"""Presets that a user makes while a show runs: kept in a folder of their own, never over one that is shipped."""

from __future__ import annotations

import io
import logging
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from chromesthesia.control.commands import RenamePreset, SavePreset
from chromesthesia.control.controller import Controller
from chromesthesia.core.errors import PresetError, RecordError
from chromesthesia.core.paths import resource_dirs, user_folder
from chromesthesia.core.records import UInt8
from chromesthesia.core.user_files import one_line, shown
from chromesthesia.mapping.standing import Standing
from chromesthesia.params.declaration import Param
from chromesthesia.params.presets import Preset, find_presets, load_preset, parse_preset, preset_text
from chromesthesia.params.tree import ParameterTree
from chromesthesia.recording.files import prepare_folder, write_atomically
from chromesthesia.show.file_names import stem_of

log = logging.getLogger(__name__)

PRESET_LIMIT = 1000
"""Most presets that one folder of a user's is filled with."""
THUMBNAIL_SIDE = 320
THUMBNAIL_ENDING = ".jpg"


def no_picture() -> UInt8 | None:
    """Nobody looks at the picture."""
    return None


def no_glide() -> Standing | None:
    """No look is on its way to another."""
    return None


class PresetKeeper:
    """Does SavePreset and RenamePreset. Control thread only; a file of some kB is written there, on a person's wish.

    picture: the newest picture, for a thumbnail beside the file. folders: where presets are looked for, the user's
    first.
    """

    def __init__(
        self,
        tree: ParameterTree,
        controller: Controller,
        folder: Path | None = None,
        folders: Callable[[], Sequence[Path]] = lambda: resource_dirs("presets"),
        picture: Callable[[], UInt8 | None] = no_picture,
        standing: Callable[[], Standing | None] = no_glide,
    ) -> None:
        self._tree = tree
        self._controller = controller
        self._folder = user_folder("presets") if folder is None else folder
        self._folders = folders
        self._picture = picture
        self.standing = standing
        """Gives the look of the last frame, while it glides."""

    def register(self) -> None:
        """Let the controller hand both commands on."""
        self._controller.handle(SavePreset, lambda command, now_s: self.save(command.name))
        self._controller.handle(RenamePreset, lambda command, now_s: self.rename(command.which, command.name))

    def save(self, name: str) -> None:
        """Keep what is set now as the preset `name`; one of the user's own of that name is replaced.

        While one look becomes another, what is kept is the look of the last frame, and the glide stops there.
        Raises PresetError for a name that no preset can have, RecordError when it cannot be written.
        """
        present, values = self._controller.latest
        look = {
            path: value
            for path, value in values.items()
            if not (param := self._tree.declaration(path)).room and value != param.default
        }
        routes, description = present.routes, present.description
        standing = self.standing()
        stopped = standing is not None and standing.look_version == values.look_version
        if standing is not None and stopped:
            look = {
                path: value
                for path, value in standing.values.items()
                if value != self._tree.declaration(path).default
            }
            routes, description = standing.routes, ""
        self._write(Preset(name, look, routes, description, isf=present.isf), self._picture())
        if stopped:
            self._tree.load_look(look, "preset kept", morph_s=0.0)

    def rename(self, which: str | int, name: str) -> None:
        """Call a preset otherwise. Raises as `save` does, and PresetError for one that is not the user's own."""
        preset = self._controller.library.choose(which)
        old = preset.path
        if old is None or old.parent.resolve() != self._folder.resolve():
            raise PresetError(
                f"{shown(preset.name)} is not a preset of your own", "load it and save it by another name"
            )
        kept = load_preset(old, self._params())
        if any(each.name.casefold() == name.strip().casefold() for each in self._controller.library):
            raise PresetError(f"there is a preset {shown(name)}", "choose another name")
        path = self._write(replace(kept, name=name), None, adopt=False)
        try:
            if path != old:
                thumbnail = old.with_suffix(THUMBNAIL_ENDING)
                if thumbnail.is_file():
                    thumbnail.replace(path.with_suffix(THUMBNAIL_ENDING))
                old.unlink()
        except OSError as error:
            raise RecordError(
                f"{one_line(old)} stays: {error.strerror or error}", "remove it by hand"
            ) from error
        self._look_again(path, adopt=self._controller.latest[0].name == preset.name)

    def _write(self, preset: Preset, picture: UInt8 | None, adopt: bool = True) -> Path:
        path = self._path_for(preset.name)
        text = preset_text(preset)
        parse_preset(tomllib.loads(text), path, self._params())  # what is written can be read
        prepare_folder(self._folder)
        write_atomically(path, text.encode())
        if picture is not None:
            write_atomically(path.with_suffix(THUMBNAIL_ENDING), _thumbnail(picture))
        if adopt:
            self._look_again(path, adopt=True)
        log.info("preset %s is kept in %s", one_line(preset.name), one_line(path))
        return path

    def _look_again(self, path: Path, adopt: bool) -> None:
        library = find_presets(self._folders(), self._params(), self._controller.library)
        if adopt:
            self._controller.adopt(load_preset(path, self._params()), library)
        else:
            self._controller.take_library(library)

    def _params(self) -> tuple[Param, ...]:
        return tuple(self._tree.params.values())

    def _path_for(self, name: str) -> Path:
        """The file of the user's own preset of this name, else one that nothing has yet."""
        stem = stem_of(name, "preset")
        there = {path.stem.casefold(): path for path in self._folder.glob("*.toml")}
        for preset in self._controller.library:
            own = preset.path is not None and preset.path in there.values()
            if own and preset.path is not None and preset.name.casefold() == name.strip().casefold():
                return preset.path
        if len(there) >= PRESET_LIMIT:
            raise PresetError(f"{len(there)} presets are kept", f"remove some from {one_line(self._folder)}")
        shipped = {
            preset.path.stem.casefold() for preset in self._controller.library if preset.path is not None
        }
        same = self._controller.library.index(Preset(name.strip())) >= 0
        number = 1
        free = stem
        # A stem that a shipped preset of another name has would hide that one.
        while free in there or (free in shipped and not same):
            number += 1
            free = f"{stem}-{number}"
        return self._folder / f"{free}.toml"


def _thumbnail(pixels: UInt8) -> bytes:
    picture = Image.fromarray(pixels)
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=80)
    return content.getvalue()
