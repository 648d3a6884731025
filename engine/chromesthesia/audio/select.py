"""From what the user asked for to a source of sound."""

from __future__ import annotations

import logging
import math
from pathlib import Path

from chromesthesia.audio.etude import ETUDE
from chromesthesia.audio.files import FileSource
from chromesthesia.audio.inputs import InputBackend
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.errors import AudioError
from chromesthesia.seams import Clock
from chromesthesia.user_files import one_line

log = logging.getLogger(__name__)


def open_source(
    source: str,
    device: str | None,
    host_api: str | None,
    clock: Clock,
    *,
    paced: bool = True,
    loop: bool = False,
    backend: InputBackend | None = None,
) -> MicrophoneSource | FileSource:
    """Open `mic`, `demo`, `auto` or the sound file of that path; the log says what was taken and why.

    `auto` takes the microphone, and the étude when none can be opened; but a device or host API that was asked for by
    name must be there. loop: a file or the étude begins again without a gap when it ends. Raises AudioError for a
    microphone or file that cannot be used.
    """
    match source:
        case "mic":
            return _microphone(device, host_api, clock, backend)
        case "demo":
            return _etude(clock, paced, loop)
        case "auto":
            try:
                return _microphone(device, host_api, clock, backend)
            except AudioError as error:
                if device is not None or host_api is not None:
                    raise
                log.info("no microphone, so the bundled étude plays: %s", error.message)
                return _etude(clock, paced, loop)
        case _:
            played = FileSource(Path(source), clock, paced, loop)
            length = f"{played.duration_s:.1f} s" if math.isfinite(played.duration_s) else "of unknown length"
            log.info("playing %s, %s", one_line(source), length)
            return played


def _microphone(
    device: str | None, host_api: str | None, clock: Clock, backend: InputBackend | None
) -> MicrophoneSource:
    microphone = MicrophoneSource(device, host_api, clock, backend=backend)
    log.info("listening to %s", microphone.name)
    return microphone


def _etude(clock: Clock, paced: bool, loop: bool) -> FileSource:
    etude = FileSource(ETUDE, clock, paced, loop, name="demo")
    log.info("playing the bundled étude, %.0f s", etude.duration_s)
    return etude
