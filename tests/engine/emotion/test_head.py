"""A head of a performer's own: without marks the pack's, with them towards what was marked, and gently."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import EmotionReading
from chromesthesia.emotion.head import MOST_MARKS, Head, Mark, fit_head, is_sound, marked, with_mark


def reading(seed: int, probabilities: tuple[float, float, float] = (0.6, 0.3, 0.1)) -> EmotionReading:
    embedding = np.maximum(np.random.default_rng(seed).normal(size=128), 0.0).astype(np.float32)
    return EmotionReading(480, 0.5, 0.1, -0.2, np.array(probabilities, np.float32), 0.4, embedding)


def mark(seed: int, mood: int) -> Mark:
    return marked([reading(seed)], mood)


def test_no_marks_make_no_head() -> None:
    assert fit_head(()) is None


def test_a_head_that_adds_nothing_says_what_the_pack_says() -> None:
    heard = reading(1)
    said = Head(np.zeros((129, 3))).said(heard)
    np.testing.assert_allclose(said.probabilities, heard.probabilities, atol=1e-6)
    assert (said.valence, said.arousal, said.confidence) == pytest.approx(
        (heard.valence, heard.arousal, heard.confidence), abs=1e-6
    )
    assert said.embedding is heard.embedding
    assert (said.end_sample, said.entered_s) == (480, 0.5)


@pytest.mark.parametrize("mood", range(3))
def test_what_is_marked_becomes_likelier_where_it_was_marked_and_less_elsewhere(mood: int) -> None:
    head = fit_head([mark(1, mood)])
    assert head is not None
    before = reading(1).probabilities[mood]
    here, elsewhere = head.said(reading(1)), head.said(reading(2))
    assert here.probabilities.sum() == pytest.approx(1.0, abs=1e-6)
    assert here.probabilities[mood] > before + 0.05
    assert here.probabilities[mood] > elsewhere.probabilities[mood]


def test_more_marks_move_further() -> None:
    moved = []
    for count in (1, 3, 5):
        head = fit_head([mark(1, 2)] * count)
        assert head is not None
        moved.append(float(head.said(reading(1)).probabilities[2]))
    assert moved == sorted(moved)
    assert moved[0] < 0.8, "one mark is no certainty"


def test_a_mark_of_what_the_pack_is_sure_of_changes_next_to_nothing() -> None:
    sure = reading(1, (0.98, 0.01, 0.01))
    head = fit_head([marked([sure], 0)])
    assert head is not None
    np.testing.assert_allclose(head.said(sure).probabilities, sure.probabilities, atol=0.01)


def test_every_mood_has_the_same_say_however_often_it_was_marked() -> None:
    chance = (1 / 3, 1 / 3, 1 / 3)
    marks = [marked([reading(seed, chance)], 0) for seed in (1, 2, 3, 4, 5, 6)]
    marks.append(marked([reading(7, chance)], 1))
    head = fit_head(marks)
    assert head is not None
    said = head.said(reading(7, chance)).probabilities
    assert said.argmax() == 1


def test_valence_arousal_and_confidence_move_as_the_probabilities_do() -> None:
    heard = reading(1, (0.4, 0.35, 0.25))
    head = fit_head([marked([heard], 1)] * 5)
    assert head is not None
    said = head.said(heard)
    assert said.probabilities.argmax() == 1
    assert said.valence > heard.valence, "happy is pleasant"
    assert said.confidence > heard.confidence
    sad = fit_head([marked([heard], 2)] * 5)
    assert sad is not None
    assert sad.said(heard).arousal < heard.arousal, "sad is calm"


def test_a_sound_in_which_the_pack_finds_nothing_gains_no_confidence() -> None:
    head = fit_head([marked([reading(1, (0.4, 0.35, 0.25))], 1)] * 5)
    assert head is not None
    flat = replace(reading(1, (1 / 3, 1 / 3, 1 / 3)), confidence=0.0)
    assert head.said(flat).confidence == pytest.approx(0.0, abs=1e-6)


def test_ends_are_held() -> None:
    heard = replace(reading(1, (0.4, 0.35, 0.25)), valence=0.99, arousal=0.99, confidence=0.99)
    head = fit_head([marked([heard], 1)] * MOST_MARKS)
    assert head is not None
    said = head.said(heard)
    assert -1.0 <= said.valence <= 1.0
    assert -1.0 <= said.arousal <= 1.0
    assert 0.0 <= said.confidence <= 1.0


@pytest.mark.parametrize(
    "bad",
    [
        {"probabilities": np.array([np.nan, 0.5, 0.5], np.float32)},
        {"probabilities": np.zeros(3, np.float32)},
        {"embedding": np.full(128, np.inf, np.float32)},
    ],
)
def test_a_reading_of_no_numbers_is_left_to_whoever_drops_it(bad: dict[str, np.ndarray]) -> None:
    head = fit_head([mark(1, 0)])
    assert head is not None
    broken = replace(reading(1), **bad)  # type: ignore[arg-type]
    assert head.said(broken) is broken
    assert not is_sound(marked([broken], 0)) or "embedding" not in bad


def test_a_certain_zero_can_be_marked_otherwise() -> None:
    certain = reading(1, (1.0, 0.0, 0.0))
    head = fit_head([marked([certain], 1)] * 5)
    assert head is not None
    said = head.said(certain).probabilities
    assert np.isfinite(said).all()
    assert said[1] > 0.0


def test_the_oldest_mark_of_a_mood_goes_where_there_are_too_many() -> None:
    other = mark(99, 1)
    marks: tuple[Mark, ...] = (other,)
    made = [mark(seed, 0) for seed in range(MOST_MARKS + 2)]
    for each in made:
        marks = with_mark(marks, each)
    assert marks == (other, *made[2:])


def test_a_silent_embedding_makes_a_head_of_numbers() -> None:
    head = fit_head([Mark(np.zeros(128, np.float32), np.full(3, 1 / 3, np.float32), 2)])
    assert head is not None
    assert np.isfinite(head.weights).all()


def test_a_mark_is_the_mean_of_its_readings() -> None:
    made = marked([reading(1), reading(2)], EMOTIONS.index("sad"))
    np.testing.assert_allclose(made.embedding, (reading(1).embedding + reading(2).embedding) / 2, rtol=1e-6)
    assert made.mood == 2
    assert is_sound(made)
