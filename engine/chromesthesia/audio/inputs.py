"""The seam between the microphone source and whatever opens devices: PortAudio, or a script in a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chromesthesia.core.records import Float32


@dataclass(frozen=True, slots=True)
class Captured:
    """What an input stream had to give.

    frames: float32 [n, channels]; newest_s: monotonic time at which the last of them was known to be there;
    overflowed: sound was lost before them.
    """

    frames: Float32
    newest_s: float
    overflowed: bool


class InputStream(Protocol):
    """A running input. Read from one thread; `close` may come from another at any moment, and twice."""

    @property
    def label(self) -> str:
        """Name and host API of the device, as shown to people."""
        ...

    @property
    def rate_hz(self) -> int: ...

    def read(self, timeout_s: float) -> Captured | None:
        """What has come, or None when closed or when nothing comes in time; AudioError when the device is lost."""
        ...

    def close(self) -> None: ...


class InputBackend(Protocol):
    """Opens inputs."""

    def open(self, device: str | None, host_api: str | None) -> InputStream:
        """Find and start the device as things are now; AudioError when that cannot be done."""
        ...
