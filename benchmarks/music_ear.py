"""The ear for music beside aubio, essentia and librosa, on music with known truth, scored with mir_eval.

    python -m benchmarks.music_ear [--quick] [--shared FOLDER]      the whole table
    python -m benchmarks music_ear [--quick]                        its rows among all others (less is better: 1 - F)

Onset: F within 50 ms. Beat: F within 70 ms, from the sixth second on, as mir_eval has it. Pitch: overall accuracy,
within half a semitone. Key: the weighted score of MIREX. Latency: in the middle, from the event to the moment at which
it was known; `whole` where the whole piece is needed. Cost: computing time for 10 ms of sound, one thread; ours is for
all of its signals at once. Our beats are those that a show sees: told ahead, from nothing but the past.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import peers
from benchmarks.music_material import material
from benchmarks.music_midi import no_midi
from benchmarks.music_peers import Contender, Found, contenders
from benchmarks.music_synthesis import RATE_HZ, Float32, Piece
from benchmarks.rows import Absent, Row
from chromesthesia.core.records import HOP_SAMPLES, NO_MUSIC, SAMPLE_RATE_HZ
from chromesthesia.features.extractor import FeatureExtractor
from chromesthesia.features.onset import DELAY_S
from chromesthesia.features.pitch import DELAY_S as PITCH_DELAY_S
from chromesthesia.features.tonality import KEYS

HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
KNOWN: dict[str, Callable[[Piece], bool]] = {
    "onset": lambda piece: len(piece.onsets_s) > 0,
    "beat": lambda piece: len(piece.beats_s) > 0,
    "pitch": lambda piece: len(piece.pitch_hz) > 0,
    "key": lambda piece: bool(piece.key),
}
MEASURES = {"onset": "F", "beat": "F", "pitch": "accuracy", "key": "weighted"}


class Line:
    """One contender in one task."""

    def __init__(self, task: str, name: str) -> None:
        self.task, self.name = task, name
        self.right: dict[str, list[float]] = defaultdict(list)
        self.latencies_s: list[float] = []
        self.costs_us: list[float] = []
        self.more: dict[str, list[float]] = defaultdict(list)

    @property
    def mean(self) -> float:
        """Of all pieces."""
        return statistics.fmean(value for values in self.right.values() for value in values)

    @property
    def latency_ms(self) -> float:
        """In the middle; infinite for a contender that needs the whole piece."""
        found = [value for value in self.latencies_s if not math.isnan(value)]
        return 1000.0 * statistics.median(found) if found else math.nan

    @property
    def cost_us(self) -> float:
        """For 10 ms, in the middle."""
        return statistics.median(self.costs_us)


def ours(samples: Float32) -> dict[str, Found]:
    """All four tasks at once, hop by hop, as a show hears them."""
    import soxr

    sound = soxr.resample(samples, RATE_HZ, SAMPLE_RATE_HZ).astype(np.float32)
    extractor = FeatureExtractor()
    # Numbers alone, as a show keeps no frames: memory that is never given back is paid for page by page.
    heard: list[tuple[int, float, float, float, float]] = []
    music = NO_MUSIC
    began = time.perf_counter()
    for frame in extractor.hops(sound, 0, 0.0):
        music = extractor.music(frame)
        heard.append((frame.end_sample, frame.onset, music.beats, music.bpm, music.pitch_hz))
    spent_s = time.perf_counter() - began
    samples_in, onsets, counted, bpms, pitch_hz = (np.array(column) for column in zip(*heard, strict=True))
    ends_s = samples_in / SAMPLE_RATE_HZ
    struck = ends_s[onsets > 0.0]
    beats: list[float] = []
    told: list[float] = []
    last: float | None = None
    for end_s, at, bpm in zip(ends_s.tolist(), counted.tolist(), bpms.tolist(), strict=True):
        whole = math.floor(at)
        if last is not None and whole > last and bpm:
            beats.append(end_s - (at - whole) * 60.0 / bpm)
            told.append(end_s)
        last = whole if last is None else max(last, whole)
    key = music.key
    return {
        "onset": Found(struck - DELAY_S, spent_s, struck),
        "beat": Found(np.array(beats), spent_s, np.array(told)),
        "pitch": Found(ends_s - PITCH_DELAY_S, spent_s, ends_s, pitch_hz),
        "key": Found(np.zeros(0), spent_s, key=KEYS[key] if key >= 0 else "C major"),
    }


def measure(quick: bool, shared: Path | None) -> tuple[list[Line], list[tuple[str, str, str]]]:
    """Every contender's lines, ours first in each task, and (task, name, why) of those that are absent."""
    from benchmarks.music_scores import score

    pieces = material(quick, shared)
    lines: list[Line] = []
    absent: list[tuple[str, str, str]] = []

    def note(line: Line, piece: Piece, found: Found) -> None:
        judged = score(line.task, piece, found)
        line.right[piece.kind].append(judged.right)
        line.latencies_s.append(judged.latency_s)
        line.costs_us.append(found.spent_s / len(piece.samples) * RATE_HZ * HOP_S * 1e6)
        for name, value in judged.more.items():
            line.more[name].append(value)

    own = {task: Line(task, "ours") for task in KNOWN}
    for piece in pieces:
        found = ours(piece.samples)
        for task, known in KNOWN.items():
            if known(piece):
                note(own[task], piece, found[task])
    for task, by_name in contenders().items():
        lines.append(own[task])
        for name, contender in by_name.items():
            if isinstance(contender, Absent):
                absent.append((task, name, contender.why))
                continue
            lines.append(_line(task, name, contender, pieces, note))
    return lines, absent


def _line(
    task: str,
    name: str,
    contender: Contender,
    pieces: list[Piece],
    note: Callable[[Line, Piece, Found], None],
) -> Line:
    line = Line(task, name)
    for piece in pieces:
        if KNOWN[task](piece):
            note(line, piece, contender(piece.samples))
    return line


def table(lines: list[Line], absent: list[tuple[str, str, str]]) -> str:
    """The lines as a Markdown table."""
    rows = [
        "| | contender | right | by kind of music | latency | cost, us in 10 ms | more |",
        "|" + "---|" * 7,
    ]
    for line in lines:
        kinds = ", ".join(f"{kind} {statistics.fmean(values):.3f}" for kind, values in line.right.items())
        latency = "whole" if math.isinf(line.latency_ms) else f"{line.latency_ms:.0f} ms"
        more = ", ".join(f"{name} {np.nanmean(values):.3g}" for name, values in line.more.items())
        rows.append(
            f"| {line.task}, {MEASURES[line.task]} | {line.name} | {line.mean:.3f} | {kinds} | {latency} "
            f"| {line.cost_us:.0f} | {more} |"
        )
    rows += [f"| {task} | {name} | absent | {why} | | | |" for task, name, why in absent]
    return "\n".join(rows)


def shared_folder() -> Path | None:
    """Where VGMIDI may be; None where there is none."""
    folder = Path(os.environ.get("CHROMESTHESIA_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    return folder if (folder / "data" / "vgmidi").is_dir() else None


def rows(quick: bool) -> list[Row]:
    """What is missing to 1 beside each peer, and the cost of a hop with everything."""
    scorer = peers.load("mir_eval")
    if isinstance(scorer, Absent):
        return [Row("music ear", None, "mir_eval", None, "1 - F", note=scorer.why)]
    lines, absent = measure(quick, shared_folder())
    found: list[Row] = []
    own = {line.task: line for line in lines if line.name == "ours"}
    for line in lines:
        if line.name == "ours":
            continue
        mine = own[line.task]
        latency = "the whole piece" if math.isinf(line.latency_ms) else f"{line.latency_ms:.0f} ms"
        note = f"known after {mine.latency_ms:.0f} ms beside {latency}" if line.task != "key" else ""
        found.append(Row(line.task, 1.0 - mine.mean, line.name, 1.0 - line.mean, "1 - F", note=note))
    for task, name, why in absent:
        found.append(Row(task, 1.0 - own[task].mean, name, None, "1 - F", note=why))
    cost = own["beat"].cost_us
    note = f"everything at once; limit 200 us{'; ' + no_midi() if no_midi() else ''}"
    found.append(Row("all of the ear, a hop", cost, "limit", 200.0, "us", note=note))
    return found


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few and short pieces")
    parser.add_argument("--shared", type=Path, default=shared_folder(), help="folder with data/vgmidi")
    options = parser.parse_args()
    lines, absent = measure(options.quick, options.shared)
    print(table(lines, absent))
    if no_midi():
        print(f"without MIDI: {no_midi()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
