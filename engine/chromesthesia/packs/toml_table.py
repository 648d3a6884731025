"""Typed look-up in the tables of a manifest: an error names the file, the key, what was expected and what was there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chromesthesia.errors import PackError

log = logging.getLogger(__name__)

REMEDY = "export the pack again with chromesthesia-train export"


class Table:
    """One TOML table with typed look-up; remembers what was asked for."""

    def __init__(self, values: Mapping[str, Any], where: Path, path: str = "") -> None:
        self._values = values
        self._where = where
        self._path = path
        self._asked: set[str] = set()

    def get(self, key: str, kind: type) -> Any:
        """The value of `key`, of this type (a bool is no int)."""
        self._asked.add(key)
        if key not in self._values:
            raise PackError(f"{self._where}: expected {self._path}{key}, got nothing", REMEDY)
        value = self._values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
            raise self._wrong(key, kind.__name__, value)
        return value

    def number(self, key: str) -> Any:
        """An int or float."""
        value = self.get(key, object)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a number", value)
        return value

    def items(self, key: str, kind: type) -> tuple[Any, ...]:
        """A list whose elements are all of this type."""
        values = self.get(key, list)
        if not all(isinstance(value, kind) and not isinstance(value, bool) for value in values):
            raise self._wrong(key, f"a list of {kind.__name__}", values)
        return tuple(values)

    def pair(self, key: str) -> tuple[int, int]:
        """A list of two ints."""
        values = self.items(key, int)
        if len(values) != 2:
            raise self._wrong(key, "two numbers", values)
        return values[0], values[1]

    def table(self, key: str) -> Table:
        """The table of that name, which must be there."""
        return Table(self.get(key, dict), self._where, f"{self._path}{key}.")

    def optional(self, key: str) -> Table | None:
        """The table of that name, None when it is not there."""
        return self.table(key) if key in self._values else None

    def optional_tables(self, key: str) -> list[Table]:
        """The tables of an array of that name, none when it is not there."""
        return self.tables(key) if key in self._values else []

    def tables(self, key: str) -> list[Table]:
        """The tables of an array of that name, which must be there."""
        return [
            Table(values, self._where, f"{self._path}{key}[{index}].")
            for index, values in enumerate(self.items(key, dict))
        ]

    def numbers(self) -> Mapping[str, float]:
        """Every value, all numbers."""
        return MappingProxyType({key: self.number(key) for key in self._values})

    def strings(self) -> Mapping[str, str]:
        """Every value, all text."""
        return MappingProxyType({key: self.get(key, str) for key in self._values})

    def warn_unknown(self) -> None:
        """Log every key that nobody asked for."""
        for key in sorted(set(self._values) - self._asked):
            log.warning("%s: unknown key %s%s is ignored", self._where, self._path, key)

    def _wrong(self, key: str, expected: str, value: object) -> PackError:
        return PackError(f"{self._where}: {self._path}{key}: expected {expected}, got {value!r}", REMEDY)
