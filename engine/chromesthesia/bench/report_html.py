"""One page that needs nothing else: the figures of a measurement with plots, in light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from chromesthesia.bench.compare import Change
from chromesthesia.bench.svg import bars, histogram

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1b22; --soft: #6b6877; --paper: #fbfaf8; --bar: #7a4fd0; --further: #c9b8ef;
  --mark: #c2410c; --line: #e3dfe8; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceaf2; --soft: #a29eb0; --paper: #17161c; --bar: #a98bf0;
  --further: #4d3f74; --mark: #fb923c; --line: #34313d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.note, .soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; }
.tile { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; }
.tile b { display: block; font-size: 1.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td, th { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { width: 100%; max-width: 44rem; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.bar { fill: var(--bar); } .further { fill: var(--further); } .mark { stroke: var(--mark); stroke-width: 2; }
.good { color: #15803d; } .bad { color: #b91c1c; }
@media (prefers-color-scheme: dark) { .good { color: #4ade80; } .bad { color: #f87171; } }
"""


def page(document: Mapping[str, Any], changes: Sequence[Change] = ()) -> str:
    """The report as HTML. changes: beside an earlier measurement."""
    machine = document["machine"]
    parts = [
        f"<h1>Chromesthesia, measured</h1><p class='soft'>{_text(machine.get('processor'))}, "
        f"{_text(machine.get('cores'))} cores, {_text(machine.get('opengl'))} · {_text(document.get('made'))} · "
        f"{_text(document.get('mode'))}</p>",
        _tiles(document),
    ]
    for way, clicks in document.get("clicks", {}).items():
        parts.append(f"<h2>Sound to light: {_text(way)}</h2>")
        if "refused" in clicks:
            parts.append(f"<p class='note'>Not measured: {_text(clicks['refused'])}</p>")
            continue
        light = clicks["sound_to_light"]
        parts.append(
            f"<p class='note'>{light['count']} clicks found again in the presented pixels, {clicks['missed']} missed; "
            f"{clicks['size'][0]} x {clicks['size'][1]} at {clicks['asked_fps']:g} frames a second, "
            f"{clicks['late_frames']} of {clicks['frames']} late.</p>"
        )
        marks = [(key, light[key]) for key in ("p50", "p95", "p99") if light[key] is not None]
        parts.append(
            _wide(histogram(clicks["delays_ms"], "ms from a click's first sample to its light", marks))
        )
        stages = [
            (name, found["p50"], found["p95"])
            for name, found in clicks["stages"].items()
            if found["p50"] is not None and name != "generator"
        ]
        parts.append("<p class='note'>By stage, median and 95 %. The generator paints beside all this.</p>")
        parts.append(_wide(bars(stages, "ms")))
    parts.append(_models(document.get("models", ())))
    parts.append(_frames(document.get("frames", ())))
    if changes:
        parts.append(_changes(changes))
    not_measured = document.get("not_measured", ())
    if not_measured:
        items = "".join(f"<li>{_text(line)}</li>" for line in not_measured)
        parts.append(f"<h2>Not measured</h2><ul>{items}</ul>")
    parts.append(_machine(machine))
    body = "".join(parts)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Chromesthesia, measured</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _tiles(document: Mapping[str, Any]) -> str:
    tiles = []
    for way, clicks in document.get("clicks", {}).items():
        light = clicks.get("sound_to_light", {})
        if light.get("p50") is not None:
            told = f"{light['p50']:.0f} / {light['p95']:.0f} ms"
            tiles.append((f"sound to light, {way}, p50 / p95", told))
    start = document.get("start", {})
    if start.get("p50_s") is not None:
        tiles.append(("start to first picture", f"{start['p50_s']:.2f} s"))
    if document.get("peak_memory_mib") is not None:
        tiles.append(("memory, most", f"{document['peak_memory_mib']:.0f} MiB"))
    power = document.get("power", {})
    for key, name in (("cpu_watts", "processor"), ("gpu_watts", "GPU")):
        if isinstance(power.get(key), (int, float)):
            tiles.append((f"power, {name}", f"{power[key]:g} W"))
    return (
        "<div class='tiles'>"
        + "".join(
            f"<div class='tile'><span class='soft'>{_text(name)}</span><b>{_text(value)}</b></div>"
            for name, value in tiles
        )
        + "</div>"
    )


def _models(rows: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for model, unit in (("encoder", "steps a second"), ("generator", "pictures a second")):
        mine = [row for row in rows if row["model"] == model]
        run = [(_case(row), row["per_second"], None) for row in mine if "per_second" in row]
        refused = "".join(
            f"<tr><td>{_text(_case(row))}</td><td>{_text(row['refused'])}</td></tr>"
            for row in mine
            if "refused" in row
        )
        if mine:
            parts.append(f"<h2>{model.title()}: {unit}</h2>{_wide(bars(run, ''))}")
        if refused:
            parts.append(_wide(f"<table><tr><th>refused</th><th>what was said</th></tr>{refused}</table>"))
    return "".join(parts)


def _case(row: Mapping[str, Any]) -> str:
    threads = "1 thread" if row["threads"] == 1 else f"{row['threads']} threads"
    return f"{row['provider']} {row['precision']}, {threads}, {row['way']}"


def _frames(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    shown = [
        (f"{row['size'][0]} x {row['size'][1]}, {row['preset']}", row["per_second"], None) for row in rows
    ]
    return f"<h2>Frames a second, drawing alone</h2>{_wide(bars(shown, ''))}"


def _changes(changes: Sequence[Change]) -> str:
    lines = []
    for one in changes:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        mark = {True: " good", False: " bad", None: ""}[one.better]
        lines.append(
            f"<tr><td>{_text(one.name)}</td><td class='n'>{_number(one.before)}</td>"
            f"<td class='n'>{_number(one.after)}</td><td class='n{mark}'>{ratio}</td><td>{_text(one.unit)}</td></tr>"
        )
    head = "<tr><th>figure</th><th class='n'>before</th><th class='n'>after</th><th class='n'>ratio</th><th></th></tr>"
    return f"<h2>Beside the earlier measurement</h2>{_wide(f'<table>{head}{chr(10).join(lines)}</table>')}"


def _machine(machine: Mapping[str, Any]) -> str:
    lines = []
    for key, value in machine.items():
        if isinstance(value, Mapping):
            told = ", ".join(f"{name} {version}" for name, version in value.items())
        elif isinstance(value, (list, tuple)):
            told = ", ".join(str(one) for one in value)
        else:
            told = "not told" if value is None else str(value)
        lines.append(f"<tr><td>{_text(key.replace('_', ' '))}</td><td>{_text(told)}</td></tr>")
    return f"<h2>The machine</h2>{_wide(f'<table>{chr(10).join(lines)}</table>')}"


def _wide(content: str) -> str:
    return f"<div class='wide'>{content}</div>" if content else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _text(value: object) -> str:
    return escape(str(value))
