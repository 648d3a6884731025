"""Two measurements side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromesthesia.core.errors import UsageError
from chromesthesia.core.user_files import one_line, read_text

SCHEMA = 1
MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a measurement. less: less of it is better."""

    name: str
    value: float
    unit: str
    less: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """A figure in two measurements; None where one has it not."""

    name: str
    before: float | None
    after: float | None
    unit: str
    less: bool

    @property
    def ratio(self) -> float | None:
        """after / before."""
        return None if not self.before or self.after is None else self.after / self.before

    @property
    def better(self) -> bool | None:
        """Whether it became better; None where that cannot be said, or by less than a hundredth."""
        ratio = self.ratio
        if ratio is None or abs(ratio - 1.0) < 0.01:
            return None
        return (ratio < 1.0) == self.less


def load(path: Path) -> Mapping[str, Any]:
    """A measurement's JSON. Raises UsageError for what is none."""
    text = read_text(path, MOST_BYTES, UsageError)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"{one_line(path)} is no JSON: {error}", "give a file of `chromesthesia bench --json`"
        ) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or document.get("kind") != "bench":
        raise UsageError(
            f"{one_line(path)} is no measurement of this version (schema {SCHEMA})",
            "give a file of `chromesthesia bench --json`",
        )
    return document


def figures(document: Mapping[str, Any]) -> Iterator[Figure]:
    """The figures of a measurement, by names that stay the same."""
    for way, clicks in document.get("clicks", {}).items():
        for key in ("p50", "p95", "p99"):
            if (value := clicks.get("sound_to_light", {}).get(key)) is not None:
                yield Figure(f"sound to light, {way}, {key}", float(value), "ms")
        for stage, found in clicks.get("stages", {}).items():
            if found.get("p50") is not None:
                yield Figure(f"{stage}, {way}, p50", float(found["p50"]), "ms")
    for row in document.get("models", ()):
        if "per_second" in row:
            name = f"{row['model']} {row['precision']}, {row['provider']}, {row['threads']} threads, {row['way']}"
            yield Figure(name, float(row["per_second"]), "a second", less=False)
    for row in document.get("frames", ()):
        width, height = row["size"]
        yield Figure(
            f"frames, {width} x {height}, {row['preset']}", float(row["per_second"]), "a second", less=False
        )
    start = document.get("start", {})
    if start.get("p50_s") is not None:
        yield Figure("start to first picture", float(start["p50_s"]), "s")
    if document.get("peak_memory_mib") is not None:
        yield Figure("memory, most", float(document["peak_memory_mib"]), "MiB")


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every figure of either, in the order of `before`."""
    old = {one.name: one for one in figures(before)}
    new = {one.name: one for one in figures(after)}
    changes = []
    for name in {**old, **new}:
        one = old.get(name) or new[name]
        changes.append(
            Change(
                name,
                old[name].value if name in old else None,
                new[name].value if name in new else None,
                one.unit,
                one.less,
            )
        )
    return changes
