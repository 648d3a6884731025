"""Ten thousand hostile packets: no crash, no growth, every one of them accounted for."""

from __future__ import annotations

import random

import pytest
from tests.fuzzing import memory_traced

from chromesthesia.control.controller import Controller
from chromesthesia.control.waiting import QUEUE_LIMIT, SCHEDULE_LIMIT
from chromesthesia.core.clock import ManualClock
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.values import in_range
from chromesthesia.ports.osc.codec import encode_bundle, encode_message, wall_s_to_time_tag
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.testing.network import FakeDatagrams

PACKETS = 10_000
WALL_S = 1_700_000_000.0
GROWTH_LIMIT_BYTES = 256 * 1024


def valid_packets() -> list[bytes]:
    messages = [encode_message(param.path, (param.default,)) for param in PARAMETERS]
    messages += [
        encode_message("/preset/load", ("Ash",)),
        encode_message("/preset/next"),
        encode_message("/scene/next", (1,)),
        encode_message("/reset"),
        encode_message("/look/*/{amount,hue}", (0.5,)),
        encode_message("//*", (float("nan"),)),
        encode_message("/audio/gain_db", (b"blob", "text", None, True)),
    ]
    soon = wall_s_to_time_tag(WALL_S + 1.0)
    return [*messages, encode_bundle(messages[:8]), encode_bundle([encode_bundle(messages[8:12], soon)])]


def hostile(source: random.Random, valid: list[bytes]) -> bytes:
    """A valid packet with some bytes changed, cut, doubled or swapped in; or noise."""
    kind = source.randrange(6)
    if kind == 0:
        return source.randbytes(source.randrange(0, 120))
    packet = bytearray(source.choice(valid))
    if kind == 1:
        return bytes(packet[: source.randrange(len(packet))])
    if kind == 2:
        start = source.randrange(len(packet))
        return bytes(packet[:start] + packet[start // 2 : start] + packet[start:])
    if kind == 3:
        return encode_bundle([bytes(packet), source.choice(valid)], source.getrandbits(64))
    for _ in range(source.randrange(1, 6)):
        packet[source.randrange(len(packet))] = source.choice(
            (0, 0x2A, 0x2F, 0x7F, 0xFF, source.randrange(256))
        )
    return bytes(packet)


def test_ten_thousand_hostile_packets(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PresetLibrary((Preset("Ash"), Preset("Ember"))))
    datagrams = FakeDatagrams()
    desk = OscInput(datagrams, tree, controller.post, clock, wall_time_s=lambda: WALL_S + clock.now_s())
    valid = valid_packets()
    source = random.Random(2)
    longest_queue = 0

    def attack(count: int) -> None:
        nonlocal longest_queue
        for number in range(count):
            desk.handle(hostile(source, valid), ("10.0.0.66", source.randrange(65_536)))
            clock.advance(0.001)
            longest_queue = max(longest_queue, controller.waiting)
            if number % 50 == 0:
                controller.step(clock.now_s())

    with memory_traced() as held_bytes:
        attack(PACKETS // 2)  # fills the caches, which are bounded
        caplog.clear()
        before = held_bytes()
        attack(PACKETS - PACKETS // 2)
        logged = list(caplog.records)
        caplog.clear()
        grown = held_bytes() - before - sum(len(record.getMessage()) * 4 + 4096 for record in logged)

    counters = desk.counters
    assert counters.packets == PACKETS
    assert 0 < counters.malformed < PACKETS
    assert counters.unknown > 0
    assert counters.refused > 0
    assert grown < GROWTH_LIMIT_BYTES
    assert longest_queue <= QUEUE_LIMIT + SCHEDULE_LIMIT
    # 5 s went by on the clock; receiving and applying may each log one line a second.
    assert len([record for record in logged if record.levelname == "WARNING"]) <= 2 * 6

    controller.step(clock.now_s() + 10.0)
    values = tree.snapshot()
    assert all(in_range(tree.params[path], value) for path, value in values.items())
    assert all(type(values[path]) is type(tree.params[path].default) for path in values)
    desk.handle(encode_message("/audio/gain_db", (7.5,)), ("10.0.0.1", 1))
    controller.step(clock.now_s() + 20.0)
    assert controller.current[1]["/audio/gain_db"] == 7.5
