"""The seam between the MIDI port and the devices: mido with python-rtmidi, or a script in a test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from chromesthesia.core.errors import NetworkError
from chromesthesia.core.user_files import one_line

Heard = Callable[[Sequence[int]], None]
"""Takes one message: status byte and data. Called on the backend's thread."""
VIRTUAL = "virtual"
"""Instead of a name: a port of our own, into which other programs send (not on Windows)."""
OUR_NAME = "Chromesthesia"
SEQUENCER = Path("/dev/snd/seq")
NO_MIDI = "on Linux: sudo modprobe snd-seq; in a container hand on /dev/snd/seq"


class MidiError(NetworkError):
    """MIDI that cannot be used: no library, a device that does not open, a file of bindings that is wrong."""


class MidiLine(Protocol):
    """One open port."""

    def send(self, message: Sequence[int]) -> None:
        """Only on an output: status byte and data. Raises MidiError when the device is gone."""
        ...

    def close(self) -> None: ...


class MidiBackend(Protocol):
    """Lists and opens ports. Used from one thread."""

    def inputs(self) -> Sequence[str]:
        """Names of the inputs there are now. Raises MidiError when the system has no MIDI."""
        ...

    def outputs(self) -> Sequence[str]: ...

    def open_input(self, name: str, heard: Heard) -> MidiLine:
        """`heard` gets every message from now on. Raises MidiError."""
        ...

    def open_output(self, name: str) -> MidiLine:
        """Raises MidiError."""
        ...


def open_backend() -> MidiBackend:
    """The system's MIDI. Raises MidiError without the libraries, and where the system has no MIDI."""
    try:
        import mido
        import rtmidi  # noqa: F401  mido would miss it only when it opens a port
    except ImportError as error:
        raise MidiError(
            f"MIDI needs mido and python-rtmidi: {one_line(error)}", "pip install 'chromesthesia[midi]'"
        ) from error
    if sys.platform == "linux" and not SEQUENCER.exists():
        # Asked all the same, ALSA would write about it into the terminal by itself.
        raise MidiError(f"this system has no MIDI: there is no {SEQUENCER}", NO_MIDI)
    backend = MidoBackend(mido.Backend("mido.backends.rtmidi"))
    backend.inputs()
    return backend


def chosen(names: Sequence[str], asked: str) -> list[str]:
    """The names that contain `asked`, whatever the case; all for `all`."""
    wanted = asked.casefold()
    return [name for name in names if wanted == "all" or wanted in name.casefold()]


class MidoBackend:
    """MidiBackend of real devices. library: a mido backend."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def inputs(self) -> Sequence[str]:
        """Without the ports of our own."""
        return self._names(self._library.get_input_names)

    def outputs(self) -> Sequence[str]:
        """Without the ports of our own."""
        return self._names(self._library.get_output_names)

    def open_input(self, name: str, heard: Heard) -> MidiLine:
        """See `MidiBackend`."""
        return self._open(self._library.open_input, name, lambda message: heard(message.bytes()))

    def open_output(self, name: str) -> MidiLine:
        """See `MidiBackend`."""
        return self._open(self._library.open_output, name, None)

    def _names(self, listed: Callable[[], Sequence[str]]) -> Sequence[str]:
        try:
            return [name for name in listed() if OUR_NAME not in name]
        except Exception as error:  # the binding raises errors of its own
            raise MidiError(
                f"this system has no MIDI: {one_line(error)}",
                NO_MIDI,
            ) from error

    def _open(
        self, opened: Callable[..., Any], name: str, callback: Callable[[Any], None] | None
    ) -> MidiLine:
        options: dict[str, Any] = {} if callback is None else {"callback": callback}
        try:
            if name == VIRTUAL:
                return _MidoLine(opened(OUR_NAME, virtual=True, client_name=OUR_NAME, **options), name)
            return _MidoLine(opened(name, client_name=OUR_NAME, **options), name)
        except Exception as error:  # the binding raises errors of its own
            raise MidiError(
                f"MIDI port {one_line(name)} cannot be opened: {one_line(error)}",
                "is another program holding it?",
            ) from error


class _MidoLine:
    def __init__(self, port: Any, name: str) -> None:
        import mido

        self._port = port
        self._name = name
        self._message = mido.Message.from_bytes

    def send(self, message: Sequence[int]) -> None:
        try:
            self._port.send(self._message(message))
        except Exception as error:  # the binding raises errors of its own
            raise MidiError(f"MIDI port {one_line(self._name)} does not take: {one_line(error)}") from error

    def close(self) -> None:
        self._port.close()
