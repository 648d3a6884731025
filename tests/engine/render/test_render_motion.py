"""Motion and colour as arithmetic: no OpenGL needed."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia.params.declaration import Value
from chromesthesia.render.grade import grade
from chromesthesia.render.motion import RINGS, Motion, Moved
from chromesthesia.testing.render import heard

LUMA = np.array([0.2126, 0.7152, 0.0722])


def run(motion: Motion, frames: int, values: dict[str, Value], fps: float = 30.0) -> Moved:
    for number in range(frames):
        moved = motion.step(number / fps, 1 / fps, values, heard())
    return moved


def test_a_change_of_speed_never_jumps() -> None:
    motion = Motion()
    before = run(motion, 300, {"/look/view/speed": 1.0, "/look/view/spin": 10.0})
    after = motion.step(10.0, 1 / 30, {"/look/view/speed": 4.0, "/look/view/spin": 10.0}, heard())
    assert after.flow_time_s - before.flow_time_s == pytest.approx(4 / 30)
    assert np.allclose(after.turn, before.turn, atol=0.05)


def test_trails_fade_alike_at_any_frame_rate() -> None:
    values: dict[str, Value] = {"/look/trails/amount": 0.7}
    slow = Motion().step(0.0, 1 / 30, values, None)
    fast = Motion().step(0.0, 1 / 60, values, None)
    assert slow.keep == pytest.approx(fast.keep**2)
    assert Motion().step(0.0, 1 / 30, {"/look/trails/amount": 0.0}, None).keep == 0.0


def test_each_onset_starts_one_ring_that_grows_and_dies() -> None:
    motion = Motion()
    values: dict[str, Value] = {"/look/flow/shock": 1.0}

    def strengths(onset_count: int, dt_s: float = 0.1) -> list[float]:
        moved = motion.step(0.0, dt_s, values, heard(onset_count=onset_count, onset_envelope=1.0))
        return [ring[3] for ring in moved.rings if ring[3] > 0]

    assert strengths(50) == []  # no backlog from before
    assert len(strengths(51)) == 1
    first = motion.step(0.0, 0.1, values, heard(onset_count=51)).rings[0]
    second = motion.step(0.0, 0.1, values, heard(onset_count=51)).rings[0]
    assert second[2] > first[2]
    assert second[3] < first[3]
    for count in range(52, 62):
        assert len(strengths(count, 0.01)) <= RINGS
    assert strengths(61, 2.0) == []


def test_rings_and_beats_come_at_most_three_times_a_second() -> None:
    motion = Motion()
    beats = [motion.step(0.0, 1 / 30, {}, heard(onset_count=number // 3)).beat for number in range(60)]
    assert [number for number in range(1, 60) if beats[number] != beats[number - 1]] == [3, 15, 27, 39, 51]
    ages = sorted(
        ring[2] for ring in motion.step(0.0, 1 / 30, {}, heard(onset_count=19)).rings if ring[3] > 0.0
    )
    assert len(ages) >= 3
    assert min(np.diff(ages)) == pytest.approx(0.85 * 12 / 30)


def test_bass_swells_and_treble_ripples() -> None:
    values: dict[str, Value] = {"/look/flow/amount": 0.0, "/look/flow/bass": 1.0, "/look/flow/treble": 1.0}
    low, high = np.zeros(8), np.zeros(8)
    low[:2], high[5:] = 1.0, 1.0
    bass = Motion().step(0.0, 0.5, values, heard(bands=low))
    treble = Motion().step(0.0, 0.5, values, heard(bands=high))
    assert bass.swell > 0.05 > treble.swell
    assert treble.ripple > 0.01 > bass.ripple


def test_emotions_have_their_colours() -> None:
    values: dict[str, Value] = {"/look/grade/emotion": 1.0}
    tones = {
        name: grade(values, heard(valence, arousal)).gradient.astype(int)
        for name, (valence, arousal) in {
            "angry": (-0.7, 0.7),
            "happy": (0.7, 0.7),
            "sad": (-0.7, -0.7),
        }.items()
    }
    middle = {name: tone[128] for name, tone in tones.items()}
    assert middle["angry"][0] > 2 * middle["angry"][2]
    assert middle["sad"][2] > middle["sad"][0]
    assert middle["happy"][:3] @ LUMA > middle["angry"][:3] @ LUMA
    assert all(tone[0, 3] > 60 for tone in tones.values())


def test_a_neutral_mood_leaves_the_painting_its_own_colour() -> None:
    undecided = (1 / 3, 1 / 3, 1 / 3)
    assert grade({}, heard(0.0, 0.0, probabilities=undecided)).gradient[:, 3].max() == 0
    assert grade({"/look/grade/emotion": 0.0}, heard(-1.0, 1.0)).gradient[:, 3].max() == 0
    assert np.allclose(grade({"/look/grade/emotion": 0.0}, None).color[:, :3], np.eye(3), atol=1e-6)


def test_hue_and_saturation_keep_grey_grey() -> None:
    grey = np.array([0.42, 0.42, 0.42, 1.0])
    color = grade(
        {"/look/grade/hue": 77.0, "/look/grade/saturation": 2.0, "/look/grade/emotion": 0.0}, None
    ).color
    assert np.allclose(color @ grey, grey[:3], atol=1e-5)
    assert not np.allclose(color @ [0.8, 0.2, 0.1, 1.0], [0.8, 0.2, 0.1], atol=0.1)
