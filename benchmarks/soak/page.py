"""The soak as a page: Markdown, a plot as SVG, and JSON."""

from __future__ import annotations

import itertools
import json
import math
import os
import platform
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.soak.faults import Told
from benchmarks.soak.limits import Verdict
from benchmarks.soak.processes import Sample

WIDTH, HEIGHT, LEFT = 900, 150, 60
INK, GRID, MARK = "#555", "#ccc", "#c33"


@dataclass(frozen=True, slots=True)
class Soak:
    """What is written. facts: figures of the whole, by name."""

    facts: dict[str, object]
    faults: list[Told]
    verdict: Verdict
    samples: list[Sample]
    picture_times_s: list[float]
    log_counts: dict[str, int]


def write(soak: Soak, folder: Path, name: str) -> Path:
    """`name.md`, `name.json` and `figures/name.svg` in `folder`; answers the page."""
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    figures = {
        "facts": soak.facts,
        "broken": soak.verdict.broken,
        "gaps": [asdict(gap) for gap in soak.verdict.gaps[:50]],
        "black_frames": soak.verdict.black,
        "lives": [asdict(life) for life in soak.verdict.lives],
        "faults": [asdict(fault) for fault in soak.faults],
        "log_lines": soak.log_counts,
        "samples": [
            [round(each.at_s, 1), each.pid, round(each.anonymous_mib, 2), round(each.resident_mib, 2),
             each.handles, each.threads]
            for each in soak.samples[:: max(1, len(soak.samples) // 1500)]
        ],
    }  # fmt: skip
    (folder / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (folder / "figures" / f"{name}.svg").write_text(plot(soak), encoding="utf-8")
    page = folder / f"{name}.md"
    page.write_text(markdown(soak, name), encoding="utf-8")
    return page


def machine() -> str:
    """What it ran on, in one line."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {model}, {system}"


def markdown(soak: Soak, name: str) -> str:
    """The page."""
    verdict, facts = soak.verdict, soak.facts
    worst = verdict.gaps[0] if verdict.gaps else None
    lines = [
        f"# A soak of {facts['minutes']} minutes",
        "",
        f"`{facts['command']}`, seed {facts['seed']}; {facts['machine']}. Begun {facts['begun']}.",
        "",
        "The show ran as a user runs it, and was seen from outside only: its pictures through the panel's preview, "
        "five a second (a time below is up to 0.2 s too long), its status over OSC and HTTP, its processes in `/proc`.",
        "",
        f"**{'All limits hold.' if not verdict.broken else 'Limits that do not hold:'}**",
        "",
        *[f"- {line}" for line in verdict.broken],
        *([""] if verdict.broken else []),
        "| | measured | limit |",
        "|---|---|---|",
        f"| longest time without a new frame | {worst.judged_s:.2f} s, at {worst.begin_s:.0f} s "
        f"(last fault: {worst.during or 'none'}) | {verdict.longest_gap_s:g} s |"
        if worst
        else f"| longest time without a new frame | no picture at all | {verdict.longest_gap_s:g} s |",
        f"| new pictures seen; black | {len(soak.picture_times_s)}; {verdict.black} | black: 0 |",
        f"| faults; not over within 45 s | {len(soak.faults)}; "
        f"{sum(fault.over_s is None for fault in soak.faults)} | 0 |",
        f"| processes of the engine | {sum(life.role == 'engine' for life in verdict.lives)} | |",
        f"| processor taken from this machine (steal) | {facts['steal_percent']} % | |",
        f"| the watcher itself kept from running, not held against the show | {facts['own_stalls']} times, "
        f"longest {facts['own_longest_stall_s']} s | |",
        "",
        f"![Memory, handles, threads and times between pictures](figures/{name}.svg)",
        "",
        "## Processes",
        "",
        "Memory is what no file backs; the slope is Theil and Sen's over the life's part in the last half of the soak, "
        "once all looks were shown, at moments at which always the same is shown. It is held against 1 MiB an hour "
        "where that part is ten minutes or more. Handles and threads: the least or the most of either half of that "
        "part, whichever rose less.",
        "",
        "| process | from to, s | judged, s | memory, MiB | slope, MiB/h | handles | threads |",
        "|---|---|---|---|---|---|---|",
        *[
            f"| {life.role} | {life.begin_s:.0f} to {life.end_s:.0f} | {life.judged_s:.0f} | "
            f"{life.anonymous_first_mib:.1f} to {life.anonymous_last_mib:.1f} | {life.slope_mib_per_h:+.2f} | "
            f"{life.handles[0]} to {life.handles[1]} | {life.threads[0]} to {life.threads[1]} |"
            for life in verdict.lives
        ],
        "",
        "## Faults",
        "",
        "Gap: the longest time without a new frame from the fault to ten seconds behind its end. Over: from when what "
        "was broken was mended (a device plugged in again) until pictures came and, where sound was gone, sound.",
        "",
        "| fault | times | longest gap, s | over after, s: median, longest | what the show counted |",
        "|---|---|---|---|---|",
        *_fault_rows(soak),
        "",
        "## What the log says",
        "",
        ", ".join(f"{count} {level}" for level, count in soak.log_counts.items()) or "nothing",
        "",
    ]
    return "\n".join(lines)


def _fault_rows(soak: Soak) -> list[str]:
    kinds: dict[str, list[Told]] = defaultdict(list)
    for fault in soak.faults:
        kinds[fault.kind].append(fault)
    rows = []
    for kind, told in sorted(kinds.items()):
        over_s = sorted(fault.over_s for fault in told if fault.over_s is not None)
        gap_s = max((_gap_around(soak, fault) for fault in told), default=0.0)
        seen: dict[str, int] = defaultdict(int)
        for fault in told:
            for name, count in fault.seen.items():
                seen[name] += count
        restarts = sum(fault.pid_before != fault.pid_after for fault in told)
        counted = [f"{name} {count}" for name, count in sorted(seen.items(), key=lambda item: -item[1])[:6]]
        counted += [f"restarts {restarts}"] if restarts else []
        middle = over_s[len(over_s) // 2] if over_s else float("nan")
        longest = over_s[-1] if over_s else float("nan")
        rows.append(
            f"| {kind} | {len(told)} | {gap_s:.2f} | {middle:.1f}, {longest:.1f} | {', '.join(counted) or 'nothing'} |"
        )
    return rows


def _gap_around(soak: Soak, fault: Told) -> float:
    end_s = fault.at_s + (fault.over_s or 45.0) + 10.0
    near = [
        gap.judged_s
        for gap in soak.verdict.gaps
        if gap.begin_s + gap.length_s >= fault.at_s and gap.begin_s <= end_s and gap.during == fault.kind
    ]
    return max(near, default=0.0)


def plot(soak: Soak) -> str:
    """Four strips over time, faults as marks."""
    whole_s = float(str(soak.facts["minutes"])) * 60.0
    times = soak.picture_times_s
    gaps = [(after, after - before) for before, after in itertools.pairwise(times)]
    strips: list[tuple[str, list[list[tuple[float, float]]]]] = [
        ("s between pictures", [gaps]),
        ("memory, MiB", _series(soak, "anonymous_mib")),
        ("handles", _series(soak, "handles")),
        ("threads", _series(soak, "threads")),
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT * len(strips) + 30}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for row, (title, series) in enumerate(strips):
        top = row * HEIGHT + 20
        values = [value for line in series for _, value in line] or [0.0, 1.0]
        high = _round_above(max(values))
        parts.append(f'<text x="4" y="{top - 6}" fill="{INK}">{escape(title)}</text>')
        for share in (0.0, 0.5, 1.0):
            y = top + (HEIGHT - 40) * (1.0 - share)
            parts.append(f'<path d="M{LEFT} {y:.0f}H{WIDTH}" stroke="{GRID}"/>')
            parts.append(f'<text x="4" y="{y + 4:.0f}" fill="{INK}">{share * high:.3g}</text>')
        for fault in soak.faults:
            x = LEFT + (WIDTH - LEFT) * fault.at_s / whole_s
            parts.append(
                f'<path d="M{x:.1f} {top}v{HEIGHT - 40}" stroke="{MARK}" stroke-opacity="0.25">'
                f"<title>{escape(fault.kind)}</title></path>"
            )
        for line in series:
            thin = line[:: max(1, len(line) // 900)] if row else line
            points = " ".join(
                f"{LEFT + (WIDTH - LEFT) * at_s / whole_s:.1f},{top + (HEIGHT - 40) * (1.0 - value / high):.1f}"
                for at_s, value in thin
            )
            parts.append(f'<polyline points="{points}" fill="none" stroke="{INK}"/>')
    return "\n".join([*parts, "</svg>", ""])


def _round_above(value: float) -> float:
    """The next of 1, 2, 4, 6, 8, 10, 20, ... above `value`, so that the lines of a strip have short figures."""
    step = 10.0 ** math.floor(math.log10(max(value, 1e-9)))
    return next(step * by for by in (1, 2, 4, 6, 8, 10, 20) if step * by > value)


def _series(soak: Soak, name: str) -> list[list[tuple[float, float]]]:
    lines: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for sample in soak.samples:
        lines[sample.pid].append((sample.at_s, float(getattr(sample, name))))
    return list(lines.values())


def told_in_short(verdict: Verdict, faults: Sequence[Told]) -> str:
    """A few lines for the terminal."""
    worst = verdict.gaps[0].judged_s if verdict.gaps else float("nan")
    state = (
        "all limits hold" if not verdict.broken else "\n".join(["limits that do not hold:", *verdict.broken])
    )
    return f"{len(faults)} faults, longest time without a new frame {worst:.2f} s; {state}"
