"""Signals and readings from what is heard."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.control.controller import Controller
from chromesthesia.core.records import MOST_MUSICIANS, Heard, Music
from chromesthesia.health.status import Figures, ShowStatus
from chromesthesia.health.telling import readings_of
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Param
from chromesthesia.params.presets import PresetLibrary, parse_preset
from chromesthesia.params.readings import signal_readings
from chromesthesia.params.reference import parameters_page
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.values import coerce
from chromesthesia.show.performer import Performer
from chromesthesia.signals.declaration import Signal
from chromesthesia.signals.emotion import PROBABILITIES, VALENCE
from chromesthesia.signals.features import FLATNESS, LOUDNESS
from chromesthesia.signals.history import History
from chromesthesia.signals.table import FIRST, SIGNALS, TABLE, SignalTable

Hear = Callable[..., Heard]


def signals(heard: Heard) -> dict[str, float]:
    """Every source of a route with its level."""
    return {name: tap.level({FIRST: heard}) for name, tap in TABLE.taps.items()}


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
    assert all(tap.source.low <= broken[name] <= tap.source.high for name, tap in TABLE.taps.items())


def test_at_rest_no_source_moves_anything() -> None:
    assert {tap.level({}) for tap in TABLE.taps.values()} == {0.0}


def test_readings_are_exactly_the_declared_ones_and_of_their_type(hear: Hear) -> None:
    declared = {param.path: param for param in PARAMETERS if not param.writable}
    status = ShowStatus(Figures(fps=59.9, source="demo", preset_index=2), {}, ())
    learned = Performer(Controller(ParameterTree(()), PresetLibrary(())), lambda: None).readings()
    band = replace(hear(valence=0.25, onset_count=3), musicians=(hear(),) * MOST_MUSICIANS)
    values = {**readings_of(status), **learned, **TABLE.values({FIRST: band})}
    assert set(values) == set(declared)
    assert all(coerce(declared[path], value) == value for path, value in values.items())
    assert (values["/emotion/valence"], values["/features/onset_count"]) == (0.25, 3)
    assert (values["/status/source"], values["/status/preset_index"]) == ("demo", 2)


def test_a_musician_is_read_of_his_own_and_told_only_where_he_is_heard(hear: Hear) -> None:
    drums = hear(rms_dbfs=-35.0, onset_envelope=0.5, onset_count=7, centroid_hz=1000.0, flux=1e9)
    voice = replace(hear(rms_dbfs=0.0), music=Music(pitch_hz=440.0, pitch_confidence=0.8))
    band = replace(hear(rms_dbfs=-60.0, onset_envelope=0.1), musicians=(drums, voice))
    levels, values = signals(band), TABLE.values({FIRST: band})
    assert levels["features/onset"] == 0.1
    assert levels["musician/1/level"] == pytest.approx(0.5)
    assert (levels["musician/1/onset"], levels["musician/1/flux"]) == (0.5, 1.0)
    assert levels["musician/1/centroid"] == pytest.approx(0.5)
    assert levels["musician/2/level"] == 1.0
    assert levels["musician/2/pitch"] == pytest.approx(0.6)
    assert (values["/musician/1/onset_count"], values["/musician/2/pitch_hz"]) == (7, 440.0)
    assert {levels[name] for name in levels if name.startswith(("musician/3/", "musician/4/"))} == {0.0}
    assert {address.split("/")[2] for address in values if address.startswith("/musician/")} == {"1", "2"}
    assert not any(address.startswith("/musician/") for address in TABLE.values({FIRST: hear()}))


def test_a_preset_that_names_a_musician_loads_and_moves_where_he_plays(hear: Hear, tmp_path: Path) -> None:
    target = Param("/look/size", 0.0, "Size", low=0.0, high=1.0, routable=True)
    route = {"from": "musician/4/onset", "to": "/look/size", "gain": 1.0}
    preset = parse_preset({"schema": 1, "route": [route]}, tmp_path / "a.toml", (target,))
    alone, struck = hear(), hear(onset_envelope=1.0)
    band = replace(alone, musicians=(alone, alone, alone, struck))
    for heard, size in ((alone, 0.0), (replace(alone, musicians=(struck,)), 0.0), (band, 1.0)):
        look = Mapper().step(0.1, ParameterTree((target,)).snapshot(), preset.routes, heard)
        assert look["/look/size"] == size


TREMBLE = Signal("features/tremble", "How much it trembles", lambda heard: heard.frame.flux / 2, 0.0, 1.0)


def test_a_signal_declared_once_is_in_every_view(hear: Hear, tmp_path: Path) -> None:
    table = SignalTable(signals=(*SIGNALS, TREMBLE))
    target = Param("/look/size", 0.0, "Size", low=0.0, high=1.0, routable=True)
    params = (target, *signal_readings(table))
    page = parameters_page(params, table)
    assert "| `/features/tremble` | `f` | 0..1 | How much it trembles |" in page
    assert "| `features/tremble` | 0..1 | How much it trembles |" in page
    route = {"from": "features/tremble", "to": "/look/size", "gain": 1.0}
    preset = parse_preset({"schema": 1, "route": [route]}, tmp_path / "a.toml", params, table)
    heard = {FIRST: hear(flux=0.5)}
    look = Mapper(table).step(0.1, ParameterTree(params).snapshot(), preset.routes, heard)
    assert look["/look/size"] == 0.25
    assert table.values(heard)["/features/tremble"] == 0.25
    history = History(4, table)
    history.add(heard)
    assert history.last("/features/tremble").tolist() == [0.25]


def test_several_listeners_are_several_namespaces_of_the_same_signals(hear: Hear, tmp_path: Path) -> None:
    table = SignalTable((FIRST, "/violin"))
    paths = {param.path for param in signal_readings(table)}
    assert {"/emotion/valence", "/violin/emotion/valence"} <= paths
    assert len(paths) == 2 * len(SIGNALS)
    hearing = {FIRST: hear(valence=0.1), "/violin": hear(valence=0.6)}
    assert table.values(hearing)["/emotion/valence"] == 0.1
    assert table.values(hearing)["/violin/emotion/valence"] == 0.6
    assert (
        table.taps["emotion/valence"].level(hearing),
        table.taps["violin/emotion/valence"].level(hearing),
    ) == (
        0.1,
        0.6,
    )
    assert "/violin/emotion/valence" not in table.values({FIRST: hearing[FIRST]})
    target = Param("/look/size", 0.0, "Size", low=-1.0, high=1.0, routable=True)
    route = {"from": "violin/emotion/valence", "to": "/look/size", "low": 0.0, "high": 1.0}
    preset = parse_preset({"schema": 1, "route": [route]}, tmp_path / "a.toml", (target,), table)
    mapper = Mapper(table)
    assert mapper.step(0.1, ParameterTree((target,)).snapshot(), preset.routes, hearing)["/look/size"] == 0.6


def test_a_signal_cannot_be_declared_twice() -> None:
    with pytest.raises(ValueError, match="/emotion/valence"):
        SignalTable(signals=(*SIGNALS, VALENCE))
    with pytest.raises(ValueError, match="/violin/"):
        SignalTable(("/violin", "/violin"))


def test_a_history_keeps_the_newest_values_in_order(hear: Hear) -> None:
    history = History(3)
    assert (len(history), history.last("/emotion/valence").tolist()) == (0, [])
    for number in range(5):
        history.add({FIRST: hear(valence=number / 10)})
        assert history.last("/emotion/valence")[-1] == number / 10
    assert history.last("/emotion/valence").tolist() == [0.2, 0.3, 0.4]
    assert len(history) == 3
    history.add({})
    assert history.last(LOUDNESS.address()).tolist() == [-120.0, -120.0, -120.0]
    with pytest.raises(KeyError):
        history.last("/nothing")


def test_values_are_read_as_they_are(hear: Hear) -> None:
    heard = hear(rms_dbfs=-31.5, probabilities=np.array([0.5, 0.25, 0.25], np.float32))
    assert LOUDNESS.read(heard) == -31.5
    assert [signal.read(heard) for signal in PROBABILITIES] == [0.5, 0.25, 0.25]


def test_flatness_is_one_for_noise_and_near_nothing_for_a_tone_or_silence(hear: Hear) -> None:
    tone = np.full(64, -16.0, np.float32)
    tone[20] = 0.0
    assert FLATNESS.read(hear(rms_dbfs=-20.0, log_mel=np.full(64, -3.0, np.float32))) == pytest.approx(1.0)
    assert FLATNESS.read(hear(rms_dbfs=-20.0, log_mel=tone)) < 1e-4
    assert FLATNESS.read(hear(rms_dbfs=-120.0, log_mel=np.full(64, -16.1, np.float32))) == 0.0
    halves = np.repeat(np.array([0.0, math.log(3.0)], np.float32), 32)
    assert FLATNESS.read(hear(rms_dbfs=-20.0, log_mel=halves)) == pytest.approx(math.sqrt(3.0) / 2.0)


def test_flatness_is_declared_in_one_file_and_seen_everywhere(repository: Path) -> None:
    """One more signal costs one declaration: no other file knows it by name, but for the score, which keeps causes."""
    engine = repository / "engine"
    naming = [
        file.name
        for file in engine.rglob("*.py")
        if "flatness" in file.read_text(encoding="utf-8").lower()
        and file.parent.name not in ("testing", "score")
    ]
    assert naming == ["features.py"]
    assert "features/flatness" in TABLE.taps
    assert "/features/flatness" in TABLE.addresses
    assert "/features/flatness" in {param.path for param in PARAMETERS}
    assert "`features/flatness`" in parameters_page()


def test_a_second_listener_comes_to_a_tree_as_a_namespace_of_readings() -> None:
    tree = ParameterTree(PARAMETERS)
    tree.add("/violin", signal_readings(SignalTable(("/violin",))))
    assert set(tree.declared.namespaces) == {"/violin"}
    assert not tree.params["/violin/emotion/valence"].writable
    assert "/violin/emotion/valence" not in tree.snapshot()
