"""The live values of all parameters: one thread writes, everybody reads a snapshot without a lock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.values import (
    ParameterError,
    UnknownParameterError,
    check_declarations,
    coerce,
    nearest,
)

log = logging.getLogger(__name__)

Listener = Callable[[str, Value, str], None]
"""Called as (path, new value, source of the write) on the writing thread."""


class Snapshot(Mapping[str, Value]):
    """All writable parameters at one moment; never changes.

    version grows with every change. look_version grows only when a whole look was loaded: that is when the
    mapper glides from one look to the next instead of following a hand.
    """

    __slots__ = ("_values", "look_version", "version")

    def __init__(self, values: dict[str, Value], version: int = 0, look_version: int = 0) -> None:
        self._values = values
        self.version = version
        self.look_version = look_version

    def __getitem__(self, path: str) -> Value:
        return self._values[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def number(self, path: str) -> float:
        """The value at `path` as a float; raises TypeError for a string."""
        value = self._values[path]
        if isinstance(value, str):
            raise TypeError(f"{path} holds {value!r}, not a number")
        return float(value)


class ParameterTree:
    """Declared parameters and their present values.

    All writes come from one thread (the control thread of a show); `snapshot` may be called from any, takes
    no lock and costs one attribute read. A write copies the table of values, which for a few hundred
    parameters is some microseconds and spares every reader a lock.
    """

    def __init__(self, params: Sequence[Param]) -> None:
        check_declarations(params)
        self._params = {param.path: param for param in params}
        self._defaults = {param.path: param.default for param in params if param.writable}
        self._snapshot = Snapshot(dict(self._defaults))
        self._listeners: list[Listener] = []
        self._listener_failures = 0

    @property
    def params(self) -> Mapping[str, Param]:
        """Every declaration by path, readings included."""
        return self._params

    def snapshot(self) -> Snapshot:
        """The values now; safe from any thread."""
        return self._snapshot

    def listen(self, listener: Listener) -> None:
        """Call `listener` after every change of a value, on the writing thread. A listener must be quick."""
        self._listeners.append(listener)

    def declaration(self, path: str) -> Param:
        """The declaration at `path`; raises UnknownParameterError naming the nearest path."""
        try:
            return self._params[path]
        except KeyError:
            raise unknown_parameter(path, self._params) from None

    def write(self, path: str, raw: object, source: str) -> Value:
        """Set one parameter to what `raw` means for it (see `values.coerce`) and return that.

        source says who wrote, e.g. `keyboard` or `osc:127.0.0.1:53412`; listeners use it not to echo a value
        to where it came from. Raises UnknownParameterError, or ParameterError when the value is not taken.
        """
        value = self._accept(path, raw)
        self._apply({path: value}, source)
        return value

    def reset(self, paths: Iterable[str] | None, source: str) -> None:
        """Bring `paths` (None: all) back to their defaults, all at once."""
        if paths is None:
            self._apply(self._defaults, source)
        else:
            self._apply({path: self._accept(path, self.declaration(path).default) for path in paths}, source)

    def load_look(self, values: Mapping[str, object], source: str) -> None:
        """Take a whole look at once: `values`, and the default for every other parameter that is not the
        room's.

        All values are checked before the first is taken, so a bad one changes nothing; raises ParameterError.
        """
        look = {path: default for path, default in self._defaults.items() if not self._params[path].room}
        look.update({path: self._accept(path, raw) for path, raw in values.items()})
        self._apply(look, source, new_look=True)

    def restore(self, values: Mapping[str, Value], source: str) -> None:
        """Bring everything, the room included, back to `values`, a snapshot of this tree; it counts as a new look."""
        self._apply(values, source, new_look=True)

    def _accept(self, path: str, raw: object) -> Value:
        param = self.declaration(path)
        if not param.writable:
            raise ParameterError(f"{path} is a reading and cannot be set", f"it tells: {param.description}")
        return coerce(param, raw)

    def _apply(self, values: Mapping[str, Value], source: str, new_look: bool = False) -> None:
        before = self._snapshot
        changed = {path: value for path, value in values.items() if before[path] != value}
        if not changed and not new_look:
            return
        self._snapshot = Snapshot(
            {**before, **changed}, before.version + 1, before.look_version + (1 if new_look else 0)
        )
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


def unknown_parameter(path: str, known: Iterable[str]) -> UnknownParameterError:
    """The error for a path that is not among `known`, naming the nearest."""
    shown = path if len(path) <= 80 else path[:77] + "..."
    return UnknownParameterError(
        f"no parameter {shown!r}", nearest(path, known) or "`chromesthesia params` lists all of them"
    )
