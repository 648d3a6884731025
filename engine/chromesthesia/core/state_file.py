"""A small file that a program goes on from: whole or not there, of a known kind and version, never in the way.

What is in its place and is none is set aside as `.bad-1`, `.bad-2` and so on, with a line in the log.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.safe_write import SYSTEM_FILES, FileLayer, reason, replace_file
from chromesthesia.core.user_files import is_there, one_line, read_bytes, shown

log = logging.getLogger(__name__)

T = TypeVar("T")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes the table of one version out of that of the version before."""

LIMIT_BYTES = 1024 * 1024
KEPT_BAD = 5
"""Newest files that were set aside and are kept."""


class StateError(ChromesthesiaError):
    """A state that cannot be kept, or that is none."""

    exit_code = 9


class StateFile:
    """One state at `path`. kind: tells it from other files; upgrades: by the version that they upgrade from.

    Use from one thread at a time; nobody else may write there meanwhile.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        schema: int,
        upgrades: Mapping[int, Upgrade] | None = None,
        files: FileLayer = SYSTEM_FILES,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self.path = path
        self._kind = kind
        self._schema = schema
        self._upgrades = {} if upgrades is None else upgrades
        self._files = files
        self._limit_bytes = limit_bytes

    def read(self, check: Callable[[Mapping[str, Any]], T]) -> T | None:
        """What is kept, as `check` makes it of the table; None where nothing is. Never raises.

        check: raises ValueError, TypeError, KeyError or a ChromesthesiaError for a table that is none. What a power cut
        left half-written beside the file is removed.
        """
        self._tidy()
        if not is_there(self.path) and not self.path.is_symlink():
            return None
        try:
            return check(self._table())
        except (ChromesthesiaError, ValueError, TypeError, KeyError) as error:
            self._set_aside(error)
            return None

    def write(self, table: Mapping[str, Any]) -> None:
        """Keep `table`, on the disk when this returns. Raises StateError; what was kept before is still there then."""
        content = json.dumps({"kind": self._kind, "schema": self._schema, **table}, allow_nan=False).encode()
        if len(content) > self._limit_bytes:
            raise StateError(
                f"{one_line(self.path)}: a state of {len(content)} bytes, at most {self._limit_bytes}",
                "set fewer parameters",
            )
        replace_file(self.path, content + b"\n", StateError, self._files)

    def _table(self) -> dict[str, Any]:
        content = read_bytes(self.path, self._limit_bytes + 1, StateError)
        try:
            read: Any = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise StateError("cut short, or no state at all") from error
        if not isinstance(read, dict) or read.get("kind") != self._kind:
            raise StateError("of another program")
        table: dict[str, Any] = read
        schema = table.get("schema")
        if not isinstance(schema, int) or isinstance(schema, bool) or schema > self._schema:
            raise StateError(f"of version {shown(schema)}, this engine reads up to {self._schema}")
        while schema < self._schema:
            upgrade = self._upgrades.get(schema)
            if upgrade is None:
                raise StateError(f"of version {schema}, which is too old")
            table, schema = upgrade(table), schema + 1
        return table

    def _set_aside(self, error: Exception) -> None:
        told = error.message if isinstance(error, ChromesthesiaError) else f"{type(error).__name__}: {error}"
        numbers = self._bad()
        aside = self.path.with_name(f"{self.path.name}.bad-{max(numbers, default=0) + 1}")
        try:
            os.replace(self.path, aside)
        except OSError as problem:
            log.warning(
                "%s is no state (%s) and stays: %s", one_line(self.path), one_line(told), reason(problem)
            )
            return
        log.warning(
            "%s is no state (%s): set aside as %s", one_line(self.path), one_line(told), one_line(aside.name)
        )
        for number in sorted(numbers)[: max(0, len(numbers) + 1 - KEPT_BAD)]:
            with contextlib.suppress(OSError):
                self.path.with_name(f"{self.path.name}.bad-{number}").unlink()

    def _bad(self) -> list[int]:
        pattern = re.compile(re.escape(self.path.name) + r"\.bad-([1-9]\d{0,8})")
        with contextlib.suppress(OSError):
            found = (pattern.fullmatch(name) for name in os.listdir(self.path.parent))
            return [int(match[1]) for match in found if match]
        return []

    def _tidy(self) -> None:
        """Neighbours that a cut write left (see `safe_write.part_name`)."""
        pattern = re.compile(re.escape(self.path.stem) + r"\.part\d{0,6}" + re.escape(self.path.suffix))
        with contextlib.suppress(OSError):
            for name in os.listdir(self.path.parent):
                if pattern.fullmatch(name):
                    with contextlib.suppress(OSError):
                        self.path.with_name(name).unlink()
