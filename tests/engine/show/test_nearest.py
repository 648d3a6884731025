"""The paintings nearest to what is heard: live, in the report, over OSC, on the display and by the command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia import AudioBlock, ShowConfig, load_pack
from chromesthesia.audio.etude import ETUDE
from chromesthesia.cli.app import main
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import AudioError, PackError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import Float32, Heard
from chromesthesia.health.status import Health
from chromesthesia.health.telling import hud_of, readings_of
from chromesthesia.packs.art_index import ArtIndex
from chromesthesia.params.declaration import Value
from chromesthesia.params.readings import NEAREST
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.port import Port
from chromesthesia.show.assembly import OwnParts
from chromesthesia.show.listener import Listener
from chromesthesia.show.live import run_show
from chromesthesia.show.nearest import EVERY_HOPS, NearestPaintings
from chromesthesia.show.nearest_file import nearest_to_file
from chromesthesia.testing.audio import ScriptedSource, tone
from chromesthesia.testing.render import heard as heard_now


@pytest.fixture(scope="module")
def index() -> ArtIndex:
    found = load_pack().art_index
    assert found is not None
    return found


def at(hop: int, embedding: Float32, activity: float = 1.0) -> Heard:
    heard = heard_now()
    return replace(
        heard,
        frame=replace(heard.frame, index=hop),
        emotion=replace(heard.emotion, embedding=embedding, activity=activity),
    )


def embeddings(count: int) -> Float32:
    return np.random.default_rng(4).normal(size=(count, 128)).astype(np.float32)


def test_it_asks_twice_a_second_and_counts_who_was_nearest(index: ArtIndex) -> None:
    nearest, (first, *others) = NearestPaintings(index), embeddings(40)

    def named(embedding: Float32) -> tuple[str, str]:
        best = index.nearest(embedding, 1)[0]
        return best.artist, best.title

    # Two of chance may lie nearest to the same painting, or to two of one name.
    second = next(one for one in others if named(one) != named(first))
    nearest.step(at(0, first))
    assert nearest.now == tuple(index.nearest(first, 3))
    nearest.step(at(EVERY_HOPS - 1, second))
    assert nearest.now == tuple(index.nearest(first, 3))
    for hop in (EVERY_HOPS, 2 * EVERY_HOPS):
        nearest.step(at(hop, second))
    assert nearest.now == tuple(index.nearest(second, 3))
    best = [index.nearest(one, 1)[0] for one in (second, first)]
    assert nearest.summary() == [
        {"artist": one.artist, "title": one.title, "seconds": seconds}
        for one, seconds in zip(best, (1.0, 0.5), strict=True)
    ]


@pytest.mark.parametrize("spoilt", ["silence", "no number"])
def test_nothing_is_near_to_silence_or_to_what_is_no_number(index: ArtIndex, spoilt: str) -> None:
    nearest, (embedding,) = NearestPaintings(index), embeddings(1)
    nearest.step(at(0, embedding))
    assert nearest.now
    after = at(EVERY_HOPS, embedding, 0.0)
    if spoilt == "no number":
        after = at(EVERY_HOPS, np.full(128, np.nan, np.float32))
    nearest.step(after)
    assert nearest.now == ()


def test_a_pack_without_an_index_tells_nothing() -> None:
    nearest = NearestPaintings(None)
    nearest.step(at(0, embeddings(1)[0]))
    assert nearest.now == ()
    assert nearest.summary() == []


def test_every_reader_is_told(index: ArtIndex) -> None:
    found = tuple(index.nearest(embeddings(1)[0], 3))
    status = Health(ManualClock()).status()
    status = replace(status, figures=replace(status.figures, nearest=found))
    told = readings_of(status)
    for place, one in enumerate(found, 1):
        said = [told[f"/nearest/{place}/{what}"] for what in ("artist", "title", "distance")]
        assert said == [one.artist, one.title, one.distance]
    assert {param.path for param in NEAREST} <= set(told)
    line = hud_of(status).nearest
    assert found[0].title in line
    assert f"({found[0].distance:.2f})" in line


class _Port:
    """Keeps the paintings that a partner would be told."""

    name, next_s = "test", 0.0

    def __init__(self) -> None:
        self.told: list[Mapping[str, Value]] = []

    def start(self) -> None: ...

    def publish(self, now_s: float, writes: object, readings: object) -> None:
        assert callable(readings)
        self.next_s = now_s + 0.05
        self.told.append(readings())

    def health(self) -> Mapping[str, int]:
        return {"failures": 0}

    def stop(self) -> None: ...


@pytest.mark.gl
def test_a_show_tells_what_is_near_and_reports_it() -> None:
    port = _Port()

    def make(tree: ParameterTree, controller: Controller, clock: Clock) -> Port:
        return port

    samples, _ = soundfile.read(ETUDE, frames=96_000, dtype="float32")
    blocks = [AudioBlock(piece, 0.0) for piece in np.split(samples[::2], 200)]
    report = run_show(
        ShowConfig(headless=True, width=64, height=36, osc_in_port=0),
        ports=[make],
        own=OwnParts(source=ScriptedSource(blocks)),
    )
    assert any(told["/nearest/1/title"] for told in port.told)
    nearest = report["nearest"]
    assert isinstance(nearest, list)
    assert nearest[0].keys() == {"artist", "title", "seconds"}


def test_the_command_names_the_paintings_of_a_file(
    index: ArtIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["nearest", str(ETUDE), "--count", "2", "--duration", "4", "--json"])
    assert left.value.code == 0
    document = json.loads(capsys.readouterr().out)
    found = nearest_to_file(load_pack(), ETUDE, 2, 4.0)
    assert [one["title"] for one in document] == [one.title for one in found]
    assert document[0]["distance"] == pytest.approx(found[0].distance, abs=1e-4)
    samples, rate_hz = soundfile.read(ETUDE, frames=4 * 48_000, dtype="float32", always_2d=True)
    assert rate_hz == 48_000
    heard = Listener(load_pack(), rate_hz=rate_hz).hear(samples)
    mean = np.mean([one.emotion.embedding for one in heard if one.emotion.activity >= 0.5], axis=0)
    assert index.nearest(mean.astype(np.float32), 1)[0].title == found[0].title


def test_the_command_says_what_is_amiss(tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(24_000, np.float32), 24_000)
    with pytest.raises(AudioError, match="nothing sounds in"):
        nearest_to_file(load_pack(), silent, 1)
    sounding = tmp_path / "tone.wav"
    soundfile.write(sounding, tone(440.0, 1.0), 24_000)
    with pytest.raises(PackError, match="has no index of paintings"):
        nearest_to_file(replace(load_pack(), art_index=None), sounding, 1)
