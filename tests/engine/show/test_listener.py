"""A listener by itself hears what a show hears, in any portions, of any rate and number of channels."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from chromesthesia import EmotionReading, Heard, Listener, load_pack
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import PackError
from chromesthesia.core.records import HOP_SAMPLES, Float32
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.tree import ParameterTree
from chromesthesia.show.analysis import Analysis
from chromesthesia.testing.audio import tone
from chromesthesia.testing.models import ToneEncoder


def said(heard: list[Heard]) -> Float32:
    """Everything in them as numbers, a row each."""
    rows = []
    for one in heard:
        parts = (*astuple(one.frame), *astuple(one.emotion), one.onset_count, one.onset_envelope)
        rows.append(np.concatenate([np.atleast_1d(np.asarray(part, np.float32)) for part in parts]))
    return np.stack(rows)


def beats() -> Float32:
    """A second of a tone that comes and goes five times."""
    sound = tone(330.0, 1.0) * (np.arange(24_000) % 4800 < 2400)
    return sound.astype(np.float32)


def test_it_hears_what_a_show_hears() -> None:
    shown: list[Heard] = []
    analysis = Analysis(ToneEncoder(), ManualClock(), LatencyMeter())
    analysis.hear(beats(), 0, 0.0, ParameterTree(PARAMETERS).snapshot(), shown.append)
    heard = Listener(encoder=ToneEncoder()).hear(beats())
    np.testing.assert_array_equal(said(heard), said(shown))
    assert len(heard) == 100
    assert heard[-1].onset_count >= 4
    assert heard[-1].frame.entered_s == pytest.approx(0.99)


def test_the_portions_do_not_matter() -> None:
    listener, heard = Listener(encoder=ToneEncoder()), list[Heard]()
    cuts = np.sort(np.random.default_rng(4).integers(0, 24_000, 60))
    for piece in [*np.split(beats(), cuts), []]:
        heard += listener.hear(np.asarray(piece, np.float64))
    whole = Listener(encoder=ToneEncoder()).hear(beats())
    np.testing.assert_array_equal(said(heard)[:, 3:], said(whole)[:, 3:])  # but for rounding of the times


def test_other_rates_and_channels_become_the_engines() -> None:
    stereo = np.repeat(tone(1000.0, 1.0, rate_hz=48_000)[:, None], 2, axis=1)
    heard = Listener(encoder=ToneEncoder(), rate_hz=48_000).hear(stereo)
    assert 99 <= len(heard) <= 100
    assert heard[50].frame.centroid_hz == pytest.approx(1000.0, rel=0.1)


@pytest.mark.parametrize(
    "wrong", [np.zeros(9, np.int16), np.float32(0.5), np.zeros((3, 0)), np.zeros((2, 2, 2))]
)
def test_whole_numbers_and_other_shapes_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="expected floats"):
        Listener(encoder=ToneEncoder()).hear(wrong)  # type: ignore[arg-type]


def test_a_model_that_raises_is_counted_and_the_emotion_held() -> None:
    class Broken(ToneEncoder):
        def step(self, log_mel: Float32, end_sample: int, entered_s: float) -> EmotionReading:
            raise RuntimeError("no more emotion")

    listener = Listener(encoder=Broken())
    assert len(listener.hear(np.zeros(20 * HOP_SAMPLES))) == 20
    assert listener.encoder_failures == 2


def test_the_shipped_pack_is_the_default_and_an_unknown_one_is_named() -> None:
    assert load_pack().name == load_pack("default").name == "default"
    with pytest.raises(PackError, match="theremin"):
        load_pack("theremin")
