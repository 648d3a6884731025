"""The PortAudio library itself: loading it, using it from one thread at a time, making it look for devices again."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from chromesthesia.errors import AudioError

_lock = threading.RLock()
_open_streams = 0


@contextlib.contextmanager
def library(refresh: bool = False) -> Iterator[Any]:
    """Yield the sounddevice module, alone: PortAudio's housekeeping calls are not thread-safe.

    refresh: start PortAudio anew when nothing is open, the only way to make it see devices that came or went. Raises
    AudioError when the library is not installed or does not start.
    """
    try:
        import sounddevice
    except OSError as error:
        raise AudioError(
            f"PortAudio cannot be loaded: {error}",
            "Debian: apt install libportaudio2; macOS and Windows: pip install --force-reinstall sounddevice",
        ) from error
    with _lock:
        if refresh and _open_streams == 0:
            try:
                sounddevice._terminate()
                sounddevice._initialize()
            except sounddevice.PortAudioError as error:
                raise AudioError(f"PortAudio cannot be started: {error}") from error
        yield sounddevice


def stream_opened() -> None:
    """Count a stream that keeps PortAudio from being started anew. Call with `library` held."""
    global _open_streams
    _open_streams += 1


def stream_closed() -> None:
    """The stream is closed. Call with `library` held."""
    global _open_streams
    _open_streams -= 1
