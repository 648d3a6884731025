"""Typed look-up in the tables of a manifest: an error names the file, the key, what was expected and what was there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chromesthesia.core.errors import PackError
from chromesthesia.core.user_files import one_line, shown

log = logging.getLogger(__name__)

REMEDY = "export the pack again with chromesthesia-train export"
MOST_UNKNOWN = 10
"""So many unknown keys of one table are named in the log."""
LARGEST_INT = 1 << 53
"""Whole numbers beyond this are nothing that a manifest counts, and may not even fit a float."""


class Table:
    """One TOML table with typed look-up; remembers what was asked for."""

    def __init__(self, values: Mapping[str, Any], where: Path | str, path: str = "") -> None:
        self._values = values
        self._where = one_line(where)
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
        if isinstance(value, int) and abs(value) > LARGEST_INT:
            raise self._wrong(key, "a smaller number", value)
        return value

    def text(self, key: str) -> str:
        """A text for people, on one line."""
        return one_line(self.get(key, str))

    def name(self, key: str) -> str:
        """A text of one line as it stands: not empty, no control characters."""
        value: str = self.get(key, str)
        if not value.strip() or one_line(value) != " ".join(value.split()) or "\n" in value:
            raise self._wrong(key, "a short text of one line", value)
        return one_line(value)

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
        if any(isinstance(value, int) and abs(value) > LARGEST_INT for value in values):
            raise self._wrong(key, "smaller numbers", values)
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
        unknown = sorted(set(self._values) - self._asked)
        for key in unknown[:MOST_UNKNOWN]:
            log.warning("%s: unknown key %s%s is ignored", self._where, self._path, one_line(key))
        if len(unknown) > MOST_UNKNOWN:
            log.warning("%s: %d more unknown keys are ignored", self._where, len(unknown) - MOST_UNKNOWN)

    def _wrong(self, key: str, expected: str, value: object) -> PackError:
        found = shown(value, 100)
        return PackError(
            f"{self._where}: {self._path}{one_line(key)}: expected {expected}, got {found}", REMEDY
        )
