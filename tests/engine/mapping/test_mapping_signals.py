"""Signals and readings from what is heard."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from chromesthesia.core.records import Heard
from chromesthesia.mapping.readings import Status, readings
from chromesthesia.mapping.signals import resting, signals
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.routes import SIGNALS
from chromesthesia.params.values import coerce

Hear = Callable[..., Heard]


def test_every_declared_signal_is_there_and_no_other(hear: Hear) -> None:
    assert list(signals(hear())) == list(SIGNALS) == list(resting())


def test_signals_run_from_end_to_end_of_their_range(hear: Hear) -> None:
    quiet = signals(hear(rms_dbfs=-120.0, centroid_hz=0.0, flux=0.0))
    loud = signals(hear(rms_dbfs=0.0, centroid_hz=12_000.0, flux=1e9, onset_envelope=1.0, valence=-1.0))
    middle = signals(hear(rms_dbfs=-35.0, centroid_hz=1000.0, bands=np.arange(8, dtype=np.float32) / 8))
    for name in ("features/loudness", "features/centroid", "features/flux"):
        assert (quiet[name], loud[name]) == (0.0, 1.0)
    assert loud["features/onset"] == 1.0
    assert loud["emotion/valence"] == -1.0
    assert middle["features/loudness"] == pytest.approx(0.5)
    assert middle["features/centroid"] == pytest.approx(0.5)
    assert [middle[f"features/band/{n}"] for n in (1, 2, 8)] == [0.0, 0.125, 0.875]
    assert [middle[f"emotion/{label}"] for label in ("angry", "happy", "sad")] == pytest.approx(
        [0.2, 0.3, 0.5]
    )


def test_a_broken_model_cannot_leave_the_range(hear: Hear) -> None:
    broken = signals(
        hear(
            rms_dbfs=math.nan,
            centroid_hz=math.inf,
            flux=math.nan,
            bands=np.full(8, np.nan, np.float32),
            valence=math.nan,
            arousal=math.inf,
            probabilities=np.full(3, np.inf, np.float32),
        )
    )
    assert all(low <= broken[name] <= high for name, (low, high) in SIGNALS.items())


def test_readings_are_exactly_the_declared_ones_and_of_their_type(hear: Hear) -> None:
    declared = {param.path: param for param in PARAMETERS if not param.writable}
    values = readings(hear(valence=0.25, onset_count=3), Status(fps=59.9, source="demo", preset_index=2))
    assert set(values) == set(declared)
    assert all(coerce(declared[path], value) == value for path, value in values.items())
    assert (values["/emotion/valence"], values["/features/onset_count"]) == (0.25, 3)
    assert (values["/status/source"], values["/status/preset_index"]) == ("demo", 2)


def test_before_the_first_sound_there_is_status_only() -> None:
    assert all(path.startswith("/status/") for path in readings(None, Status()))
