"""Shader texts from folders: bounded, includes joined, the last good ones kept. No OpenGL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chromesthesia.core.errors import RenderError
from chromesthesia.core.user_files import Stamp, one_line, read_text, stamp_of

FILE_LIMIT = 64 * 1024
"""Largest shader file that is read, in bytes."""
PROGRAM_FILES = 32
"""Most files that one shader may be made of."""
PROGRAM_LIMIT = 256 * 1024
"""Longest shader with all it includes, in characters."""

_INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"\s*$')
# Names inside the folders only: no way up, no absolute path, nothing that a terminal would take as a command.
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Source:
    """A shader with its includes. files: their names in the order of the numbers, from 1, in its `#line` lines."""

    text: str
    files: tuple[str, ...]


class ShaderFiles:
    """Reads from `folders` (the first that has a file wins) and remembers what it read.

    `texts` holds the last good text of every file: it outlives the OpenGL context, so that programs made anew are made
    from it even while the file on disk is broken. Not thread-safe. Every error is a RenderError.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._stamps: dict[str, tuple[Path, Stamp] | None] = {}
        self._refused: set[str] = set()
        self.texts: dict[str, str] = {}
        self.error: str | None = None
        """What is wrong with the files on disk; None when they are in use as they are."""

    def changed(self) -> list[str]:
        """Names of files that changed since they were read, and with them those refused before; else empty."""
        changed = {name for name in self.texts if self._stamp(name) != self._stamps[name]}
        # One edit may need another that is saved later.
        return sorted(changed | self._refused) if changed else []

    def read_again(self, names: Sequence[str]) -> dict[str, str]:
        """All texts, with those of `names` as they now are; `take` or `refuse` them."""
        self._refused.update(names)
        texts = dict(self.texts)
        for name in names:
            self._stamps[name] = self._stamp(name)
        for name in names:
            texts[name] = self._read(name)
        return texts

    def take(self, texts: dict[str, str]) -> None:
        """These are good."""
        self.texts = texts
        self._refused.clear()
        self.error = None

    def refuse(self, error: str) -> None:
        """Those read last are not good: the ones before stay."""
        self.error = error

    def take_back(self, texts: dict[str, str], names: Sequence[str], error: str) -> None:
        """Go on with `texts` from before: those of `names` are not good, and are read again when one changes."""
        self.texts = texts
        self._refused.update(names)
        self.error = error

    def source(self, name: str, texts: dict[str, str] | None = None) -> Source:
        """A file with everything it includes, each file once. texts: read before (default: the good ones)."""
        files: list[str] = []
        text = self._expand(name, self.texts if texts is None else texts, files)
        if len(text) > PROGRAM_LIMIT:
            raise RenderError(
                f"shader {name} has {len(text)} characters with all it includes",
                f"stay below {PROGRAM_LIMIT}",
            )
        return Source(text, tuple(files))

    def give(self, name: str, text: str) -> None:
        """Take `text` for the file `name`, which is on no disk."""
        self.texts[name] = text
        self._stamps[name] = self._stamp(name)

    def forget(self, names: Sequence[str]) -> None:
        """Those of `names` are not used any more."""
        for name in names:
            self.texts.pop(name, None)
            self._stamps.pop(name, None)
            self._refused.discard(name)

    def _expand(self, name: str, texts: dict[str, str], files: list[str]) -> str:
        files.append(name)
        if len(files) > PROGRAM_FILES:
            raise RenderError(
                f"shader {files[0]} is made of more than {PROGRAM_FILES} files", "include fewer"
            )
        number = len(files)
        lines = [f"#line 1 {number}"]
        for count, line in enumerate(self._text(name, texts).splitlines(), start=1):
            include = _INCLUDE.match(line)
            if include is None:
                lines.append(line)
            elif include[1] not in files:
                lines += [self._expand(include[1], texts, files), f"#line {count + 1} {number}"]
            else:
                lines.append("")
        return "\n".join(lines)

    def _text(self, name: str, texts: dict[str, str]) -> str:
        if name not in texts:
            texts[name] = self._read(name)
            self._stamps[name] = self._stamp(name)
            self.texts.setdefault(name, texts[name])
        return texts[name]

    def _read(self, name: str) -> str:
        path = self._locate(name)
        text = read_text(path, FILE_LIMIT, RenderError)
        if "\0" in text:
            raise RenderError(f"{one_line(path)}: not text (a null character)", "save it as UTF-8 text")
        return text

    def _locate(self, name: str) -> Path:
        if len(name) > _NAME_LIMIT or not _NAME.fullmatch(name):
            raise RenderError(
                f"no shader can be named {one_line(name, 60)!r}",
                "use letters, digits, - _ . and / for a folder below",
            )
        for folder in self._folders:
            if (folder / name).is_file():
                return folder / name
        looked = ", ".join(one_line(folder) for folder in self._folders) or "no folder"
        raise RenderError(f"no shader {name}", f"looked in: {looked}")

    def _stamp(self, name: str) -> tuple[Path, Stamp] | None:
        """Another where the file was saved, or one of another folder wins now."""
        try:
            path = self._locate(name)
        except (RenderError, OSError):
            return None
        stamp = stamp_of(path)
        return None if stamp is None else (path, stamp)
