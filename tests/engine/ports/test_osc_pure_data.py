"""Pure Data steers and hears a show, alone and beside liblo, over UDP and TCP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.ports.partners import HOST, Hall, Liblo, PureData

from chromesthesia.ports.osc.codec import encode_bundle, encode_message, wall_s_to_time_tag

pytestmark = pytest.mark.pure_data
FADER = "/look/flow/amount"
GAIN = "/audio/gain_db"


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


@pytest.fixture
def patch(hall: Hall, tmp_path: Path) -> Iterator[PureData]:
    made = PureData(tmp_path, hall.config.osc_in_port, hall.config.osc_tcp_port)
    yield made
    made.close()


@pytest.fixture
def liblo(hall: Hall) -> Iterator[Liblo]:
    made = Liblo(hall.config.osc_in_port)
    yield made
    made.close()


def test_types_nudges_and_presets_from_its_own_objects(hall: Hall, patch: PureData) -> None:
    patch.do("fader 0.25")
    hall.wait_for(FADER, 0.25)
    patch.do("nudge 0.5")
    hall.wait_for(FADER, 0.75)
    patch.do("nudge 7")
    hall.wait_for(FADER, 1.0)
    patch.do("typed ink")
    hall.wait_for("/look/grade/palette", "ink")
    patch.do("preset Ink")
    hall.wait_for(FADER, 0.75)
    assert hall.controller.current[0].name == "Ink"


def test_bundles_patterns_and_time_tags(hall: Hall, patch: PureData) -> None:
    together = encode_bundle([encode_message("/look/*/amount", (0.5,)), encode_message(GAIN, ("3.5",))])
    patch.send_bytes(together)
    hall.wait_for(GAIN, 3.5)
    amounts = [path for path in hall.tree.params if path.startswith("/look/") and path.endswith("/amount")]
    assert len(amounts) > 1
    assert {hall.controller.current[1][path] for path in amounts if path.count("/") == 3} == {0.5}
    asked_s, ahead_s = hall.clock.now_s(), 0.4
    tag = wall_s_to_time_tag(time.time() + ahead_s)
    patch.send_bytes(encode_bundle([encode_message(GAIN, (6.0,))], tag))
    _, done_s = hall.wait_for(GAIN, 6.0)
    assert done_s - asked_s >= ahead_s - 0.01
    past = wall_s_to_time_tag(time.time() - 100.0)
    patch.send_bytes(encode_bundle([encode_message(GAIN, (9.0,))], past))
    hall.wait_for(GAIN, 9.0)


def test_it_hears_what_it_subscribed_to_in_types_that_it_reads(hall: Hall, patch: PureData) -> None:
    patch.do("subscribe")
    patch.wait_for("/status/preset", "Gallery")
    patch.send_bytes(encode_message("/master/freeze_toggle"))
    patch.wait_for("/master/freeze", 1.0)
    patch.do("typed ink")
    patch.wait_for("/look/grade/palette_index", hall.tree.params["/look/grade/palette"].choices.index("ink"))


@pytest.mark.liblo
def test_a_fader_moves_from_each_side_without_an_echo(hall: Hall, patch: PureData, liblo: Liblo) -> None:
    def answer(address: str, value: object) -> None:
        if address == FADER:
            liblo.send(FADER, ("f", value))

    liblo.on_message = answer
    patch.do("subscribe")
    liblo.send("/osc/subscribe", HOST, liblo.port, 600)
    patch.wait_for("/status/preset", "Gallery")
    liblo.wait_for("/status/preset", "Gallery")
    for pd_moves, liblo_moves in ((0.25, 0.75), (0.5, 0.125)):
        patch.do(f"fader {pd_moves}")
        liblo.wait_for(FADER, pd_moves)
        liblo.send(FADER, ("f", liblo_moves))
        patch.wait_for(FADER, liblo_moves)
    for gain in (1.0, 2.0, 3.0, 4.0):  # rounds through everybody: whatever went round would come by
        liblo.send(GAIN, ("f", gain))
        heard_there = patch.wait_for(GAIN, gain)
        patch.send_bytes(encode_message(GAIN, (gain + 0.5,)))
        heard_here = liblo.wait_for(GAIN, gain + 0.5)
        # Both sent this value last, so not even a refresh tells it to either of them.
        assert (FADER, 0.125) not in [*heard_there, *heard_here]


@pytest.mark.liblo
def test_a_recalled_preset_is_heard_by_both(hall: Hall, patch: PureData, liblo: Liblo) -> None:
    patch.do("subscribe")
    liblo.send("/osc/subscribe", HOST, liblo.port, 600)
    patch.do("fader 0.75")  # what the preset brings, moved away in between
    liblo.wait_for(FADER, 0.75)
    liblo.send(FADER, ("f", 0.25))
    patch.wait_for(FADER, 0.25)
    patch.do("preset Ink")
    for partner in (patch, liblo):
        heard = partner.wait_for("/status/preset", "Ink")
        if (FADER, 0.75) not in heard:
            partner.wait_for(FADER, 0.75)


@pytest.mark.parametrize("way", ["stream", "slip"])
def test_it_steers_over_tcp_in_both_framings(hall: Hall, patch: PureData, way: str) -> None:
    for gain in (4.5, 5.5):
        patch.send_bytes(encode_message(GAIN, (gain,)), way)
        source, _ = hall.wait_for(GAIN, gain)
        assert source.endswith("/tcp")
