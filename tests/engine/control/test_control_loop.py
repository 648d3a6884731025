"""The control thread: commands in, packets out, and an end that frees everything."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from chromesthesia.clock import ManualClock, SystemClock
from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.control.loop import ControlLoop
from chromesthesia.osc.codec import encode_message
from chromesthesia.osc.input import OscInput
from chromesthesia.osc.output import OscOutput
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.testing.network import FakeDatagrams

GAIN = "/audio/gain_db"


def test_a_step_applies_then_tells() -> None:
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PresetLibrary(()))
    outgoing = FakeDatagrams()
    loop = ControlLoop(
        controller,
        ManualClock(),
        osc_output=OscOutput(outgoing, "127.0.0.1", 9001, tree),
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
        OscInput(incoming, tree, controller.post, clock),
        OscOutput(outgoing, "127.0.0.1", 9001, tree),
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
    assert loop.failures >= 1
    assert incoming.closed
    assert outgoing.closed
    assert controller.current[1][GAIN] == 6.0
