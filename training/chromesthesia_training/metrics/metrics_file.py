"""Metrics files: one small JSON a run under `docs/results/metrics/<section>/<name>.json`, the source of every figure.

A file says what was run (command, settings, seeds, machine), on which data and split, what came out, and which
row of the reference it stands beside. Nothing is ever written into a page that is not in one of these.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.safe_write import write_text_whole

SCHEMA = 1
SECTIONS = ("data", "encoders", "alignment", "analysis", "generator", "music", "vae", "pack")
REQUIRED = ("command", "data", "protocol", "split", "seeds", "settings", "figures")
OPTIONAL = ("created", "machine", "curves", "confusion", "per_class", "reference", "notes")
LARGEST_BYTES = 60_000
METRICS_ROOT = Path("docs/results/metrics")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(frozen=True)
class Figure:
    """One measured figure: a mean, its deviation over folds or seeds, and the single values, where there are any."""

    mean: float
    deviation: float | None = None
    folds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Metrics:
    """One metrics file, as read. `content` is the whole of it."""

    path: Path
    section: str
    name: str
    content: Mapping[str, Any] = field(repr=False)

    def __getitem__(self, key: str) -> Any:
        return self.content[key]

    def get(self, key: str, default: Any = None) -> Any:
        """A part of the file, or `default`."""
        return self.content.get(key, default)

    def figure(self, name: str) -> Figure | None:
        """A figure by name, dotted for nested ones (`frechet.made`); None where the run did not give it."""
        found: Any = self.content["figures"]
        for part in _parts(found, name):
            if not isinstance(found, Mapping) or part not in found:
                return None
            found = found[part]
        if isinstance(found, bool) or found is None:
            return None
        if isinstance(found, int | float):
            return Figure(float(found))
        if isinstance(found, Mapping) and isinstance(found.get("mean"), int | float):
            deviation = found.get("deviation")
            folds = tuple(float(value) for value in found.get("folds") or ())
            return Figure(float(found["mean"]), None if deviation is None else float(deviation), folds)
        return None


def _parts(figures: Mapping[str, Any], name: str) -> list[str]:
    return [name] if name in figures else name.split(".")


def over_folds(values: list[float] | tuple[float, ...]) -> dict[str, Any]:
    """The entry of a figure measured several times: mean, deviation (n - 1), and the values."""
    if not values:
        raise TrainingError("a figure without values", "measure at least once before writing it")
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {
        "mean": round(float(np.mean(values)), 6),
        "deviation": round(deviation, 6),
        "folds": [round(float(value), 6) for value in values],
    }


def tables_over_folds(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Figures measured several times, each time in the same table or tables of them: `over_folds` of each."""
    return {
        name: tables_over_folds([one[name] for one in found])
        if isinstance(value, Mapping)
        else over_folds([float(one[name]) for one in found])
        for name, value in found[0].items()
    }


def describe_machine() -> str:
    """Processor, cores and torch version of this machine, in words."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE)
        model = found.group(1).strip() if found else model
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    return f"{os.cpu_count()} cores of {model}, no GPU, torch {torch.__version__.split('+')[0]} CPU"


def write_metrics(section: str, name: str, content: Mapping[str, Any], root: Path = METRICS_ROOT) -> Path:
    """Write `<root>/<section>/<name>.json`, whole or not at all, and return its path.

    `content` holds `command`, `data` (with `what`), `protocol`, `split`, `seeds`, `settings` and `figures`, and may
    hold `created` (else today), `machine` (else this one), `curves`, `confusion`, `per_class`, `reference`, `notes`.
    NumPy scalars and arrays become plain numbers and lists.

    Raises:
        TrainingError: an unknown section, a bad name, a key missing or unknown, NaN or infinity anywhere (named by
        its place), no figures, or more than 60 kB.
    """
    whole = {
        "schema": SCHEMA,
        "section": section,
        "name": name,
        "created": datetime.date.today().isoformat(),
        "machine": "",
        **_plain(content, name),
    }
    whole["machine"] = whole["machine"] or describe_machine()
    _check(whole, f"metrics {section}/{name}")
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    size = len(text.encode())
    if size > LARGEST_BYTES:
        raise TrainingError(
            f"metrics {section}/{name} has {size} bytes, more than {LARGEST_BYTES}",
            "thin out its curves: some hundred points show as much",
        )
    path = root / section / f"{name}.json"
    write_text_whole(path, text)
    return path


def read_metrics(root: Path = METRICS_ROOT) -> list[Metrics]:
    """Every metrics file under `root`, in order of section and name; none where there is no such folder.

    Raises:
        TrainingError: a file that is damaged, of another schema, or not where its section and name say.
    """
    return [_read(path) for path in sorted(root.glob("*/*.json"))]


def _read(path: Path) -> Metrics:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise TrainingError(f"metrics file {path} is damaged: {error}", "run its stage again") from error
    if not isinstance(content, dict):
        raise TrainingError(f"metrics file {path} holds no table", "run its stage again")
    _check(content, f"metrics file {path}")
    if (content["section"], f"{content['name']}.json") != (path.parent.name, path.name):
        raise TrainingError(
            f"metrics file {path} calls itself {content['section']}/{content['name']}", "rename it"
        )
    return Metrics(path, content["section"], content["name"], content)


def _check(content: Mapping[str, Any], where: str) -> None:
    if content.get("schema") != SCHEMA:
        raise TrainingError(
            f"{where} has schema {content.get('schema')!r}, expected {SCHEMA}", "write it anew"
        )
    if content.get("section") not in SECTIONS:
        raise TrainingError(
            f"{where}: section {content.get('section')!r}", f"use one of {', '.join(SECTIONS)}"
        )
    if not isinstance(content.get("name"), str) or not _NAME.fullmatch(content["name"]):
        raise TrainingError(
            f"{where}: name {content.get('name')!r}", "use a-z, 0-9, dot, dash and underscore"
        )
    missing = [key for key in REQUIRED if key not in content]
    if missing:
        raise TrainingError(f"{where} lacks {', '.join(missing)}", "give every required key")
    unknown = sorted(set(content) - {"schema", "section", "name", *REQUIRED, *OPTIONAL})
    if unknown:
        raise TrainingError(
            f"{where} has unknown keys {', '.join(unknown)}", "put figures under figures, remarks under notes"
        )
    if not isinstance(content["data"], Mapping) or not content["data"].get("what"):
        raise TrainingError(f"{where}: data does not say what it is", "set data.what")
    if not isinstance(content["figures"], Mapping) or not content["figures"]:
        raise TrainingError(f"{where} has no figures", "write it when the run has given some")
    for place, value in _numbers(content):
        if not math.isfinite(value):
            raise TrainingError(f"{where}: {place} is {value}", "find out why before writing it down")


def _numbers(value: Any, place: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers(item, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _numbers(item, f"{place}[{number}]")
    elif isinstance(value, float):
        yield place, value


def _plain(value: Any, where: str) -> Any:
    """The same in what JSON knows: NumPy scalars and arrays, paths and tuples turned."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item, where) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, where) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist(), where)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return value.as_posix()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TrainingError(
        f"metrics {where} holds a {type(value).__name__}, which JSON does not know", "give plain numbers"
    )
