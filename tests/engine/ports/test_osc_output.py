"""From values to packets: on change, at a bounded rate, small, and without echo."""

from __future__ import annotations

import math

import pytest
from pythonosc.osc_packet import OscPacket

from chromesthesia.control.commands import SetParameter
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Access, Param, Value
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.output import HAND_S, PACKET_LIMIT, OscOutput
from chromesthesia.testing.network import FakeDatagrams

PARAMS = (
    Param("/look/warp", 0.2, "", low=0.0, high=1.0),
    Param("/look/fold", "none", "", choices=("none", "mirror")),
    Param("/master/freeze", False, ""),
    Param("/emotion/valence", 0.0, "", low=-1.0, high=1.0, access=Access.READ, step=0.0),
    Param("/features/loudness_dbfs", -120.0, "", low=-120.0, high=0.0, access=Access.READ),
    Param("/status/overruns", 0, "", access=Access.READ),
    Param("/status/fps", 0.0, "", access=Access.READ),
    Param("/status/source", "", "", access=Access.READ),
)
HOST, PORT = "127.0.0.1", 9001


class Partner:
    """An output and what its partner hears, read by an independent implementation."""

    def __init__(self, params: tuple[Param, ...] = PARAMS) -> None:
        self.tree = ParameterTree(params)
        self.datagrams = FakeDatagrams()
        self.output = OscOutput(self.datagrams, HOST, PORT, self.tree)
        self.now_s = 0.0

    def send(
        self, address_sent: str, raw: object, port: int = PORT, path: str = "", address: str | None = None
    ) -> None:
        """What the partner does to an address, as the control loop hands it on."""
        source = f"osc:{HOST}:{port}"
        path = path or address_sent
        self.tree.write(path, raw, source)
        write = SetParameter(path, raw, source, address_sent if address is None else address)
        self.output.note_writes(self.now_s, [write])

    def hear(self, readings: dict[str, Value], step_s: float = 1 / 30) -> list[tuple[str, list[Value]]]:
        self.datagrams.sent.clear()
        self.output.step(self.now_s, readings)
        self.now_s += step_s
        messages = [
            timed.message for payload, _, _ in self.datagrams.sent for timed in OscPacket(payload).messages
        ]
        return [(message.address, list(message.params)) for message in messages]


@pytest.fixture
def partner() -> Partner:
    """A partner that has had its first, full refresh."""
    partner = Partner()
    partner.hear({"/emotion/valence": 0.0, "/features/loudness_dbfs": -60.0, "/status/fps": 60.0})
    return partner


def test_the_first_packet_tells_everything_in_types_that_all_partners_know() -> None:
    partner = Partner()
    told = dict(partner.hear({"/emotion/valence": 0.5, "/status/overruns": 2**40, "/status/source": "mic\0"}))
    assert told == {
        "/emotion/valence": [0.5],
        "/status/overruns": [2**31 - 1],
        "/status/source": ["mic\N{REPLACEMENT CHARACTER}"],
        "/look/warp": [pytest.approx(0.2)],
        "/look/fold": ["none"],
        "/look/fold_index": [0],
        "/master/freeze": [0],
    }
    assert partner.datagrams.sent[0][1:] == (HOST, PORT)


def test_nothing_new_means_nothing_sent(partner: Partner) -> None:
    same: dict[str, Value] = {
        "/emotion/valence": 0.0,
        "/features/loudness_dbfs": -60.05,
        "/status/fps": 60.03,
    }
    assert partner.hear(same) == []
    assert partner.hear({"/features/loudness_dbfs": -60.5, "/status/fps": 60.5}) == [
        ("/features/loudness_dbfs", [-60.5]),
        ("/status/fps", [60.5]),
    ]


def test_small_steps_add_up(partner: Partner) -> None:
    told = [partner.hear({"/features/loudness_dbfs": -60.0 + 0.05 * step}) for step in range(10)]
    assert [bool(messages) for messages in told].count(True) in (2, 3)


def test_valence_goes_out_whenever_it_moves_at_all(partner: Partner) -> None:
    heard = [partner.hear({"/emotion/valence": 1e-6 * step}) for step in range(1, 31)]
    assert sum(address == ("/emotion/valence") for messages in heard for address, _ in messages) == 30


def test_the_rate_is_bounded_and_does_not_drift(partner: Partner) -> None:
    counts = 0
    for step in range(1000):
        counts += bool(partner.hear({"/emotion/valence": step / 1000}, step_s=0.001))
    assert counts in (29, 30, 31)


def test_after_a_pause_there_is_no_burst(partner: Partner) -> None:
    partner.now_s += 10.0
    assert partner.hear({"/emotion/valence": 0.1}, step_s=0.001)
    assert partner.hear({"/emotion/valence": 0.2}, step_s=0.001) == []


def test_everything_is_told_again_every_two_seconds(partner: Partner) -> None:
    full = [step for step in range(1, 150) if len(partner.hear({"/emotion/valence": 0.0})) > 1]
    assert len(full) == 2
    assert {full[0], full[1] - full[0]} <= {60, 61}


def test_a_change_by_hand_is_told_at_once_and_by_the_partner_never(partner: Partner) -> None:
    partner.tree.write("/look/warp", 0.75, "keyboard")
    partner.tree.write("/look/fold", "mirror", "osc:10.0.0.7:1")
    assert partner.hear({}) == [("/look/warp", [0.75]), ("/look/fold", ["mirror"]), ("/look/fold_index", [1])]
    partner.send("/look/warp", 0.5)
    heard = [address for _ in range(150) for address, _ in partner.hear({})]
    assert "/look/fold" in heard
    assert "/look/warp" not in heard
    partner.tree.write("/look/warp", 0.25, "keyboard")
    assert partner.hear({}) == [("/look/warp", [0.25])]
    partner.tree.write("/look/warp", 0.5, "keyboard")
    assert partner.hear({}) == [("/look/warp", [0.5])]


def test_what_comes_from_the_partners_machine_by_another_port_waits_until_the_hand_rests(
    partner: Partner,
) -> None:
    for step in range(60):
        partner.send("/look/warp", 0.3 + step / 100, port=55_555)
        assert ("/look/warp", [pytest.approx(0.3 + step / 100)]) not in partner.hear({})
    rested_s = partner.now_s + HAND_S
    last = ("/look/warp", [pytest.approx(0.89)])
    before: list[tuple[str, list[Value]]] = []
    while partner.now_s < rested_s - 2 / 30:
        before += partner.hear({})
    assert last not in before
    after = [partner.hear({}) for _ in range(4)]
    assert [told for told in after if told] == [[last]], "once, and without a refresh"


def test_what_another_partner_on_the_same_machine_moves_is_told_at_once(partner: Partner) -> None:
    partner.output.is_anothers = lambda source: source == f"osc:{HOST}:55555"
    partner.send("/look/warp", 0.5, port=55_555)
    assert partner.hear({}) == [("/look/warp", [0.5])]


def test_only_the_very_address_and_value_is_kept_back(partner: Partner) -> None:
    partner.send("/look/warp", 1.75)
    assert partner.hear({}) == [("/look/warp", [1.0])], "clipped: not what the partner sent"
    partner.send("/look/fold_index", 1, path="/look/fold")
    assert partner.hear({}) == [("/look/fold", ["mirror"])]
    partner.send("/look/fold", "NONE")
    assert partner.hear({}) == [("/look/fold", ["none"]), ("/look/fold_index", [0])]
    partner.send("/look/*", 0.5, path="/look/warp", address="")
    assert partner.hear({}) == [("/look/warp", [0.5])], "a pattern is not the address itself"
    partner.send("/look/warp", 0.25)
    partner.tree.load_look({"/look/warp": 0.75}, f"osc:{HOST}:{PORT}")
    assert partner.hear({}) == [("/look/warp", [0.75])]


def test_a_name_in_no_encoding_and_a_number_that_is_none_do_not_stop_the_others(partner: Partner) -> None:
    partner.now_s += 2.0
    told = dict(
        partner.hear(
            {"/status/overruns": math.nan, "/status/source": "caf\udce9\x1b[2J\nwav", "/status/fps": 30.0}
        )
    )
    assert told["/status/source"] == ["caf\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[2J wav"]
    assert (told["/status/fps"], told["/look/warp"]) == ([30.0], [pytest.approx(0.2)])
    assert "/status/overruns" not in told
    assert partner.output.failures == 1


def test_what_is_not_a_number_is_not_told(partner: Partner) -> None:
    partner.now_s += 2.0
    told = partner.hear({"/emotion/valence": math.nan, "/status/fps": math.inf, "/status/overruns": 1})
    assert ("/status/overruns", [1]) in told
    assert not {"/emotion/valence", "/status/fps"} & {address for address, _ in told}


def test_packets_stay_small_whatever_there_is_to_tell() -> None:
    partner = Partner(PARAMETERS)
    told = partner.hear({param.path: param.default for param in PARAMETERS if not param.writable})
    assert len(partner.datagrams.sent) > 1
    assert all(len(payload) <= PACKET_LIMIT for payload, _, _ in partner.datagrams.sent)
    choices = sum(bool(param.choices) for param in PARAMETERS)
    assert len({address for address, _ in told}) == len(told) == len(PARAMETERS) + choices


def test_a_network_that_refuses_is_counted_and_does_not_stop_the_show(
    partner: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    partner.datagrams.refusing = OSError(101, "Network is unreachable")
    for step in range(30):
        partner.hear({"/emotion/valence": step / 30})
    assert partner.output.failures == 29
    assert len(caplog.records) == 1
    partner.datagrams.refusing = None
    assert partner.hear({"/emotion/valence": 1.0}) == [("/emotion/valence", [1.0])]
