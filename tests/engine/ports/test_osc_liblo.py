"""liblo, another implementation of OSC in C, steers and hears a show over UDP and TCP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from tests.engine.ports.partners import HOST, TIMEOUT_S, Hall, Liblo

pytestmark = pytest.mark.liblo
FADER = "/look/flow/amount"
GAIN = "/audio/gain_db"


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


@pytest.fixture(params=["udp", "tcp"])
def partner(hall: Hall, request: pytest.FixtureRequest) -> Iterator[Liblo]:
    import pyliblo3

    is_tcp = request.param == "tcp"
    port = hall.config.osc_tcp_port if is_tcp else hall.config.osc_in_port
    made = Liblo(port, pyliblo3.LO_TCP if is_tcp else pyliblo3.LO_UDP)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("path", "argument", "value"),
    [
        (GAIN, ("f", 2.5), 2.5),
        (GAIN, ("d", 2.5), 2.5),
        (GAIN, ("i", 3), 3.0),
        (GAIN, ("h", 3), 3.0),
        (GAIN, ("s", "2.5"), 2.5),
        ("/master/freeze", ("T", True), True),
        ("/look/grade/palette", ("s", "ink"), "ink"),
        ("/generator/scene", ("f", 7.0), 7),
    ],
)
def test_every_type(
    hall: Hall, partner: Liblo, path: str, argument: tuple[str, object], value: float
) -> None:
    partner.send(path, argument)
    hall.wait_for(path, value)


def test_bundles_patterns_and_time_tags(hall: Hall, partner: Liblo) -> None:
    lo = partner.liblo
    together = lo.Bundle(lo.Message("/look/{flow,trails}/amount", ("f", 0.5)), lo.Message(GAIN, ("f", 1.5)))
    partner.send(together)
    hall.wait_for(GAIN, 1.5)
    assert hall.controller.current[1][FADER] == 0.5
    asked_s, ahead_s = hall.clock.now_s(), 0.4
    partner.send(lo.Bundle(lo.time() + ahead_s, lo.Message(GAIN, ("f", 6.0))))
    partner.send(FADER, ("f", 0.25))
    hall.wait_for(FADER, 0.25)
    _, done_s = hall.wait_for(GAIN, 6.0)
    assert done_s - asked_s >= ahead_s - 0.01


def test_it_is_told_the_way_it_asked_until_it_leaves(hall: Hall, partner: Liblo) -> None:
    partner.send("/osc/subscribe")
    partner.wait_for("/status/preset", "Gallery")
    partner.send("/preset/next", 1)
    partner.wait_for("/status/preset", "Ink")
    partner.send("/osc/unsubscribe")
    partner.send(GAIN, ("f", 2.0))
    hall.wait_for(GAIN, 2.0)
    assert hall.port.audience is not None
    assert hall.port.audience.targets == ()


def test_a_value_it_sent_itself_is_not_told_back_and_anothers_is(hall: Hall, partner: Liblo) -> None:
    partner.send("/osc/subscribe")
    partner.wait_for("/status/preset", "Gallery")
    partner.send(FADER, ("f", 0.125))
    hall.wait_for(FADER, 0.125)
    other = Liblo(hall.config.osc_in_port)
    try:
        other.send(GAIN, ("f", 2.0))
        heard = partner.wait_for(GAIN, 2.0)
        assert (FADER, 0.125) not in heard
        other.send(FADER, ("f", 0.25))
        partner.wait_for(FADER, 0.25)
    finally:
        other.close()


@pytest.mark.osc_tools
def test_oscsend_speaks_tcp(hall: Hall) -> None:
    url = f"osc.tcp://{HOST}:{hall.config.osc_tcp_port}/"
    subprocess.run(["oscsend", url, GAIN, "f", "6.5"], check=True, timeout=TIMEOUT_S)
    source, _ = hall.wait_for(GAIN, 6.5)
    assert source.endswith("/tcp")
