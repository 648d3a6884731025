"""The one table of emotions: every use says why it is as it is, and none contradicts another."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chromesthesia.audio.etude import SECTIONS
from chromesthesia.core import emotions
from chromesthesia.core.emotions import CIRCUMPLEX, COMPOSED, EMOTIONS, WALKED, Places
from chromesthesia.generator.walks.latent import NAMED_PLACES

TABLE = {name: value for name, value in vars(emotions).items() if isinstance(value, Places)}
FURTHEST = 0.3


@pytest.mark.parametrize("places", TABLE.values(), ids=TABLE)
def test_every_use_has_all_emotions_a_source_and_lies_near_the_circumplex(places: Places) -> None:
    assert tuple(places.by_name()) == EMOTIONS
    assert len(places.source) > 20
    for emotion in EMOTIONS:
        assert math.dist(places[emotion], CIRCUMPLEX[emotion]) < FURTHEST
        assert all(one * other > 0 for one, other in zip(places[emotion], CIRCUMPLEX[emotion], strict=True))


def test_no_two_uses_say_the_same() -> None:
    """A row beside the circumplex is there because it differs."""
    assert len({tuple(places.by_name().values()) for places in TABLE.values()}) == len(TABLE)


def test_the_walk_and_the_etude_take_theirs_from_the_table() -> None:
    np.testing.assert_array_equal(NAMED_PLACES, [WALKED[emotion] for emotion in EMOTIONS])
    composed = {section.emotion: (section.valence, section.arousal) for section in SECTIONS}
    assert {emotion: composed[emotion] for emotion in EMOTIONS} == COMPOSED.by_name()


def test_an_unknown_emotion_has_no_place() -> None:
    with pytest.raises(KeyError):
        CIRCUMPLEX["bored"]
