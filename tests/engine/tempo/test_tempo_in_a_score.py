"""A score keeps the beat: what routes take of it is the same when the night is painted again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chromesthesia.core.records import Beat, Heard
from chromesthesia.score.hearing import Levels, Softening, heard_of
from chromesthesia.signals.tempo import TEMPO

BEATS = (
    Beat(),
    Beat(127.97, 1234.567, 3, 0.83, True, "midi", 3723.25),
    Beat(400.0, -0.25, 16, 1.0, True, "timecode", 86_399.0),
    Beat(0.0, 7.5, 4, 0.4, False, "midi", 0.0),
)


@pytest.mark.parametrize("beat", BEATS, ids=lambda beat: beat.source or "rest")
def test_the_beat_comes_back_out_of_a_score(beat: Beat, hear: Callable[..., Heard]) -> None:
    levels = Softening().levels(replace(hear(), beat=beat))
    shown, again = heard_of(levels), heard_of(Levels.unpacked(levels.packed()))
    assert again.beat == shown.beat
    for signal in TEMPO:
        assert signal.read(again) == pytest.approx(signal.read(replace(again, beat=beat)), abs=0.006)


def test_no_beat_is_too_far_or_no_number(hear: Callable[..., Heard]) -> None:
    wild = Beat(float("nan"), float("inf"), 0, float("nan"), True, "", float("inf"))
    again = heard_of(Levels.unpacked(Softening().levels(replace(hear(), beat=wild)).packed()))
    assert (again.beat.bpm, again.beat.beats_per_bar) == (0.0, 1)
