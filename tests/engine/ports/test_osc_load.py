"""A flood over real sockets: the last value of each address wins, nothing that is done once is lost, memory stays."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from tests.engine.ports.partners import HOST, Hall
from tests.fuzzing import memory_traced

from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.values import clip
from chromesthesia.ports.osc.codec import encode_message

SENDERS = 4
ROUNDS = 40
WARM_UP = 15
A_ROUND = 25
"""Messages of each sender between two looks at whether all have come; the system may lose more at once."""
GAIN = "/audio/gain_db"
SET = [
    param.path
    for param in PARAMETERS
    if param.writable and param.is_float and param.path.startswith("/look/")
]


def test_a_flood_from_four_senders_loses_no_last_value_and_no_trigger() -> None:
    last: dict[str, float] = {}
    triggers = 0
    with ExitStack() as opened:
        hall = Hall((f"{HOST}:9",))
        opened.callback(hall.close)
        sockets = [
            opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(SENDERS)
        ]
        engine = (HOST, hall.config.osc_in_port)

        def flood(number: int) -> None:
            nonlocal triggers
            for each in range(A_ROUND * SENDERS):
                sender = each % SENDERS
                own = SET[sender::SENDERS]
                path, value = own[each // SENDERS % len(own)], float((number + each) % 2)
                sockets[sender].sendto(encode_message(path, (value,)), engine)
                last[path] = value
            for each_socket in sockets:
                each_socket.sendto(encode_message("/generator/scene_nudge", (1,)), engine)
            triggers += SENDERS
            mark = (number % 40) / 4 + 0.25
            sockets[0].sendto(encode_message(GAIN, (mark,)), engine)
            hall.wait_for(GAIN, mark)

        with memory_traced() as held_bytes:
            for number in range(WARM_UP):
                flood(number)
            before = held_bytes()
            for number in range(WARM_UP, ROUNDS):
                flood(number)
            grown = held_bytes() - before
        values = hall.controller.current[1]
        health = hall.port.health()
    assert values["/generator/scene"] == triggers
    assert {path: values[path] for path in last} == {
        path: clip(hall.tree.params[path], value) for path, value in last.items()
    }
    assert (health["lost"], health["malformed"], health["refused"], health["unknown"]) == (0, 0, 0, 0)
    assert health["messages"] == ROUNDS * (SENDERS * (A_ROUND + 1) + 1)
    assert hall.controller.counts()["dropped"] == 0
    assert grown < 64 * 1024
