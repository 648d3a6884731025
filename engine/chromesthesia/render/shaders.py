"""GLSL programs from files: variants, errors with file and line, and reload that keeps the last good one."""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import moderngl

from chromesthesia.core.errors import RenderError
from chromesthesia.core.heap import give_back_free
from chromesthesia.core.user_files import one_line
from chromesthesia.render.shader_files import ShaderFiles, Source

log = logging.getLogger(__name__)

UniformValue = float | int | tuple[float, ...] | tuple[int, ...] | list[tuple[float, ...]]

_KEEPS = "the last good shader stays; correct the file"
_TRIAL_SIZE = (4, 4)
_STALE_ERRORS = 8
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
    """Compiles programs and watches the files they are made of. Use from the thread that owns the context.

    files: folders (the first that has a file wins), or what an earlier library read from them: after a lost context
    the programs are made again from the texts that were good.
    """

    def __init__(self, ctx: moderngl.Context, files: ShaderFiles | Sequence[Path]) -> None:
        self._ctx = ctx
        self.files = files if isinstance(files, ShaderFiles) else ShaderFiles(files)
        self._programs: dict[_Key, moderngl.Program] = {}
        self._failed: dict[_Key, moderngl.Program] = {}
        self._values: dict[_Key, Mapping[str, UniformValue]] = {}
        self._scratch: moderngl.Framebuffer | None = None
        self._former: tuple[dict[_Key, moderngl.Program], dict[str, str], list[str]] | None = None
        self.generation = 0
        """Grows when programs were replaced: vertex arrays made from older ones are stale."""

    @property
    def error(self) -> str | None:
        """What is wrong with a file or a variant; None when all are in use as they are."""
        return self.files.error

    def reads_in_vertices(self, vertex: str) -> bool:
        """Whether a vertex shader may read textures, also where it is not known."""
        return "sampler" in self.files.texts.get(vertex, "sampler")

    def program(
        self,
        fragment: str,
        vertex: str = "screen.vert",
        values: Mapping[str, UniformValue] | None = None,
        **defines: int,
    ) -> moderngl.Program:
        """The program of two files, with `#define NAME value` for each keyword; compiled once per combination.

        values: what it is about to be drawn with; a program must take them, and after a reload the new one must.
        A variant that does not compile or take them falls back to the one with every define 0 and sets `error`; that
        one failing raises RenderError, naming file and line, or file and uniform.
        """
        key = _Key(vertex, fragment, tuple(sorted(defines.items())))
        known = self._programs.get(key)
        if known is not None and (values is None or key in self._values):
            if values is not None:
                self._values[key] = values
            return known
        if key in self._failed:
            return self._failed[key]
        try:
            program = known or self._compile(key, self.files.texts)
            if values is not None:
                set_uniforms(program, values, fragment)
        except RenderError as error:
            if not any(defines.values()):
                raise
            self.files.refuse(str(error))
            log.error("shader variant %s %s: %s", fragment, dict(defines), error)
            plain = self.program(fragment, vertex, values, **dict.fromkeys(defines, 0))
            self._failed[key] = plain
            return plain
        self._programs[key] = program
        if values is not None:
            self._values[key] = values
        return program

    def reload_changed(self) -> str | None:
        """Recompile what changed files make another text of. Returns the error while a file is broken, else None.

        New programs are first drawn with, out of sight, under the present values of their uniforms. A file saved as it
        was, or as it was before it was broken, compiles nothing.
        """
        changed = self.files.changed()
        if not changed:
            return self.error
        fresh: dict[_Key, moderngl.Program] = {}
        taken = False
        try:
            texts = self.files.read_again(changed)
            for key in self._programs:
                if self._sources(key, texts) != self._sources(key, self.files.texts):
                    log.debug("recompiling %s", key.fragment)
                    fresh[key] = self._compile(key, texts)
                    self._try(key, fresh[key])
            taken = True
        except (RenderError, moderngl.Error) as error:
            if str(error) != self.error:
                log.error("shader kept as it was: %s", one_line(error))
            self.files.refuse(one_line(error))
            return self.error
        finally:
            if not taken:
                for program in fresh.values():
                    program.release()
        self.keep()
        self._former = dict(self._programs), self.files.texts, changed
        self._programs.update(fresh)
        self.files.take(texts)
        self._failed.clear()
        self.generation += 1
        log.info("shaders reloaded: %s", ", ".join(changed))
        return None

    def forget(self, fragment: str) -> None:
        """Free the programs of one fragment shader, which is not drawn with any more."""
        self.keep()
        for key in [key for key in self._programs if key.fragment == fragment]:
            self._programs.pop(key).release()
            self._values.pop(key, None)
            self.generation += 1

    def take_back(self, why: str) -> None:
        """Draw with the programs from before the last reload again; why: told until a file is saved anew."""
        if self._former is None:
            return
        programs, texts, changed = self._former
        self._former = None
        for key, program in self._programs.items():
            if programs.get(key) is not program:
                program.release()
        self._programs = programs
        self.files.take_back(texts, changed, why)
        self._failed.clear()
        self.generation += 1

    def keep(self) -> None:
        """The programs from before the last reload are not needed any more."""
        if self._former is None:
            return
        for key, program in self._former[0].items():
            if self._programs.get(key) is not program:
                program.release()
        self._former = None

    def release(self) -> None:
        """Free every program."""
        self.keep()
        for program in self._programs.values():
            program.release()
        self._programs.clear()
        self._failed.clear()
        self._values.clear()
        if self._scratch is not None:
            self._scratch.release()
            self._scratch = None

    def _sources(self, key: _Key, texts: dict[str, str]) -> tuple[Source, Source]:
        return self.files.source(key.vertex, texts), self.files.source(key.fragment, texts)

    def _compile(self, key: _Key, texts: dict[str, str]) -> moderngl.Program:
        header = "#version 330 core\n" + "".join(f"#define {name} {value}\n" for name, value in key.defines)
        vertex, fragment = self._sources(key, texts)
        # Software OpenGL keeps blocks of 32 KiB for a shader and uses half of their pages: in memory that something
        # else has left touched, they would hold all of them.
        give_back_free()
        try:
            return self._ctx.program(
                vertex_shader=f"{header}{vertex.text}\n", fragment_shader=f"{header}{fragment.text}\n"
            )
        except moderngl.Error as error:
            text = str(error)
            source = vertex if "vertex_shader" in text else fragment
            raise RenderError(_explain(text, source, texts, key), _KEEPS) from error

    def _try(self, key: _Key, program: moderngl.Program) -> None:
        """Draw a few pixels out of sight. Raises RenderError for a value it does not take or an error of OpenGL's."""
        values = self._values.get(key)
        if values is None:
            return
        set_uniforms(program, values, key.fragment)
        if self._scratch is None:
            self._scratch = self._ctx.simple_framebuffer(_TRIAL_SIZE)
        array = self._ctx.vertex_array(program, [])
        for _ in range(_STALE_ERRORS):
            if self._ctx.error == "GL_NO_ERROR":
                break
        self._scratch.use()
        array.render(vertices=3)
        answer = self._ctx.error
        array.release()
        if answer != "GL_NO_ERROR":
            raise RenderError(f"shader {key.fragment} cannot be drawn with: {answer}", _KEEPS)


def _explain(text: str, source: Source, texts: Mapping[str, str], key: _Key) -> str:
    """One line `file:line: message` from a compiler log whose string numbers count the files of `source` from 1."""
    files = [(name, texts[name].splitlines()) for name in source.files]
    for line in text.splitlines():
        for pattern in _LOG_PLACES:
            if found := pattern.match(line.strip()):
                number = int(found["line"])
                name = _file_of(int(found["file"]), number, found["text"], files) or key.fragment
                return f"shader {name}:{number}: {one_line(found['text'])}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"shader {key.fragment} with {key.vertex}: {one_line(lines[-1]) if lines else 'does not link'}"


def _file_of(string: int, line: int, message: str, files: list[tuple[str, list[str]]]) -> str | None:
    """The file a log entry is about. Mesa gives string 0 for unknown names: look for the name in that line."""
    if 1 <= string <= len(files):
        return files[string - 1][0]
    quoted = _QUOTED.search(message)
    for name, source in files:
        if quoted is not None and line <= len(source) and quoted[1] in source[line - 1]:
            return name
    return None


def set_uniforms(program: moderngl.Program, values: Mapping[str, UniformValue], shader: str = "") -> None:
    """Set the uniforms that the program has; those its compiler left out are skipped.

    Raises RenderError naming `shader` and the uniform whose type or size is another.
    """
    UniformCache(program).set(values, shader)


class UniformCache:
    """Sets the uniforms of one program, and only those whose value is another than the last that was set here."""

    def __init__(self, program: moderngl.Program) -> None:
        self._program = program
        self._members: dict[str, moderngl.Uniform | None] = {}
        self._last: dict[str, UniformValue] = {}

    def set(self, values: Mapping[str, UniformValue], shader: str = "") -> None:
        """As `set_uniforms`. A list must not be changed by who gave it."""
        members, last = self._members, self._last
        for name, value in values.items():
            if name not in members:
                found = self._program.get(name, None)
                members[name] = found if isinstance(found, moderngl.Uniform) else None
            member = members[name]
            if member is None or (name in last and last[name] == value):
                continue
            try:
                member.value = value
            except (moderngl.Error, TypeError, ValueError, OverflowError, struct.error) as error:
                last.pop(name, None)
                raise RenderError(
                    f"shader {shader}: uniform {name} does not take {one_line(value, 60)}: {one_line(error, 120)}",
                    f"declare it as in the shipped file; {_KEEPS}",
                ) from error
            last[name] = value
