"""The live values of all parameters: one thread writes, everybody reads a snapshot without a lock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from chromesthesia.core.user_files import shown
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.live import Values
from chromesthesia.params.values import (
    ParameterError,
    UnknownParameterError,
    check_declarations,
    coerce,
    moved,
    nearest,
)

log = logging.getLogger(__name__)

NAMESPACE_LIMIT = 64
"""Most namespaces that may be added at a time."""
NAMESPACE_SIZE = 256
"""Most parameters in one of them."""

Listener = Callable[[str, Value, str], None]
"""Called as (path, new value, source of the write) on the writing thread."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Which parameters there are. Replaced as a whole when some come or go; `version` then grows.

    namespaces: what was added while the show runs, by the address that everything in it begins with.
    """

    params: Mapping[str, Param]
    namespaces: Mapping[str, tuple[Param, ...]] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 0


class Snapshot(Values):
    """All writable parameters at one moment; never changes.

    version grows with every change. look_version grows only when a whole look was loaded: that is when the
    mapper glides from one look to the next instead of following a hand, over `morph_s` seconds (None: over
    `/master/morph_s`). declared: which parameters there are.
    """

    __slots__ = ("declared", "look_version", "morph_s", "version")

    def __init__(
        self,
        values: dict[str, Value],
        declared: Declared,
        version: int = 0,
        look_version: int = 0,
        morph_s: float | None = None,
    ) -> None:
        super().__init__(values)
        self.declared = declared
        self.version = version
        self.look_version = look_version
        self.morph_s = morph_s


class ParameterTree:
    """Declared parameters and their present values; parameters may come and go while the show runs.

    All writes come from one thread (the control thread of a show); `snapshot` may be called from any, takes
    no lock and costs one attribute read. For that a write copies the table of values, some microseconds for a few
    hundred parameters; writes made `together` copy it once.
    """

    def __init__(self, params: Sequence[Param]) -> None:
        check_declarations(params)
        self._declared = Declared(MappingProxyType({param.path: param for param in params}))
        self._defaults = {param.path: param.default for param in params if param.writable}
        self._values: dict[str, Value] = dict(self._defaults)
        self._snapshot = self._latest = Snapshot(dict(self._values), self._declared)
        self._version = self._look_version = 0
        self._morph_s: float | None = None
        self._is_together = False
        self._listeners: list[Listener] = []
        self._listener_failures = 0

    def counts(self) -> dict[str, int]:
        """Times that a listener raised. Any thread."""
        return {"listener_failures": self._listener_failures}

    @property
    def declared(self) -> Declared:
        """Which parameters there are now; safe from any thread. Another object whenever that changed."""
        return self._declared

    @property
    def params(self) -> Mapping[str, Param]:
        """Every declaration by path, readings included."""
        return self._declared.params

    def add(self, namespace: str, params: Sequence[Param]) -> None:
        """Declare more parameters, all below `namespace`, e.g. `/isf/ripples`; they start at their defaults.

        Raises ParameterError, and changes nothing, for a namespace that is there, for a path outside of it, for
        declarations that make no sense, and beyond `NAMESPACE_LIMIT` or `NAMESPACE_SIZE`.
        """
        declared = self._declared
        self._check_namespace(namespace, params)
        together = (*declared.params.values(), *params)
        try:
            check_declarations(together)
        except ValueError as error:
            raise ParameterError(f"{namespace} cannot be added: {error}", "declare it otherwise") from error
        self._redeclare(together, {**declared.namespaces, namespace: tuple(params)})

    def remove(self, namespace: str) -> None:
        """Forget what was added as `namespace`. Raises UnknownParameterError when there is none."""
        namespaces = dict(self._declared.namespaces)
        gone = namespaces.pop(namespace, None)
        if gone is None:
            hint = nearest(namespace, namespaces) or "only what was added can be removed"
            raise UnknownParameterError(f"no namespace {shown(namespace)}", hint)
        paths = {param.path for param in gone}
        self._redeclare([param for path, param in self.params.items() if path not in paths], namespaces)

    def _check_namespace(self, namespace: str, params: Sequence[Param]) -> None:
        namespaces = self._declared.namespaces
        if namespace in namespaces:
            raise ParameterError(f"{namespace} is there already", "remove it first")
        if len(namespaces) >= NAMESPACE_LIMIT or not 0 < len(params) <= NAMESPACE_SIZE:
            raise ParameterError(
                f"{namespace} with {len(params)} parameters cannot be added to {len(namespaces)} namespaces",
                f"at most {NAMESPACE_LIMIT} namespaces of 1 to {NAMESPACE_SIZE} parameters",
            )
        outside = [param.path for param in params if not param.path.startswith(f"{namespace}/")]
        if not namespace.startswith("/") or outside:
            raise ParameterError(
                f"{shown(outside or namespace)} is not below {shown(namespace)}", "name it so"
            )

    def _redeclare(self, params: Sequence[Param], namespaces: Mapping[str, tuple[Param, ...]]) -> None:
        self._declared = Declared(
            MappingProxyType({param.path: param for param in params}),
            MappingProxyType(dict(namespaces)),
            self._declared.version + 1,
        )
        self._defaults = {param.path: param.default for param in params if param.writable}
        before = self._values
        self._values = {path: before.get(path, default) for path, default in self._defaults.items()}
        self._changed()

    def snapshot(self) -> Snapshot:
        """The values now, or as they were before writes that are made together; safe from any thread."""
        return self._snapshot

    def latest(self) -> Snapshot:
        """The values now, writes that are being made together included. Writing thread only: what keeps or takes back
        the present values amid other commands must not miss the ones just before it.
        """
        if self._version != self._latest.version:
            self._latest = Snapshot(
                dict(self._values), self._declared, self._version, self._look_version, self._morph_s
            )
        return self._latest

    def value(self, path: str) -> Value:
        """The value of one parameter that can be written, as `latest` has it. Raises UnknownParameterError."""
        if path not in self._values:
            raise unknown_parameter(path, self._values)
        return self._values[path]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Readers see all writes made inside at once, when it is left. Listeners are told of each as it is made."""
        self._is_together = True
        try:
            yield
        finally:
            self._is_together = False
            self._publish()

    def listen(self, listener: Listener) -> None:
        """Call `listener` after every change of a value, on the writing thread. A listener must be quick."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Call `listener` no more."""
        self._listeners.remove(listener)

    def declaration(self, path: str) -> Param:
        """The declaration at `path`; raises UnknownParameterError naming the nearest path."""
        try:
            return self.params[path]
        except KeyError:
            raise unknown_parameter(path, self.params) from None

    def write(self, path: str, raw: object, source: str) -> Value:
        """Set one parameter to what `raw` means for it (see `values.coerce`) and return that.

        source says who wrote, e.g. `keyboard` or `osc:127.0.0.1:53412`; listeners use it not to echo a value
        to where it came from. Raises UnknownParameterError, or ParameterError when the value is not taken.
        """
        value = self._accept(path, raw)
        self._apply({path: value}, source)
        return value

    def nudge(self, path: str, amount: object, source: str) -> Value:
        """Move one parameter by `amount` from where it is (see `values.moved`) and return its new value.

        Raises as `write` does.
        """
        param = self.declaration(path)
        self._check_writable(param)
        value = moved(param, self._values[path], amount)
        self._apply({path: value}, source)
        return value

    def reset(self, paths: Iterable[str] | None, source: str) -> None:
        """Bring `paths` (None: all) back to their defaults, all at once."""
        if paths is None:
            self._apply(self._defaults, source)
        else:
            self._apply({path: self._accept(path, self.declaration(path).default) for path in paths}, source)

    def load_look(self, values: Mapping[str, object], source: str, morph_s: float | None = None) -> None:
        """Take a whole look at once: `values`, and the default for every other parameter that is not the
        room's. morph_s: see `Snapshot`.

        All values are checked before the first is taken, so a bad one changes nothing; raises ParameterError.
        """
        look = {path: default for path, default in self._defaults.items() if not self.params[path].room}
        look.update({path: self._accept(path, raw) for path, raw in values.items()})
        self._apply(look, source, new_look=True, morph_s=morph_s)

    def restore(self, values: Mapping[str, Value], source: str) -> None:
        """Bring everything, the room included, back to `values`, a snapshot of this tree; it counts as a new look.

        What came since is brought to its default; what went stays away.
        """
        kept = {path: values.get(path, default) for path, default in self._defaults.items()}
        self._apply(kept, source, new_look=True)

    def _accept(self, path: str, raw: object) -> Value:
        param = self.declaration(path)
        self._check_writable(param)
        return coerce(param, raw)

    def _check_writable(self, param: Param) -> None:
        if not param.writable:
            raise ParameterError(
                f"{param.path} is a reading and cannot be set", f"it tells: {param.description}"
            )

    def _apply(
        self,
        values: Mapping[str, Value],
        source: str,
        new_look: bool = False,
        morph_s: float | None = None,
    ) -> None:
        before = self._values
        changed = {path: value for path, value in values.items() if before[path] != value}
        if not changed and not new_look:
            return
        before.update(changed)
        if new_look:
            self._look_version += 1
            self._morph_s = morph_s
        self._changed()
        for path, value in changed.items():
            for listener in self._listeners:
                try:
                    listener(path, value, source)
                except Exception:  # a listener's fault must not keep the value from the others
                    self._listener_failures += 1
                    if self._listener_failures & (self._listener_failures - 1) == 0:
                        log.exception(
                            "a listener failed on %s, %d times so far", path, self._listener_failures
                        )

    def _changed(self) -> None:
        self._version += 1
        if not self._is_together:
            self._publish()

    def _publish(self) -> None:
        self._snapshot = self.latest()


def unknown_parameter(path: str, known: Iterable[str]) -> UnknownParameterError:
    """The error for a path that is not among `known`, naming the nearest."""
    cut = path if len(path) <= 80 else path[:77] + "..."
    return UnknownParameterError(
        f"no parameter {cut!r}", nearest(path, known) or "`chromesthesia params` lists all of them"
    )
