"""GLSL programs from files: includes, variants, errors with file and line, and reload that keeps the last good one."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import moderngl

from chromesthesia.errors import RenderError

log = logging.getLogger(__name__)

_INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"\s*$')
# Mesa `1:12(5): error: ...`, NVIDIA `1(12) : error C0000: ...`, Apple, AMD and Intel `ERROR: 1:12: ...`.
_LOG_PLACES = (
    re.compile(r"^(?P<file>\d+):(?P<line>\d+)\(\d+\): (?:preprocessor )?(?P<text>error.*)$"),
    re.compile(r"^(?P<file>\d+)\((?P<line>\d+)\) ?: (?P<text>error.*)$"),
    re.compile(r"^ERROR: (?P<file>\d+):(?P<line>\d+): (?P<text>.*)$"),
)
_QUOTED = re.compile(r"[`'](\w+)'")


@dataclass(frozen=True, slots=True)
class _Key:
    vertex: str
    fragment: str
    defines: tuple[tuple[str, int], ...]


class ShaderLibrary:
    """Compiles programs from `folders` (the first that has a file wins) and watches the files it used.

    Use from the thread that owns the context. The source text that compiled last is kept, so variants asked for later
    are built from it even while the file on disk is broken.
    """

    def __init__(self, ctx: moderngl.Context, folders: Sequence[Path]) -> None:
        self._ctx = ctx
        self._folders = tuple(folders)
        self._texts: dict[str, str] = {}
        self._stamps: dict[str, tuple[Path, int, int] | None] = {}
        self._programs: dict[_Key, moderngl.Program] = {}
        self._failed: dict[_Key, moderngl.Program] = {}
        self.error: str | None = None
        self.generation = 0
        """Grows when programs were replaced: vertex arrays made from older ones are stale."""

    def program(self, fragment: str, vertex: str = "screen.vert", **defines: int) -> moderngl.Program:
        """The program of two files, with `#define NAME value` for each keyword; compiled once per combination.

        A variant that does not compile falls back to the one with every define 0 and sets `error`; that one failing
        raises RenderError, naming file and line.
        """
        key = _Key(vertex, fragment, tuple(sorted(defines.items())))
        known = self._programs.get(key) or self._failed.get(key)
        if known is not None:
            return known
        try:
            program = self._compile(key, self._texts)
        except RenderError as error:
            if not any(defines.values()):
                raise
            self.error = str(error)
            log.error("shader variant %s %s: %s", fragment, dict(defines), error)
            self._failed[key] = self.program(fragment, vertex, **dict.fromkeys(defines, 0))
            return self._failed[key]
        self._programs[key] = program
        return program

    def reload_changed(self) -> str | None:
        """Recompile what depends on changed files. Returns the error while a file is broken, else None."""
        changed = [name for name in self._texts if self._stamp(name) != self._stamps[name]]
        if not changed:
            return self.error
        texts = dict(self._texts)
        fresh: dict[_Key, moderngl.Program] = {}
        try:
            for name in changed:
                self._stamps[name] = self._stamp(name)
                texts[name] = self._read(name)
            for key in self._programs:
                if changed_files := self._files(key, texts) & set(changed):
                    log.debug("recompiling %s for %s", key.fragment, sorted(changed_files))
                    fresh[key] = self._compile(key, texts)
        except RenderError as error:
            for program in fresh.values():
                program.release()
            self.error = str(error)
            log.error("shader kept as it was: %s", error)
            return self.error
        for key, program in fresh.items():
            self._programs[key].release()
            self._programs[key] = program
        self._texts = texts
        self._failed.clear()
        self.error = None
        self.generation += 1
        log.info("shaders reloaded: %s", ", ".join(sorted(changed)))
        return None

    def release(self) -> None:
        """Free every program."""
        for program in self._programs.values():
            program.release()
        self._programs.clear()
        self._failed.clear()

    def _locate(self, name: str) -> Path:
        for folder in self._folders:
            if (folder / name).is_file():
                return folder / name
        looked = ", ".join(str(folder) for folder in self._folders) or "no folder"
        raise RenderError(f"no shader {name}", f"looked in: {looked}")

    def _read(self, name: str) -> str:
        path = self._locate(name)
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RenderError(f"cannot read shader {path}: {error}", "save it as UTF-8 text") from error

    def _stamp(self, name: str) -> tuple[Path, int, int] | None:
        try:
            path = self._locate(name)
            status = path.stat()
        except (RenderError, OSError):
            return None
        return path, status.st_mtime_ns, status.st_size

    def _text(self, name: str, texts: dict[str, str]) -> str:
        if name not in texts:
            texts[name] = self._read(name)
            self._stamps[name] = self._stamp(name)
            self._texts.setdefault(name, texts[name])
        return texts[name]

    def _expand(self, name: str, texts: dict[str, str], order: list[str]) -> str:
        order.append(name)
        number = len(order)
        lines = [f"#line 1 {number}"]
        for count, line in enumerate(self._text(name, texts).splitlines(), start=1):
            include = _INCLUDE.match(line)
            if include is None:
                lines.append(line)
            elif include[1] not in order:
                lines += [self._expand(include[1], texts, order), f"#line {count + 1} {number}"]
            else:
                lines.append("")
        return "\n".join(lines)

    def _files(self, key: _Key, texts: dict[str, str]) -> set[str]:
        order: list[str] = []
        self._expand(key.vertex, texts, order)
        fragment: list[str] = []
        self._expand(key.fragment, texts, fragment)
        return {*order, *fragment}

    def _compile(self, key: _Key, texts: dict[str, str]) -> moderngl.Program:
        header = "#version 330 core\n" + "".join(f"#define {name} {value}\n" for name, value in key.defines)
        sources: list[str] = []
        orders: list[list[str]] = []
        for name in (key.vertex, key.fragment):
            order: list[str] = []
            sources.append(header + self._expand(name, texts, order) + "\n")
            orders.append(order)
        try:
            return self._ctx.program(vertex_shader=sources[0], fragment_shader=sources[1])
        except moderngl.Error as error:
            text = str(error)
            order = orders[0] if "vertex_shader" in text else orders[1]
            sources_by_name = [(name, texts[name].splitlines()) for name in order]
            raise RenderError(
                _explain(text, sources_by_name, key), "the last good shader stays; correct the file"
            ) from error


def _explain(text: str, files: list[tuple[str, list[str]]], key: _Key) -> str:
    """One line `file:line: message` from a compiler log whose string numbers count `files` from 1."""
    for line in text.splitlines():
        for pattern in _LOG_PLACES:
            if found := pattern.match(line.strip()):
                number = int(found["line"])
                name = _file_of(int(found["file"]), number, found["text"], files) or key.fragment
                return f"shader {name}:{number}: {found['text'].strip()}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"shader {key.fragment} with {key.vertex}: {lines[-1] if lines else 'does not link'}"


def _file_of(string: int, line: int, message: str, files: list[tuple[str, list[str]]]) -> str | None:
    """The file a log entry is about. Mesa gives string 0 for unknown names: look for the name in that line."""
    if 1 <= string <= len(files):
        return files[string - 1][0]
    quoted = _QUOTED.search(message)
    for name, source in files:
        if quoted is not None and line <= len(source) and quoted[1] in source[line - 1]:
            return name
    return None


UniformValue = float | int | tuple[float, ...] | tuple[int, ...] | list[tuple[float, ...]]


def set_uniforms(program: moderngl.Program, values: Mapping[str, UniformValue]) -> None:
    """Set the uniforms that the program has; those its compiler left out are skipped."""
    for name, value in values.items():
        member = program.get(name, None)
        if isinstance(member, moderngl.Uniform):
            member.value = value
