"""Plots as SVG text, drawn by hand: histograms and bars whose colours come from the page's style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH = 460
LEFT, RIGHT, TOP, BOTTOM = 28, 12, 12, 42
BAR, GAP = 18, 8
LABEL = 176
LETTERS = 26


def histogram(
    values: Sequence[float], unit: str, marks: Sequence[tuple[str, float]] = (), height: int = 200
) -> str:
    """How often each value comes. marks: name and value of lines across it."""
    if not values:
        return ""
    low, high = math.floor(min(values)), math.ceil(max([*values, *(value for _, value in marks)])) + 1
    step = max(1, math.ceil((high - low) / 40))
    counts = [0] * math.ceil((high - low) / step)
    for value in values:
        counts[min(len(counts) - 1, int((value - low) / step))] += 1
    inner, tall, most = WIDTH - LEFT - RIGHT, height - TOP - BOTTOM, max(counts)

    def x(value: float) -> float:
        return LEFT + inner * (value - low) / (step * len(counts))

    parts = [
        f'<rect class="bar" x="{x(low + number * step) + 1:.1f}" y="{TOP + tall * (1 - count / most):.1f}" '
        f'width="{max(1.0, inner / len(counts) - 2):.1f}" height="{tall * count / most:.1f}"><title>'
        f"{low + number * step} to {low + (number + 1) * step} {escape(unit)}: {count}</title></rect>"
        for number, count in enumerate(counts)
        if count
    ]
    for number in range(6):
        value = low + step * len(counts) * number / 5
        parts.append(f'<text x="{x(value):.1f}" y="{height - 24}" text-anchor="middle">{value:.0f}</text>')
    middle = low + 0.6 * step * len(counts)
    for turn, (name, value) in enumerate(marks):
        parts.append(
            f'<line class="mark" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP}" y2="{TOP + tall}"/>'
            f'<text x="{x(value) + (4 if value < middle else -4):.1f}" y="{TOP + 12 + 14 * turn}" '
            f'text-anchor="{"start" if value < middle else "end"}">{escape(name)} {value:.1f}</text>'
        )
    parts.append(
        f'<text x="{LEFT}" y="{height - 6}">{escape(unit)}</text><text x="4" y="{TOP + 10}">{most}</text>'
    )
    return _svg(height, parts, "histogram")


def bars(rows: Sequence[tuple[str, float, float | None]], unit: str) -> str:
    """A bar for each name: its value, and a thin one up to the second value where there is one."""
    if not rows:
        return ""
    most = max(max(value, further or 0.0) for _, value, further in rows) or 1.0
    height = TOP + len(rows) * (BAR + GAP) + 6
    inner = WIDTH - LABEL - 106
    parts = []
    for number, (name, value, further) in enumerate(rows):
        y = TOP + number * (BAR + GAP)
        label = name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
        parts.append(f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(label)}</text>')
        if further is not None:
            parts.append(
                f'<rect class="further" x="{LABEL}" y="{y + 5}" width="{inner * further / most:.1f}" '
                f'height="{BAR - 10}"/>'
            )
        parts.append(
            f'<rect class="bar" x="{LABEL}" y="{y}" width="{max(1.0, inner * value / most):.1f}" height="{BAR}">'
            f"<title>{escape(name)}</title></rect>"
        )
        end = LABEL + inner * max(value, further or 0.0) / most + 6
        told = _number(value) if further is None else f"{_number(value)} / {_number(further)}"
        parts.append(f'<text x="{end:.1f}" y="{y + 13}">{told} {escape(unit)}</text>')
    return _svg(height, parts, "bars")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"


def _svg(height: int, parts: Sequence[str], what: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{what}">{"".join(parts)}</svg>'
