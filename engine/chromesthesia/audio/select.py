"""From what the user asked for to a source of sound."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

from chromesthesia.audio.channels import Channels
from chromesthesia.audio.etude import ETUDE
from chromesthesia.audio.files import FileSource
from chromesthesia.audio.handover import HandoverSource
from chromesthesia.audio.inputs import InputBackend
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.audio.patience import PatientSource
from chromesthesia.core.errors import AudioError
from chromesthesia.core.protocols import AudioSource, Clock
from chromesthesia.core.user_files import one_line

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
    channels: Channels | None = None,
    musicians: Sequence[Channels] = (),
) -> AudioSource:
    """Open `mic`, `demo`, `auto` or the sound file of that path; the log says what was taken and why.

    `auto` takes the microphone; when none can be opened the étude plays until one comes, then the microphone is
    followed. But a device or host API that was asked for by name must be there. loop: a file or the étude begins again
    without a gap when it ends, and is waited for when it cannot be read any more. channels: which are
    heard; musicians: the same for each that is heard by himself; in the étude nobody is. Raises AudioError for a
    microphone or file that cannot be used, ChannelError for one with too few channels.
    """
    match source:
        case "mic":
            return _listening(
                MicrophoneSource(
                    device, host_api, clock, backend=backend, channels=channels, musicians=musicians
                )
            )
        case "demo":
            return _etude(clock, paced, loop)
        case "auto":
            named = device is not None or host_api is not None
            microphone = MicrophoneSource(
                device,
                host_api,
                clock,
                backend=backend,
                patient=not named,
                channels=channels,
                musicians=musicians,
            )
            if microphone.connected:
                return _listening(microphone)
            log.info("no microphone yet, so the bundled étude plays: %s", microphone.last_error)
            try:
                return HandoverSource(_etude(clock, paced, loop), microphone)
            except AudioError:
                microphone.close()
                raise
        case _:
            return _file(Path(source), clock, paced, loop, channels=channels, musicians=musicians)


def _listening(microphone: MicrophoneSource) -> MicrophoneSource:
    log.info("listening to %s", microphone.name)
    return microphone


def _etude(clock: Clock, paced: bool, loop: bool) -> AudioSource:
    return _file(ETUDE, clock, paced, loop, "demo", "the bundled étude")


def _file(
    path: Path,
    clock: Clock,
    paced: bool,
    loop: bool,
    name: str | None = None,
    told: str | None = None,
    channels: Channels | None = None,
    musicians: Sequence[Channels] = (),
) -> AudioSource:
    def opened() -> FileSource:
        return FileSource(path, clock, paced, loop, name=name, channels=channels, musicians=musicians)

    played = opened()
    length = f"{played.duration_s:.1f} s" if math.isfinite(played.duration_s) else "of unknown length"
    log.info("playing %s, %s", told or one_line(path), length)
    if not loop:
        return played
    return PatientSource(played, opened, clock)
