"""How right a contender is about a piece, by mir_eval."""

from __future__ import annotations

from dataclasses import dataclass

import mir_eval
import numpy as np

from benchmarks.music_peers import Found
from benchmarks.music_synthesis import FRAME_S, Float64, Piece

ONSET_WINDOW_S = 0.05
NO_LATENCY = float("inf")
"""Of a contender that needs the whole piece."""


@dataclass(frozen=True, slots=True)
class Score:
    """right: 0..1, the measure of its task (F; for pitch the overall accuracy; for key the weighted score). latency_s:
    median time from the event to when it was known. more: further measures by name."""

    right: float
    latency_s: float
    more: dict[str, float]


def score(task: str, piece: Piece, found: Found) -> Score:
    """The score of what was found in a piece whose truth of this task is known."""
    match task:
        case "onset":
            f, precision, recall = mir_eval.onset.f_measure(
                piece.onsets_s, found.times_s, window=ONSET_WINDOW_S
            )
            matched = mir_eval.util.match_events(piece.onsets_s, found.times_s, ONSET_WINDOW_S)
            return Score(
                f, _latency_s(piece.onsets_s, found, matched), {"precision": precision, "recall": recall}
            )
        case "beat":
            truth = mir_eval.beat.trim_beats(piece.beats_s)
            beats = mir_eval.beat.trim_beats(found.times_s)
            f = mir_eval.beat.f_measure(truth, beats)
            matched = mir_eval.util.match_events(piece.beats_s, found.times_s, 0.07)
            _, _, _, amlt = mir_eval.beat.continuity(truth, beats)
            errors = [abs(found.times_s[b] - piece.beats_s[a]) for a, b in matched]
            more = {"any level": amlt, "error ms": 1e3 * float(np.median(errors)) if errors else np.nan}
            return Score(f, _latency_s(piece.beats_s, found, matched), more)
        case "pitch":
            return _pitch(piece, found)
    return Score(
        mir_eval.key.weighted_score(piece.key, found.key),
        NO_LATENCY,
        {"exact": float(piece.key == found.key)},
    )


def _latency_s(truth_s: Float64, found: Found, matched: list[tuple[int, int]]) -> float:
    if found.decided_s is None:
        return NO_LATENCY
    if not matched:
        return float("nan")
    return float(np.median([found.decided_s[there] - truth_s[here] for here, there in matched]))


def _pitch(piece: Piece, found: Found) -> Score:
    assert found.pitch_hz is not None
    times_s = np.arange(len(piece.pitch_hz)) * FRAME_S
    raw = mir_eval.melody.to_cent_voicing(times_s, piece.pitch_hz, found.times_s, found.pitch_hz)
    recall, false_alarm = mir_eval.melody.voicing_measures(raw[0], raw[2])
    accuracy = mir_eval.melody.raw_pitch_accuracy(*raw)
    overall = mir_eval.melody.overall_accuracy(*raw)
    more = {"raw pitch": accuracy, "voicing": recall, "false alarm": false_alarm}
    if found.decided_s is None:
        return Score(overall, NO_LATENCY, more)
    waits = []
    # From the beginning of a note to the first moment at which its pitch, within half a semitone, was told.
    for onset_s in piece.onsets_s:
        place = round(float(onset_s) / FRAME_S) + 5
        if place >= len(piece.pitch_hz) or not piece.pitch_hz[place]:
            continue
        after = (found.decided_s >= onset_s) & (found.decided_s < onset_s + 0.3)
        near = np.abs(np.log2(np.maximum(found.pitch_hz, 1.0) / piece.pitch_hz[place])) < 0.5 / 12.0
        if (right := np.flatnonzero(after & near)).size:
            waits.append(found.decided_s[right[0]] - onset_s)
    return Score(overall, float(np.median(waits)) if waits else float("nan"), more)
