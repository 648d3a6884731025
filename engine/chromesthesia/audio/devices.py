"""Which microphones there are, and which one is meant: by name and host API, the index being only a hint."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chromesthesia.audio.portaudio import PORTAUDIO, PortAudio
from chromesthesia.core.errors import AudioError
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

LISTED_AT_MOST = 8
# The first of these wins between equals: on Windows one microphone is listed once per API, and MME is the slowest.
_HOST_API_ORDER = ("core audio", "wasapi", "jack", "alsa", "asio", "directsound", "mme", "wdm-ks", "oss")


@dataclass(frozen=True, slots=True)
class InputDevice:
    """One device that can record, as PortAudio names it.

    index changes with every re-plug and reboot; name and host_api are what to remember.
    """

    index: int
    name: str
    host_api: str
    channels: int
    default_rate_hz: int
    is_default: bool

    @property
    def label(self) -> str:
        """Name and host API, as shown to people."""
        return f"{self.name} ({self.host_api})"


def list_inputs(refresh: bool = False, portaudio: PortAudio = PORTAUDIO) -> list[InputDevice]:
    """The devices that can record, in PortAudio's order; empty when there is none.

    refresh: look at the machine again rather than at the list made when PortAudio started (not while a stream is open,
    then the old list is given). Raises AudioError when PortAudio itself is missing, or when it gives no answer within
    a few seconds, as with a sound server that hangs.
    """
    return portaudio.use(inputs_of, refresh=refresh)


def inputs_of(library: Any) -> list[InputDevice]:
    """The same, given the sounddevice module, on PortAudio's own thread."""
    host_apis = library.query_hostapis()
    default = library.default.device[0]
    if default < 0:
        default = next(
            (api["default_input_device"] for api in host_apis if api["default_input_device"] >= 0), -1
        )
    return [
        InputDevice(
            index=index,
            name=one_line(found["name"]),
            host_api=one_line(host_apis[found["hostapi"]]["name"]),
            channels=found["max_input_channels"],
            default_rate_hz=int(found["default_samplerate"]),
            is_default=index == default,
        )
        for index, found in enumerate(library.query_devices())
        if found["max_input_channels"] > 0
    ]


def choose_input(
    devices: Sequence[InputDevice], device: str | None = None, host_api: str | None = None
) -> InputDevice:
    """The device meant by part of its name and part of its host API's name, whatever the case.

    Without a name it is the default one. A name that is a number and no part of any name is taken as an index. A full
    name goes before a part of one, then the default device, then the better host API. Raises AudioError when there is
    no device, no such host API or no such name; the error lists the nearest names.
    """
    if not devices:
        raise AudioError(
            "no microphone was found",
            "plug one in and see `chromesthesia devices`, or play something else: --source demo or --source FILE",
        )
    within = [
        found for found in devices if host_api is None or host_api.casefold() in found.host_api.casefold()
    ]
    if not within:
        known = ", ".join(sorted({found.host_api for found in devices}))
        raise AudioError(f"no microphone has the host API {host_api!r}", f"there are: {known}")
    if device is None:
        return min(within, key=_rank)
    requested = device.strip().casefold()
    full = [found for found in within if found.name.casefold() == requested]
    part = [found for found in within if requested in found.name.casefold()]
    numbered = [found for found in within if requested.isdecimal() and found.index == int(requested)]
    matching = full or part or numbered
    if not matching:
        raise AudioError(
            f"no microphone is called {device!r}", f"nearest: {', '.join(_nearest(within, requested))}"
        )
    chosen = min(matching, key=_rank)
    if len(matching) > 1:
        others = ", ".join(found.label for found in matching if found is not chosen)
        log.info("%r fits several microphones: taking %s, not %s", device, chosen.label, others)
    return chosen


def _rank(found: InputDevice) -> tuple[bool, int, int]:
    name = found.host_api.casefold()
    order = next((place for place, api in enumerate(_HOST_API_ORDER) if api in name), len(_HOST_API_ORDER))
    if found.is_default and order < _HOST_API_ORDER.index("directsound"):
        return (False, order, found.index)
    return (True, order, found.index)


def _nearest(devices: Sequence[InputDevice], requested: str) -> list[str]:
    names = list(dict.fromkeys(found.name for found in devices))
    likeness = {name: difflib.SequenceMatcher(None, requested, name.casefold()).ratio() for name in names}
    return [repr(name) for name in sorted(names, key=lambda name: -likeness[name])[:LISTED_AT_MOST]]
