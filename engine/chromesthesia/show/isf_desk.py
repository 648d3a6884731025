"""ISF shaders of a show: which are shown, their inputs as parameters, and their files watched while it runs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.user_files import Stamp, one_line, stamp_of
from chromesthesia.isf.inputs import namespace_of, params_of
from chromesthesia.isf.plan import NO_ISF, IsfPlan
from chromesthesia.isf.shader import IsfShader, load_isf
from chromesthesia.isf.shelf import Shelf, open_shelf
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.preset_rules import is_isf
from chromesthesia.params.presets import PLAIN, Preset
from chromesthesia.params.tree import ParameterTree, unknown_parameter
from chromesthesia.params.values import ParameterError, coerce_exact
from chromesthesia.ports.port import Readings

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
MISSING_EVERY_S = 2.0
"""A file that is not there is looked for in all folders."""
SOURCE = "isf"
Stamps = dict[Path, Stamp | None]


@dataclass(slots=True)
class _Book:
    """One file that is shown, or would be. error: why its newest version is not; stamps: of what it was read from."""

    name: str
    shader: IsfShader | None = None
    error: str = ""
    stamps: Stamps = field(default_factory=dict)


class IsfDesk:
    """The `control.controller.ShaderDesk` of a show, and a `ports.port.Port` that looks at the files. Control thread.

    always: files that are shown with every preset but the plain one: a scene in the place of the preset's, filters
    behind its. `plan` may be read from any thread.
    """

    name = "isf"

    def __init__(self, tree: ParameterTree, shelf: Shelf, always: Sequence[Path] = ()) -> None:
        self._tree = tree
        self._shelf = shelf
        self._always = tuple(always)
        self._books: dict[str, _Book] = {}
        self._preset = PLAIN
        self._reloads = 0
        self._failures = 0
        self.next_s = self._missing_next_s = float("-inf")
        self.plan: IsfPlan = NO_ISF

    def ready(self, preset: Preset) -> Mapping[str, Value]:
        """Declare the inputs of the shaders of `preset`; its values that there are parameters for."""
        for name in self._wanted(preset):
            book = self._books.get(name)
            if book is None:
                book = self._books[name] = _Book(name)
                self._read(book)
            self._declare(book)
        values: dict[str, Value] = {}
        for path, value in preset.params.items():
            if not is_isf(path):
                values[path] = value
                continue
            try:
                param = self._tree.params.get(path)
                if param is None:
                    raise unknown_parameter(path, self._tree.params)
                values[path] = coerce_exact(param, value)
            except ParameterError as error:
                log.warning("preset %s: left out: %s", one_line(preset.name), error)
        return values

    def taken(self, preset: Preset) -> None:
        """Show the shaders of `preset`, and forget all others."""
        self._preset = preset
        wanted = set(self._wanted(preset))
        gone = [self._books.pop(name) for name in [*self._books] if name not in wanted]
        kept = {book.shader.key for book in self._books.values() if book.shader is not None}
        for book in gone:
            if book.shader is not None and book.shader.key not in kept:
                self._undeclare(book.shader)
        self._plan()

    def start(self) -> None:
        """Nothing is opened."""

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Take files that were saved."""
        if now_s < self.next_s:
            return
        self.next_s = now_s + LOOK_EVERY_S
        looks_for_missing = now_s >= self._missing_next_s
        if looks_for_missing:
            self._missing_next_s = now_s + MISSING_EVERY_S
        changed = [
            book
            for book in self._books.values()
            if (book.stamps or looks_for_missing) and book.stamps != _stamps(self._files(book))
        ]
        if not changed:
            return
        with self._tree.together():
            for book in changed:
                self._reloads += 1
                self._take_again(book)
        self._plan()

    def health(self) -> Mapping[str, int]:
        """How often files were read again; files that were wrong."""
        return {"failures": self._failures, "reloads": self._reloads}

    def stop(self) -> None:
        """Nothing is open."""

    def _wanted(self, preset: Preset) -> tuple[str, ...]:
        """Names of what is shown, the scene first where there is one; each once."""
        if preset == PLAIN:
            return ()
        own = preset.isf
        names = [own.scene] if own.scene else []
        return tuple(dict.fromkeys([*names, *own.filters, *map(str, self._always)]))

    def _plan(self) -> None:
        scene: IsfShader | None = None
        filters: list[IsfShader] = []
        for name in self._wanted(self._preset):
            shader = self._books[name].shader
            if shader is None or shader.key in {each.key for each in (scene, *filters) if each is not None}:
                continue
            by_hand = name not in (self._preset.isf.scene, *self._preset.isf.filters)
            if name == self._preset.isf.scene or (by_hand and not shader.header.is_filter):
                scene = shader
            else:
                filters.append(shader)
        errors = tuple(book.error for book in self._books.values() if book.error)
        plan = IsfPlan(scene, self._preset.isf.place, tuple(filters), errors)
        before = self.plan
        if not plan.draws_as(before) or plan.errors != before.errors:
            self.plan = plan

    def _read(self, book: _Book) -> bool:
        """Read the file anew; one that is wrong leaves the version before. True for another version."""
        try:
            path = self._path(book)
            book.stamps = _stamps(self._files(book))
            shader = load_isf(path)
            book.stamps = _stamps(shader.files)
            others = [each.shader for each in self._books.values() if each is not book and each.shader]
            # One file may be known by two names; two files may not have one name for their parameters.
            if any(each.key == shader.key and each.files[0].resolve() != path.resolve() for each in others):
                raise ParameterError(f"two ISF shaders are called {shader.key}", "rename one of the files")
        except ChromesthesiaError as error:
            self._failed(book, error)
            return False
        book.shader, book.error = shader, ""
        return True

    def _take_again(self, book: _Book) -> None:
        before = book.shader
        if not self._read(book) or book.shader is None:
            return
        log.info("ISF shader %s was read again", book.shader.name)
        if before is not None and _declared(before) == _declared(book.shader):
            return
        values = self._tree.latest()
        if before is not None:
            self._undeclare(before)
        self._declare(book)
        wanted: dict[str, Value] = {**self._preset.params, **values}
        for path, value in wanted.items():
            if path.startswith(f"{namespace_of(book.shader.key)}/") and path in self._tree.params:
                try:
                    self._tree.write(path, value, SOURCE)
                except ParameterError as error:
                    log.info("%s begins at its default: %s", path, error)

    def _declare(self, book: _Book) -> None:
        if book.shader is None:
            return
        namespace = namespace_of(book.shader.key)
        params = params_of(book.shader)
        if not params or namespace in self._tree.declared.namespaces:
            return
        try:
            self._tree.add(namespace, params)
        except ParameterError as error:
            self._failed(book, error)

    def _undeclare(self, shader: IsfShader) -> None:
        namespace = namespace_of(shader.key)
        if namespace in self._tree.declared.namespaces:
            self._tree.remove(namespace)

    def _failed(self, book: _Book, error: ChromesthesiaError) -> None:
        self._failures += 1
        book.error = one_line(error)
        log.error("%s", book.error)

    def _path(self, book: _Book) -> Path:
        by_hand = next((path for path in self._always if str(path) == book.name), None)
        return self._shelf.find(book.name) if by_hand is None else by_hand

    def _files(self, book: _Book) -> Iterable[Path]:
        """What the newest version was read from; where it could not be, the file itself."""
        if book.stamps:
            return [*book.stamps]
        try:
            return [self._path(book)]
        except ChromesthesiaError:
            return []


def open_desk(tree: ParameterTree, controller: Controller, given: Sequence[Path]) -> IsfDesk:
    """The desk of a show, shown by its controller from now on. given: folders and files of the command line.

    Raises UsageError for what is neither.
    """
    shelf, always = open_shelf(given)
    desk = IsfDesk(tree, shelf, always)
    controller.show_shaders(desk)
    return desk


def _declared(shader: IsfShader) -> tuple[Param, ...]:
    return tuple(replace(param, description="") for param in params_of(shader))


def _stamps(files: Iterable[Path]) -> Stamps:
    return {path: stamp_of(path) for path in files}
