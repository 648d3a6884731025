"""A measurement on one screen of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chromesthesia.bench.compare import Change

MOST_LINES = 60


def summary(document: Mapping[str, Any], changes: Sequence[Change] = ()) -> RenderableType:
    """The figures that matter, and what was not measured. changes: beside an earlier measurement."""
    machine = document["machine"]
    head = Text(f"{machine['processor']}, {machine['cores']} cores, {machine['opengl']}", style="bold")
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for name, told in lines(document):
        table.add_row(name, told)
    parts: list[RenderableType] = [head, table]
    if document["not_measured"]:
        count = len(document["not_measured"])
        parts.append(Text(f"Not measured: {count}, first {document['not_measured'][0]}", style="yellow"))
    if changes:
        parts.append(changed(changes))
    return Group(*parts)


def lines(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and words of each figure."""
    for way, clicks in document["clicks"].items():
        if "refused" in clicks:
            continue
        light = clicks["sound_to_light"]
        if light["p50"] is not None:
            yield (
                f"sound to light, {way}",
                f"{light['p50']:.1f} / {light['p95']:.1f} / {light['p99']:.1f} ms (p50 / p95 / p99 of "
                f"{light['count']} clicks, {clicks['missed']} missed; {clicks['fps']:g} fps, "
                f"{clicks['late_frames']} of {clicks['frames']} late)",
            )
        stages = clicks["stages"]
        told = [f"{name} {found['p50']:.1f}" for name, found in stages.items() if found["p50"] is not None]
        yield "  by stage, p50 in ms", ", ".join(told)
    for model, unit in (("encoder", "steps"), ("generator", "pictures")):
        run = [row for row in document["models"] if row["model"] == model and "per_second" in row]
        if run:
            best = max(run, key=lambda row: float(row["per_second"]))
            yield (
                model,
                f"{best['per_second']:.4g} {unit} a second at most: {best['provider']} {best['precision']}, "
                f"{best['threads']} thread(s), {best['way']}",
            )
    told = [
        f"{row['size'][0]} x {row['size'][1]} {row['per_second']:.0f}" for row in _by_size(document["frames"])
    ]
    if told:
        yield "frames a second", ", ".join(told)
    start = document.get("start", {})
    if start.get("p50_s") is not None:
        yield "start to first picture", f"{start['p50_s']:.2f} s"
    if document.get("peak_memory_mib") is not None:
        yield "memory, most", f"{document['peak_memory_mib']:.0f} MiB"
    for key, value in document.get("power", {}).items():
        if isinstance(value, (int, float)):
            yield key.replace("_", " "), f"{value:g}"


def changed(changes: Sequence[Change]) -> Table:
    """The figures of two measurements."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("figure")
    for name in ("before", "after", "ratio"):
        table.add_column(name, justify="right")
    table.add_column("")
    for one in changes[:MOST_LINES]:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        style = {True: "green", False: "red", None: ""}[one.better]
        table.add_row(one.name, _number(one.before), _number(one.after), Text(ratio, style=style), one.unit)
    return table


def _by_size(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["preset"] == "Plain"]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
