"""What the picture follows: smooth, silent when the room is, unharmed by a broken encoder."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from chromesthesia.core.records import EmotionReading, EmotionState, FeatureFrame
from chromesthesia.emotion.state import NEUTRAL_AROUSAL, EmotionSettings, EmotionTracker, probabilities_at

SETTINGS = EmotionSettings()
ANGRY = EmotionReading(
    end_sample=480,
    entered_s=0.0,
    valence=-0.8,
    arousal=0.9,
    probabilities=np.array([0.8, 0.1, 0.1], dtype=np.float32),
    confidence=0.9,
    embedding=np.full(128, 0.5, dtype=np.float32),
)


def _frame(index: int, level_dbfs: float) -> FeatureFrame:
    return FeatureFrame(
        index=index,
        end_sample=240 * (index + 1),
        entered_s=0.01 * index,
        log_mel=np.zeros(64, dtype=np.float32),
        encoder_mel=np.zeros(64, dtype=np.float32),
        rms_dbfs=level_dbfs,
        lufs_momentary=level_dbfs,
        bands=np.zeros(8, dtype=np.float32),
        centroid_hz=0.0,
        flux=0.0,
        onset=0.0,
    )


def _hear(
    tracker: EmotionTracker,
    levels_dbfs: Sequence[float],
    reading: EmotionReading | None = ANGRY,
    settings: EmotionSettings = SETTINGS,
) -> list[EmotionState]:
    return [
        tracker.step(reading if index % 2 else None, _frame(index, level), settings)
        for index, level in enumerate(levels_dbfs)
    ]


def test_before_any_sound_it_is_neutral() -> None:
    state = EmotionTracker().step(None, _frame(0, -120.0), SETTINGS)
    assert (state.valence, state.arousal, state.confidence, state.activity) == pytest.approx(
        (0, NEUTRAL_AROUSAL, 0, 0)
    )
    np.testing.assert_allclose(state.probabilities, 1 / 3, atol=1e-6)
    assert not state.embedding.any()
    assert (state.end_sample, state.entered_s) == (240, 0.0)


def test_it_follows_the_encoder_smoothly_to_the_end() -> None:
    states = _hear(EmotionTracker(), [-20.0] * 300)
    valences = np.array([state.valence for state in states])
    assert valences[-1] == pytest.approx(-0.8, abs=0.01)
    assert np.abs(np.diff(valences)).max() < 0.12
    assert states[-1].probabilities == pytest.approx(ANGRY.probabilities, abs=0.01)
    assert states[-1].activity == pytest.approx(1.0, abs=0.01)
    assert states[-1].embedding == pytest.approx(ANGRY.embedding, abs=0.01)


def test_a_longer_response_follows_later() -> None:
    tracked = {}
    for response_s in (0.1, 2.0):
        tracker = EmotionTracker()
        _hear(tracker, [-20.0] * 200, replace(ANGRY, valence=0.0))
        tracked[response_s] = _hear(tracker, [-20.0] * 30, settings=replace(SETTINGS, response_s=response_s))[
            -1
        ].valence
    assert tracked[0.1] < 1.5 * tracked[2.0] < 0.0


def test_silence_drifts_back_to_neutral_with_its_time_constant() -> None:
    tracker = EmotionTracker()
    _hear(tracker, [-20.0] * 300)
    quiet = _hear(tracker, [-90.0] * 1200, settings=replace(SETTINGS, neutral_s=2.0))
    closed = next(i for i, state in enumerate(quiet) if state.activity < 0.9)
    assert quiet[closed + 200].valence == pytest.approx(-0.8 / np.e, abs=0.06)
    assert quiet[-1].valence == pytest.approx(0.0, abs=0.02)
    assert quiet[-1].arousal == pytest.approx(NEUTRAL_AROUSAL, abs=0.02)
    assert quiet[-1].probabilities == pytest.approx([1 / 3] * 3, abs=0.01)
    assert quiet[-1].activity < 1e-4


def test_the_encoder_is_not_believed_in_silence() -> None:
    state = _hear(EmotionTracker(), [-90.0] * 300)[-1]
    assert state.valence == 0.0
    assert state.activity == 0.0


def test_a_pause_between_words_is_not_silence() -> None:
    tracker = EmotionTracker()
    _hear(tracker, [-20.0] * 200)
    assert all(state.activity > 0.99 for state in _hear(tracker, [-90.0] * 35))


def test_a_level_on_the_edge_does_not_flutter() -> None:
    wobble = [SETTINGS.gate_dbfs + 1.5 * (-1) ** i for i in range(400)]
    tracker = EmotionTracker()
    assert {state.activity for state in _hear(tracker, wobble)} == {0.0}
    _hear(tracker, [-20.0] * 100)
    assert all(state.activity > 0.99 for state in _hear(tracker, wobble))


def test_after_silence_the_first_emotion_comes_fast() -> None:
    fresh, warm = EmotionTracker(), EmotionTracker()
    neutral = replace(ANGRY, valence=0.0, arousal=NEUTRAL_AROUSAL)
    _hear(warm, [-20.0] * 300, neutral)
    _hear(fresh, [-90.0] * 300)
    assert _hear(fresh, [-20.0] * 15)[-1].valence < 1.5 * _hear(warm, [-20.0] * 15)[-1].valence < 0.0
    assert _hear(fresh, [-20.0] * 30)[-1].activity > 0.95


@pytest.mark.parametrize(
    "broken",
    [
        replace(ANGRY, valence=float("nan")),
        replace(ANGRY, arousal=float("inf")),
        replace(ANGRY, probabilities=np.array([np.nan, 0, 0], dtype=np.float32)),
        replace(ANGRY, probabilities=np.zeros(3, dtype=np.float32)),
        replace(ANGRY, confidence=float("nan")),
        replace(ANGRY, embedding=np.full(128, np.nan, dtype=np.float32)),
    ],
)
def test_a_broken_reading_is_counted_and_the_last_good_one_holds(broken: EmotionReading) -> None:
    tracker = EmotionTracker()
    _hear(tracker, [-20.0] * 400)
    state = _hear(tracker, [-20.0] * 20, broken)[-1]
    assert tracker.bad_readings == 10
    assert state.valence == pytest.approx(-0.8, abs=0.01)
    assert np.isfinite([state.arousal, state.confidence, *state.probabilities, *state.embedding]).all()


def test_what_is_out_of_range_is_brought_back() -> None:
    wild = replace(
        ANGRY, valence=-7.0, arousal=3.0, confidence=2.0, probabilities=np.array([8, 1, 1], dtype=np.float32)
    )
    state = _hear(EmotionTracker(), [-20.0] * 400, wild)[-1]
    assert (state.valence, state.arousal, state.confidence) == pytest.approx((-1, 1, 1), abs=0.01)
    assert state.probabilities == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


@pytest.mark.parametrize(("valence", "arousal", "emotion"), [(-0.6, 0.7, 0), (0.7, 0.5, 1), (-0.6, -0.6, 2)])
def test_by_hand_overrides_what_is_heard_even_in_silence(
    valence: float, arousal: float, emotion: int
) -> None:
    settings = replace(SETTINGS, manual=1.0, manual_valence=valence, manual_arousal=arousal)
    state = _hear(EmotionTracker(), [-120.0], settings=settings)[-1]
    assert (state.valence, state.arousal) == (valence, arousal)
    assert state.probabilities.argmax() == emotion
    assert state.probabilities[emotion] > 0.7
    assert (state.activity, state.confidence) == (1.0, 1.0)


def test_half_by_hand_is_half_way() -> None:
    tracker = EmotionTracker()
    _hear(tracker, [-20.0] * 400)
    state = _hear(tracker, [-20.0], settings=replace(SETTINGS, manual=0.5, manual_valence=0.8))[-1]
    assert state.valence == pytest.approx(0.0, abs=0.02)
    assert float(state.probabilities.sum()) == pytest.approx(1.0, abs=1e-5)


def test_the_middle_of_the_plane_is_no_emotion() -> None:
    np.testing.assert_allclose(probabilities_at(0.0, 0.0), 1 / 3, rtol=1e-6)


def test_published_states_do_not_change_afterwards() -> None:
    tracker = EmotionTracker()
    first = _hear(tracker, [-20.0] * 10)[-1]
    kept = first.embedding.copy(), first.probabilities.copy()
    _hear(tracker, [-20.0] * 50)
    np.testing.assert_array_equal(first.embedding, kept[0])
    np.testing.assert_array_equal(first.probabilities, kept[1])


def test_reset_is_neutral_at_once() -> None:
    tracker = EmotionTracker()
    _hear(tracker, [-20.0] * 100)
    tracker.reset()
    state = tracker.step(None, _frame(0, -20.0), SETTINGS)
    assert state.valence == 0.0
