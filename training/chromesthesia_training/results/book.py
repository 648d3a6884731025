"""All metrics files of a project, found by name, and the words for what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromesthesia_training.metrics.metrics_file import Figure, Metrics, read_metrics

NOT_RUN = "not run"


def plain_name(name: str) -> str:
    """A metrics name with `-` and `_` alike."""
    return name.replace("-", "_")


@dataclass(frozen=True)
class Book:
    """Metrics files by "<section>/<name>"."""

    files: tuple[Metrics, ...]

    @staticmethod
    def read(root: Path) -> Book:
        """Read every metrics file below `root`. Raises TrainingError naming a damaged one."""
        return Book(tuple(read_metrics(root)))

    def get(self, *names: str) -> Metrics | None:
        """The first of the named files that is there."""
        wanted = [plain_name(name) for name in names]
        for name in wanted:
            for one in self.files:
                if plain_name(f"{one.section}/{one.name}") == name:
                    return one
        return None

    def section(self, section: str) -> Iterator[Metrics]:
        """The files of one section, by name."""
        return (one for one in self.files if one.section == section)

    def figure(self, name: str, *figures: str) -> Figure | None:
        """The first of the named figures that the file `name` gives."""
        metrics = self.get(name)
        if metrics is None:
            return None
        return next((found for one in figures if (found := metrics.figure(one)) is not None), None)


def said(figure: Figure | None, digits: int = 3) -> str:
    """A figure as text: mean, and deviation where there is one. `-` where the run did not give it."""
    if figure is None:
        return "-"
    mean = f"{figure.mean:.{digits}f}"
    return (
        mean
        if figure.deviation is None or len(figure.folds) == 1
        else f"{mean} ± {figure.deviation:.{digits}f}"
    )


def seeds_said(metrics: Metrics) -> str:
    """The seeds of a run, e.g. `0` or `1 to 4`."""
    seeds: list[Any] = list(metrics["seeds"])
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(str(seed) for seed in seeds) or "none"


def link(metrics: Metrics) -> str:
    """A Markdown link to the file, from a page beside the metrics folder."""
    return f"[{metrics.name}](metrics/{metrics.section}/{metrics.name}.json)"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines of a Markdown table; `right` are columns of numbers."""
    rule = ["---:" if column in right else "---" for column in range(len(headers))]
    lines = [list(headers), rule, *rows]
    return [
        "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in line) + " |"
        for line in lines
    ]
