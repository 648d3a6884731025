"""Real partners over real UDP: liblo's oscsend steers, liblo's oscdump listens."""

from __future__ import annotations

import queue
import shlex
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.ports.partners import HOST, TIMEOUT_S, Hall

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import SystemClock
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.audience import Audience
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.output import OscOutput
from chromesthesia.ports.osc.port import OscPort
from chromesthesia.ports.osc.udp import open_input, open_output
from chromesthesia.show.control_loop import ControlLoop

pytestmark = pytest.mark.osc_tools


@pytest.mark.parametrize(
    ("words", "path", "expected"),
    [
        (("/audio/gain_db", "f", "6.5"), "/audio/gain_db", 6.5),
        (("/audio/gain_db", "i", "6"), "/audio/gain_db", 6.0),
        (("/master/freeze", "T"), "/master/freeze", True),
        (("/look/grade/palette", "s", "ink"), "/look/grade/palette", "ink"),
        (("/look/grade/palette_index", "i", "3"), "/look/grade/palette", "ink"),
        (("/preset/load", "s", "ember"), "/generator/drift", 1.25),
    ],
)
def test_oscsend_changes_a_parameter(words: tuple[str, ...], path: str, expected: float | bool | str) -> None:
    clock = SystemClock()
    tree = ParameterTree(PARAMETERS)
    library = PresetLibrary((Preset("Ember", {"/generator/drift": 1.25}), Preset("Gallery")))
    controller = Controller(tree, library)
    socket = open_input(0)
    loop = ControlLoop(controller, clock, [OscPort(OscInput(socket, tree, controller.post, clock))])
    changed, stop = threading.Event(), threading.Event()
    tree.listen(
        lambda written, value, source: changed.set() if (written, value) == (path, expected) else None
    )
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        subprocess.run(["oscsend", HOST, str(socket.address[1]), *words], check=True, timeout=TIMEOUT_S)
        assert changed.wait(TIMEOUT_S)
    finally:
        stop.set()
        thread.join(TIMEOUT_S)
    assert controller.current[1][path] == expected


@pytest.fixture
def dump() -> Iterator[tuple[int, queue.Queue[str]]]:
    """A running oscdump: its port and the lines it prints."""
    free = open_input(0)
    port = free.address[1]
    free.close()
    process = subprocess.Popen(["oscdump", "-L", str(port)], stdout=subprocess.PIPE, text=True)
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield port, lines
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)
        reader.join(TIMEOUT_S)


def test_oscdump_hears_valence_twenty_times_a_second(dump: tuple[int, queue.Queue[str]]) -> None:
    port, lines = dump
    output = OscOutput(open_output(HOST), HOST, port, ParameterTree(PARAMETERS))
    try:
        now_s = first_answer(output, lines)
        # One second of the engine's time, stepped every 2 ms; the value moves by less than a millionth.
        for step in range(500):
            output.step(now_s + 0.002 * step, {"/emotion/valence": 1e-7 * (step + 1)})
        output.step(now_s + 1.5, {"/status/source": "the end"})
        heard = []
        while "the end" not in (line := lines.get(timeout=TIMEOUT_S)):
            heard.append(line)
    finally:
        output.close()
    valence = [line for line in heard if "/emotion/valence f" in line]
    assert 20 <= len(valence) <= 32
    assert output.failures == 0


def test_a_preset_recalled_by_oscsend_is_told_to_oscdump(dump: tuple[int, queue.Queue[str]]) -> None:
    port, lines = dump
    clock = SystemClock()
    tree = ParameterTree(PARAMETERS)
    library = PresetLibrary((Preset("Gallery"), Preset("Ink", {"/look/flow/amount": 0.75})))
    controller = Controller(tree, library)
    incoming = open_input(0)
    output = OscOutput(open_output(HOST), HOST, port, tree)
    loop = ControlLoop(
        controller,
        clock,
        [OscPort(OscInput(incoming, tree, controller.post, clock), Audience(tree, [output]))],
        lambda: {"/status/preset": controller.current[0].name},
    )
    first_answer(output, lines)
    output.feed.next_s = 0.0
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        words = ["oscsend", HOST, str(incoming.address[1]), "/preset/load", "s", "Ink"]
        subprocess.run(words, check=True, timeout=TIMEOUT_S)
        while '/status/preset s "Ink"' not in lines.get(timeout=TIMEOUT_S):
            pass
        while "/look/flow/amount f 0.75" not in lines.get(timeout=TIMEOUT_S):
            pass
    finally:
        stop.set()
        thread.join(TIMEOUT_S)


def first_answer(output: OscOutput, lines: queue.Queue[str]) -> float:
    """Send until oscdump, which takes a moment to start, hears it; the engine's time after that."""
    for attempt in range(300):
        output.step(attempt * 10.0, {"/status/source": f"attempt {attempt}"})
        try:
            while f"attempt {attempt}" not in lines.get(timeout=0.1):
                pass
        except queue.Empty:
            continue
        return attempt * 10.0 + 1.0
    raise AssertionError("oscdump heard nothing")


def test_the_commands_of_the_documentation_do_what_they_say(repository: Path) -> None:
    page = (repository / "docs" / "osc.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("oscsend ")]
    assert len(lines) >= 5
    hall = Hall()
    try:
        for line in lines:
            words = [
                word.replace("9010", str(hall.config.osc_tcp_port)).replace(
                    "9000", str(hall.config.osc_in_port)
                )
                for word in shlex.split(line, comments=True)
            ]
            subprocess.run(words, check=True, timeout=TIMEOUT_S)
        # What comes by the same way after them: when it is there, they are.
        over_tcp = f"osc.tcp://{HOST}:{hall.config.osc_tcp_port}/"
        for gain, where in ((6.5, [HOST, str(hall.config.osc_in_port)]), (7.5, [over_tcp])):
            mark = ["oscsend", *where, "/audio/gain_db", "f", str(gain)]
            subprocess.run(mark, check=True, timeout=TIMEOUT_S)
            hall.wait_for("/audio/gain_db", gain)
        health = hall.port.health()
    finally:
        hall.close()
    assert (health["unknown"], health["refused"], health["malformed"]) == (0, 0, 0)
    assert health["messages"] + health["stream_messages"] == len(lines) + 2
    assert health["subscribers"] == 1
    assert hall.controller.counters.refused == 0
