"""From packets to commands."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from chromesthesia.control.commands import (
    Command,
    LoadPreset,
    NextPreset,
    NextScene,
    NudgeParameter,
    PreviousPreset,
    ResetParameters,
    ResetRoom,
    SetParameter,
    ToggleParameter,
)
from chromesthesia.core.clock import ManualClock
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Access, Choice, Number, Param
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import Argument, encode_bundle, encode_message, wall_s_to_time_tag
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.pattern import STEPS_A_PACKET
from chromesthesia.ports.osc.senders import AllowedSenders, OwnPackets, Sender
from chromesthesia.testing.network import FakeDatagrams

PARAMS = (
    Param("/look/warp", 0.2, "", low=0.0, high=1.0),
    Param("/look/glow", 0.2, "", low=0.0, high=1.0),
    Param("/look/fold", "none", "", choices=("none", "mirror")),
    Param("/look/hold", False, ""),
    Param("/status/fps", 0.0, "", access=Access.READ),
)
SENDER = ("10.0.0.7", 4000)
SOURCE = "osc:10.0.0.7:4000"
WALL_S = 1_700_000_000.0


class Desk:
    """An input with its clock, keeping what it posts."""

    def __init__(
        self,
        params: tuple[Param, ...] = PARAMS,
        allows: Callable[[Sender], bool] | None = None,
        is_own: Callable[[Sender], bool] | None = None,
    ) -> None:
        self.posted: list[tuple[tuple[Command, ...], float | None]] = []
        self.clock = ManualClock(100.0)
        self.tree = ParameterTree(params)
        self.input = OscInput(
            FakeDatagrams(), self.tree, self._post, self.clock, lambda: WALL_S, allows, is_own
        )

    def _post(self, *commands: Command, at_s: float | None = None) -> None:
        self.posted.append((commands, at_s))

    def send(self, address: str, *arguments: Argument) -> list[Command]:
        self.posted.clear()
        self.input.handle(encode_message(address, arguments), SENDER)
        return [command for commands, _ in self.posted for command in commands]


def path_of(command: Command) -> str:
    assert isinstance(command, SetParameter)
    return command.path


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("value", [0.5, 1, True, False, "mirror"])
def test_an_address_becomes_a_write_with_its_source(desk: Desk, value: Argument) -> None:
    assert desk.send("/look/warp", value) == [SetParameter("/look/warp", value, SOURCE)]
    assert desk.input.counters.messages == 1


def test_a_choice_has_a_numeric_twin(desk: Desk) -> None:
    assert desk.send("/look/fold_index", 1) == [SetParameter("/look/fold", 1, SOURCE)]


@pytest.mark.parametrize(
    ("address", "arguments", "expected"),
    [
        ("/look/warp_nudge", (0.25,), [NudgeParameter("/look/warp", 0.25, SOURCE)]),
        ("/look/warp_nudge", ("0.25",), [NudgeParameter("/look/warp", "0.25", SOURCE)]),
        ("/look/fold_nudge", (-1,), [NudgeParameter("/look/fold", -1, SOURCE)]),
        ("/look/warp_nudge", (), []),
        ("/look/hold_toggle", (), [ToggleParameter("/look/hold", SOURCE)]),
        ("/look/hold_toggle", (1.0,), [ToggleParameter("/look/hold", SOURCE)]),
        ("/look/hold_toggle", (0,), []),
        ("/look/hold_toggle", ("0",), []),
        ("/look/warp_toggle", (1,), []),
        ("/status/fps_nudge", (1,), []),
    ],
)
def test_nudges_and_toggles(
    desk: Desk, address: str, arguments: tuple[Argument, ...], expected: list[Command]
) -> None:
    assert desk.send(address, *arguments) == expected


def test_what_is_declared_is_no_twin() -> None:
    desk = Desk((Number("/a", 0.0, ""), Number("/a_nudge", 0.0, "", access=Access.READ)))
    assert desk.send("/a_nudge", 1.0) == []
    assert desk.input.counters.unknown == 1


def test_a_pattern_reaches_all_parameters_it_matches_and_no_reading(desk: Desk) -> None:
    expected = [SetParameter(path, 0.0, SOURCE) for path in ("/look/warp", "/look/glow")]
    assert desk.send("/look/{warp,glow}", 0.0) == expected
    more = [SetParameter(path, 0.0, SOURCE) for path in ("/look/fold", "/look/hold")]
    assert desk.send("/*/*", 0.0) == [*expected, *more]


@pytest.mark.parametrize(
    ("address", "arguments", "expected"),
    [
        ("/preset/load", ("Ember",), [LoadPreset("Ember", SOURCE)]),
        ("/preset/load", (2,), [LoadPreset(2, SOURCE)]),
        ("/preset/load", (2.0,), [LoadPreset(2, SOURCE)]),
        ("/preset/load", (2.5,), []),
        ("/preset/load", (float("nan"),), []),
        ("/preset/load", (True,), []),
        ("/preset/load", ("",), []),
        ("/preset/load", (" \t",), []),
        ("/preset/load", (), []),
        ("/preset/next", (), [NextPreset(SOURCE)]),
        ("/preset/next", (1.0,), [NextPreset(SOURCE)]),
        ("/preset/next", (0.0,), []),
        ("/preset/previous", (1,), [PreviousPreset(SOURCE)]),
        ("/scene/next", (True,), [NextScene(SOURCE)]),
        ("/scene/next", (False,), []),
        ("/reset", (), [ResetParameters(SOURCE)]),
        ("/room/reset", (), [ResetRoom(SOURCE)]),
        ("/room/reset", (0.0,), []),
    ],
)
def test_commands_by_address(
    desk: Desk, address: str, arguments: tuple[Argument, ...], expected: list[Command]
) -> None:
    assert desk.send(address, *arguments) == expected


def test_what_cannot_be_used_is_counted_by_its_fault(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    assert desk.send("/look/wrap", 1) == []
    assert "did you mean /look/warp" in caplog.text
    assert desk.send("/status/fps", 1) == []
    assert desk.send("/nothing/*", 1) == []
    assert desk.send("/look/warp") == []
    assert desk.send("/look/warp", b"blob") == []
    assert desk.send("/look/warp", None) == []
    desk.input.handle(b"\0\1\2", SENDER)
    counters = desk.input.counters
    assert (counters.unknown, counters.refused, counters.malformed) == (3, 3, 1)
    assert (counters.packets, counters.messages) == (7, 0)
    assert len(caplog.records) == 1


def test_a_bundle_is_one_step(desk: Desk) -> None:
    parts = [encode_message("/look/warp", (0.1,)), encode_message("/look/glow", (0.2,))]
    desk.input.handle(encode_bundle(parts), SENDER)
    writes = (
        SetParameter("/look/warp", pytest.approx(0.1), SOURCE),
        SetParameter("/look/glow", pytest.approx(0.2), SOURCE),
    )
    assert desk.posted == [(writes, None)]


@pytest.mark.parametrize(
    ("ahead_s", "at_s"), [(0.5, 100.5), (2.0, 102.0), (2.5, None), (-0.5, None), (-1e9, None), (1e9, None)]
)
def test_a_time_tag_is_kept_up_to_two_seconds_ahead(desk: Desk, ahead_s: float, at_s: float | None) -> None:
    tag = wall_s_to_time_tag(WALL_S + ahead_s)
    desk.input.handle(encode_bundle([encode_message("/look/warp", (1.0,))], tag), SENDER)
    assert len(desk.posted) == 1
    assert desk.posted[0][1] == (None if at_s is None else pytest.approx(at_s, abs=1e-5))


def test_bundles_in_bundles_have_their_own_times(desk: Desk) -> None:
    now = encode_message("/look/warp", (1.0,))
    later = encode_bundle([encode_message("/look/glow", (1.0,))], wall_s_to_time_tag(WALL_S + 1))
    desk.input.handle(encode_bundle([later, now]), SENDER)
    assert [at_s for _, at_s in desk.posted] == [pytest.approx(101.0, abs=1e-5), None]


def test_a_fault_of_ours_does_not_end_the_receiving_thread() -> None:
    datagrams = FakeDatagrams()
    seen: list[Command] = []

    def post(*commands: Command, at_s: float | None = None) -> None:
        if not seen:
            seen.extend(commands)
            raise RuntimeError("full")
        seen.extend(commands)
        datagrams.close()

    desk = OscInput(datagrams, ParameterTree(PARAMS), post, ManualClock())
    for value in (1.0, 0.5):
        datagrams.deliver(encode_message("/look/warp", (value,)))
    desk.run()
    assert len(seen) == 2


def test_a_write_says_which_address_it_came_to(desk: Desk) -> None:
    for address, told in (
        ("/look/warp", "/look/warp"),
        ("/look/fold_index", "/look/fold_index"),
        ("/look/w*", ""),
    ):
        (command,) = desk.send(address, 1)
        assert isinstance(command, SetParameter)
        assert command.address == told


def test_a_packet_full_of_costly_patterns_is_refused_and_exact_addresses_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk(PARAMETERS)
    costly = [encode_message(f"/*{{,/}}{'*{,/}' * 20}{number}", (1.0,)) for number in range(240)]
    desk.input.handle(encode_bundle(costly), SENDER)
    assert desk.input.counters.refused >= 239
    assert len(caplog.records) == 1
    assert "simpler patterns" in caplog.text
    assert desk.send("/look/*/amount", 0.5) == [], "the budget is spent"
    assert desk.send("/audio/gain_db", 0.5) != []
    desk.clock.advance(0.1)
    assert desk.send("/look/*/amount", 0.5) != []


def test_patterns_known_already_cost_what_they_reach() -> None:
    desk = Desk(PARAMETERS)
    everything = encode_bundle([encode_message("//*", (0.5,))] * 1000)
    desk.input.handle(everything, SENDER)
    assert 0 < sum(len(commands) for commands, _ in desk.posted) <= STEPS_A_PACKET
    assert desk.input.counters.refused > 0


def test_no_address_of_a_partner_breaks_a_line_of_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    torn = "\x1b[2J\r\nERROR all is lost\u2028\u202e"
    for address in (
        f"/look/{torn}",
        f"/look/{{warp,{torn}}}",
        f"/{torn}*",
        f"/look/[{torn}w]arp",
        "/look/warp",
    ):
        desk.send(address)
        desk.send(address, torn)
        desk.input.handle(encode_message("/x", (1,)).replace(b",i", b",\x1b"), SENDER)
        desk.clock.advance(300.0)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) >= 4
    assert all(sign.isprintable() for line in lines for sign in line), lines


def test_only_senders_that_are_allowed_steer(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(allows=AllowedSenders(["10.0.0.0/24", "192.168.1.20"]))
    packet = encode_message("/look/warp", (1.0,))
    for host in ("10.0.0.7", "192.168.1.20", "127.0.0.1"):
        desk.input.handle(packet, (host, 1))
    assert len(desk.posted) == 3
    for number in range(300):
        desk.input.handle(packet, ("192.168.1.21", number))
        desk.input.handle(b"garbage", ("10.0.1.7", number))
        desk.clock.advance(0.01)
    assert len(desk.posted) == 3
    assert (desk.input.counters.strangers, desk.input.counters.malformed) == (600, 0)
    assert caplog.records[0].getMessage() == ("packet from 192.168.1.21:0 ignored: not in --osc-allow")
    assert len(caplog.records) <= 3


def test_our_own_packets_are_ignored_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(is_own=OwnPackets([5000], is_ours=lambda host: host == "10.0.0.7"))
    packet = encode_message("/emotion/valence", (1.0,))
    for _ in range(100):
        desk.input.handle(packet, ("10.0.0.7", 5000))
        desk.clock.advance(30.0)
    assert [record.getMessage() for record in caplog.records] == [
        "OSC out comes back to our own port: those packets are ignored"
    ]
    desk.input.handle(encode_message("/look/warp", (1.0,)), ("10.0.0.8", 5000))
    desk.input.handle(encode_message("/look/warp", (1.0,)), ("10.0.0.7", 5001))
    assert (desk.input.counters.own, len(desk.posted)) == (100, 2)


def test_a_night_of_faults_is_a_line_a_minute(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(4 * 3600):
        desk.send("/nothing", 1)
        desk.clock.advance(1.0)
    assert 200 < len([record for record in caplog.records if record.levelno == logging.WARNING]) < 260


def test_parameters_that_come_and_go_come_and_go_as_addresses(desk: Desk) -> None:
    added = (
        Number("/isf/ripples/speed", 1.0, "", low=0.0, high=4.0),
        Choice("/isf/ripples/shape", "ring", "", choices=("ring", "line")),
    )
    everything = "/*/*/s*"
    assert desk.send("/isf/ripples/speed", 2.0) == desk.send(everything, 1.0) == []
    desk.tree.add("/isf/ripples", added)
    assert [path_of(command) for command in desk.send("/isf/ripples/speed", 2.0)] == ["/isf/ripples/speed"]
    assert [path_of(command) for command in desk.send("/isf/ripples/shape_index", 1)] == [
        "/isf/ripples/shape"
    ]
    assert [path_of(command) for command in desk.send(everything, 1.0)] == [param.path for param in added]
    desk.tree.remove("/isf/ripples")
    unknown = desk.input.counters.unknown
    assert desk.send("/isf/ripples/speed", 2.0) == desk.send(everything, 1.0) == []
    assert desk.input.counters.unknown == unknown + 2
