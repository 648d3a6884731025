"""The control thread: commands in, packets out, and an end that frees everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import pytest
from pythonosc.osc_packet import OscPacket

from chromesthesia.control.commands import NextScene, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.control.waiting import QUEUE_LIMIT, ROOM_LIMIT
from chromesthesia.core.clock import ManualClock, SystemClock
from chromesthesia.health.status import CONTROL, OSC, Health
from chromesthesia.health.telling import readings_of
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.audience import Audience
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.output import OscOutput
from chromesthesia.ports.osc.port import OscPort
from chromesthesia.ports.port import Readings
from chromesthesia.show.control_loop import FAULT_PAUSE_S, ControlLoop
from chromesthesia.testing.network import FakeDatagrams

GAIN = "/audio/gain_db"


def test_a_step_applies_then_tells() -> None:
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PresetLibrary(()))
    outgoing = FakeDatagrams()
    loop = ControlLoop(
        controller,
        ManualClock(),
        [OscPort(None, Audience(tree, [OscOutput(outgoing, "127.0.0.1", 9001, tree)]))],
        readings=lambda: {"/emotion/valence": 0.5},
    )
    controller.post(SetParameter(GAIN, 6, "keyboard"))
    loop.step(0.0)
    sent = b"".join(payload for payload, _, _ in outgoing.sent)
    assert encode_message(GAIN, (6.0,)) in sent
    assert encode_message("/emotion/valence", (0.5,)) in sent


def test_the_thread_receives_applies_survives_faults_and_ends() -> None:
    tree = ParameterTree(PARAMETERS)
    clock = SystemClock()
    controller = Controller(tree, PresetLibrary(()))
    incoming, outgoing = FakeDatagrams(), FakeDatagrams()
    applied, failed, stop = threading.Event(), threading.Event(), threading.Event()
    tree.listen(lambda path, value, source: applied.set() if path == GAIN else None)

    def readings() -> Mapping[str, Value]:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("the room is ill")
        return {}

    loop = ControlLoop(
        controller,
        clock,
        [
            OscPort(
                OscInput(incoming, tree, controller.post, clock),
                Audience(tree, [OscOutput(outgoing, "127.0.0.1", 9001, tree)]),
            )
        ],
        readings,
    )
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    assert failed.wait(20.0)
    incoming.deliver(b"not osc")
    incoming.deliver(encode_message(GAIN, (6.0,)))
    assert applied.wait(20.0)
    stop.set()
    thread.join(20.0)
    assert not thread.is_alive()
    assert loop.heart.failures >= 1
    assert incoming.closed
    assert controller.current[1][GAIN] == 6.0


PRESETS = PresetLibrary(
    (Preset("Gallery"), Preset("Ink", {"/look/flow/amount": 0.8, "/look/grade/palette": "ink"}))
)


class Show:
    """A control loop without threads, and what its partner heard, read by an independent implementation."""

    def __init__(self) -> None:
        tree = ParameterTree(PARAMETERS)
        self.clock = ManualClock()
        self.readings: Callable[[], Mapping[str, Value]] = lambda: {
            "/status/preset": self.controller.current[0].name
        }
        self.controller = Controller(tree, PRESETS)
        self.incoming, self.outgoing = FakeDatagrams(), FakeDatagrams()
        self.input = OscInput(self.incoming, tree, self.controller.post, self.clock)
        self.output = OscOutput(self.outgoing, "127.0.0.1", 9001, tree)
        self.loop = ControlLoop(
            self.controller,
            self.clock,
            [OscPort(self.input, Audience(tree, [self.output]))],
            lambda: self.readings(),
        )

    def send(self, address: str, *arguments: float | str, port: int = 40_000) -> None:
        self.input.handle(encode_message(address, arguments), ("127.0.0.1", port))

    def hear(self, steps: int = 1) -> list[tuple[str, list[Value]]]:
        self.outgoing.sent.clear()
        for _ in range(steps):
            self.loop.step(self.clock.now_s())
            self.clock.advance(1 / 30)
        messages = [
            timed.message for payload, _, _ in self.outgoing.sent for timed in OscPacket(payload).messages
        ]
        return [(message.address, list(message.params)) for message in messages]


@pytest.mark.parametrize("port", [9001, 40_000])
def test_all_that_a_recalled_preset_changes_is_told_at_once_and_again(port: int) -> None:
    show = Show()
    show.hear()
    show.send("/preset/load", "Ink", port=port)
    expected = [
        ("/status/preset", ["Ink"]),
        ("/look/flow/amount", [pytest.approx(0.8)]),
        ("/look/grade/palette", ["ink"]),
        ("/look/grade/palette_index", [3]),
    ]
    assert show.hear() == expected
    again = show.hear(61)
    assert all(message in again for message in expected)


def test_a_fader_that_is_recalled_moves_and_one_that_is_pushed_does_not() -> None:
    show = Show()
    show.hear()
    show.send("/look/flow/amount", 0.25, port=9001)
    assert show.hear() == []
    show.send("/look/flow/amount", 0.5, port=9001)
    show.send("/preset/load", "Ink", port=9001)
    assert ("/look/flow/amount", [pytest.approx(0.8)]) in show.hear()
    show.send("/scene/next", port=9001)
    show.clock.advance(0.1)
    assert show.hear() == [("/generator/scene", [1])]
    show.send("/reset", port=9001)
    assert show.hear() == [("/generator/scene", [0])]


def test_looks_are_paced_and_what_is_told_is_not() -> None:
    show = Show()
    show.hear()
    begin_s, looks, told = show.clock.now_s(), [], 0
    for step in range(1000):
        show.clock.set(begin_s + step / 1000)
        show.send("/preset/next")
        show.send("/preset/load", PRESETS.names[step // 50 % 2])
        before = show.controller.looks
        show.outgoing.sent.clear()
        show.loop.step(show.clock.now_s())
        told += bool(show.outgoing.sent)
        if show.controller.looks != before:
            looks.append(show.clock.now_s() - begin_s)
    assert looks[0] == 0.0, "the first is taken at once"
    assert len(looks) == 20
    assert told >= 19, "each look is told"


def test_what_comes_after_a_look_keeps_its_place_behind_the_next() -> None:
    show = Show()
    show.send("/preset/load", "Ink")
    show.hear()
    show.send("/preset/load", "Gallery")
    show.send("/look/flow/amount", 0.5)
    show.hear(3)
    assert (show.controller.current[0].name, show.controller.current[1]["/look/flow/amount"]) == (
        "Gallery",
        0.5,
    )


def test_what_osc_lost_is_told() -> None:
    show = Show()
    show.incoming.lost = 3297
    show.controller.post(*[NextScene("test")] * (QUEUE_LIMIT + 1))
    health = Health(show.clock)
    health.count(OSC, show.input.counts)
    health.count(CONTROL, show.controller.counts)
    show.readings = lambda: readings_of(health.status())
    told = dict(show.hear())
    assert (told["/status/osc_lost"], told["/status/osc_dropped"]) == (
        [3297],
        [QUEUE_LIMIT + 1 - ROOM_LIMIT],
    )


def test_a_port_that_fails_on_and_on_does_not_take_a_core() -> None:
    tree = ParameterTree(PARAMETERS)
    published = 0

    class Ill(OscPort):
        def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
            nonlocal published
            published += 1
            assert published < 1000, "it spins"
            raise RuntimeError("ill")

    class Stop(threading.Event):
        waits = 0

        def wait(self, timeout: float | None = None) -> bool:
            assert timeout == FAULT_PAUSE_S
            self.waits += 1
            if self.waits == 5:
                self.set()
            return self.is_set()

    output = OscOutput(FakeDatagrams(), "127.0.0.1", 9001, tree)  # has always something to tell
    port = Ill(None, Audience(tree, [output]))
    stop = Stop()
    loop = ControlLoop(Controller(tree, PresetLibrary(())), ManualClock(), [port])
    loop.run(stop)
    assert published == stop.waits == loop.heart.failures == 5
