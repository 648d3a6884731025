"""Opens the recording of what comes over OSC, by whichever port it comes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from chromesthesia.core.errors import UsageError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.osc.track import OscRecorder
from chromesthesia.ports.port import Port
from chromesthesia.recording.files import LEAST_FREE_BYTES, open_first_free, prepare_file


@runtime_checkable
class ReadsOsc(Protocol):
    """A port that packets of OSC come to."""

    @property
    def readers(self) -> Sequence[PacketReader]:
        """Whatever reads them there."""
        ...


def open_recorder(path: Path, clock: Clock, ports: Sequence[Port]) -> OscRecorder:
    """Writes down what comes to `ports`; an older file of that name stays.

    Raises UsageError where no port hears OSC, RecordError for a file that cannot be written.
    """
    readers = [reader for port in ports if isinstance(port, ReadsOsc) for reader in port.readers]
    if not readers:
        raise UsageError(f"nothing to write into {one_line(path)}: OSC is off", "give --osc-in-port a port")
    free, file = open_first_free(prepare_file(path, wanted_bytes=LEAST_FREE_BYTES))
    recorder = OscRecorder(free, file, clock)
    for reader in readers:
        reader.overheard = recorder.take
    return recorder
