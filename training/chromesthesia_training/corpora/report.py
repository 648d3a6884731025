"""The validator's result for people (tables), for programs (JSON) and for the metrics file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from rich.table import Table

from chromesthesia_training.corpora.check import CheckResult, Finding

SCHEMA = 1
SHOWN_PER_KIND = 12


def corpora_table(result: CheckResult) -> Table:
    """One row a corpus: how much there is, of which classes, in which splits."""
    table = Table(title="what is there")
    for heading in ("corpus", "layout", "items", "groups", "minutes", "train", "val", "test"):
        table.add_column(heading, justify="left" if heading in ("corpus", "layout") else "right")
    table.add_column("classes", overflow="fold")
    for row in result.corpora:
        table.add_row(
            row.corpus,
            row.layout,
            str(row.items),
            str(row.groups),
            f"{row.minutes:.0f}" if row.minutes else "",
            *(str(row.splits.get(split, 0)) for split in ("train", "val", "test")),
            ", ".join(f"{label} {count}" for label, count in row.classes.items()),
        )
    return table


def findings_table(result: CheckResult, shown_per_kind: int | None = SHOWN_PER_KIND) -> Table:
    """What is wrong, errors first; of each kind at most `shown_per_kind`, None shows all."""
    table = Table(title="what is wrong")
    table.add_column("", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("what", overflow="fold")
    table.add_column("remedy", overflow="fold")
    shown: Counter[tuple[str, str]] = Counter()
    total = Counter((finding.severity, finding.kind) for finding in result.findings)
    for finding in result.findings:
        place = (finding.severity, finding.kind)
        shown[place] += 1
        if shown_per_kind is None or shown[place] <= shown_per_kind:
            style = "bold red" if finding.severity == "error" else "yellow"
            table.add_row(f"[{style}]{finding.severity}[/]", finding.kind, finding.message, finding.remedy)
        elif shown[place] == shown_per_kind + 1:
            table.add_row("", finding.kind, f"... and {total[place] - shown_per_kind} more (--all)", "")
    return table


def as_json(result: CheckResult) -> dict[str, Any]:
    """The whole result: `ok`, `errors`, `warnings`, `corpora`, `findings`."""
    return {
        "schema": SCHEMA,
        "ok": result.count("error") == 0,
        "errors": result.count("error"),
        "warnings": result.count("warning"),
        "corpora": [
            {
                "corpus": row.corpus,
                "layout": row.layout,
                "folder": str(row.folder),
                "items": row.items,
                "groups": row.groups,
                "minutes": row.minutes,
                "classes": row.classes,
                "splits": row.splits,
            }
            for row in result.corpora
        ],
        "findings": [
            {
                "severity": finding.severity,
                "kind": finding.kind,
                "corpus": finding.corpus,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in result.findings
        ],
    }


def as_metrics(result: CheckResult, root: Path, command: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Content of the metrics file `data/check`: counts, and the findings with paths as seen from `root`."""
    by_kind = Counter(f"{finding.severity}s {finding.kind}".replace(" ", "_") for finding in result.findings)
    return {
        "command": command,
        "data": {
            "what": "every file and table of the data folder",
            "clips": sum(row.items for row in result.corpora),
            "corpora": [row.corpus for row in result.corpora],
            "tess": any(row.corpus == "tess" for row in result.corpora),
        },
        "protocol": "validation",
        "split": "as given by the tables",
        "seeds": [],
        "settings": settings,
        "figures": {
            "items": sum(row.items for row in result.corpora),
            "hours": round(sum(row.minutes for row in result.corpora) / 60.0, 2),
            "errors": result.count("error"),
            "warnings": result.count("warning"),
            **by_kind,
        },
        "per_class": {
            row.corpus: {
                "items": row.items,
                "groups": row.groups,
                "minutes": row.minutes,
                "classes": row.classes,
                "splits": row.splits,
            }
            for row in result.corpora
        },
        "notes": _notes(result, root),
    }


def _notes(result: CheckResult, root: Path) -> list[str]:
    shown: Counter[tuple[str, str]] = Counter()
    notes = []
    for finding in result.findings:
        shown[finding.severity, finding.kind] += 1
        if shown[finding.severity, finding.kind] <= SHOWN_PER_KIND:
            notes.append(_line(finding, root))
    return notes


def _line(finding: Finding, root: Path) -> str:
    line = f"{finding.severity}, {finding.kind}: {finding.message}"
    for place in {str(root.resolve()), str(root)}:
        line = line.replace(f"{place}/", "")
    return line
