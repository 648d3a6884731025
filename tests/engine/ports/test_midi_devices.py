"""MIDI devices through mido, and Link through its library, as they answer: without a device or a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chromesthesia.ports.link.port import LinkSession, session_of
from chromesthesia.ports.midi import devices
from chromesthesia.ports.midi.devices import VIRTUAL, MidiError, MidoBackend, open_backend

mido = pytest.importorskip("mido")


class Port:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.closed = False
        self.gone = False

    def send(self, message: Any) -> None:
        if self.gone:
            raise OSError("device is gone")
        self.sent.append(message)

    def close(self) -> None:
        self.closed = True


class Library:
    """What is used of a mido backend."""

    def __init__(self) -> None:
        self.names = ["Launchkey:0 20:0", "Chromesthesia:out 128:0"]
        self.opened: list[tuple[str, dict[str, Any]]] = []
        self.port = Port()
        self.broken = False

    def get_input_names(self) -> list[str]:
        if self.broken:
            raise RuntimeError("no sequencer")
        return self.names

    get_output_names = get_input_names

    def open_input(self, name: str, **options: Any) -> Port:
        if self.broken:
            raise RuntimeError("device busy")
        self.opened.append((name, options))
        return self.port

    open_output = open_input


def test_names_messages_and_virtual_ports() -> None:
    library = Library()
    backend = MidoBackend(library)
    assert backend.inputs() == backend.outputs() == ["Launchkey:0 20:0"]  # none of our own
    heard: list[tuple[int, ...]] = []
    line = backend.open_input("Launchkey:0 20:0", lambda message: heard.append(tuple(message)))
    callback: Callable[[Any], None] = library.opened[0][1]["callback"]
    for message in (
        mido.Message("control_change", channel=2, control=7, value=64),
        mido.Message("clock"),
        mido.Message("sysex", data=(0x7F, 0x7F, 1, 1, 0x21, 2, 3, 4)),
    ):
        callback(message)
    assert heard == [(0xB2, 7, 64), (0xF8,), (0xF0, 0x7F, 0x7F, 1, 1, 0x21, 2, 3, 4, 0xF7)]
    line.close()
    assert library.port.closed
    backend.open_output(VIRTUAL)
    name, options = library.opened[1]
    assert (name, options["virtual"]) == ("Chromesthesia", True)


def test_what_is_sent_and_a_device_that_is_gone() -> None:
    library = Library()
    line = MidoBackend(library).open_output("Launchkey:0 20:0")
    for message in ((0xF2, 24, 0), (0xFB,), (0x99, 36, 127)):
        line.send(message)
    assert [message.bytes() for message in library.port.sent] == [[0xF2, 24, 0], [0xFB], [0x99, 36, 127]]
    library.port.gone = True
    with pytest.raises(MidiError, match="does not take: device is gone"):
        line.send((0xF8,))


def test_a_system_without_midi_and_a_port_that_is_busy_are_told() -> None:
    library = Library()
    backend = MidoBackend(library)
    library.broken = True
    with pytest.raises(MidiError, match=r"no MIDI: no sequencer .*modprobe snd-seq"):
        backend.inputs()
    with pytest.raises(MidiError, match="cannot be opened: device busy"):
        backend.open_input("x", lambda message: None)


def test_where_linux_has_no_sequencer_the_library_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("rtmidi")
    monkeypatch.setattr(devices, "SEQUENCER", tmp_path / "seq")
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(MidiError, match="this system has no MIDI: there is no"):
        open_backend()


def test_a_link_session_is_asked_and_never_written() -> None:
    state = SimpleNamespace(
        tempo=lambda: 126.0, beatAtTime=lambda micros, quantum: micros / 1e6 * 2.1 + quantum
    )

    def make(bpm: float) -> SimpleNamespace:
        links.append(
            SimpleNamespace(
                enabled=False,
                clock=lambda: SimpleNamespace(micros=lambda: 5_000_000),
                numPeers=lambda: 2,
                captureAppSessionState=lambda: state,
            )
        )
        return links[-1]

    links: list[SimpleNamespace] = []
    session: LinkSession = session_of(SimpleNamespace(Link=make))
    assert links[0].enabled
    assert session.peers() == 2
    assert session.now() == (126.0, pytest.approx(14.5))
    session.close()
    assert not links[0].enabled
