"""A walk taken up again from its state goes on as the one that never stopped, bit by bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chromesthesia.core.emotions import CONDITION_LABELS, EMBEDDING_LABEL
from chromesthesia.core.records import Heard
from chromesthesia.generator.walks.latent import LatentMotion, MotionSettings
from chromesthesia.score.events import Key, decode_key, encoded
from chromesthesia.testing.render import heard


def hearing(step: int) -> Heard:
    one = heard(0.5 * np.sin(0.2 * step), 0.3, onset_count=step // 4, onset_envelope=0.5)
    embedding = np.sin(np.arange(128) * (1.0 + 0.02 * step)).astype(np.float32)
    return replace(one, emotion=replace(one.emotion, embedding=embedding))


@pytest.mark.parametrize("labels", [CONDITION_LABELS, (*CONDITION_LABELS, EMBEDDING_LABEL)])
@pytest.mark.parametrize("stop", [0, 1, 23, 40])
def test_it_goes_on_as_if_it_had_not_stopped(labels: tuple[str, ...], stop: int) -> None:
    def settings(step: int) -> MotionSettings:
        return MotionSettings(scene=0 if step < 20 else 5, kick=1.0, morph_s=0.5)

    whole, other = LatentMotion(7, 16, labels), LatentMotion(7, 16, labels)
    for step in range(stop):
        whole.step(1 / 30, hearing(step), settings(step))
    kept = encoded(Key(time_us=0, before=(), parts={"motion": whole.state()}))
    other.restore(decode_key(kept).parts["motion"])
    for step in range(stop, stop + 30):
        one, two = (walk.step(1 / 30, hearing(step), settings(step)) for walk in (whole, other))
        assert np.array_equal(one[0], two[0])
        assert np.array_equal(one[1], two[1])


def test_a_state_of_another_size_is_refused() -> None:
    small, large = LatentMotion(7, 16, CONDITION_LABELS), LatentMotion(7, 64, CONDITION_LABELS)
    small.step(0.1, hearing(0), MotionSettings())
    with pytest.raises(ValueError, match="expected 64 numbers"):
        large.restore(small.state())
