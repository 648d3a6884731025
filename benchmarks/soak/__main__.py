"""A soak of a whole show: python -m benchmarks.soak --minutes 60

A real `chromesthesia run` with music, speech-like sound and silence from a PulseAudio server of its own, OSC, a panel
and a preview, while devices are lost, servers killed, models fail, files are corrupt and disks full, on a seeded plan.
Writes a page, a plot and JSON, and ends with 1 when a limit is broken. Linux; needs pulseaudio, and Xvfb for
`--window`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from benchmarks.soak.faults import Breaker, Told, missing_programs, supervision_is_there
from benchmarks.soak.limits import LONGEST_GAP_S, gaps_of, judge, lives_of
from benchmarks.soak.page import Soak, machine, told_in_short, write
from benchmarks.soak.partners import HealthReader, Panel, Partner, PreviewWatcher
from benchmarks.soak.plan import plan
from benchmarks.soak.processes import Sampler
from benchmarks.soak.room import Room

FIRST_PICTURE_WITHIN_S = 60.0
FILM_BROKE_OFF = 8
"""The exit code of a show whose film met a full disk, as it does here."""


def soak(options: argparse.Namespace, folder: Path) -> tuple[Soak, int]:
    """Run it; what was seen, and the exit code of the show when it was asked to end."""
    seed, minutes = options.seed, options.minutes
    supervised = options.supervise and supervision_is_there(sys.executable)
    todo = plan(minutes, seed, supervised, options.window)
    begun = datetime.now().astimezone()
    faults: list[Told] = []
    steal = _steal()
    with Room(folder, seed, options.window, supervised, options.options) as room:
        start_s = time.monotonic()
        preview, health = PreviewWatcher(room.ports, start_s), HealthReader(room.ports, start_s)
        partner, panel = Partner(room.ports, start_s, seed), Panel(room.ports, start_s)
        sampler = Sampler(lambda: room.process, start_s)
        watchers = (preview, health, partner, panel, sampler)
        for watcher in watchers:
            watcher.start()
        _wait(lambda: bool(preview.pictures) or room.ended is not None, FIRST_PICTURE_WITHIN_S)
        begin_s = preview.pictures[0].at_s if preview.pictures else preview.now_s
        breaker = Breaker(room, preview, partner, health, seed)
        interrupted = False
        try:
            for planned in todo:
                _wait(lambda at_s=planned.at_s: preview.now_s >= at_s or room.ended is not None, 3600.0)  # type: ignore[misc]
                if room.ended is not None or preview.now_s > 60.0 * minutes - 5.0:
                    break
                if planned.at_s > 30.0 * minutes:
                    breaker.fill_disk()
                faults.append(breaker.run(planned.kind))
                print(_line(faults[-1]), file=sys.stderr, flush=True)
            _wait(lambda: preview.now_s >= 60.0 * minutes or room.ended is not None, 3600.0)
        except KeyboardInterrupt:
            interrupted = True  # what was seen so far is told all the same
        end_s, ended = preview.now_s, room.ended
        root = room.process
        code = room.end_show()
        for watcher in watchers:
            watcher.stop()
    gaps = gaps_of(preview.pictures, begin_s, end_s, sampler.own_stalls, faults)
    lives = lives_of(sampler.samples, root, begin_s + (end_s - begin_s) / 2.0, supervised, partner.rests)
    verdict = judge(preview.pictures, faults, gaps, lives, ended, options.longest_gap)
    if ended is None and code not in (0, FILM_BROKE_OFF):
        verdict.broken.append(f"the show ended with {code} when it was asked to end: {_tail(room.log)}")
    if interrupted:
        verdict.broken.append(f"it was interrupted after {(end_s - begin_s) / 60.0:.1f} minutes")
    elif len(faults) < len(todo):
        verdict.broken.append(f"only {len(faults)} of {len(todo)} faults were made")
    facts: dict[str, object] = {
        "minutes": minutes,
        "seed": seed,
        "command": f"python -m benchmarks.soak --minutes {minutes:g}"
        + (" --window" if options.window else ""),
        "supervised": supervised,
        "window": options.window,
        "machine": machine(),
        "begun": f"{begun:%Y-%m-%d %H:%M %z}",
        "first_picture_s": round(begin_s, 2),
        "steal_percent": round(100.0 * _share(steal, _steal()), 2),
        "own_stalls": len(sampler.own_stalls),
        "own_longest_stall_s": round(max((away_s for _, away_s in sampler.own_stalls), default=0.0), 2),
        "osc_packets_heard": partner.packets,
        "panel_connections": panel.connections,
        "panel_values": panel.values,
        "exit_code": code if ended is None else ended,
    }
    times_s = [picture.at_s for picture in preview.pictures]
    return Soak(facts, faults, verdict, sampler.samples, times_s, _log_counts(room.log)), code


def _wait(holds: Callable[[], bool], within_s: float) -> None:
    deadline_s, pause = time.monotonic() + within_s, threading.Event()
    while not holds() and time.monotonic() < deadline_s:
        pause.wait(0.05)


def _line(fault: Told) -> str:
    over = "not over" if fault.over_s is None else f"over after {fault.over_s:.1f} s"
    another = "" if fault.pid_before == fault.pid_after else ", another process"
    return f"{fault.at_s:6.0f} s  {fault.kind} ({fault.note}): {over}{another} {fault.seen or ''}"


def _steal() -> tuple[float, float]:
    words = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    return float(words[7]), sum(map(float, words[:8]))


def _share(before: tuple[float, float], after: tuple[float, float]) -> float:
    return (after[0] - before[0]) / max(1.0, after[1] - before[1])


def _log_counts(path: Path) -> dict[str, int]:
    levels = re.compile(r"\b(WARNING|ERROR|CRITICAL|Traceback)\b")
    with path.open(encoding="utf-8", errors="replace") as file:
        return dict(Counter(match[1] for line in file if (match := levels.search(line))))


def _tail(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")[-300:].replace("\n", " ")


def main() -> int:
    """Exit code 1 when a limit is broken, 2 when the machine lacks what a soak needs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--longest-gap",
        type=float,
        default=LONGEST_GAP_S,
        help="seconds that may pass without a new picture; more for a machine whose speed is not known",
    )
    parser.add_argument("--window", action="store_true", help="a show in a window, on an X server of its own")
    parser.add_argument("--no-supervise", dest="supervise", action="store_false")
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    parser.add_argument("--name", help="of the page; soak-60 for 60 minutes when left out")
    parser.add_argument("--keep", type=Path, help="a new folder for films and logs, which stay there")
    parser.add_argument("options", nargs="*", help="more options of `chromesthesia run`, behind --")
    options = parser.parse_args()
    if missing := missing_programs(options.window):
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 2
    folder = options.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        seen, _ = soak(options, folder)
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    page = write(seen, options.out, options.name or f"soak-{options.minutes:g}")
    print(told_in_short(seen.verdict, seen.faults))
    print(page)
    return 1 if seen.verdict.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
